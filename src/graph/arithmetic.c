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

// Appends x, or what a hidden concatenation along the axis joins.
static size_t append_parts(gm_tensor **parts, size_t count, gm_tensor *x, size_t axis) {
    bool joined = gm_hidden_is(x, &gm_op_concat) && ((const gm_concat_attributes *)x->attributes)->axis == axis;
    gm_tensor *const *from = joined ? x->input : &x;
    for (size_t i = 0; i < (joined ? x->input_count : 1); i++)
        parts[count++] = from[i];
    return count;
}

static gm_tensor *side_by_side(gm_tensor *first, gm_tensor *second, size_t axis) {
    gm_graph *graph = first->graph;
    gm_tensor **parts = gm_arena_alloc(&graph->arena, (first->input_count + second->input_count + 2) * sizeof *parts);
    if (!parts)
        return gm_fault_memory(graph);
    size_t count = append_parts(parts, append_parts(parts, 0, first, axis), second, axis);
    return gm_concat(parts, count, axis);
}

// The gradients of neighbouring parts of a tensor (halves of a batch, steps of a sequence), each among zeros, lie side
// by side: a concatenation, among the zeros that are left. NULL when the operands are no such pair of hidden pads.
static gm_tensor *adjacent_pads(gm_tensor *a, gm_tensor *b) {
    if (!gm_hidden_is(a, &gm_op_pad) || !gm_hidden_is(b, &gm_op_pad) || !gm_shape_equal(&a->shape, &b->shape))
        return NULL;
    const size_t *before_a = ((const gm_axes_attributes *)a->attributes)->value;
    const size_t *before_b = ((const gm_axes_attributes *)b->attributes)->value;
    gm_tensor *x = a->input[0], *y = b->input[0];
    size_t rank = a->shape.rank, axis = rank, before[GM_MAX_RANK] = {0}, after[GM_MAX_RANK] = {0};
    bool first = false;
    for (size_t i = 0; i < rank; i++) {
        size_t covered = x->shape.dim[i];
        before[i] = GM_MIN(before_a[i], before_b[i]);
        if (before_a[i] != before_b[i] || y->shape.dim[i] != covered) {
            first = before_a[i] + x->shape.dim[i] == before_b[i];
            if (axis < rank || !(first || before_b[i] + y->shape.dim[i] == before_a[i]))
                return NULL; // differing along two axes, overlapping, or with a gap
            axis = i;
            covered += y->shape.dim[i];
        }
        after[i] = a->shape.dim[i] - before[i] - covered;
    }
    return axis == rank ? NULL : gm_pad(side_by_side(first ? x : y, first ? y : x, axis), before, after);
}

// A pad may also lie beside one of a sum's operands.
static gm_tensor *joined_pads(gm_tensor *a, gm_tensor *b) {
    gm_tensor *joined = adjacent_pads(a, b);
    for (size_t i = 0; !joined && i < 2 && gm_hidden_is(a, &gm_elements[GM_ELEMENT_ADD].op); i++) {
        gm_tensor *pair = adjacent_pads(a->input[i], b);
        joined = pair ? gm_add(a->input[1 - i], pair) : NULL;
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
    if (negated(a))
        return gm_subtract(b, negated(a));
    gm_tensor *joined = joined_pads(a, b);
    return joined ? joined : joined_pads(b, a);
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
