// Squared norms of the examples' gradients of a value that they share, from the uses of that value.
//
// A value whose uses overlap, or that reaches them through more than views and sums, gets its gradient of every example
// whole, (N, ...): the sum over the uses, pulled back through what lies between.
#include "graph/build.h"
#include "graph/elementwise.h"
#include "graph/example.h"

#include <stdlib.h>

enum { MOST_INPUTS = 3 }; // of an element-wise operation

// ---- Tensors (N, ...) ----

static gm_shape with_examples(size_t examples, const gm_shape *shape) {
    gm_shape all = {.rank = shape->rank + 1, .dim = {examples}};
    for (size_t i = 0; i < shape->rank && i + 1 < GM_MAX_RANK; i++)
        all.dim[i + 1] = shape->dim[i];
    return all;
}

static gm_tensor *add(gm_tensor *sum, gm_tensor *x) {
    return sum && x ? gm_add(sum, x) : sum ? sum : x;
}

// ---- Uses ----

// The uses of a value whose gradients have been found; NULL, and a fault, without memory.
static gm_example_use *uses_of(const gm_examples *e, const gm_tensor *value, size_t *count) {
    gm_example_use *uses = NULL;
    for (int pass = 0; pass < 2; pass++) {
        *count = 0;
        for (size_t id = value->id + (size_t)1; id < e->sweep.count; id++) {
            gm_tensor *node = e->sweep.graph->nodes[id];
            if (!e->sweep.on_path[id] || !(e->each[id] ? e->sweep.gradient[id] != NULL : e->shared[id]))
                continue;
            for (size_t i = 0; i < node->input_count; i++)
                if (node->input[i] == value) {
                    if (uses)
                        uses[*count] = (gm_example_use){node, i, 1};
                    ++*count;
                }
        }
        if (pass == 0 && !(uses = gm_arena_alloc(&value->graph->arena, (*count + 1) * sizeof *uses))) {
            gm_fault_memory(value->graph);
            *count = 0;
            return NULL;
        }
    }
    return uses;
}

// ---- Gradients of every example ----

// The sum of a broadcast value's gradients over the copies that each example has.
static gm_tensor *whole_of_broadcast(const gm_examples *e, const gm_example_use *u) {
    const gm_example_mark mark = e->mark[u->node->id];
    const gm_shape *from = &u->node->input[0]->shape, *to = &u->node->shape;
    const size_t added = to->rank - from->rank;
    uint32_t axes = 0;
    for (size_t i = 0; i < to->rank; i++)
        if (i != mark.axis && (i < added || from->dim[i - added] != to->dim[i]))
            axes |= GM_AXIS(i);
    gm_tensor *sum = gm_sum(gm_example_gradient(e, u), axes);
    size_t before = 1;
    for (size_t i = 0; i < mark.axis; i++)
        before *= sum->shape.dim[i];
    gm_tensor *first = gm_examples_first(sum, mark, e->examples);
    const size_t *d = first->shape.dim; // (N, before x copies, after)
    first = gm_sum(gm_reshape(first, GM_SHAPE(d[0], before, d[1] / before, d[2])), GM_AXIS(2));
    return gm_reshape(first, with_examples(e->examples, from));
}

// indices (rows) of a gather -> (N, L), and 1 where the table has such a row.
static gm_tensor *indices_of(const gm_examples *e, const gm_example_use *u, gm_tensor **found) {
    gm_tensor *indices = u->node->input[1];
    gm_graph *graph = indices->graph;
    gm_tensor *each = gm_examples_first(indices, gm_example_mark_of(e, u, 1), e->examples);
    each = gm_reshape(each, GM_SHAPE(e->examples, indices->shape.dim[0] / e->examples));
    gm_tensor *rows = gm_constant_int(graph, (int32_t)GM_MIN(u->node->input[0]->shape.dim[0], (size_t)INT32_MAX));
    *found = gm_multiply(gm_greater_equal(each, gm_constant_int(graph, 0)), gm_less(each, rows));
    return each;
}

