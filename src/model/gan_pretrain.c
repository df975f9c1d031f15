// Generators of texts that learn by maximum likelihood, too: in steps before the first (pretraining, without which a
// GAN of texts learns next to nothing: Yu et al. 2017, SeqGAN), and as a term of the generator's loss.
//   -E ln p(x_l | x_1 ... x_(l-1), z), z drawn as in any other step
// While they run, the counter is (0, steps done), which gives each its own noise, and (0, 0) again behind the last.
#include "model/gan_step.h"

#include "base/base.h"
#include "ganymede/loss.h"
#include "graph/graph.h"

#include <math.h>

bool gm_gan_learns_likelihood(const gm_gan_settings *gan) {
    return gan->pretrain.steps > 0 || gan->pretrain.weight > 0;
}

gm_status gm_gan_pretrain_check(const gm_recipe *recipe, const gm_gan_settings *gan) {
    const gm_layer *last = gm_last_layer(&gan->generator);
    if (!gm_gan_learns_likelihood(gan) || gm_is_layer(last, "feedback"))
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: pretrain is for generators that end in the layer feedback, which says how likely a text is: "
                   "this one ends in %s",
                   gm_recipe_origin(recipe, "pretrain"), last->type->name);
}

gm_status gm_gan_likelihood(gm_gan_step *g, gm_tensor **loss) {
    gm_tensor *logits;
    *loss = g->likelihood;
    if (*loss)
        return GM_OK;
    gm_network_set_given(g->generator, g->real);
    gm_status status = gm_model_apply(&logits, g->generator, g->z, g->labels, g->counter);
    gm_network_set_given(g->generator, NULL);
    GM_TRY(status);
    const gm_shape *shape = gm_tensor_shape(g->real);
    gm_tensor *codes = gm_reshape(gm_cast(gm_argmax(g->real, 1), GM_INT32), GM_SHAPE(shape->dim[0], shape->dim[2]));
    *loss = g->likelihood = gm_cross_entropy(logits, codes);
    return gm_graph_status(g->graph);
}

// Behind its last step the counter is what it was before the first: training does not know that there was any.
static void count(const gm_gan_step *g, gm_phase *phase) {
    gm_tensor *done = g->model->pretraining.done, *next = gm_add(done, gm_constant_int(g->graph, 1));
    gm_tensor *last = gm_constant_int(g->graph, (int32_t)g->settings->pretrain.steps);
    gm_tensor *more = gm_cast(gm_less(next, last), GM_INT32);
    gm_phase_assign(phase, done, next);
    gm_phase_assign(phase, g->counter, gm_model_pair(g->step, gm_multiply(next, more)));
}

gm_status gm_gan_add_pretraining(gm_gan_step *g) {
    const gm_gan_settings *gan = g->settings;
    gm_tensor *loss;
    GM_TRY(gm_gan_likelihood(g, &loss));
    gm_phase *phase = gm_phase_create(g->graph, "pretrain");
    gm_phase_isolate(phase); // it runs without the others
    g->model->pretraining = (gm_model_pretraining){
        .steps = gan->pretrain.steps,
        .done = gm_variable(g->graph, "pretrain.done", GM_INT32, GM_SCALAR, (gm_initializer){0}),
        .first_number = g->model->number_count,
    };
    GM_TRY(gm_model_add_number(g->model, phase, (gm_model_number){"pretrain_loss", "-ln p", loss, true}));
    GM_TRY(gm_model_add_number(g->model, phase, (gm_model_number){"bits", "bits", gm_scale(loss, 1 / log(2)), false}));
    g->model->pretraining.number_count = g->model->number_count - g->model->pretraining.first_number;
    GM_TRY(gm_model_descend(&(gm_model_descent){
        .phase = phase,
        .micro_batches = 1,
        .network = g->generator,
        .loss = loss,
        .scale = gm_model_loss_scale(g->source),
        .optimizer = &gan->pretrain.optimizer,
        .prefix = "pretrain.optimizer",
        .updates = g->model->pretraining.done,
    }));
    gm_network_assign_statistics(g->generator, phase);
    count(g, phase);
    GM_TRY(gm_model_add_action(g->model, (gm_model_action){.phase = phase, .fresh = true, .every = 1, .before = true}));
    if (gan->average.decay <= 0)
        return GM_OK;
    gm_phase *follow = gm_phase_create(g->graph, "pretrain.average");
    GM_TRY(gm_model_average_begin(g->generator, follow));
    return gm_model_add_action(g->model, (gm_model_action){.phase = follow, .every = 1, .before = true});
}
