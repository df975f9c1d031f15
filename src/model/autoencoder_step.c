// The training step of an autoencoder as a graph.
//   N = batch; x data, z code, ln p(x|z) the likelihood that the decoder's output stands for.
//
//   vae                mean, log variance = encoder(x), z = mean + e^(log variance / 2) noise
//                      loss = E[-ln p(x|z)] + beta E[KL(q(z|x) || N(0, 1))], the negative ELBO when beta is 1
//   plain, denoising   z = encoder(x), or encoder(x + noise); loss = E[-ln p(x|z)] of the clean x
#include "model/autoencoder.h"

#include "base/base.h"
#include "ganymede/likelihood.h"
#include "graph/graph.h"
#include "model/objective.h"

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_autoencoder_settings *settings;
    gm_autoencoder_parts parts;
    const gm_model_source *source;
    gm_graph *graph;
    gm_network *encoder, *decoder;
    gm_tensor *counter;
    gm_tensor *real;                // what is to be reproduced
    gm_tensor *output;              // the decoder's, of its shape
    gm_tensor *mean, *log_variance; // of z; log_variance: NULL unless variational
} step_builder;

static gm_status check_fit(const step_builder *s) {
    if (gm_shape_equal(gm_tensor_shape(s->real), gm_tensor_shape(s->output)))
        return GM_OK;
    const gm_layer_list *decoder = &s->settings->decoder;
    if (s->source->format.table)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: the decoder makes %s, but rows of the table have %zu codes: end it with `dense: %zu`",
                       decoder->layers[decoder->count - 1].origin, gm_model_sample_text(s->output).text,
                       s->source->format.item.dim[0], s->source->format.item.dim[0]);
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

// The loss, and what a step shows of it; returns how many numbers that is.
static size_t build_loss(const step_builder *s, gm_tensor **loss, gm_model_number numbers[3]) {
    gm_tensor *likelihood = gm_autoencoder_log_likelihood(&s->parts, s->real, s->output);
    gm_tensor *reconstruction = *loss = gm_negate(gm_mean_all(likelihood));
    if (!gm_autoencoder_is_variational(s->settings)) {
        numbers[0] = (gm_model_number){"loss", "loss", *loss, true};
        return 1;
    }
    gm_tensor *divergence = gm_mean_all(gm_gaussian_divergence(s->mean, s->log_variance));
    *loss = gm_add(reconstruction, gm_scale(divergence, s->settings->autoencoder.beta));
    numbers[0] = (gm_model_number){"loss", "loss", *loss, true};
    numbers[1] = (gm_model_number){"reconstruction", "-ln p(x|z)", reconstruction, false};
    numbers[2] = (gm_model_number){"divergence", "KL(q|p)", divergence, false};
    return 3;
}

static gm_status build(step_builder *s) {
    const gm_autoencoder_settings *a = s->settings;
    gm_weight_initializer initializer = (gm_weight_initializer)a->initializer;
    gm_model_number numbers[3];
    gm_tensor *loss;
    GM_TRY(gm_autoencoder_parts_init(&s->parts, s->recipe, &s->source->format));
    GM_TRY(gm_model_add_network(s->model, "encoder", &a->encoder, initializer, &s->encoder));
    GM_TRY(gm_model_add_network(s->model, "decoder", &a->decoder, initializer, &s->decoder));
    s->counter = gm_objective_counter(s->model);
    s->real = gm_autoencoder_target(&s->parts, gm_model_real_batch(s->model, s->source), s->counter);
    GM_TRY(apply(s));
    GM_TRY(check_fit(s));
    size_t number_count = build_loss(s, &loss, numbers);
    GM_TRY(gm_objective_build(s->model, s->source,
                              &(gm_objective){.counter = s->counter,
                                              .networks = (gm_network *[]){s->encoder, s->decoder},
                                              .network_count = 2,
                                              .loss = loss,
                                              .numbers = numbers,
                                              .number_count = number_count,
                                              .optimizer = &a->optimizer.autoencoder,
                                              .accumulate = a->accumulate,
                                              .followed = gm_autoencoder_variance(&s->parts, s->graph),
                                              .following = gm_autoencoder_next_variance(&s->parts, s->real, s->output),
                                              .average = &a->average})); // of both, as a bound needs the pair
    return gm_graph_status(s->graph);
}

gm_status gm_autoencoder_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {.model = model,
                      .recipe = recipe,
                      .settings = gm_autoencoder_of(recipe),
                      .source = source,
                      .graph = model->graph};
    gm_status status = build(&s);
    gm_autoencoder_parts_finish(&s.parts);
    return status;
}
