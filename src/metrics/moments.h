// Inside the metrics folder: the rows that a figure rests on, and linear algebra in double on the host.
#ifndef GM_METRICS_MOMENTS_H
#define GM_METRICS_MOMENTS_H

#include "base/base.h"
#include "ganymede/metrics.h"
#include "ganymede/plan.h"

// ---- Rows (rows.c) ----

// The finite rows of some samples, in their order, and what a figure says of them.
typedef struct gm_rows {
    float *values; // (count, columns)
    size_t count, columns, duplicates;
    uint32_t flags; // GM_MEASURE_NOT_FINITE, GM_MEASURE_DUPLICATES
} gm_rows;
gm_status gm_rows_init(gm_rows *rows, const gm_samples *samples);
void gm_rows_finish(gm_rows *rows);
// Both sides; fails when their columns differ or when there are none.
gm_status gm_rows_init_both(gm_rows *real, gm_rows *fake, const gm_samples *real_samples,
                            const gm_samples *fake_samples);
// What a figure of both sides starts as: no value yet, the smaller count, the flags of both; missing below `least`
// rows.
gm_measure gm_rows_measure(const gm_rows *real, const gm_rows *fake, size_t least);

// A figure without a value.
static inline gm_measure gm_measure_missing(size_t count, uint32_t flags) {
    return (gm_measure){.count = count, .flags = flags | GM_MEASURE_MISSING};
}

// ---- Columns (robust.c) ----

// The lower median of at least one value; changes their order.
double gm_median(double *values, size_t count);
// Mean and standard deviation (over the count) of a column whose values lie `stride` apart, without those that are more
// than 1024 spreads from the median. Spread, the median distance from the median of what differs from it, and median
// are those of the first `reference` values; of all when these do not vary. A deviation of 0: no value differs.
gm_status gm_column_moments(const float *column, size_t stride, size_t count, size_t reference, double *mean,
                            double *deviation);

// ---- Linear algebra: matrices are row-major (eigen.c, linear.c) ----

// Sum of a[i] b[i], in eight partial sums, which compilers turn into vectors.
double gm_dot(const double *a, const double *b, size_t count);

// Eigenvalues of the symmetric a (n, n), which is overwritten, in falling order; unless NULL, row i of vectors (n, n)
// is the unit eigenvector of values[i]. Fails for values that are not finite.
gm_status gm_eigen_symmetric(double *a, size_t n, double *values, double *vectors);

// Mean and covariance (n - 1 in the denominator) of at least two rows, in two passes.
typedef struct gm_moments {
    size_t columns;
    double *mean, *covariance; // (columns), (columns, columns)
} gm_moments;
gm_status gm_moments_init(gm_moments *moments, const float *rows, size_t count, size_t columns);
void gm_moments_finish(gm_moments *moments);

// |mean - mean'|^2 + tr(C + C' - 2 (C C')^(1/2)) of two Gaussians.
gm_status gm_frechet_of_moments(const gm_moments *a, const gm_moments *b, double *value);

// ---- The device (session.c) ----

// A graph with the state and plan that run it: gm_session_init, build the graph, gm_session_plan, run phases.
typedef struct gm_session {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
} gm_session;
gm_status gm_session_init(gm_session *session, gm_device *device, uint64_t seed);
gm_status gm_session_plan(gm_session *session);
void gm_session_finish(gm_session *session);

// Rows `first` to `first + block - 1` of some (count, columns), zeros behind the last one, minus the mean unless NULL.
void gm_block_fill(float *block_values, size_t block, const float *rows, size_t count, size_t columns, size_t first,
                   const float *mean);

#endif
