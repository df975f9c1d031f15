// Translation: a generator makes, of an image of one source, its counterpart in the other; learned from pairs
// (pix2pix, Isola et al. 2017). With another size of the results it is super-resolution.
//   x (N, C, H, W) of the first source, y (N, K, P, Q) of the second, G(x) like y
#ifndef GM_MODEL_TRANSLATION_H
#define GM_MODEL_TRANSLATION_H

#include "ganymede/optim.h"
#include "model/gan_loss.h"
#include "model/kind.h"
#include "model/training.h"

typedef struct gm_translation_settings {
    gm_layer_list generator, discriminator;
    double l1;          // weight of the distance from y, of which black to white is 2
    double adversarial; // weight of the generator's loss; 0: it has none
    double features;    // weight of the distance between the taps' values of y and of G(x)
    const gm_gan_loss *loss;
    int initializer; // gm_weight_initializer
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    size_t accumulate; // batches whose mean gradient makes one update
    gm_averaging average;
} gm_translation_settings;

extern const gm_recipe_section gm_translation_section;
const gm_translation_settings *gm_translation_of(const gm_recipe *recipe); // NULL: the model is of another kind

gm_status gm_translation_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);

extern const gm_model_kind gm_translation_kind;

#endif
