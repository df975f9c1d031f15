// Along one axis: first, in the middle, last, of lengths around vectors, blocks and work-groups; inputs in any order;
// values far apart, masked and not finite.
#include "kernels/check.h"

#include <math.h>
#include <string.h>

static gm_tensor *apply(const gm_cases *check, gm_tensor *x, size_t axis) {
    return strcmp(check->row->op, "softmax") == 0       ? gm_softmax(x, axis)
           : strcmp(check->row->op, "log_softmax") == 0 ? gm_log_softmax(x, axis)
                                                        : gm_argmax(x, axis);
}

static void fetch_each_axis(gm_cases *check, gm_tensor *x) {
    for (size_t axis = 0; axis < gm_tensor_shape(x)->rank; axis++)
        gm_check_fetch(check, apply(check, x, axis));
}

// Ties, so that the first maximum matters; wide values else.
static gm_values values_of(const gm_cases *check, size_t i) {
    return strcmp(check->row->op, "argmax") == 0 && i % 2 ? GM_VALUES_TIES : GM_VALUES_WIDE;
}

static void shape_cases(gm_cases *check) {
    static const gm_shape shapes[] = {{1, {1}},        {1, {7}},          {2, {3, 10}},        {2, {17, 16}},
                                      {2, {2, 1}},     {2, {33, 8}},      {2, {5, 65}},        {3, {3, 33, 17}},
                                      {3, {2, 5, 64}}, {3, {1, 4, 31}},   {4, {2, 3, 4, 18}},  {4, {3, 19, 1, 5}},
                                      {2, {3, 1025}},  {2, {2, 4099}},    {3, {2, 70, 129}},   {2, {2053, 3}},
                                      {2, {300, 33}},  {3, {5, 40, 300}}, {5, {2, 3, 2, 3, 4}}};
    for (size_t i = 0; i < GM_COUNT(shapes); i++)
        if (gm_check_case(check, i < 12 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu axes, number %zu", shapes[i].rank, i))
            fetch_each_axis(check, gm_check_input(check, values_of(check, i), GM_FLOAT32, shapes[i]));
    for (size_t i = 0; i < 6; i++) {
        size_t a = gm_check_draw(check, 1, 40), b = gm_check_draw(check, 1, 90), c = gm_check_draw(check, 1, 60);
        if (gm_check_case(check, GM_CASE_FULL, "(%zu, %zu, %zu)", a, b, c))
            fetch_each_axis(check, gm_check_input(check, values_of(check, i), GM_FLOAT32, GM_SHAPE(a, b, c)));
    }
    if (gm_check_case(check, GM_CASE_BENCH, "(2048, 2048) along 1"))
        gm_check_fetch(check, apply(check, gm_check_float(check, GM_SHAPE(2048, 2048)), 1));
    if (gm_check_case(check, GM_CASE_BENCH, "(64, 64, 1024) along 1"))
        gm_check_fetch(check, apply(check, gm_check_float(check, GM_SHAPE(64, 64, 1024)), 1));
}

static void view_cases(gm_cases *check) {
    if (gm_check_case(check, GM_CASE_SMALL, "transposed"))
        fetch_each_axis(check, gm_transpose(gm_check_float(check, GM_SHAPE(9, 70, 20)), (size_t[]){2, 0, 1}));
    if (gm_check_case(check, GM_CASE_SMALL, "sliced and turned round")) {
        gm_tensor *x = gm_slice(gm_check_float(check, GM_SHAPE(3, 13, 90)), (size_t[]){1, 2, 5}, (size_t[]){2, 9, 67});
        fetch_each_axis(check, x);
        fetch_each_axis(check, gm_flip(x, GM_AXIS(1) | GM_AXIS(2)));
    }
    if (gm_check_case(check, GM_CASE_SMALL, "broadcast"))
        fetch_each_axis(check, gm_broadcast(gm_check_float(check, GM_SHAPE(21, 1)), GM_SHAPE(3, 21, 18)));
    if (gm_check_case(check, GM_CASE_SMALL, "channels innermost")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(5, 20, 6, 8));
        fetch_each_axis(check, gm_average_pool(x, &(gm_pool_params){.kernel = {2, 2}}));
    }
    if (gm_check_case(check, GM_CASE_SMALL, "between poolings")) {
        const gm_pool_params pool = {.kernel = {2, 2}};
        gm_tensor *x = gm_average_pool(gm_check_float(check, GM_SHAPE(3, 20, 8, 8)), &pool);
        if (gm_tensor_type(apply(check, x, 1)) == GM_FLOAT32)
            gm_check_fetch(check, gm_average_pool(apply(check, x, 1), &pool));
    }
}

// A row of attention: some of its places masked, all but the first in one row.
static gm_tensor *masked(gm_cases *check, gm_tensor *x) {
    size_t columns = gm_tensor_shape(x)->dim[1];
    gm_tensor *row = gm_cast(gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(columns)), GM_FLOAT32);
    gm_tensor *least = gm_check_input(check, GM_VALUES_TIES, GM_FLOAT32, GM_SHAPE(gm_tensor_shape(x)->dim[0], 1));
    return gm_select(gm_less(row, gm_offset(least, 2)), x, gm_constant(check->graph, -INFINITY));
}

static void special_cases(gm_cases *check) {
    for (size_t i = 0; i < 2; i++)
        if (gm_check_case(check, GM_CASE_SMALL, i ? "infinities" : "NaN")) {
            gm_values values = i ? GM_VALUES_INFINITE : GM_VALUES_SPECIAL;
            fetch_each_axis(check, gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(40, 2)));
            fetch_each_axis(check, gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(3, 70)));
        }
    if (gm_check_case(check, GM_CASE_SMALL, "masked")) {
        fetch_each_axis(check, masked(check, gm_check_float(check, GM_SHAPE(18, 37))));
        fetch_each_axis(check, masked(check, gm_check_float(check, GM_SHAPE(3, 130))));
    }
    if (gm_check_case(check, GM_CASE_SMALL, "far apart"))
        fetch_each_axis(check, gm_scale(gm_check_float(check, GM_SHAPE(19, 35)), 1e4));
}

static void axis_cases(gm_cases *check) {
    shape_cases(check);
    view_cases(check);
    special_cases(check);
}

// With gradients, where the plan adds reductions over what the launch wrote.
static void softmax_cases(gm_cases *check) {
    axis_cases(check);
    if (gm_check_case(check, GM_CASE_SMALL, "gradient")) {
        gm_tensor *x = gm_check_float(check, GM_SHAPE(4, 11, 9)), *dx;
        gm_grad(gm_sum_all(gm_square(apply(check, x, 1))), &x, 1, &dx);
        gm_check_fetch(check, dx);
    }
}

const gm_check_row gm_check_softmax[] = {
    {"softmax", softmax_cases, .ulps = 16},
    {"log_softmax", softmax_cases, .ulps = 16},
    {"argmax", axis_cases, .ulps = 4},
    {0},
};
