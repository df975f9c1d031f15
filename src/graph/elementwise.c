// Element-wise operations: one table holds each one's name, expression, cost, gradient and value for constants.
//
// The constructors broadcast their inputs to a common shape with explicit nodes and simplify what is plain to see, so
// that derived gradients stay small: a constant operand of a float operation becomes a number in `scale` or `offset`.
#include "graph/build.h"

#include <math.h>
#include <string.h>

// $a of an operation that has a number.
static double number_of(const gm_tensor *x) {
    return ((const gm_element_attributes *)x->attributes)->a;
}

// ---- Gradients: x, a, b are inputs, y the result, `dy` its gradient ----

static void add_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)y;
    (void)wanted;
    dx[0] = dx[1] = dy;
}

static void subtract_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)y;
    dx[0] = dy;
    if (wanted[1])
        dx[1] = gm_negate(dy);
}

static void multiply_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = gm_multiply(dy, y->input[1]);
    if (wanted[1])
        dx[1] = gm_multiply(dy, y->input[0]);
}

// y = a/b: da = dy/b, db = -dy a/b^2 = -da y
static void divide_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    dx[0] = gm_divide(dy, y->input[1]);
    if (wanted[1])
        dx[1] = gm_negate(gm_multiply(dx[0], y));
}

// `first` is 1 where a won, 1/2 where a and b are equal.
static void extremum_gradient(gm_tensor *y, gm_tensor *a_wins, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    gm_tensor *first = gm_add(a_wins, gm_scale(gm_equal(y->input[0], y->input[1]), .5));
    if (wanted[0])
        dx[0] = gm_multiply(dy, first);
    if (wanted[1])
        dx[1] = gm_multiply(dy, gm_offset(gm_negate(first), 1));
}

static void minimum_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    extremum_gradient(y, gm_less(y->input[0], y->input[1]), dy, wanted, dx);
}

static void maximum_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    extremum_gradient(y, gm_greater(y->input[0], y->input[1]), dy, wanted, dx);
}

static gm_tensor *zeros_like(const gm_tensor *x) {
    return gm_filled(x->graph, x->type, &x->shape, 0);
}

static void select_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[1])
        dx[1] = gm_select(y->input[0], dy, zeros_like(y));
    if (wanted[2])
        dx[2] = gm_select(y->input[0], zeros_like(y), dy);
}

static void negate_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)y;
    (void)wanted;
    dx[0] = gm_negate(dy);
}

static void abs_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, gm_sign(y->input[0]));
}

static void exp_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, y);
}

static void log_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_divide(dy, y->input[0]);
}

// d sqrt(x) = 1/(2 y)
static void sqrt_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_scale(gm_divide(dy, y), .5);
}

// d x^(-1/2) = -1/2 x^(-3/2) = -1/2 y^3
static void rsqrt_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_scale(gm_multiply(dy, gm_multiply(gm_square(y), y)), -.5);
}

static void square_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_scale(gm_multiply(dy, y->input[0]), 2);
}

static void sin_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, gm_cos(y->input[0]));
}

static void cos_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_negate(gm_multiply(dy, gm_sin(y->input[0])));
}

// d tanh = 1 - y^2
static void tanh_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, gm_offset(gm_negate(gm_square(y)), 1));
}

// d sigmoid = y (1 - y)
static void sigmoid_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, gm_multiply(y, gm_offset(gm_negate(y), 1)));
}

static void softplus_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_multiply(dy, gm_sigmoid(y->input[0]));
}

// relu and leaky_relu keep x's sign, so y alone tells where x was positive and x need not be kept.
static void relu_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_select(gm_greater(y, zeros_like(y)), dy, zeros_like(y));
}

static void leaky_relu_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_select(gm_greater(y, zeros_like(y)), dy, gm_scale(dy, number_of(y)));
}

static void scale_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_scale(dy, number_of(y));
}

static void offset_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)y;
    (void)wanted;
    dx[0] = dy;
}

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

