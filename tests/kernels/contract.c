// Matrix products and the three convolutions: sizes around the tiles of both kernel families, operands that lie in any
// order, and epilogues.
#include "kernels/check.h"

typedef enum epilogue { NONE = 0, BIAS, ROW_BIAS, RESIDUAL, EPILOGUES } epilogue;

static const char *const epilogue_name[EPILOGUES] = {"", ", bias and leaky relu", ", bias by row and tanh",
                                                     ", scaled and added to another value"};

// y (M, N) or (N, K, H, W); the bias is along the axis that the kernels keep innermost.
static gm_tensor *finish(gm_cases *check, gm_tensor *y, epilogue kind) {
    const gm_shape *shape = gm_tensor_shape(y);
    bool image = shape->rank == 4;
    switch (kind) {
    case BIAS:
        return gm_leaky_relu(
            gm_add(y, gm_check_float(check, image ? GM_SHAPE(shape->dim[1], 1, 1) : GM_SHAPE(shape->dim[1]))), 0.2);
    case ROW_BIAS:
        return gm_tanh(
            gm_add(y, gm_check_float(check, image ? GM_SHAPE(shape->dim[0], 1, 1, 1) : GM_SHAPE(shape->dim[0], 1))));
    case RESIDUAL:
        return gm_add(gm_scale(y, 0.25), gm_check_float(check, *shape));
    case NONE:
    case EPILOGUES:
        break;
    }
    return y;
}

// ---- Matrix products ----

static gm_tensor *product(gm_cases *check, size_t m, size_t k, size_t n, int transposed, gm_values values) {
    bool ta = transposed & 1, tb = (transposed & 2) != 0;
    gm_tensor *a = gm_check_input(check, values, GM_FLOAT32, ta ? GM_SHAPE(k, m) : GM_SHAPE(m, k));
    gm_tensor *b = gm_check_input(check, values, GM_FLOAT32, tb ? GM_SHAPE(n, k) : GM_SHAPE(k, n));
    return gm_gemm(a, b, &(gm_gemm_params){.transpose_a = ta, .transpose_b = tb});
}

static const char *transposed_name(int transposed) {
    static const char *const names[] = {"a b", "aT b", "a bT", "aT bT"};
    return names[transposed];
}

static void gemm_size_cases(gm_cases *check) {
    // CPU tiles are 6 x 16, thin ones 4 rows of fewer than 8 results; GPU tiles are 32 to 128 wide, in steps
    // of 8 or 16.
    static const size_t sizes[][3] = {{1, 1, 1},    {7, 5, 3},    {5, 16, 15},   {6, 17, 16}, {13, 15, 17},
                                      {12, 1, 33},  {1, 31, 100}, {100, 31, 1},  {3, 40, 2},  {64, 16, 64},
                                      {63, 33, 65}, {65, 7, 129}, {9, 257, 8},   {97, 3, 7},  {17, 600, 31},
                                      {2, 1200, 5}, {128, 9, 48}, {31, 1031, 23}};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        for (int t = 0; t < 4; t++)
            if (gm_check_case(check, i < 2 || i == 4 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu x %zu x %zu, %s", sizes[i][0],
                              sizes[i][1], sizes[i][2], transposed_name(t))) {
                gm_values values = i % 3 == 2 ? GM_VALUES_CANCEL : GM_VALUES_NORMAL;
                gm_check_fetch(check, product(check, sizes[i][0], sizes[i][1], sizes[i][2], t, values));
            }
    for (int t = 0; t < 8; t++) {
        size_t m = gm_check_draw(check, 1, 90), k = gm_check_draw(check, 1, 300), n = gm_check_draw(check, 1, 90);
        if (gm_check_case(check, GM_CASE_FULL, "%zu x %zu x %zu, %s", m, k, n, transposed_name(t % 4)))
            gm_check_fetch(check, product(check, m, k, n, t % 4, GM_VALUES_NORMAL));
    }
    for (int t = 0; t < 4; t++)
        if (gm_check_case(check, GM_CASE_BENCH, "512 x 512 x 512, %s", transposed_name(t)))
            gm_check_fetch(check, product(check, 512, 512, 512, t, GM_VALUES_NORMAL));
}

// A product for each place of the leading axes.
static gm_tensor *batch_product(gm_cases *check, gm_shape leading, const size_t *size, int transposed) {
    bool ta = transposed & 1, tb = (transposed & 2) != 0;
    gm_shape a = leading, b = leading;
    a.dim[a.rank++] = ta ? size[1] : size[0], a.dim[a.rank++] = ta ? size[0] : size[1];
    b.dim[b.rank++] = tb ? size[2] : size[1], b.dim[b.rank++] = tb ? size[1] : size[2];
    return gm_gemm(gm_check_float(check, a), gm_check_float(check, b),
                   &(gm_gemm_params){.transpose_a = ta, .transpose_b = tb});
}

