// Convolutions of sequences, of images with dilations and uneven padding, and of volumes: the result and both
// gradients.
#include "kernels/check.h"

typedef struct convolution {
    size_t rank, N, C, K, size[GM_SPATIAL_AXES], kernel[GM_SPATIAL_AXES];
    gm_convolution_params params;
} convolution;

static const convolution cases[] = {
    {3, 2, 3, 5, {9}, {3}, {.stride = {2}, .padding = {1}}},
    {5, 2, 3, 5, {4, 5, 4}, {3, 3, 2}, {.stride = {1, 2, 1}, .padding = {1, 1, 0}}},
    {4, 2, 5, 4, {7, 8}, {3, 2}, {.padding = {2, 0}, .dilation = {2, 3}}},
    {3, 1, 1, 1, {1}, {1}, {.padding = {0}}},
    {3, 5, 16, 9, {64}, {25}, {.stride = {4}, .padding = {11}, .extra_padding = {1}}},
    {3, 9, 7, 33, {21}, {5}, {.padding = {4}, .dilation = {3}}},
    {3, 3, 40, 3, {30}, {4}, {.stride = {3}, .dilation = {2}, .padding = {2}}},
    {4, 3, 16, 32, {9, 7}, {3, 3}, {.padding = {1, 1}, .extra_padding = {1, 2}}},
    {4, 7, 16, 16, {8, 8}, {4, 4}, {.stride = {2, 2}, .extra_padding = {2, 0}}},
    {4, 2, 16, 17, {11, 9}, {3, 3}, {.stride = {3, 1}, .padding = {2, 3}, .dilation = {2, 3}}},
    {4, 6, 2, 65, {6, 6}, {2, 3}, {.padding = {1, 2}, .dilation = {3, 2}}},
    {4, 4, 20, 2, {6, 5}, {3, 3}, {.stride = {1, 2}, .padding = {2, 3}, .dilation = {2, 3}}},
    {5, 1, 1, 1, {1, 1, 1}, {1, 1, 1}, {.padding = {0}}},
    {5, 3, 16, 16, {6, 8, 8}, {4, 4, 4}, {.stride = {2, 2, 2}, .padding = {1, 1, 1}}},
    {5, 2, 16, 32, {8, 6, 8}, {4, 4, 4}, {.stride = {2, 2, 2}, .padding = {1, 1, 1}}},
    {5, 3, 17, 16, {5, 4, 3}, {3, 3, 2}, {.padding = {1, 1}}},
    {5, 1, 16, 16, {9, 2, 3}, {5, 1, 3}, {.stride = {2, 1, 1}, .padding = {1, 0, 1}, .extra_padding = {1, 0, 0}}},
    {5, 2, 9, 17, {7, 3, 5}, {3, 1, 3}, {.padding = {2, 0, 1}, .extra_padding = {1, 0, 0}, .dilation = {2, 1, 1}}},
    {5, 4, 1, 8, {5, 6, 4}, {2, 4, 3}, {.stride = {3, 1, 2}, .padding = {1, 1, 1}}},
    {5, 2, 4, 2, {9, 2, 3}, {3, 2, 1}, {.stride = {3, 1, 1}, .padding = {1, 0, 0}, .dilation = {2, 1, 1}}},
};

static gm_shape shape_of(const convolution *c, size_t first, size_t second, const size_t *sizes) {
    gm_shape shape = {.rank = c->rank, .dim = {first, second}};
    for (size_t i = 0; i + 2 < c->rank; i++)
        shape.dim[2 + i] = sizes[i];
    return shape;
}

static bool wanted(gm_cases *check, const convolution *c, size_t index) {
    const gm_convolution_params *p = &c->params;
    gm_case_size size = index < 3 ? GM_CASE_SMALL : GM_CASE_FULL;
    return gm_check_case(check, size,
                         "N %zu, C %zu, K %zu, %zu axes: %zu %zu %zu, kernel %zu %zu %zu, stride %zu %zu %zu, "
                         "padding %zu %zu %zu and %zu %zu %zu, dilation %zu %zu %zu",
                         c->N, c->C, c->K, c->rank - 2, c->size[0], c->size[1], c->size[2], c->kernel[0], c->kernel[1],
                         c->kernel[2], p->stride[0], p->stride[1], p->stride[2], p->padding[0], p->padding[1],
                         p->padding[2], p->extra_padding[0], p->extra_padding[1], p->extra_padding[2], p->dilation[0],
                         p->dilation[1], p->dilation[2]);
}

