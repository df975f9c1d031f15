// Objectives: scalars made of a network's outputs. All means; natural logarithms; always from logits, in softplus form,
// so that nothing overflows and no gradient is lost.
//
// Notation: p = data, q = generator, x ~ p, x~ ~ q, l = the discriminator's logit, sp(l) = ln(1 + e^l). Where e^l
// stands alone it continues linearly beyond l = 20, value and slope matching: every objective and every gradient is
// finite for |l| <= 1e4, and none is cut off.
#ifndef GANYMEDE_LOSS_H
#define GANYMEDE_LOSS_H

#include "ganymede/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

// ---- What the two players of a GAN minimise ----

typedef gm_tensor *gm_logit_function(gm_tensor *logit); // element by element: the result has the logit's shape

// A row of the table of GAN objectives.
//   D minimises E_p[real(l)] + E_q[fake(l)], G minimises E_q[generator(l)]
//   and with generator_needs_real (relativistic) E[real(l(x) - l(x~))] and E[generator(l(x~) - l(x))], x~ beside x.
typedef struct gm_gan_loss {
    const char *name, *help;
    gm_logit_function *real, *fake; // relativistic: fake is NULL
    gm_logit_function *generator;   // NULL: -fake(l), the zero-sum game
    // l -> ln p/q as a trained D estimates it; NULL where the logit says nothing of it: no KL term, no KL monitor.
    // Where a logit may be no ratio at all, it continues linearly beyond ratios of 1/100 and (least squares) 100, so
    // that KL terms pull there, too; as a figure, clamp it to +-ln 100.
    gm_logit_function *log_ratio;
    bool log_ratio_shifted;    // log_ratio holds up to an unknown constant
    bool generator_needs_real; // else the generator's logit_real may be NULL
    bool label_smoothing;      // real_target may be given: the objective is a cross-entropy
    // f-GAN: the divergence of which -E_p[real(l)] - E_q[fake(l)] is a lower bound; real(l) = -T, fake(l) = f*(T).
    const char *divergence;
} gm_gan_loss;

// The zeroed struct, or NULL for it: nothing of all this.
typedef struct gm_gan_loss_params {
    // One number >= 0 per sample, (N, 1), such as its class's weight: E becomes sum(w value) / sum(w), 0 if all are 0.
    // A pair (relativistic) weighs the product: give one of them where both samples have one label.
    gm_tensor *weight_real, *weight_fake;
    // One-sided label smoothing (Salimans et al. 2016): the probability, above 0 and at most 1, that D shall give to
    // real samples, such as .9; 0 means 1. The logit then estimates ln p/q no more. For cross-entropies alone.
    double real_target;
    // f-GAN alone: G minimises -E_q[T] in place of -E_q[f*(T)]. It has the same fixed point and does not saturate
    // (Nowozin et al. 2016, 3.2).
    bool alternative;
} gm_gan_loss_params;

GM_API const gm_gan_loss *gm_gan_losses(size_t *count);
// NULL when there is no such loss.
GM_API const gm_gan_loss *gm_gan_loss_find(const char *name);

// logits of any shape (N, ...) -> scalar (rank 0).
//                    discriminator                    generator                   ln p/q
//   minimax          E sp(-l(x)) + E sp(l(x~))        -E sp(l(x~))                l       Goodfellow et al. 2014
//   non_saturating   the same                         E sp(-l(x~))                l       the same
//   least_squares    E (l(x)-1)^2/2 + E l(x~)^2/2     E (l(x~)-1)^2/2             logit l Mao et al. 2017
//   wasserstein      E l(x~) - E l(x)                 -E l(x~)                    none    Arjovsky et al. 2017
//   hinge            E max(0, 1-l(x)) + E max(0, 1+l(x~))    -E l(x~)             none    Lim and Ye 2017
//   relativistic     E sp(-(l(x) - l(x~)))            E sp(-(l(x~) - l(x)))       l + constant   Huang et al. 2024
// f-GAN (Nowozin et al. 2016): D minimises E f*(T(x~)) - E T(x), G minimises -E f*(T(x~)); the bounded divergence:
//                    T           f*(T)        divergence                          ln p/q
//   f_kl             l           e^(l-1)      KL(p||q)                            l - 1
//   f_reverse_kl     -e^(-l)     l - 1        KL(q||p)                            l
//   f_pearson        l           l^2/4 + l    Pearson chi^2: int (p-q)^2/q        ln(1 + l/2)
//   f_hellinger      1 - e^(-l)  e^l - 1      squared Hellinger: int (sqrt p - sqrt q)^2    2 l
//   f_jensen_shannon ln 2 - sp(-l)   sp(l) - ln 2    2 JSD                        l
//   f_gan            -sp(-l)     sp(l)        2 JSD - 2 ln 2                      l
// Fails when a logit is missing, pairs differ in shape, weights are not one per sample, or a setting is not for the
// row.
GM_API gm_tensor *gm_gan_loss_discriminator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake,
                                            const gm_gan_loss_params *params);
