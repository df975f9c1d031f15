// Plain ways to fill in the hidden pixels of images, which trained models are held against, and what blends a model's
// pixels into an image. Images are (C, H, W), masks (H, W), not 0 where a pixel is hidden; what stands there is never
// looked at.
#ifndef GM_USE_FILLS_H
#define GM_USE_FILLS_H

#include "base/base.h"

typedef struct gm_picture_shape {
    size_t channels, height, width;
} gm_picture_shape;

// Each channel's mean over the known pixels; 0 where all are hidden.
void gm_fill_mean(const gm_picture_shape *shape, float *image, const uint8_t *mask);
// The harmonic function with the known pixels around it: each hidden pixel is the mean of its neighbours in the image
// (Laplace's equation, mirrored at the image's edges). A hole without any known neighbour gets the mean.
gm_status gm_fill_harmonic(const gm_picture_shape *shape, float *image, const uint8_t *mask);
// The hidden pixels get the gradients of `made`, (C, H, W), and the border of the image (Poisson blending, Perez et al.
// 2003).
gm_status gm_fill_blend(const gm_picture_shape *shape, float *image, const uint8_t *mask, const float *made);

// Fills by images of a collection, (count, C, H, W), of the same mask for all.
typedef struct gm_collection {
    gm_picture_shape shape;
    const float *images;
    size_t count;
} gm_collection;

// The mean of the k images that are nearest by the known pixels (Euclidean distance; of equal ones the first).
gm_status gm_fill_nearest(const gm_collection *collection, float *images, size_t count, const uint8_t *mask, size_t k);
// images (count, C, H, W), all of whose pixels are known -> which of the collection is nearest to each.
gm_status gm_find_nearest(const gm_collection *collection, const float *images, size_t count, int32_t *indices);
// Linear regression of the hidden pixels on the known ones, of all images of the collection, with a ridge of a
// ten-thousandth of the known pixels' mean variance.
gm_status gm_fill_ridge(const gm_collection *collection, float *images, size_t count, const uint8_t *mask);

#endif
