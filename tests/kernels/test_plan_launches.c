// Fewer launches: small ones that do not depend on one another run as one, and on GPUs, where they cost more than what
// they do, large ones of a kind and reductions of all kinds; what goes on with a reduction's results is computed by the
// launch that writes them, what a concatenation alone reads in its part. Long because each rule has what must not
// happen beside it. Each graph is compared with a plan of separate launches, bit for bit, and with the reference.
#include "device_test.h"
#include "graph/graph.h"
#include "kernels/compare.h"
#include "plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static gm_graph *graph;
static gm_phase *phase;

static int begin(void **unused) {
    (void)unused;
    check_ok(gm_graph_create(&graph));
    phase = gm_phase_create(graph, "all");
    return 0;
}

static int end(void **unused) {
    (void)unused;
    gm_graph_destroy(&graph);
    return 0;
}

static bool on_gpu(void) {
    const char *kernels = getenv("GANYMEDE_KERNELS");
    return kernels && strcmp(kernels, "gpu") == 0;
}

// Compares, and on GPUs counts the launches of all phases.
static void expect_launches(size_t runs, size_t expected) {
    gm_state *state;
    gm_plan *plan;
    gm_plan_statistics statistics;
    gm_compare compare = {.device = device, .seed = 7, .runs = runs};
    if (graph->phase_count > 1)
        compare.before = phase;
    check_ok(gm_compare_run(&compare, graph));
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    gm_plan_get_statistics(plan, &statistics);
    if (on_gpu() && statistics.launches != expected) {
        for (size_t i = 0; i < plan->emitter.launch_count; i++)
            fprintf(stderr, "%s\n", plan->emitter.launches[i].cost.label);
        fail_msg("%zu launches, expected %zu", statistics.launches, expected);
    }
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
}

static gm_tensor *input(const char *name, gm_shape shape) {
    return gm_input(graph, name, GM_FLOAT32, shape);
}

static gm_tensor *variable(const char *name, gm_shape shape) {
    return gm_variable(graph, name, GM_FLOAT32, shape, (gm_initializer){GM_INITIALIZER_NORMAL, 1, 0.5});
}

// ---- What does not depend on one another ----

static size_t count_launches(bool separate) {
    gm_state *state;
    gm_plan *plan;
    gm_plan_statistics statistics;
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, &(gm_plan_options){.separate = separate}));
    gm_plan_get_statistics(plan, &statistics);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    return statistics.launches;
}

static void independent_launches_run_as_one(void **unused) {
    (void)unused;
    gm_tensor *counter = gm_input(graph, "counter", GM_INT32, GM_SHAPE(2));
    for (size_t i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "w%zu", i);
        gm_tensor *w = gm_variable(graph, name, GM_FLOAT32, GM_SHAPE(1 + 40 * i, 3), (gm_initializer){.a = 1});
        gm_phase_assign(phase, w, i % 2 ? gm_tanh(w) : gm_scale(w, 0.3 + (double)i));
    }
    gm_tensor *noise = gm_random_uniform(graph, "noise", GM_SHAPE(50), counter);
    gm_phase_fetch(phase, noise);
    assert_int_equal(count_launches(true), 7);
    assert_int_equal(count_launches(false), 1);
    gm_phase_fetch(phase, gm_tanh(noise));
    gm_phase_fetch(phase, gm_exp(gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(33, 70))));
    assert_int_equal(count_launches(true), 9);
    assert_int_equal(count_launches(false), 2);
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 7, .runs = 2}, graph));
}

