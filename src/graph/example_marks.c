// Which axis of each value holds the examples, from the losses (N) down: an operation's rule says where its inputs hold
// what its result holds along the marked axis. An input without that axis is shared by all examples, and so is all that
// it is made of. A node that is both, or of which there is no rule, is refused: examples meet there.
#include "graph/build.h"
#include "graph/example.h"

#include <stdlib.h>

// Gives every input of y its mark; they are shared until then. False: the examples meet.
typedef bool mark_rule(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs);

static bool mark_same(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)examples;
    for (size_t i = 0; i < y->input_count; i++)
        inputs[i] = *mark;
    return true;
}

// Operations on images treat each by itself.
static bool mark_images(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    return mark->axis == 0 && mark_same(y, mark, examples, inputs);
}

static bool mark_conv(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)y;
    (void)examples;
    inputs[0] = *mark;
    return mark->axis == 0;
}

// Each sample has `count` rows of windows.
static bool mark_unfold(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    const gm_unfold_attributes *windows = y->attributes;
    if (mark->run % windows->count != 0 || !mark_images(y, mark, examples, inputs))
        return false;
    inputs[0].run /= windows->count;
    return true;
}

static bool mark_fold(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    const gm_unfold_attributes *windows = y->attributes;
    if (!mark_images(y, mark, examples, inputs))
        return false;
    inputs[0].run *= windows->count;
    return true;
}

static bool mark_none(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)y;
    (void)mark;
    (void)examples;
    (void)inputs;
    return true;
}

// Rows of the result are rows of a, columns are columns of b; products of a batch keep to themselves.
static bool mark_gemm(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    const gm_gemm_attributes *attributes = y->attributes;
    if (mark->axis + 2 < y->shape.rank)
        return mark_same(y, mark, examples, inputs);
    if (y->shape.rank > 2)
        return false;
    const bool transposed = mark->axis == 0 ? attributes->transpose_a : attributes->transpose_b;
    inputs[mark->axis] = *mark;
    inputs[mark->axis].axis = transposed ? 1 - mark->axis : mark->axis;
    return true;
}

// The axis of x in which the examples lie, if one does: with as many elements after each example's as in y.
static bool mark_reshape(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    const gm_shape *from = &y->input[0]->shape;
    size_t inner = mark->run, after = 1;
    for (size_t i = mark->axis + 1; i < y->shape.rank; i++)
        inner *= y->shape.dim[i];
    for (size_t i = from->rank; i-- > 0; after *= from->dim[i]) {
        const size_t run = inner / after;
        if (after > inner || inner % after != 0)
            return false;
        if (from->dim[i] % (examples * run) != 0)
            continue;
        inputs[0] = (gm_example_mark){GM_EXAMPLE_EACH, i, run};
        return true;
    }
    return false;
}

static bool mark_transpose(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)examples;
    inputs[0] = *mark;
    inputs[0].axis = ((const gm_axes_attributes *)y->attributes)->value[mark->axis];
    return true;
}

static bool mark_broadcast(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)examples;
    const gm_shape *from = &y->input[0]->shape;
    const size_t added = y->shape.rank - from->rank;
    if (mark->axis < added || from->dim[mark->axis - added] == 1)
        return true;
    inputs[0] = *mark;
    inputs[0].axis -= added;
    return true;
}

static bool mark_flip(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    return !(gm_flipped_axes(y) & GM_AXIS(mark->axis)) && mark_same(y, mark, examples, inputs);
}

// A part of whole batches, as of real and generated samples one after the other.
static bool mark_slice(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    const size_t batch = examples * mark->run, begin = ((const gm_axes_attributes *)y->attributes)->value[mark->axis];
    return begin % batch == 0 && y->input[0]->shape.dim[mark->axis] % batch == 0 &&
           mark_same(y, mark, examples, inputs);
}

static bool mark_pad(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    return mark_slice(y, mark, examples, inputs); // its attributes are the zeros before, as many as a slice's begin
}

static bool mark_concat(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    if (((const gm_concat_attributes *)y->attributes)->axis == mark->axis)
        for (size_t i = 0; i < y->input_count; i++)
            if (y->input[i]->shape.dim[mark->axis] % (examples * mark->run) != 0)
                return false;
    return mark_same(y, mark, examples, inputs);
}

// Along its own axis the values depend on each other.
static bool mark_softmax(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    return ((const gm_axis_attributes *)y->attributes)->axis != mark->axis && mark_same(y, mark, examples, inputs);
}

static bool mark_gather(const gm_tensor *y, const gm_example_mark *mark, size_t examples, gm_example_mark *inputs) {
    (void)y;
    (void)examples;
    inputs[mark->axis == 0 ? 1 : 0] = *mark;
    return true;
}

