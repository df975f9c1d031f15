// Convolution in its three forms. x (N, C, H, W), w (K, C, R, S) and y (N, K, OH, OW) are bound by one trilinear sum
//   sum over n, k, c, oh, ow, r, s of  y[n,k,oh,ow] w[k,c,r,s] x[n,c,oh*stride + r*dilation - padding, ow... likewise]
// and each form is its derivative by one of them, so the gradients of each are the other two.
//
// These nodes have two spatial axes. A sequence is an image of height 1. A volume is unfolded along its depth
// (unfold.c): slices that a kernel meets at once are channels of one image, and the kernel's depth is a part of them.
// Where that saves multiplications, two results are made at a time from fewer products than they have taps.
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

// ---- Geometry ----

// Of all spatial axes, in the terms of the convolution whatever the form.
typedef struct geometry {
    size_t axes, image[GM_SPATIAL_AXES], map[GM_SPATIAL_AXES], kernel[GM_SPATIAL_AXES];
    gm_convolution_params params;
} geometry;

// Two values must be float32 of this rank; 0: both of one from 3 to 5.
static bool operands_usable(const char *what, const char *const *names, gm_tensor *const *xs, size_t rank,
                            gm_tensor **poison) {
    if (!gm_usable(what, xs, 2, poison))
        return false;
    static const char *const wanted[] = {[0] = "3 to 5", [3] = "3", [4] = "4", [5] = "5"};
    if (rank == 0 && xs[0]->shape.rank >= 3 && xs[0]->shape.rank <= 5)
        rank = xs[0]->shape.rank;
    for (size_t i = 0; i < 2; i++) {
        if (xs[i]->type == GM_FLOAT32 && xs[i]->shape.rank == rank)
            continue;
        gm_fault(xs[i]->graph, "%s: %s %s is %s of rank %zu but must be float32 of rank %s", what, names[i],
                 gm_describe(xs[i]), gm_type_text(xs[i]->type), xs[i]->shape.rank, wanted[rank]);
        return false;
    }
    return true;
}

