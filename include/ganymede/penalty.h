// Regularisers of a discriminator: penalties on the gradient of its logit with respect to its input, where that
// gradient is taken, and noise on the input. Penalties are scalars to add to its loss; they contain a gradient and are
// differentiated like anything else.
//
// A gradient is one sample's own only if the discriminator does not mix samples: no batch norm in it (layer or instance
// norm do no harm).
#ifndef GANYMEDE_PENALTY_H
#define GANYMEDE_PENALTY_H

#include "ganymede/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

// |grad_x l|^2 of each sample, summed over ALL of its values: logit (N, ...), x (N, ...) -> (N, 1). A sample with
// several logits (patches) has the gradient of their sum. x is the tensor that the logit was computed from, after
// casts. Fails when the batches differ or the logit does not depend on x.
GM_API gm_tensor *gm_gradient_square(gm_tensor *logit, gm_tensor *x);

// weight E[(|grad_x l| - centre)^2] -> scalar, the norm over all of a sample's values, as sqrt(|.|^2 + 1e-12), so that
// its gradient exists at 0. Fails as gm_gradient_square, or when the weight or centre is below 0 or not finite.
//   WGAN-GP (Gulrajani et al. 2017): centre 1, weight 10, x = gm_interpolate(real, fake, u)
//   DRAGAN (Kodali et al. 2017): centre 1, weight 10, x = gm_dragan_neighbours(real, u)
//   zero-centred (Thanh-Tung et al. 2019): centre 0
GM_API gm_tensor *gm_gradient_penalty(gm_tensor *logit, gm_tensor *x, double weight, double centre);
// gamma/2 E|grad_x l|^2 -> scalar: R1 at real samples, R2 at generated ones (Mescheder et al. 2018). Every 16th step
// with 16 gamma does about the same. Fails as gm_gradient_square, or when gamma is below 0 or not finite.
GM_API gm_tensor *gm_squared_gradient_penalty(gm_tensor *logit, gm_tensor *x, double gamma);

// u real + (1 - u) fake, one u per sample: real, fake (N, ...), uniform (N, 1) in [0, 1] -> (N, ...).
GM_API gm_tensor *gm_interpolate(gm_tensor *real, gm_tensor *fake, gm_tensor *uniform);
// x + std(x)/2 u: x (N, ...), uniform in [0, 1) of x's shape -> x's shape. One standard deviation, of all values of the
// batch about their one mean and divided by their number (not less 1), as in the authors' code; no gradient through it.
GM_API gm_tensor *gm_dragan_neighbours(gm_tensor *x, gm_tensor *uniform);

// Instance noise (Sønderby et al. 2017): x + sigma noise: noise ~ N(0, 1) of x's shape, sigma a scalar, which the
// schedule lowers to 0. For real and generated samples alike, each with noise of its own.
GM_API gm_tensor *gm_instance_noise(gm_tensor *x, gm_tensor *noise, gm_tensor *sigma);

#ifdef __cplusplus
}
#endif
#endif
