// Algebra on two operands: neutral and absorbing constants, signs, equal operands.
//
// Gradients are full of ones, zeros and opposite signs; removing them where nodes are made keeps every derived graph
// small without a pass of its own. 0*x becomes 0 whatever x is, NaN included. Signs are moved only through hidden
// nodes: a result must go on depending on every tensor that a caller holds and may differentiate by.
#include "graph/build.h"

#include <math.h>

// The gradients of the two halves of a batch, each among zeros, lie side by side: a concatenation. NULL when the
// operands are no such pair of hidden pads.
static gm_tensor *complementary_pads(gm_tensor *a, gm_tensor *b) {
    if (!gm_hidden_is(a, &gm_op_pad) || !gm_hidden_is(b, &gm_op_pad) || !gm_shape_equal(&a->shape, &b->shape))
        return NULL;
    const size_t *before_a = ((const gm_axes_attributes *)a->attributes)->value;
    const size_t *before_b = ((const gm_axes_attributes *)b->attributes)->value;
    gm_tensor *x = a->input[0], *y = b->input[0], *joined = NULL;
    for (size_t i = 0; i < a->shape.rank; i++) {
        if (x->shape.dim[i] == a->shape.dim[i] && y->shape.dim[i] == a->shape.dim[i])
            continue;
        bool first = before_a[i] == 0 && before_b[i] == x->shape.dim[i];
        bool second = before_b[i] == 0 && before_a[i] == y->shape.dim[i];
        if (joined || !(first || second) || x->shape.dim[i] + y->shape.dim[i] != a->shape.dim[i])
            return NULL; // padded along two axes, overlapping, or with a gap
        gm_tensor *parts[2] = {first ? x : y, first ? y : x};
        joined = gm_concat(parts, 2, i);
    }
    return joined;
}

gm_tensor *gm_simplify_add(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    double value;
    if (gm_known(a, &value)) { // the constant goes second
        gm_tensor *constant = a;
        a = b;
        b = constant;
    }
    if (gm_known(b, &value)) {
        if (a->type == GM_FLOAT32)
            return gm_offset(gm_broadcast(a, *shape), value);
        return value == 0 ? gm_broadcast(a, *shape) : NULL;
    }
    if (gm_negated(b))
        return gm_subtract(a, gm_negated(b));
    return gm_negated(a) ? gm_subtract(b, gm_negated(a)) : complementary_pads(a, b);
}

gm_tensor *gm_simplify_subtract(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    double value;
    if (gm_known(b, &value)) {
        if (a->type == GM_FLOAT32)
            return gm_offset(gm_broadcast(a, *shape), -value);
        return value == 0 ? gm_broadcast(a, *shape) : NULL;
    }
    if (gm_known(a, &value)) {
        if (a->type == GM_FLOAT32)
            return gm_offset(gm_negate(gm_broadcast(b, *shape)), value);
        return value == 0 ? gm_negate(gm_broadcast(b, *shape)) : NULL;
    }
    if (a == b)
        return gm_filled(a->graph, a->type, shape, 0);
    return gm_negated(b) ? gm_add(a, gm_negated(b)) : NULL;
}

static gm_tensor *multiply_by(const gm_shape *shape, gm_tensor *x, double factor) {
    if (factor == 0)
        return gm_filled(x->graph, x->type, shape, 0);
    if (x->type == GM_FLOAT32)
        return gm_scale(gm_broadcast(x, *shape), factor);
    return factor == 1 ? gm_broadcast(x, *shape) : NULL;
}

gm_tensor *gm_simplify_multiply(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    double value;
    if (gm_known(a, &value))
        return multiply_by(shape, b, value);
    if (gm_known(b, &value))
        return multiply_by(shape, a, value);
    if (gm_negated(a) && gm_negated(b))
        return gm_multiply(gm_negated(a), gm_negated(b));
    return a == b && a->type == GM_FLOAT32 ? gm_square(a) : NULL;
}

gm_tensor *gm_simplify_divide(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    double value;
    if (gm_known(b, &value) && value != 0) {
        if (value == 1)
            return gm_broadcast(a, *shape);
        // Subnormal divisors have no float reciprocal: those divide.
        if (a->type == GM_FLOAT32 && isfinite((float)(1 / value)))
            return gm_scale(gm_broadcast(a, *shape), 1 / value);
    }
    return gm_known_equal(a, 0) ? gm_filled(a->graph, a->type, shape, 0) : NULL;
}

gm_tensor *gm_simplify_extremum(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    (void)shape;
    return a == b ? a : NULL;
}
