// The training step of a generator that matches moments, as a graph.
//   N = batch, K = classes, D = features f of a sample, which come in B blocks.
//
// Before the first step, in one pass over the data (gm_model_survey):
//   an item contributes u = (f, 1) / sqrt(B + 1), no longer than 1, to the sum (K, D + 1) of its class
//   in private the sum begins as noise, so that no exact one ever exists: one Gaussian mechanism, in which one item
//   more or less moves the sum by at most the clip, the u of that item. Class counts are the last column, and as
//   private
// A step draws N / K samples of each class, and goes down the unbiased estimate of
//   sum over classes of |E f(G(z, k)) - m_k|^2, m_k = the sums of class k over its count
// (the mean over pairs of different samples; those with themselves would reward samples that are all alike).
//
// Sums of float32 are kept in two numbers (Knuth's two-sum), and what the sum over one batch rounds, less than N^2
// 2^-24 of an item's length, is taken off the clip: rounding makes no item count for more.
#include "model/moments.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/objective.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_PRIVATE_BATCH = 2048 };
static const double norm_margin = 1e-3; // of lengths, as rounded
static const double least_share = .01;  // of an even share of the items: a class with fewer is not learnt

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_moments_settings *settings;
    const gm_model_source *source;
    gm_graph *graph;
    gm_network *generator;
    gm_moments_features features;
    gm_tensor *counter, *real_labels, *sums, *rest;
    size_t N, K, D;
} step_builder;

// ---- Checks ----

static gm_status check_classes(const step_builder *s) {
    const gm_dataset_info *data = s->source->data;
    const gm_layer *layer = NULL;
    size_t classes = SIZE_MAX;
    gm_find_classes(&s->settings->generator, &classes, &layer);
    if (layer && data->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s needs labels, but %s has none", layer->origin, layer->type->name,
                       data->name);
    if (layer && classes < data->class_count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s has %zu classes, but %s knows only %zu: raise its `classes`",
                       layer->origin, data->name, data->class_count, layer->type->name, classes);
    if (s->N % s->K != 0 || s->N / s->K < 2)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: data.batch: a step makes as many samples of each class, at least two: set it to a multiple "
                       "of %zu from %zu on",
                       gm_recipe_origin(s->recipe, "data.batch"), s->K, 2 * s->K);
    if (s->model->privacy.plan.capacity > 0 && s->N > MOST_PRIVATE_BATCH)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: data.batch: sums over more than %d items round more than the clip allows for in private "
                       "training: make it smaller",
                       gm_recipe_origin(s->recipe, "data.batch"), MOST_PRIVATE_BATCH);
    return GM_OK;
}

static gm_status check_fit(const step_builder *s, const gm_tensor *real, const gm_tensor *fake) {
    const gm_layer_list *generator = &s->settings->generator;
    if (gm_shape_equal(gm_tensor_shape(real), gm_tensor_shape(fake)))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the generator makes %s, but the data are %s: change its layers or data.size",
                   generator->layers[generator->count - 1].origin, gm_model_sample_text(fake).text,
                   gm_model_sample_text(real).text);
}

// ---- Before the first step ----

static gm_tensor *variable(const step_builder *s, const char *name) {
    return gm_variable(s->graph, name, GM_FLOAT32, GM_SHAPE(s->K, s->D + 1), (gm_initializer){0});
}

// (K, D + 1): what the items of a batch contribute.
static gm_tensor *contributions(const step_builder *s, gm_tensor *mask) {
    const double N = (double)s->N;
    const bool private = s->model->privacy.plan.capacity > 0;
    const double clip = private ? s->model->privacy.plan.clip * (1 - norm_margin - N * N * 0x1p-24) : 1;
    const double length = clip / sqrt((double)s->features.blocks + 1);
    gm_tensor *one = gm_full(s->graph, GM_SHAPE(s->N, 1), 1);
    gm_tensor *u = gm_scale(gm_concat((gm_tensor *[]){s->features.values, one}, 2, 1), length);
    gm_tensor *which = gm_reshape(mask, GM_SHAPE(s->N, 1));
    if (s->real_labels)
        which = gm_multiply(gm_one_hot(s->real_labels, s->K), which);
    return gm_gemm(which, u, &(gm_gemm_params){.transpose_a = true});
}

static void build_survey(step_builder *s) {
    gm_model_survey *survey = &s->model->survey;
    gm_model_privacy *p = &s->model->privacy;
    s->sums = variable(s, "moments.sums");
    s->rest = variable(s, "moments.rest");
    survey->mask = gm_input(s->graph, "survey.mask", GM_FLOAT32, GM_SHAPE(s->N));
    survey->begin = gm_phase_create(s->graph, "survey.begin");
    gm_tensor *first = gm_full(s->graph, *gm_tensor_shape(s->sums), 0);
    if (p->plan.capacity > 0) {
        p->values = s->K * (s->D + 1);
        p->noise = gm_input(s->graph, "privacy.noise", GM_FLOAT32, GM_SHAPE(p->values));
        first = gm_reshape(p->noise, *gm_tensor_shape(s->sums));
    }
    gm_phase_assign(survey->begin, s->sums, first);
    gm_phase_assign(survey->begin, s->rest, gm_full(s->graph, *gm_tensor_shape(s->rest), 0));
    survey->gather = gm_phase_create(s->graph, "survey.gather");
    gm_tensor *part = contributions(s, survey->mask), *sum = gm_add(s->sums, part);
    gm_tensor *taken = gm_subtract(sum, s->sums);
    gm_tensor *lost = gm_add(gm_subtract(s->sums, gm_subtract(sum, taken)), gm_subtract(part, taken));
    gm_phase_assign(survey->gather, s->sums, sum);
    gm_phase_assign(survey->gather, s->rest, gm_add(s->rest, lost));
}

