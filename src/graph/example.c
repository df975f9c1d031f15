// Gradients per example, for differentially private training: norms, and sums with a weight for each example.
//
// One sweep from the losses gives the gradients of every node that holds a part for each example. Where such a node
// uses what the examples share, its gradient and its other input are all that the examples' norms need, and the same
// scaled by a weight for each example gives the weighted sums (Li et al. 2022, Bu et al. 2022). Both functions make
// that sweep, whose nodes are made once: clipping differentiates once.
#include "graph/example.h"
#include "graph/build.h"

#include <stdlib.h>

static const double least_square = 1e-30; // added to a squared norm: the factor of a gradient of zeros is 1

static void examples_finish(gm_examples *e) {
    gm_sweep_finish(&e->sweep);
    free(e->mark);
    free(e->marked_by);
    free(e->each);
    free(e->shared);
}

static gm_status examples_init(gm_examples *e) {
    GM_TRY(gm_sweep_init(&e->sweep, e->losses, e->xs, e->x_count));
    GM_TRY(gm_alloc(&e->mark, e->sweep.count, sizeof *e->mark, "a gradient"));
    GM_TRY(gm_alloc(&e->marked_by, e->sweep.count, sizeof *e->marked_by, "a gradient"));
    GM_TRY(gm_alloc(&e->each, e->sweep.count, sizeof *e->each, "a gradient"));
    return gm_alloc(&e->shared, e->sweep.count, sizeof *e->shared, "a gradient");
}

// The gradients of what holds a part for each example.
static gm_status sweep_each(gm_examples *e) {
    gm_graph *graph = e->losses->graph;
    e->sweep.gradient[e->losses->id] = gm_filled(graph, GM_FLOAT32, &e->losses->shape, 1);
    for (size_t id = e->sweep.count; id-- > 0;)
        if (e->each[id] && e->sweep.on_path[id] && gm_sweep_gradient(&e->sweep, id))
            GM_TRY(gm_sweep_visit(&e->sweep, graph->nodes[id], e->sweep.gradient[id], e->each));
    return GM_OK;
}

static gm_tensor *norms_of_params(const gm_examples *e) {
    gm_tensor *sum = NULL;
    for (size_t k = 0; k < e->x_count; k++) {
        gm_tensor *norms = gm_example_norms(e, e->xs[k]);
        if (norms)
            sum = sum ? gm_add(sum, norms) : norms;
    }
    return sum ? sum : gm_filled(e->losses->graph, GM_FLOAT32, &e->losses->shape, 0);
}

// x with the part of each example times its weight.
static gm_tensor *weighted(gm_tensor *x, gm_example_mark mark, gm_tensor *weights, size_t examples) {
    const size_t length = x->shape.dim[mark.axis];
    gm_tensor *each = gm_reshape(weights, GM_SHAPE(1, examples, 1));
    each = gm_broadcast(each, GM_SHAPE(length / (examples * mark.run), examples, mark.run));
    gm_shape shape = {.rank = x->shape.rank};
    for (size_t i = 0; i < shape.rank; i++)
        shape.dim[i] = i == mark.axis ? length : 1;
    return gm_multiply(x, gm_reshape(each, shape));
}

static bool uses_shared(const gm_examples *e, const gm_tensor *node) {
    for (size_t i = 0; i < node->input_count; i++)
        if (e->shared[node->input[i]->id] && e->sweep.on_path[node->input[i]->id])
            return true;
    return false;
}

// The ordinary gradients of what is shared, from weighted gradients of its uses.
static gm_status sweep_shared(gm_examples *e, gm_tensor *weights, gm_tensor **sums) {
    gm_graph *graph = e->losses->graph;
    for (size_t id = e->sweep.count; id-- > 0;) {
        gm_tensor *node = graph->nodes[id];
        gm_tensor *dy = e->each[id] ? e->sweep.gradient[id] : gm_sweep_gradient(&e->sweep, id);
        if (!dy || !e->sweep.on_path[id] || !uses_shared(e, node))
            continue;
        if (e->each[id])
            dy = weighted(dy, e->mark[id], weights, e->examples);
        GM_TRY(gm_sweep_visit(&e->sweep, node, dy, e->shared));
    }
    for (size_t k = 0; k < e->x_count; k++) {
        const gm_tensor *param = e->xs[k];
        gm_tensor *sum = param->id < e->sweep.count ? e->sweep.gradient[param->id] : NULL;
        sums[k] = sum ? sum : gm_filled(graph, GM_FLOAT32, &param->shape, 0);
    }
    return GM_OK;
}

// Marks and sweeps, then what is asked for: the weighted sums, or where `sums` is NULL *norms.
static gm_status differentiate(gm_examples *e, gm_tensor *weights, gm_tensor **sums, gm_tensor **norms) {
    GM_TRY(examples_init(e));
    GM_TRY(gm_examples_mark(e));
    GM_TRY(sweep_each(e));
    if (sums)
        return sweep_shared(e, weights, sums);
    *norms = norms_of_params(e);
    return GM_OK;
}

