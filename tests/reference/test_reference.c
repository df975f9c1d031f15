// The interpreter itself against values worked out by hand: leaves, phases, integers, random streams, error scales.
#include "base/base.h"
#include "check_ok.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    gm_graph *graph;
    gm_reference *reference;
} fixture;

static int setup(void **state) {
    static fixture f;
    f = (fixture){0};
    *state = &f;
    return gm_graph_create(&f.graph) != GM_OK || gm_reference_create(&f.reference, f.graph, 42) != GM_OK;
}

static int teardown(void **state) {
    fixture *f = *state;
    gm_reference_destroy(&f->reference);
    gm_graph_destroy(&f->graph);
    return f->reference != NULL;
}

static const double *evaluate(fixture *f, gm_tensor *x) {
    check_ok(gm_reference_evaluate(f->reference, &x, 1));
    return gm_reference_value(f->reference, x);
}

static void check_values(const char *what, const double *value, const double *expected, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!(value[i] == expected[i] || (isnan(value[i]) && isnan(expected[i]))))
            fail_msg("%s[%zu] is %.17g, expected %.17g", what, i, value[i], expected[i]);
}

static gm_tensor *input(fixture *f, const char *name, gm_type type, size_t count, const double *values) {
    gm_tensor *x = gm_input(f->graph, name, type, GM_SHAPE(count));
    check_ok(gm_graph_status(f->graph));
    check_ok(gm_reference_set(f->reference, x, values));
    return x;
}

static void variables_start_as_their_initializers_say(void **state) {
    fixture *f = *state;
    gm_tensor *constant = gm_variable(f->graph, "c", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = .1});
    gm_tensor *uniform =
        gm_variable(f->graph, "u", GM_FLOAT32, GM_SHAPE(5), (gm_initializer){GM_INITIALIZER_UNIFORM, -2, 3});
    gm_tensor *normal =
        gm_variable(f->graph, "n", GM_FLOAT32, GM_SHAPE(5), (gm_initializer){GM_INITIALIZER_NORMAL, 1, .02});
    const double *value = evaluate(f, constant);
    assert_true(value[0] == (double).1f && value[1] == (double).1f);
    value = evaluate(f, uniform);
    for (size_t i = 0; i < 5; i++)
        assert_true(value[i] == (double)(float)(-2 + 5 * gm_philox_uniform(42, gm_stream("u"), 0, 0, i)));
    value = evaluate(f, normal);
    for (size_t i = 0; i < 5; i++)
        assert_true(value[i] == (double)(float)(1 + .02 * gm_philox_normal(42, gm_stream("n"), 0, 0, i)));
}

static void assignments_take_effect_together_at_the_end_of_a_phase(void **state) {
    fixture *f = *state;
    gm_tensor *a = gm_variable(f->graph, "a", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = 1});
    gm_tensor *b = gm_variable(f->graph, "b", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = 2});
    gm_tensor *sum = gm_add(a, b);
    gm_phase *swap = gm_phase_create(f->graph, "swap");
    gm_phase_assign(swap, a, b);
    gm_phase_assign(swap, b, gm_offset(a, 10));
    gm_phase_fetch(swap, sum);
    check_ok(gm_reference_run(f->reference, swap));
    check_values("a", gm_reference_value(f->reference, a), (double[]){2, 2}, 2);
    check_values("b", gm_reference_value(f->reference, b), (double[]){11, 11}, 2);
    check_values("sum", gm_reference_value(f->reference, sum), (double[]){3, 3}, 2);
    check_ok(gm_reference_run(f->reference, swap));
    check_values("a", gm_reference_value(f->reference, a), (double[]){11, 11}, 2);
    check_values("b", gm_reference_value(f->reference, b), (double[]){12, 12}, 2);
    check_values("sum", gm_reference_value(f->reference, sum), (double[]){13, 13}, 2);
}

static void nodes_added_after_a_run_can_be_evaluated(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 2, (double[]){3, -4});
    check_values("x^2", evaluate(f, gm_square(x)), (double[]){9, 16}, 2);
    gm_tensor *later = gm_abs(x);
    assert_null(gm_reference_value(f->reference, later));
    check_values("|x|", evaluate(f, later), (double[]){3, 4}, 2);
}

