// Views: the same elements at other places.
#include "operations.h"

#include <string.h>

size_t gm_reference_ravel(const gm_shape *shape, const size_t *index) {
    size_t position = 0;
    for (size_t i = 0; i < shape->rank; i++)
        position = position * shape->dim[i] + index[i];
    return position;
}

void gm_reference_unravel(const gm_shape *shape, size_t position, size_t *index) {
    for (size_t i = shape->rank; i-- > 0;) {
        index[i] = position % shape->dim[i];
        position /= shape->dim[i];
    }
}

// reshape, stop_gradient, variance: input 0 as it is.
static void identity(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t count = gm_shape_count(&y->shape);
    memcpy(value, in[0].value, count * sizeof *value);
    memcpy(magnitude, in[0].magnitude, count * sizeof *magnitude);
}

// y[..., i_k, ...] = x at axis axes[k] = i_k
static void transpose(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_axes_attributes *axes = y->attributes;
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        size_t to[GM_MAX_RANK], from[GM_MAX_RANK];
        gm_reference_unravel(&y->shape, i, to);
        for (size_t k = 0; k < y->shape.rank; k++)
            from[axes->value[k]] = to[k];
        size_t source = gm_reference_ravel(&in[0].tensor->shape, from);
        value[i] = in[0].value[source];
        magnitude[i] = in[0].magnitude[source];
    }
}

// NumPy's rule: trailing axes align; an axis of size 1 repeats.
static void broadcast(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *x = &in[0].tensor->shape;
    size_t count = gm_shape_count(&y->shape), added = y->shape.rank - x->rank;
    for (size_t i = 0; i < count; i++) {
        size_t to[GM_MAX_RANK], from[GM_MAX_RANK];
        gm_reference_unravel(&y->shape, i, to);
        for (size_t k = 0; k < x->rank; k++)
            from[k] = x->dim[k] == 1 ? 0 : to[k + added];
        size_t source = gm_reference_ravel(x, from);
        value[i] = in[0].value[source];
        magnitude[i] = in[0].magnitude[source];
    }
}

// y[i] = x[begin + i]
static void slice(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_axes_attributes *begin = y->attributes;
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        size_t index[GM_MAX_RANK];
        gm_reference_unravel(&y->shape, i, index);
        for (size_t k = 0; k < y->shape.rank; k++)
            index[k] += begin->value[k];
        size_t source = gm_reference_ravel(&in[0].tensor->shape, index);
        value[i] = in[0].value[source];
        magnitude[i] = in[0].magnitude[source];
    }
}

// y[..., i_k, ...] = x at dim_k - 1 - i_k along the flipped axes
static void flip(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_axes_attributes *flipped = y->attributes;
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        size_t index[GM_MAX_RANK];
        gm_reference_unravel(&y->shape, i, index);
        for (size_t k = 0; k < y->shape.rank; k++)
            index[k] = flipped->value[k] ? y->shape.dim[k] - 1 - index[k] : index[k];
        size_t source = gm_reference_ravel(&y->shape, index);
        value[i] = in[0].value[source];
        magnitude[i] = in[0].magnitude[source];
    }
}

const gm_reference_row gm_reference_views[] = {
    {&gm_op_reshape, identity},    {&gm_op_stop_gradient, identity},
    {&gm_op_variance, identity},   {&gm_op_transpose, transpose},
    {&gm_op_broadcast, broadcast}, {&gm_op_slice, slice},
    {&gm_op_flip, flip},           {NULL, NULL},
};
