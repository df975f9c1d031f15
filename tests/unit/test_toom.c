// src/kernels/toom.c: the algorithms give the correlation, and its gradient to the taps, of small whole numbers;
// fast.c: when they are taken.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/contraction.h"
#include "kernels/toom.h"

// A different number between -9 and 9 at each call.
static double next(void) {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (double)(state >> 16) / 65536 * 19 - 9;
}

static void fill(double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = floor(next());
}

static double dot(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

typedef void check(const gm_toom *toom);

static void each_algorithm(check *check_one) {
    for (size_t results = 1; results < GM_TOOM_MOST; results++)
        for (size_t taps = 1; results + taps - 1 <= GM_TOOM_MOST; taps++) {
            if (results + taps < 3)
                continue;
            gm_toom toom = gm_toom_create(results, taps);
            assert_int_equal(toom.points, results + taps - 1);
            for (int round = 0; round < 20; round++)
                check_one(&toom);
        }
}

static void expect_near(double got, double expected) {
    if (!(fabs(got - expected) < 1e-10))
        fail_msg("%.17g, expected %.17g", got, expected);
}

static void check_correlation(const gm_toom *t) {
    double d[GM_TOOM_MOST], g[GM_TOOM_MOST], product[GM_TOOM_MOST];
    fill(d, t->points);
    fill(g, t->taps);
    for (size_t p = 0; p < t->points; p++)
        product[p] = dot(t->data[p], d, t->points) * dot(t->tap[p], g, t->taps);
    for (size_t i = 0; i < t->results; i++)
        expect_near(dot(t->result[i], product, t->points), dot(d + i, g, t->taps));
}

static void algorithms_give_the_correlation(void **unused) {
    (void)unused;
    each_algorithm(check_correlation);
}

// sum over i of y[i] d[i + j], by the transposed matrices.
static void check_gradient(const gm_toom *t) {
    double d[GM_TOOM_MOST], y[GM_TOOM_MOST], product[GM_TOOM_MOST];
    fill(d, t->points);
    fill(y, t->results);
    for (size_t p = 0; p < t->points; p++) {
        double spread = 0;
        for (size_t i = 0; i < t->results; i++)
            spread += t->result[i][p] * y[i];
        product[p] = dot(t->data[p], d, t->points) * spread;
    }
    for (size_t j = 0; j < t->taps; j++) {
        double sum = 0;
        for (size_t p = 0; p < t->points; p++)
            sum += t->tap[p][j] * product[p];
        expect_near(sum, dot(d + j, y, t->results));
    }
}

static void transposed_they_give_the_gradient_to_the_taps(void **unused) {
    (void)unused;
    each_algorithm(check_gradient);
}

// What data are multiplied by costs no precision.
static void check_whole(const gm_toom *t) {
    for (size_t p = 0; p < t->points; p++)
        for (size_t i = 0; i < t->points; i++)
            assert_true(t->data[p][i] == floor(t->data[p][i]) && fabs(t->data[p][i]) < 16);
}

static void data_are_multiplied_by_small_whole_numbers(void **unused) {
    (void)unused;
    each_algorithm(check_whole);
}

// Nine points of four phases of 1024 tiles and 128 outputs, the most of values, weights and results.
static void on_gpus_they_take_a_small_part_of_the_memory(void **unused) {
    (void)unused;
    const uint64_t bytes = 9 * 4 * 1024 * 128 * sizeof(float);
    gm_contract_variant variant = {.gpu = true, .fast = 2};
    gm_contraction c = {.N = 64, .C = 64, .K = 128, .R = 4, .S = 4, .IH = 16, .IW = 16, .OH = 8, .OW = 8};
    c.map[0] = c.map[1] = (gm_axis_map){.a = 2, .b = -1, .d = 1, .q = 1};
    c.variant = &variant;
    gm_device_info device = {.global_bytes = 16 * bytes, .max_allocation_bytes = bytes};
    assert_true(gm_fast_accepts(&c, &device));
    device.max_allocation_bytes--;
    assert_false(gm_fast_accepts(&c, &device));
    device.max_allocation_bytes++;
    device.global_bytes--;
    assert_false(gm_fast_accepts(&c, &device));
    variant.gpu = false; // a block of rows at a time
    assert_true(gm_fast_accepts(&c, &device));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_give_the_correlation),
        cmocka_unit_test(transposed_they_give_the_gradient_to_the_taps),
        cmocka_unit_test(data_are_multiplied_by_small_whole_numbers),
        cmocka_unit_test(on_gpus_they_take_a_small_part_of_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
