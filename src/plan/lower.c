// Lowering: units become launches, one family's or a fused expression's, between views of values.
#include "plan/plan.h"

// `count`: it is not among them.
static size_t index_of(const gm_tensor *const *nodes, size_t count, const gm_tensor *node) {
    size_t i = 0;
    while (i < count && nodes[i] != node)
        i++;
    return i;
}

// `first`: nodes whose values are the first operands without being in memory (what an epilogue is of).
static gm_status build_fused(gm_analysis *a, const gm_unit *unit, const gm_tensor *const *first, size_t first_count,
                             const gm_shape *shape, gm_layout layout, gm_fused *fused) {
    *fused = (gm_fused){.shape = *shape, .layout = layout, .operand_count = first_count};
    const gm_tensor *operands[GM_MAX_OPERANDS];
    for (size_t i = 0; i < first_count; i++)
        operands[i] = first[i];
    for (size_t i = 0; i < unit->inner.count; i++) {
        const gm_tensor *node = unit->inner.node[i];
        gm_step *step = &fused->step[fused->step_count++];
        step->node = node;
        for (size_t k = 0; k < node->input_count; k++) {
            const gm_tensor *input = gm_plan_alias(node->input[k]);
            gm_step_input *in = &step->input[k];
            *in = (gm_step_input){.kind = GM_OPERAND_LITERAL, .type = input->type};
            if (gm_plan_constant(input, &in->literal))
                continue;
            in->kind = GM_OPERAND_STEP;
            in->index = index_of(unit->inner.node, i, input);
            if (in->index < i)
                continue;
            in->kind = GM_OPERAND_VIEW;
            in->index = index_of(operands, fused->operand_count, input);
            if (in->index < fused->operand_count)
                continue;
            if (fused->operand_count == GM_MAX_OPERANDS)
                return gm_fail(GM_ERROR_STATE, "planning: an expression reads more than %d values", GM_MAX_OPERANDS);
            operands[fused->operand_count] = input;
            GM_TRY(gm_value_view(a, input, &fused->operand[fused->operand_count++]));
        }
    }
    return GM_OK;
}

static size_t step_index(const gm_unit *unit, const gm_tensor *node) {
    size_t i = index_of(unit->inner.node, unit->inner.count, node);
    return i < unit->inner.count ? i : SIZE_MAX;
}

static bool read_elsewhere(const gm_analysis *a, const gm_tensor *node, const gm_unit *own) {
    if (a->root[node->id])
        return true;
    for (size_t i = 0; i < a->store_count; i++) // a root may be a view of it
        if (gm_plan_base(a->stores[i].value) == node)
            return true;
    for (size_t i = 0; i < a->unit_count; i++)
        for (size_t k = 0; &a->units[i] != own && k < a->units[i].operands.count; k++)
            if (gm_plan_base(a->units[i].operands.node[k]) == node)
                return true;
    return false;
}

static gm_store *in_place_store(gm_analysis *a, const gm_tensor *node) {
    for (size_t i = 0; i < a->store_count; i++)
        if (a->stores[i].in_place && a->stores[i].value == node)
            return &a->stores[i];
    return NULL;
}

static gm_layout leaf_layout(const gm_analysis *a, const gm_store *store) {
    return a->plan->leaves[store->leaf].variable->layout;
}

static gm_status add_result(gm_analysis *a, gm_fused *fused, const gm_tensor *node, const gm_step_input *from,
                            gm_layout layout) {
    const gm_store *store = in_place_store(a, node);
    gm_view *target = &fused->target[fused->result_count];
    if (store)
        *target = gm_plan_leaf_view(a->plan, store->leaf);
    else
        GM_TRY(gm_parts_create(a, node, layout, target));
    fused->result[fused->result_count++] = *from;
    gm_value_set(a, node, store ? leaf_layout(a, store) : layout, target);
    return GM_OK;
}

// The unit's results that are read outside it. Its steps are in `fused`.
static gm_status add_results(gm_analysis *a, const gm_unit *unit, gm_fused *fused) {
    for (size_t i = 0; i < unit->results.count; i++) {
        const gm_tensor *result = unit->results.node[i];
        const gm_step_input step = {.kind = GM_OPERAND_STEP, .type = result->type, .index = step_index(unit, result)};
        if (in_place_store(a, result) || read_elsewhere(a, result, unit))
            GM_TRY(add_result(a, fused, result, &step, a->layout[result->id]));
    }
    return GM_OK;
}

