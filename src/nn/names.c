// Names: of a layer's variables, and in front of the faults that arise in it.
#include "nn/layers.h"

#include "graph/graph.h"

#include <string.h>

gm_status gm_graph_fault(const gm_graph *graph) {
    return graph->fault;
}

gm_tensor *gm_fault_prefix(gm_graph *graph, gm_status before, gm_tensor *y, const char *format, ...) {
    if (before != GM_OK || graph->fault == GM_OK || graph->fault_message == NULL)
        return y;
    char prefix[512];
    va_list arguments;
    va_start(arguments, format);
    gm_vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    char *message = gm_arena_printf(&graph->arena, "%s: %s", prefix, graph->fault_message);
    if (message != NULL)
        graph->fault_message = message;
    return y;
}

static bool ends_in(const char *text, const char *suffix) {
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool ends_in_one(const char *text, const char *const *suffixes) {
    for (; *suffixes != NULL; suffixes++)
        if (ends_in(text, *suffixes))
            return true;
    return false;
}

size_t gm_variables_named(const gm_graph *graph, const char *prefix, const char *const *suffixes, gm_tensor **variables,
                          size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        gm_tensor *x = graph->nodes[i];
        if (x->op != &gm_op_variable || strncmp(x->name, prefix, strlen(prefix)) != 0)
            continue;
        if (!ends_in_one(x->name, suffixes))
            continue;
        if (count < capacity)
            variables[count] = x;
        count++;
    }
    return count;
}

size_t gm_trainable(const gm_graph *graph, const char *prefix, gm_tensor **variables, size_t capacity) {
    return gm_variables_named(graph, prefix, (const char *const[]){".weight", ".bias", NULL}, variables, capacity);
}

void gm_variables_set_rate(const gm_graph *graph, const char *prefix, double factor) {
    const size_t length = strlen(prefix);
    for (size_t i = 0; i < graph->node_count; i++) {
        gm_tensor *x = graph->nodes[i];
        if (x->op == &gm_op_variable && strncmp(x->name, prefix, length) == 0 && x->name[length] == '.')
            gm_variable_set_rate(x, factor);
    }
}

gm_tensor *gm_layer_variable(gm_graph *graph, const char *name, const char *part, gm_shape shape,
                             gm_initializer start) {
    const char *full = gm_graph_printf(graph, "%s.%s", name, part);
    return full == NULL ? graph->nodes[0] : gm_variable(graph, full, GM_FLOAT32, shape, start);
}
