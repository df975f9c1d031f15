// Views: the same elements under another shape or order, and constants seen through them.
#include "graph/build.h"

#include <math.h>

const gm_op gm_op_reshape = {.name = "reshape", .kind = GM_OP_VIEW};
const gm_op gm_op_transpose = {.name = "transpose", .kind = GM_OP_VIEW};
const gm_op gm_op_broadcast = {.name = "broadcast", .kind = GM_OP_VIEW};
const gm_op gm_op_flip = {.name = "flip", .kind = GM_OP_VIEW};
const gm_op gm_op_stop_gradient = {.name = "stop_gradient", .kind = GM_OP_VIEW};

// ---- Constants under views ----

gm_tensor *gm_filled(gm_graph *graph, gm_type type, const gm_shape *shape, double value) {
    gm_tensor *x = gm_constant_of(graph, type, value);
    if (gm_is_poison(x) || shape->rank == 0)
        return x;
    return gm_node(graph, &gm_op_broadcast, type, shape, &x, 1, NULL, 0, NULL);
}

gm_tensor *gm_full(gm_graph *graph, gm_shape shape, double value) {
    if (!graph)
        return NULL;
    return gm_shape_usable(graph, "full", &shape) ? gm_filled(graph, GM_FLOAT32, &shape, value) : graph->nodes[0];
}

bool gm_known(const gm_tensor *x, double *value) {
    while (x && x->op->kind == GM_OP_VIEW && x->op != &gm_op_stop_gradient)
        x = x->input[0];
    if (!x || x->op != &gm_op_constant)
        return false;
    *value = ((const gm_constant_attributes *)x->attributes)->value;
    return isfinite((float)*value);
}

bool gm_known_equal(const gm_tensor *x, double value) {
    double known;
    return gm_known(x, &known) && known == value;
}

// ---- Constructors ----

// The node, or the constant under it: a view of a constant is that constant in the view's shape.
static gm_tensor *view(const gm_op *op, gm_tensor *x, const gm_shape *shape, const gm_axes_attributes *attributes) {
    double value;
    if (gm_known(x, &value))
        return gm_filled(x->graph, x->type, shape, value);
    return gm_node(x->graph, op, x->type, shape, &x, 1, attributes, attributes ? sizeof *attributes : 0, NULL);
}

gm_tensor *gm_reshape(gm_tensor *x, gm_shape shape) {
    gm_tensor *poison;
    if (!gm_usable("reshape", &x, 1, &poison) || !gm_shape_usable(x->graph, "reshape", &shape))
        return poison;
    if (gm_shape_count(&shape) != gm_shape_count(&x->shape))
        return gm_fault(x->graph, "reshape: x %s has %zu elements but %s has %zu", gm_describe(x),
                        gm_shape_count(&x->shape), gm_shape_text(&shape), gm_shape_count(&shape));
    if (gm_hidden_is(x, &gm_op_reshape))
        x = x->input[0];
    return gm_shape_equal(&shape, &x->shape) ? x : view(&gm_op_reshape, x, &shape, NULL);
}

// Whether only axes of size 1 change places, so that the elements stay in order.
static bool order_kept(const gm_shape *shape, const size_t *axes) {
    size_t last = 0;
    for (size_t i = 0; i < shape->rank; i++) {
        if (shape->dim[axes[i]] == 1)
            continue;
        if (axes[i] < last)
            return false;
        last = axes[i];
    }
    return true;
}

gm_tensor *gm_transpose(gm_tensor *x, const size_t *axes) {
    gm_tensor *poison;
    if (!gm_usable("transpose", &x, 1, &poison))
        return poison;
    size_t rank = x->shape.rank;
    if (rank > 0 && !axes)
        return gm_fault(x->graph, "transpose: axes is NULL but x %s has %zu axes", gm_describe(x), rank);
    uint32_t seen = 0;
    for (size_t i = 0; i < rank; i++) {
        if (axes[i] >= rank || (seen & GM_AXIS(axes[i])))
            return gm_fault(x->graph, "transpose: axes[%zu] = %zu is out of range or repeated for x %s", i, axes[i],
                            gm_describe(x));
        seen |= GM_AXIS(axes[i]);
    }
    gm_axes_attributes attributes = {{0}};
    gm_shape shape = {.rank = rank};
    for (size_t i = 0; i < rank; i++)
        shape.dim[i] = x->shape.dim[axes[i]];
    if (order_kept(&x->shape, axes))
        return gm_reshape(x, shape);
    const gm_axes_attributes *inner = gm_hidden_is(x, &gm_op_transpose) ? x->attributes : NULL;
    for (size_t i = 0; i < rank; i++)
        attributes.value[i] = inner ? inner->value[axes[i]] : axes[i];
    if (inner)
        return gm_transpose(x->input[0], attributes.value);
    return view(&gm_op_transpose, x, &shape, &attributes);
}

