// Arithmetic: constructors that do algebra on their operands: neutral and absorbing constants, signs, equal operands.
//
// Gradients are full of ones, zeros and opposite signs; removing them where nodes are made keeps every derived graph
// small without a pass of its own: a constant operand of a float operation becomes a number in `scale` or `offset`.
// 0*x becomes 0 whatever x is, NaN included. Signs are moved only through hidden nodes: a result must go on depending
// on every tensor that a caller holds and may differentiate by.
#include "graph/elementwise.h"

#include <math.h>

// ---- One operand ----

gm_tensor *gm_negate(gm_tensor *x) {
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_NEGATE].op))
        return x->input[0];
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_SUBTRACT].op))
        return gm_subtract(x->input[1], x->input[0]);
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_SCALE].op))
        return gm_scale(x->input[0], -gm_element_number(x));
    return gm_element_unary(GM_ELEMENT_NEGATE, x);
}

gm_tensor *gm_scale(gm_tensor *x, double factor) {
    gm_tensor *poison;
    if (!gm_element_usable(GM_ELEMENT_SCALE, x, factor, &poison))
        return poison;
    if (factor == 1)
        return x;
    if (factor == 0)
        return gm_filled(x->graph, x->type, &x->shape, 0);
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_SCALE].op) && isfinite((float)(gm_element_number(x) * factor)))
        return gm_scale(x->input[0], gm_element_number(x) * factor);
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_NEGATE].op))
        return gm_scale(x->input[0], -factor);
    return factor == -1 ? gm_negate(x) : gm_element_numbered(GM_ELEMENT_SCALE, x, factor);
}

gm_tensor *gm_offset(gm_tensor *x, double term) {
    gm_tensor *poison;
    if (!gm_element_usable(GM_ELEMENT_OFFSET, x, term, &poison))
        return poison;
    if (term == 0)
        return x;
    if (gm_hidden_is(x, &gm_elements[GM_ELEMENT_OFFSET].op) && isfinite((float)(gm_element_number(x) + term)))
        return gm_offset(x->input[0], gm_element_number(x) + term);
    return gm_element_numbered(GM_ELEMENT_OFFSET, x, term);
}

// ---- Two operands ----

// z when x is a hidden negate(z), else NULL.
static gm_tensor *negated(const gm_tensor *x) {
    return gm_hidden_is(x, &gm_elements[GM_ELEMENT_NEGATE].op) ? x->input[0] : NULL;
}

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

static gm_tensor *simplify_add(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
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
    if (negated(b))
        return gm_subtract(a, negated(b));
    return negated(a) ? gm_subtract(b, negated(a)) : complementary_pads(a, b);
}

static gm_tensor *simplify_subtract(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
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
    return negated(b) ? gm_add(a, negated(b)) : NULL;
}

static gm_tensor *multiply_by(const gm_shape *shape, gm_tensor *x, double factor) {
    if (factor == 0)
        return gm_filled(x->graph, x->type, shape, 0);
    if (x->type == GM_FLOAT32)
        return gm_scale(gm_broadcast(x, *shape), factor);
    return factor == 1 ? gm_broadcast(x, *shape) : NULL;
}

static gm_tensor *simplify_multiply(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    double value;
    if (gm_known(a, &value))
        return multiply_by(shape, b, value);
    if (gm_known(b, &value))
        return multiply_by(shape, a, value);
    if (negated(a) && negated(b))
        return gm_multiply(negated(a), negated(b));
    return a == b && a->type == GM_FLOAT32 ? gm_square(a) : NULL;
}

static gm_tensor *simplify_divide(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
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

static gm_tensor *simplify_extremum(const gm_shape *shape, gm_tensor *a, gm_tensor *b) {
    (void)shape;
    return a == b ? a : NULL;
}

gm_tensor *gm_add(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_ADD, a, b, simplify_add);
}

gm_tensor *gm_subtract(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_SUBTRACT, a, b, simplify_subtract);
}

gm_tensor *gm_multiply(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_MULTIPLY, a, b, simplify_multiply);
}

gm_tensor *gm_divide(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_DIVIDE, a, b, simplify_divide);
}

gm_tensor *gm_minimum(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_MINIMUM, a, b, simplify_extremum);
}

gm_tensor *gm_maximum(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_MAXIMUM, a, b, simplify_extremum);
}
