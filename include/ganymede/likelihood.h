// Log densities as graph expressions, of which variational bounds are made (Kingma and Welling 2014). All in nats, one
// number per sample: sums over ALL of a sample's values, never means, so that the terms of a bound weigh as they must.
//
//     z = mean + e^(log_variance / 2) noise ~ q(z|x)
//     ELBO(x)   = E_q ln p(x|z) - KL(q(z|x) || p(z))                        <= ln p(x)
//     IWAE_k(x) = E_q ln (1/k) sum_i p(x|z_i) p(z_i) / q(z_i|x), which rises with k (Burda et al. 2016)
#ifndef GANYMEDE_LIKELIHOOD_H
#define GANYMEDE_LIKELIHOOD_H

#include "ganymede/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

// mean + e^(log_variance / 2) noise: all of one shape, noise ~ N(0, 1) -> that shape. Gradients reach mean and variance
// through the sample (the reparametrisation).
GM_API gm_tensor *gm_reparametrize(gm_tensor *mean, gm_tensor *log_variance, gm_tensor *noise);

// KL(N(mean, e^log_variance) || N(0, 1)), in closed form: (N, ...) both -> (N).
//   1/2 sum (mean^2 + e^log_variance - log_variance - 1)
GM_API gm_tensor *gm_gaussian_divergence(gm_tensor *mean, gm_tensor *log_variance);

// ln N(x; mean, e^log_variance): x (N, ...), mean and log_variance of its shape or a scalar -> (N).
//   -1/2 sum (log_variance + ln 2 pi + (x - mean)^2 / e^log_variance)
GM_API gm_tensor *gm_gaussian_log_likelihood(gm_tensor *x, gm_tensor *mean, gm_tensor *log_variance);

// sum x ln s(logit) + (1 - x) ln(1 - s(logit)), s the sigmoid, in softplus form, so that nothing overflows: x in [0, 1]
// and logit (N, ...) of one shape -> (N). The log probability of x where its values are 0 and 1; of grey values it is
// the usual objective, but the log of no density.
GM_API gm_tensor *gm_bernoulli_log_likelihood(gm_tensor *x, gm_tensor *logit);

// sum p ln softmax(logits): p (N, K), a sample's category as 1 among zeros or probabilities that sum to 1, and logits
// of that shape -> (N). The largest logit is taken out, so that nothing overflows.
GM_API gm_tensor *gm_categorical_log_likelihood(gm_tensor *p, gm_tensor *logits);

#ifdef __cplusplus
}
#endif
#endif
