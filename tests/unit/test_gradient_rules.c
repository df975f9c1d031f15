// What gm_grad gives where no difference quotient exists or no path leads: exact values.
#include "base/base.h"
#include "check_ok.h"
#include "reference/reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct fixture {
    gm_graph *graph;
    gm_reference *reference;
} fixture;

static int setup(void **state) {
    static fixture f;
    f = (fixture){0};
    *state = &f;
    return gm_graph_create(&f.graph) != GM_OK || gm_reference_create(&f.reference, f.graph, 0) != GM_OK;
}

static int teardown(void **state) {
    fixture *f = *state;
    gm_reference_destroy(&f->reference);
    gm_graph_destroy(&f->graph);
    return 0;
}

static gm_tensor *variable(fixture *f, const char *name, size_t count, const double *values) {
    gm_tensor *x = gm_variable(f->graph, name, GM_FLOAT32, GM_SHAPE(count), (gm_initializer){0});
    check_ok(gm_graph_status(f->graph));
    check_ok(gm_reference_set(f->reference, x, values));
    return x;
}

static void check_gradient(fixture *f, const char *what, gm_tensor *y, gm_tensor *x, const double *expected) {
    gm_tensor *dx;
    gm_grad(y, &x, 1, &dx);
    check_ok(gm_graph_status(f->graph));
    assert_true(gm_shape_equal(gm_tensor_shape(dx), gm_tensor_shape(x)));
    check_ok(gm_reference_evaluate(f->reference, &dx, 1));
    const double *value = gm_reference_value(f->reference, dx);
    for (size_t i = 0; i < gm_shape_count(gm_tensor_shape(x)); i++)
        if (value[i] != expected[i])
            fail_msg("%s: gradient[%zu] is %.17g, expected %.17g", what, i, value[i], expected[i]);
}

static void unrelated_tensors_have_zero_gradients_of_their_shape(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 2, (double[]){1, 2}), *other = variable(f, "other", 3, (double[]){1, 2, 3});
    check_gradient(f, "other", gm_sum_all(gm_square(x)), other, (double[]){0, 0, 0});
}

static void gradient_by_an_intermediate_tensor_and_by_itself(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 2, (double[]){1, 2});
    gm_tensor *h = gm_scale(x, 3), *y = gm_sum_all(gm_square(h));
    check_gradient(f, "h", y, h, (double[]){6, 12});
    check_gradient(f, "x", y, x, (double[]){18, 36});
    check_gradient(f, "y", y, y, (double[]){1});
}

static void stop_gradient_is_a_constant(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 2, (double[]){3, -5});
    check_gradient(f, "x stop(x)", gm_sum_all(gm_multiply(x, gm_stop_gradient(x))), x, (double[]){3, -5});
    check_gradient(f, "stop(x)", gm_sum_all(gm_stop_gradient(gm_exp(x))), x, (double[]){0, 0});
}

static void steps_and_comparisons_have_no_gradient(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 2, (double[]){.5, -1.5}), *y = variable(f, "y", 2, (double[]){1, -2});
    gm_tensor *none[] = {gm_less(x, y),  gm_less_equal(x, y), gm_greater(x, y), gm_greater_equal(x, y),
                         gm_equal(x, y), gm_not_equal(x, y),  gm_sign(x),       gm_floor(x)};
    for (size_t i = 0; i < GM_COUNT(none); i++)
        check_gradient(f, "a step", gm_sum_all(none[i]), x, (double[]){0, 0});
    check_gradient(f, "masked", gm_sum_all(gm_multiply(gm_less(x, y), x)), x, (double[]){1, 0});
}

static void gradients_at_kinks_are_those_documented(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 3, (double[]){-1, 0, 1}), *zero = variable(f, "zero", 3, (double[]){0, 0, 0});
    check_gradient(f, "abs", gm_sum_all(gm_abs(x)), x, (double[]){-1, 0, 1});
    check_gradient(f, "relu", gm_sum_all(gm_relu(x)), x, (double[]){0, 0, 1});
    check_gradient(f, "leaky_relu", gm_sum_all(gm_leaky_relu(x, .25)), x, (double[]){.25, .25, 1});
    check_gradient(f, "maximum", gm_sum_all(gm_maximum(x, zero)), x, (double[]){0, .5, 1});
    check_gradient(f, "maximum", gm_sum_all(gm_maximum(x, zero)), zero, (double[]){1, .5, 0});
    check_gradient(f, "minimum", gm_sum_all(gm_minimum(x, zero)), x, (double[]){1, .5, 0});
}

static void tied_maxima_share_equally(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 8, (double[]){2, 2, 1, 2, 5, 4, 5, 3});
    gm_tensor *y = gm_max(gm_reshape(x, GM_SHAPE(2, 4)), GM_AXIS(1));
    gm_tensor *weights = gm_reshape(variable(f, "w", 2, (double[]){3, 4}), GM_SHAPE(2, 1));
    check_gradient(f, "max", gm_sum_all(gm_multiply(y, weights)), x, (double[]){1, 1, 0, 1, 2, 0, 2, 0});
}

static void first_of_tied_pool_maxima_gets_the_gradient(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 9, (double[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
    gm_tensor *y =
        gm_max_pool(gm_reshape(x, GM_SHAPE(1, 1, 3, 3)), &(gm_pool_params){.kernel = {2, 2}, .stride = {1, 1}});
    check_gradient(f, "max_pool", gm_sum_all(y), x, (double[]){1, 1, 0, 1, 1, 0, 0, 0, 0});
}

static void gradient_of_a_tensor_that_is_no_scalar_is_a_fault(void **state) {
    fixture *f = *state;
    gm_tensor *x = variable(f, "x", 2, (double[]){1, 2}), *dx;
    gm_grad(gm_square(x), &x, 1, &dx);
    assert_int_not_equal(gm_graph_status(f->graph), GM_OK);
    assert_true(gm_error_message()[0] != '\0');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(unrelated_tensors_have_zero_gradients_of_their_shape),
        TEST(gradient_by_an_intermediate_tensor_and_by_itself),
        TEST(stop_gradient_is_a_constant),
        TEST(steps_and_comparisons_have_no_gradient),
        TEST(gradients_at_kinks_are_those_documented),
        TEST(tied_maxima_share_equally),
        TEST(first_of_tied_pool_maxima_gets_the_gradient),
        TEST(gradient_of_a_tensor_that_is_no_scalar_is_a_fault),
    };
    return cmocka_run_group_tests_name("gradient rules", tests, NULL, NULL);
}