// The batch is the example.
static void differentiate_one(gm_examples *e, gm_tensor *weights, gm_tensor **sums, gm_tensor **norms) {
    gm_graph *graph = e->losses->graph;
    *norms = gm_constant(graph, 0);
    for (size_t k = 0; k < e->x_count; k++) {
        gm_tensor *gradient;
        gm_grad(e->losses, &e->xs[k], 1, &gradient);
        if (sums)
            sums[k] = gm_multiply(gradient, gm_reshape(weights, (gm_shape){.rank = 0}));
        *norms = gm_add(*norms, gm_sum_all(gm_square(gradient)));
    }
    *norms = gm_reshape(*norms, e->losses->shape);
}

static bool weights_usable(const gm_examples *e, gm_tensor *weights) {
    gm_tensor *poison;
    if (!gm_usable(e->what, (gm_tensor *[]){e->losses, weights}, 2, &poison))
        return false;
    if (weights->type == GM_FLOAT32 && gm_shape_equal(&weights->shape, &e->losses->shape))
        return true;
    gm_fault(weights->graph, "%s: weights %s are %s but must be float32 %s, one for each example", e->what,
             gm_describe(weights), gm_type_text(weights->type), gm_shape_text(&e->losses->shape));
    return false;
}

static bool arguments_usable(const gm_examples *e) {
    const gm_tensor *losses = e->losses;
    if (!gm_sweep_usable(e->what, e->losses, e->xs, e->x_count))
        return false;
    if (losses->type != GM_FLOAT32 || losses->shape.rank != 1) {
        gm_fault(losses->graph, "%s: losses %s are %s but must be float32 (N), one for each example", e->what,
                 gm_describe(losses), gm_type_text(losses->type));
        return false;
    }
    for (size_t k = 0; k < e->x_count; k++)
        for (size_t i = 0; i < k; i++)
            if (e->xs[i] == e->xs[k]) {
                gm_fault(losses->graph, "%s: xs[%zu] and xs[%zu] are both %s", e->what, i, k, gm_describe(e->xs[k]));
                return false;
            }
    return true;
}

// The norms, or poison; the weighted sums alone unless `sums` is NULL.
static gm_tensor *examples(gm_examples e, gm_tensor *weights, gm_tensor **sums) {
    gm_graph *graph = e.losses ? e.losses->graph : NULL;
    for (size_t k = 0; k < e.x_count && !graph; k++)
        graph = e.xs[k] ? e.xs[k]->graph : NULL;
    if (!graph)
        return NULL;
    gm_tensor *norms = graph->nodes[0];
    gm_status status = GM_ERROR_ARGUMENT;
    if (arguments_usable(&e) && (!sums || weights_usable(&e, weights))) {
        e.examples = e.losses->shape.dim[0];
        status = GM_OK;
        if (e.examples == 1) {
            differentiate_one(&e, weights, sums, &norms);
        } else {
            graph->hiding = true;
            status = differentiate(&e, weights, sums, &norms);
            graph->hiding = false;
            examples_finish(&e);
        }
        if (status == GM_ERROR_MEMORY)
            gm_fault_memory(graph); // any other failure has recorded its own fault
    }
    for (size_t k = 0; sums && k < e.x_count; k++) {
        sums[k] = status == GM_OK ? sums[k] : graph->nodes[0];
        sums[k]->hidden = false;
    }
    norms->hidden = false;
    return status == GM_OK ? norms : graph->nodes[0];
}

gm_tensor *gm_grad_norms(gm_tensor *losses, gm_tensor *const *xs, size_t count) {
    if (!xs)
        return NULL;
    return examples((gm_examples){.what = "grad_norms", .losses = losses, .xs = xs, .x_count = count}, NULL, NULL);
}

void gm_grad_weighted(gm_tensor *losses, gm_tensor *weights, gm_tensor *const *xs, size_t count, gm_tensor **sums) {
    if (!xs || !sums)
        return;
    examples((gm_examples){.what = "grad_weighted", .losses = losses, .xs = xs, .x_count = count}, weights, sums);
}

gm_tensor *gm_grad_clipped(gm_tensor *losses, gm_tensor *bound, gm_tensor *const *xs, size_t count, gm_tensor **sums) {
    gm_tensor *norms = gm_grad_norms(losses, xs, count);
    if (bound && (bound->type != GM_FLOAT32 || gm_shape_count(&bound->shape) != 1))
        bound = gm_fault(bound->graph, "grad_clipped: bound %s is %s but must be float32 with one element",
                         gm_describe(bound), gm_type_text(bound->type));
    gm_tensor *factors =
        gm_multiply(gm_reshape(bound, (gm_shape){.rank = 0}), gm_rsqrt(gm_offset(norms, least_square)));
    factors = gm_minimum(factors, gm_constant(gm_tensor_graph(norms), 1));
    gm_grad_weighted(losses, factors, xs, count, sums);
    return factors;
}
