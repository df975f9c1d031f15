// The schedule of a GAN's step: how often each player's phase runs, and what may move of it.
#include "model/gan_step.h"

#include "base/base.h"

#include <math.h>

static const char steps_name[] = "discriminator_steps";

// D's steps may move: then they are counted, and lazy penalties, which go by the number of a step, have no place.
gm_status gm_gan_offer_steps(gm_gan_step *g) {
    size_t steps = g->settings->discriminator_steps;
    g->most_steps = (size_t)lround(gm_model_reach(g->model, steps_name, (double)steps));
    if (!gm_model_offer_count(g->model, steps_name, steps, 100).variable)
        return GM_OK;
    for (size_t i = 0; i < GM_GAN_PENALTIES; i++)
        if (gm_gan_penalty_every(g, i) > 1)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: a penalty every so many discriminator steps and discriminator_steps that move exclude "
                           "each other: set its `every` to 1",
                           gm_recipe_origin(g->recipe, "regularizers"));
    g->updates = gm_variable(g->graph, "discriminator.updates", GM_INT32, GM_SCALAR, (gm_initializer){0});
    return GM_OK;
}

// `micro_batches` runs, all but the last of the gathering phase, with fresh noise for each. `like` says when.
static gm_status add_player(gm_gan_step *g, gm_phase *phase, gm_phase *gather, gm_phase *substep, gm_model_action like,
                            bool *first) {
    gm_model_action noise = like, run = like;
    noise.phase = substep;
    noise.fresh = false;
    for (size_t i = 0; i < g->settings->accumulate; i++) {
        if (!*first)
            GM_TRY(gm_model_add_action(g->model, noise));
        *first = false;
        run.phase = i + 1 < g->settings->accumulate ? gather : phase;
        GM_TRY(gm_model_add_action(g->model, run));
    }
    return GM_OK;
}

gm_status gm_gan_add_players(gm_gan_step *g, const gm_gan_phases *p) {
    bool first = true;
    for (size_t i = 0; i < g->most_steps; i++) {
        gm_model_action place = {.fresh = true, .every = 1};
        if (g->updates)
            place.index = i, place.per_step = g->most_steps, place.counted = steps_name;
        GM_TRY(add_player(g, p->discriminator, p->gather[0], p->substep, place, &first));
        for (size_t k = 0; k < GM_GAN_PENALTIES; k++)
            if (p->lazy[k])
                GM_TRY(gm_model_add_action(g->model, (gm_model_action){.phase = p->lazy[k],
                                                                       .every = gm_gan_penalty_every(g, k),
                                                                       .index = i,
                                                                       .per_step = g->most_steps}));
    }
    first = g->settings->accumulate == 1; // one batch: the samples that D has seen
    return add_player(g, p->generator, p->gather[1], p->substep, (gm_model_action){.every = 1}, &first);
}
