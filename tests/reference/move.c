// Padding, concatenation, borders, shifts and warps.
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

// Where position i of an axis of `length` values with `before` of a border before them is from.
static size_t from_inside(size_t i, size_t before, size_t length, int mode) {
    const bool left = i < before, right = i >= before + length;
    if (mode == GM_PADDING_REFLECT)
        return left ? before - i : right ? 2 * (length - 1) - (i - before) : i - before;
    return left ? 0 : right ? length - 1 : i - before;
}

// y[n, c, h, w] = x[n, c, from(h), from(w)], or x[n, c, from(h), from(w)] += y[n, c, h, w]
static void walk_border(const gm_tensor *y, const gm_border_attributes *border, const gm_shape *inside,
                        const gm_shape *outside, bool adjoint, const gm_operand *in, double *value, double *magnitude) {
    for (size_t i = 0; i < gm_shape_count(&y->shape); i++)
        value[i] = magnitude[i] = 0;
    for (size_t i = 0; i < gm_shape_count(outside); i++) {
        size_t index[GM_MAX_RANK];
        gm_reference_unravel(outside, i, index);
        for (size_t k = 2; k < 4; k++)
            index[k] = from_inside(index[k], border->before[k - 2], inside->dim[k], border->mode);
        const size_t inner = gm_reference_ravel(inside, index), to = adjoint ? inner : i, from = adjoint ? i : inner;
        value[to] += in[0].value[from];
        magnitude[to] += in[0].magnitude[from] + (adjoint ? fabs(in[0].value[from]) : 0);
    }
}

static void border(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    walk_border(y, y->attributes, &in[0].tensor->shape, &y->shape, false, in, value, magnitude);
}

static void border_adjoint(const gm_tensor *x, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    walk_border(x, x->attributes, &x->shape, &in[0].tensor->shape, true, in, value, magnitude);
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
                                               {&gm_op_border, border},
                                               {&gm_op_border_adjoint, border_adjoint},
                                               {&gm_op_shift, shift},
                                               {&gm_op_warp, warp},
                                               {&gm_op_warp_adjoint, warp_adjoint},
                                               {NULL, NULL}};
