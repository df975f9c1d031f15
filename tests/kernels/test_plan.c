// Plans: fusion, layouts, phases, reuse and memory, against the reference interpreter.
#include "device_test.h"
#include "graph/graph.h"
#include "kernels/compare.h"
#include "plan/plan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void compare_both(gm_graph *graph, size_t runs) {
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 7, .runs = runs}, graph));
}

static void element_wise_chains_match(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(5, 7, 3)),
              *y = gm_input(graph, "y", GM_FLOAT32, GM_SHAPE(7, 1));
    gm_tensor *a = gm_tanh(gm_add(gm_multiply(x, y), gm_constant(graph, 0.5)));
    gm_tensor *b = gm_select(gm_greater(a, y), gm_exp(a), gm_softplus(gm_scale(x, -3)));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, a);
    gm_phase_fetch(phase, b);
    gm_phase_fetch(phase, gm_transpose(b, (size_t[]){2, 0, 1}));
    gm_phase_fetch(phase, gm_cast(gm_scale(x, 3), GM_INT32));
    gm_phase_fetch(phase, gm_full(graph, GM_SHAPE(3, 3), 2.5));
    gm_phase_fetch(phase, gm_constant(graph, -1.25));
    // Enough aligned elements for vectors on GPUs, with operands that repeat along either axis.
    gm_tensor *large = gm_input(graph, "large", GM_FLOAT32, GM_SHAPE(40, 1024)),
              *row = gm_input(graph, "row", GM_FLOAT32, GM_SHAPE(1024)),
              *column = gm_input(graph, "column", GM_FLOAT32, GM_SHAPE(40, 1));
    gm_phase_fetch(phase, gm_add(gm_multiply(large, row), column));
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

static void reductions_match(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(6, 5, 9, 11));
    for (uint32_t axes = 1; axes < 16; axes++) {
        gm_phase_fetch(phase, gm_sum(gm_square(x), axes));
        gm_phase_fetch(phase, gm_max(x, axes));
    }
    gm_tensor *big = gm_input(graph, "big", GM_FLOAT32, GM_SHAPE(300, 257));
    gm_phase_fetch(phase, gm_mean_all(big));
    gm_phase_fetch(phase, gm_variance(big, GM_AXIS(0)));
    gm_phase_fetch(phase, gm_variance(big, GM_AXIS(1)));
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

