// Layers with weights, and those that only reshape. Each names its shapes in its faults and says which layer to put
// before it; the public functions put the layer's name in front, a network its own.
#include "nn/layers.h"

#include "graph/graph.h"

gm_tensor *gm_dense_layer(gm_tensor *x, const char *name, const gm_dense_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (shape->rank != 2)
        return gm_fault(graph, "it takes vectors (N, M), not %s: put `flatten` before it", gm_shape_text(shape));
    if (params->units == 0)
        return gm_fault(graph, "units must be at least 1");
    const size_t in = shape->dim[1], out = params->units;
    gm_tensor *weight = gm_layer_variable(graph, name, "weight", (gm_shape){2, {in, out}},
                                          gm_weight_start(params->initializer, in, out, params->gain));
    if (params->spectral_norm.on)
        weight = gm_spectral_norm_layer(weight, name, 1, &params->spectral_norm);
    gm_tensor *y = gm_gemm(x, weight, NULL);
    if (params->no_bias)
        return y;
    gm_initializer start = gm_bias_start(params->initializer, in);
    return gm_add(y, gm_layer_variable(graph, name, "bias", (gm_shape){1, {out}}, start));
}

gm_tensor *gm_maxout_layer(gm_tensor *x, const char *name, const gm_maxout_params *params) {
    const size_t units = params->dense.units, pieces = params->pieces;
    gm_dense_params all = params->dense;
    all.units *= pieces;
    gm_tensor *y = gm_dense_layer(x, name, &all);
    if (gm_is_poison(y))
        return y;
    const size_t samples = gm_tensor_shape(y)->dim[0];
    y = gm_max(gm_reshape(y, (gm_shape){3, {samples, pieces, units}}), GM_AXIS(1));
    return gm_reshape(y, (gm_shape){2, {samples, units}});
}

gm_tensor *gm_part_of(gm_tensor *x, size_t axis, size_t index, size_t parts) {
    gm_shape shape = *gm_tensor_shape(x);
    size_t begin[GM_MAX_RANK] = {0};
    shape.dim[axis] /= parts;
    begin[axis] = index * shape.dim[axis];
    return gm_slice(x, begin, shape.dim);
}

// Each part of the channels with the weights that belong to it. In both convolutions those of one group lie together.
static gm_tensor *convolve_groups(gm_tensor *x, gm_tensor *weight, size_t groups, const gm_convolution_params *geometry,
                                  bool transpose) {
    gm_tensor *y[GM_MAX_CONV_GROUPS];
    for (size_t i = 0; i < groups; i++) {
        gm_tensor *part = gm_part_of(x, 1, i, groups), *own = gm_part_of(weight, 0, i, groups);
        y[i] = transpose ? gm_convolution_transpose(part, own, geometry) : gm_convolution(part, own, geometry);
    }
    return gm_concat(y, groups, 1);
}

static bool conv_usable(gm_tensor *x, const gm_conv_params *params, size_t groups, bool transpose) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return false;
    if (!gm_positions_usable(x, GM_SPATIAL_AXES) || !gm_axes_usable(x, "kernel", params->kernel) ||
        !gm_axes_usable(x, "stride", params->stride) || !gm_axes_usable(x, "padding", params->padding) ||
        !gm_axes_usable(x, "dilation", params->dilation) ||
        !gm_axes_usable(x, "output_padding", params->output_padding))
        return false;
    bool padding = false, output_padding = false, kernel = true;
    for (size_t i = 0; i + 2 < shape->rank; i++) {
        padding = padding || params->padding[i] > 0;
        output_padding = output_padding || params->output_padding[i] > 0;
        kernel = kernel && params->kernel[i] > 0;
    }
    if (params->channels == 0 || !kernel)
        gm_fault(graph, "channels and kernel must be at least 1");
    else if (!transpose && output_padding)
        gm_fault(graph, "output_padding is for conv_transpose alone");
    else if (params->same && (padding || output_padding))
        gm_fault(graph, "`same` says what the padding is: leave padding and output_padding out");
    else if (groups > GM_MAX_CONV_GROUPS)
        gm_fault(graph, "there can be at most %d groups, not %zu: each is a convolution of its own", GM_MAX_CONV_GROUPS,
                 groups);
    else if (shape->dim[1] % groups != 0 || params->channels % groups != 0)
        gm_fault(graph, "%zu groups do not divide both the input's %zu channels and the %zu of the result", groups,
                 shape->dim[1], params->channels);
    else
        return true;
    return false;
}

// Padding with which a stride of 1 keeps the length, and another divides or multiplies it; what is odd goes to the end.
static void pad_alike(gm_convolution_params *params, const gm_shape *x, const size_t *kernel, bool transpose) {
    for (size_t i = 0; i + 2 < x->rank; i++) {
        const size_t stride = GM_MAX(params->stride[i], (size_t)1), length = x->dim[2 + i];
        const size_t span = (kernel[i] - 1) * GM_MAX(params->dilation[i], (size_t)1) + 1;
        const size_t covered = transpose ? span : (gm_divide_up(length, stride) - 1) * stride + span;
        const size_t whole = transpose ? stride : length, more = covered > whole ? covered - whole : 0;
        params->padding[i] = more / 2;
        params->extra_padding[i] = more % 2;
        params->output_padding[i] = transpose && span < stride ? stride - span : 0;
    }
}

