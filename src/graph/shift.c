// Shifts: images moved by a whole number of pixels each. The adjoint moves them back.
#include "graph/build.h"
#include "graph/gradient.h"

static void shift_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = gm_shift2d(dy, gm_negate(y->input[1]));
}

const gm_op gm_op_shift = {.name = "shift", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_shift[] = {
    {&gm_op_shift, shift_gradient},
    {0},
};

gm_tensor *gm_shift2d(gm_tensor *x, gm_tensor *offsets) {
    gm_tensor *inputs[] = {x, offsets}, *poison;
    if (!gm_usable("shift2d", inputs, 2, &poison))
        return poison;
    if (x->shape.rank != 4 || x->type != GM_FLOAT32)
        return gm_fault(x->graph, "shift2d: x %s is %s but must be float32 images (N, C, H, W)", gm_describe(x),
                        gm_type_text(x->type));
    if (offsets->type != GM_INT32 || !gm_shape_equal(&offsets->shape, &(gm_shape){2, {x->shape.dim[0], 2}}))
        return gm_fault(x->graph, "shift2d: offsets %s are %s but must be int32 (%zu, 2), a pair for each image of x",
                        gm_describe(offsets), gm_type_text(offsets->type), x->shape.dim[0]);
    if (gm_known_equal(x, 0) || gm_known_equal(offsets, 0))
        return x;
    return gm_node(x->graph, &gm_op_shift, GM_FLOAT32, &x->shape, inputs, 2, NULL, 0, NULL);
}