static void batch_size_cases(gm_cases *check) {
    static const struct {
        gm_shape leading;
        size_t size[3];
    } batches[] = {{{1, {3}}, {7, 5, 3}},          {{2, {2, 3}}, {9, 4, 17}}, {{1, {1}}, {13, 15, 17}},
                   {{1, {256}}, {5, 9, 11}},       {{1, {3}}, {64, 64, 64}},  {{1, {5}}, {33, 70, 48}},
                   {{3, {2, 3, 2}}, {31, 17, 32}}, {{1, {2}}, {130, 33, 65}}, {{1, {7}}, {1, 40, 1}},
                   {{2, {4, 1}}, {12, 3, 100}},    {{1, {3}}, {20, 530, 21}}, {{1, {2}}, {70, 8, 1040}},
                   {{2, {3, 5}}, {17, 16, 16}}};
    for (size_t i = 0; i < GM_COUNT(batches); i++)
        for (int t = 0; t < 4; t++) {
            const size_t *size = batches[i].size;
            if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu products of %zu x %zu x %zu, %s",
                              gm_shape_count(&batches[i].leading), size[0], size[1], size[2], transposed_name(t)))
                gm_check_fetch(check, batch_product(check, batches[i].leading, size, t));
        }
    for (int t = 0; t < 4; t++)
        if (gm_check_case(check, GM_CASE_BENCH, "256 products of 64 x 64 x 64, %s", transposed_name(t)))
            gm_check_fetch(check, batch_product(check, GM_SHAPE(256), (size_t[]){64, 64, 64}, t));
}

// Operands whose matrices lie in other orders than row by row, one after the other.
static void batch_view_cases(gm_cases *check) {
    if (gm_check_case(check, GM_CASE_FULL, "of transposed, sliced and repeated batches")) {
        gm_tensor *a = gm_transpose(gm_check_float(check, GM_SHAPE(9, 3, 12, 2)), (size_t[]){3, 1, 0, 2});
        gm_tensor *b =
            gm_slice(gm_check_float(check, GM_SHAPE(4, 5, 13, 20)), (size_t[]){1, 1, 0, 3}, (size_t[]){2, 3, 12, 16});
        gm_tensor *c = gm_broadcast(gm_check_float(check, GM_SHAPE(3, 16, 12)), GM_SHAPE(2, 3, 16, 12));
        gm_check_fetch(check, gm_gemm(a, b, NULL));
        gm_check_fetch(check, gm_gemm(b, a, &(gm_gemm_params){.transpose_a = true, .transpose_b = true}));
        gm_check_fetch(check, gm_gemm(a, c, &(gm_gemm_params){.transpose_b = true}));
        gm_check_fetch(check, gm_gemm(gm_flip(c, 15), gm_flip(b, 5), NULL));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of images' channels and positions")) { // channels are innermost in memory
        gm_tensor *x = gm_reshape(
            gm_average_pool(gm_check_float(check, GM_SHAPE(3, 32, 8, 6)), &(gm_pool_params){.kernel = {2, 2}}),
            GM_SHAPE(6, 16, 12));
        gm_check_fetch(check, gm_gemm(x, x, &(gm_gemm_params){.transpose_a = true}));
        gm_check_fetch(check, gm_gemm(x, x, &(gm_gemm_params){.transpose_b = true}));
    }
    if (gm_check_case(check, GM_CASE_FULL, "into parts of a concatenation")) {
        gm_tensor *parts[2];
        for (int i = 0; i < 2; i++)
            parts[i] = batch_product(check, GM_SHAPE(2, 2), (size_t[]){7, 5, 9}, i);
        for (size_t axis = 0; axis < 4; axis++)
            gm_check_fetch(check, gm_concat(parts, 2, axis));
    }
}

static void batch_epilogue_cases(gm_cases *check) {
    static const size_t size[] = {11, 20, 35};
    for (int t = 0; t < 4; t++)
        if (gm_check_case(check, t == 0 ? GM_CASE_SMALL : GM_CASE_FULL, "6 products of 11 x 20 x 35, %s, and more",
                          transposed_name(t))) {
            gm_tensor *y = batch_product(check, GM_SHAPE(2, 3), size, t);
            y = gm_add(gm_scale(y, 0.25), gm_check_float(check, GM_SHAPE(2, 3, 11, 35)));
            gm_check_fetch(check, gm_tanh(gm_multiply(y, gm_check_float(check, GM_SHAPE(2, 1, 1, 35)))));
            y = gm_add(batch_product(check, GM_SHAPE(4), size, t), gm_check_float(check, GM_SHAPE(11, 1)));
            gm_check_fetch(check, gm_leaky_relu(gm_add(y, gm_check_float(check, GM_SHAPE(4, 1, 1))), 0.2));
        }
}

