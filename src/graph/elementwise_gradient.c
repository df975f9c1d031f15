// Gradients of the element-wise operations. x, a, b are inputs, y the result, `dy` its gradient.
#include "graph/elementwise.h"
#include "graph/gradient.h"

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
    dx[0] = gm_select(gm_greater(y, zeros_like(y)), dy, gm_scale(dy, gm_element_number(y)));
}

static void scale_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = gm_scale(dy, gm_element_number(y));
}

static void offset_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)y;
    (void)wanted;
    dx[0] = dy;
}

const gm_rule gm_rules_elementwise[] = {
    {&gm_elements[GM_ELEMENT_ADD].op, add_gradient},
    {&gm_elements[GM_ELEMENT_SUBTRACT].op, subtract_gradient},
    {&gm_elements[GM_ELEMENT_MULTIPLY].op, multiply_gradient},
    {&gm_elements[GM_ELEMENT_DIVIDE].op, divide_gradient},
    {&gm_elements[GM_ELEMENT_MINIMUM].op, minimum_gradient},
    {&gm_elements[GM_ELEMENT_MAXIMUM].op, maximum_gradient},
    {&gm_elements[GM_ELEMENT_SELECT].op, select_gradient},
    {&gm_elements[GM_ELEMENT_NEGATE].op, negate_gradient},
    {&gm_elements[GM_ELEMENT_ABS].op, abs_gradient},
    {&gm_elements[GM_ELEMENT_EXP].op, exp_gradient},
    {&gm_elements[GM_ELEMENT_LOG].op, log_gradient},
    {&gm_elements[GM_ELEMENT_SQRT].op, sqrt_gradient},
    {&gm_elements[GM_ELEMENT_RSQRT].op, rsqrt_gradient},
    {&gm_elements[GM_ELEMENT_SQUARE].op, square_gradient},
    {&gm_elements[GM_ELEMENT_SIN].op, sin_gradient},
    {&gm_elements[GM_ELEMENT_COS].op, cos_gradient},
    {&gm_elements[GM_ELEMENT_TANH].op, tanh_gradient},
    {&gm_elements[GM_ELEMENT_SIGMOID].op, sigmoid_gradient},
    {&gm_elements[GM_ELEMENT_SOFTPLUS].op, softplus_gradient},
    {&gm_elements[GM_ELEMENT_RELU].op, relu_gradient},
    {&gm_elements[GM_ELEMENT_LEAKY_RELU].op, leaky_relu_gradient},
    {&gm_elements[GM_ELEMENT_SCALE].op, scale_gradient},
    {&gm_elements[GM_ELEMENT_OFFSET].op, offset_gradient},
    {0},
};
