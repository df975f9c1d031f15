// Sub-groups in folds: who is asked, what is believed, and that the text for them folds right. As drivers for CPUs have
// none, subgroup.cl gets some of its own here, which go through local memory: of 24 items, the last one smaller, or of
// as many as GPUs have.
#include "device/device.h"
#include "device/fault.h"
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

static const char stand_in[] = "#define MOCK_ITEMS 24\n"
                               "#define mock_scratch l + k * GM_FOLD_ITEMS\n"
                               "#define get_num_sub_groups() ((256u + MOCK_ITEMS - 1) / MOCK_ITEMS)\n"
                               "#define get_sub_group_id() ((uint)lane / MOCK_ITEMS)\n"
                               "#define get_sub_group_local_id() ((uint)lane % MOCK_ITEMS)\n"
                               "#define sub_group_reduce_add(value) mock_fold(value, 0, lane, mock_scratch)\n"
                               "#define sub_group_reduce_max(value) mock_fold(value, 1, lane, mock_scratch)\n"
                               "#define sub_group_any(value) (mock_fold(value, 0, lane, mock_scratch) > 0)\n"
                               "static float mock_fold(float value, int maximum, int lane, local float *l)\n"
                               "{\n"
                               "    int first = lane / MOCK_ITEMS * MOCK_ITEMS, last = min(first + MOCK_ITEMS, 256);\n"
                               "    barrier(CLK_LOCAL_MEM_FENCE);\n"
                               "    l[lane] = value;\n"
                               "    barrier(CLK_LOCAL_MEM_FENCE);\n"
                               "    float result = maximum ? -INFINITY : 0;\n"
                               "    for (int i = first; i < last; i++)\n"
                               "        result = maximum ? fmax(result, l[i]) : result + l[i];\n"
                               "    barrier(CLK_LOCAL_MEM_FENCE);\n"
                               "    return result;\n"
                               "}\n";
static const char without[] = "-cl-std=CL1.2";

static gm_device *fresh;
static char folder[32];

static void ok(gm_status status) {
    if (status != GM_OK)
        fail_msg("%s", gm_error_message());
}

static void put(const char *name, const gm_text *text) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    ok(gm_file_write_atomic(path, text->data, text->length));
}

// The files that a reduction needs, in a folder that GANYMEDE_CL_PATH names: subgroup.cl after the stand-in, in which
// `new` replaces `old` (NULL: nothing).
static void stand_in_with(const char *old, const char *new) {
    static const char *const names[] = {"common.cl", "subgroup.cl"};
    unsetenv("GANYMEDE_CL_PATH");
    for (size_t i = 0; i < GM_COUNT(names); i++) {
        const char *text, *at = old ? strstr(stand_in, old) : NULL;
        gm_text file = {0};
        ok(gm_device_source(fresh, names[i], &text));
        if (old && !at)
            fail_msg("the stand-in has no %s", old);
        if (i == 1 && at)
            gm_text_printf(&file, "%.*s%s%s", (int)(at - stand_in), stand_in, new, at + strlen(old));
        else if (i == 1)
            gm_text_append(&file, stand_in);
        gm_text_append(&file, text);
        put(names[i], &file);
        gm_text_finish(&file);
    }
    setenv("GANYMEDE_CL_PATH", folder, 1);
}

// x (rows, columns) -> y (3, rows): sums, maxima, and sums of squares in one pass with the sums where those fuse.
static void reduce(size_t rows, size_t columns, const float *x, float *y) {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_tensor *input = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(rows, columns));
    gm_tensor *result[] = {gm_sum(input, GM_AXIS(1)), gm_max(input, GM_AXIS(1)), gm_sum(gm_square(input), GM_AXIS(1))};
    for (size_t i = 0; i < GM_COUNT(result); i++)
        gm_phase_fetch(phase, result[i]);
    ok(gm_state_create(&state, fresh, 1));
    ok(gm_plan_create(&plan, graph, state, NULL));
    ok(gm_plan_write(plan, input, x, rows * columns * sizeof *x));
    ok(gm_plan_run(plan, phase));
    for (size_t i = 0; i < GM_COUNT(result); i++)
        ok(gm_plan_read(plan, result[i], y + i * rows, rows * sizeof *y));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

static void expect_right_folds(const char *items) {
    enum { ROWS = 6, COLUMNS = 1003 };
    static float x[ROWS * COLUMNS], y[3 * ROWS];
    const char *options;
    stand_in_with("MOCK_ITEMS 24", items);
    setenv("GANYMEDE_SUBGROUPS", "try", 1);
    ok(gm_device_subgroups(fresh, &options));
    if (!strstr(options, "-DGM_SUBGROUPS"))
        fail_msg("with %s the probe says %s", items, options);
    for (size_t e = 0; e < GM_COUNT(x); e++) {
        x[e] = (float)((e * 7919 + e / COLUMNS) % 201) - 150; // whole: sums are exact
        if (e / COLUMNS == 4 && e % COLUMNS == 555)
            x[e] = NAN;
    }
    reduce(ROWS, COLUMNS, x, y);
    for (size_t row = 0; row < ROWS; row++) {
        float expected[3] = {0, -INFINITY, 0};
        for (size_t i = 0; i < COLUMNS; i++) {
            float value = x[row * COLUMNS + i];
            expected[0] += value;
            expected[1] = row == 4 ? NAN : fmaxf(expected[1], value);
            expected[2] += value * value;
        }
        for (size_t k = 0; k < 3; k++)
            if (isnan(expected[k]) ? !isnan(y[k * ROWS + row]) : y[k * ROWS + row] != expected[k])
                fail_msg("with %s, result %zu of row %zu is %g, expected %g", items, k, row, (double)y[k * ROWS + row],
                         (double)expected[k]);
    }
    gm_device_close(&fresh);
    ok(gm_device_open(&fresh, NULL));
}

