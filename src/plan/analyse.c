// Analysis of one phase: what it needs, what is kept in memory, and in which order of dimensions. And of all of them:
// which values lie in memory as half.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHEAP_COST = 24,    // operations that are rather repeated in each reader than stored and loaded
    CHEAP_OPERANDS = 2, // full-size values that a repeated expression may read
    LARGEST_TREE = 64,  // steps of an inlined expression
    MOST_READS = 14,    // values that one expression reads
    HALF_LEAST = 4096,  // elements of a value that is worth half the memory
};

const gm_tensor *gm_plan_alias(const gm_tensor *node) {
    while (node->op == &gm_op_stop_gradient || node->op == &gm_op_variance)
        node = node->input[0];
    return node;
}

const gm_tensor *gm_plan_base(const gm_tensor *node) {
    while (node->op->kind == GM_OP_VIEW)
        node = node->input[0];
    return node;
}

bool gm_plan_constant(const gm_tensor *node, double *value) {
    node = gm_plan_base(node);
    if (node->op != &gm_op_constant)
        return false;
    *value = ((const gm_constant_attributes *)node->attributes)->value;
    return true;
}

bool gm_plan_is_reduction(const gm_tensor *node) {
    return node->op == &gm_op_sum || node->op == &gm_op_max;
}

bool gm_plan_is_half(const gm_plan *plan, const gm_tensor *node) {
    return plan->emitter.half && plan->emitter.half[node->id];
}

size_t gm_plan_leaf(const gm_plan *plan, const gm_tensor *node) {
    return plan->leaf_of[node->id];
}

gm_view gm_plan_leaf_view(const gm_plan *plan, size_t index) {
    const gm_leaf *leaf = &plan->leaves[index];
    gm_layout layout = leaf->variable ? leaf->variable->layout : GM_LAYOUT_ROW;
    return gm_view_create(leaf->storage, leaf->node->type, &leaf->node->shape, layout);
}

bool gm_plan_is_plain(const gm_plan *plan) {
    return plan->separate && !plan->unfilled;
}

bool gm_plan_has_value(const gm_plan *plan, const gm_tensor *node) {
    return plan->values[node->id].present[GM_LAYOUT_ROW] || plan->values[node->id].present[GM_LAYOUT_HWNC];
}

gm_status gm_analysis_alloc(gm_analysis *a, void *out, size_t count, size_t size) {
    void *memory = gm_arena_alloc(&a->arena, GM_MAX(count, (size_t)1) * size);
    *(void **)out = memory;
    return memory ? GM_OK : gm_fail_memory(count * size, "planning a phase");
}

// Inputs come before their users, so one sweep from the end marks everything that the roots need.
static gm_status mark_needed(gm_analysis *a) {
    const gm_plan *plan = a->plan;
    size_t count = plan->graph->node_count;
    for (size_t i = 0; i < a->phase->fetch_count; i++) {
        const gm_tensor *node = gm_plan_alias(a->phase->fetches[i]);
        a->needed[node->id] = a->root[node->id] = true;
    }
    for (size_t i = 0; i < a->phase->assignment_count; i++) {
        const gm_tensor *node = gm_plan_alias(a->phase->assignments[i].value);
        a->needed[node->id] = a->root[node->id] = true;
    }
    for (size_t id = count; id-- > 0;) {
        const gm_tensor *node = plan->graph->nodes[id];
        if (!a->needed[id] || gm_plan_has_value(plan, node))
            continue;
        for (size_t i = 0; i < node->input_count; i++)
            a->needed[gm_plan_alias(node->input[i])->id] = true;
    }
    for (size_t pass = 0; pass < 2; pass++) { // count, then fill
        for (size_t id = 0; id < count; id++) {
            const gm_tensor *node = plan->graph->nodes[id];
            if (!a->needed[id] || gm_plan_has_value(plan, node))
                continue;
            for (size_t i = 0; i < node->input_count; i++) {
                size_t from = gm_plan_alias(node->input[i])->id;
                if (pass == 1)
                    a->consumers[from][a->consumer_count[from]] = (uint32_t)id;
                a->consumer_count[from]++;
            }
        }
        for (size_t id = 0; pass == 0 && id < count; id++) {
            GM_TRY(gm_analysis_alloc(a, &a->consumers[id], a->consumer_count[id], sizeof(uint32_t)));
            a->consumer_count[id] = 0;
        }
    }
    return GM_OK;
}

// What an element-wise node costs when its expression is written out in a reader.
typedef struct tree {
    size_t steps, cost, reads, operand_count;
    uint32_t operand[CHEAP_OPERANDS + 1]; // distinct full-size values, as far as they matter
} tree;

