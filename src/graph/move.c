// Parts of tensors: slice takes one out, pad puts zeros around it, concat joins several.
#include "graph/build.h"

#include <string.h>

const gm_op gm_op_slice = {.name = "slice", .kind = GM_OP_VIEW};
const gm_op gm_op_pad = {.name = "pad", .kind = GM_OP_KERNEL};
const gm_op gm_op_concat = {.name = "concat", .kind = GM_OP_KERNEL};

// A slice of a slice is one slice; a slice inside what a pad surrounds, or inside one part of a concat, is a slice of
// that. NULL when x is none of these. Halves of a concatenated batch get their gradients this way.
static gm_tensor *slice_through(gm_tensor *x, const size_t *begin, const size_t *size) {
    size_t inner[GM_MAX_RANK], rank = x->shape.rank;
    memcpy(inner, begin, rank * sizeof *inner);
    if (x->op == &gm_op_slice) {
        const gm_axes_attributes *first = x->attributes;
        for (size_t i = 0; i < rank; i++)
            inner[i] += first->value[i];
        return gm_slice(x->input[0], inner, size);
    }
    if (x->op == &gm_op_pad) {
        const gm_axes_attributes *before = x->attributes;
        for (size_t i = 0; i < rank; i++) {
            if (begin[i] < before->value[i] || begin[i] + size[i] > before->value[i] + x->input[0]->shape.dim[i])
                return NULL;
            inner[i] -= before->value[i];
        }
        return gm_slice(x->input[0], inner, size);
    }
    if (x->op == &gm_op_concat) {
        size_t axis = ((const gm_concat_attributes *)x->attributes)->axis;
        for (size_t i = 0; i < x->input_count; i++) {
            size_t length = x->input[i]->shape.dim[axis];
            if (inner[axis] < length)
                return inner[axis] + size[axis] <= length ? gm_slice(x->input[i], inner, size) : NULL;
            inner[axis] -= length;
        }
    }
    return NULL;
}

gm_tensor *gm_slice(gm_tensor *x, const size_t *begin, const size_t *size) {
    gm_tensor *poison;
    if (!gm_usable("slice", &x, 1, &poison))
        return poison;
    gm_axes_attributes attributes = {{0}};
    gm_shape shape = {.rank = x->shape.rank};
    if (shape.rank > 0 && (!begin || !size))
        return gm_fault(x->graph, "slice: begin or size is NULL but x %s has %zu axes", gm_describe(x), shape.rank);
    for (size_t i = 0; i < shape.rank; i++) {
        if (size[i] == 0 || begin[i] > x->shape.dim[i] || size[i] > x->shape.dim[i] - begin[i])
            return gm_fault(x->graph, "slice: %zu elements from %zu on are not in axis %zu of x %s", size[i], begin[i],
                            i, gm_describe(x));
        attributes.value[i] = begin[i];
        shape.dim[i] = size[i];
    }
    if (gm_shape_equal(&shape, &x->shape))
        return x;
    gm_tensor *through = x->hidden ? slice_through(x, begin, size) : NULL;
    if (through)
        return through;
    double value;
    if (gm_known(x, &value))
        return gm_filled(x->graph, x->type, &shape, value);
    return gm_node(x->graph, &gm_op_slice, x->type, &shape, &x, 1, &attributes, sizeof attributes, NULL);
}

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