// A table for each example; the rows of what is not found go to none.
static gm_tensor *whole_of_gather(const gm_examples *e, const gm_example_use *u) {
    const size_t N = e->examples;
    const gm_shape *table = &u->node->input[0]->shape;
    const size_t R = table->dim[0];
    if (N * R > INT32_MAX)
        return gm_fault(e->losses->graph, "%s: %zu tables %s have too many rows", e->what, N, gm_shape_text(table));
    int32_t *start = gm_arena_alloc(&e->losses->graph->arena, N * sizeof *start);
    if (!start)
        return gm_fault_memory(e->losses->graph);
    for (size_t n = 0; n < N; n++)
        start[n] = (int32_t)(n * R);
    gm_tensor *found, *indices = indices_of(e, u, &found);
    gm_tensor *rows = gm_examples_first(gm_example_gradient(e, u), e->mark[u->node->id], N);
    const size_t L = rows->shape.dim[1], count = rows->shape.dim[2];
    rows = gm_multiply(rows, gm_reshape(found, GM_SHAPE(N, L, 1)));
    indices = gm_multiply(gm_add(indices, gm_constant_array(e->losses->graph, GM_INT32, GM_SHAPE(N, 1), start)),
                          gm_cast(found, GM_INT32));
    gm_tensor *sums =
        gm_scatter_add(gm_reshape(rows, GM_SHAPE(N * L, count)), gm_reshape(indices, GM_SHAPE(N * L)), N * R);
    return gm_reshape(sums, with_examples(N, table));
}

// ---- Gradients through what lies between a value and its uses ----

// Gradients g (N, ...) of a shared node, to one of its inputs.
static gm_tensor *pull_elementwise(const gm_tensor *node, gm_tensor *g, size_t input) {
    bool wanted[MOST_INPUTS] = {false};
    gm_tensor *dx[MOST_INPUTS] = {NULL};
    wanted[input] = true;
    gm_rule_find(node->op)->gradient((gm_tensor *)node, g, wanted, dx); // broadcasts over the examples
    return dx[input] ? gm_broadcast(dx[input], g->shape) : NULL;
}

static gm_tensor *pull_broadcast(const gm_tensor *node, gm_tensor *g) {
    const gm_shape *from = &node->input[0]->shape, *to = &node->shape;
    const size_t added = to->rank - from->rank;
    uint32_t axes = 0;
    for (size_t i = 0; i < to->rank; i++)
        if (i < added || from->dim[i - added] != to->dim[i])
            axes |= GM_AXIS(i + 1);
    return gm_reshape(gm_sum(g, axes), with_examples(g->shape.dim[0], from));
}

static gm_tensor *pull_concat(const gm_tensor *node, gm_tensor *g, size_t input) {
    const size_t axis = ((const gm_concat_attributes *)node->attributes)->axis;
    const gm_shape part = with_examples(g->shape.dim[0], &node->input[input]->shape);
    size_t begin[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < input; i++)
        begin[axis + 1] += node->input[i]->shape.dim[axis];
    return gm_slice(g, begin, part.dim);
}

