// Units: which nodes one launch computes together, and what must run before what.
//
// Stored element-wise nodes of one shape share a launch, reductions of one shape and axes share a pass, and an
// element-wise expression that alone reads a contraction becomes its epilogue, as long as no cycle arises.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_VIEWS = 24, EPILOGUE_OPERANDS = 8 };

static gm_status push_node(gm_nodes *list, const gm_tensor *node) {
    GM_TRY(gm_grow(&list->node, list->count, &list->capacity, sizeof *list->node, "a plan's nodes"));
    list->node[list->count++] = node;
    return GM_OK;
}

static bool contains(const gm_nodes *list, const gm_tensor *node) {
    for (size_t i = 0; i < list->count; i++)
        if (list->node[i] == node)
            return true;
    return false;
}

static int by_id(const void *x, const void *y) {
    uint32_t a = (*(const gm_tensor *const *)x)->id, b = (*(const gm_tensor *const *)y)->id;
    return (a > b) - (a < b);
}

static void sort(gm_nodes *list) {
    if (list->count > 1)
        qsort(list->node, list->count, sizeof *list->node, by_id);
}

// ---- What a unit computes and reads ----

static gm_status collect(gm_analysis *a, const gm_nodes *results, const gm_tensor *node, gm_nodes *inner,
                         gm_nodes *operands) {
    node = gm_plan_alias(node);
    double constant;
    if (gm_plan_constant(node, &constant) || a->stamp[node->id] == a->walk)
        return GM_OK;
    a->stamp[node->id] = a->walk;
    bool inlined = node->op->kind == GM_OP_ELEMENTWISE && !gm_plan_has_value(a->plan, node) &&
                   (!a->stored[node->id] || contains(results, node));
    if (!inlined)
        return push_node(operands, node);
    for (size_t i = 0; i < node->input_count; i++)
        GM_TRY(collect(a, results, node->input[i], inner, operands));
    return push_node(inner, node);
}

void gm_nodes_finish(gm_nodes *list) {
    free(list->node);
    *list = (gm_nodes){0};
}

gm_status gm_unit_collect(gm_analysis *a, gm_unit *unit) {
    unit->inner.count = unit->operands.count = 0;
    a->walk++;
    for (size_t i = 0; i < unit->results.count; i++) {
        const gm_tensor *result = unit->results.node[i];
        GM_TRY(collect(a, &unit->results, unit->kind == GM_UNIT_REDUCE ? result->input[0] : result, &unit->inner,
                       &unit->operands));
    }
    sort(&unit->inner);
    sort(&unit->operands);
    return GM_OK;
}

// ---- Order ----

static gm_status run_after(gm_unit *unit, uint32_t earlier) {
    for (size_t i = 0; i < unit->before_count; i++)
        if (unit->before[i] == earlier)
            return GM_OK;
    GM_TRY(gm_grow(&unit->before, unit->before_count, &unit->before_capacity, sizeof *unit->before, "a plan's order"));
    unit->before[unit->before_count++] = earlier;
    return GM_OK;
}

// Must `target` run before `from`?
static bool reaches(gm_analysis *a, uint32_t from, uint32_t target) {
    if (from == target)
        return true;
    gm_unit *unit = &a->units[from];
    if (unit->mark == a->mark)
        return false;
    unit->mark = a->mark;
    for (size_t i = 0; i < unit->before_count; i++)
        if (reaches(a, unit->before[i], target))
            return true;
    return false;
}

static bool depends_on(gm_analysis *a, uint32_t from, uint32_t target) {
    a->mark++;
    return reaches(a, from, target);
}

static gm_status order_after_operands(gm_analysis *a, uint32_t index) {
    gm_unit *unit = &a->units[index];
    for (size_t i = 0; i < unit->operands.count; i++) {
        uint32_t maker = a->unit_of[gm_plan_base(unit->operands.node[i])->id];
        if (maker != UINT32_MAX && maker != index)
            GM_TRY(run_after(unit, maker));
    }
    return GM_OK;
}

// ---- Forming units ----

static gm_status new_unit(gm_analysis *a, gm_unit_kind kind, uint32_t *index) {
    GM_TRY(gm_grow(&a->units, a->unit_count, &a->unit_capacity, sizeof *a->units, "a plan's units"));
    *index = (uint32_t)a->unit_count;
    a->units[a->unit_count++] = (gm_unit){.kind = kind};
    return GM_OK;
}

static bool may_join(const gm_analysis *a, const gm_unit *unit, gm_unit_kind kind, const gm_tensor *node) {
    if (unit->kind != kind || unit->results.count >= GM_MAX_RESULTS)
        return false;
    const gm_tensor *other = unit->results.node[0];
    if (kind == GM_UNIT_ELEMENTWISE)
        return gm_shape_equal(&other->shape, &node->shape) && a->layout[other->id] == a->layout[node->id];
    const gm_tensor *x = gm_plan_alias(node->input[0]), *y = gm_plan_alias(other->input[0]);
    return node->op == other->op && gm_shape_equal(&x->shape, &y->shape) &&
           gm_analysis_walk(a, x) == gm_analysis_walk(a, y) &&
           ((const gm_reduce_attributes *)node->attributes)->axes ==
               ((const gm_reduce_attributes *)other->attributes)->axes;
}

