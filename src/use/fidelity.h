// Whether samples are of the class that was asked for, and how unlike each other those of one class are.
//   K = classes of the classifier, F = its features, n = samples of a side
#ifndef GM_USE_FIDELITY_H
#define GM_USE_FIDELITY_H

#include "base/base.h"
#include "ganymede/measure.h"
#include "use/image_classifier.h"
#include "use/side.h"

typedef struct gm_fidelity_sides {
    const gm_side *sides;                        // real, fake, which has labels
    const gm_side *known;                        // the one whose classes the classifier learned
    const gm_image_classifier *classifier;       //
    const float *features[2], *probabilities[2]; // of the sides: (n, F), (n, K)
} gm_fidelity_sides;

// A figure for each class of the classifier -> *figures (free), none where no sample of the fake side is of any. A
// warning tells of samples of other classes, which are left out.
gm_status gm_fidelity_compare(const gm_fidelity_sides *sides, gm_class_figure **figures, size_t *count);

#endif
