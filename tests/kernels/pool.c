// Pooling, its indices and its adjoints.
#include "kernels/check.h"

static const struct {
    size_t N, C, H, W;
    gm_pool_params params;
} cases[] = {
    {2, 3, 4, 6, {.kernel = {2, 2}}},
    {1, 1, 1, 1, {.kernel = {1, 1}}},
    {3, 5, 9, 8, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
    {2, 17, 7, 7, {.kernel = {3, 2}, .stride = {1, 3}, .padding = {1, 0}}},
    {5, 8, 5, 11, {.kernel = {5, 11}}},
    {1, 9, 6, 6, {.kernel = {2, 2}, .stride = {3, 3}}},
    {4, 1, 8, 3, {.kernel = {4, 3}, .stride = {1, 1}, .padding = {2, 1}}},
    {7, 700, 4, 2, {.kernel = {2, 2}}}, // more rows and channels than a CPU's work-item takes
};

static gm_tensor *pooled(const gm_cases *check, gm_tensor *x, const gm_pool_params *params) {
    return check->row->maximum ? gm_max_pool(x, params) : gm_average_pool(x, params);
}

// The result and its gradient. Ties show that the first maximum is taken.
static void fetch_with_gradient(gm_cases *check, gm_values values, gm_shape shape, const gm_pool_params *params) {
    gm_tensor *x = gm_check_input(check, values, GM_FLOAT32, shape), *dx, *y = pooled(check, x, params);
    gm_grad(gm_sum_all(gm_multiply(y, gm_check_float(check, *gm_tensor_shape(y)))), &x, 1, &dx);
    gm_check_fetch(check, y);
    gm_check_fetch(check, dx);
}

static void sequence_and_volume_cases(gm_cases *check) {
    const gm_pool_params params = {.kernel = {3, 2, 3}, .stride = {2, 1, 2}, .padding = {1, 0, 1}};
    for (size_t i = 0; i < 2; i++)
        if (gm_check_case(check, GM_CASE_FULL, "of sequences and volumes%s", i ? ", ties" : "")) {
            gm_values values = i ? GM_VALUES_TIES : GM_VALUES_NORMAL;
            fetch_with_gradient(check, values, GM_SHAPE(3, 5, 11), &params);
            fetch_with_gradient(check, values, GM_SHAPE(2, 9, 5, 4, 7), &params);
            fetch_with_gradient(check, values, GM_SHAPE(2, 3, 6, 4, 4), &(gm_pool_params){.kernel = {2, 1, 1}});
        }
}

static void pool_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL,
                          "(%zu, %zu, %zu, %zu), kernel %zu x %zu, stride %zu %zu, padding %zu %zu", cases[i].N,
                          cases[i].C, cases[i].H, cases[i].W, cases[i].params.kernel[0], cases[i].params.kernel[1],
                          cases[i].params.stride[0], cases[i].params.stride[1], cases[i].params.padding[0],
                          cases[i].params.padding[1])) {
            gm_shape shape = GM_SHAPE(cases[i].N, cases[i].C, cases[i].H, cases[i].W);
            fetch_with_gradient(check, i % 2 ? GM_VALUES_TIES : GM_VALUES_NORMAL, shape, &cases[i].params);
        }
    sequence_and_volume_cases(check);
    if (gm_check_case(check, GM_CASE_FULL, "infinities")) {
        gm_tensor *x = gm_check_input(check, GM_VALUES_INFINITE, GM_FLOAT32, GM_SHAPE(2, 3, 8, 8));
        gm_check_fetch(check, gm_max_pool(x, &(gm_pool_params){.kernel = {2, 2}}));
    }
    if (gm_check_case(check, GM_CASE_FULL, "of an expression, of a transposition")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(3, 6, 5, 8));
        gm_check_fetch(check, pooled(check, gm_tanh(x), &(gm_pool_params){.kernel = {2, 2}}));
        gm_check_fetch(check,
                       pooled(check, gm_transpose(x, (size_t[]){1, 3, 0, 2}), &(gm_pool_params){.kernel = {2, 2}}));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(64, 64, 32, 32), kernel 2 x 2"))
        gm_check_fetch(
            check, pooled(check, gm_check_float(check, GM_SHAPE(64, 64, 32, 32)), &(gm_pool_params){.kernel = {2, 2}}));
}

const gm_check_row gm_check_pool[] = {
    {"average_pool2d", pool_cases, .ulps = 16},
    {"max_pool2d", pool_cases, .ulps = 16, .maximum = true},
    {0},
};
