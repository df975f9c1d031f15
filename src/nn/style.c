// The layers of style-based generators (Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020).
//   N samples, C channels in, K out; s (N, C) the style's scales, d (N, K) what takes them out again.
#include "nn/layers.h"

#include "graph/graph.h"

gm_tensor *gm_pixel_norm_layer(gm_tensor *x, double epsilon) {
    if (gm_is_poison(x))
        return x;
    if (gm_tensor_shape(x)->rank < 2)
        return gm_fault(gm_tensor_graph(x), "it takes samples (N, C, ...), not %s", gm_shape_text(gm_tensor_shape(x)));
    gm_tensor *squares = gm_mean(gm_square(x), GM_AXIS(1));
    return gm_multiply(x, gm_rsqrt(gm_offset(squares, epsilon > 0 ? epsilon : 1e-8)));
}

gm_tensor *gm_constant_layer(gm_tensor *x, const char *name, gm_shape shape) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    if (gm_tensor_shape(x)->rank < 1 || shape.rank < 1 || shape.rank >= GM_MAX_RANK)
        return gm_fault(graph, "cannot make samples of shape %s beside %s", gm_shape_text(&shape),
                        gm_shape_text(gm_tensor_shape(x)));
    gm_tensor *value = gm_layer_variable(graph, name, "weight", shape, (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_shape batch = {.rank = shape.rank + 1, .dim = {gm_tensor_shape(x)->dim[0]}};
    for (size_t i = 0; i < shape.rank; i++)
        batch.dim[i + 1] = shape.dim[i];
    return gm_broadcast(value, batch);
}

// ---- Noise ----

// (N, C, ...) -> (N, 1, ...), or `channels` in the place of 1
static gm_shape positions_of(const gm_tensor *x, size_t channels) {
    gm_shape shape = *gm_tensor_shape(x);
    shape.dim[1] = channels;
    return shape;
}

// By Box and Muller. The uniform numbers are multiples of 2^-24, 0 among them: half of one in its place keeps the
// logarithm finite.
static gm_tensor *normal_of(gm_tensor *uniform) {
    gm_tensor *u = gm_maximum(gm_part_of(uniform, 1, 0, 2), gm_constant(gm_tensor_graph(uniform), 0x1p-25));
    gm_tensor *angle = gm_scale(gm_part_of(uniform, 1, 1, 2), 6.28318530717958647692);
    return gm_multiply(gm_sqrt(gm_scale(gm_log(u), -2)), gm_cos(angle));
}

gm_tensor *gm_noise_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const bool training = context->mode == GM_MODE_TRAINING;
    (void)layer;
    if (gm_is_poison(x))
        return x;
    const gm_shape *shape = gm_tensor_shape(x);
    if (shape->rank < 3)
        return gm_fault(graph, "it takes samples with positions (N, C, ...), not %s", gm_shape_text(shape));
    if (training && context->counter == NULL)
        return gm_fault(graph, "it needs a counter: without one it draws the same numbers every step");
    gm_tensor *noise;
    if (!training && context->draw) {
        noise = normal_of(context->draw(context->user, context->name, positions_of(x, 2)));
    } else { // a graph that draws batches of several sizes has noise of each
        const char *stream = training ? gm_graph_printf(graph, "%s.noise.%zu", context->name, context->application)
                                      : gm_graph_printf(graph, "%s.noise.inference.%zu", context->name, shape->dim[0]);
        noise = gm_random_normal(graph, stream, positions_of(x, 1), context->counter);
    }
    gm_tensor *strength = gm_layer_variable(graph, context->name, "weight", (gm_shape){1, {1}}, (gm_initializer){0});
    return gm_add(x, gm_multiply(noise, strength));
}

// ---- Modulated convolution ----

