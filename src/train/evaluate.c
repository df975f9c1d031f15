// Bounds on the likelihood of held-out data under a trained vae, on items that training has not seen.
//   B = items of a batch, k = importance samples.
//
// The graph has two phases: `encode` gives q(z|x) of a batch once, `weigh` draws one z per item and its log weight
// ln p(x|z) p(z) / q(z|x), k times over. What the first gives the second is kept by way of the host, as a plan's own
// memory holds it for one run. Sums over draws and items are the host's, in double precision. Item i's draws
// depend on the run's seed, i and their number alone, so that more of them only add to fewer.
#include "ganymede/train.h"

#include "ganymede/likelihood.h"
#include "train/model.h"
#include "train/run.h"

#include <stdlib.h>
#include <string.h>

enum { B = 100, STANDARD_SAMPLES = 64, KEPT = 3 };

typedef struct evaluation {
    gm_recipe *recipe;
    gm_dataset *data;
    gm_device *device;
    gm_state *state;
    gm_graph *graph;
    gm_network *encoder, *decoder;
    gm_plan *plan;
    gm_phase *encode, *weigh;
    gm_tensor *items, *place, *draw;     // inputs: the items; (batch, 0); (batch, draw)
    gm_tensor *given[KEPT], *kept[KEPT]; // fetched by `encode` and inputs of `weigh`: target, mean, log variance
    gm_tensor *divergence, *likelihood, *weight; // fetched, (B) each; the latter two are logarithms
    size_t item_values;
} evaluation;

static gm_estimate estimate(const gm_running_mean *mean) {
    return (gm_estimate){mean->value, gm_running_mean_error(mean)};
}

// ---- What is evaluated ----

static gm_status check_model(const gm_recipe *recipe, const char *path) {
    if (recipe->model == GM_RECIPE_AUTOENCODER && recipe->autoencoder.kind == GM_AUTOENCODER_VARIATIONAL)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: this run's model has no likelihood to bound: that takes an autoencoder of "
                   "kind vae",
                   path);
}

// The part that was not trained on, or the data that are asked for.
static gm_status open_data(evaluation *e, const gm_likelihood_options *options) {
    const gm_recipe *recipe = e->recipe;
    const char *source = options->data ? options->data : recipe->data.source;
    gm_dataset_options choice = {.split = recipe->data.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST,
                                 .size = recipe->data.size,
                                 .fit = (gm_fit)recipe->data.fit,
                                 .channels = recipe->data.channels,
                                 .folder = options->data ? NULL : recipe->data.folder,
                                 .seed = recipe->seed};
    GM_TRY(gm_dataset_open(&e->data, source, &choice));
    const gm_dataset_info *info = gm_dataset_get_info(e->data);
    if (info->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the data set is empty", info->name);
    if (!options->data) {
        gm_dataset *trained;
        choice.split = (gm_split)recipe->data.split;
        GM_TRY(gm_dataset_open(&trained, source, &choice));
        gm_status status = gm_dataset_check_held_out(e->data, trained);
        gm_dataset_close(&trained);
        if (status != GM_OK)
            return gm_fail(status, "%s: name others by --data", gm_error_message());
    }
    if (recipe->autoencoder.likelihood == GM_LIKELIHOOD_BERNOULLI && info->kind != GM_DATASET_IMAGES)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds floats, but this run's bernoulli likelihood takes images",
                       info->name);
    e->item_values = info->item_values;
    return GM_OK;
}

// ln p(x|z) p(z) / q(z|x) of one draw per item
static gm_status build_weights(evaluation *e) {
    const gm_recipe *recipe = e->recipe;
    gm_tensor *x = e->kept[0], *m = e->kept[1], *log_variance = e->kept[2], *zero = gm_constant(e->graph, 0);
    gm_tensor *noise = gm_random_normal(e->graph, "latent", *gm_tensor_shape(m), e->draw);
    gm_tensor *z = gm_reparametrize(m, log_variance, noise);
    gm_tensor *output = gm_network_apply(e->decoder, z, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(e->graph));
    if (!gm_shape_equal(gm_tensor_shape(output), gm_tensor_shape(x)))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its items are %s, but this run was trained on %s",
                       gm_dataset_get_info(e->data)->name, gm_model_sample_text(x).text,
                       gm_model_sample_text(output).text);
    e->likelihood = gm_autoencoder_log_likelihood(recipe, x, output);
    gm_tensor *prior = gm_gaussian_log_likelihood(z, zero, zero);
    gm_tensor *posterior = gm_gaussian_log_likelihood(z, m, log_variance);
    e->weight = gm_add(e->likelihood, gm_subtract(prior, posterior));
    e->weigh = gm_phase_create(e->graph, "weigh");
    gm_phase_fetch(e->weigh, e->likelihood);
    gm_phase_fetch(e->weigh, e->weight);
    return gm_graph_status(e->graph);
}