static void gemm_cases(gm_cases *check) {
    gemm_size_cases(check);
    batch_size_cases(check);
    batch_view_cases(check);
    batch_epilogue_cases(check);
    for (epilogue kind = BIAS; kind < EPILOGUES; kind++)
        for (int t = 0; t < 4; t++)
            if (gm_check_case(check, kind == BIAS && t == 0 ? GM_CASE_SMALL : GM_CASE_FULL, "13 x 20 x 21, %s%s",
                              transposed_name(t), epilogue_name[kind])) {
                gm_check_fetch(check, finish(check, product(check, 13, 20, 21, t, GM_VALUES_NORMAL), kind));
                gm_check_fetch(check, finish(check, product(check, 10, 33, 3, t, GM_VALUES_NORMAL), kind));
                gm_check_fetch(check, finish(check, product(check, 9, 700, 18, t, GM_VALUES_NORMAL), kind));
                gm_check_fetch(check, finish(check, product(check, 21, 300, 1, t, GM_VALUES_NORMAL), kind));
            }
    if (gm_check_case(check, GM_CASE_FULL, "of slices")) {
        gm_tensor *a = gm_slice(gm_check_float(check, GM_SHAPE(20, 30)), (size_t[]){3, 4}, (size_t[]){11, 19});
        gm_tensor *b = gm_slice(gm_check_float(check, GM_SHAPE(40, 50)), (size_t[]){1, 7}, (size_t[]){19, 35});
        gm_check_fetch(check, gm_gemm(a, b, NULL));
        gm_check_fetch(check, gm_gemm(b, a, &(gm_gemm_params){.transpose_a = true, .transpose_b = true}));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of flips")) {
        gm_tensor *a = gm_check_float(check, GM_SHAPE(33, 20)), *b = gm_check_float(check, GM_SHAPE(20, 18));
        for (uint32_t axes = 1; axes < 4; axes++) {
            gm_check_fetch(check, gm_gemm(gm_flip(a, axes), gm_flip(b, 4 - axes), NULL));
            gm_check_fetch(check, gm_gemm(gm_flip(a, axes), a, &(gm_gemm_params){.transpose_a = true}));
        }
    }
    if (gm_check_case(check, GM_CASE_FULL, "of a broadcast row and a transposition")) {
        gm_tensor *a = gm_broadcast(gm_check_float(check, GM_SHAPE(1, 23)), GM_SHAPE(8, 23));
        gm_tensor *b = gm_transpose(gm_check_float(check, GM_SHAPE(18, 23)), (size_t[]){1, 0});
        gm_check_fetch(check, gm_gemm(a, b, NULL));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of one matrix with itself, used twice")) {
        gm_tensor *a = gm_check_float(check, GM_SHAPE(17, 17)), *b = gm_gemm(a, a, NULL);
        gm_check_fetch(check, gm_add(gm_tanh(b), gm_gemm(b, a, &(gm_gemm_params){.transpose_a = true})));
        gm_check_fetch(check, b);
    }
    if (gm_check_case(check, GM_CASE_FULL, "of images as rows")) { // channels are innermost in memory
        gm_tensor *x =
            gm_average_pool(gm_check_float(check, GM_SHAPE(5, 6, 4, 4)), &(gm_pool_params){.kernel = {2, 2}});
        gm_check_fetch(check, gm_gemm(gm_reshape(x, GM_SHAPE(5, 24)), gm_check_float(check, GM_SHAPE(24, 19)), NULL));
    }
}

// ---- Convolutions ----

typedef struct convolution {
    size_t N, C, K, H, W, R, S, stride[2], padding[2], output_padding;
} convolution;

