// Assignments of a phase: which of them are made in place, by the launch that computes the new value.
#include "plan/plan.h"

static bool is_fetched(const gm_analysis *a, const gm_tensor *node) {
    for (size_t i = 0; i < a->phase->fetch_count; i++)
        if (gm_plan_alias(a->phase->fetches[i]) == node)
            return true;
    return false;
}

static bool reads_leaf(const gm_unit *unit, const gm_tensor *leaf, bool *plainly) {
    bool reads = false;
    for (size_t i = 0; i < unit->operands.count; i++)
        if (gm_plan_base(unit->operands.node[i]) == leaf) {
            reads = true;
            *plainly = *plainly && unit->operands.node[i] == leaf;
        }
    return reads;
}

// What is element-wise may read the variable, each element before it is written. What is put together of parts may not,
// and is in place on GPUs alone, since CPUs keep the launches that runs began with.
static bool can_be_in_place(const gm_analysis *a, const gm_unit *unit, const gm_store *store) {
    bool plainly = true, reads = reads_leaf(unit, a->plan->leaves[store->leaf].node, &plainly);
    if (unit->kind == GM_UNIT_ELEMENTWISE)
        return store->value->op->kind == GM_OP_ELEMENTWISE && plainly;
    return unit->kind == GM_UNIT_MOVE && a->plan->emitter.gpu && !reads;
}

// A new value may be written straight into its variable when every other reader of the old one can run before.
static gm_status try_in_place(gm_analysis *a, gm_store *store) {
    const gm_tensor *leaf = a->plan->leaves[store->leaf].node, *value = store->value;
    uint32_t index = a->unit_of[value->id];
    if (index == GM_NO_UNIT || is_fetched(a, value) || !can_be_in_place(a, &a->units[index], store))
        return GM_OK;
    for (const gm_store *other = a->stores; other < store; other++)
        if (other->value == value)
            return GM_OK;
    for (uint32_t i = 0; i < a->unit_count; i++) {
        bool ignored = true;
        if (i != index && reads_leaf(&a->units[i], leaf, &ignored) && gm_unit_depends_on(a, i, index))
            return GM_OK;
    }
    for (uint32_t i = 0; i < a->unit_count; i++) {
        bool ignored = true;
        if (i != index && reads_leaf(&a->units[i], leaf, &ignored))
            GM_TRY(gm_unit_run_after(a, index, i));
    }
    store->in_place = true;
    return GM_OK;
}

gm_status gm_stores_list(gm_analysis *a) {
    GM_TRY(gm_analysis_alloc(a, &a->assigned, a->plan->graph->node_count, sizeof *a->assigned));
    GM_TRY(gm_analysis_alloc(a, &a->stores, a->phase->assignment_count, sizeof *a->stores));
    for (size_t i = 0; i < a->phase->assignment_count; i++) {
        const gm_assignment *assignment = &a->phase->assignments[i];
        const gm_tensor *value = gm_plan_alias(assignment->value);
        size_t leaf = gm_plan_leaf(a->plan, gm_plan_alias(assignment->variable));
        if (value == a->plan->leaves[leaf].node)
            continue; // a variable assigned to itself
        a->stores[a->store_count++] = (gm_store){.leaf = leaf, .value = value};
        a->assigned[value->id] = true;
    }
    for (size_t i = 0; i < a->store_count; i++) {
        size_t source = gm_plan_leaf(a->plan, gm_plan_base(a->stores[i].value));
        for (size_t j = 0; j < a->store_count; j++)
            a->stores[i].early = a->stores[i].early || (source != SIZE_MAX && a->stores[j].leaf == source);
    }
    return GM_OK;
}

gm_status gm_stores_place(gm_analysis *a) {
    for (size_t i = 0; i < a->store_count; i++)
        GM_TRY(try_in_place(a, &a->stores[i]));
    return GM_OK;
}