// Adds the node to the unit if the launch stays small and nothing that the node reads must run after the unit.
static gm_status try_join(gm_analysis *a, uint32_t index, const gm_tensor *node, bool *joined) {
    gm_unit *unit = &a->units[index];
    *joined = false;
    GM_TRY(push_node(&unit->results, node));
    GM_TRY(gm_unit_collect(a, unit));
    bool fits = unit->inner.count <= GM_MAX_STEPS && unit->operands.count + unit->results.count <= MOST_VIEWS;
    for (size_t i = 0; fits && i < unit->operands.count; i++) {
        uint32_t maker = a->unit_of[gm_plan_base(unit->operands.node[i])->id];
        fits = maker == UINT32_MAX || (maker != index && !depends_on(a, maker, index));
    }
    if (fits) {
        a->unit_of[node->id] = index;
        GM_TRY(order_after_operands(a, index));
        *joined = true;
        return GM_OK;
    }
    unit->results.count--;
    return gm_unit_collect(a, unit);
}

static gm_status place(gm_analysis *a, gm_unit_kind kind, const gm_tensor *node) {
    for (size_t i = a->unit_count; i-- > 0;) {
        bool joined = false;
        if (may_join(a, &a->units[i], kind, node))
            GM_TRY(try_join(a, (uint32_t)i, node, &joined));
        if (joined)
            return GM_OK;
    }
    uint32_t index;
    GM_TRY(new_unit(a, kind, &index));
    GM_TRY(push_node(&a->units[index].results, node));
    GM_TRY(gm_unit_collect(a, &a->units[index]));
    a->unit_of[node->id] = index;
    return order_after_operands(a, index);
}

static gm_status place_alone(gm_analysis *a, gm_unit_kind kind, const gm_tensor *node) {
    uint32_t index;
    GM_TRY(new_unit(a, kind, &index));
    a->units[index].node = node;
    if (kind == GM_UNIT_COPY) {
        GM_TRY(push_node(&a->units[index].operands, node));
    } else if (node->op == &gm_op_concat) { // expressions are computed straight into their part
        a->walk++;
        for (size_t i = 0; i < node->input_count; i++)
            GM_TRY(collect(a, &a->units[index].results, node->input[i], &a->units[index].inner,
                           &a->units[index].operands));
        a->unit_of[node->id] = index;
    } else {
        for (size_t i = 0; i < node->input_count; i++)
            if (!contains(&a->units[index].operands, gm_plan_alias(node->input[i])))
                GM_TRY(push_node(&a->units[index].operands, gm_plan_alias(node->input[i])));
        a->unit_of[node->id] = index;
    }
    return order_after_operands(a, index);
}

// ---- Epilogues ----

// Is `sink` the only stored node that reads `node`, through inlined expressions alone?
static bool read_only_by(const gm_analysis *a, const gm_tensor *node, const gm_tensor *sink) {
    const gm_graph *graph = a->plan->graph;
    if (a->root[node->id])
        return false;
    for (size_t i = 0; i < a->consumer_count[node->id]; i++) {
        const gm_tensor *reader = graph->nodes[a->consumers[node->id][i]];
        if (reader == sink)
            continue;
        if (reader->op->kind != GM_OP_ELEMENTWISE || a->stored[reader->id] || !read_only_by(a, reader, sink))
            return false;
    }
    return true;
}

static bool is_assigned(const gm_analysis *a, const gm_tensor *node) {
    for (size_t i = 0; i < a->store_count; i++)
        if (a->stores[i].value == node)
            return true;
    return false;
}

// The latest contraction that can apply the node's expression to its result, or UINT32_MAX.
static uint32_t epilogue_host(const gm_analysis *a, const gm_unit *unit, const gm_tensor *node) {
    uint32_t host = UINT32_MAX;
    if (node->type != GM_FLOAT32 || is_assigned(a, node) || unit->operands.count > EPILOGUE_OPERANDS)
        return UINT32_MAX;
    for (size_t i = 0; i < unit->operands.count; i++) {
        const gm_tensor *operand = unit->operands.node[i];
        const gm_family *family = a->plan->family[operand->id];
        uint32_t maker = a->unit_of[operand->id];
        if (family && family->epilogue && maker != UINT32_MAX && !a->units[maker].epilogue &&
            gm_shape_equal(&operand->shape, &node->shape) && a->layout[operand->id] == a->layout[node->id] &&
            read_only_by(a, operand, node))
            host = maker;
    }
    return host;
}

