// The recipes of samples/ on small batches of made-up data.
#include "train/training.h"

#include "graph/graph.h"
#include "sample/schema.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 64, CLASSES = 10 };

// Batches that are no multiple of a vector or tile; small ones for the convolutions, which the interpreter does in
// plain loops.
const recipe_case recipe_cases[] = {
    {"mlp-ring.yaml", {"data.batch=21"}, 2, 1, false, false, 0},
    {"mlp-ring.yaml", {"data.batch=20", "discriminator_steps=3"}, 2, 1, true, false, 0},
    {"mlp-grid.yaml", {"data.batch=20"}, 2, 1, false, false, 0},
    {"mlp-fashion.yaml", {"data.batch=20"}, 1, 28, false, false, 0},
    {"mlp-fashion.yaml", {"data.batch=7", "loss=least_squares"}, 1, 28, true, false, 0},
    {"dcgan-quick.yaml", {"data.batch=5"}, 1, 32, false, false, 0},
    {"dcgan-fashion.yaml", {"data.batch=3"}, 1, 32, false, true, 0},
    {"pacgan-ring.yaml", {"data.batch=20"}, 2, 1, false, false, 0},
    {"pacgan-ring.yaml", {"data.batch=20", "regularizers=[packing: 2]"}, 2, 1, false, false, 0},
    {"pacgan-ring.yaml", {"data.batch=20", "entropy_term.weight=1"}, 2, 1, false, false, 0},
    {"pacgan-grid.yaml", {"data.batch=20"}, 2, 1, false, true, 0},
    {"ring-r1r2.yaml", {"data.batch=20"}, 2, 1, false, false, 0},
    {"grid-r1r2.yaml", {"data.batch=20"}, 2, 1, false, true, 0},
    {"wgan-gp-fashion.yaml", {"data.batch=2"}, 1, 32, false, true, 0},
    {"hinge-sn-fashion.yaml", {"data.batch=3"}, 1, 32, false, true, 0},
    {"sagan-fashion.yaml", {"data.batch=3"}, 1, 32, false, true, 0},
    {"style-fashion.yaml", {"data.batch=2"}, 1, 32, false, true, 0},
    {"ada-small.yaml", {"data.batch=3", "data.count=0"}, 1, 32, false, true, 0},
    {"r3gan-fashion.yaml", {"data.batch=2"}, 1, 32, false, false, 0},
    {"f-gan-fashion.yaml", {"data.batch=3"}, 1, 32, false, true, 0},
    {"conditional-fashion.yaml", {"data.batch=3"}, 1, 32, false, false, 0},
    {"conditional-fashion.yaml",
     {"data.batch=3", "class_weights=[1, 2, 0, 1, 0.5, 1, 3, 1, 1, 1]", "loss=relativistic"},
     1,
     32,
     false,
     true,
     0},
    {"latent-fashion.yaml",
     {"data.batch=6",
      "frozen={size: 20, encoder: [flatten, dense: 40], decoder: [dense: 784, reshape: [1, 28, 28], sigmoid]}"},
     1,
     28,
     false,
     false,
     0},
    {"pca-fashion.yaml", {"data.batch=5", "average.decay=0.9"}, 1, 28, true, false, 0},
    {"infogan-fashion.yaml", {"data.batch=3"}, 1, 32, false, false, 0},
    {"stacked-fashion.yaml", {"data.batch=4"}, 3, 32, true, true, 0},
    {"vae-fashion.yaml", {"data.batch=13"}, 1, 28, false, false, 0},
    {"vae-fashion.yaml", {"data.batch=6", "autoencoder.binarize=true"}, 1, 28, true, false, 0},
    {"autoencoder-fashion.yaml", {"data.batch=3"}, 1, 28, false, false, 0},
    {"classifier-fashion.yaml", {"data.batch=5"}, 1, 28, false, false, 0},
    {"classifier-fashion.yaml", {"data.batch=4", "accumulate=2", "average.decay=0.9"}, 1, 28, true, true, 0},
    {"complete-fashion.yaml", {"data.batch=3"}, 1, 28, false, false, 0},
    {"complete-fashion.yaml",
     {"data.batch=2", "masks={box: 1, strokes: 1}", "completion.local_size=14",
      "local_discriminator=[conv: {channels: 4, kernel: 4, stride: 2}, leaky_relu, flatten, dense: 1]"},
     1,
     28,
     true,
     true,
     0},
    {"complete-fashion.yaml",
     {"data.batch=2", "accumulate=2", "loss=non_saturating",
      "discriminator=[conv: {channels: 4, kernel: 4, stride: 2}, batch_norm, tap: a, flatten, dense: 1]"},
     1,
     28,
     false,
     true,
     0},
    {"complete-l1-fashion.yaml", {"data.batch=4", "accumulate=2", "average.decay=0.9"}, 1, 28, true, true, 0},
    {"edges-fashion.yaml", {"data.batch=2"}, 1, 28, false, false, 0},
    {"upscale-fashion.yaml", {"data.batch=2"}, 1, 14, false, false, 0},
    {"negative-fashion.yaml", {"data.batch=2"}, 1, 28, false, false, 0},
    {"trousers-dresses.yaml", {"data.batch=2", "cycle.pool=5", "average.decay=0.9"}, 1, 28, true, true, 0},
    {"trousers-dresses.yaml",
     {"data.batch=2", "cycle.pool=5",
      "generator=[conv: {channels: 4, kernel: 3, padding: 1}, batch_norm, relu, conv: {channels: 4, kernel: 3, "
      "padding: 1}, instance_norm, relu, conv: {channels: 1, kernel: 3, padding: 1}, tanh]"},
     1,
     28,
     false,
     false,
     0},
    {"edges-fashion.yaml", {"data.batch=2", "accumulate=2", "average.decay=0.9"}, 1, 28, true, true, 0},
    {"gain-letter.yaml", {"data.batch=9"}, 16, 1, false, false, 0},
    {"gain-letter.yaml", {"data.batch=5", "gain.hide=0", "gain.drop=0.3", "average.decay=0.9"}, 16, 1, true, true, 0},
    {"classifier-fashion.yaml",
     {"data.batch=3",
      "data.augment={rotate: 20, crop: 0.8, scale: 0.1, translation: 0.1, flip: true, noise: 0.1, "
      "elastic: 0.05, brightness: 0.1, contrast: 0.2, border: reflect, probability: 0.8}",
      "class_weights=[1, 2, 0, 1, 0.5, 1, 3, 1, 1, 1]"},
     1,
     28,
     false,
     false,
     0},
    {"private-fashion.yaml", {"data.batch=2", "privacy.delta=0.01", "discriminator_steps=2"}, 1, 28, false, false, 0},
    {"private-fashion.yaml",
     {"data.batch=2", "privacy={noise: 1, delta: 0.01}", "discriminator.1={dropout: 0.2}", "discriminator_steps=1"},
     1,
     28,
     true,
     true,
     0},
    {"private-moments-fashion.yaml",
     {"data.batch=20", "privacy.delta=0.01", "moments.products=10",
      "moments.features=[tap: pixels, conv: {channels: 4, kernel: 5, stride: 4}, leaky_relu: 0.2]"},
     1,
     28,
     false,
     false,
     0},
    {"private-moments-fashion.yaml",
     {"data.batch=20", "privacy.epsilon=0", "moments.features=[flatten, dense: 9, tanh]"},
     1,
     28,
     true,
     true,
     0},
    {"imbalance/classifier.yaml", {"data.batch=5", "data.balance=resample"}, 1, 28, false, true, 0},
    {"imbalance/gan.yaml", {"data.batch=3", "data.balance=resample"}, 1, 28, false, true, 0},
    {"table-vae-diamonds.yaml", {"data.batch=7", "decoder.4.dense=13", "average.decay=0.9"}, 7, 1, false, false, 0},
    {"table-gan-diamonds.yaml",
     {"data.batch=6", "table_gan.packing=2", "generator.6.dense=15", "data.balance=none"},
     7,
     1,
     false,
     false,
     0},
    {"table-gan-diamonds.yaml",
     {"data.batch=4", "table_gan.packing=4", "generator.6.dense=15", "discriminator_steps=2"},
     7,
     1,
     true,
     true,
     0},
    {"cells.yaml", {"data.batch=2"}, 5, 48, false, true, 64},
    {"text-lm.yaml", {"data.batch=3", "data.text.window=5", "language.1.gru=9"}, 5, 1, true, false, 0},
    {"text-lm.yaml",
     {"data.batch=2", "data.text={window: 4, items: lines}",
      "language=[embedding: 5, lstm: {units: 6, layers: 2}, dropout]", "average.decay=0.9"},
     4,
     1,
     true,
     false,
     0},
    {"text-books.yaml",
     {"data.batch=3", "data.text.window=5", "language.1.embed.size=3", "language.2.gru=6"},
     5,
     1,
     false,
     false,
     0},
    {"text-wgan.yaml", {"data.batch=2", "generator.5.conv.channels=256"}, 32, 1, true, true, 0},
    {"video-clothes.yaml",
     {"data.batch=2", "generator.1.conv_transpose.channels=16", "generator.4.conv_transpose.channels=12",
      "discriminator.5.conv.channels=16"},
     1,
     32,
     false,
     false,
     0},
    {"mocogan-clothes.yaml",
     {"data.batch=2", "generator.6.conv_transpose.channels=16", "generator.9.conv_transpose.channels=12",
      "discriminator.5.conv.channels=16"},
     1,
     32,
     true,
     true,
     0},
    {"text-gumbel.yaml",
     {"data.batch=2", "data.text.window=4",
      "generator=[feedback: {symbols: 256, length: 4, temperature: 0.5, layers: [gru: 5]}]", "discriminator_steps=2"},
     4,
     1,
     true,
     false,
     0},
    {"text-gumbel.yaml",
     {"data.batch=3", "data.text.window=3",
      "generator=[embed: {classes: 10, size: 2}, feedback: {symbols: 256, length: 3, layers: [lstm: {units: 4, layers: "
      "2}, dropout]}]",
      "discriminator=[conv: {channels: 4, kernel: 1}, relu, flatten, projection: {classes: 10}]"},
     3,
     1,
     false,
     true,
     0},
    {"dcgan64.yaml", {"data.batch=2"}, 3, 64, true, true, 0},
    {"wavegan-digits.yaml",
     {"data.batch=3", "data.sound.window=256", "generator.1.dense.units=256", "generator.2.reshape=[256, 1]"},
     1,
     256,
     true,
     true,
     0},
    {"spectrogram-digits.yaml", {"data.batch=2"}, 1, 64, false, true, 32},
    {.file = NULL},
};

