// Element-wise cases: every operation on tails of a vector and on special numbers, then how operands may lie.
#include "kernels/check.h"

// ---- Every operation ----

// Eight is the vector's width: lengths around it leave tails of every size.
static const size_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 1031};

static gm_tensor *apply(gm_cases *check, gm_values values, gm_type type, gm_shape shape) {
    gm_tensor *x = gm_check_input(check, values, type, shape);
    if (check->row->unary)
        return check->row->unary(x);
    // A divisor that is not 0 where that has no meaning.
    gm_values second = type == GM_INT32 && check->row->values == GM_VALUES_POSITIVE ? GM_VALUES_POSITIVE : values;
    return check->row->binary(x, gm_check_input(check, second, type, shape));
}

// A single element is not among the small cases: Oclgrind 21.10 gets comparisons of two repeated scalars wrong.
static void operation_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(lengths); i++)
        if (gm_check_case(check, lengths[i] == 3 || lengths[i] == 9 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu)",
                          lengths[i]))
            gm_check_fetch(check, apply(check, check->row->values, GM_FLOAT32, GM_SHAPE(lengths[i])));
    if (!check->row->bounded && gm_check_case(check, GM_CASE_FULL, "(3, 37), special numbers"))
        gm_check_fetch(check, apply(check, GM_VALUES_SPECIAL, GM_FLOAT32, GM_SHAPE(3, 37)));
    if (check->row->integers && gm_check_case(check, GM_CASE_FULL, "(5, 13), int32"))
        gm_check_fetch(check, apply(check, check->row->values, GM_INT32, GM_SHAPE(5, 13)));
    if (gm_check_case(check, GM_CASE_BENCH, "(4194304)"))
        gm_check_fetch(check, apply(check, check->row->values, GM_FLOAT32, GM_SHAPE(4194304)));
}

static gm_tensor *leaky(gm_tensor *x) {
    return gm_leaky_relu(x, 0.2);
}

static gm_tensor *scaled(gm_tensor *x) {
    return gm_tensor_type(x) == GM_FLOAT32 ? gm_scale(x, -1.7) : gm_negate(x);
}

static gm_tensor *shifted(gm_tensor *x) {
    return gm_offset(x, 0.3);
}

// Beyond what an int holds the conversion is undefined, so numbers stay small.
static gm_tensor *truncated(gm_tensor *x) {
    return gm_cast(
        gm_maximum(gm_minimum(x, gm_constant(gm_tensor_graph(x), 1e6)), gm_constant(gm_tensor_graph(x), -1e6)),
        GM_INT32);
}

static void select_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(lengths); i++)
        if (gm_check_case(check, i == 0 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu)", lengths[i])) {
            gm_shape shape = GM_SHAPE(lengths[i]);
            gm_tensor *mask = gm_check_input(check, GM_VALUES_TIES, GM_FLOAT32, shape);
            gm_check_fetch(check, gm_select(mask, gm_check_float(check, shape), gm_check_float(check, shape)));
        }
    if (gm_check_case(check, GM_CASE_SMALL,
                      "(111), special numbers")) { // NaN is not 0, and what is not taken is nothing
        gm_tensor *mask = gm_check_input(check, GM_VALUES_SPECIAL, GM_FLOAT32, GM_SHAPE(111));
        gm_tensor *a = gm_check_input(check, GM_VALUES_SPECIAL, GM_FLOAT32, GM_SHAPE(111));
        gm_check_fetch(check, gm_select(mask, a, gm_check_float(check, GM_SHAPE(111))));
    }
}

static void cast_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(lengths); i++)
        if (gm_check_case(check, i == 0 || lengths[i] == 9 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu)", lengths[i])) {
            gm_shape shape = GM_SHAPE(lengths[i]);
            gm_tensor *bytes = gm_check_input(check, GM_VALUES_NORMAL, GM_UINT8, shape);
            gm_tensor *whole = gm_check_input(check, GM_VALUES_NORMAL, GM_INT32, shape);
            gm_check_fetch(check, gm_scale(gm_cast(bytes, GM_FLOAT32), 1 / 127.5));
            gm_check_fetch(check, gm_cast(bytes, GM_INT32));
            gm_check_fetch(check, gm_cast(whole, GM_FLOAT32));
            gm_check_fetch(check, truncated(gm_check_input(check, GM_VALUES_WIDE, GM_FLOAT32, shape)));
        }
    if (gm_check_case(check, GM_CASE_FULL, "bytes transposed and sliced")) {
        gm_tensor *bytes = gm_check_input(check, GM_VALUES_NORMAL, GM_UINT8, GM_SHAPE(7, 19, 3));
        gm_tensor *part = gm_slice(gm_transpose(bytes, (size_t[]){2, 0, 1}), (size_t[]){1, 2, 3}, (size_t[]){2, 4, 15});
        gm_check_fetch(check, gm_cast(part, GM_FLOAT32));
    }
}

