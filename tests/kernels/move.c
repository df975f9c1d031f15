// What only moves: padding, concatenation, and views that are copied out in row-major order.
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
            gm_average_pool2d(gm_check_float(check, GM_SHAPE(2, 9, 6, 6)), &(gm_pool2d_params){.kernel = {2, 2}});
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
        gm_tensor *y = gm_average_pool2d(x, &(gm_pool2d_params){.kernel = {2, 2}});
        gm_tensor *z = gm_concat((gm_tensor *[]){y, gm_check_float(check, GM_SHAPE(3, 2, 2, 2))}, 2, 1);
        gm_check_fetch(check, z);
        gm_check_fetch(check, gm_average_pool2d(z, &(gm_pool2d_params){.kernel = {2, 1}}));
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

const gm_check_row gm_check_move[] = {
    {"pad", pad_cases, .ulps = 12},
    {"concat", concat_cases, .ulps = 12},
    {"copy", copy_cases, .ulps = 12},
    {0},
};