static const convolution convolutions[] = {
    {2, 3, 5, 5, 4, 3, 3, {1, 1}, {1, 1}, 0},
    {1, 1, 1, 1, 1, 1, 1, {1, 1}, {0, 0}, 0},
    {2, 16, 16, 6, 6, 3, 3, {2, 2}, {1, 1}, 1}, // for fast variants: see below
    {7, 16, 17, 8, 8, 4, 4, {2, 2}, {1, 1}, 0},
    {5, 1, 9, 10, 10, 4, 4, {2, 2}, {1, 1}, 0},
    {6, 10, 1, 4, 4, 4, 4, {1, 1}, {0, 0}, 0},
    {3, 12, 8, 9, 7, 5, 3, {3, 3}, {2, 1}, 1},
    {8, 33, 20, 1, 1, 4, 4, {1, 1}, {3, 3}, 0},
    {13, 8, 7, 6, 5, 3, 2, {1, 2}, {2, 0}, 0},
    {1, 17, 31, 5, 9, 1, 1, {1, 1}, {0, 0}, 0},
    {65, 2, 3, 3, 3, 2, 2, {1, 1}, {0, 0}, 0},
    {4, 9, 65, 4, 4, 3, 3, {2, 2}, {1, 1}, 1},
    {31, 15, 16, 7, 7, 3, 3, {1, 1}, {1, 1}, 0},
    {2, 64, 3, 8, 8, 4, 4, {2, 2}, {1, 1}, 0},
    {3, 3, 64, 2, 3, 5, 5, {1, 1}, {4, 4}, 0},
    // whole vectors of channels, for fast variants: tiles that end beyond the image, depths of more than a block
    {5, 16, 32, 9, 8, 4, 4, {2, 2}, {1, 1}, 0},
    {3, 32, 16, 7, 9, 3, 3, {1, 1}, {1, 1}, 0},
    {4, 48, 16, 11, 10, 5, 5, {2, 2}, {2, 1}, 1},
    {13, 16, 16, 5, 7, 2, 2, {1, 1}, {0, 0}, 0},
    {2, 80, 16, 6, 5, 4, 4, {2, 2}, {1, 0}, 0},
    {70, 16, 80, 4, 4, 4, 4, {2, 2}, {1, 1}, 0},
    {2, 16, 16, 6, 6, 4, 4, {2, 2}, {3, 2}, 0},
    {3, 272, 16, 4, 3, 3, 3, {1, 1}, {1, 1}, 0},
    {70, 16, 16, 16, 16, 4, 4, {2, 2}, {1, 1}, 0}, // more tiles than an outer sum takes at a time, in phases
    {130, 16, 272, 4, 4, 3, 3, {1, 1}, {1, 1}, 0}, // and more outputs than are transformed at a time
};
// N, C, K, image, kernel, stride 2 with padding 1: layers of a DCGAN for 32 x 32 images.
static const convolution benched[] = {{64, 3, 64, 32, 32, 4, 4, {2, 2}, {1, 1}, 0},
                                      {64, 64, 128, 16, 16, 4, 4, {2, 2}, {1, 1}, 0},
                                      {64, 128, 256, 8, 8, 4, 4, {2, 2}, {1, 1}, 0}};

static gm_convolution_params params_of(const convolution *c) {
    return (gm_convolution_params){.stride = {c->stride[0], c->stride[1]}, .padding = {c->padding[0], c->padding[1]}};
}

static gm_tensor *forward(gm_cases *check, const convolution *c) {
    gm_convolution_params params = params_of(c);
    gm_tensor *x = gm_check_float(check, GM_SHAPE(c->N, c->C, c->H, c->W));
    return gm_convolution(x, gm_check_float(check, GM_SHAPE(c->K, c->C, c->R, c->S)), &params);
}

static gm_tensor *transposed(gm_cases *check, const convolution *c) {
    gm_convolution_params params = params_of(c);
    for (size_t i = 0; i < 2; i++)
        params.output_padding[i] = c->output_padding;
    gm_tensor *x = gm_check_float(check, GM_SHAPE(c->N, c->K, c->H + 4, c->W + 5));
    return gm_convolution_transpose(x, gm_check_float(check, GM_SHAPE(c->K, c->C, c->R, c->S)), &params);
}

static gm_tensor *weight(gm_cases *check, const convolution *c) {
    gm_convolution_params params = params_of(c);
    size_t OH = (c->H + 2 * c->padding[0] - c->R) / c->stride[0] + 1;
    size_t OW = (c->W + 2 * c->padding[1] - c->S) / c->stride[1] + 1;
    gm_tensor *x = gm_check_float(check, GM_SHAPE(c->N, c->C, c->H, c->W));
    gm_tensor *dy = gm_check_float(check, GM_SHAPE(c->N, c->K, OH, OW));
    return gm_convolution_weight(x, dy, (size_t[]){c->R, c->S}, &params);
}

typedef gm_tensor *maker(gm_cases *check, const convolution *c);

