// Bounds on the likelihood of held-out data under a trained vae, on items that training has not seen.
//   B = items of a batch, k = importance samples.
//
// The graph has two phases: `encode` gives q(z|x) of a batch once, `weigh` draws one z per item and its log weight
// ln p(x|z) p(z) / q(z|x), k times over. What the first gives the second is kept by way of the host, as a plan's own
// memory holds it for one run. Sums over draws and items are the host's, in double precision. Item i's draws
// depend on the run's seed, i and their number alone, so that more of them only add to fewer.
#include "model/autoencoder.h"

#include "base/base.h"
#include "ganymede/likelihood.h"
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>

enum { B = 100, AT_ONCE = 64, STANDARD_SAMPLES = 64, KEPT = 3 };

typedef struct bounder {
    const gm_autoencoder_settings *settings;
    gm_autoencoder_parts parts;
    const gm_evaluation_source *source;
    size_t samples; // draws per item
    gm_graph *graph;
    gm_network *encoder, *decoder;
    gm_plan *plan;
    gm_phase *encode, *weigh;
    gm_tensor *items, *place, *draw;     // inputs: the items; (batch, 0); (batch, draw)
    gm_tensor *given[KEPT], *kept[KEPT]; // fetched by `encode` and inputs of `weigh`: target, mean, log variance
    gm_tensor *divergence, *likelihood, *weight; // fetched, (B) each; the latter two are logarithms
} bounder;

// ---- The graph ----

// ln p(x|z) p(z) / q(z|x) of one draw per item
static gm_status build_weights(bounder *e) {
    gm_tensor *x = e->kept[0], *m = e->kept[1], *log_variance = e->kept[2], *zero = gm_constant(e->graph, 0);
    gm_tensor *noise = gm_random_normal(e->graph, "latent", *gm_tensor_shape(m), e->draw);
    gm_tensor *z = gm_reparametrize(m, log_variance, noise);
    gm_tensor *output = gm_network_apply(e->decoder, z, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(e->graph));
    if (!gm_shape_equal(gm_tensor_shape(output), gm_tensor_shape(x)))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its items are %s, but this run was trained on %s",
                       gm_dataset_get_info(e->source->data)->name, gm_model_sample_text(x).text,
                       gm_model_sample_text(output).text);
    e->likelihood = gm_autoencoder_log_likelihood(&e->parts, x, output);
    gm_tensor *prior = gm_gaussian_log_likelihood(z, zero, zero);
    gm_tensor *posterior = gm_gaussian_log_likelihood(z, m, log_variance);
    e->weight = gm_add(e->likelihood, gm_subtract(prior, posterior));
    e->weigh = gm_phase_create(e->graph, "weigh");
    gm_phase_fetch(e->weigh, e->likelihood);
    gm_phase_fetch(e->weigh, e->weight);
    return gm_graph_status(e->graph);
}

static gm_status build_graph(bounder *e) {
    const gm_autoencoder_settings *a = e->settings;
    bool average = a->average.decay > 0;
    gm_weight_initializer initializer = (gm_weight_initializer)a->initializer;
    GM_TRY(gm_graph_create(&e->graph));
    GM_TRY(gm_network_create(&e->encoder, average ? "encoder_average" : "encoder", a->encoder.layers, a->encoder.count,
                             initializer));
    GM_TRY(gm_network_create(&e->decoder, average ? "decoder_average" : "decoder", a->decoder.layers, a->decoder.count,
                             initializer));
    e->items = gm_input(e->graph, "items", GM_FLOAT32, gm_sample_batch(&e->source->format, B));
    e->place = gm_input(e->graph, "place", GM_INT32, GM_SHAPE(2));
    e->draw = gm_input(e->graph, "draw", GM_INT32, GM_SHAPE(2));

    gm_tensor **given = e->given;
    given[0] = gm_autoencoder_target(&e->parts, e->items, e->place);
    gm_tensor *encoded = gm_network_apply(e->encoder, given[0], GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(e->graph));
    GM_TRY(gm_autoencoder_code(a, encoded, &given[1], &given[2]));
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

static void finish(bounder *e) {
    gm_autoencoder_parts_finish(&e->parts);
    gm_plan_destroy(&e->plan);
    gm_network_destroy(&e->encoder);
    gm_network_destroy(&e->decoder);
    gm_graph_destroy(&e->graph);
}

// ---- The bounds ----

typedef struct bounds {
    gm_running_mean elbo, bound, reconstruction, divergence;
} bounds;

// q(z|x) of items first ... first + count - 1; `buffer` holds the largest of the values.
static gm_status encode_batch(const bounder *e, size_t first, size_t count, float *buffer) {
    int32_t indices[B], place[2] = {(int32_t)(first / B), 0};
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i);
    GM_TRY(gm_dataset_decode(e->source->data, &e->source->format, indices, count, buffer, NULL));
    GM_TRY(gm_plan_write(e->plan, e->items, buffer, B * gm_sample_values(&e->source->format) * sizeof *buffer));
    GM_TRY(gm_plan_write(e->plan, e->place, place, sizeof place));
    GM_TRY(gm_plan_run(e->plan, e->encode));
    for (size_t i = 0; i < KEPT; i++) {
        size_t bytes = gm_shape_count(gm_tensor_shape(e->kept[i])) * sizeof *buffer;
        GM_TRY(gm_plan_read(e->plan, e->given[i], buffer, bytes));
        GM_TRY(gm_plan_write(e->plan, e->kept[i], buffer, bytes));
    }
    return GM_OK;
}