static size_t common_factor(size_t a, size_t b) {
    while (b > 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Kernel and params; the caller adds image and map.
static bool geometry_usable(gm_graph *graph, const char *what, size_t axes, const size_t *kernel,
                            const gm_convolution_params *params, bool transpose, geometry *g) {
    *g = (geometry){.axes = axes};
    if (params)
        g->params = *params;
    for (size_t i = 0; i < axes; i++) {
        gm_convolution_params *p = &g->params;
        g->kernel[i] = kernel[i];
        p->stride[i] = GM_MAX(p->stride[i], (size_t)1);
        p->dilation[i] = kernel[i] > 1 ? GM_MAX(p->dilation[i], (size_t)1) : 1;
        if (kernel[i] == 0 || p->padding[i] > INT32_MAX || p->extra_padding[i] > INT32_MAX ||
            p->stride[i] > INT32_MAX || p->dilation[i] > INT32_MAX / kernel[i]) {
            gm_fault(graph, "%s: kernel %zu, stride %zu, dilation %zu or padding %zu cannot be", what, kernel[i],
                     p->stride[i], p->dilation[i], p->padding[i]);
            return false;
        }
        if (common_factor(p->stride[i], p->dilation[i]) > 1) {
            gm_fault(graph, "%s: stride %zu and dilation %zu have a common factor: what lies between is never read",
                     what, p->stride[i], p->dilation[i]);
            return false;
        }
        if (p->output_padding[i] >= (transpose ? p->stride[i] : 1)) {
            gm_fault(graph, "%s: output_padding %zu %s", what, p->output_padding[i],
                     transpose ? "must be below the stride" : "is for the transposed convolution alone");
            return false;
        }
    }
    return true;
}

// Positions between a kernel's first and last, both counted.
static size_t span_of(const geometry *g, size_t axis) {
    return (g->kernel[axis] - 1) * g->params.dilation[axis] + 1;
}

// map = (image + paddings - span) / stride + 1
static bool set_image(const char *what, const gm_tensor *x, geometry *g) {
    for (size_t i = 0; i < g->axes; i++) {
        size_t padded = x->shape.dim[2 + i] + 2 * g->params.padding[i] + g->params.extra_padding[i];
        if (padded < span_of(g, i)) {
            gm_fault(x->graph, "%s: the kernel's %zu is larger than x %s with padding %zu in axis %zu", what,
                     span_of(g, i), gm_describe(x), g->params.padding[i], 2 + i);
            return false;
        }
        g->image[i] = x->shape.dim[2 + i];
        g->map[i] = (padded - span_of(g, i)) / g->params.stride[i] + 1;
    }
    return true;
}

// image = (map - 1) stride + span + output_padding - paddings
static bool set_map(const char *what, const gm_tensor *x, geometry *g) {
    for (size_t i = 0; i < g->axes; i++) {
        const gm_convolution_params *p = &g->params;
        size_t whole = (x->shape.dim[2 + i] - 1) * p->stride[i] + span_of(g, i) + p->output_padding[i];
        if (whole <= 2 * p->padding[i] + p->extra_padding[i]) {
            gm_fault(x->graph, "%s: padding %zu leaves nothing of x %s in axis %zu", what, p->padding[i],
                     gm_describe(x), 2 + i);
            return false;
        }
        g->map[i] = x->shape.dim[2 + i];
        g->image[i] = whole - 2 * p->padding[i] - p->extra_padding[i];
    }
    return true;
}

// Of the last two axes; of a sequence's one and an axis of 1.
static gm_conv_attributes plane_of(const geometry *g) {
    gm_conv_attributes plane = {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
    for (size_t i = 2 - GM_MIN(g->axes, (size_t)2), from = g->axes > 2; i < 2; i++, from++) {
        plane.image[i] = g->image[from];
        plane.map[i] = g->map[from];
        plane.kernel[i] = g->kernel[from];
        plane.stride[i] = g->params.stride[from];
        plane.padding[i] = g->params.padding[from];
        plane.dilation[i] = g->params.dilation[from];
    }
    return plane;
}

// ---- Sequences and volumes as images ----

static gm_shape plane_shape(size_t rows, size_t channels, const size_t *sizes) {
    return (gm_shape){.rank = 4, .dim = {rows, channels, sizes[0], sizes[1]}};
}

// (N, C, L) as (N, C, 1, L); kernels alike.
static gm_tensor *heightened(gm_tensor *x) {
    const size_t *d = x->shape.dim;
    return gm_reshape(x, (gm_shape){.rank = 4, .dim = {d[0], d[1], 1, d[2]}});
}

static gm_tensor *exchanged(gm_tensor *x) {
    return gm_transpose(x, (size_t[]){0, 2, 1, 3, 4});
}

// (N, C, D, H, W) as (N D, C, H, W), and back.
static gm_tensor *slices_as_rows(gm_tensor *x) {
    const size_t *d = x->shape.dim;
    return gm_reshape(exchanged(x), (gm_shape){.rank = 4, .dim = {d[0] * d[2], d[1], d[3], d[4]}});
}

static gm_tensor *rows_as_slices(gm_tensor *x, size_t depth) {
    const size_t *d = x->shape.dim;
    return exchanged(gm_reshape(x, (gm_shape){.rank = 5, .dim = {d[0] / depth, depth, d[1], d[2], d[3]}}));
}

// (K, C, T, R, S) as (K, T C, R, S).
static gm_tensor *depth_as_channels(gm_tensor *w) {
    const size_t *d = w->shape.dim;
    return gm_reshape(exchanged(w), (gm_shape){.rank = 4, .dim = {d[0], d[2] * d[1], d[3], d[4]}});
}

// How a volume's depth is convolved: windows of the image, and of the map if that has several results a window, whose
// images meet the kernel in so many products.
typedef struct depth_plan {
    gm_unfold_attributes image, map;
    size_t products, phases; // of a product's channels: slices next to each other
} depth_plan;

enum { RESULTS = 2, LEAST_CHANNELS = 16 };

// Points of an algorithm for two results at a time; 0 where it saves less than a tenth of the products, or where few
// channels make them cheap.
static size_t points_of(const geometry *g, const gm_shape *w) {
    const size_t stride = g->params.stride[0], taps = gm_divide_up(g->kernel[0], stride), points = RESULTS + taps - 1;
    const size_t fast = gm_divide_up(g->map[0], (size_t)RESULTS) * points * stride, direct = g->map[0] * g->kernel[0];
    const bool fits = (taps == 2 || taps == 3) && g->params.dilation[0] == 1;
    return fits && GM_MIN(w->dim[0], w->dim[1]) >= LEAST_CHANNELS && 10 * fast <= 9 * direct ? points : 0;
}

static depth_plan plan_depth(const geometry *g, const gm_shape *w) {
    const size_t stride = g->params.stride[0], points = points_of(g, w);
    depth_plan plan = {
        .image = {.depth = g->image[0], .count = g->map[0], .step = stride, .padding = g->params.padding[0]},
        .products = GM_MAX(points, (size_t)1)};
    gm_unfold_attributes *image = &plan.image;
    image->points = image->length = points ? points : g->kernel[0];
    image->phases = plan.phases = points ? stride : 1;
    image->spread = points ? stride : g->params.dilation[0];
    if (points) {
        image->form = GM_UNFOLD_VALUES;
        image->count = gm_divide_up(g->map[0], (size_t)RESULTS);
        image->step *= RESULTS;
        plan.map = (gm_unfold_attributes){.depth = g->map[0],
                                          .count = image->count,
                                          .step = RESULTS,
                                          .points = points,
                                          .phases = 1,
                                          .length = RESULTS,
                                          .spread = 1,
                                          .form = GM_UNFOLD_RESULTS};
    }
    return plan;
}

// Slices of the kernel from `first` on, zeros behind its last.
static gm_tensor *kernel_part(gm_tensor *w, size_t first, size_t count) {
    gm_shape part = w->shape;
    part.dim[2] = GM_MIN(count, w->shape.dim[2] - first);
    gm_tensor *slices = gm_slice(w, (size_t[GM_MAX_RANK]){[2] = first}, part.dim);
    return depth_as_channels(
        gm_pad(slices, (size_t[GM_MAX_RANK]){0}, (size_t[GM_MAX_RANK]){[2] = count - part.dim[2]}));
}

// (K, C, T, R, S) as what the channels of one product meet.
static gm_tensor *kernel_of(gm_tensor *w, const depth_plan *plan, size_t product) {
    if (plan->products == 1)
        return depth_as_channels(w);
    gm_tensor *sum = NULL;
    for (size_t tap = 0; tap + RESULTS <= plan->products; tap++) {
        const double factor = gm_unfold_tap(plan->products, product, tap);
        if (factor == 0)
            continue;
        gm_tensor *part = gm_scale(kernel_part(w, tap * plan->phases, plan->phases), factor);
        sum = sum ? gm_add(sum, part) : part;
    }
    return sum;
}

static gm_tensor *convolve_depth(const gm_op *op, gm_tensor *x, gm_tensor *w, const geometry *g, size_t channels) {
    const depth_plan plan = plan_depth(g, &w->shape);
    const gm_conv_attributes plane = plane_of(g);
    const bool transpose = op == &gm_op_conv_input, single = plan.products == 1;
    const size_t blocks = gm_unfold_blocks(&plan.image) / plan.products; // of a product
    gm_tensor *u = transpose && single ? slices_as_rows(x) : gm_unfold(x, transpose ? &plan.map : &plan.image);
    if (gm_is_poison(u))
        return u;
    const gm_shape from = plane_shape(u->shape.dim[0], u->shape.dim[1] / plan.products, &u->shape.dim[2]);
    const gm_shape to =
        plane_shape(u->shape.dim[0], transpose ? blocks * channels : channels, transpose ? plane.image : plane.map);
    gm_tensor *y[GM_UNFOLD_MOST_POINTS];
    for (size_t i = 0; i < plan.products; i++) {
        gm_tensor *part = gm_slice(u, (size_t[GM_MAX_RANK]){[1] = i * from.dim[1]}, from.dim);
        y[i] = conv_node(op, &to, part, kernel_of(w, &plan, i), &plane);
    }
    gm_tensor *all = gm_concat(y, plan.products, 1);
    if (gm_is_poison(all))
        return all;
    return !transpose && single ? rows_as_slices(all, plan.image.count)
                                : gm_fold(all, transpose ? &plan.image : &plan.map);
}

// ---- Constructors ----

// Both: x has the channels of w's second axis and gets those of its first, transposed the other way round.
static gm_tensor *convolve(const char *what, gm_tensor *x, gm_tensor *w, const gm_convolution_params *params,
                           bool transpose) {
    static const char *const names[] = {"x", "w"};
    gm_tensor *inputs[] = {x, w}, *poison;
    geometry g;
    if (!operands_usable(what, names, inputs, 0, &poison))
        return poison;
    const size_t expected = w->shape.dim[transpose ? 0 : 1], channels = w->shape.dim[transpose ? 1 : 0];
    if (x->shape.dim[1] != expected)
        return gm_fault(x->graph, "%s: x %s has %zu channels but w %s expects %zu", what, gm_describe(x),
                        x->shape.dim[1], gm_describe(w), expected);
    if (!geometry_usable(x->graph, what, x->shape.rank - 2, &w->shape.dim[2], params, transpose, &g) ||
        !(transpose ? set_map(what, x, &g) : set_image(what, x, &g)))
        return poison;
    const gm_op *op = transpose ? &gm_op_conv_input : &gm_op_conv;
    const gm_conv_attributes plane = plane_of(&g);
    const size_t rows = x->shape.dim[0];
    gm_shape shape = plane_shape(rows, channels, transpose ? plane.image : plane.map);
    if (g.axes == 2)
        return conv_node(op, &shape, x, w, &plane);
    if (g.axes == 1)
        return gm_reshape(conv_node(op, &shape, heightened(x), heightened(w), &plane),
                          (gm_shape){.rank = 3, .dim = {rows, channels, shape.dim[3]}});
    return convolve_depth(op, x, w, &g, channels);
}

gm_tensor *gm_convolution(gm_tensor *x, gm_tensor *w, const gm_convolution_params *params) {
    return convolve("convolution", x, w, params, false);
}

gm_tensor *gm_convolution_transpose(gm_tensor *x, gm_tensor *w, const gm_convolution_params *params) {
    return convolve("convolution_transpose", x, w, params, true);
}

gm_tensor *gm_convolution_weight(gm_tensor *x, gm_tensor *dy, const size_t kernel[2],
                                 const gm_convolution_params *params) {
    static const char *const names[] = {"x", "dy"};
    static const char what[] = "convolution_weight";
    gm_tensor *inputs[] = {x, dy}, *poison;
    geometry g;
    if (!operands_usable(what, names, inputs, 4, &poison))
        return poison;
    if (!kernel)
        return gm_fault(x->graph, "convolution_weight: kernel is NULL");
    if (!geometry_usable(x->graph, what, 2, kernel, params, false, &g) || !set_image(what, x, &g))
        return poison;
    if (x->shape.dim[0] != dy->shape.dim[0] || dy->shape.dim[2] != g.map[0] || dy->shape.dim[3] != g.map[1])
        return gm_fault(x->graph, "convolution_weight: dy %s does not fit x %s, whose result is (%zu, K, %zu, %zu)",
                        gm_describe(dy), gm_describe(x), x->shape.dim[0], g.map[0], g.map[1]);
    const gm_conv_attributes plane = plane_of(&g);
    gm_shape shape = plane_shape(dy->shape.dim[1], x->shape.dim[1], kernel);
    return conv_node(&gm_op_conv_weight, &shape, x, dy, &plane);
}
