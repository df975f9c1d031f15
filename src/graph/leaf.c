// Leaves: variables, inputs, constants.
#include "graph/build.h"

#include <math.h>
#include <string.h>

const gm_op gm_op_variable = {.name = "variable", .kind = GM_OP_LEAF};
const gm_op gm_op_input = {.name = "input", .kind = GM_OP_LEAF};
const gm_op gm_op_constant = {.name = "constant", .kind = GM_OP_LEAF};
const gm_op gm_op_constant_array = {.name = "constant_array", .kind = GM_OP_LEAF};

// The leaf of this name if it was declared before, a fault if it was declared otherwise; NULL when the name is new.
static gm_tensor *declared(gm_graph *graph, const gm_op *op, const char *name, gm_type type, const gm_shape *shape) {
    gm_tensor *x = gm_find_named(graph, op, name);
    if (x && (x->type != type || !gm_shape_equal(&x->shape, shape)))
        return gm_fault(graph, "%s '%s' is already declared as %s %s, not %s %s", op->name, name, gm_type_text(x->type),
                        gm_shape_text(&x->shape), gm_type_text(type), gm_shape_text(shape));
    return x;
}

static bool leaf_usable(gm_graph *graph, const gm_op *op, const char *name, gm_type type, const gm_shape *shape) {
    if (!name || !*name) {
        gm_fault(graph, "%s: it needs a name", op->name);
        return false;
    }
    if (gm_type_size(type) == 0) {
        gm_fault(graph, "%s '%s': type %d is none of float32, int32, uint8", op->name, name, (int)type);
        return false;
    }
    return gm_shape_usable(graph, name, shape);
}

gm_tensor *gm_variable(gm_graph *graph, const char *name, gm_type type, gm_shape shape, gm_initializer initializer) {
    if (!graph)
        return NULL;
    if (!leaf_usable(graph, &gm_op_variable, name, type, &shape))
        return graph->nodes[0];
    gm_tensor *x = declared(graph, &gm_op_variable, name, type, &shape);
    if (x)
        return x;
    if (initializer.kind != GM_INITIALIZER_CONSTANT && initializer.kind != GM_INITIALIZER_UNIFORM &&
        initializer.kind != GM_INITIALIZER_NORMAL)
        return gm_fault(graph, "variable '%s': there is no initializer kind %d", name, (int)initializer.kind);
    if (!isfinite(initializer.a) || !isfinite(initializer.b))
        return gm_fault(graph, "variable '%s': its initializer's numbers %g, %g must be finite", name, initializer.a,
                        initializer.b);
    gm_variable_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.initializer.kind = initializer.kind;
    attributes.initializer.a = initializer.a;
    attributes.initializer.b = initializer.b;
    return gm_node(graph, &gm_op_variable, type, &shape, NULL, 0, &attributes, sizeof attributes, name);
}

gm_tensor *gm_variable_find(const gm_graph *graph, const char *name) {
    return name ? gm_find_named(graph, &gm_op_variable, name) : NULL;
}

void gm_variable_set_rate(gm_tensor *x, double factor) {
    if (!x || gm_is_poison(x))
        return;
    if (x->op != &gm_op_variable)
        gm_fault(x->graph, "variable_set_rate: %s is no variable", gm_tensor_name(x));
    else if (!(factor >= 0) || !isfinite(factor))
        gm_fault(x->graph, "variable '%s': its factor of the learning rate must be at least 0, not %g", x->name,
                 factor);
    else
        x->rate = factor;
}

double gm_variable_rate(const gm_tensor *x) {
    return x ? x->rate : 1;
}

gm_tensor *gm_input(gm_graph *graph, const char *name, gm_type type, gm_shape shape) {
    if (!graph)
        return NULL;
    if (!leaf_usable(graph, &gm_op_input, name, type, &shape))
        return graph->nodes[0];
    gm_tensor *x = declared(graph, &gm_op_input, name, type, &shape);
    return x ? x : gm_node(graph, &gm_op_input, type, &shape, NULL, 0, NULL, 0, name);
}

gm_tensor *gm_constant_of(gm_graph *graph, gm_type type, double value) {
    gm_constant_attributes attributes = {.value = value};
    return gm_node(graph, &gm_op_constant, type, &(gm_shape){.rank = 0}, NULL, 0, &attributes, sizeof attributes, NULL);
}

gm_tensor *gm_constant(gm_graph *graph, double value) {
    return gm_constant_of(graph, GM_FLOAT32, value);
}

gm_tensor *gm_constant_int(gm_graph *graph, int32_t value) {
    return gm_constant_of(graph, GM_INT32, value);
}

gm_tensor *gm_constant_array(gm_graph *graph, gm_type type, gm_shape shape, const void *values) {
    if (!graph)
        return NULL;
    if (!leaf_usable(graph, &gm_op_constant_array, "values", type, &shape))
        return graph->nodes[0];
    if (!values)
        return gm_fault(graph, "constant_array: it needs values");
    return gm_node(graph, &gm_op_constant_array, type, &shape, NULL, 0, values,
                   gm_type_size(type) * gm_shape_count(&shape), NULL);
}

gm_tensor *gm_indices_along(gm_graph *graph, size_t rank, size_t axis, size_t count) {
    gm_shape shape = {.rank = rank};
    for (size_t i = 0; i < rank; i++)
        shape.dim[i] = i == axis ? count : 1;
    int32_t *numbers = gm_arena_alloc(&graph->arena, count * sizeof *numbers);
    if (!numbers)
        return gm_fault_memory(graph);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (int32_t)i;
    return gm_constant_array(graph, GM_INT32, shape, numbers);
}
