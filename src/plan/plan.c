// A plan's own: its leaves and nodes, its phases lowered one after the other, and its end.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

static void *plan_memory(gm_plan *plan, size_t count, size_t size) {
    return gm_arena_alloc(&plan->arena, GM_MAX(count, (size_t)1) * size);
}

static gm_status list_leaves(gm_plan *plan) {
    gm_graph *graph = plan->graph;
    plan->leaf_of = plan_memory(plan, graph->node_count, sizeof *plan->leaf_of);
    plan->leaves = plan_memory(plan, graph->node_count, sizeof *plan->leaves);
    if (!plan->leaf_of || !plan->leaves)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a plan of %zu nodes", graph->node_count);
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        plan->leaf_of[id] = SIZE_MAX;
        bool variable = node->op == &gm_op_variable;
        if (!variable && node->op != &gm_op_input && node->op != &gm_op_constant_array)
            continue;
        plan->leaf_of[id] = plan->leaf_count;
        gm_status countable = gm_check_countable(gm_shape_count(&node->shape));
        if (countable != GM_OK)
            return gm_fail_prefix(countable, "%s %s", node->name ? node->name : node->op->name,
                                  gm_shape_text(&node->shape));
        gm_leaf *leaf = &plan->leaves[plan->leaf_count++];
        leaf->node = node;
        size_t bytes = gm_type_size(node->type) * gm_shape_count(&node->shape);
        if (variable) {
            GM_TRY(gm_state_declare(plan->state, node, &leaf->variable));
        } else {
            GM_TRY(gm_buffer_create(&leaf->buffer, plan->device, bytes));
        }
        GM_TRY(gm_emit_storage(&plan->emitter, bytes, &leaf->storage));
        plan->emitter.storages[leaf->storage].fixed = variable ? leaf->variable->buffer : leaf->buffer;
    }
    return GM_OK;
}

static gm_status list_nodes(gm_plan *plan) {
    gm_graph *graph = plan->graph;
    plan->words = (plan->leaf_count + 63) / 64;
    plan->depends = plan_memory(plan, graph->node_count * GM_MAX(plan->words, (size_t)1), sizeof *plan->depends);
    plan->values = plan_memory(plan, graph->node_count, sizeof *plan->values);
    plan->family = plan_memory(plan, graph->node_count, sizeof *plan->family);
    plan->phases = plan_memory(plan, graph->phase_count, sizeof *plan->phases);
    if (!plan->depends || !plan->values || !plan->family || !plan->phases)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a plan of %zu nodes", graph->node_count);
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        uint64_t *depends = plan->depends + id * plan->words;
        plan->family[id] = gm_family_find(node->op);
        if (plan->leaf_of[id] != SIZE_MAX)
            depends[plan->leaf_of[id] / 64] |= UINT64_C(1) << plan->leaf_of[id] % 64;
        for (size_t i = 0; i < node->input_count; i++)
            for (size_t w = 0; w < plan->words; w++)
                depends[w] |= plan->depends[node->input[i]->id * plan->words + w];
    }
    return GM_OK;
}

static gm_status plan_phase(gm_plan *plan, size_t index) {
    gm_phase_plan *phase = &plan->phases[index];
    phase->phase = plan->graph->phases[index];
    phase->reuses = plan_memory(plan, plan->graph->phase_count, sizeof *phase->reuses);
    phase->assigned_leaves = plan_memory(plan, phase->phase->assignment_count, sizeof *phase->assigned_leaves);
    if (!phase->reuses || !phase->assigned_leaves)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for phase %s", phase->phase->name);
    for (size_t i = 0; i < phase->phase->assignment_count; i++)
        phase->assigned_leaves[phase->assigned_count++] =
            plan->leaf_of[gm_plan_alias(phase->phase->assignments[i].variable)->id];
    gm_analysis analysis = {0};
    if (phase->phase->isolated)
        gm_values_forget(plan);
    gm_status status = gm_analyse(&analysis, plan, index);
    if (status == GM_OK)
        status = gm_parts_find(&analysis);
    if (status == GM_OK)
        status = gm_stores_list(&analysis);
    if (status == GM_OK)
        status = gm_units_create(&analysis);
    if (status == GM_OK)
        status = gm_stores_place(&analysis);
    if (status == GM_OK)
        status = gm_lower(&analysis);
    if (phase->phase->isolated)
        gm_values_forget(plan);
    gm_analysis_finish(&analysis);
    plan->phase_count = index + 1;
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "phase %s", phase->phase->name);
}