static void matrix_products_match(void **unused) {
    (void)unused;
    static const size_t sizes[][3] = {{1, 1, 1}, {7, 5, 3}, {64, 100, 33}, {13, 128, 17}, {6, 1, 16}, {100, 31, 1}};
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    for (size_t i = 0; i < GM_COUNT(sizes); i++)
        for (int t = 0; t < 4; t++) {
            char name[2][32];
            snprintf(name[0], sizeof name[0], "a%zu.%d", i, t);
            snprintf(name[1], sizeof name[1], "b%zu.%d", i, t);
            size_t m = sizes[i][0], k = sizes[i][1], n = sizes[i][2];
            gm_tensor *a = gm_input(graph, name[0], GM_FLOAT32, t & 1 ? GM_SHAPE(k, m) : GM_SHAPE(m, k));
            gm_tensor *b = gm_input(graph, name[1], GM_FLOAT32, t & 2 ? GM_SHAPE(n, k) : GM_SHAPE(k, n));
            gm_tensor *c = gm_gemm(a, b, &(gm_gemm_params){.transpose_a = t & 1, .transpose_b = (t & 2) != 0});
            gm_phase_fetch(phase, t == 3 ? c : gm_leaky_relu(gm_offset(c, 0.25), 0.2));
        }
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

static void convolutions_match(void **unused) {
    (void)unused;
    static const struct {
        size_t n, c, k, h, w, r, s, stride, padding, output_padding;
    } cases[] = {{4, 3, 5, 8, 9, 3, 3, 1, 1, 0},  {7, 16, 20, 8, 8, 4, 4, 2, 1, 0}, {5, 1, 9, 10, 10, 4, 4, 2, 1, 0},
                 {6, 10, 1, 4, 4, 4, 4, 1, 0, 0}, {3, 12, 8, 9, 7, 5, 3, 3, 2, 1},  {8, 100, 33, 1, 1, 4, 4, 1, 3, 0}};
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        char name[3][16];
        for (int j = 0; j < 3; j++)
            snprintf(name[j], sizeof name[j], "%c%zu", "xwy"[j], i);
        gm_convolution_params p = {.stride = {cases[i].stride, cases[i].stride},
                                   .padding = {cases[i].padding, cases[i].padding},
                                   .output_padding = {0, 0}};
        gm_tensor *x = gm_input(graph, name[0], GM_FLOAT32, GM_SHAPE(cases[i].n, cases[i].c, cases[i].h, cases[i].w));
        gm_tensor *w = gm_input(graph, name[1], GM_FLOAT32, GM_SHAPE(cases[i].k, cases[i].c, cases[i].r, cases[i].s));
        gm_tensor *y = gm_convolution(x, w, &p);
        gm_tensor *g[2];
        gm_grad(gm_sum_all(gm_multiply(y, gm_tanh(y))), (gm_tensor *[]){x, w}, 2, g);
        gm_phase_fetch(phase, y);
        gm_phase_fetch(phase, g[0]);
        gm_phase_fetch(phase, g[1]);
        gm_tensor *z = gm_input(graph, name[2], GM_FLOAT32, GM_SHAPE(cases[i].n, cases[i].k, cases[i].h, cases[i].w));
        p.output_padding[0] = p.output_padding[1] = cases[i].output_padding;
        if (cases[i].h > 1)
            gm_phase_fetch(phase, gm_tanh(gm_convolution_transpose(z, w, &p)));
    }
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

static void everything_else_matches(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(3, 5, 9, 8));
    gm_pool_params pool = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    gm_tensor *p = gm_max_pool(x, &pool), *q = gm_average_pool(x, &pool), *g;
    gm_grad(gm_sum_all(gm_add(gm_square(p), gm_tanh(q))), &x, 1, &g);
    gm_phase_fetch(phase, p);
    gm_phase_fetch(phase, q);
    gm_phase_fetch(phase, g);
    gm_tensor *table = gm_input(graph, "table", GM_UINT8, GM_SHAPE(4, 2, 3)),
              *rows = gm_input(graph, "rows", GM_INT32, GM_SHAPE(6));
    gm_phase_fetch(phase, gm_scale(gm_cast(gm_gather(table, rows), GM_FLOAT32), 1 / 255.0));
    gm_tensor *values = gm_input(graph, "values", GM_FLOAT32, GM_SHAPE(6, 7));
    gm_phase_fetch(phase, gm_scatter_add(values, rows, 4));
    gm_phase_fetch(phase, gm_reshape(gm_tanh(p), GM_SHAPE(3, 5 * 5 * 4)));
    gm_phase_fetch(phase, gm_pad(x, (size_t[]){0, 1, 0, 2}, (size_t[]){1, 0, 3, 0}));
    gm_phase_fetch(phase, gm_concat((gm_tensor *[]){x, gm_scale(x, 2), p}, 2, 1));
    gm_phase_fetch(phase, gm_slice(x, (size_t[]){1, 0, 2, 3}, (size_t[]){2, 5, 4, 1}));
    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){.a = 3});
    gm_phase_fetch(phase, gm_random_uniform(graph, "u", GM_SHAPE(5, 7), counter));
    gm_phase_fetch(phase, gm_random_normal(graph, "n", GM_SHAPE(3, 11), counter));
    gm_phase_fetch(phase, gm_random_bernoulli(graph, "b", GM_SHAPE(100), 0.3, NULL));
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

