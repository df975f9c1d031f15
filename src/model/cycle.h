// Translation learned from two collections without pairs (CycleGAN, Zhu et al. 2017): a generator each way, such that
// there and back again leads to the image that it began with, and a discriminator of each side's images.
//   x of the first source, y of the second; G(x) like y, F(y) like x
#ifndef GM_MODEL_CYCLE_H
#define GM_MODEL_CYCLE_H

#include "ganymede/optim.h"
#include "model/gan_loss.h"
#include "model/kind.h"
#include "model/training.h"

typedef struct gm_cycle_settings {
    gm_layer_list generator, reverse_generator;         // the latter of none: the same layers, other weights
    gm_layer_list discriminator, reverse_discriminator; // likewise
    double consistency; // weight of the distances of F(G(x)) from x and G(F(y)) from y, of which black to white is 2
    double identity;    // of those of G(y) from y and F(x) from x, as a share of it
    double adversarial; // of the generators' losses
    size_t pool;        // earlier results that each discriminator may see in place of new ones; 0: none
    const gm_gan_loss *loss;
    int initializer; // gm_weight_initializer
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    size_t accumulate; // batches whose mean gradient makes one update
    gm_averaging average;
} gm_cycle_settings;

extern const gm_recipe_section gm_cycle_section;
const gm_cycle_settings *gm_cycle_of(const gm_recipe *recipe); // NULL: the model is of another kind

gm_status gm_cycle_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);

// ---- Earlier results (cycle_pool.c) ----

enum { GM_POOL_MOST = 1024 };

typedef struct gm_pool {
    gm_tensor *images; // a variable (size, ...)
    gm_tensor *next;   // what it becomes
} gm_pool;
// A batch for a discriminator, (N, ...) as `made`: half of it, drawn at random, are earlier results, whose places the
// new ones take (Shrivastava et al. 2017). Until the pool is full, it takes in all and gives back the new ones.
// counter: of the step, int32 (2). size: from N to GM_POOL_MOST.
gm_tensor *gm_pool_draw(gm_pool *pool, const char *name, size_t size, gm_tensor *made, gm_tensor *counter);

extern const gm_model_kind gm_cycle_kind;

#endif
