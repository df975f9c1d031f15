// Reductions over sets of axes, which stay with size 1: sum and max, and what is made of them.
#include "graph/build.h"

#include <math.h>

const gm_op gm_op_sum = {.name = "sum", .kind = GM_OP_KERNEL};
const gm_op gm_op_max = {.name = "max", .kind = GM_OP_KERNEL};
const gm_op gm_op_variance = {.name = "variance", .kind = GM_OP_VIEW};

// Checks the input and drops the axes of size 1, along which nothing is to be done.
static bool reduction_usable(const char *what, gm_tensor *x, uint32_t *axes, gm_tensor **poison) {
    if (!gm_usable(what, &x, 1, poison))
        return false;
    if (x->type != GM_FLOAT32) {
        gm_fault(x->graph, "%s: x %s is %s but must be float32; cast it", what, gm_describe(x), gm_type_text(x->type));
        return false;
    }
    if (*axes & ~gm_all_axes(x->shape.rank)) {
        gm_fault(x->graph, "%s: the set of axes 0x%x names an axis that x %s does not have", what, (unsigned)*axes,
                 gm_describe(x));
        return false;
    }
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] == 1)
            *axes &= ~GM_AXIS(i);
    return true;
}

static gm_shape reduced_shape(const gm_shape *shape, uint32_t axes) {
    gm_shape reduced = *shape;
    for (size_t i = 0; i < shape->rank; i++)
        if (axes & GM_AXIS(i))
            reduced.dim[i] = 1;
    return reduced;
}

static double reduced_count(const gm_shape *shape, uint32_t axes) {
    double count = 1;
    for (size_t i = 0; i < shape->rank; i++)
        if (axes & GM_AXIS(i))
            count *= (double)shape->dim[i];
    return count;
}

static gm_tensor *reduce(const gm_op *op, gm_tensor *x, uint32_t axes) {
    gm_shape shape = reduced_shape(&x->shape, axes);
    gm_reduce_attributes attributes = {.axes = axes};
    return gm_node(x->graph, op, x->type, &shape, &x, 1, &attributes, sizeof attributes, NULL);
}

// The axes along which a hidden broadcast repeats its input.
static uint32_t repeated_axes(const gm_tensor *x) {
    if (!gm_hidden_is(x, &gm_op_broadcast))
        return 0;
    const gm_shape *from = &x->input[0]->shape;
    size_t added = x->shape.rank - from->rank;
    uint32_t axes = 0;
    for (size_t i = 0; i < x->shape.rank; i++)
        if (x->shape.dim[i] != 1 && (i < added || from->dim[i - added] == 1))
            axes |= GM_AXIS(i);
    return axes;
}

gm_tensor *gm_sum(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!reduction_usable("sum", x, &axes, &poison))
        return poison;
    if (axes == 0)
        return x;
    gm_shape shape = reduced_shape(&x->shape, axes);
    double value, count = reduced_count(&x->shape, axes);
    if (gm_known(x, &value) && isfinite((float)(value * count)))
        return gm_filled(x->graph, x->type, &shape, value * count);
    uint32_t repeated = repeated_axes(x) & axes;
    if (repeated != 0) { // n equal terms are n times one
        shape = reduced_shape(&x->shape, repeated);
        return gm_scale(gm_sum(gm_broadcast(x->input[0], shape), axes & ~repeated), reduced_count(&x->shape, repeated));
    }
    if (gm_hidden_is(x, &gm_op_sum)) {
        axes |= ((const gm_reduce_attributes *)x->attributes)->axes;
        x = x->input[0];
    }
    return reduce(&gm_op_sum, x, axes);
}

gm_tensor *gm_mean(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!reduction_usable("mean", x, &axes, &poison))
        return poison;
    double value;
    if (gm_known(x, &value)) { // not by way of the sum, which may overflow
        gm_shape shape = reduced_shape(&x->shape, axes);
        return gm_filled(x->graph, x->type, &shape, value);
    }
    return gm_scale(gm_sum(x, axes), 1 / reduced_count(&x->shape, axes));
}

gm_tensor *gm_max(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!reduction_usable("max", x, &axes, &poison))
        return poison;
    double value;
    gm_shape shape = reduced_shape(&x->shape, axes);
    if (gm_known(x, &value))
        return gm_filled(x->graph, x->type, &shape, value);
    uint32_t repeated = repeated_axes(x) & axes;
    if (repeated != 0) {
        shape = reduced_shape(&x->shape, repeated);
        return gm_max(gm_broadcast(x->input[0], shape), axes & ~repeated);
    }
    return axes == 0 ? x : reduce(&gm_op_max, x, axes);
}

gm_tensor *gm_sum_all(gm_tensor *x) {
    return gm_reshape(gm_sum(x, gm_all_axes(gm_tensor_shape(x)->rank)), (gm_shape){.rank = 0});
}

gm_tensor *gm_mean_all(gm_tensor *x) {
    return gm_reshape(gm_mean(x, gm_all_axes(gm_tensor_shape(x)->rank)), (gm_shape){.rank = 0});
}

// mean(d^2) - mean(d)^2 with d = x less its first value, in one pass over x that its mean shares. As many digits are
// lost as the square of that value's distance from the mean has beside the variance: one, as a rule.
static gm_tensor *variance_in_one_pass(gm_tensor *x, uint32_t axes) {
    gm_tensor *poison;
    if (!reduction_usable("variance", x, &axes, &poison))
        return poison;
    const size_t begin[GM_MAX_RANK] = {0};
    gm_shape first = reduced_shape(&x->shape, axes);
    gm_tensor *d = gm_subtract(x, gm_slice(x, begin, first.dim));
    return gm_relu(gm_subtract(gm_mean(gm_square(d), axes), gm_square(gm_mean(d, axes))));
}

gm_tensor *gm_variance(gm_tensor *x, uint32_t axes) {
    gm_tensor *value = x->graph->few_passes ? variance_in_one_pass(x, axes)
                                            : gm_mean(gm_square(gm_subtract(x, gm_mean(x, axes))), axes);
    double known;
    if (gm_is_poison(value) || gm_known(value, &known))
        return value;
    return gm_node(x->graph, &gm_op_variance, x->type, &value->shape, (gm_tensor *[]){value, x}, 2, NULL, 0, NULL);
}
