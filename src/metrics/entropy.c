// Entropies from the distances to nearest neighbours (Kozachenko and Leonenko 1987).
#include "metrics/estimates.h"
#include "metrics/search.h"

#include <math.h>
#include <stdlib.h>

// Balls that reach beyond the border of where samples lie take their empty part for a low density. For a uniform
// density that adds ln(2) - 1 < 0 to the mean logarithm of the share inside, for every side on which the ball touches:
// about .31 d s nats, where s = (k/N)^(1/d) is the edge of a cube that holds k of N samples. Other densities blur
// likewise over s.
bool gm_balls_are_large(size_t count, size_t columns, size_t k) {
    double d = (double)columns, s = pow((double)k / (double)count, 1 / d);
    return (1 - log(2)) * d * s > 0.25;
}

static gm_status distances(gm_device *device, const gm_points *points, size_t k, gm_norm norm, float **out,
                           uint32_t *flags) {
    gm_search search;
    gm_status status;
    *out = NULL;
    GM_TRY_DONE(gm_search_init(&search, points));
    gm_tensor *nearest = gm_search_nearest(&search, search.points, search.points, k, norm);
    GM_TRY_DONE(gm_search_run(&search, device, points));
    status = gm_search_read_last(&search, nearest, out, flags);
done:
    gm_search_finish(&search);
    return status;
}

gm_status gm_entropy_of(gm_device *device, gm_points *points, size_t k, gm_norm norm, gm_measure *measure) {
    GM_TRY(gm_points_spread(points, false));
    *measure = gm_points_measure(points, k);
    if (points->columns == 0)
        measure->flags |= GM_MEASURE_MISSING;
    if (measure->flags & GM_MEASURE_MISSING)
        return GM_OK;
    float *distance;
    GM_TRY(distances(device, points, k, norm, &distance, &measure->flags));
    double sum = 0, n = (double)points->count, d = (double)points->columns;
    for (size_t i = 0; i < points->count; i++)
        sum += log((double)distance[i]);
    free(distance);
    measure->value = gm_digamma(n) - gm_digamma((double)k) + gm_ball_log_volume(points->columns, norm) + d / n * sum +
                     d * points->log_scale;
    if (gm_balls_are_large(points->count, points->columns, k))
        measure->flags |= GM_MEASURE_BIASED;
    return GM_OK;
}

gm_status gm_check_norm(const char *what, gm_norm norm) {
    if (norm == GM_NORM_EUCLIDEAN || norm == GM_NORM_MAXIMUM)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: norm %d is unknown; give GM_NORM_EUCLIDEAN or GM_NORM_MAXIMUM", what,
                   (int)norm);
}

gm_status gm_measure_entropy(gm_device *device, const gm_samples *x, size_t k, gm_norm norm, gm_measure *measure) {
    gm_points points;
    GM_TRY(gm_check_norm("entropy", norm));
    GM_TRY(gm_points_stack(&points, "entropy", x, NULL));
    gm_status status = gm_entropy_of(device, &points, k ? k : GM_DEFAULT_NEIGHBORS, norm, measure);
    gm_points_finish(&points);
    return status;
}

gm_status gm_measure_joint_entropy(gm_device *device, const gm_samples *x, const gm_samples *y, size_t k, gm_norm norm,
                                   gm_measure *measure) {
    gm_points points;
    GM_TRY(gm_check_norm("joint entropy", norm));
    GM_TRY(gm_points_join(&points, "joint entropy", x, y));
    gm_status status = gm_entropy_of(device, &points, k ? k : GM_DEFAULT_NEIGHBORS, norm, measure);
    gm_points_finish(&points);
    return status;
}
