// Convolution in its three forms. x (N, C, H, W), w (K, C, R, S) and y (N, K, OH, OW) are bound by one trilinear sum
//   sum over n, k, c, oh, ow, r, s of  y[n,k,oh,ow] w[k,c,r,s] x[n,c,oh*stride + r - padding, ow*stride + s - padding]
// and each form is its derivative by one of them, so the gradients of each are the other two.
#include "graph/build.h"
#include "graph/gradient.h"

// The form that gives x from (y, w), w from (x, y) or y from (x, w), under a geometry that is known to be right.
static gm_tensor *conv_node(const gm_op *op, const gm_shape *shape, gm_tensor *a, gm_tensor *b,
                            const gm_conv_attributes *geometry) {
    gm_tensor *inputs[] = {a, b};
    if (gm_is_poison(a) || gm_is_poison(b))
        return gm_is_poison(a) ? a : b;
    if (!gm_shape_usable(a->graph, op->name, shape))
        return a->graph->nodes[0];
    if (gm_known_equal(a, 0) || gm_known_equal(b, 0))
        return gm_filled(a->graph, GM_FLOAT32, shape, 0);
    return gm_node(a->graph, op, GM_FLOAT32, shape, inputs, 2, geometry, sizeof *geometry, NULL);
}

static void conv_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    gm_tensor *x = y->input[0], *w = y->input[1];
    if (wanted[0])
        dx[0] = conv_node(&gm_op_conv_input, &x->shape, dy, w, y->attributes);
    if (wanted[1])
        dx[1] = conv_node(&gm_op_conv_weight, &w->shape, x, dy, y->attributes);
}

static void conv_input_gradient(gm_tensor *x, gm_tensor *dx, const bool *wanted, gm_tensor **d) {
    gm_tensor *y = x->input[0], *w = x->input[1];
    if (wanted[0])
        d[0] = conv_node(&gm_op_conv, &y->shape, dx, w, x->attributes);
    if (wanted[1])
        d[1] = conv_node(&gm_op_conv_weight, &w->shape, dx, y, x->attributes);
}

static void conv_weight_gradient(gm_tensor *w, gm_tensor *dw, const bool *wanted, gm_tensor **d) {
    gm_tensor *x = w->input[0], *y = w->input[1];
    if (wanted[0])
        d[0] = conv_node(&gm_op_conv_input, &x->shape, y, dw, w->attributes);
    if (wanted[1])
        d[1] = conv_node(&gm_op_conv, &y->shape, x, dw, w->attributes);
}