static gm_tensor *pull(const gm_examples *e, const gm_example_use *u, gm_tensor *g) {
    const gm_tensor *node = u->node;
    const gm_axes_attributes *attributes = node->attributes;
    const gm_shape from = with_examples(e->examples, &node->input[u->input]->shape);
    size_t axes[GM_MAX_RANK] = {0}, after[GM_MAX_RANK] = {0};
    if (from.rank > GM_MAX_RANK)
        return gm_fault(node->graph, "%s: %s %s for each example has more than %d axes", e->what, gm_tensor_name(node),
                        gm_shape_text(&node->shape), GM_MAX_RANK);
    if (node->op->kind == GM_OP_ELEMENTWISE)
        return pull_elementwise(node, g, u->input);
    if (node->op == &gm_op_reshape)
        return gm_reshape(g, from);
    if (node->op == &gm_op_broadcast)
        return pull_broadcast(node, g);
    if (node->op == &gm_op_sum)
        return gm_broadcast(g, from);
    if (node->op == &gm_op_concat)
        return pull_concat(node, g, u->input);
    if (node->op == &gm_op_flip)
        return gm_flip(g, gm_flipped_axes(node) << 1);
    for (size_t i = 0; i < node->shape.rank; i++) {
        if (node->op == &gm_op_transpose)
            axes[attributes->value[i] + 1] = i + 1;
        else if (node->op == &gm_op_slice || node->op == &gm_op_pad)
            axes[i + 1] = attributes->value[i];
        if (node->op == &gm_op_slice)
            after[i + 1] = from.dim[i + 1] - attributes->value[i] - node->shape.dim[i];
    }
    if (node->op == &gm_op_transpose)
        return gm_transpose(g, axes);
    if (node->op == &gm_op_slice)
        return gm_pad(g, axes, after);
    if (node->op == &gm_op_pad)
        return gm_slice(g, axes, from.dim);
    return gm_fault(node->graph,
                    "%s: %s is used by way of %s %s, through which its gradients per example are not known", e->what,
                    gm_describe(node->input[u->input]), gm_tensor_name(node), gm_shape_text(&node->shape));
}

static gm_tensor *whole(const gm_examples *e, const gm_tensor *value);

static gm_tensor *whole_of(const gm_examples *e, const gm_example_use *u) {
    if (e->shared[u->node->id]) {
        gm_tensor *g = whole(e, u->node);
        return g ? pull(e, u, g) : NULL;
    }
    if (gm_example_is_product(u))
        return gm_example_products(e, u);
    return u->node->op == &gm_op_gather ? whole_of_gather(e, u) : whole_of_broadcast(e, u);
}

// (N, ...); NULL: zeros.
static gm_tensor *whole(const gm_examples *e, const gm_tensor *value) {
    size_t count;
    const gm_example_use *uses = uses_of(e, value, &count);
    gm_tensor *sum = NULL;
    for (size_t i = 0; i < count; i++)
        sum = add(sum, whole_of(e, &uses[i]));
    return sum;
}

// ---- Norms ----

// Rows of a table: those of one index add up, so |sum|^2 is a sum over pairs with the same.
static gm_tensor *norms_of_gather(const gm_examples *e, const gm_example_use *u) {
    const size_t N = e->examples;
    gm_tensor *rows = gm_examples_first(gm_example_gradient(e, u), e->mark[u->node->id], N);
    gm_tensor *found, *indices = indices_of(e, u, &found);
    const size_t L = rows->shape.dim[1];
    rows = gm_multiply(rows, gm_reshape(found, GM_SHAPE(N, L, 1)));
    if (L == 1)
        return gm_examples_sum(gm_square(rows));
    gm_tensor *same = gm_equal(gm_reshape(indices, GM_SHAPE(N, L, 1)), gm_reshape(indices, GM_SHAPE(N, 1, L)));
    return gm_examples_sum(gm_multiply(gm_examples_gram(rows), same));
}

// Whether the parts that two slices of one value take have nothing in common.
static bool disjoint(const gm_tensor *a, const gm_tensor *b) {
    const size_t *begin_a = ((const gm_axes_attributes *)a->attributes)->value;
    const size_t *begin_b = ((const gm_axes_attributes *)b->attributes)->value;
    for (size_t i = 0; i < a->shape.rank; i++)
        if (begin_a[i] + a->shape.dim[i] <= begin_b[i] || begin_b[i] + b->shape.dim[i] <= begin_a[i])
            return true;
    return false;
}

