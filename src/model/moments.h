// Generators that match moments: the mean, per class, of fixed features of the data, taken once, is what those of
// generated samples shall have (MMD, Li et al. 2015; in private DP-MERF, Harder et al. 2021). Nothing else of the data
// is read.
#ifndef GM_MODEL_MOMENTS_H
#define GM_MODEL_MOMENTS_H

#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/latent.h"
#include "model/training.h"

typedef struct gm_moments_settings {
    gm_latent latent;
    gm_layer_list generator;
    struct {
        gm_layer_list features; // random and fixed: what it ends in and each of its taps; none: nothing of this kind
        size_t products;        // of so many coefficients, each with each; 0: none
    } moments;
    int initializer; // gm_weight_initializer, of the generator
    struct {
        gm_optimizer generator;
    } optimizer;
    gm_averaging average;
} gm_moments_settings;

extern const gm_recipe_section gm_moments_section;
const gm_moments_settings *gm_moments_of(const gm_recipe *recipe); // NULL: the model is of another kind

// How many classes the generator is told; 1 where it is told none.
size_t gm_moments_classes(const gm_moments_settings *settings);

// ---- Features (moments_features.c) ----

// What features of samples come in: `blocks` vectors of a length below 1 each, one behind the other.
typedef struct gm_moments_features {
    const gm_moments_settings *settings;
    gm_network *network; // NULL: there is none
    size_t blocks;
    gm_tensor *values; // (N, D), of the latest samples
} gm_moments_features;

gm_status gm_moments_features_init(gm_moments_features *features, gm_model *model, const gm_moments_settings *settings);
// x (N, ...) -> features->values. Fails with the recipe's line where a layer does not fit.
gm_status gm_moments_features_apply(gm_moments_features *features, gm_tensor *x);

// ---- The step (moments_step.c), the kind (moments.c) ----

gm_status gm_moments_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
extern const gm_model_kind gm_moments_kind;

#endif
