// Differentiation in reverse: from y down to the xs, each node's rule appends the gradients of its inputs.
//
// Ids are a topological order, since inputs come before their users. Only nodes on a path from an x to y get gradients,
// and those are nodes like any other, so that differentiating again needs nothing more. What the sweep makes and does
// not return is hidden (see gm_tensor), which lets the constructors' simplifications shorten it.
#include "graph/gradient.h"
#include "graph/build.h"

#include <stdlib.h>

#define GM_RULE_FILE(name) gm_rules_##name,
static const gm_rule *const files[] = {GM_RULE_FILES};
#undef GM_RULE_FILE

const gm_rule *gm_rule_find(const gm_op *op) {
    for (size_t i = 0; i < GM_COUNT(files); i++)
        for (const gm_rule *rule = files[i]; rule->op; rule++)
            if (rule->op == op)
                return rule;
    return NULL;
}

enum { MANY_PRODUCTS = 8 }; // that add up: one product of all they multiply is cheaper

void gm_sweep_finish(gm_sweep *s) {
    free(s->on_path);
    free(s->gradient);
    free(s->terms);
    free(s->latest);
    free(s->wanted);
    free(s->dx);
}

// Marks what depends on an x. What y does not depend on stays marked, but the sweep never gives it a gradient.
static void mark_paths(gm_sweep *s, gm_tensor *const *xs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (xs[i]->id < s->count)
            s->on_path[xs[i]->id] = true;
    for (size_t id = 0; id < s->count; id++) {
        const gm_tensor *node = s->graph->nodes[id];
        if (node->type == GM_FLOAT32 && gm_rule_find(node->op))
            for (size_t i = 0; i < node->input_count && !s->on_path[id]; i++)
                s->on_path[id] = s->on_path[node->input[i]->id];
    }
}

gm_status gm_sweep_init(gm_sweep *s, const gm_tensor *y, gm_tensor *const *xs, size_t count) {
    *s = (gm_sweep){.graph = y->graph, .count = (size_t)y->id + 1};
    size_t widest = 1;
    for (size_t id = 0; id < s->count; id++)
        widest = GM_MAX(widest, s->graph->nodes[id]->input_count);
    GM_TRY(gm_alloc(&s->on_path, s->count, sizeof *s->on_path, "a gradient"));
    GM_TRY(gm_alloc(&s->gradient, s->count, sizeof *s->gradient, "a gradient"));
    GM_TRY(gm_alloc(&s->latest, s->count, sizeof *s->latest, "a gradient"));
    GM_TRY(gm_alloc(&s->wanted, widest, sizeof *s->wanted, "a gradient"));
    GM_TRY(gm_alloc(&s->dx, widest, sizeof *s->dx, "a gradient"));
    mark_paths(s, xs, count);
    return GM_OK;
}

static gm_status accumulate(gm_sweep *s, const gm_tensor *node, const gm_tensor *input, gm_tensor *dx) {
    if (!gm_is_poison(dx) && !gm_shape_equal(&dx->shape, &input->shape)) {
        gm_fault(s->graph, "gradient of %s: it has shape %s but its input %s; please report this", node->op->name,
                 gm_shape_text(&dx->shape), gm_describe(input));
        return GM_ERROR_STATE;
    }
    GM_TRY(gm_grow(&s->terms, s->term_count, &s->term_capacity, sizeof *s->terms, "a gradient"));
    s->terms[s->term_count] = (gm_term){dx, s->latest[input->id]};
    s->latest[input->id] = ++s->term_count;
    gm_tensor **sum = &s->gradient[input->id];
    *sum = *sum ? gm_add(*sum, dx) : dx;
    return gm_is_poison(*sum) ? GM_ERROR_STATE : GM_OK;
}

// a^T b, a sum over the rows of both, that no caller holds.
static bool is_row_product(const gm_tensor *x) {
    const gm_gemm_attributes *g = x->attributes;
    return gm_hidden_is(x, &gm_op_gemm) && x->shape.rank == 2 && g->transpose_a && !g->transpose_b;
}

// A matrix that many steps multiply by gets as many products, all of them sums over rows: the product of all the rows
// is their sum.
static gm_tensor *join_products(gm_sweep *s, size_t id) {
    size_t count = 0;
    for (size_t i = s->latest[id]; i > 0; i = s->terms[i - 1].earlier)
        count += is_row_product(s->terms[i - 1].value);
    if (count < MANY_PRODUCTS)
        return s->gradient[id];
    gm_tensor **a = gm_arena_alloc(&s->graph->arena, 2 * count * sizeof(gm_tensor *)), **b = a + count, *sum = NULL;
    if (!a)
        return gm_fault_memory(s->graph);
    size_t at = 0;
    for (size_t i = s->latest[id]; i > 0; i = s->terms[i - 1].earlier) {
        gm_tensor *value = s->terms[i - 1].value;
        if (is_row_product(value)) {
            a[at] = value->input[0];
            b[at++] = value->input[1];
        } else {
            sum = sum ? gm_add(value, sum) : value;
        }
    }
    gm_tensor *joined = gm_gemm(gm_concat(a, count, 0), gm_concat(b, count, 0), &(gm_gemm_params){.transpose_a = true});
    return sum ? gm_add(sum, joined) : joined;
}

