// Layers as a recipe has them: forward, and back to their input and their weights.
#include "bench/bench.h"
#include "ganymede/nn.h"
#include "recipe/value.h"

#include <stdlib.h>
#include <string.h>

// "dense: 10" is the list of one layer.
static gm_status read_layers(gm_arena *arena, const char *text, gm_layer_list *list) {
    gm_text all = {0};
    gm_yaml *root;
    const bool whole = text[strspn(text, " ")] == '[';
    gm_text_printf(&all, "layers: %s%s%s\n", whole ? "" : "[", text, whole ? "" : "]");
    gm_status status = all.failed ? gm_fail_memory(all.length, "layers")
                                  : gm_yaml_parse(&root, arena, "layers", all.data, strlen(all.data));
    if (status == GM_OK)
        status = gm_recipe_layers_type.read(arena, "layers", list, gm_yaml_find(root, "layers"));
    gm_text_finish(&all);
    return status;
}

// (N, C, ...) that lies in memory as it is told, or with its positions first and its channels last.
static gm_tensor *given(gm_graph *graph, const char *name, const gm_shape *shape, bool channels_last,
                        gm_tensor **input) {
    gm_shape lies = *shape;
    size_t axes[GM_MAX_RANK];
    for (size_t i = 0; i < shape->rank; i++) {
        const size_t from = channels_last ? (i + 2) % shape->rank : i;
        lies.dim[i] = shape->dim[from];
        axes[from] = i;
    }
    *input = gm_input(graph, name, GM_FLOAT32, lies);
    return channels_last ? gm_transpose(*input, axes) : *input;
}

static gm_status measure(gm_bench_operation *o, gm_network *network, const gm_bench_layers *what, double *seconds,
                         double *bytes) {
    gm_graph *graph = o->graph;
    gm_tensor *inputs[2], *x = given(graph, "x", &what->input, what->channels_last, &inputs[0]);
    gm_tensor *labels = gm_input(graph, "labels", GM_INT32, (gm_shape){1, {what->input.dim[0]}});
    gm_tensor *counter = gm_input(graph, "counter", GM_INT32, (gm_shape){1, {2}});
    gm_tensor *y = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, counter);
    GM_TRY(gm_graph_status(graph));
    size_t count;
    gm_tensor *const *weights = gm_network_parameters(network, &count);
    *bytes = 4.0 * (double)(gm_shape_count(gm_tensor_shape(x)) + gm_shape_count(gm_tensor_shape(y)));
    for (size_t i = 0; i < count; i++)
        *bytes += 4.0 * (double)gm_shape_count(gm_tensor_shape(weights[i]));
    gm_phase_fetch(o->phase, y);
    gm_network_assign_statistics(network, o->phase);
    if (what->forward)
        return gm_bench_time(o, inputs, 1, seconds);
    gm_tensor *dy = given(graph, "dy", gm_tensor_shape(y), what->channels_last, &inputs[1]);
    gm_tensor **by, **gradients;
    GM_TRY(gm_alloc(&by, 2 * (count + 1), sizeof *by, "weights"));
    gradients = by + count + 1;
    by[0] = x;
    memcpy(by + 1, weights, count * sizeof *weights);
    gm_grad(gm_sum_all(gm_multiply(y, dy)), by, count + 1, gradients);
    for (size_t i = 0; i <= count; i++)
        gm_phase_fetch(o->phase, gradients[i]);
    free(by);
    *bytes *= 2;
    return gm_bench_time(o, inputs, 2, seconds);
}

gm_status gm_bench_layers_measure(gm_device *device, const gm_bench_layers *what, gm_bench_result *result) {
    gm_bench_operation o;
    gm_arena arena = {0};
    gm_layer_list list;
    gm_network *network = NULL;
    double seconds = 0, bytes = 0, flop = 0;
    gm_status status;
    GM_TRY_DONE(gm_bench_begin(&o, device));
    GM_TRY_DONE(read_layers(&arena, what->layers, &list));
    GM_TRY_DONE(gm_network_create(&network, "bench", list.layers, list.count, GM_WEIGHTS_DEFAULT));
    GM_TRY_DONE(measure(&o, network, what, &seconds, &bytes));
    gm_plan_statistics statistics;
    gm_plan_get_statistics(o.plan, &statistics);
    flop = statistics.flop;
done:
    gm_bench_finish(&o);
    gm_network_destroy(&network);
    gm_arena_finish(&arena);
    return status == GM_OK ? gm_bench_arithmetic(device, seconds, flop, bytes, result) : status;
}
