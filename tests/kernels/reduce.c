// Reductions: every set of axes, sizes around blocks and parts, several results in a pass, operands in any order.
#include "kernels/check.h"

static gm_tensor *reduce(const gm_cases *check, gm_tensor *x, uint32_t axes) {
    return check->row->maximum ? gm_max(x, axes) : gm_sum(x, axes);
}

static void axes_cases(gm_cases *check) {
    for (uint32_t axes = 1; axes < 16; axes++)
        if (gm_check_case(check, axes == 8 || axes == 13 ? GM_CASE_SMALL : GM_CASE_FULL, "(6, 5, 9, 11) over %#x",
                          axes)) {
            gm_tensor *x = gm_check_float(check, GM_SHAPE(6, 5, 9, 11));
            gm_check_fetch(check, reduce(check, gm_square(x), axes));
            gm_check_fetch(check, gm_square(reduce(check, x, axes)));
        }
}

// Blocks are of 1024 elements along a row, 64 rows and 256 columns; rows are split from 8192 elements on.
static void size_cases(gm_cases *check) {
    static const size_t sizes[][2] = {{1, 1},    {1, 1023},  {2, 1024},   {3, 1025}, {5, 7},     {63, 255},
                                      {64, 256}, {65, 257},  {129, 31},   {7, 2053}, {1, 16384}, {1, 40009},
                                      {8191, 1}, {20011, 3}, {16411, 33}, {2, 8191}, {257, 513}};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        for (uint32_t axes = 1; axes < 4; axes++)
            if (gm_check_case(check, i == 4 || i == 0 ? GM_CASE_SMALL : GM_CASE_FULL, "(%zu, %zu) over %#x",
                              sizes[i][0], sizes[i][1], axes)) {
                gm_values values = i % 2 ? GM_VALUES_NORMAL : GM_VALUES_CANCEL;
                gm_tensor *x = gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(sizes[i][0], sizes[i][1]));
                gm_check_fetch(check, reduce(check, x, axes));
            }
    for (size_t i = 0; i < 8; i++) {
        size_t a = gm_check_draw(check, 1, 40), b = gm_check_draw(check, 1, 90), c = gm_check_draw(check, 1, 60);
        uint32_t axes = (uint32_t)gm_check_draw(check, 1, 7);
        if (gm_check_case(check, GM_CASE_FULL, "(%zu, %zu, %zu) over %#x", a, b, c, axes))
            gm_check_fetch(check, reduce(check, gm_check_float(check, GM_SHAPE(a, b, c)), axes));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(2048, 2048) over 0x1"))
        gm_check_fetch(check, reduce(check, gm_check_float(check, GM_SHAPE(2048, 2048)), GM_AXIS(0)));
    if (gm_check_case(check, GM_CASE_BENCH, "(2048, 2048) over 0x2"))
        gm_check_fetch(check, reduce(check, gm_check_float(check, GM_SHAPE(2048, 2048)), GM_AXIS(1)));
    if (gm_check_case(check, GM_CASE_BENCH, "(2048, 2048) over 0x3"))
        gm_check_fetch(check, reduce(check, gm_check_float(check, GM_SHAPE(2048, 2048)), GM_AXIS(0) | GM_AXIS(1)));
}

static void operand_cases(gm_cases *check) {
    if (gm_check_case(check, GM_CASE_FULL, "transposed")) {
        gm_tensor *x = gm_transpose(gm_check_float(check, GM_SHAPE(9, 70, 20)), (size_t[]){2, 0, 1});
        gm_check_fetch(check, reduce(check, x, GM_AXIS(0)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(1) | GM_AXIS(2)));
    }
    if (gm_check_case(check, GM_CASE_FULL, "sliced")) {
        gm_tensor *x = gm_slice(gm_check_float(check, GM_SHAPE(13, 90)), (size_t[]){2, 5}, (size_t[]){9, 67});
        gm_check_fetch(check, reduce(check, x, GM_AXIS(0)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(1)));
    }
    if (gm_check_case(check, GM_CASE_FULL, "a product of broadcast operands")) {
        gm_tensor *x = gm_multiply(gm_check_float(check, GM_SHAPE(31, 1)), gm_check_float(check, GM_SHAPE(1, 45)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(0)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(1)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(0) | GM_AXIS(1)));
    }
    // As the gradient of a bias: pools and convolutions leave channels innermost.
    if (gm_check_case(check, GM_CASE_SMALL, "channels innermost")) {
        gm_tensor *x =
            gm_average_pool(gm_check_float(check, GM_SHAPE(5, 20, 6, 8)), &(gm_pool_params){.kernel = {2, 2}});
        gm_check_fetch(check, reduce(check, x, GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3)));
        gm_check_fetch(check, reduce(check, gm_square(x), GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3)));
        gm_check_fetch(check, reduce(check, x, GM_AXIS(1)));
    }
}

static void sum_cases(gm_cases *check) {
    axes_cases(check);
    size_cases(check);
    operand_cases(check);
    if (gm_check_case(check, GM_CASE_FULL, "infinities and NaN")) // a row of each kind
        gm_check_fetch(check,
                       gm_sum(gm_check_input(check, GM_VALUES_SPECIAL, GM_FLOAT32, GM_SHAPE(40, 2)), GM_AXIS(1)));
}

static void max_cases(gm_cases *check) {
    axes_cases(check);
    size_cases(check);
    operand_cases(check);
    for (size_t i = 0; i < 2; i++)
        if (gm_check_case(check, GM_CASE_SMALL, i ? "infinities" : "NaN wins")) {
            gm_values values = i ? GM_VALUES_INFINITE : GM_VALUES_SPECIAL;
            gm_tensor *x = gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(23, 19));
            gm_check_fetch(check, gm_max(x, GM_AXIS(0)));
            gm_check_fetch(check, gm_max(x, GM_AXIS(1)));
            gm_check_fetch(check, gm_max(x, GM_AXIS(0) | GM_AXIS(1)));
            gm_check_fetch(check, gm_max(gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(60, 2)), GM_AXIS(1)));
        }
    if (gm_check_case(check, GM_CASE_FULL, "ties")) // and the gradient shared among them
    {
        gm_tensor *x = gm_check_input(check, GM_VALUES_TIES, GM_FLOAT32, GM_SHAPE(12, 21)), *dx;
        gm_tensor *y = gm_max(x, GM_AXIS(1));
        gm_grad(gm_sum_all(gm_square(y)), &x, 1, &dx);
        gm_check_fetch(check, y);
        gm_check_fetch(check, dx);
    }
}

static void moment_cases(gm_cases *check) {
    static const size_t sizes[][2] = {{300, 257}, {7, 3}, {33, 1025}};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        if (gm_check_case(check, i == 1 ? GM_CASE_SMALL : GM_CASE_FULL, "of (%zu, %zu)", sizes[i][0], sizes[i][1])) {
            gm_tensor *x = gm_check_float(check, GM_SHAPE(sizes[i][0], sizes[i][1]));
            gm_tensor *far = gm_offset(x, 1000); // the mean is far from 0: one pass would cancel
            gm_check_fetch(check, gm_mean_all(x));
            gm_check_fetch(check, gm_variance(far, GM_AXIS(0)));
            gm_check_fetch(check, gm_variance(x, GM_AXIS(1)));
            gm_check_fetch(check, gm_mean(x, GM_AXIS(1)));
        }
}

const gm_check_row gm_check_reduce[] = {
    {"sum", sum_cases, .ulps = 32},
    {"max", max_cases, .ulps = 4, .maximum = true},
    {"moments", moment_cases, .ulps = 32},
    {0},
};