static gm_status lower_elementwise(gm_analysis *a, gm_unit *unit) {
    gm_fused fused;
    const gm_tensor *any = unit->results.node[0];
    if (unit->host != GM_NO_UNIT)
        return GM_OK; // with the reduction
    GM_TRY(build_fused(a, unit, NULL, 0, &any->shape, a->layout[any->id], &fused));
    GM_TRY(add_results(a, unit, &fused));
    return fused.result_count > 0 ? gm_emit_elementwise(&a->plan->emitter, &fused) : GM_OK;
}

// What the last launch of the reductions does with their results, which are stored as well: later phases may read them.
static gm_status build_after(gm_analysis *a, const gm_unit *unit, gm_fused *after) {
    gm_unit *own = &a->units[unit->after];
    own->emitted = true;
    GM_TRY(build_fused(a, own, unit->results.node, unit->results.count, &own->results.node[0]->shape, GM_LAYOUT_ROW,
                       after));
    GM_TRY(add_results(a, own, after));
    for (size_t i = 0; i < unit->results.count; i++) {
        const gm_tensor *result = unit->results.node[i];
        const gm_step_input operand = {.kind = GM_OPERAND_VIEW, .type = result->type, .index = i};
        GM_TRY(add_result(a, after, result, &operand, a->layout[result->id]));
    }
    return GM_OK;
}

static gm_status lower_reduce(gm_analysis *a, gm_unit *unit) {
    gm_fused fused, after;
    const gm_tensor *any = unit->results.node[0], *walked = gm_plan_alias(any->input[0]);
    GM_TRY(build_fused(a, unit, NULL, 0, &walked->shape, gm_analysis_walk(a, walked), &fused));
    for (size_t i = 0; i < unit->results.count; i++) {
        const gm_tensor *result = unit->results.node[i], *input = gm_plan_alias(result->input[0]);
        gm_step_input *in = &fused.result[i];
        *in = (gm_step_input){.kind = GM_OPERAND_LITERAL, .type = input->type};
        size_t step = step_index(unit, input);
        if (gm_plan_constant(input, &in->literal)) {
        } else if (step != SIZE_MAX) {
            in->kind = GM_OPERAND_STEP;
            in->index = step;
        } else {
            if (fused.operand_count == GM_MAX_OPERANDS)
                return gm_fail(GM_ERROR_STATE, "planning: a reduction reads more than %d values", GM_MAX_OPERANDS);
            in->kind = GM_OPERAND_VIEW;
            in->index = fused.operand_count;
            GM_TRY(gm_value_view(a, input, &fused.operand[fused.operand_count++]));
        }
        if (unit->after != GM_NO_UNIT) { // of the shape alone
            fused.target[i] = gm_view_create(0, result->type, &result->shape, GM_LAYOUT_ROW);
            continue;
        }
        GM_TRY(gm_value_create(a, result, a->layout[result->id], &fused.target[i]));
        gm_value_set(a, result, a->layout[result->id], &fused.target[i]);
    }
    fused.result_count = unit->results.count;
    if (unit->after != GM_NO_UNIT) {
        GM_TRY(build_after(a, unit, &after));
        fused.after = &after;
    }
    uint32_t axes = ((const gm_reduce_attributes *)any->attributes)->axes;
    return gm_emit_reduce(&a->plan->emitter, &fused, axes, any->op == &gm_op_max);
}

