// Values: where each lies. Copies into another layout are made where a kernel cannot read what is there, once per
// phase.
#include "plan/plan.h"

#include <string.h>

gm_status gm_value_create(gm_analysis *a, const gm_tensor *node, gm_layout layout, gm_view *view) {
    gm_emitter *emitter = &a->plan->emitter;
    GM_TRY(gm_check_countable(gm_shape_count(&node->shape)));
    *view = gm_view_create(0, node->type, &node->shape, layout);
    view->half = gm_plan_is_half(a->plan, node);
    return gm_emit_storage(emitter, gm_view_element_bytes(view) * gm_shape_count(&node->shape), &view->storage);
}

void gm_value_set(gm_analysis *a, const gm_tensor *node, gm_layout layout, const gm_view *view) {
    gm_value *value = &a->plan->values[node->id];
    layout = gm_layout_for(&node->shape, layout);
    value->present[layout] = true;
    value->view[layout] = *view;
    value->phase = a->phase_index;
}

gm_status gm_value_copy(gm_analysis *a, const gm_view *from, const gm_view *to, gm_layout layout) {
    gm_fused copy = {.shape = to->shape, .layout = layout, .operand_count = 1, .result_count = 1};
    copy.operand[0] = *from;
    copy.target[0] = *to;
    copy.result[0] = (gm_step_input){.kind = GM_OPERAND_VIEW, .type = from->type};
    return gm_emit_elementwise(&a->plan->emitter, &copy);
}

gm_status gm_value_fill(gm_analysis *a, double value, const gm_view *to, gm_layout layout) {
    gm_fused fill = {.shape = to->shape, .layout = layout, .result_count = 1};
    fill.target[0] = *to;
    fill.result[0] = (gm_step_input){.kind = GM_OPERAND_LITERAL, .type = to->type, .literal = value};
    return gm_emit_elementwise(&a->plan->emitter, &fill);
}

// This phase reads a value of an earlier one: note what must not have changed since.
static gm_status note_reuse(gm_analysis *a, const gm_tensor *node, const gm_view *view) {
    gm_plan *plan = a->plan;
    gm_phase_plan *phase = &plan->phases[a->phase_index];
    size_t source = plan->values[node->id].phase;
    gm_reuse reuse = plan->emitter.storages[view->storage].keep ? GM_REUSE_KEPT : GM_REUSE_SHARED;
    phase->reuses[source] = GM_MAX(phase->reuses[source], reuse);
    for (size_t leaf = 0; leaf < plan->leaf_count; leaf++) {
        bool known = !(plan->depends[node->id * plan->words + leaf / 64] >> leaf % 64 & 1);
        for (size_t i = 0; i < phase->check_count; i++)
            known = known || (phase->checks[i].leaf == leaf && phase->checks[i].source == source);
        if (known)
            continue;
        GM_TRY(gm_grow(&phase->checks, phase->check_count, &phase->check_capacity, sizeof(gm_check), "a plan"));
        phase->checks[phase->check_count++] = (gm_check){.leaf = leaf, .source = source};
    }
    return GM_OK;
}

static bool lies_in(const gm_view *x, gm_layout layout) {
    gm_view wanted = gm_view_create(x->storage, x->type, &x->shape, layout);
    return layout == GM_LAYOUT_ROW ? gm_view_is_row_major(x)
                                   : x->offset == 0 && memcmp(x->stride, wanted.stride, sizeof wanted.stride) == 0;
}

gm_status gm_value_in(gm_analysis *a, const gm_tensor *node, gm_layout layout, gm_view *view) {
    const gm_value *value = &a->plan->values[node->id];
    layout = gm_layout_for(&node->shape, layout);
    if (value->present[layout]) {
        *view = value->view[layout];
        return value->phase == a->phase_index ? GM_OK : note_reuse(a, node, view);
    }
    gm_view from;
    GM_TRY(gm_value_view(a, node, &from));
    if (lies_in(&from, layout)) {
        *view = from;
        return GM_OK;
    }
    GM_TRY(gm_value_create(a, node, layout, view));
    GM_TRY(gm_value_copy(a, &from, view, layout));
    gm_value_set(a, node, layout, view);
    return GM_OK;
}

gm_status gm_value_view(gm_analysis *a, const gm_tensor *node, gm_view *view) {
    gm_plan *plan = a->plan;
    node = gm_plan_alias(node);
    const gm_value *value = &plan->values[node->id];
    size_t leaf = gm_plan_leaf(plan, node);
    if (leaf != SIZE_MAX) {
        *view = gm_plan_leaf_view(plan, leaf);
        return GM_OK;
    }
    if (gm_plan_has_value(plan, node)) {
        *view = value->view[gm_analysis_walk(a, node)];
        return value->phase == a->phase_index ? GM_OK : note_reuse(a, node, view);
    }
    if (node->op == &gm_op_constant) {
        double number;
        gm_plan_constant(node, &number);
        GM_TRY(gm_value_create(a, node, GM_LAYOUT_ROW, view));
        GM_TRY(gm_value_fill(a, number, view, GM_LAYOUT_ROW));
        gm_value_set(a, node, GM_LAYOUT_ROW, view);
        return GM_OK;
    }
    if (node->op->kind != GM_OP_VIEW)
        return gm_fail(GM_ERROR_STATE, "planning: node %u (%s %s) has no value", node->id, node->op->name,
                       gm_shape_text(&node->shape));
    gm_view under;
    GM_TRY(gm_value_view(a, node->input[0], &under));
    if (gm_view_apply(node, &under, view))
        return GM_OK;
    // It must be moved: into its own layout where that can be viewed so, else in row-major order, which always can.
    const gm_tensor *viewed = gm_plan_alias(node->input[0]);
    gm_layout layout = a->layout[viewed->id];
    under = gm_view_create(0, viewed->type, &viewed->shape, layout);
    GM_TRY(gm_value_in(a, viewed, gm_view_apply(node, &under, view) ? layout : GM_LAYOUT_ROW, &under));
    if (!gm_view_apply(node, &under, view))
        return gm_fail(GM_ERROR_STATE, "planning: %s to %s of a row-major value failed", node->op->name,
                       gm_shape_text(&node->shape));
    return GM_OK;
}

// ---- When they are no longer there ----

void gm_values_forget(gm_plan *plan) {
    for (size_t id = 0; id < plan->graph->node_count; id++)
        for (size_t l = 0; l < GM_LAYOUTS; l++)
            plan->values[id].present[l] = false;
}

// After the phase, values that depend on an assigned leaf are stale, and those that lie in a variable may be; values
// that depend on nothing are cheap and made again in each phase.
void gm_values_forget_stale(gm_analysis *a) {
    gm_plan *plan = a->plan;
    for (size_t id = 0; id < plan->graph->node_count; id++) {
        gm_value *value = &plan->values[id];
        const uint64_t *depends = plan->depends + id * plan->words;
        bool constant = true, stale = false;
        for (size_t w = 0; w < plan->words; w++)
            constant = constant && depends[w] == 0;
        for (size_t i = 0; i < a->phase->assignment_count; i++) {
            size_t leaf = gm_plan_leaf(plan, gm_plan_alias(a->phase->assignments[i].variable));
            stale = stale || (depends[leaf / 64] >> leaf % 64 & 1);
        }
        for (size_t l = 0; l < GM_LAYOUTS; l++) {
            bool fixed = value->present[l] && plan->emitter.storages[value->view[l].storage].fixed;
            if (constant || stale || fixed)
                value->present[l] = false;
        }
    }
}
