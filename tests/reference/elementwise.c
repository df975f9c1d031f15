// Element-wise operations, found by name: element i of the result from element i of each input.
//
// Numbers in the operation (a, b) come rounded to float. int32 results wrap and truncate as the device's do.
#include "operations.h"

#include <math.h>
#include <string.h>

typedef struct numbers {
    double a, b;
} numbers;

typedef double element_function(const double *x, const numbers *n);
typedef int64_t integer_function(const int64_t *x); // its result wraps to 32 bits

static double add(const double *x, const numbers *n) {
    (void)n;
    return x[0] + x[1];
}
static double subtract(const double *x, const numbers *n) {
    (void)n;
    return x[0] - x[1];
}
static double multiply(const double *x, const numbers *n) {
    (void)n;
    return x[0] * x[1];
}
static double divide(const double *x, const numbers *n) {
    (void)n;
    return x[0] / x[1];
}
// NaN wins in both.
static double minimum(const double *x, const numbers *n) {
    (void)n;
    return isnan(x[0]) ? x[0] : isnan(x[1]) ? x[1] : x[1] < x[0] ? x[1] : x[0];
}
static double maximum(const double *x, const numbers *n) {
    (void)n;
    return isnan(x[0]) ? x[0] : isnan(x[1]) ? x[1] : x[1] > x[0] ? x[1] : x[0];
}
static double less(const double *x, const numbers *n) {
    (void)n;
    return x[0] < x[1];
}
static double less_equal(const double *x, const numbers *n) {
    (void)n;
    return x[0] <= x[1];
}
static double greater(const double *x, const numbers *n) {
    (void)n;
    return x[0] > x[1];
}
static double greater_equal(const double *x, const numbers *n) {
    (void)n;
    return x[0] >= x[1];
}
static double equal(const double *x, const numbers *n) {
    (void)n;
    return x[0] == x[1];
}
static double not_equal(const double *x, const numbers *n) {
    (void)n;
    return x[0] != x[1];
}
static double select_of(const double *x, const numbers *n) {
    (void)n;
    return x[0] != 0 ? x[1] : x[2];
}
static double negate(const double *x, const numbers *n) {
    (void)n;
    return -x[0];
}
static double absolute(const double *x, const numbers *n) {
    (void)n;
    return fabs(x[0]);
}
static double sign(const double *x, const numbers *n) {
    (void)n;
    return x[0] > 0 ? 1 : x[0] < 0 ? -1 : 0;
}
static double floor_of(const double *x, const numbers *n) {
    (void)n;
    return floor(x[0]);
}
static double exp_of(const double *x, const numbers *n) {
    (void)n;
    return exp(x[0]);
}
static double log_of(const double *x, const numbers *n) {
    (void)n;
    return log(x[0]);
}
static double sqrt_of(const double *x, const numbers *n) {
    (void)n;
    return sqrt(x[0]);
}
static double rsqrt_of(const double *x, const numbers *n) {
    (void)n;
    return 1 / sqrt(x[0]);
}
static double square(const double *x, const numbers *n) {
    (void)n;
    return x[0] * x[0];
}
static double sin_of(const double *x, const numbers *n) {
    (void)n;
    return sin(x[0]);
}
static double cos_of(const double *x, const numbers *n) {
    (void)n;
    return cos(x[0]);
}
static double tanh_of(const double *x, const numbers *n) {
    (void)n;
    return tanh(x[0]);
}
static double sigmoid(const double *x, const numbers *n) {
    (void)n;
    return 1 / (1 + exp(-x[0]));
}
// ln(1 + e^x), without overflow
static double softplus(const double *x, const numbers *n) {
    (void)n;
    return isnan(x[0]) ? x[0] : (x[0] > 0 ? x[0] : 0) + log1p(exp(-fabs(x[0])));
}
static double relu(const double *x, const numbers *n) {
    (void)n;
    return x[0] <= 0 ? 0 : x[0];
}
static double leaky_relu(const double *x, const numbers *n) {
    return x[0] <= 0 ? n->a * x[0] : x[0];
}
static double scale(const double *x, const numbers *n) {
    return x[0] * n->a;
}
static double offset(const double *x, const numbers *n) {
    return x[0] + n->a;
}
static double copy(const double *x, const numbers *n) {
    (void)n;
    return x[0];
}

static int64_t add_integer(const int64_t *x) {
    return x[0] + x[1];
}
static int64_t subtract_integer(const int64_t *x) {
    return x[0] - x[1];
}
static int64_t multiply_integer(const int64_t *x) {
    return x[0] * x[1];
}
// Truncates; a zero divisor is undefined on the device and 0 here.
static int64_t divide_integer(const int64_t *x) {
    return x[1] == 0 ? 0 : x[0] / x[1];
}
static int64_t minimum_integer(const int64_t *x) {
    return x[1] < x[0] ? x[1] : x[0];
}
static int64_t maximum_integer(const int64_t *x) {
    return x[1] > x[0] ? x[1] : x[0];
}
static int64_t negate_integer(const int64_t *x) {
    return -x[0];
}
static int64_t absolute_integer(const int64_t *x) {
    return x[0] < 0 ? -x[0] : x[0];
}