// What stands beside the one-hot value for its gradient leaves no rounding in it, and the draw of that name is the
// same.
static void hard_choices_are_exactly_one_hot(void **unused) {
    (void)unused;
    enum { ROWS = 37, K = 21 };
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    float x[ROWS][K], hard[ROWS][K];
    int32_t choice[ROWS];
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_tensor *logits = gm_input(graph, "logits", GM_FLOAT32, GM_SHAPE(ROWS, K));
    gm_tensor *drawn = gm_categorical(logits, "choice", NULL, 1);
    gm_tensor *relaxed = gm_gumbel_softmax(logits, "choice", NULL, 4, true, 1);
    gm_phase_fetch(phase, drawn);
    gm_phase_fetch(phase, relaxed);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    for (size_t i = 0; i < ROWS * K; i++)
        x[i / K][i % K] = (float)sin((double)(i * i));
    check_ok(gm_plan_write(plan, logits, x, sizeof x));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_read(plan, relaxed, hard, sizeof hard));
    check_ok(gm_plan_read(plan, drawn, choice, sizeof choice));
    for (int32_t i = 0; i < ROWS * K; i++) {
        float expected = i % K == choice[i / K] ? 1 : 0;
        assert_memory_equal(&hard[i / K][i % K], &expected, sizeof expected);
    }
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// Two phases: the second reuses what the first computed unless it depends on what the first assigned; assignments take
// effect at the end, also when two variables are exchanged.
static void phases_assign_at_their_end(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *a = gm_variable(graph, "a", GM_FLOAT32, GM_SHAPE(9), (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_tensor *b = gm_variable(graph, "b", GM_FLOAT32, GM_SHAPE(9), (gm_initializer){GM_INITIALIZER_UNIFORM, -1, 1});
    gm_tensor *c = gm_variable(graph, "c", GM_FLOAT32, GM_SHAPE(9), (gm_initializer){.a = 0.5});
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(9, 9), (gm_initializer){GM_INITIALIZER_NORMAL, 0, 0.3});
    gm_tensor *row = gm_gemm(gm_reshape(a, GM_SHAPE(1, 9)), w, NULL);
    gm_tensor *shared = gm_reshape(gm_gemm(gm_reshape(c, GM_SHAPE(1, 9)), w, NULL), GM_SHAPE(9));
    gm_phase *first = gm_phase_create(graph, "first"), *second = gm_phase_create(graph, "second");
    gm_phase_assign(first, a, b);
    gm_phase_assign(first, b, a);
    gm_phase_fetch(first, row);
    gm_phase_fetch(first, shared);
    gm_phase_assign(second, c, gm_add(gm_tanh(shared), gm_reshape(row, GM_SHAPE(9))));
    gm_phase_assign(second, a, gm_subtract(a, gm_scale(c, 0.1)));
    gm_phase_fetch(second, gm_sum_all(gm_multiply(a, c)));
    compare_both(graph, 3);
    gm_graph_destroy(&graph);
}

// A flip reads what the assignment would overwrite: none of these can be made in place.
static void variables_are_assigned_their_own_flips(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    const gm_initializer start = {GM_INITIALIZER_NORMAL, 0, 1};
    gm_tensor *a = gm_variable(graph, "a", GM_FLOAT32, GM_SHAPE(9), start);
    gm_tensor *b = gm_variable(graph, "b", GM_FLOAT32, GM_SHAPE(4, 3, 5, 6), start);
    gm_tensor *c = gm_variable(graph, "c", GM_FLOAT32, GM_SHAPE(7, 40), start);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_assign(phase, a, gm_flip(a, GM_AXIS(0)));
    gm_phase_assign(phase, b, gm_scale(gm_flip(b, GM_AXIS(0) | GM_AXIS(3)), 0.5));
    gm_phase_assign(phase, c, gm_add(c, gm_flip(gm_stop_gradient(c), GM_AXIS(1))));
    gm_phase_fetch(phase, gm_flip(b, GM_AXIS(1)));
    compare_both(graph, 3);
    gm_graph_destroy(&graph);
}

// ---- Layouts ----

// Between convolutions, forward and backward, no image is turned round, not even where it gets a fifth and a sixth axis
// on the way, as upsampling does it.
static void interleaved_images_keep_channels_innermost(void **unused) {
    (void)unused;
    enum { BATCH = 3 };
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_graph_create(&graph));
    const gm_initializer start = {GM_INITIALIZER_NORMAL, 0, 0.3};
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(BATCH, 5, 4, 6)), *gradient[2];
    gm_tensor *weights[] = {gm_variable(graph, "v", GM_FLOAT32, GM_SHAPE(7, 5, 3, 3), start),
                            gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(2, 7, 3, 3), start)};
    gm_tensor *y = gm_convolution(x, weights[0], &(gm_convolution_params){.padding = {1, 1}});
    gm_tensor *block =
        gm_broadcast(gm_reshape(y, GM_SHAPE(BATCH, 7, 4, 1, 6, 1)), (gm_shape){6, {BATCH, 7, 4, 2, 6, 2}});
    y = gm_add(y, gm_average_pool(gm_reshape(block, GM_SHAPE(BATCH, 7, 8, 12)), &(gm_pool_params){.kernel = {2, 2}}));
    gm_tensor *row = gm_reshape(y, GM_SHAPE(BATCH, 7, 4, 1, 6));
    y = gm_reshape(gm_concat((gm_tensor *[]){row, gm_scale(row, 0.5)}, 2, 3), GM_SHAPE(BATCH, 7, 8, 6));
    y = gm_convolution(gm_tanh(y), weights[1], &(gm_convolution_params){.padding = {1, 1}});
    gm_grad(gm_sum_all(gm_square(y)), weights, 2, gradient);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, gm_sum_all(gm_square(y)));
    gm_phase_fetch(phase, gradient[0]);
    gm_phase_fetch(phase, gradient[1]);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    size_t images = 0;
    for (size_t id = 0; id < graph->node_count; id++) {
        const gm_tensor *node = graph->nodes[id];
        bool image = node->shape.rank >= 4 && node->shape.dim[0] == BATCH;
        images += image && plan->values[id].present[GM_LAYOUT_HWNC];
        assert_false(image && plan->values[id].present[GM_LAYOUT_ROW]);
    }
    assert_true(images >= 8);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    compare_both(graph, 1);
    gm_graph_destroy(&graph);
}