static void integers_wrap_and_truncate(void **state) {
    fixture *f = *state;
    gm_tensor *a = input(f, "a", GM_INT32, 4, (double[]){INT32_MAX, INT32_MIN, 65537, -7});
    gm_tensor *b = input(f, "b", GM_INT32, 4, (double[]){1, 3, 65537, 2});
    check_values("a + b", evaluate(f, gm_add(a, b)), (double[]){INT32_MIN, INT32_MIN + 3., 131074, -5}, 4);
    check_values("a - b", evaluate(f, gm_subtract(a, b)), (double[]){INT32_MAX - 1., INT32_MAX - 2., 0, -9}, 4);
    check_values("a * b", evaluate(f, gm_multiply(a, b)), (double[]){INT32_MAX, INT32_MIN, 131073, -14}, 4);
    check_values("a / b", evaluate(f, gm_divide(a, b)), (double[]){INT32_MAX, -715827882, 1, -3}, 4);
    check_values("-a", evaluate(f, gm_negate(a)), (double[]){-INT32_MAX, INT32_MIN, -65537, 7}, 4);
    gm_tensor *x = input(f, "x", GM_FLOAT32, 4, (double[]){1.9, -1.9, .5, -7});
    check_values("cast", evaluate(f, gm_cast(x, GM_INT32)), (double[]){1, -1, 0, -7}, 4);
}

static void nan_wins_in_maxima_and_passes_relu(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 3, (double[]){1, NAN, -1});
    gm_tensor *zero = input(f, "zero", GM_FLOAT32, 3, (double[]){0, 0, 0});
    check_values("relu", evaluate(f, gm_relu(x)), (double[]){1, NAN, 0}, 3);
    check_values("maximum", evaluate(f, gm_maximum(x, zero)), (double[]){1, NAN, 0}, 3);
    check_values("minimum", evaluate(f, gm_minimum(zero, x)), (double[]){0, NAN, -1}, 3);
    check_values("max", evaluate(f, gm_max(x, GM_AXIS(0))), (double[]){NAN}, 1);
}

static void rows_outside_the_table_are_zeros_and_are_dropped(void **state) {
    fixture *f = *state;
    gm_tensor *x = gm_reshape(input(f, "x", GM_FLOAT32, 6, (double[]){1, 2, 3, 4, 5, 6}), GM_SHAPE(3, 2));
    gm_tensor *index = input(f, "index", GM_INT32, 3, (double[]){2, -1, 3});
    check_values("gather", evaluate(f, gm_gather(x, index)), (double[]){5, 6, 0, 0, 0, 0}, 6);
    gm_tensor *twice = input(f, "twice", GM_INT32, 3, (double[]){1, 5, 1});
    check_values("scatter_add", evaluate(f, gm_scatter_add(x, twice, 2)), (double[]){0, 0, 6, 8}, 4);
}

static void flips_run_backwards_and_shifts_let_zeros_in(void **state) {
    fixture *f = *state;
    gm_tensor *x = gm_reshape(input(f, "x", GM_FLOAT32, 6, (double[]){1, 2, 3, 4, 5, 6}), GM_SHAPE(2, 3));
    check_values("columns", evaluate(f, gm_flip(x, GM_AXIS(1))), (double[]){3, 2, 1, 6, 5, 4}, 6);
    check_values("both", evaluate(f, gm_flip(x, GM_AXIS(0) | GM_AXIS(1))), (double[]){6, 5, 4, 3, 2, 1}, 6);
    gm_tensor *images = gm_reshape(gm_concat((gm_tensor *[]){x, x}, 2, 0), GM_SHAPE(2, 1, 2, 3));
    gm_tensor *offsets = gm_reshape(input(f, "offsets", GM_INT32, 4, (double[]){1, -1, 0, 2}), GM_SHAPE(2, 2));
    check_values("shift2d", evaluate(f, gm_shift2d(images, offsets)), (double[]){0, 0, 0, 2, 3, 0, 0, 0, 1, 0, 0, 4},
                 12);
    check_values("reflected",
                 evaluate(f, gm_pad2d(gm_reshape(x, GM_SHAPE(1, 1, 2, 3)), (size_t[]){0, 2}, (size_t[]){1, 1},
                                      GM_PADDING_REFLECT)),
                 (double[]){3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2}, 18);
    check_values("repeated",
                 evaluate(f, gm_pad2d(gm_reshape(x, GM_SHAPE(1, 1, 2, 3)), (size_t[]){0, 2}, (size_t[]){1, 1},
                                      GM_PADDING_REPLICATE)),
                 (double[]){1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6, 4, 4, 4, 5, 6, 6}, 18);
}

static void random_numbers_follow_seed_name_and_counter(void **state) {
    fixture *f = *state;
    gm_tensor *counter = input(f, "counter", GM_INT32, 2, (double[]){7, 3});
    gm_tensor *uniform = gm_random_uniform(f->graph, "latent", GM_SHAPE(3, 2), counter);
    gm_tensor *normal = gm_random_normal(f->graph, "noise", GM_SHAPE(5), NULL);
    gm_tensor *drop = gm_random_bernoulli(f->graph, "drop", GM_SHAPE(64), .25, counter);
    const double *value = evaluate(f, uniform);
    for (size_t i = 0; i < 6; i++)
        assert_true(value[i] == gm_philox_uniform(42, gm_stream("latent"), 7, 3, i));
    value = evaluate(f, normal);
    for (size_t i = 0; i < 5; i++)
        assert_true(value[i] == gm_philox_normal(42, gm_stream("noise"), 0, 0, i));
    value = evaluate(f, drop);
    for (size_t i = 0; i < 64; i++)
        assert_true(value[i] == (gm_philox_uniform(42, gm_stream("drop"), 7, 3, i) < .25));
}

