// Pooling of images (N, C, H, W) in windows: averages, and maxima by way of a saved index.
//
// max_pool_index finds each window's first maximum once; max_pool gathers through it and max_pool_input sends gradients
// back through it, so the two are linear and each other's gradients.
#include "graph/build.h"
#include "graph/gradient.h"

static gm_tensor *pool_node(const gm_op *op, gm_type type, const gm_shape *shape, gm_tensor *x, gm_tensor *index,
                            const gm_pool_attributes *geometry) {
    if (gm_is_poison(x))
        return x;
    if (gm_known_equal(x, 0))
        return gm_filled(x->graph, type, shape, 0);
    return gm_node(x->graph, op, type, shape, (gm_tensor *[]){x, index}, index ? 2 : 1, geometry, sizeof *geometry,
                   NULL);
}

static void average_pool_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = pool_node(&gm_op_average_pool_input, GM_FLOAT32, &y->input[0]->shape, dy, NULL, y->attributes);
}

static void average_pool_input_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    (void)wanted;
    dx[0] = pool_node(&gm_op_average_pool, GM_FLOAT32, &y->input[0]->shape, dy, NULL, y->attributes);
}

static void max_pool_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = pool_node(&gm_op_max_pool_input, GM_FLOAT32, &y->input[0]->shape, dy, y->input[1], y->attributes);
}

static void max_pool_input_gradient(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx) {
    if (wanted[0])
        dx[0] = pool_node(&gm_op_max_pool, GM_FLOAT32, &y->input[0]->shape, dy, y->input[1], y->attributes);
}

const gm_op gm_op_average_pool = {.name = "average_pool", .kind = GM_OP_KERNEL};
const gm_op gm_op_average_pool_input = {.name = "average_pool_input", .kind = GM_OP_KERNEL};
const gm_op gm_op_max_pool_index = {.name = "max_pool_index", .kind = GM_OP_KERNEL};
const gm_op gm_op_max_pool = {.name = "max_pool", .kind = GM_OP_KERNEL};
const gm_op gm_op_max_pool_input = {.name = "max_pool_input", .kind = GM_OP_KERNEL};

const gm_rule gm_rules_pool[] = {
    {&gm_op_average_pool, average_pool_gradient},
    {&gm_op_average_pool_input, average_pool_input_gradient},
    {&gm_op_max_pool, max_pool_gradient},
    {&gm_op_max_pool_input, max_pool_input_gradient},
    {0},
};

static bool pool_usable(const char *what, gm_tensor *x, const gm_pool2d_params *params, gm_pool_attributes *geometry,
                        gm_shape *shape, gm_tensor **poison) {
    if (!gm_usable(what, &x, 1, poison))
        return false;
    if (x->type != GM_FLOAT32 || x->shape.rank != 4) {
        gm_fault(x->graph, "%s: x %s is %s of rank %zu but must be float32 of rank 4", what, gm_describe(x),
                 gm_type_text(x->type), x->shape.rank);
        return false;
    }
    if (!params) {
        gm_fault(x->graph, "%s: params is NULL but must give the kernel's size", what);
        return false;
    }
    *geometry = (gm_pool_attributes){{0}, {0}, {0}, {0}, {0}, {0}};
    *shape = x->shape;
    for (size_t i = 0; i < 2; i++) {
        size_t image = x->shape.dim[2 + i], kernel = params->kernel[i], padding = params->padding[i];
        if (kernel == 0 || kernel > INT32_MAX || padding > kernel / 2) {
            gm_fault(x->graph,
                     "%s: kernel %zu with padding %zu: the kernel must be at least 1, the padding at most "
                     "half of it",
                     what, kernel, padding);
            return false;
        }
        if (image + 2 * padding < kernel) {
            gm_fault(x->graph, "%s: the kernel's %zu is larger than x %s with padding %zu in axis %zu", what, kernel,
                     gm_describe(x), padding, 2 + i);
            return false;
        }
        geometry->image[i] = image;
        geometry->kernel[i] = kernel;
        geometry->padding[i] = padding;
        geometry->stride[i] = params->stride[i] ? params->stride[i] : kernel;
        geometry->map[i] = (image + 2 * padding - kernel) / geometry->stride[i] + 1;
        shape->dim[2 + i] = geometry->map[i];
    }
    return true;
}

// Windows of one element, one after the other, change nothing.
static bool changes_nothing(const gm_pool_attributes *geometry) {
    return geometry->kernel[0] == 1 && geometry->kernel[1] == 1 && geometry->stride[0] == 1 && geometry->stride[1] == 1;
}

gm_tensor *gm_average_pool2d(gm_tensor *x, const gm_pool2d_params *params) {
    gm_tensor *poison;
    gm_pool_attributes geometry;
    gm_shape shape;
    if (!pool_usable("average_pool2d", x, params, &geometry, &shape, &poison))
        return poison;
    return changes_nothing(&geometry) ? x : pool_node(&gm_op_average_pool, GM_FLOAT32, &shape, x, NULL, &geometry);
}

gm_tensor *gm_max_pool2d(gm_tensor *x, const gm_pool2d_params *params) {
    gm_tensor *poison;
    gm_pool_attributes geometry;
    gm_shape shape;
    if (!pool_usable("max_pool2d", x, params, &geometry, &shape, &poison))
        return poison;
    double value;
    if (gm_known(x, &value))
        return gm_filled(x->graph, GM_FLOAT32, &shape, value);
    if (changes_nothing(&geometry))
        return x;
    gm_tensor *index = pool_node(&gm_op_max_pool_index, GM_INT32, &shape, x, NULL, &geometry);
    return pool_node(&gm_op_max_pool, GM_FLOAT32, &shape, x, index, &geometry);
}
