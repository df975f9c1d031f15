// The recipes of samples/ on small batches of made-up data.
#include "train/training.h"

#include "graph/graph.h"

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
    {"complete-l1-fashion.yaml", {"data.batch=4", "accumulate=2", "average.decay=0.9"}, 1, 28, true, true, 0},
    {"edges-fashion.yaml", {"data.batch=2"}, 1, 28, false, false, 0},
    {"upscale-fashion.yaml", {"data.batch=2"}, 1, 14, false, false, 0},
    {"negative-fashion.yaml", {"data.batch=2"}, 1, 28, false, false, 0},
    {"trousers-dresses.yaml", {"data.batch=2", "cycle.pool=5", "average.decay=0.9"}, 1, 28, true, true, 0},
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
    {"imbalance/classifier.yaml", {"data.batch=5", "data.balance=resample"}, 1, 28, false, true, 0},
    {"imbalance/gan.yaml", {"data.batch=3", "data.balance=resample"}, 1, 28, false, true, 0},
    {"cells.yaml", {"data.batch=2"}, 5, 48, false, true, 64},
    {"dcgan64.yaml", {"data.batch=2"}, 3, 64, true, true, 0},
    {.file = NULL},
};

const char *samples_folder(void) {
    const char *folder = getenv("GANYMEDE_SAMPLES");
    if (!folder)
        fail_msg("set GANYMEDE_SAMPLES to the folder of recipes");
    return folder;
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
    const gm_dataset_info infos[] = {make_info(c, c->size), make_info(c, size)};
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
    assert_in_range(count, 1, GM_COUNT(gradients));
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
    assert_in_range(model->action_count, 1, 31);
    if (model->start)
        phases[count++] = model->start;
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
    if (type == GM_FLOAT32)
        return gm_philox_normal(seed, stream, 1, 0, i);
    double values = type != GM_INT32 ? 256 : strcmp(gm_tensor_name(input), "labels") == 0 ? CLASSES : ITEMS;
    return floor(gm_philox_uniform(seed, stream, 1, 0, i) * values);
}
