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
#include "model/model.h"

#include "ganymede/likelihood.h"
#include "graph/graph.h"

#include <math.h>

typedef struct autoencoder {
    gm_model *model;
    const gm_recipe *recipe;
    gm_graph *graph;
    gm_network *encoder, *decoder;
    gm_tensor *counter, *step, *substep;
    gm_tensor *real;                // what is to be reproduced
    gm_tensor *output;              // the decoder's, of its shape
    gm_tensor *mean, *log_variance; // of z; log_variance: NULL unless variational
} autoencoder;

static bool is_variational(const gm_recipe *recipe) {
    return recipe->autoencoder.kind == GM_AUTOENCODER_VARIATIONAL;
}

// ---- What training, pictures and bounds share ----

gm_tensor *gm_autoencoder_target(const gm_recipe *recipe, gm_tensor *x, gm_tensor *counter) {
    if (!recipe->autoencoder.binarize)
        return x;
    return gm_less(gm_random_uniform(gm_tensor_graph(x), "binarize", *gm_tensor_shape(x), counter), x);
}

gm_tensor *gm_autoencoder_input(const gm_recipe *recipe, gm_tensor *target, gm_tensor *counter) {
    if (recipe->autoencoder.kind != GM_AUTOENCODER_DENOISING)
        return target;
    gm_tensor *noise = gm_random_normal(gm_tensor_graph(target), "noise", *gm_tensor_shape(target), counter);
    return gm_add(target, gm_scale(noise, recipe->autoencoder.noise));
}

gm_status gm_autoencoder_code(const gm_recipe *recipe, gm_tensor *encoded, gm_tensor **mean, gm_tensor **log_variance) {
    const gm_shape *shape = gm_tensor_shape(encoded);
    size_t N = shape->rank > 0 ? shape->dim[0] : 1, size = recipe->latent.size;
    size_t parts = is_variational(recipe) ? 2 : 1;
    if (gm_shape_count(shape) != N * parts * size)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: the encoder must end in %s%zu values, %s, but it gives %s: end it with `dense: %zu`",
                       recipe->encoder.layers[recipe->encoder.count - 1].origin, parts == 2 ? "2 latent.size = " : "",
                       parts * size, parts == 2 ? "the mean and the log variance of z" : "latent.size",
                       gm_model_sample_text(encoded).text, parts * size);
    encoded = gm_reshape(encoded, GM_SHAPE(N, parts * size));
    *mean = parts == 2 ? gm_slice(encoded, (size_t[]){0, 0}, (size_t[]){N, size}) : encoded;
    *log_variance = parts == 2 ? gm_slice(encoded, (size_t[]){0, size}, (size_t[]){N, size}) : NULL;
    return GM_OK;
}

gm_tensor *gm_autoencoder_log_likelihood(const gm_recipe *recipe, gm_tensor *target, gm_tensor *output) {
    if (gm_recipe_is_bernoulli(recipe))
        return gm_bernoulli_log_likelihood(target, output);
    double log_variance = 2 * log(recipe->autoencoder.deviation);
    return gm_gaussian_log_likelihood(target, output, gm_constant(gm_tensor_graph(target), log_variance));
}

gm_tensor *gm_autoencoder_mean(const gm_recipe *recipe, gm_tensor *output) {
    return gm_recipe_is_bernoulli(recipe) ? gm_sigmoid(output) : output;
}

// ---- Small parts ----

static gm_status check_fit(const autoencoder *a, const gm_dataset_info *data) {
    const gm_recipe *recipe = a->recipe;
    if (gm_recipe_is_bernoulli(recipe) && data->kind != GM_DATASET_IMAGES)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a bernoulli likelihood takes images, but %s holds floats, which may have any value: set "
                       "autoencoder.likelihood to gaussian",
                       recipe->file, data->name);
    if (gm_shape_equal(gm_tensor_shape(a->real), gm_tensor_shape(a->output)))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the decoder makes %s, but the data are %s: change its layers or data.size",
                   recipe->decoder.layers[recipe->decoder.count - 1].origin, gm_model_sample_text(a->output).text,
                   gm_model_sample_text(a->real).text);
}

// ---- The step ----

static gm_status apply(autoencoder *a) {
    const gm_recipe *recipe = a->recipe;
    gm_tensor *encoded, *input = gm_autoencoder_input(recipe, a->real, a->counter);
    if (gm_network_needs_labels(a->encoder) || gm_network_needs_labels(a->decoder))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: autoencoders have no labels: remove the layer that needs them",
                       recipe->file);
    GM_TRY(gm_model_apply(&encoded, a->encoder, input, NULL, a->counter));
    GM_TRY(gm_autoencoder_code(recipe, encoded, &a->mean, &a->log_variance));
    gm_tensor *z = a->mean;
    if (is_variational(recipe))
        z = gm_reparametrize(a->mean, a->log_variance,
                             gm_random_normal(a->graph, "latent", *gm_tensor_shape(a->mean), a->counter));
    return gm_model_apply(&a->output, a->decoder, z, NULL, a->counter);
}

