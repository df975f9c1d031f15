// Codes of rows as parts of graphs, and the conditions that a GAN of rows is given.
#include "data/row_weights.h"
#include "device_test.h"
#include "ganymede/plan.h"
#include "graph/graph.h"
#include "model/row_codes.h"
#include "model/table_gan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 512, CODES = 3 + 3 + 1 + 3, C = 3 + 3 };

static const char *const words[] = {"a", "b", "c"};
static const size_t of_c[] = {900, 90, 10}, of_d[] = {400, 500};
static const double modes[][3] = {{.5, 1, .25}, {.25, 4, 1}, {.25, 8, .5}}, quantiles[] = {0, 1, 2, 4, 10};
static gm_column columns[] = {
    {.name = "c", .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = 3, .counts = of_c},
    {.name = "x", .type = GM_COLUMN_NUMBER, .bounded = true, .maximum = 10, .modes = modes, .mode_count = 2},
    {.name = "y",
     .type = GM_COLUMN_NUMBER,
     .bounded = true,
     .maximum = 10,
     .quantiles = quantiles,
     .quantile_count = 5},
    {.name = "d", .type = GM_COLUMN_CATEGORY, .categories = words, .category_count = 2, .counts = of_d, .missing = 100},
};
static const gm_table_schema schema = {.columns = columns, .column_count = GM_COUNT(columns)};
static float rows[N * CODES], made[N * CODES]; // of the format [-1, 1]

// c: 0, 1, 2 in turn; x: mode 1; y; d: missing in every row.
static void fill(void) {
    for (size_t i = 0; i < N; i++) {
        const float row[CODES] = {-1, -1, -1, (float)i / N - .5F, -1, 1, .25F, -1, -1, 1};
        memcpy(rows + i * CODES, row, sizeof row);
        rows[i * CODES + i % 3] = 1;
    }
}

// What `build` makes of the rows' normal codes, all of them fetched at once.
static void run(gm_tensor *(*build)(const gm_row_codes *codes, gm_tensor *normal), float *result, size_t count) {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_row_codes codes;
    gm_sample format = gm_sample_of_table(&schema, -1, 1);
    check_ok(gm_row_codes_init(&codes, &format, "here"));
    assert_int_equal(codes.count, CODES);
    assert_int_equal(codes.places, 2);
    assert_int_equal(codes.choices, 3);
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "rows", GM_FLOAT32, GM_SHAPE(N, CODES));
    gm_tensor *y = build(&codes, gm_row_normal(&codes, x));
    gm_phase *phase = gm_phase_create(graph, "phase");
    gm_phase_fetch(phase, y);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    check_ok(gm_plan_write(plan, x, rows, sizeof rows));
    check_ok(gm_plan_run(plan, phase));
    assert_int_equal(gm_shape_count(gm_tensor_shape(y)), count);
    check_ok(gm_plan_read(plan, y, result, count * sizeof *result));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
    gm_row_codes_finish(&codes);
}

static gm_tensor *apart_and_together(const gm_row_codes *codes, gm_tensor *normal) {
    return gm_row_values(codes, gm_row_join(codes, gm_row_places(codes, normal), gm_row_choices(codes, normal, -7)));
}

static gm_tensor *normal_codes(const gm_row_codes *codes, gm_tensor *normal) {
    (void)codes;
    return normal;
}

static void rows_come_apart_and_together(void **state) {
    (void)state;
    fill();
    run(apart_and_together, made, N * CODES);
    for (size_t i = 0; i < N * CODES; i++)
        assert_true(fabsf(made[i] - rows[i]) < 1e-6f);
    run(normal_codes, made, N * CODES);
    for (size_t i = 0; i < N; i++) { // choices 0 and 1, places in deviations
        assert_true(fabsf(made[i * CODES + i % 3] - 1) < 1e-6f && fabsf(made[i * CODES + (i + 1) % 3]) < 1e-6f);
        assert_true(fabsf(made[i * CODES + 6] - 1) < 1e-6f);
    }
}

static gm_tensor *probabilities(const gm_row_codes *codes, gm_tensor *normal) {
    gm_tensor *said = gm_exp(gm_row_log_probabilities(codes, normal));
    return gm_row_join(codes, gm_row_places(codes, normal), said);
}

static gm_tensor *choose(const gm_row_codes *codes, gm_tensor *normal) {
    gm_tensor *uniform = gm_random_uniform(gm_tensor_graph(normal), "u", *gm_tensor_shape(normal), NULL);
    gm_tensor *logits = gm_scale(normal, 2); // 2 for one, 0 for the others
    return gm_row_join(codes, gm_row_places(codes, normal), gm_row_choose(codes, logits, uniform, .01));
}

