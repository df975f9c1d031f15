// Gradients of what moves, repeats and adds up elements: views, parts, reductions.
#include "graph/build.h"
#include "graph/gradient.h"

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

static void flip_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_flip(dy, gm_flipped_axes(y));
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

static void pad_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    const gm_axes_attributes *before = y->attributes;
    dx[0] = gm_slice(dy, before->value, y->input[0]->shape.dim);
}

static void concat_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    size_t axis = ((const gm_concat_attributes *)y->attributes)->axis;
    size_t begin[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < y->input_count; i++) {
        const gm_shape *part = &y->input[i]->shape;
        if (wanted[i])
            dx[i] = gm_slice(dy, begin, part->dim);
        begin[axis] += part->dim[axis];
    }
}

static void sum_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_broadcast(dy, y->input[0]->shape);
}

// Elements equal to the maximum share its gradient equally.
static void max_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    uint32_t axes = ((const gm_reduce_attributes *)y->attributes)->axes;
    gm_tensor *ties = gm_equal(y->input[0], y);
    dx[0] = gm_multiply(ties, gm_divide(dy, gm_sum(ties, axes)));
}

const gm_rule gm_rules_shape[] = {
    {&gm_op_reshape, reshape_gradient},
    {&gm_op_transpose, transpose_gradient},
    {&gm_op_broadcast, broadcast_gradient},
    {&gm_op_slice, slice_gradient},
    {&gm_op_flip, flip_gradient},
    {&gm_op_variance, variance_gradient},
    {&gm_op_pad, pad_gradient},
    {&gm_op_concat, concat_gradient},
    {&gm_op_sum, sum_gradient},
    {&gm_op_max, max_gradient},
    {0},
};