gm_status gm_plan_lower(gm_plan **out, gm_graph *graph, gm_state *state, const gm_plan_request *request) {
    const gm_plan_options *options = request->options;
    gm_plan *plan;
    gm_status status = GM_OK;
    *out = NULL;
    GM_TRY(gm_graph_status(graph));
    GM_TRY(gm_alloc(&plan, 1, sizeof *plan, "a plan"));
    plan->graph = graph;
    plan->state = state;
    plan->device = state->device;
    const char *mode = getenv("GANYMEDE_PLAN");
    plan->trial = request->trial;
    plan->emitter.info = gm_device_get_info(state->device);
    plan->tuning = options ? options->tuning : NULL;
    for (size_t i = 0; i < GM_COUNT(plan->picture); i++)
        plan->picture[i] = options ? options->picture[i] : 0;
    if (plan->emitter.info->described && plan->tuning && !plan->tuning->forced)
        plan->tuning = NULL; // nothing can be timed there
    plan->unfilled = options && options->unfilled;
    plan->separate = plan->unfilled || (options && options->separate) || (mode && strcmp(mode, "separate") == 0);
    plan->emitter.gpu = gm_emitter_wants_gpu(plan->emitter.info);
    plan->emitter.matrix = request->matrix;
    plan->emitter.exact = request->exact;
    plan->emitter.half = request->half;
    GM_TRY_DONE(list_leaves(plan));
    GM_TRY_DONE(list_nodes(plan));
    if (request->half_storage)
        GM_TRY_DONE(gm_plan_choose_half(plan));
    for (size_t i = 0; i < graph->phase_count; i++)
        GM_TRY_DONE(plan_phase(plan, i));
    *out = plan;
    plan = NULL;
done:
    gm_plan_destroy(&plan);
    return status;
}

// Where every phase has run, so has every kernel.
static void note_compiled(const gm_plan *plan) {
    size_t run = 0;
    while (run < plan->phase_count && plan->phases[run].runs > 0)
        run++;
    if (plan->compiling && run == plan->phase_count)
        gm_program_compiled(plan->compiling);
}

void gm_plan_destroy(gm_plan **out) {
    gm_plan *plan = out ? *out : NULL;
    if (!plan)
        return;
    if (gm_device_finish(plan->device) == GM_OK) // nothing may run on what is released below
        note_compiled(plan);
    for (size_t i = 0; plan->launches && i < plan->emitter.launch_count; i++)
        gm_recording_destroy(&plan->launches[i].recording);
    for (size_t i = 0; plan->launches && i < plan->emitter.launch_count; i++)
        gm_kernel_destroy(&plan->launches[i].kernel);
    for (size_t i = 0; plan->buffers && i < plan->emitter.storage_count; i++)
        if (!plan->emitter.storages[i].fixed)
            gm_buffer_destroy(&plan->buffers[i]);
    for (size_t i = 0; i < plan->arena_count; i++)
        gm_buffer_destroy(&plan->arenas[i]);
    for (size_t i = 0; i < plan->leaf_count; i++)
        gm_buffer_destroy(&plan->leaves[i].buffer);
    for (size_t i = 0; i < plan->phase_count; i++) {
        free(plan->phases[i].checks);
        for (size_t k = 0; k < GM_IN_FLIGHT; k++)
            gm_marker_finish(&plan->phases[i].marker[k]);
    }
    gm_program_destroy(&plan->program);
    free(plan->launches);
    free(plan->buffers);
    free(plan->arenas);
    free(plan->fetched);
    free(plan->asked);
    free(plan->emitter.launches);
    free(plan->emitter.storages);
    free(plan->emitter.kernels);
    free(plan->emitter.shared);
    gm_arena_finish(&plan->emitter.arena);
    gm_arena_finish(&plan->arena);
    free(plan);
    *out = NULL;
}
