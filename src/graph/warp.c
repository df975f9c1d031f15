// Warps: images read between their pixels, at places that other values say; the adjoint sums what was read there.
//   f = floor(p), t = p - f for a place p along an axis:
//   y = sum over the pixels f + 0 and f + 1 of both axes of (1 - t or t)(1 - u or u) x, outside of which x is 0
#include "graph/build.h"
#include "graph/gradient.h"

const gm_op gm_op_warp = {.name = "warp", .kind = GM_OP_KERNEL};
const gm_op gm_op_warp_adjoint = {.name = "warp_adjoint", .kind = GM_OP_KERNEL};

// ---- Constructors ----

static bool usable(const char *what, const char *name, gm_tensor *x, gm_tensor *places, gm_tensor **poison) {
    if (!gm_usable(what, (gm_tensor *[]){x, places}, 2, poison))
        return false;
    if (x->shape.rank != 4 || x->type != GM_FLOAT32) {
        gm_fault(x->graph, "%s: %s %s is %s but must be float32 images (N, C, H, W)", what, name, gm_describe(x),
                 gm_type_text(x->type));
        return false;
    }
    if (places->type == GM_FLOAT32 && places->shape.rank == 4 && places->shape.dim[0] == x->shape.dim[0] &&
        places->shape.dim[1] == 2)
        return true;
    gm_fault(x->graph, "%s: places %s are %s but must be float32 (%zu, 2, rows, columns)", what, gm_describe(places),
             gm_type_text(places->type), x->shape.dim[0]);
    return false;
}

gm_tensor *gm_warp2d(gm_tensor *x, gm_tensor *places) {
    gm_tensor *poison;
    if (!usable("warp2d", "x", x, places, &poison))
        return poison;
    gm_shape shape = {4, {x->shape.dim[0], x->shape.dim[1], places->shape.dim[2], places->shape.dim[3]}};
    if (!gm_shape_usable(x->graph, "warp2d", &shape))
        return poison;
    if (gm_known_equal(x, 0))
        return gm_filled(x->graph, GM_FLOAT32, &shape, 0);
    return gm_node(x->graph, &gm_op_warp, GM_FLOAT32, &shape, (gm_tensor *[]){x, places}, 2, NULL, 0, NULL);
}

gm_tensor *gm_warp2d_adjoint(gm_tensor *y, gm_tensor *places, size_t height, size_t width) {
    gm_tensor *poison;
    if (!usable("warp2d_adjoint", "y", y, places, &poison))
        return poison;
    if (y->shape.dim[2] != places->shape.dim[2] || y->shape.dim[3] != places->shape.dim[3])
        return gm_fault(y->graph, "warp2d_adjoint: y %s has other rows and columns than places %s", gm_describe(y),
                        gm_describe(places));
    gm_shape shape = {4, {y->shape.dim[0], y->shape.dim[1], height, width}};
    if (!gm_shape_usable(y->graph, "warp2d_adjoint", &shape))
        return poison;
    if (gm_known_equal(y, 0))
        return gm_filled(y->graph, GM_FLOAT32, &shape, 0);
    return gm_node(y->graph, &gm_op_warp_adjoint, GM_FLOAT32, &shape, (gm_tensor *[]){y, places}, 2, NULL, 0, NULL);
}

// ---- Gradients ----

// Row or column `axis` of the places, (N, 1, ...).
static gm_tensor *coordinate(gm_tensor *places, size_t axis) {
    const size_t *d = places->shape.dim;
    return gm_slice(places, (size_t[]){0, axis, 0, 0}, (size_t[]){d[0], 1, d[2], d[3]});
}

// Of sum(dy warp2d(x, places)) along one axis: there y changes by x[f + 1] - x[f], which is the image of differences
// at f + 1, x being 0 above its first pixel and below its last.
static gm_tensor *along(gm_tensor *x, gm_tensor *dy, gm_tensor *places, size_t axis) {
    size_t one[4] = {0}, none[4] = {0}, size[4];
    one[2 + axis] = 1;
    for (size_t i = 0; i < 4; i++)
        size[i] = x->shape.dim[i] + one[i];
    gm_tensor *padded = gm_pad(x, one, one);
    gm_tensor *differences = gm_subtract(gm_slice(padded, one, size), gm_slice(padded, none, size));
    gm_tensor *at[2] = {coordinate(places, 0), coordinate(places, 1)};
    at[axis] = gm_offset(gm_floor(at[axis]), 1);
    return gm_sum(gm_multiply(dy, gm_warp2d(differences, gm_concat(at, 2, 1))), GM_AXIS(1));
}

static gm_tensor *places_gradient(gm_tensor *x, gm_tensor *dy, gm_tensor *places) {
    return gm_concat((gm_tensor *[]){along(x, dy, places, 0), along(x, dy, places, 1)}, 2, 1);
}

static void warp_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    gm_tensor *x = y->input[0], *places = y->input[1];
    if (wanted[0])
        dx[0] = gm_warp2d_adjoint(dy, places, x->shape.dim[2], x->shape.dim[3]);
    if (wanted[1])
        dx[1] = places_gradient(x, dy, places);
}

// <dx, adjoint(y)> = <warp(dx), y>
static void adjoint_gradient(gm_tensor *x, gm_tensor *dx, const bool *wanted, gm_tensor **dy) {
    gm_tensor *y = x->input[0], *places = x->input[1];
    if (wanted[0])
        dy[0] = gm_warp2d(dx, places);
    if (wanted[1])
        dy[1] = places_gradient(dx, y, places);
}

const gm_rule gm_rules_warp[] = {
    {&gm_op_warp, warp_gradient},
    {&gm_op_warp_adjoint, adjoint_gradient},
    {0},
};