// ---- The step ----

// Sample n is of class n modulo K.
static gm_status make_labels(const step_builder *s, gm_tensor **labels) {
    int32_t *values;
    *labels = NULL;
    if (!gm_network_needs_labels(s->generator))
        return GM_OK;
    GM_TRY(gm_alloc(&values, s->N, sizeof *values, "labels"));
    for (size_t n = 0; n < s->N; n++)
        values[n] = (int32_t)(n % s->K);
    *labels = gm_constant_array(s->graph, GM_INT32, GM_SHAPE(s->N), values);
    free(values);
    return GM_OK;
}

// The means of the data's features (K, D), and which classes have items enough (K, 1).
static gm_tensor *means(const step_builder *s, gm_tensor **known) {
    const double least = least_share * (double)s->source->data->count / (double)s->K;
    const double length = 1 / sqrt((double)s->features.blocks + 1); // of the column of counts
    const double clip = s->model->privacy.plan.capacity > 0 ? s->model->privacy.plan.clip : 1;
    gm_tensor *sums = gm_add(s->sums, s->rest);
    gm_tensor *count = gm_slice(sums, (size_t[]){0, s->D}, (size_t[]){s->K, 1});
    gm_tensor *bound = gm_constant(s->graph, GM_MAX(least, 1e-3) * length * clip);
    *known = gm_greater(count, bound);
    return gm_divide(gm_slice(sums, (size_t[]){0, 0}, (size_t[]){s->K, s->D}), gm_maximum(count, bound));
}

static gm_tensor *build_loss(const step_builder *s) {
    const size_t m = s->N / s->K;
    gm_tensor *known, *mean = means(s, &known);
    gm_tensor *f = gm_reshape(s->features.values, GM_SHAPE(m, s->K, s->D));
    gm_tensor *sum = gm_reshape(gm_sum(f, GM_AXIS(0)), GM_SHAPE(s->K, s->D));
    gm_tensor *squares = gm_reshape(gm_sum(gm_square(f), GM_AXIS(0) | GM_AXIS(2)), GM_SHAPE(s->K, 1));
    gm_tensor *pairs = gm_scale(gm_subtract(gm_sum(gm_square(sum), GM_AXIS(1)), squares), 1 / (double)(m * (m - 1)));
    gm_tensor *across = gm_scale(gm_sum(gm_multiply(sum, mean), GM_AXIS(1)), -2 / (double)m);
    gm_tensor *distance = gm_add(gm_add(pairs, across), gm_sum(gm_square(mean), GM_AXIS(1)));
    return gm_mean_all(gm_multiply(distance, known));
}

static gm_status build_networks(step_builder *s) {
    const gm_moments_settings *settings = s->settings;
    GM_TRY(gm_model_add_network(s->model, "generator", &settings->generator,
                                (gm_weight_initializer)settings->initializer, &s->generator));
    GM_TRY(gm_moments_features_init(&s->features, s->model, settings));
    s->K = gm_network_needs_labels(s->generator) ? s->source->data->class_count : 1;
    s->N = s->source->batch;
    s->counter = gm_objective_counter(s->model);
    return check_classes(s);
}

gm_status gm_moments_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {
        .model = model, .recipe = recipe, .settings = gm_moments_of(recipe), .source = source, .graph = model->graph};
    gm_tensor *labels, *fake;
    GM_TRY(build_networks(&s));
    gm_tensor *real = gm_model_real_batch(model, source);
    if (gm_network_needs_labels(s.generator))
        s.real_labels = gm_model_real_labels(model, source);
    GM_TRY(gm_moments_features_apply(&s.features, real));
    s.D = gm_tensor_shape(s.features.values)->dim[1];
    build_survey(&s);
    GM_TRY(make_labels(&s, &labels));
    gm_tensor *z = gm_latent_batch(&s.settings->latent, s.graph, s.N, s.counter);
    GM_TRY(gm_model_apply(&fake, s.generator, z, labels, s.counter));
    GM_TRY(check_fit(&s, real, fake));
    GM_TRY(gm_moments_features_apply(&s.features, fake));
    gm_tensor *loss = build_loss(&s);
    GM_TRY(gm_objective_build(model, source,
                              &(gm_objective){.counter = s.counter,
                                              .networks = &s.generator,
                                              .network_count = 1,
                                              .loss = loss,
                                              .numbers = &(gm_model_number){"distance", "distance", loss, true},
                                              .number_count = 1,
                                              .optimizer = &s.settings->optimizer.generator,
                                              .accumulate = 1,
                                              .reads_nothing = true,
                                              .average = &s.settings->average}));
    return gm_graph_status(s.graph);
}
