// The training step of an autoencoder as a graph.
//   N = batch; x data, z code, ln p(x|z) the likelihood that the decoder's output stands for.
//
//   vae                mean, log variance = encoder(x), z = mean + e^(log variance / 2) noise
//                      loss = E[-ln p(x|z)] + beta E[KL(q(z|x) || N(0, 1))], the negative ELBO when beta is 1
//   plain, denoising   z = encoder(x), or encoder(x + noise); loss = E[-ln p(x|z)] of the clean x
//
// Phases, in the order in which a step runs them:
//   start     once before the first step: the averages begin as the networks
//   substep   with several batches to an update: between them, so that each draws fresh noise
//   gather    adds up the gradients of all batches but the last
//   update    one update of both networks; step + 1, sub-step = 0
//   average   the averages follow: of both networks, as a bound needs the pair
#include "model/autoencoder.h"

#include "base/base.h"
#include "ganymede/likelihood.h"
#include "graph/graph.h"

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_autoencoder_settings *settings;
    const gm_model_source *source;
    gm_graph *graph;
    gm_network *encoder, *decoder;
    gm_tensor *counter, *step, *substep;
    gm_tensor *real;                // what is to be reproduced
    gm_tensor *output;              // the decoder's, of its shape
    gm_tensor *mean, *log_variance; // of z; log_variance: NULL unless variational
} step_builder;

static gm_status check_fit(const step_builder *s) {
    if (gm_shape_equal(gm_tensor_shape(s->real), gm_tensor_shape(s->output)))
        return GM_OK;
    const gm_layer_list *decoder = &s->settings->decoder;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the decoder makes %s, but the data are %s: change its layers or data.size",
                   decoder->layers[decoder->count - 1].origin, gm_model_sample_text(s->output).text,
                   gm_model_sample_text(s->real).text);
}

// ---- The step ----

static gm_status apply(step_builder *s) {
    const gm_autoencoder_settings *a = s->settings;
    gm_tensor *encoded, *input = gm_autoencoder_input(a, s->real, s->counter);
    if (gm_network_needs_labels(s->encoder) || gm_network_needs_labels(s->decoder))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: autoencoders have no labels: remove the layer that needs them",
                       gm_recipe_file(s->recipe));
    GM_TRY(gm_model_apply(&encoded, s->encoder, input, NULL, s->counter));
    GM_TRY(gm_autoencoder_code(a, encoded, &s->mean, &s->log_variance));
    gm_tensor *z = s->mean;
    if (gm_autoencoder_is_variational(a))
        z = gm_reparametrize(s->mean, s->log_variance,
                             gm_random_normal(s->graph, "latent", *gm_tensor_shape(s->mean), s->counter));
    return gm_model_apply(&s->output, s->decoder, z, NULL, s->counter);
}

static gm_status build_loss(const step_builder *s, gm_phase *phase, gm_tensor **loss) {
    gm_tensor *likelihood = gm_autoencoder_log_likelihood(s->settings, s->real, s->output);
    gm_tensor *reconstruction = *loss = gm_negate(gm_mean_all(likelihood));
    if (!gm_autoencoder_is_variational(s->settings))
        return gm_model_add_number(s->model, phase, (gm_model_number){"loss", "loss", *loss, true});
    gm_tensor *divergence = gm_mean_all(gm_gaussian_divergence(s->mean, s->log_variance));
    *loss = gm_add(reconstruction, gm_scale(divergence, s->settings->autoencoder.beta));
    GM_TRY(gm_model_add_number(s->model, phase, (gm_model_number){"loss", "loss", *loss, true}));
    GM_TRY(
        gm_model_add_number(s->model, phase, (gm_model_number){"reconstruction", "-ln p(x|z)", reconstruction, false}));
    return gm_model_add_number(s->model, phase, (gm_model_number){"divergence", "KL(q|p)", divergence, false});
}

static gm_status build_update(const step_builder *s, gm_phase *phase, gm_phase *gather) {
    const gm_autoencoder_settings *a = s->settings;
    gm_tensor *loss = NULL;
    gm_network *both[2] = {s->encoder, s->decoder};
    GM_TRY(build_loss(s, phase, &loss));
    for (size_t i = 0; i < 2; i++) {
        GM_TRY(gm_model_descend(&(gm_model_descent){
            .phase = phase,
            .gather = gather,
            .micro_batches = a->accumulate,
            .network = both[i],
            .loss = loss,
            .scale = gm_model_loss_scale(s->source),
            .optimizer = &a->optimizer.autoencoder,
            .prefix = gm_graph_printf(s->graph, "optimizer.%s", gm_network_name(both[i])),
            .updates = s->step,
        }));
        gm_network_assign_statistics(both[i], phase);
    }
    gm_tensor *next = gm_add(s->step, gm_constant_int(s->graph, 1));
    gm_phase_assign(phase, s->counter, gm_model_pair(next, gm_constant_int(s->graph, 0)));
    return GM_OK;
}

static gm_status build_averages(const step_builder *s) {
    const gm_autoencoder_settings *a = s->settings;
    gm_phase *average = gm_phase_create(s->graph, "average");
    gm_average_params params = {.decay = a->average.decay, .step = a->average.warmup ? s->step : NULL};
    GM_TRY(gm_model_average(s->encoder, average, s->model->start, &params));
    GM_TRY(gm_model_average(s->decoder, average, s->model->start, &params));
    return gm_model_add_action(s->model, (gm_model_action){.phase = average, .every = 1});
}

static gm_status build(step_builder *s) {
    const gm_autoencoder_settings *a = s->settings;
    gm_weight_initializer initializer = (gm_weight_initializer)a->initializer;
    gm_phase *substep = NULL, *gather = NULL;
    GM_TRY(gm_model_add_network(s->model, "encoder", &a->encoder, initializer, &s->encoder));
    GM_TRY(gm_model_add_network(s->model, "decoder", &a->decoder, initializer, &s->decoder));
    s->counter = gm_variable(s->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    s->step = gm_model_element(s->counter, 0);
    s->substep = gm_model_element(s->counter, 1);
    s->real = gm_autoencoder_target(a, gm_model_real_batch(s->model, s->source), s->counter);
    GM_TRY(apply(s));
    GM_TRY(check_fit(s));

    if (a->average.decay > 0)
        s->model->start = gm_phase_create(s->graph, "start");
    if (a->accumulate > 1) {
        substep = gm_phase_create(s->graph, "substep");
        gm_phase_assign(substep, s->counter, gm_model_pair(s->step, gm_add(s->substep, gm_constant_int(s->graph, 1))));
        gather = gm_phase_create(s->graph, "gather");
    }
    gm_phase *update = gm_phase_create(s->graph, "update");
    GM_TRY(build_update(s, update, gather));
    for (size_t i = 0; i < a->accumulate; i++) {
        if (i > 0)
            GM_TRY(gm_model_add_action(s->model, (gm_model_action){.phase = substep, .every = 1}));
        gm_phase *phase = i + 1 < a->accumulate ? gather : update;
        GM_TRY(gm_model_add_action(s->model, (gm_model_action){.phase = phase, .fresh = true, .every = 1}));
    }
    if (s->model->start)
        GM_TRY(build_averages(s));
    return gm_graph_status(s->graph);
}

gm_status gm_autoencoder_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {.model = model,
                      .recipe = recipe,
                      .settings = gm_autoencoder_of(recipe),
                      .source = source,
                      .graph = model->graph};
    return build(&s);
}
