// Label fidelity and the spread within a class, from a classifier's answers and features.
#include "use/fidelity.h"

#include "model/classifier.h"

#include <math.h>
#include <stdlib.h>

enum { F = GM_IMAGE_CLASSIFIER_FEATURES };

gm_status gm_fidelity_count(const float *features, const float *probabilities, const int32_t *labels, size_t n,
                            size_t K, gm_class_tally *tallies) {
    double *means;
    GM_TRY(gm_alloc(&means, K * F, sizeof *means, "the classes' means"));
    for (size_t k = 0; k < K; k++)
        tallies[k] = (gm_class_tally){0};
    for (size_t i = 0; i < n; i++) {
        gm_class_tally *tally = &tallies[labels[i]];
        tally->asked++;
        tally->named += gm_classifier_answer(probabilities + i * K, K) == (size_t)labels[i];
        for (size_t j = 0; j < F; j++)
            means[(size_t)labels[i] * F + j] += (double)features[i * F + j];
    }
    for (size_t i = 0; i < n; i++) {
        gm_class_tally *tally = &tallies[labels[i]];
        for (size_t j = 0; j < F; j++) {
            double from = (double)features[i * F + j] - means[(size_t)labels[i] * F + j] / (double)tally->asked;
            tally->spread += from * from;
        }
    }
    for (size_t k = 0; k < K; k++)
        tallies[k].spread = tallies[k].asked > 1 ? sqrt(tallies[k].spread / ((double)tallies[k].asked - 1)) : NAN;
    free(means);
    return GM_OK;
}