// On GPUs, whose launches cost more than they do: like parts of a graph stand side by side, contractions and reductions
// among them, whatever their sizes.
static void like_chains_run_side_by_side(void **unused) {
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "x%zu", i);
        gm_tensor *x = gm_input(graph, name, GM_FLOAT32, GM_SHAPE(20 + i, 16)),
                  *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(16, 16),
                                   (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
        gm_tensor *y = gm_gemm(gm_tanh(gm_gemm(x, w, NULL)), w, NULL);
        gm_phase_fetch(phase, gm_max(y, GM_AXIS(0)));
    }
    bool gpu = on_gpu();
    assert_int_equal(count_launches(false), gpu ? 3 : 10);
    gm_phase *late = gm_phase_create(graph, "late"); // the second chain begins later, and meets the first all the same
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *y = gm_input(graph, i ? "late" : "early", GM_FLOAT32, GM_SHAPE(30, 16)),
                  *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(16, 16),
                                   (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
        for (size_t layer = 0; layer < 2 + i; layer++)
            y = gm_gemm(gm_tanh(y), w, NULL);
        gm_phase_fetch(late, gm_max(y, GM_AXIS(0)));
    }
    if (gpu)
        assert_int_equal(count_launches(false), 8);
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 7, .runs = 2}, graph));
}

// In a graph of its own, which takes the place of the test's.
static gm_plan_statistics plan_steps(size_t steps) {
    gm_state *state;
    gm_plan *plan;
    gm_plan_statistics statistics;
    end(NULL);
    begin(NULL);
    gm_tensor *x = input("x", GM_SHAPE(4, 5 * steps)), *w = variable("w", GM_SHAPE(5, 10)), *outputs[64], *dw;
    gm_tensor *h = input("h", GM_SHAPE(4, 5));
    for (size_t t = 0; t < steps; t++) {
        gm_tensor *both = gm_gemm(h, w, NULL), *a = gm_slice(both, (size_t[]){0, 0}, (size_t[]){4, 5}),
                  *b = gm_slice(both, (size_t[]){0, 5}, (size_t[]){4, 5});
        h = gm_tanh(gm_multiply(gm_add(a, gm_slice(x, (size_t[]){0, 5 * t}, (size_t[]){4, 5})), b));
        outputs[t] = h;
    }
    gm_tensor *y = gm_concat(outputs, steps, 0);
    gm_grad(gm_sum_all(gm_square(y)), &w, 1, &dw);
    gm_phase_fetch(phase, y);
    gm_phase_fetch(phase, dw);
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 7, .runs = 1}, graph));
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    gm_plan_get_statistics(plan, &statistics);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    return statistics;
}

// Steps of a sequence run the same kernels, where their launches are merged with others, too.
static void longer_sequences_need_no_more_kernels(void **unused) {
    (void)unused;
    gm_plan_statistics some = plan_steps(20), more = plan_steps(40);
    assert_true(more.launches >= some.launches + 40);
    assert_true(more.kernels <= some.kernels + 2); // of the last parts that are put together
}

// ---- What goes on with the results of reductions ----

// Normalises x over the axes with a weight for each that is left, and fetches the sums' own values, too.
static void normalise(gm_tensor *x, uint32_t axes, const char *name) {
    gm_tensor *mean = gm_mean(x, axes), *square = gm_mean(gm_square(x), axes);
    gm_tensor *weight = variable(name, *gm_tensor_shape(mean));
    gm_tensor *factor = gm_multiply(gm_rsqrt(gm_offset(gm_relu(gm_subtract(square, gm_square(mean))), 0.25)), weight);
    gm_phase_fetch(phase, gm_multiply(gm_subtract(x, mean), factor));
    gm_phase_fetch(phase, factor);
    gm_phase_fetch(phase, gm_sum(x, axes));
}

static void columns_are_normalised_in_two_launches(void **unused) {
    (void)unused;
    normalise(input("x", GM_SHAPE(13, 5)), GM_AXIS(0), "w");
    expect_launches(2, 2);
}

static void images_are_normalised_in_two_launches(void **unused) {
    (void)unused;
    normalise(input("x", GM_SHAPE(3, 37, 2, 3)), GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3), "w");
    expect_launches(2, 2);
}

static void rows_are_normalised_in_two_launches(void **unused) {
    (void)unused;
    normalise(input("x", GM_SHAPE(7, 3, 41)), GM_AXIS(2), "w");
    expect_launches(2, 2);
}