static gm_status build_graph(evaluation *e) {
    const gm_recipe *recipe = e->recipe;
    const gm_dataset_info *info = gm_dataset_get_info(e->data);
    bool average = recipe->average.decay > 0, vectors = info->height == 1 && info->width == 1;
    gm_weight_initializer initializer = (gm_weight_initializer)recipe->initializer;
    GM_TRY(gm_graph_create(&e->graph));
    GM_TRY(gm_network_create(&e->encoder, average ? "encoder_average" : "encoder", recipe->encoder.layers,
                             recipe->encoder.count, initializer));
    GM_TRY(gm_network_create(&e->decoder, average ? "decoder_average" : "decoder", recipe->decoder.layers,
                             recipe->decoder.count, initializer));
    e->items =
        gm_input(e->graph, "items", GM_FLOAT32,
                 vectors && info->kind != GM_DATASET_IMAGES ? GM_SHAPE(B, info->channels)
                                                            : GM_SHAPE(B, info->channels, info->height, info->width));
    e->place = gm_input(e->graph, "place", GM_INT32, GM_SHAPE(2));
    e->draw = gm_input(e->graph, "draw", GM_INT32, GM_SHAPE(2));

    gm_tensor **given = e->given;
    given[0] = gm_autoencoder_target(recipe, e->items, e->place);
    gm_tensor *encoded = gm_network_apply(e->encoder, given[0], GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(e->graph));
    GM_TRY(gm_autoencoder_code(recipe, encoded, &given[1], &given[2]));
    e->divergence = gm_gaussian_divergence(given[1], given[2]);
    e->encode = gm_phase_create(e->graph, "encode");
    gm_phase_fetch(e->encode, e->divergence);
    for (size_t i = 0; i < KEPT; i++) {
        static const char *const names[KEPT] = {"target", "mean", "log_variance"};
        gm_phase_fetch(e->encode, given[i]);
        e->kept[i] = gm_input(e->graph, names[i], GM_FLOAT32, *gm_tensor_shape(given[i]));
    }
    return build_weights(e);
}

static gm_status open_run(evaluation *e, const char *path, const gm_likelihood_options *options, uint64_t *step) {
    gm_checkpoint *checkpoint = NULL;
    GM_TRY(gm_run_find_checkpoint(&checkpoint, path));
    const gm_checkpoint_info *info = gm_checkpoint_get_info(checkpoint);
    gm_status status = GM_OK;
    *step = info->step;
    GM_TRY_DONE(gm_recipe_parse(&e->recipe, path, info->recipe, strlen(info->recipe), NULL, 0));
    GM_TRY_DONE(check_model(e->recipe, path));
    GM_TRY_DONE(open_data(e, options));
    GM_TRY_DONE(build_graph(e));
    GM_TRY_DONE(gm_device_open(&e->device, options->device));
    GM_TRY_DONE(gm_state_create(&e->state, e->device, e->recipe->seed));
    GM_TRY_DONE(gm_plan_create(&e->plan, e->graph, e->state, NULL));
    status = gm_checkpoint_load(checkpoint, e->state, true);
done:
    gm_checkpoint_close(&checkpoint);
    return status;
}

static void finish(evaluation *e) {
    gm_plan_destroy(&e->plan);
    gm_state_destroy(&e->state);
    gm_network_destroy(&e->encoder);
    gm_network_destroy(&e->decoder);
    gm_graph_destroy(&e->graph);
    gm_device_close(&e->device);
    gm_dataset_close(&e->data);
    gm_recipe_destroy(&e->recipe);
}

