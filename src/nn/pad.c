// Padding of sequences, images and volumes: zeros, the inside mirrored at the edge, or the edge repeated.
#include "nn/layers.h"

#include "graph/graph.h"

#include <string.h>

// `count` values along the axis that belong before x, or at its end behind it.
static gm_tensor *beyond(gm_tensor *x, size_t axis, size_t count, bool end, int mode) {
    const gm_shape shape = *gm_tensor_shape(x);
    const size_t length = shape.dim[axis];
    size_t begin[GM_MAX_RANK] = {0};
    gm_shape strip = shape, wide = shape;
    wide.dim[axis] = count;
    if (mode == GM_PADDING_REFLECT) {
        begin[axis] = end ? length - 1 - count : 1; // the edge itself is not repeated
        return gm_flip(gm_slice(x, begin, wide.dim), GM_AXIS(axis));
    }
    strip.dim[axis] = 1;
    begin[axis] = end ? length - 1 : 0;
    return gm_broadcast(gm_slice(x, begin, strip.dim), wide);
}

static gm_tensor *pad_axis(gm_tensor *x, size_t axis, size_t before, size_t after, int mode) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (mode == GM_PADDING_REFLECT && GM_MAX(before, after) >= shape->dim[axis])
        return gm_fault(gm_tensor_graph(x),
                        "%zu values cannot be reflected at the edge of axis %zu of %s: fewer than %zu",
                        GM_MAX(before, after), axis, gm_shape_text(shape), shape->dim[axis]);
    gm_tensor *parts[3];
    size_t count = 0;
    if (before > 0)
        parts[count++] = beyond(x, axis, before, false, mode);
    parts[count++] = x;
    if (after > 0)
        parts[count++] = beyond(x, axis, after, true, mode);
    return gm_concat(parts, count, axis);
}

gm_tensor *gm_pad_layer(gm_tensor *x, const size_t *before, const size_t *after, int mode) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    const gm_shape *shape = gm_tensor_shape(x);
    if (!gm_positions_usable(x, GM_SPATIAL_AXES))
        return graph->nodes[0];
    const size_t axes = shape->rank - 2;
    if (mode == GM_PADDING_ZERO) {
        size_t first[GM_MAX_RANK] = {0}, last[GM_MAX_RANK] = {0};
        memcpy(first + 2, before, axes * sizeof *before);
        memcpy(last + 2, after, axes * sizeof *after);
        return gm_pad(x, first, last);
    }
    if (mode != GM_PADDING_REFLECT && mode != GM_PADDING_REPLICATE)
        return gm_fault(graph, "there is no padding mode %d", mode);
    for (size_t i = 0; i < axes && !gm_is_poison(x); i++)
        x = pad_axis(x, i + 2, before[i], after[i], mode);
    return x;
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
