// The Kullback-Leibler divergence by nearest neighbours (Wang, Kulkarni and Verdu 2009): where p's samples lie, how
// much nearer the next of their own are than the next of q's.
#include "metrics/estimates.h"
#include "metrics/search.h"

#include <math.h>
#include <stdlib.h>

// Distances to the k-th neighbour: of p's samples to the others of p and to q, of q's samples to the others of q.
typedef struct distances {
    float *own, *other, *others_own;
    uint32_t flags;
} distances;

static gm_status find_distances(gm_device *device, const gm_points *points, size_t k, distances *out) {
    gm_search search;
    gm_status status;
    GM_TRY_DONE(gm_search_init(&search, points));
    gm_tensor *p = gm_search_rows(&search, 0, points->above);
    gm_tensor *q = gm_search_rows(&search, points->above, points->count);
    gm_tensor *own = gm_search_nearest(&search, p, p, k, GM_NORM_EUCLIDEAN);
    gm_tensor *other = gm_search_nearest(&search, p, q, k, GM_NORM_EUCLIDEAN);
    gm_tensor *others_own = gm_search_nearest(&search, q, q, k, GM_NORM_EUCLIDEAN);
    GM_TRY_DONE(gm_search_run(&search, device, points));
    GM_TRY_DONE(gm_search_read_last(&search, own, &out->own, &out->flags));
    GM_TRY_DONE(gm_search_read_last(&search, other, &out->other, &out->flags));
    GM_TRY_DONE(gm_search_read_last(&search, others_own, &out->others_own, &out->flags));
done:
    gm_search_finish(&search);
    return status;
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// The share of p's samples that are farther from q than 99 in 100 of q's samples are from one another: there the ratio
// of densities is larger than q's samples can show. One in 100 when p = q.
static double share_beyond(const distances *found, size_t n, size_t m) {
    qsort(found->others_own, m, sizeof *found->others_own, ascending);
    float reach = found->others_own[m - 1 - m / 100];
    size_t beyond = 0;
    for (size_t i = 0; i < n; i++)
        beyond += found->other[i] > reach;
    return (double)beyond / (double)n;
}

static void estimate(const gm_points *points, const distances *found, size_t k, gm_measure *measure) {
    size_t n = points->above, m = points->count - points->above;
    double sum = 0, d = (double)points->columns;
    measure->flags |= found->flags;
    for (size_t i = 0; i < n; i++)
        sum += log((double)found->other[i]) - log((double)found->own[i]);
    measure->value = d / (double)n * sum + log((double)m / (double)(n - 1));
    if (share_beyond(found, n, m) > 0.1 || gm_balls_are_large(measure->count, points->columns, k))
        measure->flags |= GM_MEASURE_BIASED;
    if (measure->value < 0) {
        measure->value = 0;
        measure->flags |= GM_MEASURE_CLIPPED;
    }
}

static gm_status divergence_of(gm_device *device, gm_points *points, size_t k, gm_measure *measure) {
    GM_TRY(gm_points_spread(points, false));
    *measure = gm_points_measure(points, k);
    if (points->columns == 0 || points->singular) // infinite: one set has no density where the other has
        measure->flags |= GM_MEASURE_MISSING;
    if (measure->flags & GM_MEASURE_MISSING)
        return GM_OK;
    distances found = {0};
    gm_status status = find_distances(device, points, k, &found);
    if (status == GM_OK)
        estimate(points, &found, k, measure);
    free(found.own);
    free(found.other);
    free(found.others_own);
    return status;
}

gm_status gm_measure_kl(gm_device *device, const gm_samples *p, const gm_samples *q, size_t k, gm_measure *measure) {
    gm_points points;
    GM_TRY(gm_points_stack(&points, "KL divergence", p, q));
    gm_status status = divergence_of(device, &points, k ? k : GM_DEFAULT_NEIGHBORS, measure);
    gm_points_finish(&points);
    return status;
}
