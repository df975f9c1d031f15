// Along one axis: softmax, its logarithm, the place of the maximum.
#include "operations.h"

#include <math.h>

// Values at start, start + stride, ..., n of them.
typedef struct line {
    const double *x, *magnitude;
    size_t start, stride, n;
} line;

typedef void line_function(const line *l, double *value, double *magnitude);

static double at(const line *l, size_t i) {
    return l->x[l->start + i * l->stride];
}

static double magnitude_at(const line *l, size_t i) {
    return l->magnitude[l->start + i * l->stride];
}

static void each_line(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude,
                      line_function *function) {
    size_t axis = ((const gm_axis_attributes *)y->attributes)->axis, inner = 1;
    const gm_shape *x = &in->tensor->shape;
    for (size_t k = axis + 1; k < x->rank; k++)
        inner *= x->dim[k];
    size_t n = x->dim[axis], outer = gm_shape_count(x) / (inner * n), kept = y->shape.dim[axis];
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            const line l = {in->value, in->magnitude, o * n * inner + i, inner, n};
            size_t to = o * kept * inner + i;
            function(&l, value + to, magnitude + to);
        }
}

typedef struct totals {
    double most, sum; // of x, of e^(x - most)
    double error;     // what ln sum is off by, in units of the error: of its terms' exponents, and of their inputs
} totals;

static totals total(const line *l) {
    totals t = {.most = -INFINITY};
    for (size_t i = 0; i < l->n; i++)
        t.most = at(l, i) > t.most ? at(l, i) : t.most;
    for (size_t i = 0; i < l->n; i++)
        t.sum += exp(at(l, i) - t.most);
    for (size_t i = 0; i < l->n; i++) {
        double share = exp(at(l, i) - t.most) / t.sum;
        if (share > 0)
            t.error += share * (1 + t.most - at(l, i) + magnitude_at(l, i));
    }
    return t;
}

// y = e^(x - most) / sum
static void softmax_line(const line *l, double *value, double *magnitude) {
    const totals t = total(l);
    for (size_t i = 0; i < l->n; i++) {
        double y = exp(at(l, i) - t.most) / t.sum;
        value[i * l->stride] = y;
        magnitude[i * l->stride] = y > 0 ? y * (1 + t.most - at(l, i) + magnitude_at(l, i) + t.error) : 0;
    }
}

// y = (x - most) - ln sum
static void log_softmax_line(const line *l, double *value, double *magnitude) {
    const totals t = total(l);
    for (size_t i = 0; i < l->n; i++) {
        double y = (at(l, i) - t.most) - log(t.sum);
        value[i * l->stride] = y;
        magnitude[i * l->stride] = isfinite(y) ? fabs(y) + t.most - at(l, i) + magnitude_at(l, i) + t.error : 0;
    }
}

// The first maximum, or the first NaN. The jump to another index, if rounding may make that value the largest.
static void argmax_line(const line *l, double *value, double *magnitude) {
    const double step = 0x1p-20;
    size_t best = 0;
    double jump = 0;
    for (size_t i = 1; i < l->n; i++)
        if (isnan(at(l, i)) ? !isnan(at(l, best)) : at(l, i) > at(l, best))
            best = i;
    for (size_t i = 0; i < l->n; i++) {
        double reach = step * (magnitude_at(l, i) + magnitude_at(l, best));
        if (reach > 0 && at(l, i) + reach >= at(l, best))
            jump = fmax(jump, fabs((double)i - (double)best));
    }
    *value = (double)best;
    *magnitude = jump / step;
}

static void softmax(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    each_line(y, in, value, magnitude, softmax_line);
}

static void log_softmax(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    each_line(y, in, value, magnitude, log_softmax_line);
}

static void argmax(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    each_line(y, in, value, magnitude, argmax_line);
}

const gm_reference_row gm_reference_softmaxes[] = {
    {&gm_op_softmax, softmax}, {&gm_op_log_softmax, log_softmax}, {&gm_op_argmax, argmax}, {NULL, NULL}};