static bool mark_scatter_add(const gm_tensor *y, const gm_example_mark *mark, size_t examples,
                             gm_example_mark *inputs) {
    return mark->axis > 0 && mark_gather(y, mark, examples, inputs);
}

static const struct {
    const gm_op *op;
    mark_rule *rule;
} rules[] = {
    {&gm_op_stop_gradient, mark_same},
    {&gm_op_variance, mark_same},
    {&gm_op_sum, mark_same},
    {&gm_op_max, mark_same},
    {&gm_op_reshape, mark_reshape},
    {&gm_op_transpose, mark_transpose},
    {&gm_op_broadcast, mark_broadcast},
    {&gm_op_flip, mark_flip},
    {&gm_op_slice, mark_slice},
    {&gm_op_pad, mark_pad},
    {&gm_op_concat, mark_concat},
    {&gm_op_gemm, mark_gemm},
    {&gm_op_conv, mark_conv},
    {&gm_op_conv_input, mark_conv},
    {&gm_op_softmax, mark_softmax},
    {&gm_op_log_softmax, mark_softmax},
    {&gm_op_argmax, mark_same},
    {&gm_op_unfold, mark_unfold},
    {&gm_op_fold, mark_fold},
    {&gm_op_average_pool, mark_images},
    {&gm_op_average_pool_input, mark_images},
    {&gm_op_max_pool_index, mark_images},
    {&gm_op_max_pool, mark_images},
    {&gm_op_max_pool_input, mark_images},
    {&gm_op_border, mark_images},
    {&gm_op_border_adjoint, mark_images},
    {&gm_op_shift, mark_images},
    {&gm_op_warp, mark_images},
    {&gm_op_warp_adjoint, mark_images},
    {&gm_op_gather, mark_gather},
    {&gm_op_scatter_add, mark_scatter_add},
    {&gm_op_uniform, mark_none},
    {&gm_op_normal, mark_none},
    {&gm_op_bernoulli, mark_none},
};

static mark_rule *rule_of(const gm_tensor *x) {
    if (x->op->kind == GM_OP_ELEMENTWISE)
        return mark_same;
    if (x->op->kind == GM_OP_LEAF)
        return mark_none;
    for (size_t i = 0; i < GM_COUNT(rules); i++)
        if (rules[i].op == x->op)
            return rules[i].rule;
    return NULL;
}

// ---- Faults ----

// The first of the params that x depends on, NULL: none.
static const gm_tensor *param_under(const gm_examples *e, const gm_tensor *x, gm_status *status) {
    gm_graph *graph = e->losses->graph;
    for (size_t k = 0; k < e->x_count; k++) {
        const gm_tensor *param = e->xs[k];
        if (param->id > x->id)
            continue;
        bool *depends = NULL;
        *status = gm_alloc(&depends, x->id + (size_t)1, sizeof *depends, "a gradient");
        if (*status != GM_OK)
            return NULL;
        depends[param->id] = true;
        for (size_t id = param->id + (size_t)1; id <= x->id; id++)
            for (size_t i = 0; i < graph->nodes[id]->input_count && !depends[id]; i++)
                depends[id] = depends[graph->nodes[id]->input[i]->id];
        const bool found = depends[x->id];
        free(depends);
        if (found)
            return param;
    }
    return NULL;
}

// "<what>: 'w' (3, 4) reaches the losses through sum (1, 4), <why>", without the param where none is under the node.
static gm_status refuse(const gm_examples *e, const gm_tensor *node, const char *why, const gm_tensor *of) {
    gm_status status = GM_OK;
    const gm_tensor *param = param_under(e, node, &status);
    GM_TRY(status);
    const char *of_what = of ? gm_tensor_name(of) : "", *of_shape = of ? gm_shape_text(&of->shape) : "";
    if (param)
        gm_fault(node->graph, "%s: %s reaches the losses through %s %s, %s%s%s%s", e->what, gm_describe(param),
                 gm_tensor_name(node), gm_shape_text(&node->shape), why, of_what, of ? " " : "", of_shape);
    else
        gm_fault(node->graph, "%s: the losses depend on %s %s, %s%s%s%s", e->what, gm_tensor_name(node),
                 gm_shape_text(&node->shape), why, of_what, of ? " " : "", of_shape);
    return GM_ERROR_STATE;
}

// ---- Marks ----

static bool same_mark(const gm_example_mark *a, const gm_example_mark *b) {
    return a->kind == b->kind && (a->kind != GM_EXAMPLE_EACH || (a->axis == b->axis && a->run == b->run));
}

