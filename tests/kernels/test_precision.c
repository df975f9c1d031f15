// Precisions below float32: what is rounded and how, who multiplies, and that nobody is given less than they asked for.
#include "device/device.h"
#include "device/fault.h"
#include "device_test.h"
#include "graph/graph.h"
#include "plan/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// More than one tile of results, and neither they nor the contraction whole ones.
enum { M = 70, K = 37, N = 67 };

static float a[M * K], b[K * N]; // the same values for every product, in the order that it reads them

static void kernels(const char *family, const char *matrix) {
    setenv("GANYMEDE_KERNELS", family, 1);
    if (matrix)
        setenv("GANYMEDE_MATRIX", matrix, 1);
    else
        unsetenv("GANYMEDE_MATRIX");
}

// y[0] = a b and y[1] = aT b, which go through different kernels; y (2, m, n), a (m, k) or (k, m), b (k, n).
static void multiply(const gm_plan_options *options, size_t m, size_t k, size_t n, const float *left,
                     const float *right, float *y) {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_tensor *u[2], *product[2];
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "products");
    gm_tensor *v = gm_input(graph, "b", GM_FLOAT32, GM_SHAPE(k, n));
    for (size_t t = 0; t < 2; t++) {
        u[t] = gm_input(graph, t ? "aT" : "a", GM_FLOAT32, t ? GM_SHAPE(k, m) : GM_SHAPE(m, k));
        product[t] = gm_gemm(u[t], v, &(gm_gemm_params){.transpose_a = t == 1});
        gm_phase_fetch(phase, product[t]);
    }
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, options));
    check_ok(gm_plan_write(plan, v, right, k * n * sizeof *right));
    for (size_t t = 0; t < 2; t++)
        check_ok(gm_plan_write(plan, u[t], left, m * k * sizeof *left));
    check_ok(gm_plan_run(plan, phase));
    for (size_t t = 0; t < 2; t++)
        check_ok(gm_plan_read(plan, product[t], y + t * m * n, m * n * sizeof *y));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// x to the nearest number of `bits` significant bits, ties to even: by arithmetic, where the kernels do it on the bits.
static float rounded(float x, int bits) {
    int exponent;
    if (!isfinite(x))
        return x;
    double mantissa = frexp((double)x, &exponent);
    double whole = ldexp(mantissa, bits); // halfway: tf32 away from zero, else to even
    return (float)ldexp(bits == 11 ? round(whole) : nearbyint(whole), exponent - bits);
}

// The GPU family adds in the order of the contraction, one fused multiply-add for each pair of rounded operands.
// Without matrix units the small tile that these products get has two slices, each with eight of sixteen pairs.
static void expect_chain(const gm_plan_options *options, int bits) {
    const size_t slices = bits == 24 ? 2 : 1, share = 16 / slices;
    static float y[2 * M * N];
    multiply(options, M, K, N, a, b, y);
    for (size_t e = 0; e < GM_COUNT(y); e++) {
        size_t transposed = e / (M * N), i = e / N % M, j = e % N;
        float chain[2] = {0}, sum;
        for (size_t k = 0; k < K; k++) {
            float *own = &chain[k / share % slices];
            *own = fmaf(rounded(a[transposed ? k * M + i : i * K + k], bits), rounded(b[k * N + j], bits), *own);
        }
        sum = slices == 1 ? chain[0] : chain[0] + chain[1];
        if (memcmp(&sum, &y[e], sizeof sum) != 0)
            fail_msg("%d bits: element (%zu, %zu) of %s is %.9g, expected %.9g", bits, i, j,
                     transposed ? "aT b" : "a b", (double)y[e], (double)sum);
    }
}

static void float32_is_the_default_and_rounds_nothing(void **unused) {
    (void)unused;
    kernels("gpu", "emulated");
    expect_chain(NULL, 24);
    expect_chain(&(gm_plan_options){.separate = true}, 24);
}

static void operands_are_rounded_to_the_declared_precision(void **unused) {
    (void)unused;
    kernels("gpu", "emulated");
    expect_chain(&(gm_plan_options){.precision = GM_PRECISION_TF32}, 11);
    expect_chain(&(gm_plan_options){.precision = GM_PRECISION_BF16}, 8);
}