static bool modulated_conv_usable(gm_tensor *x, gm_tensor *style, const gm_modulated_conv_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x) || gm_is_poison(style))
        return false;
    const gm_shape *shape = gm_tensor_shape(x), *its = gm_tensor_shape(style);
    if (!gm_positions_usable(x, GM_SPATIAL_AXES) || !gm_axes_usable(x, "kernel", params->kernel))
        return false;
    for (size_t i = 0; i + 2 < shape->rank; i++)
        if (params->kernel[i] % 2 == 0) {
            gm_fault(graph, "the kernel must be odd along each axis, so that the size stays");
            return false;
        }
    if (params->channels == 0)
        gm_fault(graph, "channels must be at least 1");
    else if (its->rank != 2 || its->dim[0] != shape->dim[0])
        gm_fault(graph, "the style must be vectors (%zu, M), one for each sample of %s, not %s", shape->dim[0],
                 gm_shape_text(shape), gm_shape_text(its));
    else
        return true;
    return false;
}

// (N, C) as it broadcasts over y (N, C, ...)
static gm_tensor *over_positions(gm_tensor *scales, const gm_tensor *y) {
    gm_shape spread = *gm_tensor_shape(y);
    for (size_t i = 2; i < spread.rank; i++)
        spread.dim[i] = 1;
    return gm_reshape(scales, spread);
}

// The style scales the weights of each sample: w'_nkc = s_nc w_kc, divided by its norm over c and the kernel. Both are
// linear in x, so that s may scale x and d the result, and all samples share one convolution.
gm_tensor *gm_modulated_conv_layer(gm_tensor *x, gm_tensor *style, const char *name,
                                   const gm_modulated_conv_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (!modulated_conv_usable(x, style, params))
        return graph->nodes[0];
    const gm_shape *shape = gm_tensor_shape(x);
    const size_t C = shape->dim[1], K = params->channels;
    gm_shape kernel = {.rank = shape->rank, .dim = {K, C}};
    gm_convolution_params geometry = {{0}, {0}, {0}, {0}, {0}};
    size_t area = 1;
    for (size_t i = 0; i + 2 < shape->rank; i++) {
        kernel.dim[2 + i] = params->kernel[i];
        geometry.padding[i] = params->kernel[i] / 2;
        area *= params->kernel[i];
    }
    const gm_dense_params dense = {.units = C, .initializer = params->initializer, .gain = 1}; // no activation follows
    gm_tensor *s = gm_offset(gm_dense_layer(style, gm_graph_printf(graph, "%s.style", name), &dense), 1);
    gm_tensor *weight = gm_layer_variable(graph, name, "weight", kernel,
                                          gm_weight_start(params->initializer, C * area, K * area, params->gain));
    gm_tensor *y = gm_convolution(gm_multiply(x, over_positions(s, x)), weight, &geometry);
    if (!params->no_demodulate) {
        uint32_t within = ((1u << kernel.rank) - 1) & ~3u;
        gm_tensor *squares = gm_reshape(gm_sum(gm_square(weight), within), (gm_shape){2, {K, C}});
        gm_tensor *norms = gm_gemm(gm_square(s), squares, &(gm_gemm_params){.transpose_b = true});
        y = gm_multiply(y, over_positions(gm_rsqrt(gm_offset(norms, 1e-8)), y));
    }
    if (params->no_bias || gm_is_poison(y))
        return y;
    gm_shape along = {.rank = shape->rank - 1, .dim = {K}};
    for (size_t i = 1; i < along.rank; i++)
        along.dim[i] = 1;
    gm_tensor *bias = gm_layer_variable(graph, name, "bias", (gm_shape){1, {K}}, (gm_initializer){0});
    return gm_add(y, gm_reshape(bias, along));
}

gm_tensor *gm_modulated_conv(gm_tensor *x, gm_tensor *style, const char *name, const gm_modulated_conv_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_modulated_conv_layer(x, style, name, params), "%s (modulated_conv)", name);
}

gm_tensor *gm_pixel_norm(gm_tensor *x, double epsilon) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_pixel_norm_layer(x, epsilon), "pixel_norm");
}
