// Neighbours: sizes around blocks, panels and tiles, both norms, equal distances, values that are not finite.
#include "kernels/check.h"

static const gm_norm norms[] = {GM_NORM_EUCLIDEAN, GM_NORM_MAXIMUM};
static const char *const norm_names[] = {"euclidean", "maximum"};

// N, M, D, k. Blocks have up to 64 rows in fours, panels 16, tiles 32; chunks 256 columns.
static const size_t sizes[][4] = {{9, 21, 3, 2},     {1, 1, 1, 1},     {5, 17, 2, 3},     {67, 33, 16, 5},
                                  {130, 257, 8, 16}, {64, 64, 31, 64}, {300, 47, 1, 1},   {33, 40, 257, 5},
                                  {18, 31, 1000, 7}, {7, 16, 4099, 5}, {1025, 500, 4, 5}, {3, 1500, 13, 200}};

static void nearest_case(gm_cases *check, gm_values values, const size_t *size, gm_norm norm, bool same) {
    gm_tensor *x = gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(size[0], size[2]));
    gm_tensor *y = same ? x : gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(size[1], size[2]));
    gm_nearest_params params = {.k = size[3], .norm = norm, .exclude_same = same};
    gm_check_fetch(check, gm_nearest(x, y, &params));
}

static void nearest_cases(gm_cases *check) {
    for (size_t n = 0; n < GM_COUNT(norms); n++) {
        for (size_t i = 0; i < GM_COUNT(sizes); i++)
            if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s, %zu of (%zu, %zu) for %zu rows",
                              norm_names[n], sizes[i][3], sizes[i][1], sizes[i][2], sizes[i][0]))
                nearest_case(check, GM_VALUES_NORMAL, sizes[i], norms[n], false);
        static const gm_values values[] = {GM_VALUES_TIES, GM_VALUES_SPECIAL, GM_VALUES_INFINITE, GM_VALUES_WIDE,
                                           GM_VALUES_CANCEL};
        static const char *const names[] = {"equal rows", "NaN and infinities", "huge, tiny and infinite", "wide",
                                            "large and small"};
        for (size_t v = 0; v < GM_COUNT(values); v++)
            if (gm_check_case(check, v < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s, %s", norm_names[n], names[v])) {
                nearest_case(check, values[v], (size_t[]){37, 45, 1, 9}, norms[n], false);
                nearest_case(check, values[v], (size_t[]){37, 37, 2, 36}, norms[n], true);
                nearest_case(check, values[v], (size_t[]){70, 45, 3, 6}, norms[n], false);
            }
        for (size_t i = 0; i < 6; i++)
            if (gm_check_case(check, GM_CASE_FULL, "%s, random shapes %zu", norm_names[n], i)) {
                size_t rows = gm_check_draw(check, 2, 150), columns = gm_check_draw(check, 1, 40);
                size_t size[] = {rows, rows, columns, gm_check_draw(check, 1, rows - 1)};
                nearest_case(check, GM_VALUES_NORMAL, size, norms[n], i % 2);
            }
        if (gm_check_case(check, GM_CASE_FULL, "%s, slices and transposes", norm_names[n])) {
            gm_tensor *all = gm_check_float(check, GM_SHAPE(50, 20));
            gm_tensor *x = gm_slice(all, (size_t[]){3, 5}, (size_t[]){41, 7});
            gm_tensor *y = gm_transpose(gm_check_float(check, GM_SHAPE(7, 90)), (size_t[]){1, 0});
            gm_nearest_params params = {.k = 4, .norm = norms[n]};
            gm_check_fetch(check, gm_nearest(x, y, &params));
            gm_check_fetch(check, gm_nearest(y, gm_tanh(x), &params));
            gm_check_fetch(check, gm_log(gm_mean_all(gm_nearest(y, x, &params))));
        }
        if (gm_check_case(check, GM_CASE_BENCH, "%s, 5 of (10000, 16) for 10000 rows", norm_names[n]))
            nearest_case(check, GM_VALUES_NORMAL, (size_t[]){10000, 10000, 16, 5}, norms[n], false);
        if (gm_check_case(check, GM_CASE_BENCH, "%s, 5 of (4000, 1000) for 4000 rows", norm_names[n]))
            nearest_case(check, GM_VALUES_NORMAL, (size_t[]){4000, 4000, 1000, 5}, norms[n], false);
        if (gm_check_case(check, GM_CASE_BENCH, "%s, 5 of (10000, 2) for 10000 rows", norm_names[n]))
            nearest_case(check, GM_VALUES_NORMAL, (size_t[]){10000, 10000, 2, 5}, norms[n], false);
    }
}

// Every rule: whose radius, and whether it is within itself.
static void count_rules(gm_cases *check, gm_values values, gm_tensor *radius[2], const size_t *size, gm_norm norm) {
    gm_tensor *x = gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(size[0], size[2]));
    gm_tensor *y = gm_check_input(check, values, GM_FLOAT32, GM_SHAPE(size[1], size[2]));
    for (unsigned rule = 0; rule < 4; rule++) {
        gm_within_params params = {.norm = norm, .strict = rule & 1, .radius_of_y = (rule & 2) != 0};
        gm_check_fetch(check, gm_count_within(x, y, radius[rule / 2], &params));
    }
}

static void count_cases(gm_cases *check) {
    for (size_t n = 0; n < GM_COUNT(norms); n++) {
        for (size_t i = 0; i < GM_COUNT(sizes); i++)
            if (gm_check_case(check, i < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s, of (%zu, %zu) for %zu rows",
                              norm_names[n], sizes[i][1], sizes[i][2], sizes[i][0])) {
                // Radii near the usual distances.
                double usual = norms[n] == GM_NORM_EUCLIDEAN ? (double)sizes[i][2] : 8;
                gm_tensor *radius[2];
                for (size_t r = 0; r < 2; r++)
                    radius[r] = gm_sqrt(
                        gm_scale(gm_check_input(check, GM_VALUES_POSITIVE, GM_FLOAT32, GM_SHAPE(sizes[i][r])), usual));
                count_rules(check, GM_VALUES_NORMAL, radius, sizes[i], norms[n]);
            }
        static const gm_values values[] = {GM_VALUES_TIES, GM_VALUES_SPECIAL, GM_VALUES_INFINITE};
        static const char *const names[] = {"equal rows", "NaN and infinities", "huge, tiny and infinite"};
        for (size_t v = 0; v < GM_COUNT(values); v++)
            if (gm_check_case(check, v < 2 ? GM_CASE_SMALL : GM_CASE_FULL, "%s, %s", norm_names[n], names[v]))
                for (size_t columns = 1; columns < 4; columns++) {
                    gm_tensor *radius[2] = {gm_check_input(check, values[v], GM_FLOAT32, GM_SHAPE(37)),
                                            gm_check_input(check, values[v], GM_FLOAT32, GM_SHAPE(45))};
                    count_rules(check, values[v], radius, (size_t[]){37, 45, columns}, norms[n]);
                }
    }
    if (gm_check_case(check, GM_CASE_BENCH, "euclidean, of (10000, 16) for 10000 rows")) {
        gm_tensor *radius[2] = {gm_check_float(check, GM_SHAPE(10000)), gm_check_float(check, GM_SHAPE(10000))};
        count_rules(check, GM_VALUES_NORMAL, radius, (size_t[]){10000, 10000, 16}, GM_NORM_EUCLIDEAN);
    }
}

const gm_check_row gm_check_neighbors[] = {
    {"nearest", nearest_cases, .ulps = 32},
    {"count_within", count_cases, .ulps = 16},
    {0},
};