typedef struct element_row {
    const char *name;
    element_function *function;
    integer_function *integer; // for int32 results; NULL: `function` serves
    bool exact;                // picks, signs or compares: does not round
} element_row;

static const element_row table[] = {
    {"add", add, add_integer, false},
    {"subtract", subtract, subtract_integer, false},
    {"multiply", multiply, multiply_integer, false},
    {"divide", divide, divide_integer, false},
    {"minimum", minimum, minimum_integer, true},
    {"maximum", maximum, maximum_integer, true},
    {"less", less, NULL, true},
    {"less_equal", less_equal, NULL, true},
    {"greater", greater, NULL, true},
    {"greater_equal", greater_equal, NULL, true},
    {"equal", equal, NULL, true},
    {"not_equal", not_equal, NULL, true},
    {"select", select_of, NULL, true},
    {"negate", negate, negate_integer, true},
    {"abs", absolute, absolute_integer, true},
    {"sign", sign, NULL, true},
    {"floor", floor_of, NULL, true},
    {"exp", exp_of, NULL, false},
    {"log", log_of, NULL, false},
    {"sqrt", sqrt_of, NULL, false},
    {"rsqrt", rsqrt_of, NULL, false},
    {"square", square, NULL, false},
    {"sin", sin_of, NULL, false},
    {"cos", cos_of, NULL, false},
    {"tanh", tanh_of, NULL, false},
    {"sigmoid", sigmoid, NULL, false},
    {"softplus", softplus, NULL, false},
    {"relu", relu, NULL, true},
    {"leaky_relu", leaky_relu, NULL, false},
    {"scale", scale, NULL, false},
    {"offset", offset, NULL, false},
    {"cast", copy, NULL, false},
};

static const element_row *find(const gm_op *op) {
    for (size_t i = 0; i < GM_COUNT(table); i++)
        if (strcmp(table[i].name, op->name) == 0)
            return &table[i];
    return NULL;
}

enum { MAX_INPUTS = 4 };

// int32 from a float truncates (out of range is undefined on the device; here the nearest).
static double to_int32(double value) {
    return isnan(value) ? 0 : fmin(fmax(trunc(value), INT32_MIN), INT32_MAX);
}

static double wrapped(integer_function *function, const double *x, size_t count) {
    int64_t whole[MAX_INPUTS];
    for (size_t k = 0; k < count; k++)
        whole[k] = (int64_t)x[k];
    uint32_t low = (uint32_t)(uint64_t)function(whole);
    return low > INT32_MAX ? (double)low - 4294967296.0 : (double)low;
}

static double evaluate(const element_row *row, const gm_tensor *y, const numbers *n, const double *x) {
    if (y->type != GM_INT32)
        return row->function(x, n);
    return row->integer != NULL ? wrapped(row->integer, x, y->input_count) : to_int32(row->function(x, n));
}

// How far rounding errors of input k's scale move the result, in units of the error: the difference quotient with a
// step of a few of float's epsilon, so that a jump within reach of an error counts as one.
static double propagated(const element_row *row, const gm_tensor *y, const numbers *n, const double *x, size_t k,
                         double magnitude, double value) {
    if (!(magnitude > 0))
        return 0;
    double moved[MAX_INPUTS], most = 0, step = 0x1p-20;
    memcpy(moved, x, sizeof moved);
    for (int side = -1; side <= 1; side++) {
        // The middle one is 0 where that lies between: a mask that rounding may turn.
        moved[k] = side == 0 && fabs(x[k]) <= step * magnitude ? 0 : x[k] + side * step * magnitude;
        double change = fabs(evaluate(row, y, n, moved) - value) / step;
        if (isfinite(change))
            most = fmax(most, change);
    }
    return most;
}

// As kernels hold it. Through memory: gcc 12 vectorises a pair of such conversions to and fro, and drops them.
static double to_float(double number) {
    volatile float narrow = (float)number;
    return (double)narrow;
}

static void elementwise(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const element_row *row = find(y->op);
    numbers n = {0, 0};
    if (y->attributes_size == sizeof(gm_element_attributes)) {
        const gm_element_attributes *attributes = y->attributes;
        n = (numbers){to_float(attributes->a), to_float(attributes->b)};
    }
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        double x[MAX_INPUTS] = {0};
        for (size_t k = 0; k < y->input_count; k++)
            x[k] = in[k].value[i];
        value[i] = evaluate(row, y, &n, x);
        magnitude[i] = row->exact || y->type == GM_INT32 ? 0 : fabs(value[i]);
        for (size_t k = 0; k < y->input_count; k++)
            magnitude[i] += propagated(row, y, &n, x, k, in[k].magnitude[i], value[i]);
    }
}

gm_reference_function *gm_reference_elementwise(const gm_op *op) {
    return op->kind == GM_OP_ELEMENTWISE && find(op) != NULL ? elementwise : NULL;
}