// Of a node that takes what the examples hold as one value, and what is made of it: the first that has no part for
// each.
static const gm_tensor *meeting(const gm_examples *e, const gm_tensor *node) {
    while (node->op->kind == GM_OP_ELEMENTWISE && e->shared[node->id])
        node = node->graph->nodes[e->marked_by[node->id]];
    return node;
}

// What two users say of one node must agree. Where they do not, the one that takes it whole mixes the examples.
static gm_status set_mark(gm_examples *e, const gm_tensor *user, const gm_tensor *input, const gm_example_mark *mark) {
    gm_example_mark *now = &e->mark[input->id];
    if (now->kind == GM_EXAMPLE_NONE) {
        *now = *mark;
        e->marked_by[input->id] = user->id;
        return GM_OK;
    }
    if (same_mark(now, mark))
        return GM_OK;
    const gm_tensor *other = input->graph->nodes[e->marked_by[input->id]];
    return refuse(e, meeting(e, now->kind == GM_EXAMPLE_EACH ? user : other), "which mixes the examples of ", input);
}

static gm_status mark_inputs(gm_examples *e, const gm_tensor *node, gm_example_mark *inputs, const bool *constant) {
    const gm_example_mark *mark = &e->mark[node->id];
    if (gm_is_given(node))
        return GM_OK;
    for (size_t i = 0; i < node->input_count; i++)
        inputs[i] = (gm_example_mark){.kind = GM_EXAMPLE_SHARED};
    if (mark->kind == GM_EXAMPLE_EACH) {
        mark_rule *rule = rule_of(node);
        if (!rule)
            return refuse(e, node, "an operation whose examples cannot be told apart", NULL);
        if (!rule(node, mark, e->examples, inputs))
            return refuse(e, node, "which mixes the examples of ", node->input[0]);
    }
    for (size_t i = 0; i < node->input_count; i++)
        if (!constant[node->input[i]->id])
            GM_TRY(set_mark(e, node, node->input[i], &inputs[i]));
    return GM_OK;
}

// Numbers that are part of the graph, and what is made of them alone, serve any examples.
static void find_constants(const gm_graph *graph, size_t count, bool *constant) {
    for (size_t id = 1; id < count; id++) {
        const gm_tensor *node = graph->nodes[id];
        constant[id] = node->input_count > 0 || node->op == &gm_op_constant || node->op == &gm_op_constant_array;
        for (size_t i = 0; i < node->input_count; i++)
            constant[id] = constant[id] && constant[node->input[i]->id];
    }
}

static gm_status mark_all(gm_examples *e, gm_example_mark *inputs, const bool *constant) {
    gm_graph *graph = e->losses->graph;
    e->mark[e->losses->id] = (gm_example_mark){GM_EXAMPLE_EACH, 0, 1};
    for (size_t id = e->sweep.count; id-- > 1;) {
        const gm_tensor *node = graph->nodes[id];
        if (e->mark[id].kind == GM_EXAMPLE_NONE)
            continue;
        e->each[id] = e->mark[id].kind == GM_EXAMPLE_EACH;
        e->shared[id] = !e->each[id];
        GM_TRY(mark_inputs(e, node, inputs, constant));
    }
    for (size_t k = 0; k < e->x_count; k++)
        if (e->xs[k]->id < e->sweep.count && e->each[e->xs[k]->id]) {
            gm_fault(graph, "%s: %s holds a part for each example but must be shared by all", e->what,
                     gm_describe(e->xs[k]));
            return GM_ERROR_STATE;
        }
    return GM_OK;
}

gm_status gm_examples_mark(gm_examples *e) {
    gm_graph *graph = e->losses->graph;
    size_t widest = 1;
    for (size_t id = 0; id < e->sweep.count; id++)
        widest = GM_MAX(widest, graph->nodes[id]->input_count);
    gm_example_mark *inputs = NULL;
    bool *constant = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&inputs, widest, sizeof *inputs, "a gradient"));
    GM_TRY_DONE(gm_alloc(&constant, e->sweep.count, sizeof *constant, "a gradient"));
    find_constants(graph, e->sweep.count, constant);
    status = mark_all(e, inputs, constant);
done:
    free(inputs);
    free(constant);
    return status;
}

gm_example_mark gm_example_mark_of(const gm_examples *e, const gm_example_use *use, size_t input) {
    gm_example_mark inputs[2] = {{.kind = GM_EXAMPLE_SHARED}, {.kind = GM_EXAMPLE_SHARED}};
    rule_of(use->node)(use->node, &e->mark[use->node->id], e->examples, inputs);
    return inputs[input];
}