// Whether x only puts axes of size 1 before its input's, which broadcasting does by itself.
static bool prepends_ones(const gm_tensor *x) {
    if (x->op != &gm_op_reshape || x->shape.rank <= x->input[0]->shape.rank)
        return false;
    const gm_shape *from = &x->input[0]->shape;
    size_t added = x->shape.rank - from->rank;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] != (i < added ? 1 : from->dim[i - added]))
            return false;
    return true;
}

gm_tensor *gm_broadcast(gm_tensor *x, gm_shape shape) {
    gm_tensor *poison;
    if (!gm_usable("broadcast", &x, 1, &poison) || !gm_shape_usable(x->graph, "broadcast", &shape))
        return poison;
    bool fits = x->shape.rank <= shape.rank;
    for (size_t i = 0; fits && i < x->shape.rank; i++)
        fits = x->shape.dim[i] == 1 || x->shape.dim[i] == shape.dim[i + shape.rank - x->shape.rank];
    if (!fits)
        return gm_fault(x->graph, "broadcast: x %s does not broadcast to %s", gm_describe(x), gm_shape_text(&shape));
    if (gm_shape_equal(&shape, &x->shape))
        return x;
    if (x->hidden && (x->op == &gm_op_broadcast || prepends_ones(x)))
        return gm_broadcast(x->input[0], shape);
    if (gm_shape_count(&shape) == gm_shape_count(&x->shape))
        return gm_reshape(x, shape);
    return view(&gm_op_broadcast, x, &shape, NULL);
}

uint32_t gm_flipped_axes(const gm_tensor *y) {
    const gm_axes_attributes *flipped = y->attributes;
    uint32_t axes = 0;
    for (size_t i = 0; i < y->shape.rank; i++)
        if (flipped->value[i])
            axes |= GM_AXIS(i);
    return axes;
}

gm_tensor *gm_flip(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!gm_usable("flip", &x, 1, &poison))
        return poison;
    if (axes & ~gm_all_axes(x->shape.rank))
        return gm_fault(x->graph, "flip: the set of axes 0x%x names an axis that x %s does not have", axes,
                        gm_describe(x));
    if (gm_hidden_is(x, &gm_op_flip)) { // turned round twice is as it was
        axes ^= gm_flipped_axes(x);
        x = x->input[0];
    }
    gm_axes_attributes attributes = {{0}};
    bool moves = false;
    for (size_t i = 0; i < x->shape.rank; i++)
        if ((axes & GM_AXIS(i)) && x->shape.dim[i] > 1) {
            attributes.value[i] = 1;
            moves = true;
        }
    return moves ? view(&gm_op_flip, x, &x->shape, &attributes) : x;
}

// Without attributes gradients per example go by what x is made of, with them x is given.
static gm_tensor *stop(const char *name, gm_tensor *x, const gm_axis_attributes *given) {
    gm_tensor *poison;
    double known;
    if (!gm_usable(name, &x, 1, &poison))
        return poison;
    // What is known has no gradient as it is.
    if (gm_known(x, &known) || (x->op == &gm_op_stop_gradient && (!given || gm_is_given(x))))
        return x;
    return gm_node(x->graph, &gm_op_stop_gradient, x->type, &x->shape, &x, 1, given, given ? sizeof *given : 0, NULL);
}

gm_tensor *gm_stop_gradient(gm_tensor *x) {
    return stop("stop_gradient", x, NULL);
}

gm_tensor *gm_given(gm_tensor *x) {
    return stop("given", x, &(gm_axis_attributes){0});
}

bool gm_is_given(const gm_tensor *x) {
    return x->op == &gm_op_stop_gradient && x->attributes;
}