const char *samples_folder(void) {
    const char *folder = getenv("GANYMEDE_SAMPLES");
    if (!folder)
        fail_msg("set GANYMEDE_SAMPLES to the folder of recipes");
    return folder;
}

// Rows of a made-up table, as recipes with data.numbers learn from: a number, categories, a number that may be missing,
// another, categories of which some are missing, by modes and by quantiles. STORED: what is stored of a row.
enum { STORED = 7 };
static const char *const words[] = {"a", "b", "c"};
static const size_t counts[] = {30, 20, 14};
static const double modes[][3] = {{.5, 1, .25}, {.25, 4, 1}, {.25, 8, .5}}, quantiles[] = {0, 1, 2, 4, 10};
#define NUMBER                                                                                                         \
    .type = GM_COLUMN_NUMBER, .decimals = 2, .bounded = true, .maximum = 10, .mean = 3, .deviation = 1, .counted = true
#define WORDS(count)                                                                                                   \
    .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = count, .counts = counts, .counted = true
static gm_column by_modes[] = {{.name = "x", NUMBER, .modes = modes, .mode_count = 3},
                               {.name = "c", WORDS(3)},
                               {.name = "y", NUMBER, .modes = modes, .mode_count = 2, .missing = 4},
                               {.name = "z", NUMBER, .modes = modes, .mode_count = 1},
                               {.name = "d", WORDS(2), .missing = 5}};
