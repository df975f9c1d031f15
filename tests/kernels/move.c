// What only moves: padding, concatenation, borders, shifts, warps, and views that are copied out in row-major order.
#include "kernels/check.h"

static void pad_cases(gm_cases *check) {
    for (size_t axis = 0; axis < 4; axis++)
        if (gm_check_case(check, axis == 3 ? GM_CASE_SMALL : GM_CASE_FULL, "axis %zu", axis)) {
            size_t before[4] = {0}, after[4] = {0};
            before[axis] = 2;
            after[axis] = 3;
            gm_check_fetch(check, gm_pad(gm_check_float(check, GM_SHAPE(3, 5, 4, 9)), before, after));
            after[axis] = 0;
            gm_check_fetch(check, gm_pad(gm_tanh(gm_check_float(check, GM_SHAPE(3, 5, 4, 9))), before, after));
        }
    if (gm_check_case(check, GM_CASE_FULL, "all axes, channels innermost")) {
        gm_tensor *x =
            gm_average_pool(gm_check_float(check, GM_SHAPE(2, 9, 6, 6)), &(gm_pool_params){.kernel = {2, 2}});
        gm_check_fetch(check, gm_pad(x, (size_t[]){1, 2, 0, 3}, (size_t[]){0, 1, 4, 1}));
    }
}

static void concat_cases(gm_cases *check) {
    for (size_t axis = 0; axis < 4; axis++)
        if (gm_check_case(check, axis == 1 ? GM_CASE_SMALL : GM_CASE_FULL, "axis %zu", axis)) {
            gm_shape shape = GM_SHAPE(2, 5, 3, 7), other = shape;
            other.dim[axis] = 1;
            gm_tensor *x = gm_check_float(check, shape), *y = gm_check_float(check, other);
            gm_check_fetch(check, gm_concat((gm_tensor *[]){x, gm_scale(x, 2), y, y}, 4, axis));
        }
    if (gm_check_case(check, GM_CASE_FULL, "channels innermost with row-major")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(3, 6, 4, 4));
        gm_tensor *y = gm_average_pool(x, &(gm_pool_params){.kernel = {2, 2}});
        gm_tensor *z = gm_concat((gm_tensor *[]){y, gm_check_float(check, GM_SHAPE(3, 2, 2, 2))}, 2, 1);
        gm_check_fetch(check, z);
        gm_check_fetch(check, gm_average_pool(z, &(gm_pool_params){.kernel = {2, 1}}));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of slices and transpositions")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(9, 11));
        gm_tensor *y = gm_slice(x, (size_t[]){1, 2}, (size_t[]){7, 5}), *z = gm_transpose(x, (size_t[]){1, 0});
        gm_check_fetch(check, gm_concat((gm_tensor *[]){y, gm_slice(z, (size_t[]){3, 1}, (size_t[]){7, 8})}, 2, 1));
    }
}

static void copy_cases(gm_cases *check) {
    if (gm_check_case(check, GM_CASE_SMALL, "views of an input")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(4, 5, 7));
        gm_check_fetch(check, gm_transpose(x, (size_t[]){2, 0, 1}));
        gm_check_fetch(check, gm_slice(x, (size_t[]){1, 0, 3}, (size_t[]){2, 5, 3}));
        gm_check_fetch(check, gm_broadcast(gm_slice(x, (size_t[]){3, 0, 0}, (size_t[]){1, 5, 7}), GM_SHAPE(3, 5, 7)));
        gm_check_fetch(check, gm_reshape(gm_transpose(x, (size_t[]){1, 0, 2}), GM_SHAPE(10, 14)));
        gm_check_fetch(
            check, gm_transpose(gm_check_input(check, GM_VALUES_NORMAL, GM_INT32, GM_SHAPE(9, 4)), (size_t[]){1, 0}));
    }
    if (gm_check_case(check, GM_CASE_FULL, "constants")) {
        gm_check_fetch(check, gm_full(check->graph, GM_SHAPE(3, 3), 2.5));
        gm_check_fetch(check, gm_constant(check->graph, -1.25));
        gm_check_fetch(check, gm_constant_int(check->graph, -7));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of rank six")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(2, 3, 4, 3, 2, 5));
        gm_check_fetch(check, gm_transpose(x, (size_t[]){5, 3, 1, 0, 2, 4}));
        gm_check_fetch(check, gm_transpose(gm_tanh(x), (size_t[]){4, 5, 0, 1, 3, 2}));
    }
}

