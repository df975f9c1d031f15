// Operations that move elements without changing them: pad (with zeros) and concat.
#include "graph/build.h"

static void pad_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    const gm_axes_attributes *before = y->attributes;
    dx[0] = gm_slice(dy, before->value, y->input[0]->shape.dim);
}

static void concat_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    size_t axis = ((const gm_concat_attributes *)y->attributes)->axis;
    size_t begin[GM_MAX_RANK] = {0};
    for (size_t i = 0; i < y->input_count; i++) {
        const gm_shape *part = &y->input[i]->shape;
        if (wanted[i])
            dx[i] = gm_slice(dy, begin, part->dim);
        begin[axis] += part->dim[axis];
    }
}

const gm_op gm_op_pad = {.name = "pad", .kind = GM_OP_KERNEL, .gradient = pad_gradient};
const gm_op gm_op_concat = {.name = "concat", .kind = GM_OP_KERNEL, .gradient = concat_gradient};

gm_tensor *gm_pad(gm_tensor *x, const size_t *before, const size_t *after) {
    gm_tensor *poison;
    if (!gm_usable("pad", &x, 1, &poison))
        return poison;
    gm_shape shape = {.rank = x->shape.rank};
    if (shape.rank > 0 && (!before || !after))
        return gm_fault(x->graph, "pad: before or after is NULL but x %s has %zu axes", gm_describe(x), shape.rank);
    gm_axes_attributes attributes = {{0}};
    for (size_t i = 0; i < shape.rank; i++) {
        if (before[i] > SIZE_MAX / 8 || after[i] > SIZE_MAX / 8)
            return gm_fault(x->graph, "pad: %zu before and %zu after axis %zu of x %s are too many", before[i],
                            after[i], i, gm_describe(x));
        attributes.value[i] = before[i];
        shape.dim[i] = before[i] + x->shape.dim[i] + after[i];
    }
    if (!gm_shape_usable(x->graph, "pad", &shape))
        return poison;
    if (gm_shape_equal(&shape, &x->shape))
        return x;
    if (gm_known_equal(x, 0))
        return gm_filled(x->graph, x->type, &shape, 0);
    if (gm_hidden_is(x, &gm_op_pad)) { // zeros around zeros
        const gm_axes_attributes *inner = x->attributes;
        x = x->input[0];
        for (size_t i = 0; i < shape.rank; i++)
            attributes.value[i] += inner->value[i];
    }
    return gm_node(x->graph, &gm_op_pad, x->type, &shape, &x, 1, &attributes, sizeof attributes, NULL);
}

// Whether every part is one and the same constant.
static bool all_known(gm_tensor *const *xs, size_t count, double *value) {
    if (!gm_known(xs[0], value))
        return false;
    for (size_t i = 1; i < count; i++)
        if (!gm_known_equal(xs[i], *value))
            return false;
    return true;
}

gm_tensor *gm_concat(gm_tensor *const *xs, size_t count, size_t axis) {
    if (!xs || count == 0)
        return NULL;
    gm_tensor *poison;
    if (!gm_usable("concat", xs, count, &poison))
        return poison;
    gm_graph *graph = xs[0]->graph;
    gm_shape shape = xs[0]->shape;
    if (axis >= shape.rank)
        return gm_fault(graph, "concat: axis %zu is out of range for input 0 %s", axis, gm_describe(xs[0]));
    for (size_t i = 1; i < count; i++) {
        const gm_tensor *x = xs[i];
        bool fits = x->shape.rank == shape.rank;
        for (size_t k = 0; fits && k < shape.rank; k++)
            fits = k == axis || x->shape.dim[k] == shape.dim[k];
        if (!fits)
            return gm_fault(graph, "concat: input %zu %s does not fit input 0 %s along axis %zu", i, gm_describe(x),
                            gm_describe(xs[0]), axis);
        if (x->type != xs[0]->type)
            return gm_fault(graph, "concat: input %zu %s is %s but input 0 is %s; cast one of them", i, gm_describe(x),
                            gm_type_text(x->type), gm_type_text(xs[0]->type));
        shape.dim[axis] += x->shape.dim[axis];
    }
    if (!gm_shape_usable(graph, "concat", &shape))
        return poison;
    if (count == 1)
        return xs[0];
    double value;
    if (all_known(xs, count, &value))
        return gm_filled(graph, xs[0]->type, &shape, value);
    gm_concat_attributes attributes = {.axis = axis};
    return gm_node(graph, &gm_op_concat, xs[0]->type, &shape, xs, count, &attributes, sizeof attributes, NULL);
}
