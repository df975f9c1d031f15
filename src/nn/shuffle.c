// Layers that put values elsewhere: pixel shuffle and its inverse, phase shuffle.
#include "nn/layers.h"

#include "graph/graph.h"

// ---- Pixel shuffle: channels and places exchanged ----

static gm_tensor *check_images(gm_tensor *x, size_t factor) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (shape->rank != 4)
        return gm_fault(graph, "it takes images (N, C, H, W), not %s: put `reshape: [C, H, W]` before it",
                        gm_shape_text(shape));
    if (factor < 1 || factor > GM_MAX_PIXEL_SHUFFLE)
        return gm_fault(graph, "factor must be from 1 to %d, not %zu", GM_MAX_PIXEL_SHUFFLE, factor);
    return x;
}

gm_tensor *gm_pixel_shuffle_layer(gm_tensor *x, size_t factor) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check_images(x, factor)))
        return graph->nodes[0];
    const size_t *d = gm_tensor_shape(x)->dim, r = factor, channels = d[1] / (r * r);
    if (d[1] % (r * r) != 0)
        return gm_fault(graph, "the channels of %s are no multiple of %zu, factor squared",
                        gm_shape_text(gm_tensor_shape(x)), r * r);
    gm_tensor *y = gm_reshape(x, (gm_shape){6, {d[0], channels, r, r, d[2], d[3]}});
    y = gm_transpose(y, (size_t[]){0, 1, 4, 2, 5, 3});
    return gm_reshape(y, (gm_shape){4, {d[0], channels, d[2] * r, d[3] * r}});
}

gm_tensor *gm_pixel_unshuffle_layer(gm_tensor *x, size_t factor) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(check_images(x, factor)))
        return graph->nodes[0];
    const size_t *d = gm_tensor_shape(x)->dim, r = factor, rows = d[2] / r, columns = d[3] / r;
    if (d[2] % r != 0 || d[3] % r != 0)
        return gm_fault(graph, "height and width of %s are no multiples of %zu", gm_shape_text(gm_tensor_shape(x)), r);
    gm_tensor *y = gm_reshape(x, (gm_shape){6, {d[0], d[1], rows, r, columns, r}});
    y = gm_transpose(y, (size_t[]){0, 1, 3, 5, 2, 4});
    return gm_reshape(y, (gm_shape){4, {d[0], d[1] * r * r, rows, columns}});
}

// ---- Phase shuffle ----

// The shift has zeros where a sample was: those lie in what is cut off again, since reflections of `reach` surround it.
gm_tensor *gm_phase_shuffle_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, size_t reach) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    const gm_shape shape = *gm_tensor_shape(x);
    if (shape.rank != 3)
        return gm_fault(graph, "it takes sequences (N, C, L), not %s", gm_shape_text(&shape));
    if (mode == GM_MODE_INFERENCE || reach == 0)
        return x;
    if (mode != GM_MODE_TRAINING)
        return gm_fault(graph, "the mode must be GM_MODE_TRAINING or GM_MODE_INFERENCE");
    if (counter == NULL)
        return gm_fault(graph, "phase shuffle in training needs a counter: without one it shifts alike every step");
    const size_t N = shape.dim[0], C = shape.dim[1], L = shape.dim[2], wide = L + 2 * reach;
    gm_tensor *y = gm_pad_layer(x, &reach, &reach, GM_PADDING_REFLECT);
    if (gm_is_poison(y))
        return y;
    const gm_shape column = {2, {N, 1}};
    gm_tensor *along = gm_draw_whole(gm_random_uniform(graph, name, column, counter), -(int32_t)reach, 2 * reach + 1);
    gm_tensor *across = gm_broadcast(gm_constant_int(graph, 0), column);
    y = gm_shift2d(gm_reshape(y, (gm_shape){4, {N, C, 1, wide}}), gm_concat((gm_tensor *[]){across, along}, 2, 1));
    y = gm_slice(y, (size_t[]){0, 0, 0, reach}, (size_t[]){N, C, 1, L});
    return gm_reshape(y, shape);
}

gm_tensor *gm_pixel_shuffle(gm_tensor *x, size_t factor) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_pixel_shuffle_layer(x, factor), "pixel_shuffle");
}

gm_tensor *gm_pixel_unshuffle(gm_tensor *x, size_t factor) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_pixel_unshuffle_layer(x, factor), "pixel_unshuffle");
}

gm_tensor *gm_phase_shuffle(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, size_t reach) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    gm_tensor *y = gm_phase_shuffle_layer(x, name, mode, counter, reach);
    return gm_fault_prefix(graph, before, y, "%s (phase_shuffle)", name);
}