// ---- How operands lie ----

static gm_tensor *mixed(gm_tensor *a, gm_tensor *b) {
    return gm_select(gm_less(a, b), gm_multiply(a, b), gm_subtract(a, b));
}

static void broadcast_cases(gm_cases *check) {
    const gm_shape whole = GM_SHAPE(3, 5, 7, 11);
    for (size_t set = 0; set < 16; set++) { // the axes along which one operand repeats
        gm_shape shape = whole;
        for (size_t axis = 0; axis < 4; axis++)
            if (set >> axis & 1)
                shape.dim[axis] = 1;
        if (gm_check_case(check, set == 8 || set == 7 ? GM_CASE_SMALL : GM_CASE_FULL, "along the axes %#zx", set))
            gm_check_fetch(check, mixed(gm_check_float(check, whole), gm_check_float(check, shape)));
    }
    if (gm_check_case(check, GM_CASE_FULL, "both ways"))
        gm_check_fetch(check, mixed(gm_check_float(check, GM_SHAPE(13, 1)), gm_check_float(check, GM_SHAPE(1, 29))));
    if (gm_check_case(check, GM_CASE_FULL, "a scalar"))
        gm_check_fetch(check, mixed(gm_check_float(check, GM_SHAPE(6, 31)), gm_check_float(check, GM_SCALAR)));
    if (gm_check_case(check, GM_CASE_FULL, "three operands")) {
        gm_tensor *mask = gm_check_input(check, GM_VALUES_TIES, GM_FLOAT32, GM_SHAPE(5, 1, 1));
        gm_check_fetch(check,
                       gm_select(mask, gm_check_float(check, GM_SHAPE(9, 1)), gm_check_float(check, GM_SHAPE(17))));
    }
}

static void layout_cases(gm_cases *check) {
    static const size_t orders[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < GM_COUNT(orders); i++)
        if (gm_check_case(check, i == 4 ? GM_CASE_SMALL : GM_CASE_FULL, "transposed %zu%zu%zu", orders[i][0],
                          orders[i][1], orders[i][2])) {
            gm_tensor *x = gm_transpose(gm_check_float(check, GM_SHAPE(6, 10, 19)), orders[i]);
            gm_tensor *y = gm_check_float(check, *gm_tensor_shape(x));
            gm_check_fetch(check, mixed(x, y));
            gm_check_fetch(check, gm_transpose(gm_tanh(x), (size_t[]){1, 0, 2}));
        }
    if (gm_check_case(check, GM_CASE_FULL, "sliced")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(9, 8, 21));
        gm_tensor *y = gm_slice(x, (size_t[]){2, 3, 5}, (size_t[]){4, 5, 13});
        gm_tensor *z = gm_slice(x, (size_t[]){0, 0, 8}, (size_t[]){4, 5, 13});
        gm_check_fetch(check, mixed(y, z));
    }
    if (gm_check_case(check, GM_CASE_FULL, "reshaped after a transposition")) {
        gm_tensor *x = gm_transpose(gm_check_float(check, GM_SHAPE(6, 35)), (size_t[]){1, 0});
        gm_check_fetch(check, mixed(gm_reshape(x, GM_SHAPE(5, 42)), gm_check_float(check, GM_SHAPE(5, 42))));
    }
    // The pool makes a value with channels innermost, which meets row-major ones here.
    if (gm_check_case(check, GM_CASE_SMALL, "channels innermost against row-major")) {
        gm_tensor *x =
            gm_average_pool(gm_check_float(check, GM_SHAPE(3, 10, 6, 8)), &(gm_pool_params){.kernel = {2, 2}});
        gm_check_fetch(check, mixed(x, gm_check_float(check, GM_SHAPE(3, 10, 3, 4))));
        gm_check_fetch(check, gm_add(x, gm_check_float(check, GM_SHAPE(10, 1, 1))));
        gm_check_fetch(check, gm_reshape(gm_multiply(x, x), GM_SHAPE(3, 120)));
    }
}

static void shape_cases(gm_cases *check) {
    for (size_t i = 0; i < 12; i++) {
        gm_shape shape = {.rank = gm_check_draw(check, 1, GM_MAX_RANK)};
        for (size_t axis = 0; axis < shape.rank; axis++)
            shape.dim[axis] = gm_check_draw(check, 1, shape.rank > 3 ? 7 : 23);
        if (gm_check_case(check, GM_CASE_FULL, "rank %zu, %zu elements", shape.rank, gm_shape_count(&shape))) {
            gm_tensor *x = gm_check_float(check, shape), *y = gm_check_float(check, shape);
            gm_check_fetch(check, gm_add(gm_multiply(x, y), y));
        }
    }
    // Several work-items per row, several rows per item.
    if (gm_check_case(check, GM_CASE_FULL, "(3, 40009)"))
        gm_check_fetch(check, mixed(gm_check_float(check, GM_SHAPE(3, 40009)), gm_check_float(check, GM_SHAPE(3, 1))));
    if (gm_check_case(check, GM_CASE_FULL, "(20011, 3)"))
        gm_check_fetch(check, mixed(gm_check_float(check, GM_SHAPE(20011, 3)), gm_check_float(check, GM_SHAPE(3))));
}