typedef struct operation {
    gm_op op;
    bool integers; // holds for int32, too
    bool compares; // the result is float32 whatever the inputs are
    bool commutes; // operands are put in one order, so that equal nodes are found
    double (*unary)(double x);
    double (*binary)(double a, double b);
    gm_tensor *(*simplify)(const gm_shape *shape, gm_tensor *a, gm_tensor *b); // NULL, or returns NULL: nothing to do
} operation;

enum {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MINIMUM,
    MAXIMUM,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    EQUAL,
    NOT_EQUAL,
    SELECT,
    NEGATE,
    ABS,
    SIGN,
    FLOOR,
    EXP,
    LOG,
    SQRT,
    RSQRT,
    SQUARE,
    SIN,
    COS,
    TANH,
    SIGMOID,
    SOFTPLUS,
    RELU,
    LEAKY_RELU,
    SCALE,
    OFFSET,
    CAST,
    OPERATION_COUNT
};

#define OP(name, expression, cost, gradient) .op = {name, GM_OP_ELEMENTWISE, expression, cost, gradient}
#define COMPARE(relation)                    "select(($T)(0), ($T)(1), $0 " relation " $1)"

// `abs` subtracts from 0 so that -0 gives 0; comparisons with NaN are false, which decides the order of the select()s.
static const operation operations[OPERATION_COUNT] = {
    [ADD] = {OP("add", "($0 + $1)", 1, add_gradient), .integers = true, .commutes = true, .binary = value_add,
             .simplify = gm_simplify_add},
    [SUBTRACT] = {OP("subtract", "($0 - $1)", 1, subtract_gradient), .integers = true, .binary = value_subtract,
                  .simplify = gm_simplify_subtract},
    [MULTIPLY] = {OP("multiply", "($0 * $1)", 1, multiply_gradient), .integers = true, .commutes = true,
                  .binary = value_multiply, .simplify = gm_simplify_multiply},
    [DIVIDE] = {OP("divide", "($0 / $1)", 4, divide_gradient), .integers = true, .binary = value_divide,
                .simplify = gm_simplify_divide},
    [MINIMUM] = {OP("minimum", "select($1, $0, ($0 < $1) | ($0 != $0))", 2, minimum_gradient), .integers = true,
                 .commutes = true, .binary = fmin, .simplify = gm_simplify_extremum},
    [MAXIMUM] = {OP("maximum", "select($1, $0, ($0 > $1) | ($0 != $0))", 2, maximum_gradient), .integers = true,
                 .commutes = true, .binary = fmax, .simplify = gm_simplify_extremum},
    [LESS] = {OP("less", COMPARE("<"), 1, NULL), .integers = true, .compares = true, .binary = value_less},
    [LESS_EQUAL] = {OP("less_equal", COMPARE("<="), 1, NULL), .integers = true, .compares = true,
                    .binary = value_less_equal},
    [GREATER] = {OP("greater", COMPARE(">"), 1, NULL), .integers = true, .compares = true, .binary = value_greater},
    [GREATER_EQUAL] = {OP("greater_equal", COMPARE(">="), 1, NULL), .integers = true, .compares = true,
                       .binary = value_greater_equal},
    [EQUAL] = {OP("equal", COMPARE("=="), 1, NULL), .integers = true, .compares = true, .commutes = true,
               .binary = value_equal},
    [NOT_EQUAL] = {OP("not_equal", COMPARE("!="), 1, NULL), .integers = true, .compares = true, .commutes = true,
                   .binary = value_not_equal},
    [SELECT] = {OP("select", "select($2, $1, $0 != ($F)(0))", 1, select_gradient)},
    [NEGATE] = {OP("negate", "(-$0)", 1, negate_gradient), .integers = true, .unary = value_negate},
    [ABS] = {OP("abs", "select(($T)(0) - $0, $0, $0 > ($T)(0))", 1, abs_gradient), .integers = true, .unary = fabs},
    [SIGN] = {OP("sign", "sign($0)", 2, NULL), .unary = value_sign},
    [FLOOR] = {OP("floor", "floor($0)", 1, NULL), .unary = floor},
    [EXP] = {OP("exp", "exp($0)", 20, exp_gradient), .unary = exp},
    [LOG] = {OP("log", "log($0)", 20, log_gradient), .unary = log},
    [SQRT] = {OP("sqrt", "sqrt($0)", 5, sqrt_gradient), .unary = sqrt},
    [RSQRT] = {OP("rsqrt", "rsqrt($0)", 8, rsqrt_gradient), .unary = value_rsqrt},
    [SQUARE] = {OP("square", "($0 * $0)", 1, square_gradient), .unary = value_square},
    [SIN] = {OP("sin", "sin($0)", 20, sin_gradient), .unary = sin},
    [COS] = {OP("cos", "cos($0)", 20, cos_gradient), .unary = cos},
    [TANH] = {OP("tanh", "tanh($0)", 25, tanh_gradient), .unary = tanh},
    // e^-|x| cannot overflow: 1/(1 + e^-x) for x >= 0, e^x/(1 + e^x) below.
    [SIGMOID] = {OP("sigmoid", "(select(exp(-fabs($0)), ($T)(1), $0 >= ($T)(0)) / (($T)(1) + exp(-fabs($0))))", 28,
                    sigmoid_gradient),
                 .unary = value_sigmoid},
    [SOFTPLUS] = {OP("softplus", "(fmax($0, ($T)(0)) + log1p(exp(-fabs($0))))", 42, softplus_gradient),
                  .unary = value_softplus},
    [RELU] = {OP("relu", "select($0, ($T)(0), $0 <= ($T)(0))", 1, relu_gradient), .unary = value_relu},
    [LEAKY_RELU] = {OP("leaky_relu", "select($0, $0 * $a, $0 <= ($T)(0))", 2, leaky_relu_gradient)},
    [SCALE] = {OP("scale", "($0 * $a)", 1, scale_gradient), .binary = value_multiply},
    [OFFSET] = {OP("offset", "($0 + $a)", 1, offset_gradient), .binary = value_add},
    [CAST] = {OP("cast", "convert_$T($0)", 1, NULL)},
};