gm_tensor *gm_sweep_gradient(gm_sweep *s, size_t id) {
    if (s->gradient[id])
        s->gradient[id] = join_products(s, id);
    return s->gradient[id];
}

gm_status gm_sweep_visit(gm_sweep *s, gm_tensor *node, gm_tensor *dy, const bool *open) {
    bool any = false;
    for (size_t i = 0; i < node->input_count; i++) {
        const gm_tensor *input = node->input[i];
        s->wanted[i] = s->on_path[input->id] && input->type == GM_FLOAT32 && (!open || open[input->id]);
        s->dx[i] = NULL;
        any = any || s->wanted[i];
    }
    const gm_rule *rule = any ? gm_rule_find(node->op) : NULL;
    if (!rule)
        return GM_OK;
    rule->gradient(node, dy, s->wanted, s->dx);
    for (size_t i = 0; i < node->input_count; i++)
        if (s->wanted[i] && s->dx[i])
            GM_TRY(accumulate(s, node, node->input[i], s->dx[i]));
    return GM_OK;
}

static gm_status differentiate(gm_sweep *s, gm_tensor *y, gm_tensor *const *xs, size_t count, gm_tensor **dxs) {
    GM_TRY(gm_sweep_init(s, y, xs, count));
    s->gradient[y->id] = gm_filled(s->graph, GM_FLOAT32, &y->shape, 1);
    for (size_t id = s->count; id-- > 0;)
        if (s->on_path[id] && gm_sweep_gradient(s, id))
            GM_TRY(gm_sweep_visit(s, s->graph->nodes[id], s->gradient[id], NULL));
    for (size_t i = 0; i < count; i++) {
        gm_tensor *dx = xs[i]->id < s->count ? s->gradient[xs[i]->id] : NULL;
        dxs[i] = dx ? dx : gm_filled(s->graph, GM_FLOAT32, &xs[i]->shape, 0);
        dxs[i]->hidden = false;
    }
    return GM_OK;
}

bool gm_sweep_usable(const char *what, gm_tensor *y, gm_tensor *const *xs, size_t count) {
    gm_tensor *poison;
    if (!gm_usable(what, &y, 1, &poison) || count == 0 || !gm_usable(what, xs, count, &poison))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (xs[i]->graph == y->graph && xs[i]->type == GM_FLOAT32)
            continue;
        gm_fault(y->graph,
                 xs[i]->graph == y->graph ? "%s: xs[%zu] %s is %s but must be float32"
                                          : "%s: xs[%zu] %s (%s) belongs to another graph",
                 what, i, gm_describe(xs[i]), gm_type_text(xs[i]->type));
        return false;
    }
    return true;
}

static bool arguments_usable(gm_tensor *y, gm_tensor *const *xs, size_t count) {
    if (!gm_sweep_usable("grad", y, xs, count))
        return false;
    if (y->type == GM_FLOAT32 && gm_shape_count(&y->shape) == 1)
        return true;
    gm_fault(y->graph, "grad: y is %s %s but must be float32 with one element (sum_all or mean_all it)",
             gm_type_text(y->type), gm_describe(y));
    return false;
}

void gm_grad(gm_tensor *y, gm_tensor *const *xs, size_t count, gm_tensor **dxs) {
    if (!xs || !dxs)
        return;
    gm_graph *graph = y ? y->graph : NULL;
    for (size_t i = 0; i < count && !graph; i++)
        graph = xs[i] ? xs[i]->graph : NULL;
    if (!y)
        gm_fault(graph, "grad: y is NULL");
    if (arguments_usable(y, xs, count)) {
        gm_sweep s = {0};
        graph->hiding = true;
        gm_status status = differentiate(&s, y, xs, count, dxs);
        graph->hiding = false;
        gm_sweep_finish(&s);
        if (status == GM_OK)
            return;
        if (status == GM_ERROR_MEMORY)
            gm_fault_memory(graph); // any other failure has recorded its own fault
    }
    for (size_t i = 0; i < count; i++)
        dxs[i] = graph ? graph->nodes[0] : NULL;
}
