// Self-attention over the positions of images or sequences: every position reads a mean of all values, with weights by
// how its query fits their keys.
//
// A head is a batch entry beside the samples, so that all of them are one product. Queries, keys and values are
// convolutions of one tap. Shapes: N samples, C channels, L positions, B = N heads, D channels of a head.
#include "nn/layers.h"

#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

// A linear map of the channels at each position of x (N, C, H, W).
static gm_tensor *project(gm_tensor *x, const char *name, const char *part, size_t channels,
                          const gm_attention_params *params) {
    const char *own = gm_graph_printf(gm_tensor_graph(x), "%s.%s", name, part);
    if (own == NULL)
        return gm_tensor_graph(x)->nodes[0];
    return gm_conv_layer(x, own,
                         &(gm_conv_params){.channels = channels,
                                           .kernel = {1, 1},
                                           .no_bias = !params->bias,
                                           .initializer = params->initializer,
                                           .gain = 1, // nothing that bends follows
                                           .spectral_norm = params->spectral_norm});
}

// (N, heads D, H, W) -> (B, L, D).
static gm_tensor *positions_of(gm_tensor *x, size_t heads) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    x = gm_reshape(x, (gm_shape){3, {shape->dim[0] * heads, shape->dim[1] / heads, shape->dim[2] * shape->dim[3]}});
    return gm_transpose(x, (size_t[]){0, 2, 1});
}

// (B, L, D) -> (N, heads D, H, W) with the samples and positions of `like`.
static gm_tensor *image_of(gm_tensor *x, size_t heads, const gm_shape *like) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    return gm_reshape(gm_transpose(x, (size_t[]){0, 2, 1}),
                      (gm_shape){4, {like->dim[0], heads * shape->dim[2], like->dim[2], like->dim[3]}});
}

// Whether column j of row i comes later, (L, L): j > i.
static gm_tensor *later(gm_graph *graph, size_t length) {
    int32_t *count = malloc(length * sizeof *count);
    if (count == NULL)
        return gm_fault(graph, "out of memory for %zu positions", length);
    for (size_t i = 0; i < length; i++)
        count[i] = (int32_t)i;
    gm_tensor *row = gm_constant_array(graph, GM_INT32, (gm_shape){2, {length, 1}}, count);
    gm_tensor *column = gm_constant_array(graph, GM_INT32, (gm_shape){2, {1, length}}, count);
    free(count);
    return gm_greater(column, row);
}

// What each position reads, of x (N, C, H, W): (N, value, H, W).
static gm_tensor *attend(gm_tensor *x, const char *name, size_t key, size_t value, const gm_attention_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const size_t heads = GM_MAX(params->heads, 1), length = gm_tensor_shape(x)->dim[2] * gm_tensor_shape(x)->dim[3];
    gm_tensor *query = project(x, name, "query", key, params);
    if (!params->no_scale)
        query = gm_scale(query, 1 / sqrt((double)(key / heads)));
    gm_tensor *keys = project(x, name, "key", key, params), *values = project(x, name, "value", value, params);
    gm_tensor *scores = gm_gemm(positions_of(query, heads), positions_of(keys, heads),
                                &(gm_gemm_params){.transpose_b = true}); // (B, L, L)
    if (params->causal)
        scores = gm_select(later(graph, length), gm_constant(graph, -INFINITY), scores);
    return image_of(gm_gemm(gm_softmax(scores, 2), positions_of(values, heads), NULL), heads, gm_tensor_shape(x));
}

gm_tensor *gm_attention_layer(gm_tensor *x, const char *name, const gm_attention_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (!gm_positions_usable(x, 2))
        return graph->nodes[0];
    const size_t channels = shape->dim[1], heads = GM_MAX(params->heads, 1);
    const size_t key = params->key > 0 ? params->key : GM_MAX(channels / 8 / heads, 1) * heads;
    const size_t value = params->value > 0 ? params->value : key;
    const double scores = (double)shape->dim[0] * (double)heads *
                          pow((double)gm_shape_count(shape) / (double)(shape->dim[0] * channels), 2);
    if (params->key == 0 && heads > channels)
        return gm_fault(graph, "there can be no more heads, %zu, than the %zu channels of %s", heads, channels,
                        gm_shape_text(shape));
    if (scores > INT32_MAX / 2)
        return gm_fault(graph,
                        "what each position of %s reads of each other takes %.3g numbers: put it where there are fewer "
                        "positions",
                        gm_shape_text(shape), scores);
    if (key % heads != 0 || value % heads != 0)
        return gm_fault(graph, "%zu heads do not divide both the %zu channels of the keys and the %zu of the values",
                        heads, key, value);
    gm_tensor *image = shape->rank == 4 ? x : gm_reshape(x, (gm_shape){4, {shape->dim[0], channels, shape->dim[2], 1}});
    gm_tensor *y = project(attend(image, name, key, value, params), name, "output", channels, params);
    if (params->no_gate || gm_is_poison(y))
        return gm_is_poison(y) ? y : gm_reshape(y, *shape);
    gm_tensor *gate = gm_layer_variable(graph, name, "gate.weight", (gm_shape){1, {1}}, (gm_initializer){0});
    return gm_reshape(gm_add(image, gm_multiply(y, gate)), *shape);
}

gm_tensor *gm_attention(gm_tensor *x, const char *name, const gm_attention_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_attention_layer(x, name, params), "%s (attention)", name);
}
