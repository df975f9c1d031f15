// Rows of tables become the same codes on a device as on the host, and codes that are rows become themselves.
#include "device_test.h"
#include "ganymede/plan.h"
#include "sample/sample.h"
#include "sample/schema.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 37, WORDS = 5 };

static const char *const words[WORDS] = {"a", "b", "c", "d", "e"};
static gm_column columns[] = {
    {.name = "index", .type = GM_COLUMN_INDEX},
    {.name = "x", .type = GM_COLUMN_NUMBER, .decimals = 6, .bounded = true, .minimum = -2, .maximum = 5, .mean = 1},
    {.name = "k", .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = WORDS},
    {.name = "y", .type = GM_COLUMN_INTEGER, .bounded = true, .minimum = 0, .maximum = 9, .mean = 4, .missing = 3},
    {.name = "one", .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = 1},
    {.name = "l", .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = 2, .missing = 1},
};
static const gm_table_schema schema = {.columns = columns, .column_count = GM_COUNT(columns)};

static void fill(double *cells, float *stored) {
    for (size_t i = 0; i < ROWS; i++) {
        const double row[] = {
            NAN, 7. * (double)(i * i % ROWS) / ROWS - 2, (double)(i % WORDS), i % 4 ? (double)(i * 3 % 10) : NAN,
            0,   i % 3 ? (double)(i % 2) : NAN};
        memcpy(cells + i * GM_COUNT(columns), row, sizeof row);
        gm_table_store(&schema, row, stored + i * gm_table_stored(&schema));
    }
}

static void decode_on_device(const gm_sample *format, const float *stored, float *codes) {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    size_t values = gm_sample_values(format);
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "stored", GM_FLOAT32, gm_sample_stored(format, ROWS));
    gm_tensor *y = format->kind->decode(format, x);
    gm_phase *phase = gm_phase_create(graph, "decode");
    gm_phase_fetch(phase, y);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    check_ok(gm_plan_write(plan, x, stored, ROWS * gm_table_stored(&schema) * sizeof *stored));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_read(plan, y, codes, ROWS * values * sizeof *codes));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

static void codes_are_those_of_the_host(void **state) {
    (void)state;
    enum { STORED = 5, CODES = 1 + WORDS + 2 + 3 };
    static float stored[ROWS * STORED], host[ROWS * CODES], made[ROWS * CODES];
    static double cells[ROWS * GM_COUNT(columns)], back[ROWS * GM_COUNT(columns)];
    const double ranges[][2] = {{-1, 1}, {0, 1}};
    assert_int_equal(gm_table_stored(&schema), STORED);
    assert_int_equal(gm_table_codes(&schema), CODES);
    fill(cells, stored);
    for (size_t r = 0; r < GM_COUNT(ranges); r++) {
        gm_sample format = gm_sample_of_table(&schema, ranges[r][0], ranges[r][1]);
        format.kind->decode_values(&format, stored, ROWS, host);
        decode_on_device(&format, stored, made);
        for (size_t i = 0; i < ROWS * CODES; i++)
            assert_true(fabsf(host[i] - made[i]) < 1e-6f);
        gm_sample_cells(&format, made, ROWS, back);
        for (size_t i = 0; i < ROWS * GM_COUNT(columns); i++)
            if (i % GM_COUNT(columns) > 0) // the index is written anew
                assert_true(isnan(cells[i]) ? isnan(back[i]) : fabs(cells[i] - back[i]) < 2e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(codes_are_those_of_the_host)};
    return cmocka_run_group_tests(tests, open_device, close_device);
}
