// How far two sets of samples cover one another: precision and recall (Kynkäänniemi et al. 2019), density and coverage
// (Naeem et al. 2020). A sample's ball reaches to its k-th neighbour in its own set and includes its border.
#include "metrics/moments.h"
#include "metrics/search.h"

#include <math.h>
#include <stdlib.h>

typedef enum question { FAKE_IN_REAL = 0, REAL_IN_FAKE, FAKES_OF_REAL, QUESTIONS } question;

// Of the balls of a set: the largest radius, and the median of those that have one.
static gm_status describe_radii(gm_search *search, gm_tensor *nearest, double *largest, double *usual,
                                uint32_t *flags) {
    float *radii;
    double *positive;
    size_t count = gm_tensor_shape(nearest)->dim[0], kept = 0;
    GM_TRY(gm_search_read_last(search, nearest, &radii, flags));
    gm_status status = gm_alloc(&positive, count, sizeof *positive, "radii");
    for (size_t i = 0; status == GM_OK && i < count; i++)
        if (radii[i] > GM_LEAST_DISTANCE) {
            positive[kept] = (double)radii[i];
            *largest = fmax(*largest, positive[kept++]);
        }
    if (kept > 0)
        *usual = GM_MAX(*usual, gm_median(positive, kept));
    free(radii);
    free(positive);
    return status;
}

// Adds GM_MEASURE_FAR when a ball is so large that floats cannot tell on which side of its border the samples of a
// usual one lie.
static gm_status check_radii(gm_search *search, gm_tensor *nearest[2], uint32_t *flags) {
    double largest = 0, usual = 0;
    for (size_t i = 0; i < 2; i++)
        GM_TRY(describe_radii(search, nearest[i], &largest, &usual, flags));
    if (ldexp(largest, -22) > usual)
        *flags |= GM_MEASURE_FAR;
    return GM_OK;
}

// Counts, for each fake or real sample: the reals' balls that hold it, the fakes' balls that hold it, the fakes in its
// ball.
static gm_status count_balls(gm_device *device, const gm_points *points, size_t k, int32_t *counts[QUESTIONS],
                             uint32_t *flags) {
    gm_search search;
    gm_tensor *within[QUESTIONS], *nearest[2];
    gm_status status;
    GM_TRY_DONE(gm_search_init(&search, points));
    gm_tensor *real = gm_search_rows(&search, 0, points->above);
    gm_tensor *fake = gm_search_rows(&search, points->above, points->count);
    nearest[0] = gm_search_nearest(&search, real, real, k, GM_NORM_EUCLIDEAN);
    nearest[1] = gm_search_nearest(&search, fake, fake, k, GM_NORM_EUCLIDEAN);
    gm_tensor *of_real = gm_search_last(nearest[0]), *of_fake = gm_search_last(nearest[1]);
    gm_within_params theirs = {.norm = GM_NORM_EUCLIDEAN, .radius_of_y = true}, own = {.norm = GM_NORM_EUCLIDEAN};
    within[FAKE_IN_REAL] = gm_search_within(&search, fake, real, of_real, &theirs);
    within[REAL_IN_FAKE] = gm_search_within(&search, real, fake, of_fake, &theirs);
    within[FAKES_OF_REAL] = gm_search_within(&search, real, fake, of_real, &own);
    GM_TRY_DONE(gm_search_run(&search, device, points));
    for (size_t i = 0; i < QUESTIONS; i++)
        GM_TRY_DONE(gm_search_read_counts(&search, within[i], &counts[i]));
    status = check_radii(&search, nearest, flags);
done:
    gm_search_finish(&search);
    return status;
}

static double share(const int32_t *counts, size_t count) {
    size_t any = 0;
    for (size_t i = 0; i < count; i++)
        any += counts[i] > 0;
    return (double)any / (double)count;
}

static double mean(const int32_t *counts, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counts[i];
    return sum / (double)count;
}

static gm_status prdc_of(gm_device *device, gm_points *points, size_t k, gm_prdc *prdc) {
    GM_TRY(gm_points_scale(points));
    size_t reals = points->above, fakes = points->count - points->above;
    gm_measure measure = gm_points_measure(points, k);
    if (measure.flags & GM_MEASURE_MISSING) {
        *prdc = (gm_prdc){measure, measure, measure, measure};
        return GM_OK;
    }
    int32_t *counts[QUESTIONS] = {NULL};
    gm_status status = count_balls(device, points, k, counts, &measure.flags);
    *prdc = (gm_prdc){measure, measure, measure, measure};
    if (status == GM_OK) {
        prdc->precision.value = share(counts[FAKE_IN_REAL], fakes);
        prdc->recall.value = share(counts[REAL_IN_FAKE], reals);
        prdc->density.value = mean(counts[FAKE_IN_REAL], fakes) / (double)k;
        prdc->coverage.value = share(counts[FAKES_OF_REAL], reals);
    }
    for (size_t i = 0; i < QUESTIONS; i++)
        free(counts[i]);
    return status;
}

gm_status gm_measure_prdc(gm_device *device, const gm_samples *real, const gm_samples *fake, size_t k, gm_prdc *prdc) {
    gm_points points;
    GM_TRY(gm_points_stack(&points, "precision and recall", real, fake));
    gm_status status = prdc_of(device, &points, k ? k : GM_DEFAULT_NEIGHBORS, prdc);
    gm_points_finish(&points);
    return status;
}
