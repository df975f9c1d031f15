// Reductions over a set of axes, kept with size 1.
#include "operations.h"

#include <math.h>

// The element of y that element i of x belongs to.
static size_t group(const gm_tensor *y, const gm_shape *x, size_t i) {
    const gm_reduce_attributes *attributes = y->attributes;
    size_t index[GM_MAX_RANK];
    gm_reference_unravel(x, i, index);
    for (size_t k = 0; k < x->rank; k++)
        if (attributes->axes & GM_AXIS(k))
            index[k] = 0;
    return gm_reference_ravel(&y->shape, index);
}

// y = sum of x over the axes
static void sum(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *x = &in[0].tensor->shape;
    size_t groups = gm_shape_count(&y->shape), count = gm_shape_count(x);
    for (size_t g = 0; g < groups; g++)
        value[g] = magnitude[g] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t g = group(y, x, i);
        value[g] += in[0].value[i];
        magnitude[g] += fabs(in[0].value[i]) + in[0].magnitude[i];
    }
}

// y = largest x over the axes; NaN wins. No rounding of its own.
static void maximum(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_shape *x = &in[0].tensor->shape;
    size_t groups = gm_shape_count(&y->shape), count = gm_shape_count(x);
    for (size_t g = 0; g < groups; g++) {
        value[g] = -INFINITY;
        magnitude[g] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        size_t g = group(y, x, i);
        if (in[0].value[i] > value[g] || isnan(in[0].value[i]))
            value[g] = in[0].value[i];
        magnitude[g] = fmax(magnitude[g], in[0].magnitude[i]); // rounding may make any of them the largest
    }
}

const gm_reference_row gm_reference_reductions[] = {{&gm_op_sum, sum}, {&gm_op_max, maximum}, {NULL, NULL}};