static void scattered_axes_are_normalised_in_two_launches(void **unused) {
    (void)unused;
    normalise(input("x", GM_SHAPE(5, 3, 4, 7)), GM_AXIS(1) | GM_AXIS(3), "w");
    expect_launches(2, 2);
}

// Sums in parts: the launch that adds them up goes on.
static void long_sums_are_followed_by_the_launch_that_adds_their_parts(void **unused) {
    (void)unused;
    normalise(input("columns", GM_SHAPE(4001, 40)), GM_AXIS(0), "w");
    expect_launches(1, 3);
}

static void long_rows_are_followed_by_the_launch_that_adds_their_parts(void **unused) {
    (void)unused;
    normalise(input("row", GM_SHAPE(3, 20011)), GM_AXIS(1), "w");
    expect_launches(1, 3);
}

// Two axes are left, along which the other value repeats: they are no one row.
static void parts_of_sums_over_the_middle_are_added_up_in_place(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(3, 4099, 5)), *other = variable("w", GM_SHAPE(3, 1, 1));
    gm_phase_fetch(phase, gm_tanh(gm_multiply(gm_mean(x, GM_AXIS(1)), other)));
    expect_launches(1, 2);
}

static void maxima_have_epilogues_too(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(9, 17)), *most = gm_max(x, GM_AXIS(1));
    gm_phase_fetch(phase, gm_exp(gm_subtract(x, most)));
    gm_phase_fetch(phase, gm_cast(gm_scale(most, 10), GM_INT32));
    expect_launches(1, 2);
}

// The second reduction waits for the first by way of the values that follow it.
static void reductions_of_what_follows_reductions_match(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(11, 6)), *sum = gm_sum(x, GM_AXIS(0)), *y = gm_tanh(sum);
    gm_tensor *total = gm_sum(gm_multiply(gm_exp(y), sum), GM_AXIS(1)), *z = gm_sigmoid(total);
    gm_phase_fetch(phase, gm_add(gm_multiply(x, y), z));
    expect_launches(1, 3);
}

// A later phase reads the sums, which nothing reads in the first.
static void sums_are_there_for_later_phases(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(4001, 40)), *sum = gm_sum(x, GM_AXIS(0));
    gm_phase_fetch(phase, gm_multiply(x, gm_tanh(sum)));
    gm_phase *later = gm_phase_create(graph, "later");
    gm_phase_fetch(later, gm_exp(sum));
    expect_launches(1, 4); // the sum in parts, the product; the exponentials
}

// The new values stay outside: w's must wait for the product that reads the old one, which needs no sum.
static void assigned_values_are_no_epilogues(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *w = variable("w", GM_SHAPE(1, 6)), *v = variable("v", GM_SHAPE(1, 6));
    gm_tensor *mean = gm_mean(x, GM_AXIS(0)), *matrix = gm_broadcast(w, GM_SHAPE(6, 6));
    gm_phase_assign(phase, w, gm_subtract(w, gm_scale(mean, 0.5)));
    gm_phase_assign(phase, v, gm_add(gm_scale(v, 0.75), gm_square(mean)));
    gm_phase_fetch(phase, gm_multiply(x, gm_exp(mean)));
    gm_phase_fetch(phase, gm_gemm(input("y", GM_SHAPE(40, 6)), matrix, NULL));
    expect_launches(3, 3); // the mean, the product, the new values and what is multiplied
}

// What follows reads the variable's old value; the assignment comes after it.
static void epilogues_read_variables_before_they_are_assigned(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *w = variable("w", GM_SHAPE(1, 6));
    gm_tensor *sum = gm_sum(x, GM_AXIS(0)), *follows = gm_tanh(gm_add(sum, w));
    gm_phase_fetch(phase, gm_multiply(x, follows));
    gm_phase_assign(phase, w, gm_subtract(w, gm_scale(follows, 0.25)));
    expect_launches(3, 2);
}

