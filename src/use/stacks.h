// The modes of stacked images: which classes of the grey data set a sample's three channels show, as its classifier
// names them (PacGAN, Lin et al. 2018, section 4.2).
#ifndef GM_USE_STACKS_H
#define GM_USE_STACKS_H

#include "use/image_classifier.h"
#include "use/side.h"

// The side, of these two, that is stacked images or whose run learned from some; NULL: neither is.
const gm_side *gm_stacks_find(const gm_side *sides);
// The side that is of other data than that one, whose channels a classifier would name all the same; NULL: there is
// none.
const gm_side *gm_stacks_find_stranger(const gm_side *sides);

// The classifier of the grey images that this side's are made of, in the size that they have there.
gm_status gm_stacks_open(gm_image_classifier **grey, gm_device *device, const gm_side *stacked);
// a, b, c of K classes -> K K a + K b + c, the labels of stacked data sets: one for each of the side's images, as
// floats so that they are rows like others; NaN where a value is not finite.
gm_status gm_stacks_name(gm_image_classifier *grey, const gm_side *side, float *modes);
// Of rows that the above made; those of NaN are left out. classes: K.
gm_status gm_stacks_measure(const gm_samples *modes, size_t classes, gm_mode_measures *measures);

#endif