static void add_operand(tree *t, uint32_t id) {
    for (size_t i = 0; i < GM_MIN(t->operand_count, (size_t)CHEAP_OPERANDS + 1); i++)
        if (t->operand[i] == id)
            return;
    if (t->operand_count <= CHEAP_OPERANDS)
        t->operand[t->operand_count] = id;
    t->operand_count++;
}

static tree tree_of(const gm_analysis *a, const tree *trees, const gm_tensor *node) {
    tree t = {.steps = 1, .cost = GM_MAX(node->op->cost, 1u)};
    size_t full = gm_shape_count(&node->shape);
    for (size_t i = 0; i < node->input_count; i++) {
        const gm_tensor *input = gm_plan_alias(node->input[i]);
        double constant;
        if (gm_plan_constant(input, &constant))
            continue;
        if (input->op->kind == GM_OP_ELEMENTWISE && !a->stored[input->id] && !gm_plan_has_value(a->plan, input)) {
            const tree *inner = &trees[input->id];
            t.steps += inner->steps;
            t.cost += inner->cost;
            t.reads += inner->reads;
            for (size_t k = 0; k < GM_MIN(inner->operand_count, (size_t)CHEAP_OPERANDS + 1); k++)
                add_operand(&t, inner->operand[k]);
        } else {
            t.reads++;
            if (gm_shape_count(&gm_plan_base(input)->shape) == full)
                add_operand(&t, input->id);
        }
    }
    return t;
}

static bool is_inlining_reader(const gm_tensor *node) {
    return node->op->kind == GM_OP_ELEMENTWISE || gm_plan_is_reduction(node) || node->op == &gm_op_concat;
}

// Which element-wise nodes become values: those that are wanted outside expressions, and those with several readers
// unless repeating them is cheaper.
static gm_status choose_stored(gm_analysis *a) {
    const gm_graph *graph = a->plan->graph;
    tree *trees;
    GM_TRY(gm_analysis_alloc(a, &trees, graph->node_count, sizeof *trees));
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        if (!a->needed[id] || gm_plan_has_value(a->plan, node))
            continue;
        if (node->op->kind == GM_OP_KERNEL) {
            a->stored[id] = true;
        } else if (node->op->kind == GM_OP_ELEMENTWISE) {
            trees[id] = tree_of(a, trees, node);
            if (trees[id].steps > LARGEST_TREE ||
                trees[id].reads > MOST_READS) { // cut the tree below: the inputs become values
                for (size_t i = 0; i < node->input_count; i++) {
                    const gm_tensor *input = gm_plan_alias(node->input[i]);
                    if (input->op->kind == GM_OP_ELEMENTWISE && !gm_plan_has_value(a->plan, input))
                        a->stored[input->id] = true;
                }
                trees[id] = tree_of(a, trees, node);
            }
            bool stored = a->root[id],
                 cheap = trees[id].cost <= CHEAP_COST && trees[id].operand_count <= CHEAP_OPERANDS;
            for (size_t i = 0; i < a->consumer_count[id]; i++)
                stored = stored || !is_inlining_reader(graph->nodes[a->consumers[id][i]]);
            for (size_t i = 1; i < a->consumer_count[id]; i++) // more than one distinct reader
                stored = stored || (!cheap && a->consumers[id][i] != a->consumers[id][0]);
            a->stored[id] = stored;
        }
    }
    return GM_OK;
}

static bool wants_channels_innermost(const gm_analysis *a, const gm_tensor *reader, uint32_t id) {
    const gm_family *family = a->plan->family[reader->id];
    if (!family || family->input_layout != GM_LAYOUT_HWNC)
        return false;
    for (size_t i = 0; i < reader->input_count; i++)
        if (gm_plan_alias(reader->input[i])->id == id &&
            (i == 0 || reader->op == &gm_op_conv_weight || reader->op == &gm_op_max_pool ||
             reader->op == &gm_op_max_pool_input))
            return true;
    return false;
}

// Operations that can walk over their values in either order.
static bool is_flexible(const gm_analysis *a, const gm_tensor *node) {
    const gm_family *family = a->plan->family[node->id];
    return node->op->kind == GM_OP_ELEMENTWISE || node->op == &gm_op_pad || node->op == &gm_op_concat ||
           (family && family->follows);
}