static void folds_through_sub_groups_are_right(void **unused) {
    (void)unused;
    expect_right_folds("MOCK_ITEMS 24");
    expect_right_folds("MOCK_ITEMS 8");
    expect_right_folds("MOCK_ITEMS 16");
    expect_right_folds("MOCK_ITEMS 32");
    expect_right_folds("MOCK_ITEMS 64");
}

static void expect_refusal(const char *old, const char *new) {
    const char *options;
    stand_in_with(old, new);
    setenv("GANYMEDE_SUBGROUPS", "try", 1);
    ok(gm_device_subgroups(fresh, &options));
    if (strcmp(options, without) != 0)
        fail_msg("with \"%s\" for \"%s\" the probe says %s", new, old, options);
    gm_device_close(&fresh);
    ok(gm_device_open(&fresh, NULL));
}

static void sub_groups_that_fold_something_else_are_refused(void **unused) {
    (void)unused;
    expect_refusal("static float mock_fold", "static float mock_");       // does not compile
    expect_refusal("first + MOCK_ITEMS,", "first + 23,");                 // an item is left out
    expect_refusal("lane / MOCK_ITEMS)", "lane / 12)");                   // not who they say they are
    expect_refusal("(mock_fold(value, 0, lane, mock_scratch) > 0)", "0"); // drops NaN
    expect_refusal("fmax(result, l[i])", "fmax(result, fabs(l[i]))");     // of magnitudes
    expect_refusal("return result;", "return result * (get_group_id(0) == 7 ? 1 + 3e-7f : 1);"); // does not repeat
}

static void nobody_is_asked_unless_sub_groups_are_reported(void **unused) {
    (void)unused;
    const char *options;
    gm_device_counters counters[2];
    stand_in_with(NULL, NULL);
    setenv("GANYMEDE_SUBGROUPS", "off", 1);
    gm_device_get_counters(fresh, &counters[0]);
    ok(gm_device_subgroups(fresh, &options));
    assert_string_equal(options, without);
    unsetenv("GANYMEDE_SUBGROUPS");
    if (!gm_device_get_info(fresh)->sub_groups) {
        ok(gm_device_subgroups(fresh, &options));
        assert_string_equal(options, without);
    }
    gm_device_get_counters(fresh, &counters[1]);
    assert_memory_equal(&counters[1], &counters[0], sizeof counters[0]);
}

static void device_is_asked_once(void **unused) {
    (void)unused;
    const char *options[2];
    gm_device_counters counters[2];
    stand_in_with(NULL, NULL);
    setenv("GANYMEDE_SUBGROUPS", "try", 1);
    for (size_t i = 0; i < 2; i++) {
        ok(gm_device_subgroups(fresh, &options[i]));
        gm_device_get_counters(fresh, &counters[i]);
    }
    assert_string_equal(options[1], options[0]);
    assert_memory_equal(&counters[1], &counters[0], sizeof counters[0]);
}

static void failing_calls_are_no_answer(void **unused) {
    (void)unused;
    static const char *const calls[] = {"alloc:1", "kernel:1", "write:1", "launch:1", "read:1"};
    const char *options;
    stand_in_with(NULL, NULL);
    setenv("GANYMEDE_SUBGROUPS", "try", 1);
    for (size_t i = 0; i < GM_COUNT(calls); i++) {
        ok(gm_fault_arm(calls[i]));
        if (gm_device_subgroups(fresh, &options) == GM_OK)
            fail_msg("%s failed, and the device says %s", calls[i], options);
    }
    ok(gm_fault_arm(NULL));
    ok(gm_device_subgroups(fresh, &options));
    assert_string_not_equal(options, without);
}

static void unknown_wishes_are_refused(void **unused) {
    (void)unused;
    const char *options;
    setenv("GANYMEDE_SUBGROUPS", "yes", 1);
    assert_int_equal(gm_device_subgroups(fresh, &options), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "GANYMEDE_SUBGROUPS=yes is unknown: "));
}

static int open_device(void **unused) {
    (void)unused;
    setenv("GANYMEDE_KERNELS", "gpu", 1);
    snprintf(folder, sizeof folder, "/tmp/ganymede-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    return gm_device_open(&fresh, NULL) == GM_OK ? 0 : (fprintf(stderr, "%s\n", gm_error_message()), -1);
}

static int close_device(void **unused) {
    (void)unused;
    char path[64];
    for (const char *const *name = (const char *const[]){"common.cl", "subgroup.cl", NULL}; *name; name++) {
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        unlink(path);
    }
    rmdir(folder);
    unsetenv("GANYMEDE_CL_PATH");
    unsetenv("GANYMEDE_SUBGROUPS");
    gm_device_close(&fresh);
    return 0;
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_device, close_device)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(folds_through_sub_groups_are_right),
        test(sub_groups_that_fold_something_else_are_refused),
        test(nobody_is_asked_unless_sub_groups_are_reported),
        test(device_is_asked_once),
        test(failing_calls_are_no_answer),
        test(unknown_wishes_are_refused),
    };
    return cmocka_run_group_tests_name("subgroup", tests, NULL, NULL);
}
