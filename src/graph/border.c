// Borders: images with what lies inside them around them, and the adjoint, which adds the border to where it is from.
#include "graph/build.h"
#include "graph/gradient.h"

static gm_tensor *node(const gm_op *op, gm_tensor *x, const gm_shape *shape, const gm_border_attributes *border) {
    double value;
    if (gm_is_poison(x) || !gm_shape_usable(x->graph, op->name, shape))
        return x->graph->nodes[0];
    if (gm_known(x, &value) && (value == 0 || op == &gm_op_border))
        return gm_filled(x->graph, GM_FLOAT32, shape, value);
    return gm_node(x->graph, op, GM_FLOAT32, shape, &x, 1, border, sizeof *border, NULL);
}

static gm_tensor *around(gm_tensor *x, const gm_border_attributes *border) {
    gm_shape shape = x->shape;
    for (size_t i = 0; i < 2; i++)
        shape.dim[2 + i] += border->before[i] + border->after[i];
    return node(&gm_op_border, x, &shape, border);
}

static gm_tensor *back(gm_tensor *y, const gm_border_attributes *border) {
    if (gm_is_poison(y))
        return y;
    gm_shape shape = y->shape;
    for (size_t i = 0; i < 2; i++)
        shape.dim[2 + i] -= border->before[i] + border->after[i];
    return node(&gm_op_border_adjoint, y, &shape, border);
}

static void border_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = back(dy, y->attributes);
}

static void border_adjoint_gradient(gm_tensor *x, gm_tensor *dx, const bool *wanted, gm_tensor **dy) {
    (void)wanted;
    dy[0] = around(dx, x->attributes);
}

const gm_op gm_op_border = {.name = "border", .kind = GM_OP_KERNEL};
const gm_op gm_op_border_adjoint = {.name = "border_adjoint", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_border[] = {
    {&gm_op_border, border_gradient},
    {&gm_op_border_adjoint, border_adjoint_gradient},
    {0},
};

gm_tensor *gm_pad2d(gm_tensor *x, const size_t before[2], const size_t after[2], gm_padding_mode mode) {
    gm_tensor *poison;
    if (!gm_usable("pad2d", &x, 1, &poison))
        return poison;
    if (x->shape.rank != 4 || x->type != GM_FLOAT32)
        return gm_fault(x->graph, "pad2d: x %s is %s but must be float32 images (N, C, H, W)", gm_describe(x),
                        gm_type_text(x->type));
    if (mode == GM_PADDING_ZERO)
        return gm_pad(x, (size_t[]){0, 0, before[0], before[1]}, (size_t[]){0, 0, after[0], after[1]});
    if (mode != GM_PADDING_REFLECT && mode != GM_PADDING_REPLICATE)
        return gm_fault(x->graph, "there is no padding mode %d", (int)mode);
    gm_border_attributes border = {.mode = (int)mode};
    size_t sum = 0;
    for (size_t i = 0; i < 2; i++) {
        border.before[i] = before[i];
        border.after[i] = after[i];
        sum += before[i] + after[i];
        if (mode == GM_PADDING_REFLECT && GM_MAX(before[i], after[i]) >= x->shape.dim[2 + i])
            return gm_fault(x->graph, "%zu values cannot be reflected at the edge of axis %zu of %s: fewer than %zu",
                            GM_MAX(before[i], after[i]), 2 + i, gm_shape_text(&x->shape), x->shape.dim[2 + i]);
        if (GM_MAX(before[i], after[i]) > INT32_MAX / 4)
            return gm_fault(x->graph, "pad2d: a border of %zu values is too large", GM_MAX(before[i], after[i]));
    }
    return sum == 0 ? x : around(x, &border);
}
