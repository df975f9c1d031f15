// Element-wise operations: one table holds each one's name, expression, cost and value for constants. Their gradients
// are in elementwise_gradient.c; the constructors that do algebra on their operands, in arithmetic.c.
//
// Inputs are broadcast to a common shape with explicit nodes, and constants fold.
#include "graph/elementwise.h"

#include <math.h>
#include <string.h>

// ---- Values for constants, in double ----

#define VALUE_2(name, value)                                                                                           \
    static double value_##name(double a, double b) {                                                                   \
        return value;                                                                                                  \
    }
#define VALUE_1(name, value)                                                                                           \
    static double value_##name(double x) {                                                                             \
        return value;                                                                                                  \
    }

VALUE_2(add, a + b)
VALUE_2(subtract, a - b)
VALUE_2(multiply, (a * b))
VALUE_2(divide, a / b)
VALUE_2(less, a < b)
VALUE_2(less_equal, a <= b)
VALUE_2(greater, a > b)
VALUE_2(greater_equal, a >= b)
VALUE_2(equal, a == b)
VALUE_2(not_equal, a != b)
VALUE_1(negate, -x)
VALUE_1(sign, (x > 0) - (x < 0))
VALUE_1(rsqrt, 1 / sqrt(x))
VALUE_1(square, (x * x))
VALUE_1(sigmoid, 1 / (1 + exp(-x)))
VALUE_1(softplus, fmax(x, 0) + log1p(exp(-fabs(x))))
VALUE_1(relu, x <= 0 ? 0 : x)

// ---- The table ----

#define OP(name, expression, cost) .op = {name, GM_OP_ELEMENTWISE, expression, cost}
#define COMPARE(relation)          "select(($T)(0), ($T)(1), $0 " relation " $1)"

