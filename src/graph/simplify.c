// Algebra on two operands: neutral and absorbing constants, signs, equal operands.
//
// Gradients are full of ones, zeros and opposite signs; removing them where nodes are made keeps every derived graph
// small without a pass of its own. 0*x becomes 0 whatever x is, NaN included. Signs are moved only through hidden
// nodes: a result must go on depending on every tensor that a caller holds and may differentiate by.
#include "graph/build.h"

#include <math.h>

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
    return gm_negated(a) ? gm_subtract(b, gm_negated(a)) : NULL;
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
