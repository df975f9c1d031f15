// Looking inside trained models: ways through the latent space, the latents of given images, directions in it, the
// real images that samples resemble, and what a critic looks at.
#ifndef GANYMEDE_EXPLORE_H
#define GANYMEDE_EXPLORE_H

#include "ganymede/sampler.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- Ways ----

typedef struct gm_path_options {
    bool loop;   // back to the first latent at the end, whose frame is not repeated
    bool linear; // along straight lines; else normal noise turns along great circles (Shoemake 1985, White 2016), and
                 // uniform noise goes straight, as its distribution is no sphere
} gm_path_options;

// Frames of a way through latents, `keys` (count, latent) with their labels (NULL: as gm_sampler_generate_from has
// them): samples (frames, C, H, W). The frames are spread evenly over the pieces of the way so that each key is a frame
// of its own, bit for bit the sample that gm_sampler_generate_from makes of it: the first frame is the first key, and
// without `loop` the last frame the last. Between keys of different classes, labels go over in shares where the model
// takes them so; *crossed says whether it does not, so that they change half way (NULL: not wanted).
// Fails for fewer than two keys, or fewer frames than there are keys.
GM_API gm_status gm_sampler_interpolate(gm_sampler *sampler, const float *keys, const int32_t *labels, size_t count,
                                        size_t frames, const gm_path_options *options, float *samples, bool *crossed);

// ---- Latents of images ----

// Zeroed fields mean the default.
typedef struct gm_project_options {
    size_t starts;           // searches for each image, of which the best counts; 0 = 2
    size_t steps;            // of each; 0 = 250
    double rate;             // Adam's; 0 = .05
    double features;         // weight of the distance on a classifier's features beside the mean square of the pixels'
                             // distances in [0, 1]; 0: pixels alone
    const char *features_of; // with features: a run whose model is a classifier; NULL: one of the data, trained here
} gm_project_options;

// The latents whose samples come nearest to images (count, C, H, W) in the run's range: latents (count, latent) and
// their labels (NULL: not wanted), samples (count, C, H, W) as gm_sampler_generate_from makes them. By Adam on z from
// the nearest of 1,024 samples, bit for bit the same whenever it is repeated, whichever images are searched for
// together. labels: the images' classes, NULL: those of the nearest samples.
GM_API gm_status gm_sampler_project(gm_sampler *sampler, const float *images, const int32_t *labels, size_t count,
                                    const gm_project_options *options, float *latents, int32_t *found, float *samples);

// The mean of the items that the run learned from, (C, H, W) in its range: what a projection is held against.
GM_API gm_status gm_sampler_mean_item(const gm_sampler *sampler, float *mean);

// ---- Directions ----

typedef enum gm_direction_method {
    GM_DIRECTIONS_CLOSED = 0, // of the first layer's weights: the eigenvectors of W^T W (Shen and Zhou 2021)
    GM_DIRECTIONS_PCA,        // principal components of its activations, found again in z (Harkonen et al. 2020)
} gm_direction_method;

// Unit vectors of z along which the generator's first layer changes most, the strongest first: directions (count,
// latent), zero in the codes, and the share of the change that lies along each, shares (count) (NULL: not wanted). The
// largest value of each is positive. Fails for more than there are values of noise, or when the model has no such
// layer.
GM_API gm_status gm_sampler_directions(gm_sampler *sampler, gm_direction_method method, size_t count, float *directions,
                                       double *shares);

// ---- Real neighbours ----

typedef enum gm_neighbor_space {
    GM_NEIGHBORS_PIXELS = 0,
    GM_NEIGHBORS_CLASSIFIER, // the last hidden layer of a classifier of the data, trained here and kept on disk
} gm_neighbor_space;

// The k nearest of the items that the run learned from: images (count, k, C, H, W) in the run's range, the nearest
// first, their places in the data, indices (count, k), and Euclidean distances (count, k); any of these may be NULL.
// Fails when the data are not to be had, have fewer than k items, or no classifier can be trained on them.
GM_API gm_status gm_sampler_nearest(gm_sampler *sampler, const float *samples, size_t count, size_t k,
                                    gm_neighbor_space space, float *images, int32_t *indices, float *distances);

// ---- What a critic looks at ----

typedef struct gm_saliency gm_saliency;

// Loads what judges items in a run: a GAN's discriminator, or a classifier. Fails for other models and as
// gm_sampler_open does.
GM_API gm_status gm_saliency_open(gm_saliency **saliency, const char *run, const char *device);
GM_API void gm_saliency_close(gm_saliency **saliency);

typedef struct gm_saliency_info {
    const char *score; // what is differentiated: "the discriminator's logit", "the largest logit"; belongs to the
                       // saliency, as do all strings here
    const char *data;  // what the run learned from, as gm_dataset_open takes it, and
    gm_dataset_options data_options;
    double low, high; // what black and white are
} gm_saliency_info;
GM_API void gm_saliency_get_info(const gm_saliency *saliency, gm_saliency_info *info);

// Images (count, C, H, W), size = {C, H, W}, in the run's range -> the gradient of the score with respect to each value
// (Simonyan et al. 2014), (count, C, H, W), and the scores (count) (NULL: not wanted). copies > 1: the mean gradient
// over so many copies of an image with noise of a tenth of the range (SmoothGrad, Smilkov et al. 2017), drawn by the
// numbers of copy and image. labels: of discriminators that take them, which fail without.
GM_API gm_status gm_saliency_apply(gm_saliency *saliency, const float *images, const size_t size[3],
                                   const int32_t *labels, size_t count, size_t copies, float *gradients, float *scores);
// Draws images with their gradients to the right, summed over channels: red where a larger value would raise the score,
// blue where it would lower it, white where it would do nothing, each scaled by its 99th percentile. `columns` pairs a
// row; 0: near a square. The format is the path's ending.
GM_API gm_status gm_saliency_write(const gm_saliency *saliency, const char *path, const float *images,
                                   const float *gradients, const size_t size[3], size_t count, size_t columns);

#ifdef __cplusplus
}
#endif
#endif
