// Mutual information of paired samples by their neighbours (Kraskov, Stögbauer and Grassberger 2004, the first
// estimator), and what is made of it.
#include "metrics/estimates.h"
#include "metrics/search.h"

#include <stdlib.h>

// Counts, within each side, of the samples nearer than the k-th neighbour is in both together.
static gm_status counts_within(gm_device *device, const gm_points *points, size_t k, int32_t *counts[2]) {
    gm_search search;
    gm_tensor *within[2];
    gm_status status;
    GM_TRY_DONE(gm_search_init(&search, points));
    gm_tensor *nearest = gm_search_nearest(&search, search.points, search.points, k, GM_NORM_MAXIMUM);
    gm_within_params params = {.norm = GM_NORM_MAXIMUM, .exclude_same = true, .strict = true};
    for (size_t side = 0; side < 2; side++) {
        gm_tensor *own = gm_search_columns(&search, side ? points->left : 0, side ? points->columns : points->left);
        within[side] = gm_search_within(&search, own, own, gm_search_last(nearest), &params);
    }
    GM_TRY_DONE(gm_search_run(&search, device, points));
    for (size_t side = 0; side < 2; side++)
        GM_TRY_DONE(gm_search_read_counts(&search, within[side], &counts[side]));
done:
    gm_search_finish(&search);
    return status;
}

gm_status gm_information_of(gm_device *device, gm_points *points, size_t k, gm_measure *measure) {
    GM_TRY(gm_points_spread(points, true));
    *measure = gm_points_measure(points, k);
    if ((measure->flags & GM_MEASURE_MISSING) || points->left == 0 || points->left == points->columns)
        return GM_OK; // what does not vary says nothing
    int32_t *counts[2] = {NULL, NULL};
    gm_status status = counts_within(device, points, k, counts);
    double sum = 0, n = (double)points->count;
    for (size_t i = 0; status == GM_OK && i < points->count; i++)
        sum += gm_digamma(counts[0][i] + 1) + gm_digamma(counts[1][i] + 1);
    free(counts[0]);
    free(counts[1]);
    GM_TRY(status);
    measure->value = gm_digamma((double)k) + gm_digamma(n) - sum / n;
    if (measure->value < 0) {
        measure->value = 0;
        measure->flags |= GM_MEASURE_CLIPPED;
    }
    if (gm_balls_are_large(points->count, points->columns, k))
        measure->flags |= GM_MEASURE_BIASED;
    return GM_OK;
}

gm_status gm_measure_mutual_information(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                        gm_measure *measure) {
    gm_points points;
    GM_TRY(gm_points_join(&points, "mutual information", x, y));
    gm_status status = gm_information_of(device, &points, k ? k : GM_DEFAULT_NEIGHBORS, measure);
    gm_points_finish(&points);
    return status;
}

// The left columns of fresh joined points, as samples of their own.
static gm_status copy_left(const gm_points *points, gm_points *left) {
    gm_samples samples = {.count = points->count, .columns = points->left};
    float *values;
    GM_TRY(gm_alloc(&values, GM_MAX(points->count, (size_t)1) * points->left, sizeof *values, "samples"));
    for (size_t i = 0; i < points->count; i++)
        for (size_t c = 0; c < points->left; c++)
            values[i * points->left + c] = points->values[i * points->columns + c];
    samples.values = values;
    gm_status status = gm_points_stack(left, "conditional entropy", &samples, NULL);
    free(values);
    return status;
}

gm_status gm_measure_conditional_entropy(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k,
                                         gm_norm norm, gm_measure *measure) {
    gm_points both = {0}, left = {0};
    gm_measure entropy, information;
    gm_status status;
    k = k ? k : GM_DEFAULT_NEIGHBORS;
    GM_TRY(gm_check_norm("conditional entropy", norm));
    GM_TRY_DONE(gm_points_join(&both, "conditional entropy", x, y));
    GM_TRY_DONE(copy_left(&both, &left));
    GM_TRY_DONE(gm_entropy_of(device, &left, k, norm, &entropy));
    GM_TRY_DONE(gm_information_of(device, &both, k, &information));
    *measure = entropy;
    measure->duplicates = GM_MAX(entropy.duplicates, information.duplicates);
    measure->flags |= information.flags;
    measure->value = measure->flags & GM_MEASURE_MISSING ? 0 : entropy.value - information.value;
done:
    gm_points_finish(&both);
    gm_points_finish(&left);
    return status;
}
