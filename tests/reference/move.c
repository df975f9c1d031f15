// Padding, concatenation, shifts and warps.
#include "operations.h"

#include <math.h>

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

// The four pixels (N, C, H, W) around a place, and their weights: value and what an error of the place makes of it.
typedef struct tap {
    bool inside;
    size_t at;
    double weight, slope;
} tap;

static void find_taps(const gm_operand *places, const size_t *image, size_t n, size_t place, tap taps[4]) {
    const size_t *d = places->tensor->shape.dim, area = d[2] * d[3];
    double at[2], before[2], error = 0;
    for (size_t axis = 0; axis < 2; axis++) {
        size_t i = (2 * n + axis) * area + place;
        at[axis] = places->value[i];
        before[axis] = floor(at[axis]);
        error += places->magnitude[i];
    }
    for (size_t k = 0; k < 4; k++) {
        double h = before[0] + (double)(k / 2), w = before[1] + (double)(k % 2);
        taps[k].inside = h >= 0 && h < (double)image[2] && w >= 0 && w < (double)image[3];
        taps[k].at = taps[k].inside ? (size_t)h * image[3] + (size_t)w : 0;
        taps[k].weight = (1 - fabs(at[0] - h)) * (1 - fabs(at[1] - w));
        taps[k].slope = error;
    }
}

// y[n, c, a, b] = sum over taps of weight x[n, c, tap]
static void warp(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const size_t *image = in[0].tensor->shape.dim, plane = image[2] * image[3],
                 area = y->shape.dim[2] * y->shape.dim[3];
    for (size_t i = 0; i < gm_shape_count(&y->shape); i++) {
        size_t channel = i / area, n = channel / image[1];
        tap taps[4];
        find_taps(&in[1], image, n, i % area, taps);
        value[i] = magnitude[i] = 0;
        for (size_t k = 0; k < 4; k++) {
            size_t from = channel * plane + taps[k].at;
            if (!taps[k].inside)
                continue;
            value[i] += taps[k].weight * in[0].value[from];
            magnitude[i] += taps[k].weight * (fabs(in[0].value[from]) + in[0].magnitude[from]) +
                            taps[k].slope * fabs(in[0].value[from]);
        }
    }
}

// x[n, c, tap] += weight y[n, c, a, b], in order of the places
static void warp_adjoint(const gm_tensor *x, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const size_t *image = x->shape.dim, *read = in[0].tensor->shape.dim, plane = image[2] * image[3];
    size_t area = read[2] * read[3];
    for (size_t i = 0; i < gm_shape_count(&x->shape); i++)
        value[i] = magnitude[i] = 0;
    for (size_t i = 0; i < gm_shape_count(&in[0].tensor->shape); i++) {
        size_t channel = i / area, n = channel / image[1];
        tap taps[4];
        find_taps(&in[1], image, n, i % area, taps);
        for (size_t k = 0; k < 4; k++) {
            size_t to = channel * plane + taps[k].at;
            if (!taps[k].inside)
                continue;
            value[to] += taps[k].weight * in[0].value[i];
            magnitude[to] +=
                taps[k].weight * (fabs(in[0].value[i]) + in[0].magnitude[i]) + taps[k].slope * fabs(in[0].value[i]);
        }
    }
}

const gm_reference_row gm_reference_moves[] = {{&gm_op_pad, pad},
                                               {&gm_op_concat, concat},
                                               {&gm_op_shift, shift},
                                               {&gm_op_warp, warp},
                                               {&gm_op_warp_adjoint, warp_adjoint},
                                               {NULL, NULL}};