static gm_status lower_family(gm_analysis *a, gm_unit *unit) {
    const gm_tensor *node = unit->node, *stored = unit->epilogue ? unit->epilogue : node;
    const gm_family *family = a->plan->family[node->id];
    const gm_layout layout = a->layout[node->id];
    gm_view *inputs, output;
    GM_TRY(gm_analysis_alloc(a, &inputs, node->input_count, sizeof *inputs));
    for (size_t i = 0; i < node->input_count; i++) {
        const gm_tensor *input = gm_plan_alias(node->input[i]);
        GM_TRY(gm_value_view(a, input, &inputs[i]));
        if (family->accepts && !family->accepts(node, i, &inputs[i]))
            GM_TRY(gm_value_in(a, input, family->input_layout, &inputs[i]));
    }
    gm_fused epilogue;
    if (unit->epilogue) {
        GM_TRY(build_fused(a, unit, &node, 1, &stored->shape, layout, &epilogue));
        epilogue.result_count = 1;
        epilogue.result[0] =
            (gm_step_input){.kind = GM_OPERAND_STEP, .type = stored->type, .index = step_index(unit, stored)};
    }
    GM_TRY(gm_parts_create(a, stored, layout, &output));
    gm_value_set(a, stored, layout, &output);
    if (family->flop)
        a->plan->phases[a->phase_index].flop += family->flop(node);
    const char *variant;
    GM_TRY(gm_variant_choose(a->plan, node, &variant));
    return family->emit(&(gm_emit_call){.emitter = &a->plan->emitter,
                                        .node = node,
                                        .input = inputs,
                                        .output = &output,
                                        .epilogue = unit->epilogue ? &epilogue : NULL,
                                        .variant = variant});
}

// Part of a concatenation: an expression is computed in place, what lies in memory is copied.
static gm_status lower_part(gm_analysis *a, const gm_tensor *input, const gm_view *part, gm_layout layout) {
    input = gm_plan_alias(input);
    double number;
    if (gm_plan_constant(input, &number))
        return gm_value_fill(a, number, part, layout);
    gm_view from;
    if (input->op->kind != GM_OP_ELEMENTWISE || a->stored[input->id] || gm_plan_has_value(a->plan, input)) {
        GM_TRY(gm_value_view(a, input, &from));
        return gm_value_copy(a, &from, part, layout);
    }
    gm_unit unit = {.kind = GM_UNIT_ELEMENTWISE, .results = {.node = &input, .count = 1}};
    gm_fused fused;
    gm_status status = gm_unit_collect(a, &unit);
    if (status == GM_OK)
        status = build_fused(a, &unit, NULL, 0, &input->shape, layout, &fused);
    if (status == GM_OK) {
        fused.result_count = 1;
        fused.result[0] =
            (gm_step_input){.kind = GM_OPERAND_STEP, .type = input->type, .index = step_index(&unit, input)};
        fused.target[0] = *part;
        status = gm_emit_elementwise(&a->plan->emitter, &fused);
    }
    gm_nodes_finish(&unit.inner);
    gm_nodes_finish(&unit.operands);
    return status;
}

static gm_status lower_move(gm_analysis *a, gm_unit *unit) {
    const gm_tensor *node = unit->node;
    gm_layout layout = a->layout[node->id];
    const gm_store *store = in_place_store(a, node);
    gm_view whole;
    if (store)
        whole = gm_plan_leaf_view(a->plan, store->leaf);
    else
        GM_TRY(gm_parts_whole(a, node, &whole));
    if (node->op == &gm_op_pad) {
        gm_view from, part;
        GM_TRY(gm_value_view(a, node->input[0], &from));
        part = gm_view_slice(&whole, ((const gm_axes_attributes *)node->attributes)->value, &node->input[0]->shape);
        GM_TRY(gm_value_fill(a, 0, &whole, layout));
        GM_TRY(gm_value_copy(a, &from, &part, layout));
    } else if (node->op == &gm_op_concat) {
        size_t axis = ((const gm_concat_attributes *)node->attributes)->axis, begin[GM_MAX_RANK] = {0};
        for (size_t i = 0; i < node->input_count; i++) {
            gm_view part = gm_view_slice(&whole, begin, &node->input[i]->shape);
            part.part = a->plan->emitter.gpu; // CPUs keep the launches that runs began with
            if (!gm_parts_holds(a, node, i))
                GM_TRY(lower_part(a, node->input[i], &part, layout));
            begin[axis] += node->input[i]->shape.dim[axis];
        }
    } else {
        return gm_fail(GM_ERROR_STATE, "planning: no kernel runs operation %s", node->op->name);
    }
    gm_value_set(a, node, store ? leaf_layout(a, store) : layout, &whole);
    return GM_OK;
}