// Negative strides wherever views are read; products of flips are among their family's cases.
static void flip_cases(gm_cases *check) {
    static const struct {
        gm_shape shape;
        uint32_t axes;
    } cases[] = {{{3, {3, 5, 7}}, 4}, {{3, {3, 5, 7}}, 7}, {{4, {4, 3, 6, 9}}, 8},   {{4, {4, 3, 6, 9}}, 5},
                 {{2, {37, 65}}, 2},  {{2, {37, 65}}, 3},  {{4, {2, 9, 5, 16}}, 15}, {{5, {2, 3, 1, 4, 8}}, 21}};
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu axes, set 0x%x", cases[i].shape.rank,
                          cases[i].axes)) {
            gm_tensor *x = gm_check_float(check, cases[i].shape), *y = gm_flip(x, cases[i].axes);
            size_t rows = cases[i].shape.dim[0], count = gm_shape_count(&cases[i].shape);
            gm_check_fetch(check, y);
            gm_check_fetch(check, gm_add(x, gm_flip(gm_scale(x, 2), cases[i].axes)));
            gm_check_fetch(check, gm_reshape(y, GM_SHAPE(rows, count / rows)));
            gm_check_fetch(check, gm_reshape(gm_flip(gm_square(x), cases[i].axes), GM_SHAPE(count)));
            if (i % 4 > 1)
                continue;
            gm_check_fetch(check, gm_sum(y, GM_AXIS(0)));
            gm_check_fetch(check, gm_max(y, GM_AXIS(cases[i].shape.rank - 1)));
        }
    if (gm_check_case(check, GM_CASE_FULL, "of images, channels innermost in memory")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(5, 9, 8, 6));
        gm_pool_params pool = {.kernel = {2, 2}};
        for (uint32_t axes = 1; axes < 16; axes += 2) {
            gm_tensor *y = gm_flip(gm_average_pool(x, &pool), axes);
            gm_check_fetch(check, gm_max_pool(y, &pool));
            gm_check_fetch(check, gm_pad(y, (size_t[]){0, 1, 2, 0}, (size_t[]){1, 0, 0, 3}));
            gm_check_fetch(check, gm_add(y, gm_average_pool(gm_flip(x, axes), &pool)));
        }
    }
    if (gm_check_case(check, GM_CASE_FULL, "of rows")) {
        gm_tensor *a = gm_check_float(check, GM_SHAPE(33, 20));
        gm_tensor *rows = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(33));
        for (uint32_t axes = 1; axes < 4; axes++) {
            gm_check_fetch(check, gm_gather(gm_flip(a, axes), gm_flip(rows, 1)));
            gm_check_fetch(check, gm_scatter_add(gm_flip(a, axes), gm_flip(rows, 1), 5));
            gm_check_fetch(check, gm_concat((gm_tensor *[]){gm_flip(a, axes), a}, 2, 1));
        }
    }
}