static gm_status place_elementwise(gm_analysis *a, const gm_tensor *node) {
    gm_unit alone = {.kind = GM_UNIT_ELEMENTWISE};
    gm_status status = GM_OK;
    GM_TRY_DONE(push_node(&alone.results, node));
    GM_TRY_DONE(gm_unit_collect(a, &alone));
    uint32_t host = epilogue_host(a, &alone, node);
    if (host == UINT32_MAX) {
        status = place(a, GM_UNIT_ELEMENTWISE, node);
        goto done;
    }
    gm_unit *unit = &a->units[host];
    unit->epilogue = node;
    a->unit_of[node->id] = host;
    a->stored[unit->node->id] = false;
    for (size_t i = 0; i < alone.operands.count; i++)
        if (alone.operands.node[i] != unit->node && !contains(&unit->operands, alone.operands.node[i]))
            GM_TRY_DONE(push_node(&unit->operands, alone.operands.node[i]));
    gm_nodes_finish(&unit->inner);
    unit->inner = alone.inner;
    alone.inner = (gm_nodes){0};
    status = order_after_operands(a, host);
done:
    gm_nodes_finish(&alone.results);
    gm_nodes_finish(&alone.inner);
    gm_nodes_finish(&alone.operands);
    return status;
}

// ---- Assignments ----

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

// A new value may be written straight into its variable when every other reader of the old one can run before.
static gm_status try_in_place(gm_analysis *a, gm_store *store) {
    const gm_tensor *leaf = a->plan->leaves[store->leaf].node, *value = store->value;
    uint32_t index = a->unit_of[value->id];
    if (value->op->kind != GM_OP_ELEMENTWISE || index == UINT32_MAX || a->units[index].kind != GM_UNIT_ELEMENTWISE ||
        is_fetched(a, value))
        return GM_OK;
    for (const gm_store *other = a->stores; other < store; other++)
        if (other->value == value)
            return GM_OK;
    bool plainly = true;
    reads_leaf(&a->units[index], leaf, &plainly);
    for (uint32_t i = 0; plainly && i < a->unit_count; i++) {
        bool ignored = true;
        if (i != index && reads_leaf(&a->units[i], leaf, &ignored))
            plainly = !depends_on(a, i, index);
    }
    if (!plainly)
        return GM_OK;
    for (uint32_t i = 0; i < a->unit_count; i++) {
        bool ignored = true;
        if (i != index && reads_leaf(&a->units[i], leaf, &ignored))
            GM_TRY(run_after(&a->units[index], i));
    }
    store->in_place = true;
    return GM_OK;
}

static gm_status list_stores(gm_analysis *a) {
    GM_TRY(gm_analysis_alloc(a, &a->stores, a->phase->assignment_count, sizeof *a->stores));
    for (size_t i = 0; i < a->phase->assignment_count; i++) {
        const gm_assignment *assignment = &a->phase->assignments[i];
        const gm_tensor *value = gm_plan_alias(assignment->value);
        size_t leaf = gm_plan_leaf(a->plan, gm_plan_alias(assignment->variable));
        if (value == a->plan->leaves[leaf].node)
            continue; // a variable assigned to itself
        a->stores[a->store_count++] = (gm_store){.leaf = leaf, .value = value};
    }
    for (size_t i = 0; i < a->store_count; i++) {
        size_t source = gm_plan_leaf(a->plan, gm_plan_base(a->stores[i].value));
        for (size_t j = 0; j < a->store_count; j++)
            a->stores[i].early = a->stores[i].early || (source != SIZE_MAX && a->stores[j].leaf == source);
    }
    return GM_OK;
}

gm_status gm_units_create(gm_analysis *a) {
    const gm_graph *graph = a->plan->graph;
    GM_TRY(list_stores(a));
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        if (!a->needed[id] || gm_plan_has_value(a->plan, node) || !a->stored[id])
            continue;
        if (gm_plan_is_reduction(node))
            GM_TRY(place(a, GM_UNIT_REDUCE, node));
        else if (node->op->kind == GM_OP_ELEMENTWISE)
            GM_TRY(place_elementwise(a, node));
        else
            GM_TRY(place_alone(a, a->plan->family[id] ? GM_UNIT_FAMILY : GM_UNIT_MOVE, node));
    }
    for (size_t i = 0; i < a->phase->fetch_count; i++) {
        const gm_tensor *node = gm_plan_alias(a->phase->fetches[i]);
        if (node->op->kind == GM_OP_LEAF || node->op->kind == GM_OP_VIEW)
            GM_TRY(place_alone(a, GM_UNIT_COPY, node));
    }
    for (size_t i = 0; i < a->store_count; i++)
        GM_TRY(try_in_place(a, &a->stores[i]));
    return GM_OK;
}

void gm_analysis_finish(gm_analysis *a) {
    for (size_t i = 0; i < a->unit_count; i++) {
        gm_nodes_finish(&a->units[i].results);
        gm_nodes_finish(&a->units[i].inner);
        gm_nodes_finish(&a->units[i].operands);
        free(a->units[i].before);
    }
    free(a->units);
    gm_arena_finish(&a->arena);
}