// The same batch and channels at other positions, by a view or by sums over some: to be walked over as the input is.
static bool keeps_channels(const gm_tensor *node) {
    if (gm_plan_is_reduction(node) || (node->op->kind == GM_OP_VIEW && node->op != &gm_op_transpose)) {
        const gm_shape *x = &node->input[0]->shape, *y = &node->shape;
        return x->rank >= 4 && y->rank >= 4 && x->dim[0] == y->dim[0] && x->dim[1] == y->dim[1];
    }
    return false;
}

// What lies in row-major order as a program gave it, with axes exchanged so that its channels are innermost.
static bool is_given_channels_last(const gm_analysis *a, const gm_tensor *node) {
    const gm_tensor *x = gm_plan_alias(node->input[0]);
    const gm_view lies = gm_view_create(0, x->type, &x->shape, a->layout[x->id]);
    const gm_view wanted = gm_view_create(0, node->type, &node->shape, GM_LAYOUT_HWNC);
    gm_view view;
    return gm_view_apply(node, &lies, &view) && memcmp(view.stride, wanted.stride, sizeof wanted.stride) == 0;
}

// Values are HWNC where a convolution or pooling makes or reads them; views, element-wise nodes and families without an
// order of their own follow their neighbours, those of more dimensions, too, into which upsampling splits an image;
// weights and their gradients lie as the state has them; everything else stays row-major.
static void choose_layouts(gm_analysis *a) {
    const gm_graph *graph = a->plan->graph;
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        const gm_family *family = a->plan->family[id];
        const gm_value *value = &a->plan->values[id];
        if (gm_layout_for(&node->shape, GM_LAYOUT_HWNC) == GM_LAYOUT_ROW)
            continue;
        if (value->present[GM_LAYOUT_HWNC] && !value->present[GM_LAYOUT_ROW]) {
            a->layout[id] = GM_LAYOUT_HWNC;
        } else if (family && !family->follows) {
            a->layout[id] = gm_family_output(family, a->plan->emitter.gpu);
        } else if (a->plan->leaf_of[id] != SIZE_MAX && a->plan->leaves[a->plan->leaf_of[id]].variable) {
            a->layout[id] = a->plan->leaves[a->plan->leaf_of[id]].variable->layout;
        } else if (node->op == &gm_op_transpose) {
            a->layout[id] = is_given_channels_last(a, node) ? GM_LAYOUT_HWNC : GM_LAYOUT_ROW;
        } else if (is_flexible(a, node) || node->op == &gm_op_slice || keeps_channels(node)) {
            for (size_t i = 0; i < node->input_count; i++)
                if (a->layout[gm_plan_alias(node->input[i])->id] == GM_LAYOUT_HWNC)
                    a->layout[id] = GM_LAYOUT_HWNC;
        }
    }
    for (size_t id = graph->node_count; id-- > 0;) {
        const gm_tensor *node = graph->nodes[id];
        bool positions = gm_layout_for(&node->shape, GM_LAYOUT_HWNC) == GM_LAYOUT_HWNC;
        if (!positions || !a->needed[id] || !(is_flexible(a, node) || keeps_channels(node)))
            continue;
        for (size_t i = 0; i < a->consumer_count[id]; i++) {
            const gm_tensor *reader = graph->nodes[a->consumers[id][i]];
            bool follows =
                (is_flexible(a, reader) || keeps_channels(reader)) && a->layout[reader->id] == GM_LAYOUT_HWNC;
            if (follows || wants_channels_innermost(a, reader, (uint32_t)id))
                a->layout[id] = GM_LAYOUT_HWNC;
        }
    }
}

gm_status gm_analyse(gm_analysis *a, gm_plan *plan, size_t phase_index) {
    size_t count = plan->graph->node_count;
    a->plan = plan;
    a->phase_index = phase_index;
    a->phase = plan->graph->phases[phase_index];
    GM_TRY(gm_analysis_alloc(a, &a->needed, count, sizeof *a->needed));
    GM_TRY(gm_analysis_alloc(a, &a->stored, count, sizeof *a->stored));
    GM_TRY(gm_analysis_alloc(a, &a->root, count, sizeof *a->root));
    GM_TRY(gm_analysis_alloc(a, &a->layout, count, sizeof *a->layout));
    GM_TRY(gm_analysis_alloc(a, &a->consumers, count, sizeof *a->consumers));
    GM_TRY(gm_analysis_alloc(a, &a->consumer_count, count, sizeof *a->consumer_count));
    GM_TRY(gm_analysis_alloc(a, &a->unit_of, count, sizeof *a->unit_of));
    GM_TRY(gm_analysis_alloc(a, &a->stamp, count, sizeof *a->stamp));
    for (size_t i = 0; i < count; i++)
        a->unit_of[i] = UINT32_MAX;
    GM_TRY(mark_needed(a));
    GM_TRY(choose_stored(a));
    choose_layouts(a);
    return GM_OK;
}