// Both convolutions: the weight's shape is (K, C, ...), where conv maps C to K and conv_transpose K to C; within a
// group the second is a part of the channels.
static gm_tensor *convolve(gm_tensor *x, const char *name, const gm_conv_params *params, bool transpose) {
    gm_graph *graph = gm_tensor_graph(x);
    const size_t groups = GM_MAX(params->groups, 1);
    if (!conv_usable(x, params, groups, transpose))
        return graph->nodes[0];
    const gm_shape *shape = gm_tensor_shape(x);
    gm_shape kernel = {.rank = shape->rank}, along = {.rank = shape->rank - 1, .dim = {params->channels}};
    gm_convolution_params geometry = {{0}, {0}, {0}, {0}, {0}};
    size_t area = 1;
    for (size_t i = 0; i + 2 < shape->rank; i++) {
        geometry.stride[i] = params->stride[i];
        geometry.padding[i] = params->padding[i];
        geometry.dilation[i] = params->dilation[i];
        geometry.output_padding[i] = params->output_padding[i];
        kernel.dim[2 + i] = params->kernel[i];
        along.dim[1 + i] = 1;
        area *= params->kernel[i];
    }
    if (params->same)
        pad_alike(&geometry, shape, params->kernel, transpose);
    kernel.dim[0] = transpose ? shape->dim[1] : params->channels;
    kernel.dim[1] = (transpose ? params->channels : shape->dim[1]) / groups;
    const size_t fan_in = kernel.dim[1] * area, fan_out = kernel.dim[0] * area;
    gm_tensor *weight = gm_layer_variable(graph, name, "weight", kernel,
                                          gm_weight_start(params->initializer, fan_in, fan_out, params->gain));
    if (params->spectral_norm.on)
        weight = gm_spectral_norm_layer(weight, name, transpose ? 1 : 0, &params->spectral_norm);
    x = gm_pad_before_layer(x, &geometry, params->padding_mode);
    gm_tensor *y = convolve_groups(x, weight, groups, &geometry, transpose);
    if (params->no_bias)
        return y;
    gm_tensor *bias = gm_layer_variable(graph, name, "bias", (gm_shape){1, {params->channels}},
                                        gm_bias_start(params->initializer, fan_in));
    return gm_add(y, gm_reshape(bias, along));
}

gm_tensor *gm_conv_layer(gm_tensor *x, const char *name, const gm_conv_params *params) {
    return convolve(x, name, params, false);
}

gm_tensor *gm_conv_transpose_layer(gm_tensor *x, const char *name, const gm_conv_params *params) {
    if (!gm_is_poison(x) && params->padding_mode != GM_PADDING_ZERO)
        return gm_fault(gm_tensor_graph(x), "padding_mode is for conv alone");
    return convolve(x, name, params, true);
}

static bool pool_usable(gm_tensor *x, const gm_pool_params *params) {
    return gm_positions_usable(x, GM_SPATIAL_AXES) && gm_axes_usable(x, "kernel", params->kernel) &&
           gm_axes_usable(x, "stride", params->stride) && gm_axes_usable(x, "padding", params->padding);
}

gm_tensor *gm_average_pool_layer(gm_tensor *x, const gm_pool_params *params) {
    return gm_is_poison(x) || !pool_usable(x, params) ? gm_tensor_graph(x)->nodes[0] : gm_average_pool(x, params);
}

gm_tensor *gm_max_pool_layer(gm_tensor *x, const gm_pool_params *params) {
    return gm_is_poison(x) || !pool_usable(x, params) ? gm_tensor_graph(x)->nodes[0] : gm_max_pool(x, params);
}

gm_tensor *gm_reshape_samples_layer(gm_tensor *x, gm_shape shape) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *from = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (from->rank < 1 || shape.rank < 1 || shape.rank >= GM_MAX_RANK)
        return gm_fault(graph, "cannot make samples of shape %s from %s", gm_shape_text(&shape), gm_shape_text(from));
    gm_shape to = {.rank = shape.rank + 1, .dim = {from->dim[0]}};
    for (size_t i = 0; i < shape.rank; i++)
        to.dim[i + 1] = shape.dim[i];
    if (gm_shape_count(&to) != gm_shape_count(from))
        return gm_fault(graph, "%s has %zu values per sample, %s needs %zu", gm_shape_text(from),
                        gm_shape_count(from) / GM_MAX(from->dim[0], 1), gm_shape_text(&shape), gm_shape_count(&shape));
    return gm_reshape(x, to);
}

gm_tensor *gm_flatten_layer(gm_tensor *x) {
    const gm_shape *from = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (from->rank < 1)
        return gm_fault(gm_tensor_graph(x), "a scalar has no samples to flatten");
    return gm_reshape(x, (gm_shape){2, {from->dim[0], gm_shape_count(from) / GM_MAX(from->dim[0], 1)}});
}

gm_tensor *gm_dense(gm_tensor *x, const char *name, const gm_dense_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_dense_layer(x, name, params), "%s (dense)", name);
}

gm_tensor *gm_maxout(gm_tensor *x, const char *name, const gm_maxout_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_maxout_layer(x, name, params), "%s (maxout)", name);
}

gm_tensor *gm_conv(gm_tensor *x, const char *name, const gm_conv_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_conv_layer(x, name, params), "%s (conv)", name);
}

gm_tensor *gm_conv_transpose(gm_tensor *x, const char *name, const gm_conv_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_conv_transpose_layer(x, name, params), "%s (conv_transpose)", name);
}

gm_tensor *gm_reshape_samples(gm_tensor *x, gm_shape shape) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_reshape_samples_layer(x, shape), "reshape");
}

gm_tensor *gm_flatten(gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_flatten_layer(x), "flatten");
}