static void fetch_with_gradients(gm_cases *check, gm_tensor *x, gm_tensor *w, gm_tensor *y) {
    gm_tensor *d[2];
    gm_grad(gm_sum_all(gm_multiply(y, gm_check_float(check, *gm_tensor_shape(y)))), (gm_tensor *[]){x, w}, 2, d);
    gm_check_fetch(check, y);
    gm_check_fetch(check, d[0]);
    gm_check_fetch(check, d[1]);
}

static void forward_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        if (wanted(check, &cases[i], i)) {
            const convolution *c = &cases[i];
            gm_tensor *x = gm_check_float(check, shape_of(c, c->N, c->C, c->size));
            gm_tensor *w = gm_check_float(check, shape_of(c, c->K, c->C, c->kernel));
            fetch_with_gradients(check, x, w, gm_convolution(x, w, &c->params));
        }
    if (gm_check_case(check, GM_CASE_FULL, "of a convolution, of a sequence and of a volume")) {
        for (size_t i = 0; i < 2; i++) {
            const convolution *c = &cases[i];
            gm_tensor *x = gm_check_float(check, shape_of(c, c->N, c->C, c->size));
            gm_tensor *w = gm_check_float(check, shape_of(c, c->K, c->C, c->kernel));
            gm_tensor *y = gm_leaky_relu(gm_convolution(x, w, &c->params), 0.2);
            gm_tensor *v = gm_check_float(check, shape_of(c, 4, c->K, (size_t[]){2, 2, 2}));
            fetch_with_gradients(check, x, w, gm_tanh(gm_convolution(y, v, NULL)));
        }
    }
}

static void transposed_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        if (wanted(check, &cases[i], i)) {
            const convolution *c = &cases[i];
            gm_convolution_params params = c->params;
            for (size_t axis = 0; axis + 2 < c->rank; axis++)
                params.output_padding[axis] = params.stride[axis] > 1 ? 1 : 0;
            gm_tensor *x = gm_check_float(check, shape_of(c, c->N, c->K, c->size));
            gm_tensor *w = gm_check_float(check, shape_of(c, c->K, c->C, c->kernel));
            fetch_with_gradients(check, x, w, gm_convolution_transpose(x, w, &params));
        }
}

// Joined along the samples or the channels, where each writes its part of the whole.
static void joined_cases(gm_cases *check) {
    static const size_t channels[][3] = {{3, 5, 1}, {16, 16, 16}, {17, 2, 33}, {1, 64, 7}};
    for (size_t i = 0; i < GM_COUNT(channels); i++)
        for (size_t axis = 0; axis < 2; axis++) {
            const size_t *K = channels[i], C = i % 2 ? 16 : 6, width = i % 2 ? 4 : 3;
            if (!gm_check_case(check, i == 0 ? GM_CASE_SMALL : GM_CASE_FULL,
                               "%zu channels to %zu, %zu and %zu along axis %zu", C, K[0], K[1], K[2], axis))
                continue;
            const gm_convolution_params params = {.stride = {1, 2}, .padding = {1, 1}};
            const gm_convolution_params fast = {.stride = {2, 2}, .padding = {1, 1}};
            for (size_t transpose = 0; transpose < 2; transpose++) {
                gm_tensor *y[3];
                for (size_t k = 0; k < 3; k++) {
                    const size_t out = axis == 0 ? K[0] : K[k];
                    gm_tensor *x = gm_check_float(check, GM_SHAPE(axis == 0 ? K[k] : 5, C, 6, 8));
                    gm_tensor *w = gm_check_float(check, transpose ? GM_SHAPE(C, out, width, width)
                                                                   : GM_SHAPE(out, C, width, width));
                    const gm_convolution_params *p = i % 2 ? &fast : &params;
                    y[k] = transpose ? gm_convolution_transpose(x, w, p) : gm_convolution(x, w, p);
                }
                gm_check_fetch(check, gm_tanh(gm_concat(y, 3, axis))); // a fetched one is no home
            }
        }
}

const gm_check_row gm_check_convolution[] = {
    {"convolution", forward_cases, .ulps = 32},
    {"convolution_transpose", transposed_cases, .ulps = 32},
    {"convolution_joined", joined_cases, .ulps = 32},
    {0},
};
