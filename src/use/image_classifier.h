// Reference classifiers: one of a data set's images, trained here, whose features and class probabilities measures use.
#ifndef GM_USE_IMAGE_CLASSIFIER_H
#define GM_USE_IMAGE_CLASSIFIER_H

#include "ganymede/data.h"
#include "ganymede/metrics.h"
#include "use/feature_source.h"

typedef struct gm_image_classifier gm_image_classifier;

enum { GM_IMAGE_CLASSIFIER_FEATURES = 128 }; // units of the last hidden layer

// Loads the classifier of these images from the cache folder, or trains one and keeps it there; where no cache is to be
// had it is trained each time. A damaged entry is trained anew. The device must outlive it.
// Fails when the data set cannot be opened, has no images or fewer than two classes.
gm_status gm_image_classifier_open(gm_image_classifier **reference, gm_device *device, const char *source,
                                   const gm_dataset_options *options);
void gm_image_classifier_close(gm_image_classifier **reference);

size_t gm_image_classifier_classes(const gm_image_classifier *reference);
double
gm_image_classifier_accuracy(const gm_image_classifier *reference); // share of held-out images that it names rightly
// images: rows of C x H x W values, the data set's shape, black = low, white = high
//   -> features (count, GM_IMAGE_CLASSIFIER_FEATURES), probabilities (count, classes); either may be NULL
// Images with a value that is not finite give NaN. Fails for images of another size than the data set's, which may have
// changed since a run learned from it.
gm_status gm_image_classifier_apply(gm_image_classifier *reference, const gm_samples *images, double low, double high,
                                    float *features, float *probabilities);
// The same images -> the most probable class of each; -1 where a value is not finite.
gm_status gm_image_classifier_name(gm_image_classifier *reference, const gm_samples *images, double low, double high,
                                   int32_t *classes);
// As a part of other graphs. The reference must outlive the source.
void gm_image_classifier_get_source(gm_image_classifier *reference, gm_feature_source *source);

#endif
