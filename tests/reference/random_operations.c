// The operations that random graphs are made of. Each keeps values tame: products are squashed or divided by the root
// of their number of terms, roots and logarithms get positive arguments. No two draws stand in one expression, whose
// order of evaluation C leaves open: a seed must give one graph with every compiler.
#include "random_operations.h"

#include "base/base.h"

#include <math.h>
#include <string.h>

static const gm_shape *shape_of(const gm_tensor *x) {
    return gm_tensor_shape(x);
}

static double root(size_t terms) {
    return 1 / sqrt((double)terms);
}

// ---- Element-wise ----

static gm_tensor *unary(generator *g, gm_tensor *x) {
    switch (gm_draw(g, 12)) {
    case 0:
        return gm_tanh(x);
    case 1:
        return gm_sigmoid(x);
    case 2:
        return gm_softplus(x);
    case 3:
        return gm_relu(x);
    case 4:
        return gm_leaky_relu(x, .2);
    case 5:
        return gm_abs(x);
    case 6:
        return gm_sin(x);
    case 7:
        return gm_cos(x);
    case 8:
        return gm_negate(x);
    case 9:
        return gm_scale(x, -.75);
    case 10:
        return gm_offset(x, .3);
    default:
        return gm_stop_gradient(x);
    }
}

static gm_tensor *bounded(generator *g, gm_tensor *x) {
    switch (gm_draw(g, 5)) {
    case 0:
        return gm_exp(gm_tanh(x));
    case 1:
        return gm_log(gm_offset(gm_square(x), .5));
    case 2:
        return gm_sqrt(gm_offset(gm_square(x), .25));
    case 3:
        return gm_rsqrt(gm_offset(gm_square(x), .5));
    default:
        return gm_square(gm_tanh(x));
    }
}

static gm_tensor *steps(generator *g, gm_tensor *x) {
    switch (gm_draw(g, 3)) {
    case 0:
        return gm_sign(x);
    case 1:
        return gm_floor(gm_scale(x, 2));
    default: {
        gm_tensor *whole = gm_cast(gm_scale(x, 3), GM_INT32), *two = gm_constant_int(g->graph, 2);
        return gm_scale(gm_cast(gm_divide(gm_multiply(whole, whole), two), GM_FLOAT32), .1);
    }
    }
}

static bool broadcasts(const gm_shape *a, const gm_shape *b) {
    for (size_t i = 0; i < a->rank && i < b->rank; i++) {
        size_t m = a->dim[a->rank - 1 - i], n = b->dim[b->rank - 1 - i];
        if (m != n && m != 1 && n != 1)
            return false;
    }
    return true;
}

// A partner of the pool that broadcasts with x; else a new leaf of x's shape with some axes of size 1.
static gm_tensor *partner(generator *g, gm_tensor *x) {
    for (size_t attempt = 0; attempt < 8; attempt++) {
        gm_tensor *b = gm_draw_tensor(g);
        if (broadcasts(shape_of(x), shape_of(b)))
            return b;
    }
    gm_shape shape = *shape_of(x);
    for (size_t i = 0; i < shape.rank; i++)
        if (gm_draw(g, 2) == 0)
            shape.dim[i] = 1;
    return gm_draw_leaf(g, shape);
}

static gm_tensor *comparison(generator *g, gm_tensor *a, gm_tensor *b) {
    static gm_tensor *(*const functions[])(gm_tensor *, gm_tensor *) = {gm_less,          gm_less_equal, gm_greater,
                                                                        gm_greater_equal, gm_equal,      gm_not_equal};
    return functions[gm_draw(g, GM_COUNT(functions))](a, b);
}

static gm_tensor *binary(generator *g, gm_tensor *a) {
    gm_tensor *b = partner(g, a);
    switch (gm_draw(g, 8)) {
    case 0:
    case 1:
        return gm_scale(gm_add(a, b), .7);
    case 2:
        return gm_scale(gm_subtract(b, a), .7);
    case 3:
        return gm_multiply(gm_tanh(a), b);
    case 4:
        return gm_divide(a, gm_offset(gm_softplus(b), .5));
    case 5:
        return gm_minimum(a, b);
    case 6:
        return gm_maximum(a, b);
    default:
        return gm_select(comparison(g, a, b), gm_sin(a), gm_scale(b, .5));
    }
}

