// Along one axis: the softmax, its logarithm, and the place of the maximum.
#include "graph/build.h"
#include "graph/gradient.h"

#include <math.h>

// s_i = e^x_i / sum_j e^x_j: ds_i/dx_j = s_i (1[i = j] - s_j), so dx = y (dy - sum(dy y)).
static void softmax_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    const gm_axis_attributes *attributes = y->attributes;
    if (wanted[0])
        dx[0] = gm_multiply(y, gm_subtract(dy, gm_sum(gm_multiply(dy, y), GM_AXIS(attributes->axis))));
}

// d ln s_i/dx_j = 1[i = j] - s_j, so dx = dy - e^y sum(dy).
static void log_softmax_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    const gm_axis_attributes *attributes = y->attributes;
    if (wanted[0])
        dx[0] = gm_subtract(dy, gm_multiply(gm_exp(y), gm_sum(dy, GM_AXIS(attributes->axis))));
}

const gm_op gm_op_softmax = {.name = "softmax", .kind = GM_OP_KERNEL};
const gm_op gm_op_log_softmax = {.name = "log_softmax", .kind = GM_OP_KERNEL};
const gm_op gm_op_argmax = {.name = "argmax", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_softmax[] = {
    {&gm_op_softmax, softmax_gradient},
    {&gm_op_log_softmax, log_softmax_gradient},
    {0},
};

bool gm_axis_usable(const char *what, const char *name, gm_tensor *x, size_t axis, gm_tensor **poison) {
    if (!gm_usable(what, &x, 1, poison))
        return false;
    if (x->type != GM_FLOAT32) {
        gm_fault(x->graph, "%s: %s %s is %s but must be float32; cast it", what, name, gm_describe(x),
                 gm_type_text(x->type));
        return false;
    }
    if (axis >= x->shape.rank) {
        gm_fault(x->graph, "%s: %s %s has no axis %zu", what, name, gm_describe(x), axis);
        return false;
    }
    return true;
}

static gm_tensor *along_axis(const gm_op *op, gm_tensor *x, gm_type type, const gm_shape *shape, size_t axis) {
    gm_axis_attributes attributes = {.axis = axis};
    return gm_node(x->graph, op, type, shape, &x, 1, &attributes, sizeof attributes, NULL);
}

// `equal`: what it makes of equal values.
static gm_tensor *probabilities(const gm_op *op, gm_tensor *x, size_t axis, double (*equal)(double count)) {
    gm_tensor *poison;
    double value;
    if (!gm_axis_usable(op->name, "x", x, axis, &poison))
        return poison;
    if (gm_known(x, &value))
        return gm_filled(x->graph, GM_FLOAT32, &x->shape, equal((double)x->shape.dim[axis]));
    return along_axis(op, x, GM_FLOAT32, &x->shape, axis);
}

static double one_of(double count) {
    return 1 / count;
}

static double log_of_one_of(double count) {
    return -log(count);
}

gm_tensor *gm_softmax(gm_tensor *x, size_t axis) {
    return probabilities(&gm_op_softmax, x, axis, one_of);
}

gm_tensor *gm_log_softmax(gm_tensor *x, size_t axis) {
    return probabilities(&gm_op_log_softmax, x, axis, log_of_one_of);
}

gm_tensor *gm_argmax(gm_tensor *x, size_t axis) {
    gm_tensor *poison;
    double value;
    if (!gm_axis_usable("argmax", "x", x, axis, &poison))
        return poison;
    if (x->shape.dim[axis] > INT32_MAX)
        return gm_fault(x->graph, "argmax: axis %zu of x %s is too long", axis, gm_describe(x));
    gm_shape shape = x->shape;
    shape.dim[axis] = 1;
    if (x->shape.dim[axis] == 1 || gm_known(x, &value))
        return gm_filled(x->graph, GM_INT32, &shape, 0);
    return along_axis(&gm_op_argmax, x, GM_INT32, &shape, axis);
}
