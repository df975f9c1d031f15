// Padding of sequences, images and volumes: zeros, the inside mirrored at the edge, or the edge repeated.
#include "nn/layers.h"

#include "graph/graph.h"

#include <string.h>

gm_tensor *gm_pad_layer(gm_tensor *x, const size_t *before, const size_t *after, int mode) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    const gm_shape *shape = gm_tensor_shape(x);
    if (!gm_positions_usable(x, GM_SPATIAL_AXES))
        return graph->nodes[0];
    const gm_shape d = *shape;
    const size_t axes = d.rank - 2;
    if (mode == GM_PADDING_ZERO) {
        size_t first[GM_MAX_RANK] = {0}, last[GM_MAX_RANK] = {0};
        memcpy(first + 2, before, axes * sizeof *before);
        memcpy(last + 2, after, axes * sizeof *after);
        return gm_pad(x, first, last);
    }
    const gm_padding_mode how = (gm_padding_mode)mode;
    for (size_t i = 0; i < axes; i++) // gm_pad2d says it of images, which x need not be
        if (how == GM_PADDING_REFLECT && GM_MAX(before[i], after[i]) >= d.dim[2 + i])
            return gm_fault(graph, "%zu values cannot be reflected at the edge of axis %zu of %s: fewer than %zu",
                            GM_MAX(before[i], after[i]), 2 + i, gm_shape_text(shape), d.dim[2 + i]);
    if (d.rank == 3) { // a sequence is an image of height 1
        const size_t first[] = {0, before[0]}, last[] = {0, after[0]};
        gm_tensor *y = gm_pad2d(gm_reshape(x, GM_SHAPE(d.dim[0], d.dim[1], 1, d.dim[2])), first, last, how);
        return gm_reshape(y, GM_SHAPE(d.dim[0], d.dim[1], before[0] + d.dim[2] + after[0]));
    }
    if (d.rank == 4)
        return gm_pad2d(x, before, after, how);
    const size_t depth = before[0] + d.dim[2] + after[0];
    const size_t first[] = {before[0], 0}, last[] = {after[0], 0};
    x = gm_pad2d(gm_reshape(x, GM_SHAPE(d.dim[0], d.dim[1], d.dim[2], d.dim[3] * d.dim[4])), first, last, how);
    x = gm_pad2d(gm_reshape(x, GM_SHAPE(d.dim[0], d.dim[1] * depth, d.dim[3], d.dim[4])), before + 1, after + 1, how);
    return gm_reshape(
        x, GM_SHAPE(d.dim[0], d.dim[1], depth, before[1] + d.dim[3] + after[1], before[2] + d.dim[4] + after[2]));
}

gm_tensor *gm_pad_before_layer(gm_tensor *x, gm_convolution_params *params, int mode) {
    if (mode == GM_PADDING_ZERO || gm_is_poison(x))
        return x;
    size_t after[GM_SPATIAL_AXES];
    for (size_t i = 0; i < GM_SPATIAL_AXES; i++)
        after[i] = params->padding[i] + params->extra_padding[i];
    gm_tensor *y = gm_pad_layer(x, params->padding, after, mode);
    memset(params->padding, 0, sizeof params->padding);
    memset(params->extra_padding, 0, sizeof params->extra_padding);
    return y;
}

// One number for each of the axes, from as many or from one; false when there are neither.
static bool spread(const gm_shape *numbers, size_t axes, size_t *each) {
    for (size_t i = 0; i < axes; i++)
        each[i] = numbers->dim[numbers->rank == 1 ? 0 : i];
    return numbers->rank == 1 || numbers->rank == axes;
}

gm_tensor *gm_pad_samples_layer(gm_tensor *x, const gm_padding_params *params) {
    if (gm_is_poison(x))
        return x;
    const gm_shape *shape = gm_tensor_shape(x), *end = params->after.rank > 0 ? &params->after : &params->size;
    const size_t axes = shape->rank >= 3 && shape->rank <= 5 ? shape->rank - 2 : 0; // none: the layer says so
    size_t before[GM_MAX_RANK] = {0}, after[GM_MAX_RANK] = {0};
    if (axes > 0 && (!spread(&params->size, axes, before) || !spread(end, axes, after)))
        return gm_fault(gm_tensor_graph(x),
                        "size and after must be one number, or one for each of the %zu axes behind "
                        "the channels of %s",
                        axes, gm_shape_text(shape));
    return gm_pad_layer(x, before, after, params->mode);
}

gm_tensor *gm_pad_samples(gm_tensor *x, const gm_padding_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_pad_samples_layer(x, params), "pad");
}