// Sums over all positions of images that a program gives with their channels last add up neighbours side by side.
static void given_channels_last_are_walked_so(void **unused) {
    (void)unused;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_graph_create(&graph));
    gm_tensor *images = gm_input(graph, "images", GM_FLOAT32, GM_SHAPE(5, 7, 3, 16));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, gm_sum(gm_transpose(images, (size_t[]){2, 3, 0, 1}), GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3)));
    compare_both(graph, 1);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    assert_int_equal(plan->emitter.launch_count, 1);
    assert_memory_equal(plan->emitter.launches[0].cost.label, "reduce_column", strlen("reduce_column"));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// ---- Merging ----

// Updates of variables of all sizes and of two kinds, then what needs one of the results, then what needs none of them.
// The assigned view's value has no other reader outside its own launch.
static void a_view_of_a_fused_value_is_assigned(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(2, 3));
    gm_tensor *v = gm_variable(graph, "v", GM_FLOAT32, GM_SHAPE(6), (gm_initializer){0});
    gm_tensor *a = gm_tanh(x);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, gm_square(gm_add(a, gm_exp(a))));
    gm_phase_assign(phase, v, gm_reshape(a, GM_SHAPE(6)));
    compare_both(graph, 2);
    gm_graph_destroy(&graph);
}