// `abs` subtracts from 0 so that -0 gives 0; comparisons with NaN are false, which decides the order of the select()s.
const gm_element_row gm_elements[GM_ELEMENT_COUNT] = {
    [GM_ELEMENT_ADD] = {OP("add", "($0 + $1)", 1), .integers = true, .commutes = true, .binary = value_add},
    [GM_ELEMENT_SUBTRACT] = {OP("subtract", "($0 - $1)", 1), .integers = true, .binary = value_subtract},
    [GM_ELEMENT_MULTIPLY] = {OP("multiply", "($0 * $1)", 1), .integers = true, .commutes = true,
                             .binary = value_multiply},
    [GM_ELEMENT_DIVIDE] = {OP("divide", "($0 / $1)", 4), .integers = true, .binary = value_divide},
    [GM_ELEMENT_MINIMUM] = {OP("minimum", "select($1, $0, ($0 < $1) | ($0 != $0))", 2), .integers = true,
                            .commutes = true, .binary = fmin},
    [GM_ELEMENT_MAXIMUM] = {OP("maximum", "select($1, $0, ($0 > $1) | ($0 != $0))", 2), .integers = true,
                            .commutes = true, .binary = fmax},
    [GM_ELEMENT_LESS] = {OP("less", COMPARE("<"), 1), .integers = true, .compares = true, .binary = value_less},
    [GM_ELEMENT_LESS_EQUAL] = {OP("less_equal", COMPARE("<="), 1), .integers = true, .compares = true,
                               .binary = value_less_equal},
    [GM_ELEMENT_GREATER] = {OP("greater", COMPARE(">"), 1), .integers = true, .compares = true,
                            .binary = value_greater},
    [GM_ELEMENT_GREATER_EQUAL] = {OP("greater_equal", COMPARE(">="), 1), .integers = true, .compares = true,
                                  .binary = value_greater_equal},
    [GM_ELEMENT_EQUAL] = {OP("equal", COMPARE("=="), 1), .integers = true, .compares = true, .commutes = true,
                          .binary = value_equal},
    [GM_ELEMENT_NOT_EQUAL] = {OP("not_equal", COMPARE("!="), 1), .integers = true, .compares = true, .commutes = true,
                              .binary = value_not_equal},
    [GM_ELEMENT_SELECT] = {OP("select", "select($2, $1, $0 != ($F)(0))", 1)},
    [GM_ELEMENT_NEGATE] = {OP("negate", "(-$0)", 1), .integers = true, .unary = value_negate},
    [GM_ELEMENT_ABS] = {OP("abs", "select(($T)(0) - $0, $0, $0 > ($T)(0))", 1), .integers = true, .unary = fabs},
    [GM_ELEMENT_SIGN] = {OP("sign", "sign($0)", 2), .unary = value_sign},
    [GM_ELEMENT_FLOOR] = {OP("floor", "floor($0)", 1), .unary = floor},
    [GM_ELEMENT_EXP] = {OP("exp", "exp($0)", 20), .unary = exp},
    [GM_ELEMENT_LOG] = {OP("log", "log($0)", 20), .unary = log},
    [GM_ELEMENT_SQRT] = {OP("sqrt", "sqrt($0)", 5), .unary = sqrt},
    [GM_ELEMENT_RSQRT] = {OP("rsqrt", "rsqrt($0)", 8), .unary = value_rsqrt},
    [GM_ELEMENT_SQUARE] = {OP("square", "($0 * $0)", 1), .unary = value_square},
    [GM_ELEMENT_SIN] = {OP("sin", "sin($0)", 20), .unary = sin},
    [GM_ELEMENT_COS] = {OP("cos", "cos($0)", 20), .unary = cos},
    [GM_ELEMENT_TANH] = {OP("tanh", "tanh($0)", 25), .unary = tanh},
    // e^-|x| cannot overflow: 1/(1 + e^-x) for x >= 0, e^x/(1 + e^x) below.
    [GM_ELEMENT_SIGMOID] = {OP("sigmoid",
                               "(select(exp(-fabs($0)), ($T)(1), $0 >= ($T)(0)) / (($T)(1) + exp(-fabs($0))))", 28),
                            .unary = value_sigmoid},
    [GM_ELEMENT_SOFTPLUS] = {OP("softplus", "(fmax($0, ($T)(0)) + log1p(exp(-fabs($0))))", 42),
                             .unary = value_softplus},
    [GM_ELEMENT_RELU] = {OP("relu", "select($0, ($T)(0), $0 <= ($T)(0))", 1), .unary = value_relu},
    [GM_ELEMENT_LEAKY_RELU] = {OP("leaky_relu", "select($0, $0 * $a, $0 <= ($T)(0))", 2)},
    [GM_ELEMENT_SCALE] = {OP("scale", "($0 * $a)", 1), .binary = value_multiply},
    [GM_ELEMENT_OFFSET] = {OP("offset", "($0 + $a)", 1), .binary = value_add},
    [GM_ELEMENT_CAST] = {OP("cast", "convert_$T($0)", 1)},
};

// ---- Making nodes ----

double gm_element_number(const gm_tensor *x) {
    return ((const gm_element_attributes *)x->attributes)->a;
}

bool gm_element_shape(const gm_shape *a, const gm_shape *b, gm_shape *shape) {
    memset(shape, 0, sizeof *shape);
    shape->rank = GM_MAX(a->rank, b->rank);
    for (size_t i = 0; i < shape->rank; i++) {
        size_t from_a = i + a->rank < shape->rank ? 1 : a->dim[i + a->rank - shape->rank];
        size_t from_b = i + b->rank < shape->rank ? 1 : b->dim[i + b->rank - shape->rank];
        if (from_a != from_b && from_a != 1 && from_b != 1)
            return false;
        shape->dim[i] = GM_MAX(from_a, from_b);
    }
    return true;
}

gm_tensor *gm_element_folded(gm_graph *graph, gm_type type, const gm_shape *shape, double value) {
    if (type == GM_INT32)
        return value > -2147483649.0 && value < 2147483648.0 ? gm_filled(graph, type, shape, trunc(value)) : NULL;
    return isfinite((float)value) ? gm_filled(graph, type, shape, value) : NULL;
}