static void choices_are_drawn_by_their_softmax(void **state) {
    (void)state;
    double named = 0, others = 0, expected = exp(2) / (exp(2) + 2);
    fill();
    run(probabilities, made, N * CODES);
    for (size_t i = 0; i < N; i++) {
        const float *row = made + i * CODES;
        assert_true(fabsf(row[0] + row[1] + row[2] - 1) < 1e-5f && fabsf(row[7] + row[8] + row[9] - 1) < 1e-5f);
        assert_true(fabs((double)row[i % 3] - exp(1) / (exp(1) + 2)) < 1e-5);
    }
    run(choose, made, N * CODES);
    for (size_t i = 0; i < N; i++) {
        named += (double)made[i * CODES + i % 3] / N;
        others += (double)made[i * CODES + (i + 1) % 3] / N;
    }
    assert_true(fabs(named - expected) < .06); // three standard errors
    assert_true(fabs(others - (1 - expected) / 2) < .05);
}

static gm_tensor *evenly(const gm_row_codes *codes, gm_tensor *normal) {
    return gm_table_gan_condition_of(codes, false, normal, NULL);
}

static gm_tensor *balanced(const gm_row_codes *codes, gm_tensor *normal) {
    return gm_table_gan_condition_of(codes, true, normal, NULL);
}

// Rows of c's category: how often they are asked for c rather than for d.
static void count_conditions(gm_tensor *(*build)(const gm_row_codes *, gm_tensor *), double shares[3]) {
    static float conditions[N * C];
    size_t of[3] = {0};
    run(build, conditions, N * C);
    memset(shares, 0, 3 * sizeof *shares);
    for (size_t i = 0; i < N; i++) {
        const float *row = conditions + i * C;
        float sum = 0;
        for (size_t k = 0; k < C; k++)
            sum += row[k];
        assert_true(fabsf(sum - 1) < 1e-6f); // one condition, which the row meets
        assert_true(fabsf(row[i % 3] + row[5] - 1) < 1e-6f);
        shares[i % 3] += (double)row[i % 3];
        of[i % 3]++;
    }
    for (size_t k = 0; k < 3; k++)
        shares[k] /= (double)of[k];
}

static void conditions_are_met_and_asked_for_as_rows_are_drawn(void **state) {
    (void)state;
    double shares[3];
    fill();
    assert_int_equal(gm_table_gan_conditions(&schema), C);
    assert_int_equal(gm_table_gan_condition(&schema, 0, 2), 2);
    assert_int_equal(gm_table_gan_condition(&schema, 3, 2), 5); // missing
    assert_int_equal(gm_table_gan_condition(&schema, 1, 0), C); // numbers have none
    count_conditions(evenly, shares);
    for (size_t k = 0; k < 3; k++)
        assert_true(fabs(shares[k] - .5) < .12);
    count_conditions(balanced, shares);
    for (size_t k = 0; k < 3; k++) {
        double c = gm_column_weight(&columns[0], k), d = gm_column_weight(&columns[3], 2), p = c / (c + d);
        if (fabs(shares[k] - p) > 3 * sqrt(p * (1 - p) / (N / 3.)) + 1e-3)
            fail_msg("category %zu: its column is asked for %.3f of the time, not %.3f", k, shares[k], p);
    }
}

// As often as the table has them, whatever training draws.
static void samples_are_asked_for_as_the_table_is(void **state) {
    (void)state;
    enum { DRAWS = 6000 };
    static const double expected[C] = {.45, .045, .005, .2, .25, .05};
    size_t counts[C] = {0};
    for (uint64_t seed = 0; seed < DRAWS; seed++) {
        size_t condition = gm_table_gan_draw_condition(&schema, 3, seed);
        assert_in_range(condition, 0, C - 1);
        counts[condition]++;
    }
    for (size_t k = 0; k < C; k++)
        if (fabs((double)counts[k] / DRAWS - expected[k]) > 4 * sqrt(expected[k] / DRAWS))
            fail_msg("condition %zu: %zu of %d", k, counts[k], DRAWS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_come_apart_and_together),
                                       cmocka_unit_test(choices_are_drawn_by_their_softmax),
                                       cmocka_unit_test(conditions_are_met_and_asked_for_as_rows_are_drawn),
                                       cmocka_unit_test(samples_are_asked_for_as_the_table_is)};
    return cmocka_run_group_tests(tests, open_device, close_device);
}
