// Upsampling by whole factors: nearest as a broadcast, linear as weighted sums of shifted values, axis by axis.
#include "nn/layers.h"

#include "graph/graph.h"

// (N, C, H, 1, W, 1) broadcast to (N, C, H, f, W, g): each value becomes a block.
static gm_tensor *nearest_image(gm_tensor *x, size_t high, size_t wide) {
    const size_t *d = gm_tensor_shape(x)->dim;
    gm_tensor *y = gm_reshape(x, (gm_shape){6, {d[0], d[1], d[2], 1, d[3], 1}});
    y = gm_broadcast(y, (gm_shape){6, {d[0], d[1], d[2], high, d[3], wide}});
    return gm_reshape(y, (gm_shape){4, {d[0], d[1], d[2] * high, d[3] * wide}});
}

// A sequence is an image of height 1; of a volume each slice is enlarged, and then the slices are repeated.
static gm_tensor *nearest(gm_tensor *x, const size_t *factor) {
    const gm_shape *shape = gm_tensor_shape(x);
    const size_t *d = shape->dim;
    if (shape->rank == 4)
        return nearest_image(x, factor[0], factor[1]);
    if (shape->rank == 3)
        return gm_reshape(nearest_image(gm_reshape(x, (gm_shape){4, {d[0], d[1], 1, d[2]}}), 1, factor[0]),
                          (gm_shape){3, {d[0], d[1], d[2] * factor[0]}});
    const size_t high = d[3] * factor[1], wide = d[4] * factor[2];
    gm_tensor *y = nearest_image(gm_reshape(x, (gm_shape){4, {d[0], d[1] * d[2], d[3], d[4]}}), factor[1], factor[2]);
    y = nearest_image(gm_reshape(y, (gm_shape){4, {d[0], d[1], d[2], high * wide}}), factor[0], 1);
    return gm_reshape(y, (gm_shape){5, {d[0], d[1], d[2] * factor[0], high, wide}});
}

// Value i of the result along the axis is x's i - 1 (or i + 1, when `after`); the edge's value repeats.
static gm_tensor *neighbour(gm_tensor *x, size_t axis, bool after) {
    gm_shape shape = *gm_tensor_shape(x), edge = shape;
    const size_t length = shape.dim[axis];
    if (length == 1)
        return x;
    size_t begin[GM_MAX_RANK] = {0}, edge_begin[GM_MAX_RANK] = {0};
    edge.dim[axis] = 1;
    shape.dim[axis] = length - 1;
    begin[axis] = after ? 1 : 0;
    edge_begin[axis] = after ? length - 1 : 0;
    gm_tensor *rest = gm_slice(x, begin, shape.dim), *outer = gm_slice(x, edge_begin, edge.dim);
    return gm_concat(after ? (gm_tensor *[]){rest, outer} : (gm_tensor *[]){outer, rest}, 2, axis);
}

// Result f i + p has its centre at i + (p + 1/2)/f - 1/2 in x: `away` from x's value i, towards one of its neighbours.
static gm_tensor *interpolate(gm_tensor *x, size_t axis, size_t factor) {
    const gm_shape shape = *gm_tensor_shape(x);
    gm_tensor *phases[GM_MAX_UPSAMPLE];
    gm_shape column = {.rank = shape.rank + 1}, result = shape;
    for (size_t i = 0; i < column.rank; i++)
        column.dim[i] = i <= axis ? shape.dim[i] : i == axis + 1 ? 1 : shape.dim[i - 1];
    for (size_t p = 0; p < factor; p++) {
        const double away = ((double)p + 0.5) / (double)factor - 0.5, share = away < 0 ? -away : away;
        gm_tensor *other = neighbour(x, axis, away > 0);
        phases[p] = gm_reshape(gm_add(gm_scale(x, 1 - share), gm_scale(other, share)), column);
    }
    result.dim[axis] *= factor;
    return gm_reshape(gm_concat(phases, factor, axis + 1), result);
}

gm_tensor *gm_upsample_layer(gm_tensor *x, const gm_upsample_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    const size_t rank = gm_tensor_shape(x)->rank;
    if (!gm_positions_usable(x, GM_SPATIAL_AXES) || !gm_axes_usable(x, "factor", params->factor))
        return graph->nodes[0];
    for (size_t i = 0; i + 2 < rank; i++)
        if (params->factor[i] < 1 || params->factor[i] > GM_MAX_UPSAMPLE)
            return gm_fault(graph, "factor must be from 1 to %d, not %zu", GM_MAX_UPSAMPLE, params->factor[i]);
    if (params->mode == GM_UPSAMPLE_NEAREST)
        return nearest(x, params->factor);
    for (size_t i = 0; i + 2 < rank; i++)
        x = interpolate(x, 2 + i, params->factor[i]);
    return x;
}

gm_tensor *gm_upsample(gm_tensor *x, const gm_upsample_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_upsample_layer(x, params), "upsample");
}