// A large mean; a first value far from all others; values that are all the same.
static void variances_keep_their_digits(void **unused) {
    (void)unused;
    enum { COUNT = 1000, COLUMNS = 3 };
    static float x[COUNT][COLUMNS];
    float got[COLUMNS];
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    for (size_t i = 0; i < COUNT; i++) {
        float normal = (float)gm_philox_normal(1, 2, 0, 0, i);
        x[i][0] = 1e4F + normal;
        x[i][1] = i == 0 ? 100 : normal;
        x[i][2] = 7.1F;
    }
    check_ok(gm_graph_create(&graph));
    graph->few_passes = true;
    gm_tensor *input = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(COUNT, COLUMNS)),
              *variance = gm_variance(input, GM_AXIS(0));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, variance);
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    check_ok(gm_plan_write(plan, input, x, sizeof x));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_read(plan, variance, got, sizeof got));
    for (size_t k = 0; k < COLUMNS; k++) {
        double mean = 0, expected = 0;
        for (size_t i = 0; i < COUNT; i++)
            mean += (double)x[i][k] / COUNT;
        for (size_t i = 0; i < COUNT; i++)
            expected += pow((double)x[i][k] - mean, 2) / COUNT;
        double allowed[COLUMNS] = {1e-5, 5e-4, 0}; // relative; the outlier's square is a thousand variances
        if (!(fabs((double)got[k] - expected) <= allowed[k] * expected) && !(k == 2 && got[k] == 0))
            fail_msg("column %zu: %.9g, expected %.9g", k, (double)got[k], expected);
    }
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// ---- Running ----

typedef struct fixture {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_tensor *x, *w, *y, *loss;
    gm_phase *first, *second;
} fixture;

