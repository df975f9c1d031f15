// Layers that are made of several operations, through plans on a device: training steps down a penalty, with the
// statistics of two applications, against the interpreter.
#include "device_test.h"
#include "kernels/compare.h"

#include "ganymede/nn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef enum samples { VECTORS, SEQUENCES, IMAGES, VOLUMES } samples;

typedef struct layer_case {
    const char *type;
    const char *settings[6][2];
    samples samples;
} layer_case;

// The other layers are made of the same operations in the same places.
static const layer_case layer_cases[] = {
    {"group_norm", {{"groups", "2"}}, IMAGES},
    {"upsample", {{"mode", "bilinear"}}, IMAGES},
    {"conv", {{"channels", "6"}, {"kernel", "3"}, {"groups", "2"}, {"spectral_norm", "true"}}, IMAGES},
    {"projection", {{"classes", "4"}, {"spectral_norm", "true"}}, VECTORS},
    {"conv", {{"channels", "6"}, {"kernel", "3"}, {"padding", "2"}, {"padding_mode", "reflect"}}, IMAGES},
    {"pad", {{"size", "1"}, {"mode", "replicate"}}, VOLUMES},
    {"pixel_shuffle", {{NULL}}, IMAGES},
    {"pixel_unshuffle", {{NULL}}, IMAGES},
    {"phase_shuffle", {{NULL}}, SEQUENCES},
    {"minibatch_stddev", {{"group", "2"}}, IMAGES},
    {"batch_norm", {{NULL}}, VOLUMES},
    {"group_norm", {{"groups", "2"}}, VOLUMES},
    {"layer_norm", {{"over", "channels"}}, SEQUENCES},
    {"adain", {{"style", "w"}, {"spectral_norm", "true"}}, IMAGES},
    {"modulated_conv", {{"style", "w"}, {"channels", "6"}}, IMAGES},
    {"modulated_conv", {{"style", "w"}, {"channels", "3"}, {"kernel", "1"}, {"demodulate", "false"}}, IMAGES},
    {"pixel_norm", {{NULL}}, IMAGES},
    {"truncation", {{NULL}}, VECTORS},
    {"noise", {{NULL}}, IMAGES},
    {"constant", {{"shape", "5"}}, IMAGES},
    {"concat", {{"from", "w"}}, VECTORS},
    {"attention",
     {{"heads", "2"}, {"key", "4"}, {"causal", "true"}, {"spectral_norm", "true"}, {"gate", "false"}},
     IMAGES},
    {"gru", {{"units", "8"}, {"spectral_norm", "true"}}, SEQUENCES},
    {"lstm", {{"units", "5"}, {"layers", "2"}, {"bidirectional", "true"}}, SEQUENCES},
    {"softmax", {{"axis", "2"}}, IMAGES},
    {"log_softmax", {{NULL}}, SEQUENCES},
};

static gm_shape shape_of(samples kind) {
    switch (kind) {
    case SEQUENCES:
        return GM_SHAPE(4, 4, 15);
    case IMAGES:
        return GM_SHAPE(4, 4, 6, 8);
    case VOLUMES:
        return GM_SHAPE(4, 4, 2, 3, 2);
    case VECTORS:
        break;
    }
    return GM_SHAPE(4, 7);
}

static gm_layer layer_of(const layer_case *c) {
    gm_layer layer;
    gm_layer_default(&layer, gm_layer_type_find(c->type));
    for (size_t i = 0; i < GM_COUNT(c->settings) && c->settings[i][0]; i++)
        check_ok(gm_layer_set_text(&layer, c->settings[i][0], c->settings[i][1]));
    return layer;
}

// One step down R1's |d sum(y^2) / d x|^2.
static void descend(gm_phase *phase, gm_network *network, gm_tensor *x, gm_tensor *y) {
    gm_tensor *dx, *gradients[16];
    gm_grad(gm_sum_all(gm_square(y)), &x, 1, &dx);
    gm_phase_fetch(phase, dx);
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    gm_grad(gm_mean_all(gm_square(dx)), parameters, count, gradients);
    for (size_t i = 0; i < count; i++)
        gm_phase_assign(phase, parameters[i], gm_subtract(parameters[i], gm_scale(gradients[i], 0.01)));
}

static void layer_matches_the_interpreter(void **state) {
    const layer_case *c = *state;
    gm_graph *graph;
    gm_network *network;
    gm_layer flatten = layer_of(&(layer_case){"flatten", {{NULL}}, IMAGES});
    gm_layer style = layer_of(&(layer_case){"head", {{"name", "w"}}, IMAGES}); // for those that refer to it
    check_ok(gm_layer_set_layers(&style, "layers", &flatten, 1));
    const gm_layer layers[] = {style, layer_of(c)};
    check_ok(gm_graph_create(&graph));
    check_ok(gm_network_create(&network, "net", layers, 2, GM_WEIGHTS_DEFAULT));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, shape_of(c->samples));
    gm_tensor *labels = gm_input(graph, "labels", GM_INT32, GM_SHAPE(4));
    gm_tensor *counter = gm_input(graph, "counter", GM_INT32, GM_SHAPE(2));
    gm_phase *training = gm_phase_create(graph, "training");
    gm_tensor *y = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, counter);
    gm_phase_fetch(training, y);
    gm_phase_fetch(training, gm_network_apply_labelled(network, gm_scale(x, 2), labels, GM_MODE_TRAINING, counter));
    descend(training, network, x, y);
    gm_network_assign_statistics(network, training);
    check_ok(gm_graph_status(graph));
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 5, .runs = 2, .unfilled = true}, graph));
    gm_network_destroy(&network);
    gm_graph_destroy(&graph);
}

int main(void) {
    static struct CMUnitTest tests[GM_COUNT(layer_cases)];
    static char names[GM_COUNT(layer_cases)][80];
    for (size_t i = 0; i < GM_COUNT(layer_cases); i++) {
        const layer_case *c = &layer_cases[i];
        snprintf(names[i], sizeof names[i], "%s matches the interpreter (%zu)", c->type, i);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = layer_matches_the_interpreter, .initial_state = (void *)(uintptr_t)c};
    }
    return _cmocka_run_group_tests("layers", tests, GM_COUNT(tests), open_device, close_device);
}
