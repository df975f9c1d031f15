// Views: the same elements under another shape or order, and identities with a gradient of their own.
#include "graph/build.h"

#include <string.h>

// ---- Gradients ----

static void reshape_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_reshape(dy, y->input[0]->shape);
}

static void transpose_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    const gm_axes_attributes *attributes = y->attributes;
    size_t inverse[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < y->shape.rank; i++)
        inverse[attributes->value[i]] = i;
    dx[0] = gm_transpose(dy, inverse);
}

// What was copied along an axis adds up along it.
static void broadcast_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    const gm_shape *from = &y->input[0]->shape;
    size_t added = y->shape.rank - from->rank;
    uint32_t axes = 0;
    for (size_t i = 0; i < y->shape.rank; i++)
        if (i < added || from->dim[i - added] != y->shape.dim[i])
            axes |= GM_AXIS(i);
    dx[0] = gm_reshape(gm_sum(dy, axes), *from);
}

static void slice_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    const gm_axes_attributes *begin = y->attributes;
    const gm_shape *from = &y->input[0]->shape;
    size_t after[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < from->rank; i++)
        after[i] = from->dim[i] - begin->value[i] - y->shape.dim[i];
    dx[0] = gm_pad(dy, begin->value, after);
}

// The axes that a flip turns round.
static uint32_t flipped_axes(const gm_tensor *y) {
    const gm_axes_attributes *flipped = y->attributes;
    uint32_t axes = 0;
    for (size_t i = 0; i < y->shape.rank; i++)
        if (flipped->value[i])
            axes |= GM_AXIS(i);
    return axes;
}

static void flip_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_flip(dy, flipped_axes(y));
}

// y = sum((x - m)^2)/n with m = mean(x): dx = dy 2/n (x - m); the terms through m cancel, since sum(x - m) = 0.
static void variance_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (!wanted[1])
        return;
    gm_tensor *x = y->input[1];
    uint32_t axes = 0;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] != y->shape.dim[i])
            axes |= GM_AXIS(i);
    double count = (double)gm_shape_count(&x->shape) / (double)gm_shape_count(&y->shape);
    dx[1] = gm_scale(gm_multiply(gm_subtract(x, gm_mean(x, axes)), dy), 2 / count);
}

const gm_op gm_op_reshape = {.name = "reshape", .kind = GM_OP_VIEW, .gradient = reshape_gradient};
const gm_op gm_op_transpose = {.name = "transpose", .kind = GM_OP_VIEW, .gradient = transpose_gradient};
const gm_op gm_op_broadcast = {.name = "broadcast", .kind = GM_OP_VIEW, .gradient = broadcast_gradient};
const gm_op gm_op_slice = {.name = "slice", .kind = GM_OP_VIEW, .gradient = slice_gradient};
const gm_op gm_op_flip = {.name = "flip", .kind = GM_OP_VIEW, .gradient = flip_gradient};
const gm_op gm_op_stop_gradient = {.name = "stop_gradient", .kind = GM_OP_VIEW};
const gm_op gm_op_variance = {.name = "variance", .kind = GM_OP_VIEW, .gradient = variance_gradient};

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

gm_tensor *gm_flip(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!gm_usable("flip", &x, 1, &poison))
        return poison;
    if (axes & ~gm_all_axes(x->shape.rank))
        return gm_fault(x->graph, "flip: the set of axes 0x%x names an axis that x %s does not have", axes,
                        gm_describe(x));
    if (gm_hidden_is(x, &gm_op_flip)) { // turned round twice is as it was
        axes ^= flipped_axes(x);
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

// ---- Slices ----

// A slice of a slice is one slice; a slice inside what a pad surrounds, or inside one part of a concat, is a slice of
// that. NULL when x is none of these. Halves of a concatenated batch get their gradients this way.
static gm_tensor *slice_through(gm_tensor *x, const size_t *begin, const size_t *size) {
    size_t inner[GM_MAX_RANK], rank = x->shape.rank;
    memcpy(inner, begin, rank * sizeof *inner);
    if (x->op == &gm_op_slice) {
        const gm_axes_attributes *first = x->attributes;
        for (size_t i = 0; i < rank; i++)
            inner[i] += first->value[i];
        return gm_slice(x->input[0], inner, size);
    }
    if (x->op == &gm_op_pad) {
        const gm_axes_attributes *before = x->attributes;
        for (size_t i = 0; i < rank; i++) {
            if (begin[i] < before->value[i] || begin[i] + size[i] > before->value[i] + x->input[0]->shape.dim[i])
                return NULL;
            inner[i] -= before->value[i];
        }
        return gm_slice(x->input[0], inner, size);
    }
    if (x->op == &gm_op_concat) {
        size_t axis = ((const gm_concat_attributes *)x->attributes)->axis;
        for (size_t i = 0; i < x->input_count; i++) {
            size_t length = x->input[i]->shape.dim[axis];
            if (inner[axis] < length)
                return inner[axis] + size[axis] <= length ? gm_slice(x->input[i], inner, size) : NULL;
            inner[axis] -= length;
        }
    }
    return NULL;
}

gm_tensor *gm_slice(gm_tensor *x, const size_t *begin, const size_t *size) {
    gm_tensor *poison;
    if (!gm_usable("slice", &x, 1, &poison))
        return poison;
    gm_axes_attributes attributes = {{0}};
    gm_shape shape = {.rank = x->shape.rank};
    if (shape.rank > 0 && (!begin || !size))
        return gm_fault(x->graph, "slice: begin or size is NULL but x %s has %zu axes", gm_describe(x), shape.rank);
    for (size_t i = 0; i < shape.rank; i++) {
        if (size[i] == 0 || begin[i] > x->shape.dim[i] || size[i] > x->shape.dim[i] - begin[i])
            return gm_fault(x->graph, "slice: %zu elements from %zu on are not in axis %zu of x %s", size[i], begin[i],
                            i, gm_describe(x));
        attributes.value[i] = begin[i];
        shape.dim[i] = size[i];
    }
    if (gm_shape_equal(&shape, &x->shape))
        return x;
    gm_tensor *through = x->hidden ? slice_through(x, begin, size) : NULL;
    return through ? through : view(&gm_op_slice, x, &shape, &attributes);
}

// ---- Identities ----

gm_tensor *gm_stop_gradient(gm_tensor *x) {
    gm_tensor *poison;
    if (!gm_usable("stop_gradient", &x, 1, &poison))
        return poison;
    double known;
    if (x->op == &gm_op_stop_gradient || gm_known(x, &known))
        return x;
    return gm_node(x->graph, &gm_op_stop_gradient, x->type, &x->shape, &x, 1, NULL, 0, NULL);
}

gm_tensor *gm_variance(gm_tensor *x, uint32_t axes) {
    gm_tensor *value = gm_mean(gm_square(gm_subtract(x, gm_mean(x, axes))), axes);
    double known;
    if (gm_is_poison(value) || gm_known(value, &known))
        return value;
    return gm_node(x->graph, &gm_op_variance, x->type, &value->shape, (gm_tensor *[]){value, x}, 2, NULL, 0, NULL);
}
