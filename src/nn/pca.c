// Principal components as layers: to the places of a sample along the data's axes of largest variance, in deviations,
// and back. Mean, axes and variances are fitted to the data before the first step by whoever trains, and not trained;
// a model has one set of them: pca.mean (1, d), pca.axes (r, d), pca.variance (1, r).
#include "nn/layers.h"

#include "graph/graph.h"

#include <string.h>

static const double negligible = 1e-12; // a variance of less is none

static gm_tensor *variable(gm_graph *graph, const char *part, size_t rows, size_t columns, double value) {
    return gm_layer_variable(graph, "pca", part, GM_SHAPE(rows, columns), (gm_initializer){.a = value});
}

static bool is_first(const char *name) {
    const char *dot = strchr(name, '.');
    return dot && strcmp(dot, ".0") == 0;
}

gm_tensor *gm_pca_layer(gm_tensor *x, const char *name, const gm_components_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const size_t r = params->components;
    if (gm_is_poison(x))
        return x;
    if (!is_first(name))
        return gm_fault(graph, "it is fitted to the data: put it first in a network that gets them");
    x = gm_flatten_layer(x);
    const size_t d = gm_tensor_shape(x)->dim[1];
    if (r > d)
        return gm_fault(graph, "samples of %zu values have no %zu components", d, r);
    gm_tensor *variance = variable(graph, "variance", 1, r, 1);
    gm_tensor *centred = gm_subtract(x, variable(graph, "mean", 1, d, 0));
    gm_tensor *places = gm_gemm(centred, variable(graph, "axes", r, d, 0), &(gm_gemm_params){.transpose_b = true});
    gm_tensor *there = gm_greater(variance, gm_constant(graph, negligible));
    gm_tensor *scale = gm_multiply(there, gm_rsqrt(gm_maximum(variance, gm_constant(graph, negligible))));
    return gm_multiply(places, scale);
}

gm_tensor *gm_pca_inverse_layer(gm_tensor *x, gm_shape shape) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    x = gm_flatten_layer(x);
    const size_t r = gm_tensor_shape(x)->dim[1], d = gm_shape_count(&shape);
    gm_tensor *places = gm_multiply(x, gm_sqrt(variable(graph, "variance", 1, r, 1)));
    gm_tensor *y = gm_add(gm_gemm(places, variable(graph, "axes", r, d, 0), NULL), variable(graph, "mean", 1, d, 0));
    return gm_reshape_samples_layer(y, shape);
}