gm_layout gm_analysis_walk(const gm_analysis *a, const gm_tensor *node) {
    const gm_value *value = &a->plan->values[node->id];
    if (gm_layout_for(&node->shape, GM_LAYOUT_HWNC) == GM_LAYOUT_ROW)
        return GM_LAYOUT_ROW;
    if (gm_plan_has_value(a->plan, node))
        return value->present[GM_LAYOUT_HWNC] ? GM_LAYOUT_HWNC : GM_LAYOUT_ROW;
    return a->layout[node->id];
}

// ---- Half storage ----

// Why a value stays float32 and, with it, values that it is made of.
typedef enum exactness {
    EXACT_NOT = 0,
    EXACT_VIEWS,    // what it is a view of
    EXACT_ELEMENTS, // as well as what its elements are computed from or moved from
} exactness;

static bool is_view(const gm_tensor *node) {
    return node->op->kind == GM_OP_VIEW;
}

static bool is_move(const gm_tensor *node) {
    return node->op == &gm_op_pad || node->op == &gm_op_concat;
}

// What is fetched keeps its bits, and so does what an assignment is made of element by element: gradients of weights
// and moments. Kernels that know floats alone read and write floats.
static void find_exact(const gm_plan *plan, exactness *exact) {
    const gm_graph *graph = plan->graph;
    for (size_t p = 0; p < graph->phase_count; p++) {
        const gm_phase *phase = graph->phases[p];
        for (size_t i = 0; i < phase->fetch_count; i++)
            exact[phase->fetches[i]->id] = GM_MAX(exact[phase->fetches[i]->id], EXACT_VIEWS);
        for (size_t i = 0; i < phase->assignment_count; i++)
            exact[phase->assignments[i].value->id] = EXACT_ELEMENTS;
    }
    for (size_t id = graph->node_count; id-- > 0;) {
        const gm_tensor *node = graph->nodes[id];
        bool elements = node->op->kind == GM_OP_ELEMENTWISE || is_move(node);
        exactness inputs = is_view(node) || (elements && exact[id] == EXACT_ELEMENTS) ? exact[id]
                           : plan->family[id] && !plan->family[id]->half              ? EXACT_VIEWS
                                                                                      : EXACT_NOT;
        for (size_t i = 0; i < node->input_count; i++)
            exact[node->input[i]->id] = GM_MAX(exact[node->input[i]->id], inputs);
    }
}

// Sums stay float32: they are small beside what they are sums of, and may exceed what half can hold.
static bool can_be_half(const gm_plan *plan, const gm_tensor *node) {
    const gm_family *family = plan->family[node->id];
    return node->type == GM_FLOAT32 && (family ? family->half : node->op->kind == GM_OP_ELEMENTWISE || is_move(node));
}

static bool is_source(const gm_tensor *node) {
    return node->op == &gm_op_input || node->op == &gm_op_uniform || node->op == &gm_op_normal ||
           node->op == &gm_op_bernoulli;
}

gm_status gm_plan_choose_half(gm_plan *plan) {
    const gm_graph *graph = plan->graph;
    const char *least_text = getenv("GANYMEDE_HALF_LEAST");
    size_t count = graph->node_count, least = least_text ? strtoull(least_text, NULL, 10) : HALF_LEAST;
    bool *half = gm_arena_alloc(&plan->arena, count * sizeof *half), *varies = NULL;
    exactness *exact = NULL;
    gm_status status = half ? GM_OK : gm_fail_memory(count * sizeof *half, "a plan's half values");
    GM_TRY(status);
    GM_TRY_DONE(gm_alloc(&varies, count, sizeof *varies, "a plan's half values"));
    GM_TRY_DONE(gm_alloc(&exact, count, sizeof *exact, "a plan's half values"));
    find_exact(plan, exact);
    for (size_t id = 0; id < count; id++) {
        const gm_tensor *node = graph->nodes[id];
        varies[id] = is_source(node);
        for (size_t i = 0; i < node->input_count; i++)
            varies[id] = varies[id] || varies[node->input[i]->id];
        if (is_view(node))
            half[id] = half[node->input[0]->id];
        else
            half[id] = varies[id] && exact[id] == EXACT_NOT && can_be_half(plan, node) &&
                       gm_shape_count(&node->shape) >= least;
    }
    plan->emitter.half = half;
done:
    free(varies);
    free(exact);
    return status;
}
