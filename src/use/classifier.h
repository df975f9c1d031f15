// A classifier of a data set's images, trained here: features and class probabilities for measures.
#ifndef GM_USE_CLASSIFIER_H
#define GM_USE_CLASSIFIER_H

#include "ganymede/data.h"
#include "ganymede/metrics.h"

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
// images: rows of C x H x W values, the data set's shape, black = low, white = high
//   -> features (count, GM_CLASSIFIER_FEATURES), probabilities (count, classes); either may be NULL
// Images with a value that is not finite give NaN. Fails for images of another size than the data set's, which may have
// changed since a run learned from it.
gm_status gm_classifier_apply(gm_classifier *classifier, const gm_samples *images, double low, double high,
                              float *features, float *probabilities);
// The same images -> the most probable class of each; -1 where a value is not finite.
gm_status gm_classifier_name(gm_classifier *classifier, const gm_samples *images, double low, double high,
                             int32_t *classes);

#endif