// `second` reads y, which `first` computes from x and w.
static fixture create_fixture(void) {
    fixture f;
    check_ok(gm_graph_create(&f.graph));
    f.x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 8));
    f.w = gm_variable(f.graph, "w", GM_FLOAT32, GM_SHAPE(8, 8), (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    f.y = gm_gemm(f.x, f.w, NULL);
    f.loss = gm_mean_all(gm_square(f.y));
    gm_tensor *dw;
    gm_grad(f.loss, &f.w, 1, &dw);
    f.first = gm_phase_create(f.graph, "first");
    f.second = gm_phase_create(f.graph, "second");
    gm_phase_fetch(f.first, f.y);
    gm_phase_fetch(f.second, f.loss);
    gm_phase_assign(f.second, f.w, gm_subtract(f.w, gm_scale(dw, 0.1)));
    check_ok(gm_state_create(&f.state, device, 3));
    check_ok(gm_plan_create(&f.plan, f.graph, f.state, NULL));
    return f;
}

static void destroy_fixture(fixture *f) {
    gm_plan_destroy(&f->plan);
    gm_state_destroy(&f->state);
    gm_graph_destroy(&f->graph);
}

static void expect_failure(gm_status status, gm_status expected, const char *part) {
    assert_int_equal(status, expected);
    if (!strstr(gm_error_message(), part))
        fail_msg("the message is \"%s\" and lacks \"%s\"", gm_error_message(), part);
}

static void running_creates_and_builds_nothing(void **unused) {
    (void)unused;
    fixture f = create_fixture();
    gm_device_counters before, after;
    float x[32] = {1, -2, 3}, loss[2];
    size_t allocations = 0;
    for (size_t run = 0; run < 12; run++) {
        if (run == 2) {
            gm_device_get_counters(device, &before);
            allocations = gm_allocations();
        }
        check_ok(gm_plan_write(f.plan, f.x, x, sizeof x));
        check_ok(gm_plan_run(f.plan, f.first));
        check_ok(gm_plan_run(f.plan, f.second));
        check_ok(gm_plan_read(f.plan, f.loss, &loss[run > 0], sizeof loss[0]));
    }
    assert_int_equal(gm_allocations(), allocations);
    gm_device_get_counters(device, &after);
    assert_int_equal(after.buffers_created, before.buffers_created);
    assert_int_equal(after.kernels_created, before.kernels_created);
    assert_int_equal(after.programs_built, before.programs_built);
    assert_int_equal(after.programs_loaded, before.programs_loaded);
    gm_plan_statistics statistics;
    gm_plan_get_statistics(f.plan, &statistics);
    assert_int_equal(after.launches - before.launches, 10 * statistics.launches);
    assert_true(loss[1] < loss[0]); // it did train meanwhile
    destroy_fixture(&f);
}

static void plans_share_the_kernels_of_their_device(void **unused) {
    (void)unused;
    fixture first = create_fixture();
    gm_device_counters before, after;
    gm_device_get_counters(device, &before);
    fixture second = create_fixture();
    gm_device_get_counters(device, &after);
    assert_int_equal(after.programs_built + after.programs_loaded, before.programs_built + before.programs_loaded);
    assert_true(after.kernels_created > before.kernels_created); // objects with arguments of their own
    destroy_fixture(&first);
    float x[32] = {1, -2, 3}, loss[2];
    for (size_t run = 0; run < 2; run++) {
        check_ok(gm_plan_write(second.plan, second.x, x, sizeof x));
        check_ok(gm_plan_run(second.plan, second.first));
        check_ok(gm_plan_run(second.plan, second.second));
        check_ok(gm_plan_read(second.plan, second.loss, &loss[run], sizeof loss[0]));
    }
    assert_true(loss[1] < loss[0]);
    destroy_fixture(&second);
}

static void values_out_of_date_are_not_reused(void **unused) {
    (void)unused;
    fixture f = create_fixture();
    float w[64] = {0}, x[32] = {0};
    expect_failure(gm_plan_run(f.plan, f.second), GM_ERROR_STATE, "run first again");
    check_ok(gm_plan_run(f.plan, f.first));
    check_ok(gm_plan_run(f.plan, f.second));
    expect_failure(gm_plan_run(f.plan, f.second), GM_ERROR_STATE, "first"); // it assigned w, which y is made of
    check_ok(gm_plan_run(f.plan, f.first));
    check_ok(gm_plan_write(f.plan, f.x, x, sizeof x));
    expect_failure(gm_plan_run(f.plan, f.second), GM_ERROR_STATE, "x has changed since");
    check_ok(gm_plan_run(f.plan, f.first));
    check_ok(gm_state_write(f.state, "w", w, sizeof w));
    expect_failure(gm_plan_run(f.plan, f.second), GM_ERROR_STATE, "w has changed since");
    check_ok(gm_plan_run(f.plan, f.first));
    check_ok(gm_plan_run(f.plan, f.second));
    destroy_fixture(&f);
}

// As above, but neither phase needs the other: each may run again and again, on one batch after the other.
static void isolated_phases_share_no_values(void **unused) {
    (void)unused;
    for (size_t which = 0; which < 2; which++) {
        gm_graph *graph;
        gm_state *state;
        gm_plan *plan;
        check_ok(gm_graph_create(&graph));
        gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(3));
        gm_tensor *y = gm_sum_all(gm_tanh(x)), *z = gm_scale(y, 2);
        gm_phase *phase[2] = {gm_phase_create(graph, "first"), gm_phase_create(graph, "second")};
        gm_phase_fetch(phase[0], y);
        gm_phase_fetch(phase[1], z);
        gm_phase_isolate(phase[which]);
        check_ok(gm_state_create(&state, device, 3));
        check_ok(gm_plan_create(&plan, graph, state, NULL));
        for (size_t run = 0; run < 6; run++) {
            size_t k = run % 3 > 0;
            float values[3] = {0.25f * (float)run, -1, 2}, got;
            check_ok(gm_plan_write(plan, x, values, sizeof values));
            check_ok(gm_plan_run(plan, phase[k]));
            check_ok(gm_plan_read(plan, k ? z : y, &got, sizeof got));
            double sum = tanh(0.25 * (double)run) - tanh(1) + tanh(2);
            assert_true(fabs((double)got - (k ? 2 : 1) * sum) < 1e-5);
        }
        gm_plan_destroy(&plan);
        gm_state_destroy(&state);
        gm_graph_destroy(&graph);
    }
}