// What some draws give: (AT_ONCE, B) each.
typedef struct draws {
    float likelihood[AT_ONCE][B], weight[AT_ONCE][B];
} draws;

// Draws first ... first + count - 1 of a batch, enqueued one behind the other and waited for at the end.
static gm_status draw(const bounder *e, int32_t batch, size_t first, size_t count, draws *d) {
    gm_status status = GM_OK;
    for (size_t j = 0; j < count; j++) {
        const int32_t place[2] = {batch, (int32_t)(first + j)};
        GM_TRY_DONE(gm_plan_write(e->plan, e->draw, place, sizeof place));
        GM_TRY_DONE(gm_plan_run(e->plan, e->weigh));
        GM_TRY_DONE(gm_plan_read_later(e->plan, e->likelihood, d->likelihood[j], sizeof d->likelihood[j]));
        GM_TRY_DONE(gm_plan_read_later(e->plan, e->weight, d->weight[j], sizeof d->weight[j]));
    }
done:
    return gm_plan_finish_after(e->plan, status);
}

// With k draws each.
static gm_status evaluate_batch(const bounder *e, size_t first, size_t count, size_t k, float *buffer, draws *d,
                                bounds *to) {
    float divergence[B];
    double likelihoods[B] = {0};
    gm_log_sum weights[B] = {0};
    GM_TRY(encode_batch(e, first, count, buffer));
    GM_TRY(gm_plan_read(e->plan, e->divergence, divergence, sizeof divergence));
    for (size_t done = 0; done < k; done += AT_ONCE) {
        size_t here = GM_MIN(k - done, (size_t)AT_ONCE);
        GM_TRY(draw(e, (int32_t)(first / B), done, here, d));
        for (size_t j = 0; j < here; j++)
            for (size_t i = 0; i < count; i++) {
                likelihoods[i] += (double)d->likelihood[j][i] / (double)k;
                gm_log_sum_add(&weights[i], (double)d->weight[j][i]);
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

static gm_status bound(const bounder *e, bounds *sums) {
    size_t widest = GM_MAX(gm_sample_values(&e->source->format), e->settings->latent.size);
    gm_status status = GM_OK;
    float *buffer = NULL;
    draws *d = NULL;
    GM_TRY_DONE(gm_alloc(&buffer, B * widest, sizeof *buffer, "items"));
    GM_TRY_DONE(gm_alloc(&d, 1, sizeof *d, "draws"));
    for (size_t first = 0; first < e->source->count; first += B)
        GM_TRY_DONE(evaluate_batch(e, first, GM_MIN(e->source->count - first, B), e->samples, buffer, d, sums));
done:
    free(buffer);
    free(d);
    return status;
}

static gm_status add_mean(gm_evaluation *evaluation, const char *key, const char *label, const gm_running_mean *mean,
                          const char *help) {
    return gm_evaluation_add(
        evaluation,
        (gm_evaluation_figure){
            .key = key, .label = label, .value = mean->value, .error = gm_running_mean_error(mean), .help = help});
}

static gm_status report(gm_evaluation *evaluation, const bounds *sums, size_t samples) {
    const char *label = gm_arena_printf(&evaluation->arena, "IWAE-%zu", samples);
    evaluation->info.samples = samples;
    evaluation->info.unit = "nats per item";
    GM_TRY(add_mean(evaluation, "elbo", "ELBO", &sums->elbo, "= -(reconstruction + divergence) <= ln p(x)"));
    GM_TRY(add_mean(evaluation, "iwae", label ? label : "IWAE", &sums->bound, "<= ln p(x)"));
    GM_TRY(add_mean(evaluation, "reconstruction", "reconstruction", &sums->reconstruction, "E -ln p(x|z)"));
    return add_mean(evaluation, "divergence", "divergence", &sums->divergence, "KL(q(z|x) || p(z))");
}

static gm_status check(const gm_evaluation_source *source) {
    const gm_autoencoder_settings *a = gm_autoencoder_of(source->recipe);
    if (!gm_autoencoder_is_variational(a))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: this run's model has no likelihood to bound: that takes an autoencoder of kind vae",
                       gm_recipe_file(source->recipe));
    if (gm_autoencoder_is_bernoulli(a) && !gm_sample_is_scaled(&source->format) && !source->format.table)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds floats, but this run's bernoulli likelihood takes images",
                       gm_dataset_get_info(source->data)->name);
    if (source->samples > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu importance samples are too many: at most %d", source->samples,
                       INT32_MAX);
    return GM_OK;
}

gm_status gm_autoencoder_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source) {
    bounder e = {
        .settings = gm_autoencoder_of(source->recipe),
        .source = source,
        .samples = source->samples ? source->samples : STANDARD_SAMPLES,
    };
    bounds sums = {0};
    gm_status status;
    GM_TRY_DONE(check(source));
    GM_TRY_DONE(gm_autoencoder_parts_init(&e.parts, source->recipe, &source->format));
    GM_TRY_DONE(build_graph(&e));
    GM_TRY_DONE(gm_plan_create(&e.plan, e.graph, source->state, NULL));
    GM_TRY_DONE(bound(&e, &sums));
    status = report(evaluation, &sums, e.samples);
done:
    finish(&e);
    return status;
}
