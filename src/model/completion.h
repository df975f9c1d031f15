// Completion: a generator fills in the hidden pixels of an image from the others.
//   x image (N, C, H, W), m mask (N, 1, H, W), 1 where a pixel is hidden
//   y = G(x (1 - m), m), the completed image m y + (1 - m) x
#ifndef GM_MODEL_COMPLETION_H
#define GM_MODEL_COMPLETION_H

#include "ganymede/optim.h"
#include "model/gan_loss.h"
#include "model/kind.h"
#include "model/masks.h"
#include "model/training.h"

typedef struct gm_completion_settings {
    gm_layer_list generator, discriminator;
    struct {
        gm_layer_list discriminator;
        size_t size; // height and width of what it sees, around the hole
    } local;
    gm_masks masks;
    double l1, known;   // weights of the distances over hidden and over known pixels, of which black to white is 1
    double adversarial; // weight of the generator's loss; 0: it has none
    double features;    // weight of the distance between the taps' values of the real and the completed image
    const gm_gan_loss *loss;
    int initializer; // gm_weight_initializer
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    size_t accumulate; // batches whose mean gradient makes one update
    gm_averaging average;
} gm_completion_settings;

extern const gm_recipe_section gm_completion_section;
const gm_completion_settings *gm_completion_of(const gm_recipe *recipe); // NULL: the model is of another kind

gm_status gm_completion_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
// What the generator gets: x where it is known, else 0, and the mask as a further channel.
gm_tensor *gm_completion_input(gm_tensor *x, gm_tensor *mask);

extern const gm_model_kind gm_completion_kind;

#endif
