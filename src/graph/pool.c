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

// ---- Constructors ----

// One spatial axis.
typedef struct window {
    size_t image, map, kernel, stride, padding;
} window;

static bool windows_usable(const char *what, gm_tensor *x, const gm_pool_params *params, window *windows,
                           gm_tensor **poison) {
    if (!gm_usable(what, &x, 1, poison))
        return false;
    if (x->type != GM_FLOAT32 || x->shape.rank < 3 || x->shape.rank > 2 + GM_SPATIAL_AXES) {
        gm_fault(x->graph, "%s: x %s is %s of rank %zu but must be float32 of rank 3 to 5", what, gm_describe(x),
                 gm_type_text(x->type), x->shape.rank);
        return false;
    }
    if (!params) {
        gm_fault(x->graph, "%s: params is NULL but must give the kernel's size", what);
        return false;
    }
    for (size_t i = 0; i + 2 < x->shape.rank; i++) {
        size_t image = x->shape.dim[2 + i], kernel = params->kernel[i], padding = params->padding[i];
        size_t stride = params->stride[i] ? params->stride[i] : kernel;
        if (kernel == 0 || kernel > INT32_MAX || padding > kernel / 2) {
            gm_fault(x->graph,
                     "%s: kernel %zu with padding %zu: the kernel must be at least 1, the padding at most half of it",
                     what, kernel, padding);
            return false;
        }
        if (image + 2 * padding < kernel) {
            gm_fault(x->graph, "%s: the kernel's %zu is larger than x %s with padding %zu in axis %zu", what, kernel,
                     gm_describe(x), padding, 2 + i);
            return false;
        }
        windows[i] = (window){image, (image + 2 * padding - kernel) / stride + 1, kernel, stride, padding};
    }
    return true;
}

// Windows of one element, one after the other, change nothing.
static bool changes_nothing(const window *w) {
    return w->kernel == 1 && w->stride == 1;
}

// Images (N, C, H, W).
static gm_tensor *pool_images(gm_tensor *x, const window *h, const window *w, bool maximum) {
    if (gm_is_poison(x) || (changes_nothing(h) && changes_nothing(w)))
        return x;
    const gm_pool_attributes geometry = {{h->image, w->image},   {h->map, w->map},         {h->kernel, w->kernel},
                                         {h->stride, w->stride}, {h->padding, w->padding}, {0}};
    gm_shape shape = {.rank = 4, .dim = {x->shape.dim[0], x->shape.dim[1], h->map, w->map}};
    double value;
    if (!maximum)
        return pool_node(&gm_op_average_pool, GM_FLOAT32, &shape, x, NULL, &geometry);
    if (gm_known(x, &value))
        return gm_filled(x->graph, GM_FLOAT32, &shape, value);
    gm_tensor *index = pool_node(&gm_op_max_pool_index, GM_INT32, &shape, x, NULL, &geometry);
    return pool_node(&gm_op_max_pool, GM_FLOAT32, &shape, x, index, &geometry);
}

// A sequence is an image of height 1. Of a volume each slice is pooled, and then the slices: the first of equal maxima
// is the first in row-major order either way.
static gm_tensor *pool(const char *what, gm_tensor *x, const gm_pool_params *params, bool maximum) {
    static const window none = {1, 1, 1, 1, 0};
    gm_tensor *poison;
    window w[GM_SPATIAL_AXES];
    if (!windows_usable(what, x, params, w, &poison))
        return poison;
    const size_t *d = x->shape.dim;
    if (x->shape.rank == 4)
        return pool_images(x, &w[0], &w[1], maximum);
    if (x->shape.rank == 3) {
        gm_tensor *image = gm_reshape(x, (gm_shape){.rank = 4, .dim = {d[0], d[1], 1, d[2]}});
        return gm_reshape(pool_images(image, &none, &w[0], maximum),
                          (gm_shape){.rank = 3, .dim = {d[0], d[1], w[0].map}});
    }
    const size_t area = w[1].map * w[2].map;
    const window slice = {area, area, 1, 1, 0};
    gm_tensor *slices = gm_reshape(x, (gm_shape){.rank = 4, .dim = {d[0], d[1] * d[2], d[3], d[4]}});
    slices =
        gm_reshape(pool_images(slices, &w[1], &w[2], maximum), (gm_shape){.rank = 4, .dim = {d[0], d[1], d[2], area}});
    return gm_reshape(pool_images(slices, &w[0], &slice, maximum),
                      (gm_shape){.rank = 5, .dim = {d[0], d[1], w[0].map, w[1].map, w[2].map}});
}

gm_tensor *gm_average_pool(gm_tensor *x, const gm_pool_params *params) {
    return pool("average_pool", x, params, false);
}

gm_tensor *gm_max_pool(gm_tensor *x, const gm_pool_params *params) {
    return pool("max_pool", x, params, true);
}