static void border_cases(gm_cases *check) {
    static const struct {
        size_t size[4], before[2], after[2];
    } cases[] = {{{2, 3, 4, 5}, {1, 2}, {3, 0}},   {{3, 1, 1, 6}, {0, 5}, {0, 4}},  {{2, 16, 9, 7}, {2, 2}, {2, 2}},
                 {{5, 37, 3, 3}, {2, 1}, {0, 2}},  {{33, 1, 8, 8}, {3, 0}, {0, 3}}, {{1, 9, 2, 2}, {1, 1}, {1, 1}},
                 {{1, 70, 14, 14}, {1, 1}, {1, 1}}};
    for (int mode = GM_PADDING_REFLECT; mode <= GM_PADDING_REPLICATE; mode++)
        for (size_t i = 0; i < GM_COUNT(cases); i++) {
            const size_t *size = cases[i].size;
            if (!gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s (%zu, %zu, %zu, %zu)",
                               mode == GM_PADDING_REFLECT ? "reflected" : "repeated", size[0], size[1], size[2],
                               size[3]))
                continue;
            gm_tensor *x = gm_check_float(check, GM_SHAPE(size[0], size[1], size[2], size[3])), *dx;
            gm_tensor *y = gm_pad2d(x, cases[i].before, cases[i].after, (gm_padding_mode)mode);
            gm_grad(gm_sum_all(gm_multiply(y, gm_check_float(check, *gm_tensor_shape(y)))), &x, 1, &dx);
            gm_check_fetch(check, y);
            gm_check_fetch(check, dx);
        }
    static const size_t one[] = {1, 1}, two[] = {2, 0};
    if (gm_check_case(check, GM_CASE_FULL, "of views")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(6, 5, 3, 7));
        gm_check_fetch(check, gm_tanh(gm_pad2d(gm_transpose(x, (size_t[]){0, 2, 1, 3}), one, two, GM_PADDING_REFLECT)));
        gm_check_fetch(check, gm_pad2d(gm_slice(gm_exp(x), (size_t[]){0, 1, 1, 2}, (size_t[]){6, 3, 2, 4}), two, one,
                                       GM_PADDING_REPLICATE));
        gm_check_fetch(check, gm_pad2d(gm_flip(x, GM_AXIS(1)), one, one, GM_PADDING_REFLECT));
        gm_tensor *parts[] = {gm_pad2d(x, one, one, GM_PADDING_REFLECT), gm_pad2d(x, one, one, GM_PADDING_REPLICATE)};
        gm_check_fetch(check, gm_concat(parts, 2, 1));
        gm_check_fetch(check, gm_concat(parts, 2, 0));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(64, 32, 32, 32)"))
        gm_check_fetch(check, gm_pad2d(gm_check_float(check, GM_SHAPE(64, 32, 32, 32)), one, one, GM_PADDING_REFLECT));
}

static void shift_cases(gm_cases *check) {
    static const size_t sizes[][4] = {{4, 3, 5, 6}, {1, 1, 1, 1}, {7, 1, 16, 9}, {3, 70, 4, 4}, {65, 3, 8, 8}};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu, %zu, %zu, %zu)", sizes[i][0], sizes[i][1],
                          sizes[i][2], sizes[i][3])) {
            gm_shape shape = GM_SHAPE(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
            gm_tensor *x = gm_check_float(check, shape), *dx; // offsets of -8 to 8: some images leave altogether
            gm_tensor *y = gm_shift2d(x, gm_check_input(check, GM_VALUES_NORMAL, GM_INT32, GM_SHAPE(shape.dim[0], 2)));
            gm_grad(gm_sum_all(gm_multiply(y, gm_check_float(check, shape))), &x, 1, &dx);
            gm_check_fetch(check, y);
            gm_check_fetch(check, dx);
        }
    if (gm_check_case(check, GM_CASE_FULL, "of views, by computed offsets")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(6, 5, 3, 7));
        gm_tensor *offsets = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(2, 6));
        offsets = gm_transpose(gm_subtract(offsets, gm_constant_int(check->graph, 3)), (size_t[]){1, 0});
        gm_check_fetch(check, gm_tanh(gm_shift2d(gm_transpose(x, (size_t[]){0, 2, 1, 3}), offsets)));
        gm_check_fetch(check, gm_shift2d(gm_slice(gm_exp(x), (size_t[]){0, 1, 1, 2}, (size_t[]){6, 3, 2, 4}), offsets));
        gm_tensor *one = gm_check_float(check, GM_SHAPE(1, 1, 3, 7));
        gm_check_fetch(check, gm_shift2d(gm_broadcast(one, GM_SHAPE(6, 1, 3, 7)), offsets));
    }
    if (gm_check_case(check, GM_CASE_FULL, "far away")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(3, 2, 4, 4));
        gm_tensor *far = gm_check_input(check, GM_VALUES_NORMAL, GM_INT32, GM_SHAPE(3, 2));
        gm_check_fetch(check, gm_shift2d(x, gm_multiply(far, gm_constant_int(check->graph, 1 << 28))));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(64, 3, 64, 64)"))
        gm_check_fetch(check, gm_shift2d(gm_check_float(check, GM_SHAPE(64, 3, 64, 64)),
                                         gm_check_input(check, GM_VALUES_NORMAL, GM_INT32, GM_SHAPE(64, 2))));
}