static gm_column by_quantiles[] = {{.name = "x", NUMBER, .quantiles = quantiles, .quantile_count = 5},
                                   {.name = "c", WORDS(3)},
                                   {.name = "y", NUMBER, .quantiles = quantiles, .quantile_count = 5, .missing = 4},
                                   {.name = "z", NUMBER, .quantiles = quantiles, .quantile_count = 5, .missing = 2},
                                   {.name = "e", WORDS(1)},
                                   {.name = "d", WORDS(2), .missing = 5}};
static const gm_table_schema tables[] = {
    [GM_NUMBERS_MODES] = {.columns = by_modes, .column_count = GM_COUNT(by_modes)},
    [GM_NUMBERS_QUANTILES] = {.columns = by_quantiles, .column_count = GM_COUNT(by_quantiles)}};

static void make_table(gm_dataset_info *info, int numbers) {
    if (numbers == GM_NUMBERS_PLACES)
        return;
    info->table = &tables[numbers];
    info->channels = info->item_values = gm_table_stored(info->table);
    info->item_bytes = info->item_values * sizeof(float);
}

// What made-up data are said to be.
static gm_dataset_info make_info(const recipe_case *c, size_t size) {
    size_t width = c->width > 0 ? c->width : size, values = c->channels * size * width;
    bool images = size > 1, bytes = images && c->width == 0;
    return (gm_dataset_info){.name = "made up",
                             .kind = bytes ? GM_DATASET_IMAGES : GM_DATASET_FLOATS,
                             .count = ITEMS,
                             .channels = c->channels,
                             .height = size,
                             .width = width,
                             .class_count = CLASSES,
                             .white = bytes    ? 255
                                      : images ? 1
                                               : 0,
                             .item_values = values,
                             .item_bytes = values * (bytes ? 1 : sizeof(float))};
}