// The sum does not need the product, which is older, but what follows the sum does. The first unit of all needs both:
// it has the sum run before its turn.
static void epilogues_wait_for_older_values(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *m = input("m", GM_SHAPE(6, 6)), *first = gm_tanh(x);
    gm_tensor *product = gm_gemm(input("y", GM_SHAPE(1, 6)), m, NULL), *sum = gm_sum(x, GM_AXIS(0));
    gm_tensor *follows = gm_exp(gm_multiply(gm_square(sum), product));
    gm_phase_fetch(phase, first);
    gm_phase_fetch(phase, product);
    gm_phase_fetch(phase, gm_add(gm_multiply(x, sum), follows));
    expect_launches(1, 3);
}

// What is made of the sum and of a product that needs the sum, or is younger, runs after both.
static void what_waits_for_later_values_is_no_epilogue(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *m = input("m", GM_SHAPE(6, 6)), *sum = gm_sum(x, GM_AXIS(0));
    gm_tensor *needing = gm_gemm(sum, m, NULL), *younger = gm_gemm(input("y", GM_SHAPE(1, 6)), m, NULL);
    gm_phase_fetch(phase, needing);
    gm_phase_fetch(phase, gm_tanh(gm_add(sum, gm_square(needing))));
    expect_launches(1, 3);
    gm_phase_fetch(phase, younger);
    gm_phase_fetch(phase, gm_exp(gm_multiply(gm_square(sum), younger)));
    expect_launches(1, 3);
}

// Neither a flipped view of the sum nor a broadcast one is element by element.
static void other_shapes_and_views_are_no_epilogues(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *sum = gm_sum(x, GM_AXIS(0));
    gm_phase_fetch(phase, gm_tanh(gm_add(sum, gm_flip(sum, GM_AXIS(1)))));
    gm_phase_fetch(phase, gm_exp(gm_multiply(gm_broadcast(sum, GM_SHAPE(2, 6)), input("y", GM_SHAPE(2, 6)))));
    gm_phase_fetch(phase, gm_softplus(gm_reshape(sum, GM_SHAPE(2, 3))));
    expect_launches(1, 2);
}

// More than a launch takes: some of them run by themselves.
static void too_many_values_do_not_fit_an_epilogue(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6)), *sum = gm_sum(x, GM_AXIS(0));
    for (size_t i = 0; i < 30; i++) {
        char name[8];
        snprintf(name, sizeof name, "y%zu", i);
        gm_phase_fetch(phase, gm_tanh(gm_multiply(sum, input(name, GM_SHAPE(1, 6)))));
    }
    expect_launches(1, 2);
}

static void too_many_results_do_not_fit_a_launch(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6));
    for (size_t i = 0; i < 12; i++) {
        gm_tensor *sum = gm_sum(gm_square(gm_offset(x, (double)i)), GM_AXIS(0));
        gm_phase_fetch(phase, sum);
        gm_phase_fetch(phase, gm_tanh(gm_scale(sum, 0.01)));
    }
    expect_launches(1, 2);
}

// ---- Reductions of all kinds ----

static void sums_and_maxima_of_rows_and_columns_run_as_one(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(13, 6, 35)), *y = input("y", GM_SHAPE(301, 3));
    for (uint32_t axes = 1; axes < 8; axes++) {
        gm_phase_fetch(phase, gm_sum(x, axes));
        gm_phase_fetch(phase, gm_max(x, axes));
    }
    gm_phase_fetch(phase, gm_sum(gm_square(y), GM_AXIS(0)));
    gm_phase_fetch(phase, gm_tanh(gm_max(y, GM_AXIS(1))));
    expect_launches(1, 2); // of rows and columns: no more than six functions in each
}

// ---- Parts ----

static void parts_of_a_concatenation_are_computed_in_place(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(5, 3)), *w = input("w", GM_SHAPE(3, 7)), *y = input("y", GM_SHAPE(2, 7)),
              *z = input("z", GM_SHAPE(4, 7));
    gm_tensor *both = gm_concat((gm_tensor *[]){gm_tanh(gm_gemm(x, w, NULL)), gm_exp(y), z}, 3, 0);
    gm_phase_fetch(phase, gm_sum(gm_square(both), GM_AXIS(0)));
    expect_launches(1, 3); // the product; the exponentials and the copy; the sum
}

