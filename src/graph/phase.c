// Phases: what a plan runs at once, and what it stores at the end.
#include "graph/build.h"

#include <string.h>

gm_phase *gm_phase_create(gm_graph *graph, const char *name) {
    if (!graph)
        return NULL;
    if (!name || !*name) {
        gm_fault(graph, "phase: it needs a name");
        return NULL;
    }
    for (size_t i = 0; i < graph->phase_count; i++)
        if (strcmp(graph->phases[i]->name, name) == 0) {
            gm_fault(graph, "phase '%s' exists already", name);
            return graph->phases[i];
        }
    gm_phase *phase = gm_arena_alloc(&graph->arena, sizeof *phase);
    char *copy = gm_arena_string(&graph->arena, name);
    if (!phase || !copy ||
        gm_grow(&graph->phases, graph->phase_count, &graph->phase_capacity, sizeof phase, "phases") != GM_OK) {
        gm_fault_memory(graph);
        return NULL;
    }
    phase->graph = graph;
    phase->name = copy;
    phase->index = graph->phase_count;
    graph->phases[graph->phase_count++] = phase;
    return phase;
}

static bool belongs(gm_phase *phase, const char *what, const gm_tensor *x) {
    if (!x)
        gm_fault(phase->graph, "phase '%s': %s is NULL", phase->name, what);
    else if (x->graph != phase->graph)
        gm_fault(phase->graph, "phase '%s': %s %s belongs to another graph", phase->name, what, gm_describe(x));
    // A poison tensor's own fault is recorded already.
    return x && x->graph == phase->graph && !gm_is_poison(x);
}

void gm_phase_fetch(gm_phase *phase, gm_tensor *x) {
    if (!phase || !belongs(phase, "a fetched tensor", x))
        return;
    for (size_t i = 0; i < phase->fetch_count; i++)
        if (phase->fetches[i] == x)
            return;
    if (gm_grow(&phase->fetches, phase->fetch_count, &phase->fetch_capacity, sizeof(gm_tensor *), "fetches") != GM_OK) {
        gm_fault_memory(phase->graph);
        return;
    }
    phase->fetches[phase->fetch_count++] = x;
}

void gm_phase_isolate(gm_phase *phase) {
    if (phase)
        phase->isolated = true;
}

void gm_phase_assign(gm_phase *phase, gm_tensor *variable, gm_tensor *value) {
    if (!phase || !belongs(phase, "an assigned variable", variable) || !belongs(phase, "an assigned value", value))
        return;
    gm_graph *graph = phase->graph;
    if (variable->op != &gm_op_variable) {
        gm_fault(graph, "phase '%s': %s %s is assigned to, but only variables can be", phase->name, variable->op->name,
                 gm_describe(variable));
        return;
    }
    if (variable->type != value->type || !gm_shape_equal(&variable->shape, &value->shape)) {
        gm_fault(graph, "phase '%s': variable %s is %s and cannot be assigned %s %s", phase->name,
                 gm_describe(variable), gm_type_text(variable->type), gm_type_text(value->type), gm_describe(value));
        return;
    }
    for (size_t i = 0; i < phase->assignment_count; i++)
        if (phase->assignments[i].variable == variable) {
            gm_fault(graph, "phase '%s': variable %s is assigned twice; compose the two updates into one value",
                     phase->name, gm_describe(variable));
            return;
        }
    if (gm_grow(&phase->assignments, phase->assignment_count, &phase->assignment_capacity, sizeof(gm_assignment),
                "assignments") != GM_OK) {
        gm_fault_memory(graph);
        return;
    }
    phase->assignments[phase->assignment_count++] = (gm_assignment){variable, value};
}