static gm_tensor *noise(generator *g, gm_tensor *x) {
    gm_tensor *counter = gm_draw(g, 2) ? g->counter : NULL;
    gm_shape shape = *shape_of(x);
    switch (gm_draw(g, 3)) {
    case 0:
        return gm_add(x, gm_random_uniform(g->graph, gm_draw_name(g, "uniform"), shape, counter));
    case 1:
        return gm_add(x, gm_scale(gm_random_normal(g->graph, gm_draw_name(g, "normal"), shape, counter), .5));
    default:
        return gm_multiply(x, gm_random_bernoulli(g->graph, gm_draw_name(g, "bernoulli"), shape, .75, counter));
    }
}

// ---- Shape ----

// Flattens to two axes, or splits an even last axis.
static gm_tensor *reshape(generator *g, gm_tensor *x) {
    gm_shape shape = *shape_of(x);
    if (shape.rank == 0)
        return gm_reshape(x, GM_SHAPE(1));
    if (shape.rank < 4 && shape.dim[shape.rank - 1] % 2 == 0 && gm_draw(g, 2)) {
        shape.dim[shape.rank - 1] /= 2;
        shape.dim[shape.rank++] = 2;
        return gm_reshape(x, shape);
    }
    return gm_reshape(x, GM_SHAPE(shape.dim[0], gm_shape_count(&shape) / shape.dim[0]));
}

static gm_tensor *transpose(generator *g, gm_tensor *x) {
    size_t axes[GM_MAX_RANK] = {0}, rank = shape_of(x)->rank;
    for (size_t i = 0; i < rank; i++) {
        size_t j = gm_draw(g, i + 1);
        axes[i] = axes[j];
        axes[j] = i;
    }
    return rank < 2 ? NULL : gm_transpose(x, axes);
}

static gm_tensor *broadcast(generator *g, gm_tensor *x) {
    gm_shape shape = *shape_of(x);
    for (size_t i = 0; i < shape.rank; i++)
        if (shape.dim[i] == 1 && gm_draw(g, 2))
            shape.dim[i] = 2 + gm_draw(g, 3);
    if (shape.rank < 4 && gm_draw(g, 2)) {
        memmove(shape.dim + 1, shape.dim, shape.rank * sizeof *shape.dim);
        shape.dim[0] = 2;
        shape.rank++;
    }
    return gm_broadcast(x, shape);
}

static gm_tensor *slice(generator *g, gm_tensor *x) {
    size_t begin[GM_MAX_RANK], size[GM_MAX_RANK];
    for (size_t i = 0; i < shape_of(x)->rank; i++) {
        size_t dim = shape_of(x)->dim[i];
        begin[i] = gm_draw(g, 2) ? gm_draw(g, dim) : 0;
        size[i] = dim - begin[i] - gm_draw(g, GM_MIN(dim - begin[i], 3));
    }
    return shape_of(x)->rank == 0 ? NULL : gm_slice(x, begin, size);
}

static gm_tensor *flip(generator *g, gm_tensor *x) {
    size_t rank = shape_of(x)->rank;
    return rank == 0 ? NULL : gm_flip(x, 1 + (uint32_t)gm_draw(g, ((size_t)1 << rank) - 1));
}

static gm_tensor *shift(generator *g, gm_tensor *x) {
    if (shape_of(x)->rank != 4)
        return NULL;
    size_t samples = shape_of(x)->dim[0];
    gm_tensor *offsets = gm_reshape(gm_draw_indices(g, 2 * samples), GM_SHAPE(samples, 2));
    return gm_shift2d(x, gm_subtract(offsets, gm_constant_int(g->graph, 3)));
}

static gm_tensor *border(generator *g, gm_tensor *x) {
    const gm_shape *shape = shape_of(x);
    if (shape->rank != 4)
        return NULL;
    const gm_padding_mode mode = gm_draw(g, 2) ? GM_PADDING_REFLECT : GM_PADDING_REPLICATE;
    size_t size[4];
    for (size_t i = 0; i < 4; i++)
        size[i] = gm_draw(g, mode == GM_PADDING_REFLECT ? GM_MIN(shape->dim[2 + i / 2], 3) : 3);
    return gm_pad2d(x, (size_t[]){size[0], size[2]}, (size_t[]){size[1], size[3]}, mode);
}