// What a shared node that adds makes of a value of its shape; 0: it does not add.
static double factor_of(const gm_examples *e, const gm_example_use *u) {
    const gm_tensor *node = u->node;
    if (!e->shared[node->id] || !gm_shape_equal(&node->shape, &node->input[u->input]->shape))
        return 0;
    if (node->op == &gm_elements[GM_ELEMENT_SCALE].op)
        return gm_element_number(node);
    if (node->op == &gm_elements[GM_ELEMENT_ADD].op)
        return 1;
    return node->op == &gm_elements[GM_ELEMENT_NEGATE].op     ? -1
           : node->op == &gm_elements[GM_ELEMENT_SUBTRACT].op ? (u->input == 1 ? -1 : 1)
                                                              : 0;
}

// Appends the products that a value reaches, itself or in sums with others; false: it reaches something else, too.
static bool find_products(const gm_examples *e, const gm_tensor *value, double factor, gm_example_use *products,
                          size_t *product_count) {
    size_t count;
    const gm_example_use *uses = uses_of(e, value, &count);
    for (size_t i = 0; i < count; i++) {
        const double through = factor_of(e, &uses[i]);
        if (through != 0 && find_products(e, uses[i].node, factor * through, products, product_count))
            continue;
        if (!e->each[uses[i].node->id] || !gm_example_is_product(&uses[i]))
            return false;
        if (products)
            products[*product_count] = (gm_example_use){uses[i].node, uses[i].input, factor};
        ++*product_count;
    }
    return true;
}

// NULL: it reaches no products, or something else as well.
static const gm_example_use *products_of(const gm_examples *e, const gm_tensor *value, size_t *count) {
    *count = 0;
    if (!find_products(e, value, 1, NULL, count) || *count == 0)
        return NULL;
    gm_example_use *products = gm_arena_alloc(&value->graph->arena, *count * sizeof *products);
    if (!products) {
        gm_fault_memory(value->graph);
        return NULL;
    }
    *count = 0;
    find_products(e, value, 1, products, count);
    return products;
}

static bool all_disjoint(const gm_examples *e, const gm_example_use *uses, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!e->shared[uses[i].node->id] || uses[i].node->op != &gm_op_slice)
            return false;
        for (size_t k = 0; k < i; k++)
            if (!disjoint(uses[i].node, uses[k].node))
                return false;
    }
    return true;
}

// Through a node that only moves elements or multiplies them by a number; NULL for any other.
static const gm_tensor *moved(const gm_examples *e, const gm_example_use *u, double *factor) {
    const gm_tensor *node = u->node;
    *factor = 1;
    if (!e->shared[node->id])
        return NULL;
    if (node->op == &gm_elements[GM_ELEMENT_SCALE].op)
        *factor = gm_element_number(node) * gm_element_number(node);
    else if (node->op != &gm_op_reshape && node->op != &gm_op_transpose && node->op != &gm_op_flip)
        return NULL;
    return node;
}

gm_tensor *gm_example_norms(const gm_examples *e, const gm_tensor *value) {
    size_t count;
    const gm_example_use *products = products_of(e, value, &count);
    if (products)
        return gm_example_product_norms(e, products, count);
    const gm_example_use *uses = uses_of(e, value, &count);
    if (count == 1 && e->each[uses[0].node->id] && uses[0].node->op == &gm_op_gather)
        return norms_of_gather(e, &uses[0]);
    double factor;
    const gm_tensor *through = count == 1 ? moved(e, &uses[0], &factor) : NULL;
    if (through) {
        gm_tensor *norms = gm_example_norms(e, through);
        return norms ? gm_scale(norms, factor) : NULL;
    }
    gm_tensor *sum = NULL;
    if (all_disjoint(e, uses, count)) {
        for (size_t i = 0; i < count; i++)
            sum = add(sum, gm_example_norms(e, uses[i].node));
        return sum;
    }
    sum = whole(e, value);
    return sum ? gm_examples_sum(gm_square(sum)) : NULL;
}
