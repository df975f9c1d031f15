// Padding, concatenation and shifts.
#include "operations.h"

// y[before + i] = x[i], zero elsewhere.
static void pad(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_axes_attributes *before = y->attributes;
    size_t total = gm_shape_count(&y->shape), count = gm_shape_count(&in[0].tensor->shape);
    for (size_t i = 0; i < total; i++)
        value[i] = magnitude[i] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t index[GM_MAX_RANK];
        gm_reference_unravel(&in[0].tensor->shape, i, index);
        for (size_t k = 0; k < y->shape.rank; k++)
            index[k] += before->value[k];
        size_t target = gm_reference_ravel(&y->shape, index);
        value[target] = in[0].value[i];
        magnitude[target] = in[0].magnitude[i];
    }
}

// The inputs one after the other along `axis`.
static void concat(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_concat_attributes *attributes = y->attributes;
    size_t begin = 0;
    for (size_t n = 0; n < y->input_count; n++) {
        const gm_shape *x = &in[n].tensor->shape;
        size_t count = gm_shape_count(x);
        for (size_t i = 0; i < count; i++) {
            size_t index[GM_MAX_RANK];
            gm_reference_unravel(x, i, index);
            index[attributes->axis] += begin;
            size_t target = gm_reference_ravel(&y->shape, index);
            value[target] = in[n].value[i];
            magnitude[target] = in[n].magnitude[i];
        }
        begin += x->dim[attributes->axis];
    }
}

// y[n, c, h, w] = x[n, c, h - offsets[n, 0], w - offsets[n, 1]], zero outside
static void shift(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        size_t index[GM_MAX_RANK];
        gm_reference_unravel(&y->shape, i, index);
        bool inside = true;
        for (size_t k = 0; k < 2; k++) {
            double from = (double)index[2 + k] - in[1].value[2 * index[0] + k];
            inside = inside && from >= 0 && from < (double)y->shape.dim[2 + k];
            index[2 + k] = inside ? (size_t)from : 0;
        }
        size_t source = gm_reference_ravel(&y->shape, index);
        value[i] = inside ? in[0].value[source] : 0;
        magnitude[i] = inside ? in[0].magnitude[source] : 0;
    }
}

const gm_reference_row gm_reference_moves[] = {
    {&gm_op_pad, pad}, {&gm_op_concat, concat}, {&gm_op_shift, shift}, {NULL, NULL}};
