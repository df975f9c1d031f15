// Latent search: the latents whose samples come nearest to given ones, by Adam on z from several starts (Yeh et al.
// 2017, section 3; Creswell and Bharath 2018). A search of completion differs from one of projection in its weights
// alone.
//
// Of a sample G(z) and its target x, with f a classifier's features and l the critic's score:
//   loss = sum w d(G(z), x) + features |f(G(z)) - f(x)|^2 / |f(x)|^2 + realism softplus(-l(G(z)))
// Each target is searched for on its own: what is found depends on nothing but weights, target and options.
#ifndef GM_USE_LATENT_SEARCH_H
#define GM_USE_LATENT_SEARCH_H

#include "use/feature_source.h"
#include "use/sampler.h"

typedef struct gm_latent_search gm_latent_search;

// Zeroed fields mean the default, or nothing of that term.
typedef struct gm_latent_search_options {
    size_t starts;     // for each target: the latents whose samples are the nearest of `candidates`; 0 = 2
    size_t candidates; // seeds 0, 1, 2, ...; 0 = 1024
    size_t steps;      // 0 = 250
    double rate;       // Adam's, which falls by half a cosine to a twentieth; 0 = .05
    bool absolute;     // d is the absolute difference, else its square; of values whose range is brought to [0, 1]
    double features;   //
    const gm_feature_source *of; // with features; must outlive the search
    double realism;              // for models with the use `score`
} gm_latent_search_options;

// Samples to be found, (count, item) in the run's range.
typedef struct gm_latent_targets {
    const float *values;
    const float *weights;  // w, likewise; NULL: the mean
    const int32_t *labels; // (count) of conditional models; NULL: those of the nearest starts
    size_t count;
} gm_latent_targets;

// What is found of each target; the caller's memory.
typedef struct gm_latents_found {
    float *latents;  // (count, values of the latent)
    int32_t *labels; // (count); NULL: not wanted
    float *samples;  // (count, item), as the sampler makes them; NULL: not wanted
    double *losses;  // (count); NULL: not wanted
} gm_latents_found;

// The sampler must outlive it. Fails when the model draws within its layers, has no critic that realism asks for, or
// when the classifier does not take its samples.
gm_status gm_latent_search_create(gm_latent_search **search, gm_sampler *sampler,
                                  const gm_latent_search_options *options);
void gm_latent_search_destroy(gm_latent_search **search);
gm_status gm_latent_search_run(gm_latent_search *search, const gm_latent_targets *targets,
                               const gm_latents_found *found);

#endif
