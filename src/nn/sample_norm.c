// Norms of each sample by itself: layer, instance and group norm, instance norm by a style. They differ in the values
// that share a mean and in where the scale comes from; nothing is kept from one batch to the next.
#include "nn/layers.h"

#include "graph/graph.h"

// (x - mean) / sqrt(variance + epsilon) over the axes. The mean is taken off first: no digits cancel when it is large.
static gm_tensor *normalize(gm_tensor *x, uint32_t axes, double epsilon) {
    gm_tensor *variance = gm_variance(x, axes);
    if (gm_is_poison(variance))
        return variance;
    if (gm_shape_count(gm_tensor_shape(x)) == gm_shape_count(gm_tensor_shape(variance)))
        return gm_fault(gm_tensor_graph(x), "%s leaves one value to take a variance of: normalise more at once",
                        gm_shape_text(gm_tensor_shape(x)));
    gm_tensor *factor = gm_rsqrt(gm_offset(variance, epsilon > 0 ? epsilon : 1e-5));
    return gm_multiply(gm_subtract(x, gm_mean(x, axes)), factor);
}

// y weight + bias; the variables have the shape `own` and broadcast as `spread`.
static gm_tensor *scale(gm_tensor *y, const char *name, const gm_sample_norm_params *params, gm_shape own,
                        gm_shape spread) {
    gm_graph *graph = gm_tensor_graph(y);
    if (params->no_affine || gm_is_poison(y))
        return y;
    const gm_initializer one = {GM_INITIALIZER_CONSTANT, 1, 0}, zero = {0};
    gm_tensor *weight = gm_layer_variable(graph, name, "weight", own, one);
    gm_tensor *bias = gm_layer_variable(graph, name, "bias", own, zero);
    return gm_add(gm_multiply(y, gm_reshape(weight, spread)), gm_reshape(bias, spread));
}

// A scale per channel.
static gm_tensor *scale_channels(gm_tensor *y, const char *name, const gm_sample_norm_params *params) {
    const gm_shape *shape = gm_tensor_shape(y), channels = {1, {shape->dim[1]}};
    gm_shape spread = {shape->rank - 1, {shape->dim[1]}};
    for (size_t i = 1; i < spread.rank; i++)
        spread.dim[i] = 1;
    return scale(y, name, params, channels, spread);
}

// The axes from `first` on, at least one; 0 and a fault for what has none there, or is not (N, C, ...).
static uint32_t axes_from(gm_tensor *x, size_t first) {
    const gm_shape *shape = gm_tensor_shape(x);
    if (shape->rank <= first || shape->rank > 5) {
        gm_fault(gm_tensor_graph(x), "it takes %s(N, C, L), (N, C, H, W) or (N, C, D, H, W), not %s",
                 first < 2 ? "(N, C), " : "", gm_shape_text(shape));
        return 0;
    }
    return ((1u << shape->rank) - 1) & ~((1u << first) - 1);
}

gm_tensor *gm_layer_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    if (gm_is_poison(x))
        return x;
    const uint32_t axes = axes_from(x, 1);
    if (axes == 0)
        return gm_tensor_graph(x)->nodes[0];
    if (params->over == GM_NORM_OVER_CHANNELS) {
        gm_tensor *y = normalize(x, GM_AXIS(1), params->epsilon);
        return gm_is_poison(y) ? y : scale_channels(y, name, params);
    }
    gm_shape sample = {.rank = gm_tensor_shape(x)->rank - 1};
    for (size_t i = 0; i < sample.rank; i++)
        sample.dim[i] = gm_tensor_shape(x)->dim[i + 1];
    return scale(normalize(x, axes, params->epsilon), name, params, sample, sample);
}

gm_tensor *gm_instance_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    if (gm_is_poison(x))
        return x;
    const uint32_t axes = axes_from(x, 2);
    if (axes == 0)
        return gm_tensor_graph(x)->nodes[0];
    gm_tensor *y = normalize(x, axes, params->epsilon);
    return gm_is_poison(y) ? y : scale_channels(y, name, params);
}

// Column block `part` of (N, 2 C), shaped to broadcast over y (N, C, ...).
static gm_tensor *half(gm_tensor *both, size_t part, const gm_tensor *y) {
    gm_shape spread = *gm_tensor_shape(y);
    for (size_t i = 2; i < spread.rank; i++)
        spread.dim[i] = 1;
    const size_t C = spread.dim[1];
    return gm_reshape(gm_slice(both, (size_t[]){0, part * C}, (size_t[]){spread.dim[0], C}), spread);
}

gm_tensor *gm_adain_layer(gm_tensor *x, gm_tensor *style, const char *name, const gm_adain_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x) || gm_is_poison(style))
        return graph->nodes[0];
    const gm_sample_norm_params plain = {.epsilon = params->epsilon, .no_affine = true};
    gm_tensor *y = gm_instance_norm_layer(x, name, &plain);
    if (gm_is_poison(y))
        return y;
    const gm_shape *shape = gm_tensor_shape(y), *its = gm_tensor_shape(style);
    if (its->rank != 2 || its->dim[0] != shape->dim[0])
        return gm_fault(graph, "the style must be vectors (%zu, M), one for each sample of %s, not %s", shape->dim[0],
                        gm_shape_text(shape), gm_shape_text(its));
    const gm_dense_params dense = {
        .units = 2 * shape->dim[1],
        .initializer = params->initializer,
        .gain = params->gain > 0 ? params->gain : 1, // no activation follows these weights
        .spectral_norm = params->spectral_norm,
    };
    gm_tensor *both = gm_dense_layer(style, name, &dense);
    if (gm_is_poison(both))
        return both;
    return gm_add(gm_multiply(y, gm_offset(half(both, 0, y), 1)), half(both, 1, y));
}

gm_tensor *gm_group_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    if (axes_from(x, 1) == 0)
        return graph->nodes[0];
    const gm_shape shape = *gm_tensor_shape(x);
    const size_t channels = shape.dim[1], groups = params->groups;
    if (groups == 0 || channels % groups != 0)
        return gm_fault(graph, "%zu groups do not divide the %zu channels of %s", groups, channels,
                        gm_shape_text(&shape));
    gm_shape grouped = {shape.rank + 1, {shape.dim[0], groups, channels / groups}};
    for (size_t i = 2; i < shape.rank; i++)
        grouped.dim[i + 1] = shape.dim[i];
    const uint32_t within = ((1u << grouped.rank) - 1) & ~3u;
    gm_tensor *y = gm_reshape(normalize(gm_reshape(x, grouped), within, params->epsilon), shape);
    return gm_is_poison(y) ? y : scale_channels(y, name, params);
}

gm_tensor *gm_layer_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_layer_norm_layer(x, name, params), "%s (layer_norm)", name);
}

gm_tensor *gm_instance_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_instance_norm_layer(x, name, params), "%s (instance_norm)", name);
}

gm_tensor *gm_group_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_group_norm_layer(x, name, params), "%s (group_norm)", name);
}

gm_tensor *gm_adaptive_instance_norm(gm_tensor *x, gm_tensor *style, const char *name, const gm_adain_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_adain_layer(x, style, name, params), "%s (adain)", name);
}