GM_API gm_tensor *gm_gan_loss_generator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake,
                                        const gm_gan_loss_params *params);

// E_p[T] - E_q[f*(T)] -> scalar: a lower bound of the row's divergence, tight for the best logit. Estimated on samples
// that trained the logit it comes out too high. Fails when the row is none of f-GAN's.
GM_API gm_tensor *gm_f_divergence_bound(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake);

typedef enum gm_kl_direction {
    GM_KL_INVALID = 0,
    GM_KL_REVERSE, // KL(q||p): E_q[-ln p/q]; seeks modes
    GM_KL_FORWARD, // KL(p||q): the gradient of -E_q[p/q]; covers modes
} gm_kl_direction;
// What the generator minimises on top of its loss, with r = the row's log_ratio of l(x~) -> scalar:
//   reverse  -E r, in value an estimate of KL(q||p)
//   forward  -E e^r, which has KL(p||q)'s gradient when p/q = e^r is held fixed. Its variance is high: e^r continues
//            linearly beyond r = 10, so that no sample outweighs 22,000 others. Where r holds up to a constant, it is
//            fixed by E_q[p/q] = 1 over the batch, so that the value is always -1.
// params: weight_fake alone is used; may be NULL. Fails when the row has no log ratio.
GM_API gm_tensor *gm_kl_term(const gm_gan_loss *loss, gm_tensor *logit_fake, gm_kl_direction direction,
                             const gm_gan_loss_params *params);

// ---- Mutual information ----

typedef enum gm_mutual_information_bound_kind {
    GM_MUTUAL_INFORMATION_INVALID = 0,
    // E_joint[-sp(-T)] - E_product[sp(T)]: at most 2 JSD(joint||product) - 2 ln 2, which rises with the information but
    // is not in its units; stable (Hjelm et al. 2019).
    GM_MUTUAL_INFORMATION_JENSEN_SHANNON,
    // E_joint[T] - ln E_product[e^T]: at most I, in nats (Donsker and Varadhan 1983; MINE, Belghazi et al. 2018).
    GM_MUTUAL_INFORMATION_DONSKER_VARADHAN,
} gm_mutual_information_bound_kind;
// What both the statistics network T and a generator that wants a high I(z; G(z)) maximise -> scalar.
// T_joint: T of pairs (z, G(z)); T_product: T of pairs shuffled, such as (z', G(z)); float32 of any shapes.
// log_average: scalar, ln of a moving average of E_product[e^T], or NULL. With it the gradient of Donsker-Varadhan's
// second term is divided by that average and not by the batch's mean, whose noise biases it; the value stays. The
// Jensen-Shannon bound has no such denominator: there it must be NULL.
GM_API gm_tensor *gm_mutual_information_bound(gm_tensor *T_joint, gm_tensor *T_product,
                                              gm_mutual_information_bound_kind kind, gm_tensor *log_average);
// ln E[e^x] over all of x -> scalar, without overflow.
GM_API gm_tensor *gm_log_mean_exp(gm_tensor *x);
// ln((1 - rate) e^log_average + rate e^log_mean) -> scalar, 0 < rate < 1: the next value of a log_average, a variable
// that starts at 0, with log_mean = gm_log_mean_exp(T_product).
GM_API gm_tensor *gm_log_moving_average(gm_tensor *log_average, gm_tensor *log_mean, double rate);

// ---- Others ----

// E[target sp(-logit) + (1 - target) sp(logit)] -> scalar; target in [0, 1], broadcast against the logit.
GM_API gm_tensor *gm_binary_cross_entropy(gm_tensor *logit, gm_tensor *target);
// -E ln softmax(logits)[label] over all labels -> scalar: logits (N, K, ...), labels int32 (N, ...), which lack the
// classes' axis. A label that is not from 0 to K - 1 is ignored: it stands neither in the sum nor in the number that
// divides it; where none is left, the value and its gradient are 0. As PyTorch's cross_entropy.
GM_API gm_tensor *gm_cross_entropy(gm_tensor *logits, gm_tensor *labels);
// The same, each label's part times its weight: weights float32 (N, ...). The number that divides the sum counts
// labels, not weights, so that these should be 1 on average.
GM_API gm_tensor *gm_weighted_cross_entropy(gm_tensor *logits, gm_tensor *labels, gm_tensor *weights);
// E[(x - target)^2] -> scalar.
GM_API gm_tensor *gm_mean_squared_error(gm_tensor *x, gm_tensor *target);

#ifdef __cplusplus
}
#endif
#endif
