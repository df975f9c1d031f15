// Sounds as a yardstick: what a classifier says of real ones, and of ones that are wrong in a known way.
#ifndef GM_USE_SOUNDS_H
#define GM_USE_SOUNDS_H

#include "ganymede/measure.h"
#include "use/image_classifier.h"
#include "use/side.h"

enum { GM_SOUND_ROWS = 6 };

// real: a data set of sounds whose classifier is given; features (n, GM_IMAGE_CLASSIFIER_FEATURES) of its items, and of
// the fake side's; probabilities (fake n, classes). The fakes, then sounds made of the real ones.
gm_status gm_sounds_compare(const gm_side *real, gm_image_classifier *classifier, const gm_samples features[2],
                            const gm_samples *probabilities, gm_sound_figure rows[GM_SOUND_ROWS]);

#endif
