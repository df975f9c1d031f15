// Units: which nodes one launch computes together, and what must run before what.
//
// Stored element-wise nodes of one shape share a launch, reductions of one shape and axes share a pass, an element-wise
// expression that alone reads a contraction becomes its epilogue, and on GPUs those that go on with a reduction's
// results are computed by the launch that writes these, as long as no cycle arises.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_VIEWS = 24,
    EPILOGUE_OPERANDS = 8,
    REDUCE_ARGUMENTS = 5, // of a reduction's launch, beside those of its dimensions and views
};

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

static bool runs_before(const gm_unit *unit, uint32_t earlier) {
    return earlier / 64 < unit->words && (unit->all_before[earlier / 64] >> earlier % 64 & 1);
}

bool gm_unit_depends_on(const gm_analysis *a, uint32_t unit, uint32_t earlier) {
    return unit == earlier || runs_before(&a->units[unit], earlier);
}

// Adds `earlier` and all that runs before it.
static gm_status add_all_before(gm_analysis *a, gm_unit *unit, uint32_t earlier) {
    const gm_unit *other = &a->units[earlier];
    size_t words = GM_MAX(other->words, (size_t)earlier / 64 + 1);
    for (; unit->words < words; unit->words++) {
        GM_TRY(gm_grow(&unit->all_before, unit->words, &unit->word_capacity, sizeof(uint64_t), "a plan's order"));
        unit->all_before[unit->words] = 0;
    }
    for (size_t w = 0; w < other->words; w++)
        unit->all_before[w] |= other->all_before[w];
    unit->all_before[earlier / 64] |= UINT64_C(1) << earlier % 64;
    return GM_OK;
}

gm_status gm_unit_run_after(gm_analysis *a, uint32_t index, uint32_t earlier) {
    gm_unit *unit = &a->units[index];
    for (size_t i = 0; i < unit->before_count; i++)
        if (unit->before[i] == earlier)
            return GM_OK;
    GM_TRY(gm_grow(&unit->before, unit->before_count, &unit->before_capacity, sizeof *unit->before, "a plan's order"));
    unit->before[unit->before_count++] = earlier;
    if (runs_before(unit, earlier))
        return GM_OK;
    GM_TRY(add_all_before(a, unit, earlier));
    for (size_t i = 0; i < a->unit_count; i++)
        if (runs_before(&a->units[i], index))
            GM_TRY(add_all_before(a, &a->units[i], earlier));
    return GM_OK;
}

static gm_status order_after_operands(gm_analysis *a, uint32_t index) {
    const gm_unit *unit = &a->units[index];
    for (size_t i = 0; i < unit->operands.count; i++) {
        uint32_t maker = a->unit_of[gm_plan_base(unit->operands.node[i])->id];
        if (maker == GM_NO_UNIT || maker == index)
            continue;
        GM_TRY(gm_unit_run_after(a, index, maker));
        if (unit->host != GM_NO_UNIT && unit->host != maker)
            GM_TRY(gm_unit_run_after(a, unit->host, maker));
    }
    return GM_OK;
}

// ---- Forming units ----

static gm_status new_unit(gm_analysis *a, gm_unit_kind kind, uint32_t *index) {
    GM_TRY(gm_grow(&a->units, a->unit_count, &a->unit_capacity, sizeof *a->units, "a plan's units"));
    *index = (uint32_t)a->unit_count;
    a->units[a->unit_count++] = (gm_unit){.kind = kind, .after = GM_NO_UNIT, .host = GM_NO_UNIT};
    return GM_OK;
}

static bool may_join(const gm_analysis *a, const gm_unit *unit, gm_unit_kind kind, const gm_tensor *node) {
    if (unit->kind != kind || unit->results.count >= GM_MAX_RESULTS || unit->host != GM_NO_UNIT)
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

// Whether a reduction's launch has room for what it computes from its results: views, and arguments, of which each view
// has as many as the walk over the reduction's values has dimensions.
static bool has_room_after(const gm_unit *host, const gm_unit *after) {
    size_t rank = host->results.node[0]->shape.rank, results = host->results.count + after->results.count,
           views = host->operands.count + after->operands.count + results;
    return after->inner.count <= GM_MAX_STEPS && results <= GM_MAX_RESULTS && views <= MOST_VIEWS &&
           views * (rank + 2) + rank + REDUCE_ARGUMENTS <= GM_MAX_ARGUMENTS;
}

// Whether the last launch of the reduction `host` can compute the unit from its results, element by element. It then
// waits for what they read, too: for older units alone, lest the reduction wait long.
static bool fits_after(gm_analysis *a, uint32_t host, const gm_unit *unit) {
    const gm_unit *reduction = &a->units[host];
    bool fits = gm_shape_equal(&reduction->results.node[0]->shape, &unit->results.node[0]->shape) &&
                has_room_after(reduction, unit);
    for (size_t i = 0; fits && i < unit->operands.count; i++) {
        const gm_tensor *operand = unit->operands.node[i], *base = gm_plan_base(operand);
        uint32_t maker = a->unit_of[base->id];
        if (maker == host || (maker != GM_NO_UNIT && maker == reduction->after))
            fits = operand == base;
        else
            fits = maker == GM_NO_UNIT || (maker < host && !gm_unit_depends_on(a, maker, host));
    }
    return fits;
}

// Whether nothing that a node reads must run after the unit that is to compute it, too; `alone` is a unit of that node.
static bool can_wait(const gm_analysis *a, uint32_t index, const gm_unit *alone) {
    for (size_t i = 0; i < alone->operands.count; i++) {
        const gm_tensor *operand = alone->operands.node[i], *base = gm_plan_base(operand);
        uint32_t maker = a->unit_of[base->id];
        bool own = maker == index && operand == base; // computed on the way
        if (!own && maker != GM_NO_UNIT && gm_unit_depends_on(a, maker, index))
            return false;
    }
    return true;
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
        fits = maker == GM_NO_UNIT || (maker != index && !gm_unit_depends_on(a, maker, index));
    }
    fits = fits && (unit->after == GM_NO_UNIT || has_room_after(unit, &a->units[unit->after])) &&
           (unit->host == GM_NO_UNIT || fits_after(a, unit->host, unit));
    if (fits) {
        a->unit_of[node->id] = index;
        GM_TRY(order_after_operands(a, index));
        *joined = true;
        return GM_OK;
    }
    unit->results.count--;
    return gm_unit_collect(a, unit);
}

