// Layers that hold layers, and those that name a value of their network.
#include "nn/layers.h"

#include "graph/graph.h"

gm_tensor *gm_residual_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_residual_params *params = &layer->params.residual;
    const char *name = gm_graph_printf(graph, "%s.shortcut", context->name);
    if (name == NULL)
        return graph->nodes[0];
    gm_tensor *y = gm_layers_apply(context, context->name, &params->layers, x);
    gm_tensor *past = gm_layers_apply(context, name, &params->shortcut, x);
    if (gm_is_poison(y) || gm_is_poison(past))
        return graph->nodes[0];
    if (!gm_shape_equal(gm_tensor_shape(y), gm_tensor_shape(past)))
        return gm_fault(graph, "its layers make %s of %s, but what goes past them is %s: change them or its `shortcut`",
                        gm_shape_text(gm_tensor_shape(y)), gm_shape_text(gm_tensor_shape(x)),
                        gm_shape_text(gm_tensor_shape(past)));
    return gm_add(y, past);
}

gm_tensor *gm_tap_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_network_set_output(context->network, layer->params.tap.name, x);
    return x;
}

gm_tensor *gm_head_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    const gm_head_params *params = &layer->params.head;
    gm_tensor *from = params->from[0] != '\0' ? gm_network_output(context->network, params->from) : x;
    gm_tensor *y = gm_layers_apply(context, context->name, &params->layers, from);
    gm_network_set_output(context->network, params->name, y);
    return gm_is_poison(y) ? y : x;
}

gm_tensor *gm_concat_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const char *from = layer->params.concat.from;
    gm_tensor *other = gm_network_output(context->network, from);
    if (gm_is_poison(x) || gm_is_poison(other))
        return graph->nodes[0];
    const gm_shape *own = gm_tensor_shape(x), *its = gm_tensor_shape(other);
    bool fits = own->rank == its->rank && own->rank >= 2;
    for (size_t i = 0; fits && i < own->rank; i++)
        fits = i == 1 || own->dim[i] == its->dim[i];
    if (!fits)
        return gm_fault(graph, "what comes here is %s, but '%s' is %s: they must agree but for the channels",
                        gm_shape_text(own), from, gm_shape_text(its));
    return gm_concat((gm_tensor *[]){x, other}, 2, 1);
}

gm_tensor *gm_slice_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    const gm_slice_params *params = &layer->params.slice;
    const gm_shape *shape = gm_tensor_shape(x);
    size_t begin[GM_MAX_RANK] = {0, params->first};
    gm_shape size = *shape;
    (void)context;
    if (gm_is_poison(x))
        return x;
    if (shape->rank < 2 || params->first >= shape->dim[1] || params->count > shape->dim[1] - params->first)
        return gm_fault(gm_tensor_graph(x), "there are no channels %zu to %zu in %s: they count from 0", params->first,
                        params->first + GM_MAX(params->count, (size_t)1) - 1, gm_shape_text(shape));
    size.dim[1] = params->count > 0 ? params->count : shape->dim[1] - params->first;
    return gm_slice(x, begin, size.dim);
}