// Of texts any byte is a symbol's code.
static const gm_text_schema *make_text(const gm_common *common) {
    static char names[256][4];
    static const char *symbols[256];
    static gm_text_schema text;
    for (size_t i = 0; i < GM_COUNT(symbols); i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        symbols[i] = names[i];
    }
    text = common->data.text;
    text.symbols = symbols;
    text.count = GM_COUNT(symbols) - (text.items == GM_TEXT_LINES);
    return &text;
}

static void make_symbols(gm_dataset_info *info, const gm_common *common) {
    if (common->data.text.window == 0)
        return;
    info->text = make_text(common);
    info->kind = GM_DATASET_IMAGES;
    info->item_bytes = info->item_values;
}

static void make_clips(gm_dataset_info *info, const gm_common *common) {
    info->frames = common->data.frames;
    info->item_values *= GM_MAX(info->frames, (size_t)1);
    info->item_bytes *= GM_MAX(info->frames, (size_t)1);
}

static void make_sounds(gm_dataset_info *info, const gm_common *common) {
    if (common->data.sound.window == 0)
        return;
    info->sound = &common->data.sound;
    if (info->sound->bands > 0)
        return; // images
    info->kind = GM_DATASET_FLOATS;
    info->width = 1;
    info->white = 0;
    info->item_values = info->channels * info->height;
    info->item_bytes = info->item_values * sizeof(float);
}

static gm_model_source make_source(const training *t, const recipe_case *c, const gm_dataset_info *info) {
    const gm_common *common = gm_common_of(t->recipe);
    return (gm_model_source){.data = info,
                             .format = gm_dataset_format(info, common->data.range.low, common->data.range.high),
                             .batch = common->data.batch,
                             .resident = !c->streamed,
                             .half_storage = gm_train_settings_of(t->recipe)->precision == GM_PRECISION_HALF_STORAGE};
}

void training_init(training *t, const recipe_case *c) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", samples_folder(), c->file);
    size_t settings = 0;
    while (settings < GM_COUNT(c->settings) && c->settings[settings])
        settings++;
    check_ok(gm_train_recipe_read(&t->recipe, path, c->settings, settings));
    const gm_common *other = gm_common_second(gm_common_of(t->recipe));
    size_t size = other && other->data.size[0] > 0 ? other->data.size[0] : c->size;
    gm_dataset_info infos[] = {make_info(c, c->size), make_info(c, size)};
    make_symbols(&infos[0], gm_common_of(t->recipe));
    make_clips(&infos[0], gm_common_of(t->recipe));
    make_sounds(&infos[0], gm_common_of(t->recipe));
    make_table(&infos[0], gm_common_of(t->recipe)->data.numbers);
    if (infos[0].table)
        gm_common_set_columns(t->recipe, infos[0].table);
    if (infos[0].text)
        gm_common_set_text(t->recipe, infos[0].text);
    gm_model_source source = make_source(t, c, &infos[0]), second = make_source(t, c, &infos[1]);
    source.second = other ? &second : NULL;
    t->format = source.format;
    check_ok(gm_model_init(&t->model, t->recipe, &source));
}