// ---- The bounds ----

typedef struct bounds {
    gm_running_mean elbo, bound, reconstruction, divergence;
} bounds;

// q(z|x) of items first ... first + count - 1; `buffer` holds the largest of the values.
static gm_status encode_batch(const evaluation *e, size_t first, size_t count, float *buffer) {
    int32_t indices[B], place[2] = {(int32_t)(first / B), 0};
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i);
    GM_TRY(gm_model_real_samples(e->recipe, e->data, indices, count, buffer, NULL));
    GM_TRY(gm_plan_write(e->plan, e->items, buffer, B * e->item_values * sizeof *buffer));
    GM_TRY(gm_plan_write(e->plan, e->place, place, sizeof place));
    GM_TRY(gm_plan_run(e->plan, e->encode));
    for (size_t i = 0; i < KEPT; i++) {
        size_t bytes = gm_shape_count(gm_tensor_shape(e->kept[i])) * sizeof *buffer;
        GM_TRY(gm_plan_read(e->plan, e->given[i], buffer, bytes));
        GM_TRY(gm_plan_write(e->plan, e->kept[i], buffer, bytes));
    }
    return GM_OK;
}

// With k draws each.
static gm_status evaluate_batch(const evaluation *e, size_t first, size_t count, size_t k, float *buffer, bounds *to) {
    int32_t place[2] = {(int32_t)(first / B), 0};
    float divergence[B], likelihood[B], weight[B];
    double likelihoods[B] = {0};
    gm_log_sum weights[B] = {0};
    GM_TRY(encode_batch(e, first, count, buffer));
    GM_TRY(gm_plan_read(e->plan, e->divergence, divergence, sizeof divergence));
    for (size_t j = 0; j < k; j++) {
        place[1] = (int32_t)j;
        GM_TRY(gm_plan_write(e->plan, e->draw, place, sizeof place));
        GM_TRY(gm_plan_run(e->plan, e->weigh));
        GM_TRY(gm_plan_read(e->plan, e->likelihood, likelihood, sizeof likelihood));
        GM_TRY(gm_plan_read(e->plan, e->weight, weight, sizeof weight));
        for (size_t i = 0; i < count; i++) {
            likelihoods[i] += (double)likelihood[i] / (double)k;
            gm_log_sum_add(&weights[i], (double)weight[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        gm_running_mean_add(&to->reconstruction, -likelihoods[i]);
        gm_running_mean_add(&to->divergence, (double)divergence[i]);
        gm_running_mean_add(&to->elbo, likelihoods[i] - (double)divergence[i]);
        gm_running_mean_add(&to->bound, gm_log_sum_mean(&weights[i]));
    }
    return GM_OK;
}

static gm_status evaluate(const evaluation *e, gm_likelihood *result) {
    bounds sums = {0};
    gm_status status = GM_OK;
    float *buffer;
    GM_TRY(gm_alloc(&buffer, B * GM_MAX(e->item_values, e->recipe->latent.size), sizeof *buffer, "items"));
    for (size_t first = 0; first < result->count && status == GM_OK; first += B)
        status = evaluate_batch(e, first, GM_MIN(result->count - first, B), result->samples, buffer, &sums);
    free(buffer);
    GM_TRY(status);
    result->elbo = estimate(&sums.elbo);
    result->bound = estimate(&sums.bound);
    result->reconstruction = estimate(&sums.reconstruction);
    result->divergence = estimate(&sums.divergence);
    return GM_OK;
}

gm_status gm_evaluate_likelihood(const char *run, const gm_likelihood_options *options, gm_likelihood *result) {
    static const gm_likelihood_options standard = {0};
    evaluation e = {0};
    gm_status status = GM_OK;
    *result = (gm_likelihood){0};
    options = options ? options : &standard;
    result->samples = options->samples ? options->samples : STANDARD_SAMPLES;
    if (result->samples > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu importance samples are too many: at most %d", result->samples,
                       INT32_MAX);
    GM_TRY_DONE(open_run(&e, run, options, &result->step));
    result->count = gm_dataset_get_info(e.data)->count;
    if (options->count)
        result->count = GM_MIN(result->count, options->count);
    status = evaluate(&e, result);
done:
    finish(&e);
    return status;
}
