// Augmentation: random changes to images, drawn anew for each, which leave what is in them; and packing, the other
// thing that may stand between samples and a discriminator.
//
// In front of a classifier, or of any model, they make much of few data (a recipe's data.augment). Where D's data are
// few, D learns them by heart. Augmenting real and generated images alike, before D and in both players'
// updates, hinders that without teaching G the augmentations (Zhao et al. 2020, "DiffAugment"; Karras et al. 2020,
// "ADA"). Everything is differentiable, twice, with respect to the images.
#ifndef GANYMEDE_AUGMENT_H
#define GANYMEDE_AUGMENT_H

#include "ganymede/graph.h"
#include "ganymede/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

// What lies beyond the edge of an image that is moved.
typedef enum gm_augment_border {
    GM_AUGMENT_ZERO = 0,
    GM_AUGMENT_EDGE,    // its nearest pixel
    GM_AUGMENT_REFLECT, // the image, mirrored at its outermost pixels
} gm_augment_border;

// Zero leaves an operation out. Each is drawn anew for every image, of ranges evenly.
typedef struct gm_augment_params {
    gm_interval rotate;     // by degrees, counter-clockwise
    gm_interval scale;      // enlarges by a factor
    gm_interval shear;      // slants by degrees: columns lean to the left
    gm_interval crop;       // enlarges a random part of that share of height and width to the whole
    gm_interval elastic;    // bends by a smooth random field, whose largest step is this share of height and width
    gm_interval brightness; // adds
    gm_interval saturation; // multiplies the distance from the mean over the channels; C = 3 alone
    gm_interval contrast;   // multiplies the distance from the image's mean
    gm_interval noise;      // adds normal noise of that standard deviation
    double translation;     // moves by a whole number of pixels, up to this share of the height and of the width
    double cutout;          // blanks a rectangle of this share of the height and of the width around a random pixel
    int border;             // gm_augment_border; of what is cut out: always zeros
    bool flip;  // exchanges left and right in every second image; in front of a discriminator alone, which then
                // cannot tell mirrored samples from real ones, G may learn to mirror
    bool upend; // exchanges top and bottom in every second image
} gm_augment_params;

#ifndef __cplusplus
// Nothing, in numbers that a recipe may hold.
#define GM_AUGMENT_NONE ((gm_augment_params){.scale = {1, 1}, .crop = {1, 1}, .saturation = {1, 1}, .contrast = {1, 1}})
// DiffAugment's "color,translation,cutout".
#define GM_AUGMENT_DEFAULTS                                                                                            \
    ((gm_augment_params){.scale = {1, 1},                                                                              \
                         .crop = {1, 1},                                                                               \
                         .brightness = {-0.5, 0.5},                                                                    \
                         .saturation = {0, 2},                                                                         \
                         .contrast = {0.5, 1.5},                                                                       \
                         .translation = 0.125,                                                                         \
                         .cutout = 0.5})
#endif

// Images x (N, C, H, W) -> the same shape: flip, upend, warp (rotate, scale, shear, crop, elastic: one bilinear reading
// of the image), colour (brightness, saturation, contrast), noise, translation, cutout, in this order. What is cut out
// is 0; values may leave the range of the data.
//   probability: scalar in [0, 1]; each of the seven is applied to an image with it, independently. NULL: always.
//   name: begins those of the random streams, NAME.flip, NAME.warp, NAME.colour, ...: one per use. Two uses of one name
//     in one graph draw the same, as pairs of images want it.
//   counter: int32 (2) (see gm_random_uniform), which must change with each step.
// Fails when x is no float32 batch of images or a number is out of the range that gm_augment_parameters gives.
GM_API gm_tensor *gm_augment(gm_tensor *x, const char *name, const gm_augment_params *params, gm_tensor *probability,
                             gm_tensor *counter);
// The table of the settings: what a recipe holds. Its defaults are GM_AUGMENT_DEFAULTS.
GM_API const gm_parameter *gm_augment_parameters(size_t *count);
// Whether anything is to be done.
GM_API bool gm_augment_is_wanted(const gm_augment_params *params);

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