// Places of standard normal values times so much around the middle: many lie outside.
static gm_tensor *places(gm_cases *check, gm_shape shape, double reach, const size_t *image) {
    gm_tensor *middle = gm_concat((gm_tensor *[]){gm_full(check->graph, GM_SHAPE(1, 1, 1, 1), (double)image[2] / 2),
                                                  gm_full(check->graph, GM_SHAPE(1, 1, 1, 1), (double)image[3] / 2)},
                                  2, 1);
    return gm_add(gm_scale(gm_check_float(check, shape), reach), middle);
}

static void warp_cases(gm_cases *check) {
    static const size_t sizes[][6] = {{3, 2, 5, 6, 4, 7},  {1, 1, 1, 1, 1, 1},  {7, 1, 16, 9, 16, 9},
                                      {2, 37, 4, 4, 3, 5}, {33, 3, 8, 8, 8, 8}, {2, 1, 31, 33, 17, 40}};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu, %zu, %zu, %zu) at %zu x %zu", sizes[i][0],
                          sizes[i][1], sizes[i][2], sizes[i][3], sizes[i][4], sizes[i][5])) {
            const size_t *s = sizes[i];
            gm_tensor *x = gm_check_float(check, GM_SHAPE(s[0], s[1], s[2], s[3])), *dx;
            gm_tensor *at = places(check, GM_SHAPE(s[0], 2, s[4], s[5]), .3 * (double)s[3], s);
            gm_tensor *y = gm_warp2d(x, at);
            gm_grad(gm_sum_all(gm_multiply(y, gm_check_float(check, *gm_tensor_shape(y)))), &x, 1, &dx);
            gm_check_fetch(check, y);
            gm_check_fetch(check, dx);
        }
    if (gm_check_case(check, GM_CASE_FULL, "of views, at places that are one")) {
        gm_tensor *x = gm_transpose(gm_check_float(check, GM_SHAPE(6, 5, 3, 7)), (size_t[]){0, 2, 1, 3});
        gm_tensor *at = places(check, GM_SHAPE(1, 2, 4, 3), 2, (size_t[]){6, 3, 5, 7});
        gm_check_fetch(check, gm_tanh(gm_warp2d(x, gm_broadcast(at, GM_SHAPE(6, 2, 4, 3)))));
        gm_tensor *y = gm_slice(gm_exp(x), (size_t[]){0, 1, 1, 2}, (size_t[]){6, 2, 4, 3});
        gm_check_fetch(check, gm_warp2d_adjoint(y, gm_broadcast(at, GM_SHAPE(6, 2, 4, 3)), 6, 8));
    }
    if (gm_check_case(check, GM_CASE_FULL, "far away, and on the pixels")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(3, 2, 4, 4)), *far = gm_check_float(check, GM_SHAPE(3, 2, 4, 4));
        gm_check_fetch(check, gm_warp2d(x, gm_scale(far, 1e30)));
        gm_check_fetch(check, gm_warp2d_adjoint(x, gm_scale(far, 1e30), 4, 4));
        gm_check_fetch(check, gm_warp2d(x, gm_floor(gm_scale(far, 3))));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(64, 3, 64, 64)")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(64, 3, 64, 64));
        gm_tensor *at = places(check, GM_SHAPE(64, 2, 64, 64), 16, (size_t[]){64, 3, 64, 64});
        gm_check_fetch(check, gm_warp2d(x, at));
        gm_check_fetch(check, gm_warp2d_adjoint(x, at, 64, 64));
    }
}

const gm_check_row gm_check_move[] = {
    {"pad", pad_cases, .ulps = 12},      {"concat", concat_cases, .ulps = 12},
    {"copy", copy_cases, .ulps = 12},    {"flip", flip_cases, .ulps = 24},
    {"pad2d", border_cases, .ulps = 12}, {"shift2d", shift_cases, .ulps = 24},
    {"warp2d", warp_cases, .ulps = 24},  {0},
};
