// Layers that tell a sample what the others of its batch are like.
#include "nn/layers.h"

#include "graph/graph.h"

// Sample g M + m is member g of group m, M groups in all, as in StyleGAN2.
gm_tensor *gm_minibatch_stddev_layer(gm_tensor *x, const gm_minibatch_stddev_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    gm_shape shape = *gm_tensor_shape(x);
    if (shape.rank < 2 || shape.rank > 5)
        return gm_fault(graph, "it takes samples with channels (N, C, ...), not %s", gm_shape_text(&shape));
    const size_t samples = shape.dim[0], values = gm_shape_count(&shape) / samples;
    size_t members = GM_MIN(params->group > 0 ? params->group : 4, samples);
    while (samples % members != 0)
        members--;
    const size_t groups = samples / members;
    gm_tensor *variance = gm_variance(gm_reshape(x, (gm_shape){3, {members, groups, values}}), GM_AXIS(0));
    gm_tensor *deviation = gm_mean(gm_sqrt(gm_offset(variance, 1e-8)), GM_AXIS(2));
    shape.dim[1] = 1;
    const gm_shape spread = {3, {members, groups, gm_shape_count(&shape) / samples}};
    return gm_concat((gm_tensor *[]){x, gm_reshape(gm_broadcast(deviation, spread), shape)}, 2, 1);
}

gm_tensor *gm_minibatch_stddev(gm_tensor *x, const gm_minibatch_stddev_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_minibatch_stddev_layer(x, params), "minibatch_stddev");
}