static bool convolution_case(gm_cases *check, gm_case_size size, const convolution *c, epilogue kind) {
    return gm_check_case(
        check, size, "N %zu, C %zu, K %zu, %zu x %zu, kernel %zu x %zu, stride %zu %zu, padding %zu %zu%s", c->N, c->C,
        c->K, c->H, c->W, c->R, c->S, c->stride[0], c->stride[1], c->padding[0], c->padding[1], epilogue_name[kind]);
}

static void convolution_cases(gm_cases *check, maker *make) {
    for (size_t i = 0; i < GM_COUNT(convolutions); i++)
        if (convolution_case(check, i < 3 ? GM_CASE_SMALL : GM_CASE_FULL, &convolutions[i], NONE))
            gm_check_fetch(check, make(check, &convolutions[i]));
    for (size_t i = 0; i < 6; i++) {
        convolution c = {
            .N = gm_check_draw(check, 1, 9), .C = gm_check_draw(check, 1, 20), .K = gm_check_draw(check, 1, 20)};
        c.H = gm_check_draw(check, 3, 9), c.W = gm_check_draw(check, 3, 9);
        c.R = gm_check_draw(check, 1, 3), c.S = gm_check_draw(check, 1, 3);
        for (size_t axis = 0; axis < 2; axis++) {
            c.stride[axis] = gm_check_draw(check, 1, 3);
            c.padding[axis] = gm_check_draw(check, 0, axis ? c.S - 1 : c.R - 1);
        }
        if (convolution_case(check, GM_CASE_FULL, &c, NONE))
            gm_check_fetch(check, make(check, &c));
    }
    for (epilogue kind = BIAS; kind < EPILOGUES; kind++)
        for (size_t i = 4; i < 9; i++) // thin, single-output, transposed-tile and plain shapes
            if (convolution_case(check, GM_CASE_FULL, &convolutions[i], kind))
                gm_check_fetch(check, finish(check, make(check, &convolutions[i]), kind));
    for (size_t i = 0; i < GM_COUNT(benched); i++)
        if (convolution_case(check, GM_CASE_BENCH, &benched[i], NONE))
            gm_check_fetch(check, make(check, &benched[i]));
}

static void flipped_cases(gm_cases *check) {
    gm_tensor *x = gm_check_float(check, GM_SHAPE(5, 9, 6, 7)), *w = gm_check_float(check, GM_SHAPE(10, 9, 3, 3));
    for (uint32_t axes = 1; axes < 16; axes += 2)
        gm_check_fetch(check, gm_convolution(gm_flip(x, axes), w, NULL));
    gm_check_fetch(check, gm_convolution(x, gm_flip(w, GM_AXIS(2) | GM_AXIS(3)), NULL));
    gm_check_fetch(check, gm_convolution(x, gm_flip(w, GM_AXIS(0) | GM_AXIS(1)), NULL));
}

static void conv_cases(gm_cases *check) {
    convolution_cases(check, forward);
    if (gm_check_case(check, GM_CASE_FULL, "of a convolution")) { // nothing changes the order in between
        gm_tensor *y = gm_leaky_relu(forward(check, &convolutions[0]), 0.2);
        gm_check_fetch(check, gm_convolution(y, gm_check_float(check, GM_SHAPE(4, 5, 2, 2)), NULL));
    }
    if (gm_check_case(check, GM_CASE_FULL, "with weights that a slice and a transposition give")) {
        gm_tensor *w =
            gm_slice(gm_check_float(check, GM_SHAPE(9, 7, 3, 3)), (size_t[]){1, 2, 0, 1}, (size_t[]){8, 4, 3, 2});
        gm_tensor *x =
            gm_slice(gm_check_float(check, GM_SHAPE(5, 6, 8, 8)), (size_t[]){1, 1, 2, 0}, (size_t[]){3, 4, 5, 8});
        gm_check_fetch(check, gm_convolution(x, w, NULL));
        gm_tensor *v = gm_check_float(check, GM_SHAPE(8, 10, 2, 2));
        gm_check_fetch(check, gm_convolution(gm_check_float(check, GM_SHAPE(2, 8, 4, 4)),
                                             gm_transpose(v, (size_t[]){1, 0, 3, 2}), NULL));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of flips"))
        flipped_cases(check);
}

static void transposed_cases(gm_cases *check) {
    convolution_cases(check, transposed);
}

static void weight_cases(gm_cases *check) {
    convolution_cases(check, weight);
}

const gm_check_row gm_check_contract[] = {
    {"gemm", gemm_cases, .ulps = 32},
    {"conv2d", conv_cases, .ulps = 32},
    {"conv2d_transpose", transposed_cases, .ulps = 32},
    {"conv2d_weight", weight_cases, .ulps = 32},
    {0},
};
