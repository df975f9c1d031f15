// Samples made ready for estimates from nearest neighbours.
//
// Rows that hold NaN or infinity are left out, equal rows are counted, and all values are divided by one power of two
// (which rounds nothing), so that squares of differences stay within floats: the largest lie at their upper end, which
// leaves 36 decimal places for a row that is far from the others. What is farther still is brought nearer, and that is
// said. Estimates of densities further want what gm_points_spread does; measures that only ask who is near whom do not.
#ifndef GM_METRICS_POINTS_H
#define GM_METRICS_POINTS_H

#include "base/base.h"
#include "ganymede/metrics.h"

enum { GM_DEFAULT_NEIGHBORS = 5 };

// One or two sets of rows below one another, or the paired rows of two sets side by side.
typedef struct gm_points {
    float *values;
    size_t count, columns;
    bool stacked;      // two sets below one another:
    size_t above;      // rows of the first; count when there is one set
    size_t left;       // columns of the first of two sets side by side; else columns
    size_t duplicates; // rows that equal an earlier one
    bool *equal;       // rows that have an equal one
    bool singular;     // a column is constant in one of two sets, or in both with different values
    double log_scale;  // of what the values were divided by
    float least;       // what a distance that floats cannot tell from 0 is taken for
    uint32_t flags;
} gm_points;

// Fails when samples are NULL, without columns, or do not match; `what` begins the message. `lower` may be NULL.
gm_status gm_points_stack(gm_points *points, const char *what, const gm_samples *upper, const gm_samples *lower);
gm_status gm_points_join(gm_points *points, const char *what, const gm_samples *left, const gm_samples *right);
void gm_points_finish(gm_points *points);

// Leaves out the columns that do not vary (in both sets together), scales, and moves equal rows apart by a tiny
// deterministic jitter. There may be no columns left. `sides`: each side of joined points is divided by a power of two
// of its own, so that they vary about equally, and log_scale stays 0.
gm_status gm_points_spread(gm_points *points, bool sides);
// Counts equal rows, brings rows that are more than 2^12 standard deviations from their set to about there, and divides
// by the power of two.
gm_status gm_points_scale(gm_points *points);

// A measure of these points: how many (of the smaller set) and what was done to them. Marks too few for k neighbours,
// without which nothing can be said as missing.
gm_measure gm_points_measure(const gm_points *points, size_t k);

#endif
