// Features: the few columns of a sample that measures are taken of, fitted to the real side once and frozen.
#ifndef GM_METRICS_FEATURE_SPACE_H
#define GM_METRICS_FEATURE_SPACE_H

#include "ganymede/metrics.h"

typedef struct gm_features gm_features;

// Rows of at most 16 columns are taken as they are; wider ones go through the 16 leading principal components of
// `real`; of both sides when the real one does not vary or has fewer than two finite rows, which without a fake side
// (NULL) fails. So does the device. Rows far from all others have no part in the fit.
gm_status gm_features_create(gm_features **features, gm_device *device, const gm_samples *real, const gm_samples *fake);
void gm_features_destroy(gm_features **features);
const char *gm_features_name(const gm_features *features); // "identity", "pca-16"
size_t gm_features_columns(const gm_features *features);   // of the result
// Components of fewer than 10 rows per column: they follow these rows, which then vary more along them than others of
// the same distribution do.
bool gm_features_are_loose(const gm_features *features);
// samples (N, columns of the real side) -> result (N, gm_features_columns).
gm_status gm_features_apply(const gm_features *features, gm_device *device, const gm_samples *samples, float *result);

#endif