static void ties_overflow_and_special_numbers_round_as_they_should(void **unused) {
    (void)unused;
    static const struct {
        gm_precision precision;
        int bits;
    } cases[] = {{GM_PRECISION_TF32, 11}, {GM_PRECISION_BF16, 8}};
    static const uint32_t nans[] = {0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff};
    kernels("gpu", "emulated");
    for (size_t c = 0; c < GM_COUNT(cases); c++) {
        float half = ldexpf(1, -cases[c].bits), tiny = ldexpf(1, -23), one = 1; // half a unit in the last place of 1
        float x[] = {1 + half,
                     1 + 3 * half,
                     1 + half + tiny,
                     1 + half - tiny,
                     -1 - half,
                     -1 - half - tiny,
                     2 - tiny,
                     0x1.fffffep127F,
                     -INFINITY,
                     INFINITY,
                     3e-38F,
                     0,
                     1e-30F,
                     0,
                     0,
                     0};
        enum { COUNT = GM_COUNT(x) };
        float y[2 * COUNT];
        memcpy(x + COUNT - GM_COUNT(nans), nans, sizeof nans);
        multiply(&(gm_plan_options){.precision = cases[c].precision}, COUNT, 1, 1, x, &one, y);
        for (size_t i = 0; i < 2 * COUNT; i++) {
            float expected = rounded(x[i % COUNT], cases[c].bits);
            if (isnan(expected) ? !isnan(y[i]) : memcmp(&expected, &y[i], sizeof expected) != 0)
                fail_msg("%s: %a becomes %a, expected %a", gm_precision_names[cases[c].precision], (double)x[i % COUNT],
                         (double)y[i], (double)expected);
        }
    }
}

static void who_has_no_matrix_units_computes_in_float32(void **unused) {
    (void)unused;
    static float expected[2 * M * N], y[2 * M * N];
    const gm_precision lower[] = {GM_PRECISION_TF32, GM_PRECISION_BF16};
    for (size_t i = 0; i < GM_COUNT(lower); i++) {
        kernels("cpu", "emulated");
        multiply(NULL, M, K, N, a, b, expected);
        multiply(&(gm_plan_options){.precision = lower[i]}, M, K, N, a, b, y);
        assert_memory_equal(y, expected, sizeof y);
        kernels("gpu", NULL);
        const char *units;
        check_ok(gm_device_matrix(device, lower[i], &units));
        if (!units)
            expect_chain(&(gm_plan_options){.precision = lower[i]}, 24);
    }
}

static void device_is_asked_once(void **unused) {
    (void)unused;
    gm_device *fresh;
    gm_device_counters counters[3];
    check_ok(gm_device_open(&fresh, NULL));
    kernels("gpu", "emulated");
    gm_device_get_counters(fresh, &counters[0]);
    for (size_t i = 1; i < 3; i++) {
        const char *units;
        check_ok(gm_device_matrix(fresh, GM_PRECISION_BF16, &units));
        assert_non_null(units);
        gm_device_get_counters(fresh, &counters[i]);
    }
    assert_int_equal(counters[1].launches, counters[0].launches + 1);
    assert_memory_equal(&counters[2], &counters[1], sizeof counters[1]);
    gm_device_close(&fresh);
}

static void failing_calls_are_no_answer(void **unused) {
    (void)unused;
    static const char *const calls[] = {"alloc:1", "kernel:1", "write:1", "launch:1", "read:1"};
    gm_device *fresh;
    const char *units;
    kernels("gpu", "emulated");
    check_ok(gm_device_open(&fresh, NULL));
    for (size_t i = 0; i < GM_COUNT(calls); i++) {
        check_ok(gm_fault_arm(calls[i]));
        if (gm_device_matrix(fresh, GM_PRECISION_TF32, &units) == GM_OK)
            fail_msg("%s failed, and the device says %s", calls[i], units ? units : "no");
    }
    check_ok(gm_fault_arm(NULL));
    check_ok(gm_device_matrix(fresh, GM_PRECISION_TF32, &units));
    assert_non_null(units);
    gm_device_close(&fresh);
}

