// A classifier: its section of the recipe, its training step, and its use.
//   N = batch, K = classes; loss = -E ln p(label | x), p = softmax(logits)
#include "model/classifier.h"

#include "base/base.h"
#include "ganymede/loss.h"
#include "model/balance.h"
#include "model/objective.h"
#include "recipe/value.h"

#include <stddef.h>

// ---- Keys ----

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_classifier_settings, "classifier", classifier, gm_recipe_layers_type, NULL, true,
                 "a classifier's layers from the data to a logit per class (N, K)"),
    GM_INITIALIZER_ROW(gm_classifier_settings),
    GM_ROW_TYPED(gm_classifier_settings, "optimizer.classifier", optimizer.classifier, gm_recipe_optimizer_type,
                 "{adam: {rate: 1e-3}}", false, "the classifier's update rule"),
    GM_CLASS_WEIGHTS_ROW(gm_classifier_settings),
    GM_ACCUMULATE_ROW(gm_classifier_settings),
    GM_AVERAGE_ROWS(gm_classifier_settings),
};
// clang-format on

const gm_recipe_section gm_classifier_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_classifier_settings)};

const gm_classifier_settings *gm_classifier_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_classifier_section);
}

// ---- The step ----

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_classifier_settings *settings;
    const gm_model_source *source;
    gm_network *network;
    gm_tensor *counter;
} step_builder;

static gm_status check_logits(const gm_layer_list *layers, const gm_tensor *logits, size_t N, size_t K) {
    const gm_shape *shape = gm_tensor_shape(logits);
    if (shape->rank > 0 && shape->dim[0] == N && gm_shape_count(shape) == N * K)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the classifier must end in one logit per class, but it gives %s for %zu classes: end it with "
                   "`dense: %zu`",
                   layers->layers[layers->count - 1].origin, gm_model_sample_text(logits).text, K, K);
}

static gm_status build_loss(step_builder *s, gm_tensor **loss) {
    const gm_model_source *source = s->source;
    size_t K = source->data->class_count;
    const gm_recipe_list *list = &s->settings->class_weights;
    gm_tensor *logits, *weights, *x = gm_model_real_batch(s->model, source);
    gm_tensor *labels = gm_model_real_labels(s->model, source);
    if (gm_network_needs_labels(s->network))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a classifier is not told the labels: remove the layer that needs them",
                       s->settings->classifier.layers[0].origin);
    GM_TRY(gm_model_apply(&logits, s->network, x, NULL, s->counter));
    GM_TRY(check_logits(&s->settings->classifier, logits, source->batch, K));
    GM_TRY(gm_classes_check(s->recipe, list, source->data));
    GM_TRY(gm_classes_weigh(s->recipe, list, source, labels, &weights));
    logits = gm_reshape(logits, GM_SHAPE(source->batch, K));
    *loss = weights ? gm_weighted_cross_entropy(logits, labels, weights) : gm_cross_entropy(logits, labels);
    return GM_OK;
}

gm_status gm_classifier_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    const gm_classifier_settings *settings = gm_classifier_of(recipe);
    step_builder s = {.model = model,
                      .recipe = recipe,
                      .settings = settings,
                      .source = source,
                      .counter = gm_objective_counter(model)};
    gm_tensor *loss = NULL;
    GM_TRY(gm_model_add_network(model, "classifier", &settings->classifier,
                                (gm_weight_initializer)settings->initializer, &s.network));
    GM_TRY(build_loss(&s, &loss));
    GM_TRY(gm_objective_build(model, source,
                              &(gm_objective){.counter = s.counter,
                                              .networks = &s.network,
                                              .network_count = 1,
                                              .loss = loss,
                                              .numbers = &(gm_model_number){"loss", "loss", loss, true},
                                              .number_count = 1,
                                              .optimizer = &settings->optimizer.classifier,
                                              .accumulate = settings->accumulate,
                                              .average = &settings->average}));
    return gm_graph_status(model->graph);
}

// ---- Uses ----

static gm_status build_classify(gm_use *use) {
    const gm_classifier_settings *settings = gm_classifier_of(use->recipe);
    gm_network *network;
    GM_TRY(gm_use_add_network(use, "classifier", &settings->classifier, settings->initializer, &settings->average,
                              &network));
    gm_tensor *x = gm_use_add_data(use);
    gm_use_add_output(use, "logits", gm_network_apply(network, x, GM_MODE_INFERENCE, NULL));
    gm_tensor *features = gm_network_output(network, "features");
    if (features)
        gm_use_add_output(use, "features", features);
    return GM_OK;
}

const gm_use_row gm_classifier_classify = {.name = "classify", .build = build_classify};