static void fused_cases(gm_cases *check) {
    if (gm_check_case(check, GM_CASE_SMALL, "a chain with several results")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(4, 9, 5)), *y = gm_check_float(check, GM_SHAPE(9, 1));
        gm_tensor *a = gm_tanh(gm_add(gm_multiply(x, y), gm_constant(check->graph, 0.5)));
        gm_check_fetch(check, a);
        gm_check_fetch(check, gm_select(gm_greater(a, y), gm_exp(a), gm_softplus(gm_scale(x, -3))));
        gm_check_fetch(check, gm_cast(gm_scale(x, 3), GM_INT32));
    }
    if (gm_check_case(check, GM_CASE_FULL, "twenty operands")) {
        gm_tensor *sum = gm_check_float(check, GM_SHAPE(77));
        for (size_t i = 0; i < 20; i++)
            sum = gm_add(gm_multiply(sum, gm_check_float(check, GM_SHAPE(77))), gm_check_float(check, GM_SHAPE(1)));
        gm_check_fetch(check, sum);
    }
}

#define UNARY(name, function, error, range)                                                                            \
    { name, operation_cases, .ulps = error, .unary = function, .values = range }
#define UNARY_INT(name, function, error)                                                                               \
    { name, operation_cases, .ulps = error, .unary = function, .integers = true }
#define BINARY(name, function, error)                                                                                  \
    { name, operation_cases, .ulps = error, .binary = function, .integers = true }

// In units of 2^-24, half an ulp: twice what OpenCL's specification grants each function, and more where the result is
// composed of several.
const gm_check_row gm_check_elementwise[] = {
    BINARY("add", gm_add, 2),
    BINARY("subtract", gm_subtract, 2),
    BINARY("multiply", gm_multiply, 2),
    {"divide", operation_cases, .ulps = 6, .binary = gm_divide, .values = GM_VALUES_POSITIVE, .integers = true},
    BINARY("minimum", gm_minimum, 0.01),
    BINARY("maximum", gm_maximum, 0.01),
    BINARY("less", gm_less, 0.01),
    BINARY("less_equal", gm_less_equal, 0.01),
    BINARY("greater", gm_greater, 0.01),
    BINARY("greater_equal", gm_greater_equal, 0.01),
    BINARY("equal", gm_equal, 0.01),
    BINARY("not_equal", gm_not_equal, 0.01),
    {"select", select_cases, .ulps = 0.01},
    UNARY_INT("negate", gm_negate, 0.01),
    UNARY_INT("abs", gm_abs, 0.01),
    UNARY("sign", gm_sign, 0.01, GM_VALUES_WIDE),
    UNARY("floor", gm_floor, 0.01, GM_VALUES_WIDE),
    UNARY("exp", gm_exp, 8, GM_VALUES_WIDE),
    UNARY("log", gm_log, 8, GM_VALUES_POSITIVE),
    UNARY("sqrt", gm_sqrt, 8, GM_VALUES_POSITIVE),
    UNARY("rsqrt", gm_rsqrt, 8, GM_VALUES_POSITIVE),
    UNARY("square", gm_square, 2, GM_VALUES_WIDE),
    // PoCL's vector sine goes wrong for the neighbours of a huge number or an infinity (in 3.1).
    {"sin", operation_cases, .ulps = 8, .unary = gm_sin, .values = GM_VALUES_WIDE, .bounded = true},
    {"cos", operation_cases, .ulps = 8, .unary = gm_cos, .values = GM_VALUES_WIDE, .bounded = true},
    UNARY("tanh", gm_tanh, 12, GM_VALUES_WIDE),
    UNARY("sigmoid", gm_sigmoid, 16, GM_VALUES_WIDE),
    UNARY("softplus", gm_softplus, 16, GM_VALUES_WIDE),
    UNARY("relu", gm_relu, 0.01, GM_VALUES_WIDE),
    UNARY("leaky_relu", leaky, 2, GM_VALUES_WIDE),
    UNARY("scale", scaled, 2, GM_VALUES_WIDE),
    UNARY("offset", shifted, 2, GM_VALUES_WIDE),
    {"cast", cast_cases, .ulps = 4},
    {"broadcast", broadcast_cases, .ulps = 4},
    {"layout", layout_cases, .ulps = 24},
    {"shape", shape_cases, .ulps = 4},
    {"fused", fused_cases, .ulps = 24},
    {0},
};