// Whom GANYMEDE_MATRIX=emulated:NAME can stand in for, each proven by the probe's product.
static const struct {
    const char *matrix;
    gm_precision precision;
    const char *options;
} emulations[] = {
    {"emulated:mma", GM_PRECISION_TF32, "-DGM_MATRIX_TF32 -DGM_MATRIX_MMA "},
    {"emulated:mma", GM_PRECISION_BF16, "-DGM_MATRIX_BF16 -DGM_MATRIX_MMA "},
    {"emulated:mfma", GM_PRECISION_TF32, "-DGM_MATRIX_TF32 -DGM_MATRIX_MFMA "},
    {"emulated:mfma", GM_PRECISION_BF16, "-DGM_MATRIX_BF16 -DGM_MATRIX_MFMA "},
    {"emulated:wmma", GM_PRECISION_BF16, "-DGM_MATRIX_BF16 -DGM_MATRIX_WMMA "},
    {"emulated:dpas16", GM_PRECISION_TF32, "-DGM_MATRIX_TF32 -DGM_MATRIX_DPAS16 "},
    {"emulated:dpas16", GM_PRECISION_BF16, "-DGM_MATRIX_BF16 -DGM_MATRIX_DPAS16 "},
    {"emulated:dpas8", GM_PRECISION_BF16, "-DGM_MATRIX_BF16 -DGM_MATRIX_DPAS8 "},
};

static void every_instruction_is_emulated_at_its_precisions(void **unused) {
    (void)unused;
    const char *units;
    for (size_t i = 0; i < GM_COUNT(emulations); i++) {
        kernels("gpu", emulations[i].matrix);
        check_ok(gm_device_matrix(device, emulations[i].precision, &units));
        if (!units || !strstr(units, emulations[i].options) || !strstr(units, "-DGM_MATRIX_EMULATED"))
            fail_msg("%s in %s: %s", emulations[i].matrix, gm_precision_names[emulations[i].precision],
                     units ? units : "no");
    }
    const char *const bf16_alone[] = {"emulated:wmma", "emulated:dpas8"};
    for (size_t i = 0; i < GM_COUNT(bf16_alone); i++) {
        kernels("gpu", bf16_alone[i]);
        check_ok(gm_device_matrix(device, GM_PRECISION_TF32, &units));
        assert_null(units);
    }
}

static void words_shared_by_two_items_are_put_together(void **unused) {
    (void)unused;
    kernels("gpu", "emulated:dpas16");
    expect_chain(&(gm_plan_options){.precision = GM_PRECISION_BF16}, 8);
}

static void unknown_instructions_are_refused(void **unused) {
    (void)unused;
    const char *units, *const wrong[] = {"yes", "emulated:", "emulated:xmma", "emulated:mma8", "emulatedmma"};
    for (size_t i = 0; i < GM_COUNT(wrong); i++) {
        char begin[64];
        kernels("gpu", wrong[i]);
        assert_int_equal(gm_device_matrix(device, GM_PRECISION_BF16, &units), GM_ERROR_ARGUMENT);
        snprintf(begin, sizeof begin, "GANYMEDE_MATRIX=%s is unknown: ", wrong[i]);
        if (strncmp(gm_error_message(), begin, strlen(begin)) != 0)
            fail_msg("%s", gm_error_message());
        assert_null(units);
    }
}