static gm_status add_fetched(gm_analysis *a, const gm_tensor *node, const gm_view *view) {
    gm_plan *plan = a->plan;
    GM_TRY(gm_grow(&plan->fetched, plan->fetched_count, &plan->fetched_capacity, sizeof *plan->fetched, "a plan"));
    plan->fetched[plan->fetched_count++] = (gm_fetched){node, a->phase_index, *view};
    plan->emitter.storages[view->storage].keep = !plan->trial || a->phase_index == 0;
    return GM_OK;
}

static gm_status lower_copy(gm_analysis *a, gm_unit *unit) {
    gm_view from, to;
    double number;
    GM_TRY(gm_value_create(a, unit->node, GM_LAYOUT_ROW, &to));
    if (gm_plan_constant(unit->node, &number)) {
        GM_TRY(gm_value_fill(a, number, &to, GM_LAYOUT_ROW));
    } else {
        GM_TRY(gm_value_view(a, unit->node, &from));
        GM_TRY(gm_value_copy(a, &from, &to, GM_LAYOUT_ROW));
    }
    return add_fetched(a, unit->node, &to);
}

static gm_status lower_kind(gm_analysis *a, gm_unit *unit) {
    switch (unit->kind) {
    case GM_UNIT_ELEMENTWISE:
        return lower_elementwise(a, unit);
    case GM_UNIT_REDUCE:
        return lower_reduce(a, unit);
    case GM_UNIT_FAMILY:
        return lower_family(a, unit);
    case GM_UNIT_MOVE:
        return lower_move(a, unit);
    case GM_UNIT_COPY:
        return lower_copy(a, unit);
    }
    return GM_OK;
}

static gm_status lower_unit(gm_analysis *a, size_t index) {
    gm_unit *unit = &a->units[index];
    if (unit->emitted)
        return GM_OK;
    unit->emitted = true;
    for (size_t i = 0; i < unit->before_count; i++)
        GM_TRY(lower_unit(a, unit->before[i]));
    gm_status status = lower_kind(a, unit);
    const gm_tensor *node = unit->node ? unit->node : unit->results.node[0];
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s %s", node->op->name, gm_shape_text(&node->shape));
}

// ---- Assignments that could not be made in place, at the phase's end ----

static gm_status lower_store(gm_analysis *a, gm_store *store) {
    gm_layout layout = leaf_layout(a, store);
    gm_view to = gm_plan_leaf_view(a->plan, store->leaf), from;
    double number;
    if (store->in_place)
        return GM_OK;
    if (gm_plan_constant(store->value, &number))
        return gm_value_fill(a, number, &to, layout);
    if (store->early)
        from = store->aside;
    else
        GM_TRY(gm_value_view(a, store->value, &from));
    return gm_value_copy(a, &from, &to, layout);
}

gm_status gm_lower(gm_analysis *a) {
    gm_plan *plan = a->plan;
    gm_phase_plan *phase = &plan->phases[a->phase_index];
    phase->first_launch = plan->emitter.launch_count;
    plan->emitter.shared_count = 0; // packed weights last for a phase
    for (size_t i = 0; i < a->store_count; i++)
        if (a->stores[i].early) {
            gm_view from;
            GM_TRY(gm_value_view(a, a->stores[i].value, &from));
            gm_layout layout = leaf_layout(a, &a->stores[i]);
            GM_TRY(gm_value_create(a, a->stores[i].value, layout, &a->stores[i].aside));
            GM_TRY(gm_value_copy(a, &from, &a->stores[i].aside, layout));
        }
    for (size_t i = 0; i < a->unit_count; i++)
        GM_TRY(lower_unit(a, i));
    for (size_t i = 0; i < a->store_count; i++)
        GM_TRY(lower_store(a, &a->stores[i]));
    for (size_t i = 0; i < a->phase->fetch_count; i++) {
        const gm_tensor *node = gm_plan_alias(a->phase->fetches[i]);
        gm_view view;
        if (node->op->kind == GM_OP_LEAF || node->op->kind == GM_OP_VIEW)
            continue; // copied by its unit
        GM_TRY(gm_value_view(a, node, &view));
        GM_TRY(add_fetched(a, node, &view));
    }
    GM_TRY(gm_merge_launches(plan, phase->first_launch));
    phase->launch_count = plan->emitter.launch_count - phase->first_launch;
    gm_values_forget_stale(a);
    return GM_OK;
}
