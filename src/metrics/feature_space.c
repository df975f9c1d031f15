// Features: principal components of the real side, or the columns themselves where they are few.
//
// A real side that does not vary has no components, but figures beside a fake one all the same, as it has with few
// columns: then the components are those of both. When nothing varies at all, any one column says as much.
#include "metrics/feature_space.h"

#include "base/base.h"
#include "metrics/moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 16 };

struct gm_features {
    size_t columns; // of the samples
    gm_pca *pca;    // NULL: the columns themselves
    char name[16];
};

static bool is_finite(const float *row, size_t columns) {
    for (size_t j = 0; j < columns; j++)
        if (!isfinite(row[j]))
            return false;
    return true;
}

// Whether two finite rows differ.
static bool varies(const gm_samples *samples) {
    const float *first = NULL;
    for (size_t i = 0; i < samples->count; i++) {
        const float *row = samples->values + i * samples->columns;
        if (!is_finite(row, samples->columns))
            continue;
        first = first ? first : row;
        for (size_t j = 0; j < samples->columns; j++)
            if (row[j] > first[j] || row[j] < first[j])
                return true;
    }
    return false;
}

// The finite rows that are not more than 4096 standard deviations, of the column that varies most, from the others: one
// of 1e30 would be the only component.
static gm_status copy_near_rows(const gm_samples *from, float *values, gm_samples *near) {
    size_t n = from->count, d = from->columns;
    double *mean, deviation, widest = 0;
    gm_status status = GM_OK;
    *near = (gm_samples){.values = values, .columns = d};
    GM_TRY(gm_alloc(&mean, d, sizeof *mean, "features"));
    for (size_t i = 0; i < n; i++)
        if (is_finite(from->values + i * d, d))
            memcpy(values + near->count++ * d, from->values + i * d, d * sizeof *values);
    n = near->count;
    for (size_t j = 0; j < d; j++) {
        GM_TRY_DONE(gm_column_moments(values + j, d, n, n, &mean[j], &deviation));
        widest = fmax(widest, deviation);
    }
    near->count = 0;
    for (size_t i = 0; i < n; i++) {
        double distance = 0;
        for (size_t j = 0; j < d; j++)
            distance = fmax(distance, fabs((double)values[i * d + j] - mean[j]));
        if (distance <= 4096 * widest)
            memmove(values + near->count++ * d, values + i * d, d * sizeof *values);
    }
done:
    free(mean);
    return status;
}

static gm_status fit_near_rows(gm_features *made, gm_device *device, const gm_samples *samples) {
    float *values;
    gm_samples near;
    GM_TRY(gm_alloc(&values, GM_MAX(samples->count, (size_t)1) * samples->columns, sizeof *values, "features"));
    gm_status status = copy_near_rows(samples, values, &near);
    if (status == GM_OK)
        status = gm_pca_create(&made->pca, device, &near, MOST_COLUMNS);
    free(values);
    return status;
}

static gm_status fit_first_column(gm_features *made) {
    GM_TRY(gm_alloc(&made->pca, 1, sizeof *made->pca, "features"));
    *made->pca = (gm_pca){.columns = made->columns, .components = 1};
    GM_TRY(gm_alloc(&made->pca->mean, made->columns, sizeof(float), "features"));
    GM_TRY(gm_alloc(&made->pca->axes, made->columns, sizeof(float), "features"));
    GM_TRY(gm_alloc(&made->pca->variance, 1, sizeof(double), "features"));
    made->pca->axes[0] = 1;
    return GM_OK;
}

static gm_status fit_both(gm_features *made, gm_device *device, const gm_samples *real, const gm_samples *fake) {
    float *values;
    gm_samples both = {.count = real->count + fake->count, .columns = real->columns};
    GM_TRY(gm_alloc(&values, both.count * both.columns, sizeof *values, "features"));
    memcpy(values, real->values, real->count * real->columns * sizeof *values);
    memcpy(values + real->count * real->columns, fake->values, fake->count * fake->columns * sizeof *values);
    both.values = values;
    gm_status status = varies(&both) ? fit_near_rows(made, device, &both) : fit_first_column(made);
    free(values);
    return status;
}

gm_status gm_features_create(gm_features **features, gm_device *device, const gm_samples *real,
                             const gm_samples *fake) {
    *features = NULL;
    gm_features *made;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "features"));
    made->columns = real->columns;
    if (real->columns > MOST_COLUMNS && fake && fake->columns == real->columns && !varies(real))
        GM_TRY_DONE(fit_both(made, device, real, fake));
    else if (real->columns > MOST_COLUMNS)
        GM_TRY_DONE(fit_near_rows(made, device, real));
    if (made->pca)
        snprintf(made->name, sizeof made->name, "pca-%zu", made->pca->components);
    else
        snprintf(made->name, sizeof made->name, "identity");
    *features = made;
    made = NULL;
done:
    gm_features_destroy(&made);
    return status;
}

void gm_features_destroy(gm_features **features) {
    if (!features || !*features)
        return;
    gm_pca_destroy(&(*features)->pca);
    free(*features);
    *features = NULL;
}

const char *gm_features_name(const gm_features *features) {
    return features->name;
}

size_t gm_features_columns(const gm_features *features) {
    return features->pca ? features->pca->components : features->columns;
}

bool gm_features_are_loose(const gm_features *features) {
    return features->pca && features->pca->count < 10 * features->columns;
}

gm_status gm_features_apply(const gm_features *features, gm_device *device, const gm_samples *samples, float *result) {
    if (samples->columns != features->columns)
        return gm_fail(GM_ERROR_ARGUMENT, "samples of %zu values cannot be measured beside real ones of %zu",
                       samples->columns, features->columns);
    if (features->pca)
        return gm_pca_apply(features->pca, device, samples, result);
    memcpy(result, samples->values, samples->count * samples->columns * sizeof *result);
    return GM_OK;
}
