// Objectives: scalars made of a network's outputs. All means; natural logarithms; always from logits, in softplus form,
// so that nothing overflows and no gradient is lost.
#ifndef GANYMEDE_LOSS_H
#define GANYMEDE_LOSS_H

#include "ganymede/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

// A row of the table of GAN objectives: what each player minimises, l = the discriminator's logit.
typedef struct gm_gan_loss {
    const char *name, *help;
    gm_tensor *(*discriminator)(gm_tensor *logit_real, gm_tensor *logit_fake);
    gm_tensor *(*generator)(gm_tensor *logit_real, gm_tensor *logit_fake);
    bool generator_needs_real; // relativistic losses; else the generator's logit_real may be NULL
} gm_gan_loss;

GM_API const gm_gan_loss *gm_gan_losses(size_t *count);
// NULL when there is no such loss.
GM_API const gm_gan_loss *gm_gan_loss_find(const char *name);

// logits of any shape -> scalar (rank 0).
//                    discriminator                    generator
//   minimax          E sp(-l_real) + E sp(l_fake)     -E sp(l_fake)  (Goodfellow et al. 2014; saturates)
//   non_saturating   the same                         E sp(-l_fake)
//   least_squares    E (l_real-1)^2/2 + E l_fake^2/2  E (l_fake-1)^2/2  (Mao et al. 2017)
GM_API gm_tensor *gm_gan_loss_discriminator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake);
GM_API gm_tensor *gm_gan_loss_generator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake);

// E[target sp(-logit) + (1 - target) sp(logit)] -> scalar; target in [0, 1], broadcast against the logit.
GM_API gm_tensor *gm_binary_cross_entropy(gm_tensor *logit, gm_tensor *target);
// E[(x - target)^2] -> scalar.
GM_API gm_tensor *gm_mean_squared_error(gm_tensor *x, gm_tensor *target);

#ifdef __cplusplus
}
#endif
#endif