size_t training_inputs(const training *t, gm_tensor **inputs) {
    size_t count = 0;
    for (size_t i = 0; i < GM_MODEL_SOURCES; i++) {
        const gm_model_input *input = &t->model.inputs[i];
        gm_tensor *const all[] = {input->data, input->indices, input->batch, input->labels};
        for (size_t k = 0; k < GM_COUNT(all); k++)
            if (all[k])
                inputs[count++] = all[k];
    }
    gm_tensor *const private[] = {t->model.privacy.mask, t->model.privacy.noise};
    for (size_t k = 0; k < GM_COUNT(private); k++)
        if (private[k])
            inputs[count++] = private[k];
    if (t->model.survey.mask)
        inputs[count++] = t->model.survey.mask;
    return count;
}

void training_finish(training *t) {
    gm_model_finish(&t->model);
    gm_recipe_destroy(&t->recipe);
}

static void fetch_gradients(gm_phase *phase, gm_tensor *loss, const gm_network *network) {
    gm_tensor *gradients[64];
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    assert_in_range(count, 0, GM_COUNT(gradients)); // of networks around a model there may be none
    gm_grad(loss, parameters, count, gradients);
    for (size_t i = 0; i < count; i++)
        gm_phase_fetch(phase, gradients[i]);
}

gm_phase *training_add_gradients(training *t) {
    gm_graph *graph = t->model.graph;
    gm_phase *phase = gm_phase_create(graph, "gradients");
    for (size_t i = 0; i < t->model.number_count; i++) {
        if (!t->model.numbers[i].is_loss)
            continue;
        gm_phase_fetch(phase, t->model.numbers[i].x);
        for (size_t k = 0; k < t->model.network_count; k++)
            fetch_gradients(phase, t->model.numbers[i].x, t->model.networks[k]);
    }
    memmove(graph->phases + 1, graph->phases, (graph->phase_count - 1) * sizeof *graph->phases);
    graph->phases[0] = phase;
    for (size_t i = 0; i < graph->phase_count; i++)
        graph->phases[i]->index = i;
    return phase;
}

size_t training_phases(const training *t, gm_phase **phases) {
    const gm_model *model = &t->model;
    size_t count = 0;
    assert_in_range(model->action_count, 1, 29);
    if (model->start)
        phases[count++] = model->start;
    if (model->survey.gather) {
        phases[count++] = model->survey.begin;
        phases[count++] = model->survey.gather;
    }
    for (size_t i = 0; i < model->action_count; i++)
        phases[count++] = model->actions[i].phase;
    return count;
}

gm_phase *training_phase(const training *t, const char *name) {
    const gm_graph *graph = t->model.graph;
    for (size_t i = 0; i < graph->phase_count; i++)
        if (strcmp(graph->phases[i]->name, name) == 0)
            return graph->phases[i];
    fail_msg("there is no phase %s", name);
    return NULL;
}

double training_input(uint64_t seed, const gm_tensor *input, size_t i) {
    uint32_t stream = gm_stream(gm_tensor_name(input));
    gm_type type = gm_tensor_type(input);
    const gm_shape *shape = gm_tensor_shape(input);
    if (type == GM_FLOAT32 && shape->rank == 2 && shape->dim[1] == STORED) // a place or a choice
        return floor(gm_philox_uniform(seed, stream, 1, 0, i) * 2);
    if (type == GM_FLOAT32)
        return gm_philox_normal(seed, stream, 1, 0, i);
    double values = type != GM_INT32 ? 256 : strcmp(gm_tensor_name(input), "labels") == 0 ? CLASSES : ITEMS;
    return floor(gm_philox_uniform(seed, stream, 1, 0, i) * values);
}
