// Random numbers as nodes: pure functions of the seed, the node's name and a counter. A stream is the hash of the name.
#include "graph/build.h"

#include <string.h>

const gm_op gm_op_uniform = {.name = "uniform", .kind = GM_OP_KERNEL};
const gm_op gm_op_normal = {.name = "normal", .kind = GM_OP_KERNEL};
const gm_op gm_op_bernoulli = {.name = "bernoulli", .kind = GM_OP_KERNEL};

static bool is_random(const gm_tensor *x) {
    return x->op == &gm_op_uniform || x->op == &gm_op_normal || x->op == &gm_op_bernoulli;
}

// Another node that would draw the same numbers: of this name, or of one whose hash is the same by accident.
static const gm_tensor *stream_owner(const gm_graph *graph, const gm_tensor *fresh, uint32_t stream) {
    for (size_t id = 1; id < graph->node_count; id++) {
        const gm_tensor *x = graph->nodes[id];
        if (x != fresh && is_random(x) && ((const gm_random_attributes *)x->attributes)->stream == stream)
            return x;
    }
    return NULL;
}

static gm_tensor *random_node(gm_graph *graph, const gm_op *op, const char *name, const gm_shape *shape,
                              double probability, gm_tensor *counter) {
    if (!graph)
        return NULL;
    gm_tensor *poison = graph->nodes[0];
    if (!name || !*name)
        return gm_fault(graph, "random_%s: it needs a name", op->name);
    if (!gm_shape_usable(graph, name, shape))
        return poison;
    if (counter) {
        if (!gm_usable(name, &counter, 1, &poison))
            return graph->nodes[0];
        if (counter->graph != graph)
            return gm_fault(graph, "random_%s '%s': its counter belongs to another graph", op->name, name);
        if (counter->type != GM_INT32 || counter->shape.rank != 1 || counter->shape.dim[0] != 2)
            return gm_fault(graph, "random_%s '%s': counter %s is %s but must be int32 (2)", op->name, name,
                            gm_describe(counter), gm_type_text(counter->type));
    }
    gm_random_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.stream = gm_stream(name);
    attributes.probability = probability;
    gm_tensor *x =
        gm_node(graph, op, GM_FLOAT32, shape, &counter, counter ? 1 : 0, &attributes, sizeof attributes, name);
    const gm_tensor *owner = gm_is_poison(x) ? NULL : stream_owner(graph, x, attributes.stream);
    if (!owner)
        return x;
    return strcmp(owner->name, name) == 0
               ? gm_fault(graph, "random '%s' is already used for %s numbers of shape %s; a name stands for one node",
                          name, owner->op->name, gm_shape_text(&owner->shape))
               : gm_fault(graph, "random '%s' would draw the same numbers as '%s'; rename one", name, owner->name);
}

gm_tensor *gm_random_uniform(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter) {
    return random_node(graph, &gm_op_uniform, name, &shape, 0, counter);
}

gm_tensor *gm_random_normal(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter) {
    return random_node(graph, &gm_op_normal, name, &shape, 0, counter);
}

gm_tensor *gm_random_bernoulli(gm_graph *graph, const char *name, gm_shape shape, double probability,
                               gm_tensor *counter) {
    if (!(probability >= 0 && probability <= 1))
        return gm_fault(graph, "random_bernoulli '%s': probability %g is not between 0 and 1", name ? name : "",
                        probability);
    return random_node(graph, &gm_op_bernoulli, name, &shape, probability, counter);
}
