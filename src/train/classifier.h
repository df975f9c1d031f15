// A classifier of a data set's images, trained here: features and class probabilities for measures.
#ifndef GM_TRAIN_CLASSIFIER_H
#define GM_TRAIN_CLASSIFIER_H

#include "ganymede/data.h"
#include "ganymede/device.h"

typedef struct gm_classifier gm_classifier;

enum { GM_CLASSIFIER_FEATURES = 128 }; // units of the last hidden layer

// Loads the classifier of these images from the cache folder, or trains one and keeps it there; where no cache is to be
// had it is trained each time. A damaged entry is trained anew. The device must outlive it.
// Fails when the data set cannot be opened, has no images or fewer than two classes.
gm_status gm_classifier_open(gm_classifier **classifier, gm_device *device, const char *source,
                             const gm_dataset_options *options);
void gm_classifier_close(gm_classifier **classifier);

size_t gm_classifier_classes(const gm_classifier *classifier);
double gm_classifier_accuracy(const gm_classifier *classifier); // share of held-out images that it names rightly
// images (count, C, H, W) of the data set's shape, black = low, white = high
//   -> features (count, GM_CLASSIFIER_FEATURES), probabilities (count, classes). Images with a value that is not finite
// give NaN.
gm_status gm_classifier_apply(gm_classifier *classifier, const float *images, size_t count, double low, double high,
                              float *features, float *probabilities);

#endif