// Places halfway and a quarter between pixels, from -1 on: where no rounding takes them over a pixel.
static gm_tensor *warp(generator *g, gm_tensor *x) {
    if (shape_of(x)->rank != 4)
        return NULL;
    size_t samples = shape_of(x)->dim[0], rows = shape_of(x)->dim[2], columns = shape_of(x)->dim[3];
    gm_tensor *indices =
        gm_reshape(gm_draw_indices(g, 2 * samples * rows * columns), GM_SHAPE(samples, 2, rows, columns));
    gm_tensor *places = gm_offset(gm_scale(gm_cast(indices, GM_FLOAT32), .75), -1.5);
    return gm_draw(g, 2) ? gm_warp2d(x, places) : gm_scale(gm_warp2d_adjoint(x, places, rows, columns), .25);
}

static gm_tensor *pad(generator *g, gm_tensor *x) {
    size_t before[GM_MAX_RANK], after[GM_MAX_RANK];
    for (size_t i = 0; i < shape_of(x)->rank; i++) {
        before[i] = gm_draw(g, 3) / 2;
        after[i] = gm_draw(g, 3) / 2;
    }
    return shape_of(x)->rank == 0 ? NULL : gm_pad(x, before, after);
}

static gm_tensor *concat(generator *g, gm_tensor *x) {
    const gm_shape *shape = shape_of(x);
    if (shape->rank == 0)
        return NULL;
    gm_tensor *parts[3] = {x, unary(g, x), x};
    for (size_t i = 0; i < g->pool_count; i++)
        if (g->pool[i] != x && gm_shape_equal(shape_of(g->pool[i]), shape))
            parts[2] = g->pool[i];
    size_t count = 2 + gm_draw(g, 2), axis = gm_draw(g, shape->rank);
    return gm_concat(parts, count, axis);
}

// ---- Reductions ----

static gm_tensor *reduce(generator *g, gm_tensor *x) {
    size_t rank = shape_of(x)->rank, terms = 1;
    if (rank == 0)
        return NULL;
    uint32_t axes = 1 + (uint32_t)gm_draw(g, ((size_t)1 << rank) - 1);
    for (size_t i = 0; i < rank; i++)
        if (axes & GM_AXIS(i))
            terms *= shape_of(x)->dim[i];
    switch (gm_draw(g, 6)) {
    case 0:
        return gm_scale(gm_sum(x, axes), root(terms));
    case 1:
        return gm_mean(x, axes);
    case 2:
        return gm_max(x, axes);
    case 3:
        return gm_variance(gm_tanh(x), axes);
    case 4:
        return gm_mean_all(x);
    default: // normalised, as batch norm does
        return gm_multiply(gm_subtract(x, gm_mean(x, axes)), gm_rsqrt(gm_offset(gm_variance(x, axes), .1)));
    }
}

// Small steps of the argmax's, which are whole numbers.
static gm_tensor *along_axis(generator *g, gm_tensor *x) {
    size_t rank = shape_of(x)->rank;
    if (rank == 0)
        return NULL;
    size_t axis = gm_draw(g, rank);
    switch (gm_draw(g, 3)) {
    case 0:
        return gm_softmax(x, axis);
    case 1:
        return gm_scale(gm_log_softmax(x, axis), .25);
    default:
        return gm_scale(gm_cast(gm_argmax(x, axis), GM_FLOAT32), .1);
    }
}

// ---- Products ----

static gm_tensor *gemm(generator *g, gm_tensor *x) {
    const gm_shape *shape = shape_of(x);
    if (shape->rank == 0)
        return NULL;
    size_t rows = shape->dim[0], columns = gm_shape_count(shape) / rows, units = 1 + gm_draw(g, 9);
    gm_gemm_params params = {0};
    params.transpose_a = gm_draw(g, 2);
    params.transpose_b = gm_draw(g, 2);
    size_t terms = params.transpose_a ? rows : columns;
    gm_tensor *w = gm_draw_leaf(g, params.transpose_b ? GM_SHAPE(units, terms) : GM_SHAPE(terms, units));
    gm_tensor *y = gm_scale(gm_gemm(gm_reshape(x, GM_SHAPE(rows, columns)), w, &params), root(terms));
    return gm_draw(g, 2) ? gm_leaky_relu(gm_add(y, gm_draw_leaf(g, GM_SHAPE(units))), .2) : y;
}

// One for each place of the axes before the last two.
static gm_tensor *gemms(generator *g, gm_tensor *x) {
    gm_shape shape = *shape_of(x);
    if (shape.rank < 3)
        return NULL;
    gm_gemm_params params = {0};
    params.transpose_a = gm_draw(g, 2);
    params.transpose_b = gm_draw(g, 2);
    size_t *rows = &shape.dim[shape.rank - 2], *columns = rows + 1, units = 1 + gm_draw(g, 9);
    size_t terms = params.transpose_a ? *rows : *columns;
    *rows = params.transpose_b ? units : terms;
    *columns = params.transpose_b ? terms : units;
    gm_tensor *y = gm_scale(gm_gemm(x, gm_draw_leaf(g, shape), &params), root(terms));
    return gm_draw(g, 2) ? gm_relu(gm_add(y, gm_draw_leaf(g, GM_SHAPE(units)))) : y;
}