static gm_tensor *build_loss(const autoencoder *a, gm_phase *phase) {
    gm_tensor *likelihood = gm_autoencoder_log_likelihood(a->recipe, a->real, a->output);
    gm_tensor *reconstruction = gm_negate(gm_mean_all(likelihood));
    if (!is_variational(a->recipe)) {
        gm_model_add_number(a->model, phase, (gm_model_number){"loss", "loss", reconstruction, true});
        return reconstruction;
    }
    gm_tensor *divergence = gm_mean_all(gm_gaussian_divergence(a->mean, a->log_variance));
    gm_tensor *loss = gm_add(reconstruction, gm_scale(divergence, a->recipe->autoencoder.beta));
    gm_model_add_number(a->model, phase, (gm_model_number){"loss", "loss", loss, true});
    gm_model_add_number(a->model, phase, (gm_model_number){"reconstruction", "-ln p(x|z)", reconstruction, false});
    gm_model_add_number(a->model, phase, (gm_model_number){"divergence", "KL(q|p)", divergence, false});
    return loss;
}

static gm_status build_update(const autoencoder *a, gm_phase *phase, gm_phase *gather) {
    const gm_recipe *recipe = a->recipe;
    gm_tensor *loss = build_loss(a, phase);
    gm_network *both[2] = {a->encoder, a->decoder};
    for (size_t i = 0; i < 2; i++) {
        GM_TRY(gm_model_descend(&(gm_model_descent){
            .phase = phase,
            .gather = gather,
            .micro_batches = recipe->accumulate,
            .network = both[i],
            .loss = loss,
            .scale = gm_model_loss_scale(recipe),
            .optimizer = &recipe->optimizer.autoencoder,
            .prefix = gm_graph_printf(a->graph, "optimizer.%s", gm_network_name(both[i])),
            .updates = a->step,
        }));
        gm_network_assign_statistics(both[i], phase);
    }
    gm_tensor *next = gm_add(a->step, gm_constant_int(a->graph, 1));
    gm_phase_assign(phase, a->counter, gm_model_pair(next, gm_constant_int(a->graph, 0)));
    return GM_OK;
}

static gm_status build_averages(const autoencoder *a) {
    const gm_recipe *recipe = a->recipe;
    gm_phase *average = gm_phase_create(a->graph, "average");
    gm_average_params params = {.decay = recipe->average.decay, .step = recipe->average.warmup ? a->step : NULL};
    GM_TRY(gm_model_average(a->encoder, average, a->model->start, &params));
    GM_TRY(gm_model_average(a->decoder, average, a->model->start, &params));
    return gm_model_add_action(a->model, (gm_model_action){.phase = average, .every = 1});
}

static gm_status build(autoencoder *a, const gm_dataset_info *data, bool resident) {
    const gm_recipe *recipe = a->recipe;
    gm_weight_initializer initializer = (gm_weight_initializer)recipe->initializer;
    gm_phase *substep = NULL, *gather = NULL;
    GM_TRY(gm_model_add_network(a->model, "encoder", &recipe->encoder, initializer, &a->encoder));
    GM_TRY(gm_model_add_network(a->model, "decoder", &recipe->decoder, initializer, &a->decoder));
    a->counter = gm_variable(a->graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    a->step = gm_model_element(a->counter, 0);
    a->substep = gm_model_element(a->counter, 1);
    a->real = gm_autoencoder_target(recipe, gm_model_real_batch(a->model, recipe, data, resident), a->counter);
    GM_TRY(apply(a));
    GM_TRY(check_fit(a, data));

    if (recipe->average.decay > 0)
        a->model->start = gm_phase_create(a->graph, "start");
    if (recipe->accumulate > 1) {
        substep = gm_phase_create(a->graph, "substep");
        gm_phase_assign(substep, a->counter, gm_model_pair(a->step, gm_add(a->substep, gm_constant_int(a->graph, 1))));
        gather = gm_phase_create(a->graph, "gather");
    }
    gm_phase *update = gm_phase_create(a->graph, "update");
    GM_TRY(build_update(a, update, gather));
    for (size_t i = 0; i < recipe->accumulate; i++) {
        if (i > 0)
            GM_TRY(gm_model_add_action(a->model, (gm_model_action){.phase = substep, .every = 1}));
        gm_phase *phase = i + 1 < recipe->accumulate ? gather : update;
        GM_TRY(gm_model_add_action(a->model, (gm_model_action){.phase = phase, .fresh = true, .every = 1}));
    }
    if (a->model->start)
        GM_TRY(build_averages(a));
    return gm_graph_status(a->graph);
}

gm_status gm_autoencoder_build(gm_model *model, const gm_recipe *recipe, const gm_dataset_info *data, bool resident) {
    autoencoder a = {.model = model, .recipe = recipe, .graph = model->graph};
    return build(&a, data, resident);
}