const gm_op gm_op_conv = {.name = "conv", .kind = GM_OP_KERNEL};
const gm_op gm_op_conv_input = {.name = "conv_input", .kind = GM_OP_KERNEL};
const gm_op gm_op_conv_weight = {.name = "conv_weight", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_conv[] = {
    {&gm_op_conv, conv_gradient},
    {&gm_op_conv_input, conv_input_gradient},
    {&gm_op_conv_weight, conv_weight_gradient},
    {0},
};

// Two images or maps and kernels must be float32 of rank 4.
static bool operands_usable(const char *what, const char *const *names, gm_tensor *const *xs, gm_tensor **poison) {
    if (!gm_usable(what, xs, 2, poison))
        return false;
    for (size_t i = 0; i < 2; i++) {
        if (xs[i]->type == GM_FLOAT32 && xs[i]->shape.rank == 4)
            continue;
        gm_fault(xs[i]->graph, "%s: %s %s is %s of rank %zu but must be float32 of rank 4", what, names[i],
                 gm_describe(xs[i]), gm_type_text(xs[i]->type), xs[i]->shape.rank);
        return false;
    }
    return true;
}

// Stride, padding and kernel; the caller adds image and map.
static bool geometry_usable(gm_graph *graph, const char *what, const size_t *kernel, const gm_conv2d_params *params,
                            bool transpose, gm_conv_attributes *geometry) {
    *geometry = (gm_conv_attributes){{0}, {0}, {0}, {0}, {0}};
    for (size_t i = 0; i < 2; i++) {
        geometry->kernel[i] = kernel[i];
        geometry->stride[i] = params && params->stride[i] ? params->stride[i] : 1;
        geometry->padding[i] = params ? params->padding[i] : 0;
        size_t output_padding = params ? params->output_padding[i] : 0;
        if (kernel[i] == 0 || geometry->padding[i] > INT32_MAX || geometry->stride[i] > INT32_MAX) {
            gm_fault(graph, "%s: kernel %zu, stride %zu or padding %zu cannot be", what, kernel[i], geometry->stride[i],
                     geometry->padding[i]);
            return false;
        }
        if (output_padding >= (transpose ? geometry->stride[i] : 1)) {
            gm_fault(graph, "%s: output_padding %zu %s", what, output_padding,
                     transpose ? "must be below the stride" : "is for conv2d_transpose alone");
            return false;
        }
    }
    return true;
}

// map = (image + 2 padding - kernel) / stride + 1
static bool set_image(gm_graph *graph, const char *what, const gm_tensor *x, gm_conv_attributes *geometry) {
    for (size_t i = 0; i < 2; i++) {
        size_t padded = x->shape.dim[2 + i] + 2 * geometry->padding[i];
        if (padded < geometry->kernel[i]) {
            gm_fault(graph, "%s: the kernel's %zu is larger than x %s with padding %zu in axis %zu", what,
                     geometry->kernel[i], gm_describe(x), geometry->padding[i], 2 + i);
            return false;
        }
        geometry->image[i] = x->shape.dim[2 + i];
        geometry->map[i] = (padded - geometry->kernel[i]) / geometry->stride[i] + 1;
    }
    return true;
}

gm_tensor *gm_conv2d(gm_tensor *x, gm_tensor *w, const gm_conv2d_params *params) {
    static const char *const names[] = {"x", "w"};
    gm_tensor *inputs[] = {x, w}, *poison;
    gm_conv_attributes geometry;
    if (!operands_usable("conv2d", names, inputs, &poison))
        return poison;
    if (x->shape.dim[1] != w->shape.dim[1])
        return gm_fault(x->graph, "conv2d: x %s has %zu channels but w %s expects %zu", gm_describe(x), x->shape.dim[1],
                        gm_describe(w), w->shape.dim[1]);
    if (!geometry_usable(x->graph, "conv2d", &w->shape.dim[2], params, false, &geometry) ||
        !set_image(x->graph, "conv2d", x, &geometry))
        return poison;
    gm_shape shape = {.rank = 4, .dim = {x->shape.dim[0], w->shape.dim[0], geometry.map[0], geometry.map[1]}};
    return conv_node(&gm_op_conv, &shape, x, w, &geometry);
}

gm_tensor *gm_conv2d_transpose(gm_tensor *x, gm_tensor *w, const gm_conv2d_params *params) {
    static const char *const names[] = {"x", "w"};
    gm_tensor *inputs[] = {x, w}, *poison;
    gm_conv_attributes geometry;
    if (!operands_usable("conv2d_transpose", names, inputs, &poison))
        return poison;
    if (x->shape.dim[1] != w->shape.dim[0])
        return gm_fault(x->graph, "conv2d_transpose: x %s has %zu channels but w %s expects %zu", gm_describe(x),
                        x->shape.dim[1], gm_describe(w), w->shape.dim[0]);
    if (!geometry_usable(x->graph, "conv2d_transpose", &w->shape.dim[2], params, true, &geometry))
        return poison;
    for (size_t i = 0; i < 2; i++) {
        size_t output_padding = params ? params->output_padding[i] : 0;
        size_t whole = (x->shape.dim[2 + i] - 1) * geometry.stride[i] + geometry.kernel[i] + output_padding;
        if (whole <= 2 * geometry.padding[i])
            return gm_fault(x->graph, "conv2d_transpose: padding %zu leaves nothing of x %s in axis %zu",
                            geometry.padding[i], gm_describe(x), 2 + i);
        geometry.map[i] = x->shape.dim[2 + i];
        geometry.image[i] = whole - 2 * geometry.padding[i];
    }
    gm_shape shape = {.rank = 4, .dim = {x->shape.dim[0], w->shape.dim[1], geometry.image[0], geometry.image[1]}};
    return conv_node(&gm_op_conv_input, &shape, x, w, &geometry);
}

gm_tensor *gm_conv2d_weight(gm_tensor *x, gm_tensor *dy, const size_t kernel[2], const gm_conv2d_params *params) {
    static const char *const names[] = {"x", "dy"};
    gm_tensor *inputs[] = {x, dy}, *poison;
    gm_conv_attributes geometry;
    if (!operands_usable("conv2d_weight", names, inputs, &poison))
        return poison;
    if (!kernel)
        return gm_fault(x->graph, "conv2d_weight: kernel is NULL");
    if (!geometry_usable(x->graph, "conv2d_weight", kernel, params, false, &geometry) ||
        !set_image(x->graph, "conv2d_weight", x, &geometry))
        return poison;
    if (x->shape.dim[0] != dy->shape.dim[0] || dy->shape.dim[2] != geometry.map[0] ||
        dy->shape.dim[3] != geometry.map[1])
        return gm_fault(x->graph, "conv2d_weight: dy %s does not fit x %s, whose result is (%zu, K, %zu, %zu)",
                        gm_describe(dy), gm_describe(x), x->shape.dim[0], geometry.map[0], geometry.map[1]);
    gm_shape shape = {.rank = 4, .dim = {dy->shape.dim[1], x->shape.dim[1], kernel[0], kernel[1]}};
    return conv_node(&gm_op_conv_weight, &shape, x, dy, &geometry);
}