// On GPUs launches join all the same (merge.c): others in a unit would only have each wait for what the other needs.
static bool shares_operand(const gm_unit *unit, const gm_unit *alone) {
    for (size_t i = 0; i < alone->operands.count; i++)
        if (contains(&unit->operands, alone->operands.node[i]) || contains(&unit->results, alone->operands.node[i]))
            return true;
    return false;
}

static gm_status place(gm_analysis *a, gm_unit_kind kind, const gm_tensor *node, const gm_unit *alone) {
    for (size_t i = a->unit_count; i-- > 0;) {
        bool joined = false;
        if (may_join(a, &a->units[i], kind, node) &&
            (!alone ||
             ((!a->plan->emitter.gpu || shares_operand(&a->units[i], alone)) && can_wait(a, (uint32_t)i, alone))))
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

// Whether a family that can only map its result can apply the expression to it.
static bool maps(const gm_analysis *a, const gm_family *family, const gm_unit *unit, const gm_tensor *node) {
    return a->plan->emitter.gpu && family->maps && unit->operands.count == 1 && gm_parts_flat(a, node);
}

// The latest unit of a family that can apply the node's expression to its result, or GM_NO_UNIT.
static uint32_t epilogue_host(const gm_analysis *a, const gm_unit *unit, const gm_tensor *node) {
    uint32_t host = GM_NO_UNIT;
    if (node->type != GM_FLOAT32 || a->assigned[node->id] || unit->operands.count > EPILOGUE_OPERANDS)
        return GM_NO_UNIT;
    for (size_t i = 0; i < unit->operands.count; i++) {
        const gm_tensor *operand = unit->operands.node[i];
        const gm_family *family = a->plan->family[operand->id];
        uint32_t maker = a->unit_of[operand->id];
        if (family && (family->epilogue || maps(a, family, unit, node)) && maker != GM_NO_UNIT &&
            !a->units[maker].epilogue && gm_shape_equal(&operand->shape, &node->shape) &&
            a->layout[operand->id] == a->layout[node->id] && read_only_by(a, operand, node))
            host = maker;
    }
    return host;
}

// Adds the node to what follows one of the reductions that it reads, if it can. What is assigned stays outside: nothing
// waits for it, and in place it may have to wait itself.
static gm_status place_after(gm_analysis *a, const gm_unit *alone, const gm_tensor *node, bool *placed) {
    *placed = false;
    if (!a->plan->emitter.gpu || gm_plan_is_plain(a->plan) || a->assigned[node->id])
        return GM_OK;
    for (size_t i = 0; i < alone->operands.count && !*placed; i++) {
        uint32_t maker = a->unit_of[gm_plan_base(alone->operands.node[i])->id], host = maker;
        if (maker != GM_NO_UNIT && a->units[maker].kind != GM_UNIT_REDUCE)
            host = a->units[maker].host;
        if (host == GM_NO_UNIT || !fits_after(a, host, alone))
            continue;
        uint32_t after = a->units[host].after;
        if (after == GM_NO_UNIT) {
            GM_TRY(new_unit(a, GM_UNIT_ELEMENTWISE, &after));
            a->units[after].host = host;
            a->units[host].after = after;
        }
        GM_TRY(try_join(a, after, node, placed));
    }
    return GM_OK;
}

static gm_status place_elementwise(gm_analysis *a, const gm_tensor *node) {
    gm_unit alone = {.kind = GM_UNIT_ELEMENTWISE};
    gm_status status = GM_OK;
    GM_TRY_DONE(push_node(&alone.results, node));
    GM_TRY_DONE(gm_unit_collect(a, &alone));
    uint32_t host = epilogue_host(a, &alone, node);
    if (host == GM_NO_UNIT) {
        bool placed;
        GM_TRY_DONE(place_after(a, &alone, node, &placed));
        status = placed ? GM_OK : place(a, GM_UNIT_ELEMENTWISE, node, &alone);
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

gm_status gm_units_create(gm_analysis *a) {
    const gm_graph *graph = a->plan->graph;
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        if (!a->needed[id] || gm_plan_has_value(a->plan, node) || !a->stored[id])
            continue;
        if (gm_plan_is_reduction(node))
            GM_TRY(place(a, GM_UNIT_REDUCE, node, NULL));
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
    return GM_OK;
}

void gm_analysis_finish(gm_analysis *a) {
    for (size_t i = 0; i < a->unit_count; i++) {
        gm_nodes_finish(&a->units[i].results);
        gm_nodes_finish(&a->units[i].inner);
        gm_nodes_finish(&a->units[i].operands);
        free(a->units[i].before);
        free(a->units[i].all_before);
    }
    free(a->units);
    gm_arena_finish(&a->arena);
}