// matrix.cl with `old` replaced, in a folder that GANYMEDE_CL_PATH names, as a driver that misunderstands it.
static void expect_refusal(const char *matrix, gm_precision precision, const char *old, const char *new) {
    char folder[] = "/tmp/ganymede-XXXXXX", path[64];
    const char *text, *units = "unasked";
    gm_device *fresh;
    gm_text changed = {0};
    check_ok(gm_device_source(device, "matrix.cl", &text));
    const char *at = strstr(text, old);
    if (!at)
        fail_msg("matrix.cl has no %s", old);
    gm_text_printf(&changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/matrix.cl", folder);
    check_ok(gm_file_write_atomic(path, changed.data, changed.length));
    check_ok(gm_device_open(&fresh, NULL));
    kernels("gpu", matrix);
    setenv("GANYMEDE_CL_PATH", folder, 1);
    gm_status status = gm_device_matrix(fresh, precision, &units);
    unsetenv("GANYMEDE_CL_PATH");
    unlink(path);
    rmdir(folder);
    gm_text_finish(&changed);
    gm_device_close(&fresh);
    check_ok(status);
    if (units)
        fail_msg("with \"%s\" for \"%s\" the probe of %s says %s", new, old, matrix, units);
}

static void units_that_compute_something_else_are_refused(void **unused) {
    (void)unused;
    const gm_precision tf32 = GM_PRECISION_TF32, bf16 = GM_PRECISION_BF16;
    expect_refusal("emulated", tf32, "* 4 + i / 8 + w", "* 4 + 1 - i / 8 + w"); // rows change places
    expect_refusal("emulated", tf32, "* 2 + w / 4)", "* 2 + 1 - w / 4)");
    expect_refusal("emulated", tf32, "(lane % 4 * 2 + r % 2)", "(lane % 4 * 2 + 1 - r % 2)");
    expect_refusal("emulated", tf32, "(v, p), sum[r]);", "(v, p), 0.0f);");               // the sum before is lost
    expect_refusal("emulated", tf32, "~GM_MATRIX_KEPT + 1", "0x00200000u");               // operands of too few bits
    expect_refusal("emulated", tf32, "static uint gm_matrix_round(", "static uint gm_("); // does not compile
    expect_refusal("emulated:mfma", bf16, "((w / 2 * 16 + i) * 2 + w % 2)", "((w % 4 * 16 + i) * 2 + w / 4)");
    expect_refusal("emulated:mfma", tf32, "(lane / 16 * 4 + r)", "(lane / 16 + r * 4)");
    expect_refusal("emulated:wmma", bf16, "(r * 2 + lane / 16)", "(lane / 16 * 8 + r)"); // as RDNA 4 has it
    expect_refusal("emulated:dpas16", bf16, ">> lane % 2 * 16", ">> 0");
    expect_refusal("emulated:dpas16", tf32, "((i % 2 * 8 + w) * 4 + i / 2)", "((i / 4 * 8 + w) * 4 + i % 4)");
    expect_refusal("emulated:dpas8", bf16, "(w * 8 + i)", "((7 - w) * 8 + i)");
}

static void unknown_precisions_are_refused(void **unused) {
    (void)unused;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_graph_create(&graph));
    gm_phase_fetch(gm_phase_create(graph, "all"), gm_constant(graph, 1));
    check_ok(gm_state_create(&state, device, 1));
    gm_plan_options options = {.precision = (gm_precision)(GM_PRECISION_EXACT + 1)};
    assert_int_equal(gm_plan_create(&plan, graph, state, &options), GM_ERROR_ARGUMENT);
    assert_string_equal(gm_error_message(), "precision 5 is unknown");
    assert_null(plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

static int prepare(void **unused) {
    for (size_t i = 0; i < GM_COUNT(a); i++)
        a[i] = (float)gm_philox_normal(1, 1, 0, 0, i);
    for (size_t i = 0; i < GM_COUNT(b); i++)
        b[i] = (float)gm_philox_normal(1, 2, 0, 0, i);
    return open_device(unused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float32_is_the_default_and_rounds_nothing),
        cmocka_unit_test(operands_are_rounded_to_the_declared_precision),
        cmocka_unit_test(ties_overflow_and_special_numbers_round_as_they_should),
        cmocka_unit_test(who_has_no_matrix_units_computes_in_float32),
        cmocka_unit_test(device_is_asked_once),
        cmocka_unit_test(failing_calls_are_no_answer),
        cmocka_unit_test(every_instruction_is_emulated_at_its_precisions),
        cmocka_unit_test(words_shared_by_two_items_are_put_together),
        cmocka_unit_test(unknown_instructions_are_refused),
        cmocka_unit_test(units_that_compute_something_else_are_refused),
        cmocka_unit_test(unknown_precisions_are_refused),
    };
    return cmocka_run_group_tests_name("precision", tests, prepare, close_device);
}