static void wrong_reads_and_writes_fail(void **unused) {
    (void)unused;
    fixture f = create_fixture(), other = create_fixture();
    float values[64] = {0};
    expect_failure(gm_plan_write(f.plan, f.w, values, sizeof values), GM_ERROR_ARGUMENT, "only inputs");
    expect_failure(gm_plan_write(f.plan, other.x, values, 128), GM_ERROR_ARGUMENT, "only inputs");
    expect_failure(gm_plan_write(f.plan, NULL, values, 128), GM_ERROR_ARGUMENT, "only inputs");
    expect_failure(gm_plan_write(f.plan, f.x, values, 124), GM_ERROR_ARGUMENT, "x (4, 8) has 128 bytes, not 124");
    expect_failure(gm_plan_read(f.plan, f.y, values, 128), GM_ERROR_STATE, "has run");
    check_ok(gm_plan_run(f.plan, f.first));
    check_ok(gm_plan_read(f.plan, f.y, values, 128));
    expect_failure(gm_plan_read(f.plan, f.y, values, 4), GM_ERROR_ARGUMENT, "has 128 bytes, not 4");
    expect_failure(gm_plan_read(f.plan, other.y, values, 128), GM_ERROR_STATE, "can be read");
    expect_failure(gm_plan_read(f.plan, f.loss, values, 4), GM_ERROR_STATE, "can be read");
    expect_failure(gm_plan_run(f.plan, other.first), GM_ERROR_ARGUMENT, "does not belong");
    expect_failure(gm_plan_run(f.plan, NULL), GM_ERROR_ARGUMENT, "does not belong");
    destroy_fixture(&other);
    destroy_fixture(&f);
}