// Sequences, images and volumes; where a dilation is drawn the stride is 1.
static gm_tensor *conv(generator *g, gm_tensor *x) {
    const gm_shape *s = shape_of(x);
    if (s->rank < 3 || s->rank > 5)
        return NULL;
    gm_convolution_params p = {0};
    gm_shape w = {.rank = s->rank, .dim = {1 + gm_draw(g, 5), s->dim[1]}}, bias = {.rank = s->rank - 1};
    size_t terms = s->dim[1];
    for (size_t i = 0; i + 2 < s->rank; i++) {
        p.padding[i] = gm_draw(g, 2);
        p.extra_padding[i] = gm_draw(g, 2);
        size_t padded = s->dim[2 + i] + 2 * p.padding[i] + p.extra_padding[i];
        w.dim[2 + i] = 1 + gm_draw(g, GM_MIN(padded, 4));
        if (2 * w.dim[2 + i] - 1 <= padded && gm_draw(g, 3) == 0)
            p.dilation[i] = 2;
        else
            p.stride[i] = 1 + gm_draw(g, 2);
        bias.dim[1 + i] = 1;
        terms *= w.dim[2 + i];
    }
    bias.dim[0] = w.dim[0];
    gm_tensor *y = gm_scale(gm_convolution(x, gm_draw_leaf(g, w), &p), root(terms));
    return gm_draw(g, 2) ? gm_relu(gm_add(y, gm_draw_leaf(g, bias))) : y;
}

static gm_tensor *conv_transpose(generator *g, gm_tensor *x) {
    const gm_shape *s = shape_of(x);
    if (s->rank < 3 || s->rank > 5)
        return NULL;
    gm_convolution_params p = {0};
    gm_shape w = {.rank = s->rank, .dim = {s->dim[1], 1 + gm_draw(g, 3)}};
    for (size_t i = 0; i + 2 < s->rank; i++) {
        w.dim[2 + i] = 2 + gm_draw(g, 2);
        p.stride[i] = 1 + gm_draw(g, 2);
        p.dilation[i] = p.stride[i] == 1 ? 1 + gm_draw(g, 2) : 1;
        p.padding[i] = s->dim[2 + i] > 1 ? gm_draw(g, 2) : 0;
        p.output_padding[i] = gm_draw(g, p.stride[i]);
    }
    return gm_scale(gm_convolution_transpose(x, gm_draw_leaf(g, w), &p), root(s->dim[1] * w.dim[2]));
}

static gm_tensor *pool(generator *g, gm_tensor *x) {
    const gm_shape *s = shape_of(x);
    if (s->rank < 3 || s->rank > 5)
        return NULL;
    gm_pool_params p = {{0}, {0}, {0}};
    for (size_t i = 0; i + 2 < s->rank; i++) {
        p.kernel[i] = 1 + gm_draw(g, GM_MIN(s->dim[2 + i], 3));
        p.stride[i] = gm_draw(g, 3);
        p.padding[i] = gm_draw(g, p.kernel[i] / 2 + 1);
    }
    return gm_draw(g, 2) ? gm_average_pool(x, &p) : gm_max_pool(x, &p);
}

// ---- Rows ----

static gm_tensor *rows(generator *g, gm_tensor *x) {
    if (shape_of(x)->rank == 0)
        return NULL;
    if (gm_draw(g, 2))
        return gm_gather(x, gm_draw_indices(g, 1 + gm_draw(g, 6)));
    gm_tensor *indices = gm_draw_indices(g, shape_of(x)->dim[0]);
    return gm_scale(gm_scatter_add(x, indices, 1 + gm_draw(g, 5)), .5);
}

gm_random_operation *const gm_random_operations[] = {
    unary,   unary,     unary, bounded, steps, binary, binary,         binary, binary,    noise,
    reshape, transpose, slice, flip,    shift, border, warp,           concat, broadcast, pad,
    reduce,  reduce,    gemm,  gemms,   conv,  conv,   conv_transpose, pool,   rows,      along_axis,
};
const size_t gm_random_operation_count = GM_COUNT(gm_random_operations);
