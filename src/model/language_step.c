// A language model: its section of the recipe, its layers, and its training step.
//   N = batch, L = window, C = symbols; loss = -E ln p(x_l | x_1 ... x_(l-1)), over all positions of a window, which
//   begins without a memory
#include "base/base.h"
#include "ganymede/loss.h"
#include "graph/graph.h"
#include "model/language.h"
#include "model/objective.h"
#include "nn/layers.h"
#include "recipe/value.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { USUAL_WINDOW = 96 };

// ---- Keys ----

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_language_settings, "language", language, gm_recipe_layers_type, NULL, true,
                 "a language model's layers: embedding, embed where it is told classes, then gru or lstm and layers that see one "
                 "position at a time; a map to a logit for each symbol follows by itself"),
    GM_ROW_INTEGER(gm_language_settings, "length", length, 0, GM_TEXT_MOST_WINDOW, 0,
                   "symbols of a sample; 0: as many as a window of the data has"),
    GM_INITIALIZER_ROW(gm_language_settings),
    GM_ROW_TYPED(gm_language_settings, "optimizer.language", optimizer.language, gm_recipe_optimizer_type,
                 "{adam: {rate: 2e-3}}", false, "the language model's update rule"),
    GM_ACCUMULATE_ROW(gm_language_settings),
    GM_AVERAGE_ROWS(gm_language_settings),
};
// clang-format on

// Symbols come as numbers; windows are longer than a GAN's.
static gm_status resolve(gm_recipe *recipe, void *settings) {
    const gm_language_settings *language = settings;
    gm_common *common = gm_recipe_edit(recipe, &gm_common_section);
    const gm_layer *first = &language->language.layers[0];
    if (!gm_is_layer(first, "embedding"))
        return gm_fail(GM_ERROR_FORMAT, "%s: a language model begins with the layer embedding, not with %s",
                       first->origin, first->type->name);
    if (gm_recipe_find(recipe, "data.text.form") && common->data.text.form != GM_TEXT_NUMBERS)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.text.form: a language model takes symbols as numbers: leave it out",
                       gm_recipe_origin(recipe, "data.text.form"));
    common->data.text.form = GM_TEXT_NUMBERS;
    if (common->data.text.window == 0)
        common->data.text.window = USUAL_WINDOW;
    return GM_OK;
}

const gm_recipe_section gm_language_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_language_settings), .resolve = resolve};

const gm_language_settings *gm_language_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_language_section);
}

// ---- Layers ----

gm_status gm_language_layers(gm_graph *graph, const gm_language_settings *settings, size_t symbols,
                             gm_layer_list *layers) {
    const gm_layer_list *given = &settings->language;
    gm_layer *list = gm_arena_alloc(&graph->arena, (given->count + 1) * sizeof *list);
    if (!list)
        return gm_fail_memory(given->count * sizeof *list, "layers");
    GM_TRY(gm_layers_check_positions(given, "a language model"));
    memcpy(list, given->layers, given->count * sizeof *list);
    list[0].params.embedding.symbols = symbols + 1; // 0 is the beginning of a text
    gm_layer *last = &list[given->count];
    gm_layer_default(last, gm_layer_type_find("conv"));
    last->origin = given->layers[given->count - 1].origin;
    GM_TRY(gm_layer_set_number(last, "channels", (double)symbols));
    GM_TRY(gm_layer_set_text(last, "kernel", "1"));
    *layers = (gm_layer_list){list, given->count + 1};
    return GM_OK;
}

size_t gm_language_classes(const gm_language_settings *settings, const gm_layer **layer) {
    size_t fewest = SIZE_MAX;
    *layer = NULL;
    gm_find_classes(&settings->language, &fewest, layer);
    return fewest;
}

// ---- The step ----

static gm_status find_labels(gm_model *model, const gm_model_source *source, const gm_language_settings *settings,
                             gm_tensor **labels) {
    const gm_dataset_info *data = source->data;
    const gm_layer *layer;
    const size_t classes = gm_language_classes(settings, &layer);
    *labels = NULL;
    if (!layer)
        return GM_OK;
    if (data->class_count == 0)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: %s needs classes, but %s has none: give folders of texts, one for each class, or the column "
            "of a table (data.text.label)",
            layer->origin, layer->type->name, data->name);
    if (classes < data->class_count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s has %zu classes, but %s knows only %zu: raise its `classes`",
                       layer->origin, data->name, data->class_count, layer->type->name, classes);
    *labels = gm_model_real_labels(model, source);
    return GM_OK;
}

// What lies behind the first end of a line is not learnt: its labels are none.
static gm_tensor *labels_of(gm_tensor *x, gm_tensor *before, const gm_text_schema *text) {
    gm_graph *graph = gm_tensor_graph(x);
    if (text->items == GM_TEXT_WINDOWS)
        return gm_cast(x, GM_INT32);
    gm_tensor *behind = gm_equal(before, gm_constant(graph, 1));
    return gm_cast(gm_select(behind, gm_constant(graph, -1), x), GM_INT32);
}

gm_status gm_language_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    const gm_language_settings *settings = gm_language_of(recipe);
    const gm_text_schema *text = source->format.text;
    const size_t N = source->batch, L = gm_sample_text_length(&source->format);
    gm_tensor *counter = gm_objective_counter(model), *logits, *labels;
    gm_network *network;
    gm_layer_list layers;
    GM_TRY(gm_language_layers(model->graph, settings, gm_text_schema_codes(text), &layers));
    GM_TRY(gm_model_add_network(model, "language", &layers, (gm_weight_initializer)settings->initializer, &network));
    gm_tensor *x = gm_model_real_batch(model, source);
    gm_tensor *shifted = gm_slice(gm_offset(x, 1), (const size_t[]){0, 0}, (const size_t[]){N, L - 1});
    gm_tensor *before = gm_pad(shifted, (const size_t[]){0, 1}, (const size_t[]){0, 0});
    GM_TRY(find_labels(model, source, settings, &labels));
    GM_TRY(gm_model_apply(&logits, network, before, labels, counter));
    gm_tensor *loss = gm_cross_entropy(logits, labels_of(x, before, text));
    const gm_model_number numbers[] = {{"loss", "loss", loss, true},
                                       {"bits", "bits", gm_scale(loss, 1 / log(2)), false}};
    GM_TRY(gm_objective_build(model, source,
                              &(gm_objective){.counter = counter,
                                              .networks = &network,
                                              .network_count = 1,
                                              .loss = loss,
                                              .numbers = numbers,
                                              .number_count = GM_COUNT(numbers),
                                              .optimizer = &settings->optimizer.language,
                                              .accumulate = settings->accumulate,
                                              .average = &settings->average}));
    return gm_graph_status(model->graph);
}