// Columns, interleaved images, parts behind reshapes.
static void parts_may_be_scattered(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(3, 4, 5, 6)), *gradient;
    gm_tensor *w = variable("w", GM_SHAPE(4, 4, 3, 3));
    const gm_shape column = {.rank = 5, .dim = {3, 4, 5, 1, 6}};
    gm_tensor *y = gm_convolution(x, w, &(gm_convolution_params){.padding = {1, 1}});
    gm_tensor *rows[] = {gm_reshape(gm_tanh(y), column), gm_reshape(gm_sin(gm_scale(x, 2)), column)};
    y = gm_reshape(gm_concat(rows, 2, 3), GM_SHAPE(3, 4, 10, 6));
    y = gm_convolution(y, w, &(gm_convolution_params){.padding = {1, 1}});
    gm_tensor *flat = gm_concat(
        (gm_tensor *[]){gm_relu(gm_reshape(y, GM_SHAPE(12, 60))), gm_reshape(gm_exp(x), GM_SHAPE(12, 30))}, 2, 1);
    gm_grad(gm_sum_all(gm_square(flat)), &w, 1, &gradient);
    gm_phase_fetch(phase, flat);
    gm_phase_fetch(phase, gradient);
    expect_launches(1, 12);
}

// What another reads, what is fetched or assigned, and what is a constant, is copied.
static void parts_with_other_readers_are_copied(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(5, 7)), *v = variable("v", GM_SHAPE(5, 7));
    gm_tensor *read = gm_softplus(x), *fetched = gm_exp(x), *assigned = gm_tanh(gm_add(x, v));
    gm_tensor *all = gm_concat((gm_tensor *[]){read, fetched, assigned, gm_full(graph, GM_SHAPE(2, 7), 3), read}, 5, 0);
    gm_phase_fetch(phase, gm_scale(all, 2));
    gm_phase_fetch(phase, fetched);
    gm_phase_fetch(phase, gm_gemm(read, gm_transpose(read, (size_t[]){1, 0}), NULL));
    gm_phase_assign(phase, v, assigned);
    expect_launches(2, 4); // the expressions, the copies, the result; the product
}

// The parts, computed in the first phase, are read by the second, each from where it lies.
static void later_phases_read_parts(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(5, 3)), *w = input("w", GM_SHAPE(3, 6)), *y = gm_gemm(x, w, NULL);
    gm_tensor *left = gm_tanh(y), *both = gm_concat((gm_tensor *[]){left, gm_exp(input("y", GM_SHAPE(5, 2)))}, 2, 1);
    gm_phase_fetch(phase, gm_sum(gm_square(both), GM_AXIS(1)));
    gm_phase *later = gm_phase_create(graph, "later");
    gm_phase_fetch(later, gm_gemm(left, gm_transpose(left, (size_t[]){1, 0}), NULL));
    gm_phase_fetch(later, left);
    expect_launches(2, 4);
}

// A counter of two words is put together in place, unless it reads the variable while that is written.
static void concatenations_are_assigned_in_place(void **unused) {
    (void)unused;
    gm_tensor *x = input("x", GM_SHAPE(4)), *v = variable("v", GM_SHAPE(6)), *u = variable("u", GM_SHAPE(6));
    gm_tensor *head = gm_slice(v, (size_t[]){0}, (size_t[]){2}), *tail = gm_slice(u, (size_t[]){4}, (size_t[]){2});
    gm_phase_fetch(phase, gm_multiply(v, u));
    gm_phase_assign(phase, v, gm_concat((gm_tensor *[]){tail, gm_tanh(x)}, 2, 0));
    expect_launches(3, 2); // the product of the old values comes first
    gm_phase_assign(phase, u, gm_concat((gm_tensor *[]){gm_exp(x), head}, 2, 0));
    expect_launches(3, 3);
}

