// Where a value lies, added to it: attention alone treats all orders of its positions alike.
#include "nn/layers.h"

#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

// Channel 2 i of `channels` at a position is the sine of position / 10000^(2 i / channels), channel 2 i + 1 the cosine.
static double sinusoid(size_t position, size_t channel, size_t channels) {
    double angle = (double)position / pow(10000, (double)(channel - channel % 2) / (double)channels);
    return channel % 2 == 0 ? sin(angle) : cos(angle);
}

// (C, L), or (C, H, W): there half the channels tell the row, the others the column.
static gm_tensor *sinusoids(gm_graph *graph, const gm_shape *sample) {
    const size_t count = gm_shape_count(sample), last = sample->dim[sample->rank - 1], area = count / sample->dim[0];
    const bool image = sample->rank == 3;
    const size_t channels = sample->dim[0] / (image ? 2 : 1);
    float *values = malloc(count * sizeof *values);
    if (values == NULL)
        return gm_fault(graph, "out of memory for the positions of %s", gm_shape_text(sample));
    for (size_t i = 0; i < count; i++) {
        const size_t channel = i / area, row = i % area / last, column = i % last;
        values[i] = (float)sinusoid(image && channel < channels ? row : column, channel % channels, channels);
    }
    gm_tensor *y = gm_constant_array(graph, GM_FLOAT32, *sample, values);
    free(values);
    return y;
}

gm_tensor *gm_positions_layer(gm_tensor *x, const char *name, const gm_positions_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (!gm_positions_usable(x, 2))
        return graph->nodes[0];
    gm_shape sample = {.rank = shape->rank - 1};
    for (size_t i = 0; i < sample.rank; i++)
        sample.dim[i] = shape->dim[i + 1];
    if (params->kind == GM_POSITIONS_LEARNED)
        return gm_add(
            x, gm_layer_variable(graph, name, "weight", sample, (gm_initializer){GM_INITIALIZER_NORMAL, 0, 0.02}));
    if (sample.rank == 3 && sample.dim[0] % 2 != 0)
        return gm_fault(graph, "sinusoids of rows and of columns share the channels: %s has an odd number of them",
                        gm_shape_text(shape));
    return gm_add(x, sinusoids(graph, &sample));
}

gm_tensor *gm_positions(gm_tensor *x, const char *name, const gm_positions_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_positions_layer(x, name, params), "%s (positions)", name);
}
