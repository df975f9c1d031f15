// Rows by index and their adjoint; indices outside the table give zeros or are left out.
#include "kernels/check.h"

static const size_t sizes[][3] = {{4, 6, 3},    {1, 1, 1},   {7, 13, 17},
                                  {3, 5, 4099}, {8, 200, 9}, {100, 3, 1}}; // R, N, length

static void gather_cases(gm_cases *check) {
    static const gm_type types[] = {GM_FLOAT32, GM_INT32, GM_UINT8};
    static const char *const names[] = {"float32", "int32", "uint8"};
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        for (size_t t = 0; t < GM_COUNT(types); t++)
            if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s (%zu, %zu), %zu rows", names[t],
                              sizes[i][0], sizes[i][2], sizes[i][1])) {
                gm_tensor *table =
                    gm_check_input(check, GM_VALUES_NORMAL, types[t], GM_SHAPE(sizes[i][0], sizes[i][2]));
                gm_tensor *rows = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(sizes[i][1]));
                gm_tensor *y = gm_gather(table, rows);
                gm_check_fetch(check, types[t] == GM_UINT8 ? gm_cast(y, GM_FLOAT32) : y);
            }
    if (gm_check_case(check, GM_CASE_SMALL, "read by an expression alone, in parts of a concatenation")) {
        for (size_t axis = 0; axis < 2; axis++) {
            gm_tensor *x[2];
            for (size_t i = 0; i < 2; i++) {
                gm_tensor *table = gm_check_input(check, GM_VALUES_NORMAL, GM_UINT8, GM_SHAPE(9, 12));
                gm_tensor *rows = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(5));
                gm_tensor *values = gm_cast(gm_gather(table, rows), GM_FLOAT32);
                x[i] = gm_reshape(gm_offset(gm_scale(values, 2. / 255), -1), GM_SHAPE(5, 3, 2, 2));
            }
            gm_check_fetch(check, gm_tanh(gm_concat(x, 2, axis))); // a fetched one is no home
        }
    }
    if (gm_check_case(check, GM_CASE_FULL, "a sliced table, computed indices")) {
        gm_tensor *table = gm_slice(gm_check_float(check, GM_SHAPE(12, 9)), (size_t[]){2, 0}, (size_t[]){7, 9});
        gm_tensor *rows = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(11, 2));
        gm_tensor *second = gm_reshape(gm_slice(rows, (size_t[]){0, 1}, (size_t[]){11, 1}), GM_SHAPE(11));
        gm_check_fetch(check, gm_gather(table, second));
        gm_check_fetch(check, gm_gather(table, gm_add(second, gm_constant_int(check->graph, 1))));
        gm_check_fetch(check, gm_gather(gm_tanh(gm_transpose(table, (size_t[]){1, 0})), second));
    }
}

static void scatter_cases(gm_cases *check) {
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%zu rows of %zu into %zu", sizes[i][1],
                          sizes[i][2], sizes[i][0])) {
            gm_tensor *rows = gm_check_float(check, GM_SHAPE(sizes[i][1], sizes[i][2]));
            gm_tensor *indices = gm_check_input(check, GM_VALUES_TIES, GM_INT32, GM_SHAPE(sizes[i][1]));
            gm_check_fetch(check, gm_scatter_add(rows, indices, sizes[i][0]));
        }
}

const gm_check_row gm_check_gather[] = {
    {"gather", gather_cases, .ulps = 24},
    {"scatter_add", scatter_cases, .ulps = 16},
    {0},
};
