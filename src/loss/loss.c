// Objectives. sp(x) = softplus(x) = ln(1 + e^x), so that -ln sigmoid(l) = sp(-l) and -ln(1 - sigmoid(l)) = sp(l).
#include "ganymede/loss.h"

#include "base/base.h"
#include "graph/graph.h"

#include <string.h>

static gm_tensor *softplus_mean(gm_tensor *x) {
    return gm_mean_all(gm_softplus(x));
}

// ---- GAN objectives: what each player minimises ----

static gm_tensor *cross_entropy_discriminator(gm_tensor *real, gm_tensor *fake) {
    return gm_add(softplus_mean(gm_negate(real)), softplus_mean(fake));
}

static gm_tensor *minimax_generator(gm_tensor *real, gm_tensor *fake) {
    (void)real;
    return gm_negate(softplus_mean(fake));
}

static gm_tensor *non_saturating_generator(gm_tensor *real, gm_tensor *fake) {
    (void)real;
    return softplus_mean(gm_negate(fake));
}

static gm_tensor *half_square_mean(gm_tensor *x, double target) {
    return gm_scale(gm_mean_all(gm_square(gm_offset(x, -target))), 0.5);
}

static gm_tensor *least_squares_discriminator(gm_tensor *real, gm_tensor *fake) {
    return gm_add(half_square_mean(real, 1), half_square_mean(fake, 0));
}

static gm_tensor *least_squares_generator(gm_tensor *real, gm_tensor *fake) {
    (void)real;
    return half_square_mean(fake, 1);
}

static const gm_gan_loss losses[] = {
    {.name = "minimax",
     .help = "the GAN's value function for both players; the generator's gradient saturates",
     .discriminator = cross_entropy_discriminator,
     .generator = minimax_generator},
    {.name = "non_saturating",
     .help = "the generator maximises the logarithm of D(G(z))",
     .discriminator = cross_entropy_discriminator,
     .generator = non_saturating_generator},
    {.name = "least_squares",
     .help = "squared distance of the logits from 1 (real) and 0 (generated)",
     .discriminator = least_squares_discriminator,
     .generator = least_squares_generator},
};

const gm_gan_loss *gm_gan_losses(size_t *count) {
    *count = GM_COUNT(losses);
    return losses;
}

const gm_gan_loss *gm_gan_loss_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(losses); i++)
        if (strcmp(losses[i].name, name) == 0)
            return &losses[i];
    return NULL;
}

gm_tensor *gm_gan_loss_discriminator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake) {
    return loss->discriminator(logit_real, logit_fake);
}

gm_tensor *gm_gan_loss_generator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake) {
    if (loss->generator_needs_real && logit_real == NULL)
        return gm_fault(gm_tensor_graph(logit_fake), "the generator's %s loss needs the logits of real samples, too",
                        loss->name);
    return loss->generator(logit_real, logit_fake);
}

// ---- Others ----

gm_tensor *gm_binary_cross_entropy(gm_tensor *logit, gm_tensor *target) {
    // Both terms are positive: the shorter sp(l) - t l cancels for large logits.
    gm_tensor *one = gm_multiply(target, gm_softplus(gm_negate(logit)));
    gm_tensor *zero = gm_multiply(gm_offset(gm_negate(target), 1), gm_softplus(logit));
    return gm_mean_all(gm_add(one, zero));
}

gm_tensor *gm_mean_squared_error(gm_tensor *x, gm_tensor *target) {
    return gm_mean_all(gm_square(gm_subtract(x, target)));
}
