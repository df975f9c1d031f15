// How far two sets of samples cover one another: precision and recall (Kynkäänniemi et al. 2019), density and coverage
// (Naeem et al. 2020). A sample's ball reaches to its k-th neighbour in its own set and includes its border.
#include "metrics/search.h"

#include <stdlib.h>

typedef enum question { FAKE_IN_REAL = 0, REAL_IN_FAKE, FAKES_OF_REAL, QUESTIONS } question;

// Counts, for each fake or real sample: the reals' balls that hold it, the fakes' balls that hold it, the fakes in its
// ball.
static gm_status count_balls(gm_device *device, const gm_points *points, size_t k, int32_t *counts[QUESTIONS]) {
    gm_search search;
    gm_tensor *within[QUESTIONS];
    gm_status status;
    GM_TRY_DONE(gm_search_init(&search, points));
    gm_tensor *real = gm_search_rows(&search, 0, points->above);
    gm_tensor *fake = gm_search_rows(&search, points->above, points->count);
    gm_tensor *of_real = gm_search_last(gm_search_nearest(&search, real, real, k, GM_NORM_EUCLIDEAN));
    gm_tensor *of_fake = gm_search_last(gm_search_nearest(&search, fake, fake, k, GM_NORM_EUCLIDEAN));
    gm_within_params theirs = {.norm = GM_NORM_EUCLIDEAN, .radius_of_y = true}, own = {.norm = GM_NORM_EUCLIDEAN};
    within[FAKE_IN_REAL] = gm_search_within(&search, fake, real, of_real, &theirs);
    within[REAL_IN_FAKE] = gm_search_within(&search, real, fake, of_fake, &theirs);
    within[FAKES_OF_REAL] = gm_search_within(&search, real, fake, of_real, &own);
    GM_TRY_DONE(gm_search_run(&search, device, points));
    for (size_t i = 0; i < QUESTIONS; i++)
        GM_TRY_DONE(gm_search_read_counts(&search, within[i], &counts[i]));
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
    *prdc = (gm_prdc){measure, measure, measure, measure};
    if (measure.flags & GM_MEASURE_MISSING)
        return GM_OK;
    int32_t *counts[QUESTIONS] = {NULL};
    gm_status status = count_balls(device, points, k, counts);
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
