// Sums and averages over updates: gradients of several micro-batches, and the moving average of weights.
#include "ganymede/optim.h"

#include "graph/graph.h"

// PREFIX.NAME, shaped like the parameter.
static gm_tensor *sum_of(gm_graph *graph, const char *prefix, const gm_tensor *parameter) {
    if (gm_is_poison(parameter))
        return graph->nodes[0];
    char *full = gm_arena_printf(&graph->arena, "%s.%s", prefix, gm_tensor_name(parameter));
    if (full == NULL)
        return gm_fault(graph, "out of memory for the name of a gradient's sum");
    return gm_variable(graph, full, GM_FLOAT32, *gm_tensor_shape(parameter), (gm_initializer){0});
}

void gm_gradients_accumulate(gm_phase *phase, const char *prefix, gm_tensor *const *parameters,
                             gm_tensor *const *gradients, size_t count) {
    gm_phase_isolate(phase);
    for (size_t i = 0; i < count; i++) {
        gm_tensor *sum = sum_of(phase->graph, prefix, parameters[i]);
        if (gm_variable_rate(parameters[i]) > 0)
            gm_phase_assign(phase, sum, gm_add(sum, gradients[i]));
    }
}

void gm_gradients_mean(gm_phase *phase, const char *prefix, gm_tensor *const *parameters, gm_tensor *const *gradients,
                       size_t count, size_t micro_batches, gm_tensor **means) {
    if (micro_batches == 0)
        gm_fault(phase->graph, "%s: the number of micro-batches must be at least 1", prefix);
    for (size_t i = 0; i < count; i++) {
        gm_tensor *sum = sum_of(phase->graph, prefix, parameters[i]);
        means[i] = gm_scale(gm_add(sum, gradients[i]), 1 / (double)(micro_batches > 0 ? micro_batches : 1));
        if (gm_variable_rate(parameters[i]) > 0)
            gm_phase_assign(phase, sum, gm_full(phase->graph, *gm_tensor_shape(sum), 0));
    }
}

// 1 - min(decay, (1 + t) / (10 + t)) = max(1 - decay, 9 / (10 + t)): nothing is taken from 1 in float32.
static gm_tensor *taken(const gm_average_params *params, gm_graph *graph) {
    gm_tensor *least = gm_constant(graph, 1 - params->decay);
    if (params->step == NULL)
        return least;
    gm_tensor *warm = gm_divide(gm_constant(graph, 9), gm_offset(gm_cast(params->step, GM_FLOAT32), 10));
    return gm_maximum(least, warm);
}

void gm_average_assign(gm_phase *phase, gm_tensor *const *averages, gm_tensor *const *values, size_t count,
                       const gm_average_params *params) {
    if (!(params->decay >= 0 && params->decay < 1)) {
        gm_fault(phase->graph, "an average's decay must be at least 0 and below 1, not %g", params->decay);
        return;
    }
    gm_tensor *share = taken(params, phase->graph);
    for (size_t i = 0; i < count; i++) // this form keeps the average unbiased: see `average` in optimizer.c
        gm_phase_assign(phase, averages[i],
                        gm_add(averages[i], gm_multiply(gm_subtract(values[i], averages[i]), share)));
}
