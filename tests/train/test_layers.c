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

typedef struct layer_case {
    const char *type;
    const char *settings[6][2];
    bool images;
} layer_case;

// The other layers are made of the same operations in the same places.
static const layer_case layer_cases[] = {
    {"group_norm", {{"groups", "2"}}, true},
    {"upsample", {{"mode", "bilinear"}}, true},
    {"conv", {{"channels", "6"}, {"kernel", "3"}, {"groups", "2"}, {"spectral_norm", "true"}}, true},
    {"projection", {{"classes", "4"}, {"spectral_norm", "true"}}, false},
};

static gm_layer layer_of(const layer_case *c) {
    gm_layer layer;
    gm_layer_default(&layer, gm_layer_type_find(c->type));
    for (size_t i = 0; i < GM_COUNT(c->settings) && c->settings[i][0]; i++)
        check_ok(gm_layer_set_text(&layer, c->settings[i][0], c->settings[i][1]));
    return layer;
}

// One step down R1's |d sum(y^2) / d x|^2.
static void descend(gm_phase *phase, gm_network *network, gm_tensor *x, gm_tensor *y) {
    gm_tensor *dx, *gradients[8];
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
    gm_layer layer = layer_of(c);
    check_ok(gm_graph_create(&graph));
    check_ok(gm_network_create(&network, "net", &layer, 1, GM_WEIGHTS_DEFAULT));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, c->images ? GM_SHAPE(3, 4, 6, 5) : GM_SHAPE(3, 7));
    gm_tensor *labels = gm_input(graph, "labels", GM_INT32, GM_SHAPE(3));
    gm_phase *training = gm_phase_create(graph, "training");
    gm_tensor *y = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, NULL);
    gm_phase_fetch(training, y);
    gm_phase_fetch(training, gm_network_apply_labelled(network, gm_scale(x, 2), labels, GM_MODE_TRAINING, NULL));
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
        snprintf(names[i], sizeof names[i], "%s matches the interpreter", c->type);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = layer_matches_the_interpreter, .initial_state = (void *)(uintptr_t)c};
    }
    return _cmocka_run_group_tests("layers", tests, GM_COUNT(tests), open_device, close_device);
}
