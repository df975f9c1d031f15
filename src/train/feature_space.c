// Features: principal components of the real side, or the columns themselves where they are few.
#include "train/feature_space.h"

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLUMNS = 16 };

struct gm_features {
    size_t columns; // of the samples
    gm_pca *pca;    // NULL: the columns themselves
    char name[16];
};

gm_status gm_features_create(gm_features **features, gm_device *device, const gm_samples *real) {
    *features = NULL;
    gm_features *made;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "features"));
    made->columns = real->columns;
    if (real->columns > MOST_COLUMNS)
        GM_TRY_DONE(gm_pca_create(&made->pca, device, real, MOST_COLUMNS));
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
    if (!*features)
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

gm_status gm_features_apply(const gm_features *features, gm_device *device, const gm_samples *samples, float *result) {
    if (samples->columns != features->columns)
        return gm_fail(GM_ERROR_ARGUMENT, "samples of %zu values cannot be measured beside real ones of %zu",
                       samples->columns, features->columns);
    if (features->pca)
        return gm_pca_apply(features->pca, device, samples, result);
    memcpy(result, samples->values, samples->count * samples->columns * sizeof *result);
    return GM_OK;
}
