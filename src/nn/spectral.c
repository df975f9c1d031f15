// Spectral normalisation: a weight divided by an estimate of its largest singular value, which one step of the power
// iteration per training application keeps near the truth while the weight moves slowly.
//
// The weight is never reshaped to the matrix (its axis, all else): products with the vectors are sums over the other
// axes, so that every layer's weight stays as it lies. u broadcasts along the axis, v over all the others.
#include "nn/layers.h"

#include "graph/graph.h"

// x / |x|, as a constant to the gradient; a zero vector stays zero.
static gm_tensor *direction(gm_tensor *x) {
    const uint32_t axes = (1u << gm_tensor_shape(x)->rank) - 1;
    return gm_stop_gradient(gm_multiply(x, gm_rsqrt(gm_offset(gm_sum(gm_square(x), axes), 1e-24))));
}

gm_tensor *gm_spectral_norm_layer(gm_tensor *weight, const char *name, size_t axis,
                                  const gm_spectral_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(weight);
    const gm_shape *shape = gm_tensor_shape(weight);
    if (gm_is_poison(weight))
        return weight;
    if (axis >= shape->rank)
        return gm_fault(graph, "spectral norm: the weight %s has no axis %zu", gm_shape_text(shape), axis);
    if (params->mode != GM_MODE_TRAINING && params->mode != GM_MODE_INFERENCE)
        return gm_fault(graph, "spectral norm: the mode must be GM_MODE_TRAINING or GM_MODE_INFERENCE");
    const bool training = params->mode == GM_MODE_TRAINING;
    const size_t length = shape->dim[axis];
    const uint32_t all = (1u << shape->rank) - 1, others = all & ~GM_AXIS(axis);
    gm_tensor *variable = gm_layer_variable(graph, name, "spectral_u", (gm_shape){1, {length}},
                                            (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_tensor *latest =
        training && params->statistics != NULL ? gm_statistics_latest(params->statistics, variable) : variable;
    gm_shape along = {.rank = shape->rank};
    for (size_t i = 0; i < along.rank; i++)
        along.dim[i] = i == axis ? length : 1;

    gm_tensor *u = direction(gm_reshape(latest, along));
    gm_tensor *v = direction(gm_sum(gm_multiply(weight, u), GM_AXIS(axis)));
    gm_tensor *product = gm_sum(gm_multiply(weight, v), others); // W v
    if (training) {
        u = direction(product);
        if (params->statistics != NULL)
            gm_statistics_update(params->statistics, variable, gm_reshape(u, (gm_shape){1, {length}}));
    }
    gm_tensor *sigma = gm_sum(gm_multiply(product, u), all);
    return gm_divide(weight, gm_offset(sigma, 1e-12)); // a weight of zeros stays zero
}

gm_tensor *gm_spectral_norm(gm_tensor *weight, const char *name, size_t axis, const gm_spectral_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(weight);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_spectral_norm_layer(weight, name, axis, params), "%s", name);
}