static bool type_usable(const gm_element_row *row, gm_tensor *const *xs, size_t count) {
    static const char *const operand[] = {"a", "b"};
    for (size_t i = 0; i < count; i++) {
        if (xs[i]->type == GM_FLOAT32 || (xs[i]->type == GM_INT32 && row->integers))
            continue;
        gm_fault(xs[i]->graph, "%s: %s %s is %s but must be float32%s; cast it", row->op.name,
                 count > 1 ? operand[i] : "x", gm_describe(xs[i]), gm_type_text(xs[i]->type),
                 row->integers ? " or int32" : "");
        return false;
    }
    if (count == 2 && xs[0]->type != xs[1]->type) {
        gm_fault(xs[0]->graph, "%s: a %s is %s but b %s is %s; cast one of them", row->op.name, gm_describe(xs[0]),
                 gm_type_text(xs[0]->type), gm_describe(xs[1]), gm_type_text(xs[1]->type));
        return false;
    }
    return true;
}

gm_tensor *gm_element_binary(gm_element which, gm_tensor *a, gm_tensor *b, gm_simplify *simplify) {
    const gm_element_row *row = &gm_elements[which];
    gm_tensor *inputs[] = {a, b}, *poison;
    if (!gm_usable(row->op.name, inputs, 2, &poison) || !type_usable(row, inputs, 2))
        return poison;
    gm_shape shape;
    if (!gm_element_shape(&a->shape, &b->shape, &shape))
        return gm_fault(a->graph, "%s: a %s and b %s do not broadcast to one shape", row->op.name, gm_describe(a),
                        gm_describe(b));
    if (!gm_shape_usable(a->graph, row->op.name, &shape))
        return poison;
    gm_type type = row->compares ? GM_FLOAT32 : a->type;
    if (which == GM_ELEMENT_DIVIDE && type == GM_INT32 && gm_known_equal(b, 0))
        return gm_fault(a->graph, "divide: int32 %s is divided by the constant 0", gm_describe(a));

    double value_a, value_b;
    gm_tensor *y = NULL;
    if (gm_known(a, &value_a) && gm_known(b, &value_b))
        y = gm_element_folded(a->graph, type, &shape, row->binary(value_a, value_b));
    if (!y && simplify)
        y = simplify(&shape, a, b);
    if (y)
        return y;
    inputs[0] = gm_broadcast(a, shape);
    inputs[1] = gm_broadcast(b, shape);
    if (row->commutes && !gm_is_poison(inputs[0]) && !gm_is_poison(inputs[1]) && inputs[0]->id > inputs[1]->id) {
        gm_tensor *first = inputs[0];
        inputs[0] = inputs[1];
        inputs[1] = first;
    }
    return gm_node(a->graph, &row->op, type, &shape, inputs, 2, NULL, 0, NULL);
}

gm_tensor *gm_element_unary(gm_element which, gm_tensor *x) {
    const gm_element_row *row = &gm_elements[which];
    gm_tensor *poison;
    if (!gm_usable(row->op.name, &x, 1, &poison) || !type_usable(row, &x, 1))
        return poison;
    double value;
    gm_tensor *y = gm_known(x, &value) ? gm_element_folded(x->graph, x->type, &x->shape, row->unary(value)) : NULL;
    return y ? y : gm_node(x->graph, &row->op, x->type, &x->shape, &x, 1, NULL, 0, NULL);
}

gm_tensor *gm_element_numbered(gm_element which, gm_tensor *x, double number) {
    const gm_element_row *row = &gm_elements[which];
    double value;
    gm_tensor *y = NULL;
    if (row->binary && gm_known(x, &value))
        y = gm_element_folded(x->graph, x->type, &x->shape, row->binary(value, number));
    gm_element_attributes attributes = {.a = number};
    return y ? y : gm_node(x->graph, &row->op, x->type, &x->shape, &x, 1, &attributes, sizeof attributes, NULL);
}

bool gm_element_usable(gm_element which, gm_tensor *x, double number, gm_tensor **poison) {
    const gm_element_row *row = &gm_elements[which];
    if (!gm_usable(row->op.name, &x, 1, poison) || !type_usable(row, &x, 1))
        return false;
    if (isfinite((float)number))
        return true;
    gm_fault(x->graph, "%s: %g is not a finite float32 number", row->op.name, number);
    return false;
}

// ---- Constructors that take their operands as they are ----

gm_tensor *gm_less(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_LESS, a, b, NULL);
}

gm_tensor *gm_less_equal(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_LESS_EQUAL, a, b, NULL);
}

