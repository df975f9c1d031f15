// Gradient penalties of the discriminator.
#include "model/gan_step.h"

#include "ganymede/penalty.h"

#define MOST_WEIGHT 1e6

// `x` is drawn or made of real and generated samples; D judges it anew. The gradient is that with respect to x itself,
// or to the packed samples, whose logit is theirs together.
static gm_status judge_for_penalty(const gm_gan_step *g, gm_tensor **x, const char *name, gm_tensor **logit) {
    gm_tensor *input = gm_gan_seen(g, *x, name);
    GM_TRY(gm_gan_judge(g, input, logit));
    gm_network_drop_statistics(g->discriminator);
    if (gm_gan_has(g, GM_REGULARIZER_PACKING))
        *x = input;
    return GM_OK;
}

static gm_status norm_penalty(const gm_gan_step *g, gm_regularizer which, gm_tensor **penalty) {
    bool dragan = which == GM_REGULARIZER_DRAGAN;
    const gm_penalty_settings *settings =
        dragan ? &g->settings->regularizers.dragan : &g->settings->regularizers.gradient_penalty;
    const char *name = dragan ? "dragan" : "gradient_penalty";
    gm_model_dial weight = gm_model_offer(g->model, dragan ? "dragan.weight" : "gradient_penalty.weight",
                                          settings->weight, 0, MOST_WEIGHT);
    gm_shape shape = dragan ? *gm_tensor_shape(g->real) : GM_SHAPE(g->source->batch, 1);
    gm_tensor *uniform = gm_random_uniform(g->graph, name, shape, g->counter), *logit;
    gm_tensor *x = dragan ? gm_dragan_neighbours(g->real, uniform) : gm_interpolate(g->real, g->fake, uniform);
    GM_TRY(judge_for_penalty(g, &x, name, &logit));
    *penalty = gm_model_turn(
        &weight, gm_gradient_penalty(logit, x, weight.constant * (double)settings->every, settings->centre));
    return GM_OK;
}

static gm_status squared_penalty(const gm_gan_step *g, gm_regularizer which, gm_tensor **penalty) {
    bool real = which == GM_REGULARIZER_R1;
    const gm_squared_penalty_settings *settings = real ? &g->settings->regularizers.r1 : &g->settings->regularizers.r2;
    gm_model_dial gamma = gm_model_offer(g->model, real ? "r1.gamma" : "r2.gamma", settings->gamma, 0, MOST_WEIGHT);
    gm_tensor *x = real ? g->real : g->fake, *logit;
    GM_TRY(judge_for_penalty(g, &x, real ? "real" : "fake", &logit));
    *penalty = gm_model_turn(&gamma, gm_squared_gradient_penalty(logit, x, gamma.constant * (double)settings->every));
    return GM_OK;
}

// ---- The table ----

static const struct {
    gm_regularizer which;
    const char *phase;
    gm_status (*build)(const gm_gan_step *g, gm_regularizer which, gm_tensor **penalty);
} penalties[GM_GAN_PENALTIES] = {
    {GM_REGULARIZER_GRADIENT_PENALTY, "penalty.gradient_penalty", norm_penalty},
    {GM_REGULARIZER_DRAGAN, "penalty.dragan", norm_penalty},
    {GM_REGULARIZER_R1, "penalty.r1", squared_penalty},
    {GM_REGULARIZER_R2, "penalty.r2", squared_penalty},
};

size_t gm_gan_penalty_every(const gm_gan_step *g, size_t i) {
    const gm_regularizers *r = &g->settings->regularizers;
    const size_t every[GM_GAN_PENALTIES] = {r->gradient_penalty.every, r->dragan.every, r->r1.every, r->r2.every};
    return gm_gan_has(g, penalties[i].which) ? every[i] : 0;
}

const char *gm_gan_penalty_phase(size_t i) {
    return penalties[i].phase;
}

gm_status gm_gan_penalty(const gm_gan_step *g, size_t i, gm_tensor **penalty) {
    return penalties[i].build(g, penalties[i].which, penalty);
}