// ---- Making nodes ----

static bool broadcast_shape(const gm_shape *a, const gm_shape *b, gm_shape *shape) {
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

// The constant's tensor when the value can be one: finite as a float, in range as an int.
static gm_tensor *folded(gm_graph *graph, gm_type type, const gm_shape *shape, double value) {
    if (type == GM_INT32)
        return value > -2147483649.0 && value < 2147483648.0 ? gm_filled(graph, type, shape, trunc(value)) : NULL;
    return isfinite((float)value) ? gm_filled(graph, type, shape, value) : NULL;
}

static bool type_usable(const operation *row, gm_tensor *const *xs, size_t count) {
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

static gm_tensor *binary(size_t which, gm_tensor *a, gm_tensor *b) {
    const operation *row = &operations[which];
    gm_tensor *inputs[] = {a, b}, *poison;
    if (!gm_usable(row->op.name, inputs, 2, &poison) || !type_usable(row, inputs, 2))
        return poison;
    gm_shape shape;
    if (!broadcast_shape(&a->shape, &b->shape, &shape))
        return gm_fault(a->graph, "%s: a %s and b %s do not broadcast to one shape", row->op.name, gm_describe(a),
                        gm_describe(b));
    if (!gm_shape_usable(a->graph, row->op.name, &shape))
        return poison;
    gm_type type = row->compares ? GM_FLOAT32 : a->type;
    if (which == DIVIDE && type == GM_INT32 && gm_known_equal(b, 0))
        return gm_fault(a->graph, "divide: int32 %s is divided by the constant 0", gm_describe(a));

    double value_a, value_b;
    gm_tensor *y = NULL;
    if (gm_known(a, &value_a) && gm_known(b, &value_b))
        y = folded(a->graph, type, &shape, row->binary(value_a, value_b));
    if (!y && row->simplify)
        y = row->simplify(&shape, a, b);
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

static gm_tensor *unary(size_t which, gm_tensor *x) {
    const operation *row = &operations[which];
    gm_tensor *poison;
    if (!gm_usable(row->op.name, &x, 1, &poison) || !type_usable(row, &x, 1))
        return poison;
    double value;
    gm_tensor *y = gm_known(x, &value) ? folded(x->graph, x->type, &x->shape, row->unary(value)) : NULL;
    return y ? y : gm_node(x->graph, &row->op, x->type, &x->shape, &x, 1, NULL, 0, NULL);
}

static const gm_op *op_of(size_t which) {
    return &operations[which].op;
}

// Operations of one tensor and one number.
static gm_tensor *numbered(size_t which, gm_tensor *x, double number) {
    const operation *row = &operations[which];
    double value;
    gm_tensor *y = NULL;
    if (row->binary && gm_known(x, &value))
        y = folded(x->graph, x->type, &x->shape, row->binary(value, number));
    gm_element_attributes attributes = {.a = number};
    return y ? y : gm_node(x->graph, &row->op, x->type, &x->shape, &x, 1, &attributes, sizeof attributes, NULL);
}

static bool number_usable(size_t which, gm_tensor *x, double number, gm_tensor **poison) {
    const operation *row = &operations[which];
    if (!gm_usable(row->op.name, &x, 1, poison) || !type_usable(row, &x, 1))
        return false;
    if (isfinite((float)number))
        return true;
    gm_fault(x->graph, "%s: %g is not a finite float32 number", row->op.name, number);
    return false;
}

// ---- Constructors ----

gm_tensor *gm_add(gm_tensor *a, gm_tensor *b) {
    return binary(ADD, a, b);
}

gm_tensor *gm_subtract(gm_tensor *a, gm_tensor *b) {
    return binary(SUBTRACT, a, b);
}

gm_tensor *gm_multiply(gm_tensor *a, gm_tensor *b) {
    return binary(MULTIPLY, a, b);
}

gm_tensor *gm_divide(gm_tensor *a, gm_tensor *b) {
    return binary(DIVIDE, a, b);
}

gm_tensor *gm_minimum(gm_tensor *a, gm_tensor *b) {
    return binary(MINIMUM, a, b);
}

gm_tensor *gm_maximum(gm_tensor *a, gm_tensor *b) {
    return binary(MAXIMUM, a, b);
}

gm_tensor *gm_less(gm_tensor *a, gm_tensor *b) {
    return binary(LESS, a, b);
}

gm_tensor *gm_less_equal(gm_tensor *a, gm_tensor *b) {
    return binary(LESS_EQUAL, a, b);
}

gm_tensor *gm_greater(gm_tensor *a, gm_tensor *b) {
    return binary(GREATER, a, b);
}

gm_tensor *gm_greater_equal(gm_tensor *a, gm_tensor *b) {
    return binary(GREATER_EQUAL, a, b);
}

gm_tensor *gm_equal(gm_tensor *a, gm_tensor *b) {
    return binary(EQUAL, a, b);
}

gm_tensor *gm_not_equal(gm_tensor *a, gm_tensor *b) {
    return binary(NOT_EQUAL, a, b);
}

gm_tensor *gm_select(gm_tensor *mask, gm_tensor *a, gm_tensor *b) {
    const operation *row = &operations[SELECT];
    gm_tensor *inputs[] = {mask, a, b}, *poison;
    if (!gm_usable("select", inputs, 3, &poison))
        return poison;
    if (mask->type != GM_FLOAT32 || a->type != GM_FLOAT32 || b->type != GM_FLOAT32)
        return gm_fault(mask->graph, "select: mask, a and b are %s, %s and %s but must be float32; cast them",
                        gm_type_text(mask->type), gm_type_text(a->type), gm_type_text(b->type));
    gm_shape values, shape;
    if (!broadcast_shape(&a->shape, &b->shape, &values) || !broadcast_shape(&mask->shape, &values, &shape))
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
    return gm_node(mask->graph, &row->op, GM_FLOAT32, &shape, inputs, 3, NULL, 0, NULL);
}

gm_tensor *gm_negate(gm_tensor *x) {
    if (gm_hidden_is(x, op_of(NEGATE)))
        return x->input[0];
    if (gm_hidden_is(x, op_of(SUBTRACT)))
        return gm_subtract(x->input[1], x->input[0]);
    if (gm_hidden_is(x, op_of(SCALE)))
        return gm_scale(x->input[0], -number_of(x));
    return unary(NEGATE, x);
}

gm_tensor *gm_abs(gm_tensor *x) {
    return unary(ABS, x);
}

gm_tensor *gm_sign(gm_tensor *x) {
    return unary(SIGN, x);
}

gm_tensor *gm_floor(gm_tensor *x) {
    return unary(FLOOR, x);
}

gm_tensor *gm_exp(gm_tensor *x) {
    return unary(EXP, x);
}

gm_tensor *gm_log(gm_tensor *x) {
    return unary(LOG, x);
}

gm_tensor *gm_sqrt(gm_tensor *x) {
    return unary(SQRT, x);
}

gm_tensor *gm_rsqrt(gm_tensor *x) {
    return unary(RSQRT, x);
}

gm_tensor *gm_square(gm_tensor *x) {
    return unary(SQUARE, x);
}

gm_tensor *gm_sin(gm_tensor *x) {
    return unary(SIN, x);
}

gm_tensor *gm_cos(gm_tensor *x) {
    return unary(COS, x);
}

gm_tensor *gm_tanh(gm_tensor *x) {
    return unary(TANH, x);
}

gm_tensor *gm_sigmoid(gm_tensor *x) {
    return unary(SIGMOID, x);
}

gm_tensor *gm_softplus(gm_tensor *x) {
    return unary(SOFTPLUS, x);
}

gm_tensor *gm_relu(gm_tensor *x) {
    return unary(RELU, x);
}

gm_tensor *gm_leaky_relu(gm_tensor *x, double slope) {
    gm_tensor *poison;
    if (!number_usable(LEAKY_RELU, x, slope, &poison))
        return poison;
    if (!(slope > 0))
        return gm_fault(x->graph, "leaky_relu: slope %g must be above 0 (use relu for 0)", slope);
    return numbered(LEAKY_RELU, x, slope);
}

gm_tensor *gm_scale(gm_tensor *x, double factor) {
    gm_tensor *poison;
    if (!number_usable(SCALE, x, factor, &poison))
        return poison;
    if (factor == 1)
        return x;
    if (factor == 0)
        return gm_filled(x->graph, x->type, &x->shape, 0);
    if (gm_hidden_is(x, op_of(SCALE)) && isfinite((float)(number_of(x) * factor)))
        return gm_scale(x->input[0], number_of(x) * factor);
    if (gm_hidden_is(x, op_of(NEGATE)))
        return gm_scale(x->input[0], -factor);
    return factor == -1 ? gm_negate(x) : numbered(SCALE, x, factor);
}

gm_tensor *gm_offset(gm_tensor *x, double term) {
    gm_tensor *poison;
    if (!number_usable(OFFSET, x, term, &poison))
        return poison;
    if (term == 0)
        return x;
    if (gm_hidden_is(x, op_of(OFFSET)) && isfinite((float)(number_of(x) + term)))
        return gm_offset(x->input[0], number_of(x) + term);
    return numbered(OFFSET, x, term);
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
    gm_tensor *y = gm_known(x, &value) ? folded(x->graph, type, &x->shape, value) : NULL;
    return y ? y : gm_node(x->graph, op_of(CAST), type, &x->shape, &x, 1, NULL, 0, NULL);
}

gm_tensor *gm_negated(const gm_tensor *x) {
    return gm_hidden_is(x, op_of(NEGATE)) ? x->input[0] : NULL;
}