gm_tensor *gm_greater(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_GREATER, a, b, NULL);
}

gm_tensor *gm_greater_equal(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_GREATER_EQUAL, a, b, NULL);
}

gm_tensor *gm_equal(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_EQUAL, a, b, NULL);
}

gm_tensor *gm_not_equal(gm_tensor *a, gm_tensor *b) {
    return gm_element_binary(GM_ELEMENT_NOT_EQUAL, a, b, NULL);
}

gm_tensor *gm_select(gm_tensor *mask, gm_tensor *a, gm_tensor *b) {
    gm_tensor *inputs[] = {mask, a, b}, *poison;
    if (!gm_usable("select", inputs, 3, &poison))
        return poison;
    if (mask->type != GM_FLOAT32 || a->type != GM_FLOAT32 || b->type != GM_FLOAT32)
        return gm_fault(mask->graph, "select: mask, a and b are %s, %s and %s but must be float32; cast them",
                        gm_type_text(mask->type), gm_type_text(a->type), gm_type_text(b->type));
    gm_shape values, shape;
    if (!gm_element_shape(&a->shape, &b->shape, &values) || !gm_element_shape(&mask->shape, &values, &shape))
        return gm_fault(mask->graph, "select: mask %s, a %s and b %s do not broadcast to one shape", gm_describe(mask),
                        gm_describe(a), gm_describe(b));
    if (!gm_shape_usable(mask->graph, "select", &shape))
        return poison;
    double known;
    if (gm_known(mask, &known))
        return gm_broadcast(known != 0 ? a : b, shape);
    for (size_t i = 0; i < 3; i++)
        inputs[i] = gm_broadcast(inputs[i], shape);
    if (inputs[1] == inputs[2])
        return inputs[1];
    return gm_node(mask->graph, &gm_elements[GM_ELEMENT_SELECT].op, GM_FLOAT32, &shape, inputs, 3, NULL, 0, NULL);
}

gm_tensor *gm_abs(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_ABS, x);
}

gm_tensor *gm_sign(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SIGN, x);
}

gm_tensor *gm_floor(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_FLOOR, x);
}

gm_tensor *gm_exp(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_EXP, x);
}

gm_tensor *gm_log(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_LOG, x);
}

gm_tensor *gm_sqrt(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SQRT, x);
}

gm_tensor *gm_rsqrt(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_RSQRT, x);
}

gm_tensor *gm_square(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SQUARE, x);
}

gm_tensor *gm_sin(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SIN, x);
}

gm_tensor *gm_cos(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_COS, x);
}

gm_tensor *gm_tanh(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_TANH, x);
}

gm_tensor *gm_sigmoid(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SIGMOID, x);
}

gm_tensor *gm_softplus(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_SOFTPLUS, x);
}

gm_tensor *gm_relu(gm_tensor *x) {
    return gm_element_unary(GM_ELEMENT_RELU, x);
}

gm_tensor *gm_leaky_relu(gm_tensor *x, double slope) {
    gm_tensor *poison;
    if (!gm_element_usable(GM_ELEMENT_LEAKY_RELU, x, slope, &poison))
        return poison;
    if (!(slope > 0))
        return gm_fault(x->graph, "leaky_relu: slope %g must be above 0 (use relu for 0)", slope);
    return gm_element_numbered(GM_ELEMENT_LEAKY_RELU, x, slope);
}

gm_tensor *gm_cast(gm_tensor *x, gm_type type) {
    gm_tensor *poison;
    if (!gm_usable("cast", &x, 1, &poison))
        return poison;
    if (x->type == type)
        return x;
    if (type != GM_FLOAT32 && type != GM_INT32)
        return gm_fault(x->graph, "cast: x %s is %s and cannot become %s; only float32 and int32 can be asked for",
                        gm_describe(x), gm_type_text(x->type), gm_type_text(type));
    double value;
    gm_tensor *y = gm_known(x, &value) ? gm_element_folded(x->graph, type, &x->shape, value) : NULL;
    return y ? y : gm_node(x->graph, &gm_elements[GM_ELEMENT_CAST].op, type, &x->shape, &x, 1, NULL, 0, NULL);
}
