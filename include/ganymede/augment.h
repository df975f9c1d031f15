// What stands between samples and the discriminator: differentiable augmentation, and packing.
//
// Where data are few, D learns them by heart. Augmenting real and generated images alike, before D and in both players'
// updates, hinders that without teaching G the augmentations (Zhao et al. 2020, "DiffAugment"; Karras et al. 2020,
// "ADA"). Everything is differentiable, twice, with respect to the images.
#ifndef GANYMEDE_AUGMENT_H
#define GANYMEDE_AUGMENT_H

#include "ganymede/graph.h"
#include "ganymede/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

// Zero leaves an operation out. Each is drawn anew for every image.
typedef struct gm_augment_params {
    double brightness;  // adds U(-b, b)
    double saturation;  // multiplies the distance from the mean over the channels by U(1 - s, 1 + s); C = 3 alone
    double contrast;    // multiplies the distance from the image's mean by U(1 - c, 1 + c)
    double translation; // moves by a whole number of pixels, up to this share of the height and of the width
    double cutout;      // blanks a rectangle of this share of the height and of the width around a random pixel
    bool flip;          // exchanges left and right in every second image
} gm_augment_params;

#ifndef __cplusplus
// DiffAugment's "color,translation,cutout".
#define GM_AUGMENT_DEFAULTS                                                                                            \
    ((gm_augment_params){.brightness = 0.5, .saturation = 1, .contrast = 0.5, .translation = 0.125, .cutout = 0.5})
#endif

// Images x (N, C, H, W) -> the same shape: flip, colour (the first three), translation, cutout, in this order. What
// moves in and what is cut out is 0; values may leave the range of the data.
//   probability: scalar in [0, 1]; each of the four is applied to an image with it, independently. NULL: always.
//   name: begins those of the random streams, NAME.flip, NAME.colour, NAME.translation, NAME.cutout: one per use.
//   counter: int32 (2) (see gm_random_uniform), which must change with each step.
// Fails when x is no float32 batch of images or a number is out of the range that gm_augment_parameters gives.
GM_API gm_tensor *gm_augment(gm_tensor *x, const char *name, const gm_augment_params *params, gm_tensor *probability,
                             gm_tensor *counter);
// The table of the settings: what a recipe holds.
GM_API const gm_parameter *gm_augment_parameters(size_t *count);

typedef struct gm_adaptive_params {
    double target; // of E[sign(l)], l = D's logit of real images: 1 when D has all of them by heart, .6 published
    double images; // that it takes the probability from 0 to 1; 0 means 500,000
    size_t batch;  // images between two calls; 0 means as many as there are logits
} gm_adaptive_params;

// The next value of an adaptive probability, a variable of one element, which the caller assigns in D's phase:
//   p + sign(E[sign(real_logits)] - target) batch / images, within [0, 1]
GM_API gm_tensor *gm_augment_probability(gm_tensor *probability, gm_tensor *real_logits,
                                         const gm_adaptive_params *params);

// Packing (Lin et al. 2018, "PacGAN"): D judges m samples at once, so that it sees a lack of variety.
//   x (N, C, ...) -> (N / m, m C, ...)
// Fails when m does not divide N.
GM_API gm_tensor *gm_pack(gm_tensor *x, size_t m);

#ifdef __cplusplus
}
#endif
#endif