static const double *magnitude(fixture *f, gm_tensor *x) {
    check_ok(gm_reference_evaluate(f->reference, &x, 1));
    return gm_reference_magnitude(f->reference, x);
}

static void magnitude_is_the_sum_of_absolute_terms(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 4, (double[]){1, -1, 100, -100});
    gm_tensor *y = input(f, "y", GM_FLOAT32, 4, (double[]){1, 1, 2, 2});
    check_values("sum", magnitude(f, gm_sum_all(x)), (double[]){202}, 1);
    gm_tensor *product = gm_gemm(gm_reshape(x, GM_SHAPE(1, 4)), gm_reshape(y, GM_SHAPE(4, 1)), NULL);
    check_values("gemm", magnitude(f, product), (double[]){402}, 1);
    check_values("add", magnitude(f, gm_add(x, y)), (double[]){2, 0, 102, 98}, 4);
}

// (x + y) - x cancels: what the rounding of x + y leaves is far larger than the result.
static void magnitude_carries_rounding_through_a_cancellation(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 1, (double[]){1e6});
    gm_tensor *y = input(f, "y", GM_FLOAT32, 1, (double[]){1});
    double scale = *magnitude(f, gm_subtract(gm_square(gm_add(x, y)), gm_square(x)));
    assert_true(scale > 3e12 && scale < 6e12);
}

static void magnitude_of_an_assigned_variable_is_that_of_its_value(void **state) {
    fixture *f = *state;
    gm_tensor *v = gm_variable(f->graph, "v", GM_FLOAT32, GM_SHAPE(1), (gm_initializer){.a = 3});
    gm_phase *phase = gm_phase_create(f->graph, "phase");
    gm_phase_assign(phase, v, gm_scale(v, 2));
    assert_true(*magnitude(f, v) == 0);
    check_ok(gm_reference_run(f->reference, phase));
    check_values("v", gm_reference_magnitude(f->reference, v), (double[]){6}, 1);
    check_ok(gm_reference_set(f->reference, v, (double[]){6}));
    check_values("v", gm_reference_magnitude(f->reference, v), (double[]){0}, 1);
}

// 1 + 1e-9 < 1 is false, but the sum's rounding may make them equal: what hangs on the mask may be either value.
static void magnitude_counts_a_comparison_that_rounding_may_turn(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 2, (double[]){1, 5}),
              *one = input(f, "one", GM_FLOAT32, 2, (double[]){1, 1});
    gm_tensor *tiny = input(f, "tiny", GM_FLOAT32, 2, (double[]){1e-9, 1e-9});
    gm_tensor *y = gm_select(gm_less_equal(gm_add(x, tiny), one), gm_offset(one, 2), one);
    const double *scale = magnitude(f, y);
    assert_true(scale[0] * 0x1p-20 >= 2);
    assert_true(scale[1] < 10);
}

static void only_variables_and_inputs_can_be_set(void **state) {
    fixture *f = *state;
    gm_tensor *x = input(f, "x", GM_FLOAT32, 1, (double[]){1});
    assert_int_equal(gm_reference_set(f->reference, gm_exp(x), (double[]){1}), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "exp"));
}

static void a_faulty_graph_is_refused_with_its_message(void **state) {
    fixture *f = *state;
    gm_tensor *x = gm_input(f->graph, "x", GM_FLOAT32, GM_SHAPE(2));
    gm_tensor *wrong = gm_add(x, gm_input(f->graph, "y", GM_FLOAT32, GM_SHAPE(3)));
    assert_int_not_equal(gm_reference_evaluate(f->reference, &wrong, 1), GM_OK);
    assert_true(gm_error_message()[0] != '\0');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(variables_start_as_their_initializers_say),
        TEST(assignments_take_effect_together_at_the_end_of_a_phase),
        TEST(nodes_added_after_a_run_can_be_evaluated),
        TEST(integers_wrap_and_truncate),
        TEST(nan_wins_in_maxima_and_passes_relu),
        TEST(rows_outside_the_table_are_zeros_and_are_dropped),
        TEST(flips_run_backwards_and_shifts_let_zeros_in),
        TEST(random_numbers_follow_seed_name_and_counter),
        TEST(magnitude_is_the_sum_of_absolute_terms),
        TEST(magnitude_carries_rounding_through_a_cancellation),
        TEST(magnitude_of_an_assigned_variable_is_that_of_its_value),
        TEST(magnitude_counts_a_comparison_that_rounding_may_turn),
        TEST(only_variables_and_inputs_can_be_set),
        TEST(a_faulty_graph_is_refused_with_its_message),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
