// Whether samples are of the class that was asked for, and how unlike each other those of one class are.
//   K = classes of the classifier, F = its features, n = samples
#ifndef GM_USE_FIDELITY_H
#define GM_USE_FIDELITY_H

#include "base/base.h"
#include "use/image_classifier.h"

typedef struct gm_class_tally {
    size_t asked;  // samples of the class, by their labels
    size_t named;  // of those, which the classifier names so
    double spread; // root mean squared distance of their features from their mean; NaN of fewer than 2
} gm_class_tally;

// features (n, F), probabilities (n, K), labels (n) of 0 to K - 1 -> tallies (K).
gm_status gm_fidelity_count(const float *features, const float *probabilities, const int32_t *labels, size_t n,
                            size_t K, gm_class_tally *tallies);

#endif
