// Searches among points on the device, as a graph with a phase for each: so their launches, and with them the programs,
// are the same for all sizes.
#ifndef GM_METRICS_SEARCH_H
#define GM_METRICS_SEARCH_H

#include "ganymede/plan.h"
#include "metrics/points.h"

enum { GM_MOST_SEARCHES = 8 };
#define GM_LEAST_DISTANCE 0x1p-58f // the square of less loses digits

typedef struct gm_search {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_tensor *points;
    gm_phase *phase[GM_MOST_SEARCHES];
    size_t phase_count;
    float least;   // of the points
    bool distinct; // all of them
} gm_search;

// search->points is the input with the points; add searches among its slices, then run.
gm_status gm_search_init(gm_search *search, const gm_points *points);
void gm_search_finish(gm_search *search);
gm_tensor *gm_search_rows(gm_search *search, size_t begin, size_t end);
gm_tensor *gm_search_columns(gm_search *search, size_t begin, size_t end);

// The distances of each row of x to its k nearest of y; of one set, to others than itself.
gm_tensor *gm_search_nearest(gm_search *search, gm_tensor *x, gm_tensor *y, size_t k, gm_norm norm);
gm_tensor *gm_search_last(gm_tensor *nearest); // (N): to the k-th
gm_tensor *gm_search_within(gm_search *search, gm_tensor *x, gm_tensor *y, gm_tensor *radius,
                            const gm_within_params *params);
// Plans, writes the points, and runs every search.
gm_status gm_search_run(gm_search *search, gm_device *device, const gm_points *points);

// Results, owned by the caller (free): the k-th distances, never 0 (what floats cannot tell from it is set to `least`
// of the points, and that adds GM_MEASURE_FAR to the flags when no rows are equal), and counts.
gm_status gm_search_read_last(gm_search *search, gm_tensor *nearest, float **distances, uint32_t *flags);
gm_status gm_search_read_counts(gm_search *search, gm_tensor *within, int32_t **counts);

double gm_digamma(double x);                       // x > 0
double gm_ball_log_volume(size_t d, gm_norm norm); // of radius 1

#endif