static void too_large_a_plan_says_what_it_needs(void **unused) {
    (void)unused;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_graph_create(&graph));
    check_ok(gm_state_create(&state, device, 1));
    gm_tensor *row = gm_input(graph, "row", GM_FLOAT32, GM_SHAPE(1, 32768));
    gm_tensor *column = gm_input(graph, "column", GM_FLOAT32, GM_SHAPE(16384, 1));
    gm_phase *huge = gm_phase_create(graph, "huge");
    for (int i = 0; i < 400; i++)
        gm_phase_fetch(huge, gm_offset(gm_add(row, column), i)); // 2 GiB
    expect_failure(gm_plan_create(&plan, graph, state, NULL), GM_ERROR_MEMORY, "the plan needs 819200.");
    assert_non_null(strstr(gm_error_message(), "use a smaller batch"));
    assert_null(plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// Of any size: nine bytes are no whole words.
static void inputs_begin_as_zeros(void **unused) {
    (void)unused;
    for (size_t count = 1; count < 10; count++) {
        gm_graph *graph;
        gm_state *state;
        gm_plan *plan;
        check_ok(gm_graph_create(&graph));
        check_ok(gm_state_create(&state, device, 1));
        gm_tensor *x = gm_input(graph, "x", GM_UINT8, GM_SHAPE(count));
        gm_phase *phase = gm_phase_create(graph, "all");
        gm_phase_fetch(phase, x);
        unsigned char dirt[16], values[16];
        memset(dirt, 0xa5, sizeof dirt);
        gm_buffer *buffer; // drivers hand out what was freed before
        check_ok(gm_buffer_create(&buffer, device, count));
        check_ok(gm_buffer_write(buffer, 0, dirt, count));
        gm_buffer_destroy(&buffer);
        check_ok(gm_plan_create(&plan, graph, state, NULL));
        check_ok(gm_plan_run(plan, phase));
        check_ok(gm_plan_read(plan, x, values, count));
        for (size_t i = 0; i < count; i++)
            if (values[i] != 0)
                fail_msg("byte %zu of %zu is %u", i, count, values[i]);
        gm_plan_destroy(&plan);
        gm_state_destroy(&state);
        gm_graph_destroy(&graph);
    }
}

// Kernels count in int, and a little further than there are elements. Once a value that is stored, once one that never
// is, once one that is given.
static void value_that_kernels_cannot_count_is_refused_by_name(void **unused) {
    (void)unused;
    enum { ROWS = 1024, MOST = 1024 * 2047 }; // columns: 2^31 - 2^20 elements
    static const struct {
        size_t columns;
        const char *names[3]; // NULL: as good as any
    } cases[] = {{MOST - 1, {NULL, NULL, NULL}},
                 {MOST, {"gemm (1024, 2096128): ", "sum (1024, 1): ", "huge (1024, 2096128): "}},
                 {MOST + 1024, {"gemm (1024, 2097152): ", "sum (1024, 1): ", "huge (1024, 2097152): "}},
                 {3000000, {"gemm (1024, 3000000): ", "sum (1024, 1): ", "huge (1024, 3000000): "}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int kind = 0; kind < 3; kind++) {
            gm_graph *graph;
            gm_state *state;
            gm_plan *plan;
            if (!cases[i].names[kind] && kind != 1)
                continue; // they might find the memory
            check_ok(gm_graph_create(&graph));
            check_ok(gm_state_create(&state, device, 1));
            gm_tensor *row = gm_input(graph, "row", GM_FLOAT32, GM_SHAPE(1, cases[i].columns)), *result;
            gm_tensor *column = gm_input(graph, "column", GM_FLOAT32, GM_SHAPE(ROWS, 1));
            if (kind == 0)
                result = gm_gemm(column, row, NULL);
            else if (kind == 1)
                result = gm_sum(gm_multiply(row, column), GM_AXIS(1));
            else
                result =
                    gm_sum(gm_cast(gm_input(graph, "huge", GM_UINT8, GM_SHAPE(ROWS, cases[i].columns)), GM_FLOAT32),
                           GM_AXIS(1));
            gm_phase_fetch(gm_phase_create(graph, "all"), result);
            if (cases[i].names[kind]) {
                expect_failure(gm_plan_create(&plan, graph, state, NULL), GM_ERROR_ARGUMENT, cases[i].names[kind]);
                assert_non_null(strstr(gm_error_message(), "more than 2146435071"));
            } else {
                check_ok(gm_plan_create(&plan, graph, state, NULL));
            }
            gm_plan_destroy(&plan);
            gm_state_destroy(&state);
            gm_graph_destroy(&graph);
        }
}

static void overrun_values_are_named(void **unused) {
    (void)unused;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    check_ok(gm_graph_create(&graph));
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, gm_tanh(gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(7))));
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, graph, state, &(gm_plan_options){.separate = true}));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_check_guards(plan));
    float stray = 1;
    check_ok(gm_buffer_write(plan->arenas[0], 7 * sizeof stray, &stray, sizeof stray));
    expect_failure(gm_plan_check_guards(plan), GM_ERROR_STATE, "of 28 bytes, written by element_");
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(element_wise_chains_match),
        cmocka_unit_test(reductions_match),
        cmocka_unit_test(matrix_products_match),
        cmocka_unit_test(convolutions_match),
        cmocka_unit_test(everything_else_matches),
        cmocka_unit_test(hard_choices_are_exactly_one_hot),
        cmocka_unit_test(phases_assign_at_their_end),
        cmocka_unit_test(variables_are_assigned_their_own_flips),
        cmocka_unit_test(a_view_of_a_fused_value_is_assigned),
        cmocka_unit_test(interleaved_images_keep_channels_innermost),
        cmocka_unit_test(given_channels_last_are_walked_so),
        cmocka_unit_test(variances_keep_their_digits),

        cmocka_unit_test(plans_share_the_kernels_of_their_device),
        cmocka_unit_test(running_creates_and_builds_nothing),
        cmocka_unit_test(values_out_of_date_are_not_reused),
        cmocka_unit_test(isolated_phases_share_no_values),
        cmocka_unit_test(wrong_reads_and_writes_fail),
        cmocka_unit_test(too_large_a_plan_says_what_it_needs),
        cmocka_unit_test(inputs_begin_as_zeros),
        cmocka_unit_test(value_that_kernels_cannot_count_is_refused_by_name),
        cmocka_unit_test(overrun_values_are_named),
    };
    return cmocka_run_group_tests_name("plan", tests, open_device, close_device);
}