static void concatenations_that_read_their_variable_are_not_in_place(void **unused) {
    (void)unused;
    gm_tensor *v = variable("v", GM_SHAPE(7));
    gm_tensor *rest = gm_slice(v, (size_t[]){1}, (size_t[]){6}), *first = gm_slice(v, (size_t[]){0}, (size_t[]){1});
    gm_phase_assign(phase, v, gm_concat((gm_tensor *[]){gm_scale(rest, 0.5), first}, 2, 0));
    expect_launches(3, 2);
}

// ---- Products ----

// Weight gradients of small layers, whatever their sizes: one launch.
static void small_weight_gradients_run_as_one(void **unused) {
    (void)unused;
    static const size_t sizes[][2] = {{64, 32}, {24, 32}, {32, 64}};
    for (size_t i = 0; i < 3; i++) {
        char name[2][8];
        for (size_t k = 0; k < 2; k++)
            snprintf(name[k], sizeof name[k], "%c%zu", "xg"[k], i);
        gm_tensor *x = input(name[0], GM_SHAPE(100, sizes[i][0])), *g = input(name[1], GM_SHAPE(100, sizes[i][1]));
        gm_phase_fetch(phase, gm_gemm(x, g, &(gm_gemm_params){.transpose_a = true}));
    }
    expect_launches(1, 1);
}

// Along the channels, which lie innermost there: nothing is moved.
static void softmax_lies_as_its_neighbours_do(void **unused) {
    (void)unused;
    gm_tensor *x = gm_average_pool(input("x", GM_SHAPE(4, 20, 8, 8)), &(gm_pool_params){.kernel = {2, 2}});
    gm_phase_fetch(phase, gm_convolution(gm_softmax(x, 1), variable("w", GM_SHAPE(16, 20, 1, 1)), NULL));
    expect_launches(1, 3);
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLAN_TEST(independent_launches_run_as_one),
        PLAN_TEST(like_chains_run_side_by_side),
        PLAN_TEST(longer_sequences_need_no_more_kernels),
        PLAN_TEST(columns_are_normalised_in_two_launches),
        PLAN_TEST(images_are_normalised_in_two_launches),
        PLAN_TEST(rows_are_normalised_in_two_launches),
        PLAN_TEST(scattered_axes_are_normalised_in_two_launches),
        PLAN_TEST(long_sums_are_followed_by_the_launch_that_adds_their_parts),
        PLAN_TEST(long_rows_are_followed_by_the_launch_that_adds_their_parts),
        PLAN_TEST(parts_of_sums_over_the_middle_are_added_up_in_place),
        PLAN_TEST(maxima_have_epilogues_too),
        PLAN_TEST(reductions_of_what_follows_reductions_match),
        PLAN_TEST(sums_are_there_for_later_phases),
        PLAN_TEST(assigned_values_are_no_epilogues),
        PLAN_TEST(epilogues_read_variables_before_they_are_assigned),
        PLAN_TEST(epilogues_wait_for_older_values),
        PLAN_TEST(what_waits_for_later_values_is_no_epilogue),
        PLAN_TEST(other_shapes_and_views_are_no_epilogues),
        PLAN_TEST(too_many_values_do_not_fit_an_epilogue),
        PLAN_TEST(too_many_results_do_not_fit_a_launch),
        PLAN_TEST(sums_and_maxima_of_rows_and_columns_run_as_one),
        PLAN_TEST(parts_of_a_concatenation_are_computed_in_place),
        PLAN_TEST(parts_may_be_scattered),
        PLAN_TEST(parts_with_other_readers_are_copied),
        PLAN_TEST(later_phases_read_parts),
        PLAN_TEST(concatenations_are_assigned_in_place),
        PLAN_TEST(concatenations_that_read_their_variable_are_not_in_place),
        PLAN_TEST(small_weight_gradients_run_as_one),
        PLAN_TEST(softmax_lies_as_its_neighbours_do),
    };
    return cmocka_run_group_tests_name("plan_launches", tests, open_device, close_device);
}
