// Half storage: which values lie in memory as 16-bit floats, how they are rounded, and that nothing else changes.
#include "device_test.h"
#include "graph/graph.h"
#include "kernels/compare.h"
#include "plan/plan.h"
#include "reference/random_graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// least: elements of the smallest value that is stored as half; NULL: the default.
static void kernels(const char *family, const char *least) {
    setenv("GANYMEDE_KERNELS", family, 1);
    if (least)
        setenv("GANYMEDE_HALF_LEAST", least, 1);
    else
        unsetenv("GANYMEDE_HALF_LEAST");
}

typedef struct planned {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
} planned;

static planned create(gm_graph *graph, const gm_plan_options *options) {
    planned p = {.graph = graph};
    check_ok(gm_state_create(&p.state, device, 1));
    check_ok(gm_plan_create(&p.plan, graph, p.state, options));
    return p;
}

static void destroy(planned *p) {
    gm_plan_destroy(&p->plan);
    gm_state_destroy(&p->state);
}

static const gm_plan_options half_storage = {.precision = GM_PRECISION_HALF_STORAGE};

// ---- Which values ----

static void expect_half(const planned *p, const char *what, const gm_tensor *node, bool expected) {
    const gm_value *value = &p->plan->values[node->id];
    if (p->plan->emitter.half[node->id] != expected)
        fail_msg("%s is%s half", what, expected ? " not" : "");
    for (size_t l = 0; l < GM_LAYOUTS; l++)
        if (value->view[l].shape.rank > 0 && value->view[l].half != expected)
            fail_msg("%s does%s lie in memory as half", what, expected ? " not" : "");
}

static size_t storage_bytes(const planned *p, const gm_tensor *node) {
    return p->plan->emitter.storages[p->plan->values[node->id].view[GM_LAYOUT_ROW].storage].bytes;
}

// Two layers, N (64, 128) -> (64, 96) -> (64, 80), with momentum.
static void large_values_that_vary_are_half_and_roots_are_not(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(64, 128));
    gm_initializer normal = {GM_INITIALIZER_NORMAL, 0, 0.1};
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(128, 96), normal), *dw;
    gm_tensor *v = gm_variable(graph, "v", GM_FLOAT32, GM_SHAPE(96, 80), normal);
    gm_tensor *m = gm_variable(graph, "m", GM_FLOAT32, GM_SHAPE(128, 96), (gm_initializer){0});
    gm_tensor *mask = gm_random_bernoulli(graph, "mask", GM_SHAPE(64, 96), 0.5, NULL);
    gm_tensor *noise = gm_random_normal(graph, "noise", GM_SHAPE(64, 80), NULL);
    gm_tensor *tamed = gm_tanh(v);
    gm_tensor *hidden = gm_tanh(gm_gemm(x, w, NULL)), *dropped = gm_multiply(hidden, mask);
    gm_tensor *y = gm_gemm(dropped, tamed, NULL), *wide = gm_sum(gm_reshape(y, GM_SHAPE(1, 64, 80)), GM_AXIS(0));
    gm_tensor *many = gm_sum(gm_broadcast(gm_reshape(hidden, GM_SHAPE(1, 64, 96)), GM_SHAPE(2, 64, 96)), GM_AXIS(0));
    gm_tensor *loss = gm_add(gm_mean_all(gm_square(gm_add(y, noise))),
                             gm_mean_all(gm_gemm(gm_reshape(many, GM_SHAPE(64, 96)), tamed, NULL)));
    gm_tensor *dhidden;
    gm_grad(loss, &dropped, 1, &dhidden);
    gm_grad(loss, &w, 1, &dw);
    gm_tensor *moment = gm_add(gm_scale(m, 0.9), dw);
    gm_tensor *small = gm_gemm(gm_slice(dropped, (size_t[]){0, 0}, (size_t[]){42, 96}), tamed, NULL);
    gm_tensor *kept = gm_exp(gm_gemm(dropped, gm_scale(tamed, 2), NULL)),
              *turned = gm_transpose(kept, (size_t[]){1, 0});
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_assign(phase, m, moment);
    gm_phase_assign(phase, w, gm_subtract(w, gm_scale(moment, 0.1)));
    gm_phase_fetch(phase, loss);
    gm_phase_fetch(phase, turned);
    gm_phase_fetch(phase, gm_sum_all(small));
    gm_phase_fetch(phase, gm_sum_all(wide));
    kernels("gpu", NULL);
    planned p = create(graph, &half_storage);
    expect_half(&p, "an activation", hidden, true);
    expect_half(&p, "a product", y, true);
    expect_half(&p, "a mask", mask, true);
    expect_half(&p, "an activation's gradient", dhidden, true);
    expect_half(&p, "an input", x, false);
    expect_half(&p, "a normal number", noise, false);
    expect_half(&p, "what is made of weights alone", tamed, false);
    expect_half(&p, "a weight's gradient", dw, false);
    expect_half(&p, "a moment", moment, false);
    expect_half(&p, "a loss", loss, false);
    expect_half(&p, "what is fetched", turned, false);
    expect_half(&p, "what is fetched through a view", kept, false);
    expect_half(&p, "a value of 3360 elements", small, false);
    expect_half(&p, "a sum", many, false);
    assert_int_equal(storage_bytes(&p, y), 2 * 64 * 80);
    assert_int_equal(storage_bytes(&p, small), 4 * 42 * 80);
    destroy(&p);
    gm_graph_destroy(&graph);
}

static uint64_t device_bytes(gm_graph *graph, gm_precision precision) {
    planned p = create(graph, &(gm_plan_options){.precision = precision});
    gm_plan_statistics statistics;
    gm_plan_get_statistics(p.plan, &statistics);
    destroy(&p);
    return statistics.device_bytes;
}

// A chain of convolutions: nothing is large but activations, two of them at a time.
static void memory_shrinks_by_half_on_gpus_and_not_on_cpus(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(4, 1, 16, 16));
    for (size_t i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "w%zu", i);
        gm_tensor *w = gm_variable(graph, name, GM_FLOAT32, GM_SHAPE(8, i ? 8 : 1, 3, 3), (gm_initializer){.a = 0.1});
        x = gm_relu(gm_convolution(x, w, &(gm_convolution_params){.stride = {1, 1}, .padding = {1, 1}}));
    }
    gm_phase_fetch(gm_phase_create(graph, "all"), gm_sum_all(x));
    kernels("gpu", NULL);
    uint64_t plain = device_bytes(graph, GM_PRECISION_FLOAT32), half = device_bytes(graph, GM_PRECISION_HALF_STORAGE);
    if (half > plain * 11 / 20)
        fail_msg("%llu bytes, %llu with half storage", (unsigned long long)plain, (unsigned long long)half);
    kernels("cpu", NULL);
    assert_int_equal(device_bytes(graph, GM_PRECISION_FLOAT32), device_bytes(graph, GM_PRECISION_HALF_STORAGE));
    gm_graph_destroy(&graph);
}

// ---- Tuning ----

// The keys of what a tuning has timed, one a line.
static char *tuned_keys(gm_graph *graph, gm_precision precision) {
    gm_tuning *tuning;
    char *text;
    check_ok(
        gm_tuning_create(&tuning, device, &(gm_tuning_options){.mode = GM_TUNING_ALL, .seconds = 0.01, .choices = ""}));
    planned p = create(graph, &(gm_plan_options){.precision = precision, .tuning = tuning});
    check_ok(gm_tuning_write(tuning, true, &text));
    destroy(&p);
    gm_tuning_destroy(&tuning);
    return text;
}

static void tuning_tells_halves_from_floats(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *x = gm_tanh(gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(200, 200)));
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(200, 200), (gm_initializer){.a = 1});
    gm_tensor *y = gm_gemm(x, w, NULL);
    gm_phase_fetch(gm_phase_create(graph, "all"), gm_sum_all(y));
    kernels("gpu", NULL);
    char *plain = tuned_keys(graph, GM_PRECISION_FLOAT32), *half = tuned_keys(graph, GM_PRECISION_HALF_STORAGE);
    assert_non_null(strstr(plain, "gpu gemm 200x200 200x200 -> 200x200"));
    assert_non_null(strstr(half, "gpu gemm 200x200:half 200x200 -> 200x200"));
    assert_null(strstr(plain, "half"));
    free(plain);
    free(half);
    planned p = create(graph, &half_storage);
    gm_variants variants;
    gm_family_find(y->op)->variants(&p.plan->emitter, y, &variants);
    for (size_t i = 0; i < variants.count; i++)
        assert_string_not_equal(variants.name[i], "clblast");
    destroy(&p);
    gm_graph_destroy(&graph);
}

// ---- How they are rounded ----

enum { COUNT = 4096 };

// Rounds what half cannot hold, in all of its range and around it.
static float awkward(size_t i) {
    static const float fixed[] = {
        65504,  65519.996F, 65520,    1e30F,    -65520,          -INFINITY,    INFINITY,   NAN,
        0,      -0.0F,      0x1p-24F, 0x1p-25F, 0x1.000002p-25F, 0x1.8p-24F,   0x1p-14F,   1e-30F,
        1e-45F, 2049,       2051,     -2049,    0x1.ffcp-15F,    0x1.ffep-15F, 0x1.002p0F, 0x1.001p0F};
    if (i < GM_COUNT(fixed))
        return fixed[i];
    double u = gm_philox_uniform(1, 1, 0, 0, i), exponent = floor(44 * gm_philox_uniform(1, 2, 0, 0, i)) - 27;
    return (float)ldexp(i % 2 ? -1 - u : 1 + u, (int)exponent);
}

// y and its copy go through an element-wise kernel, an epilogue, a pool and a copy into other memory.
static void stores_round_to_nearest_even_and_keep_infinities_and_nan(void **unused) {
    (void)unused;
    static float x[COUNT], got[2][COUNT + 1];
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *in = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(COUNT, 1)), *one = gm_full(graph, GM_SHAPE(1, 1), -1);
    gm_tensor *y[2] = {gm_negate(in), gm_gemm(in, one, NULL)}, *out[2];
    gm_phase *phase = gm_phase_create(graph, "all");
    for (size_t t = 0; t < 2; t++) {
        out[t] = gm_pad(y[t], (size_t[]){0, 0}, (size_t[]){1, 0});
        gm_phase_fetch(phase, out[t]);
    }
    for (size_t i = 0; i < COUNT; i++)
        x[i] = awkward(i);
    kernels("gpu", NULL);
    planned p = create(graph, &half_storage);
    check_ok(gm_plan_write(p.plan, in, x, sizeof x));
    check_ok(gm_plan_run(p.plan, phase));
    for (size_t t = 0; t < 2; t++) {
        expect_half(&p, t ? "a product" : "a negation", y[t], true);
        check_ok(gm_plan_read(p.plan, out[t], got[t], sizeof got[t]));
        for (size_t i = 0; i < COUNT; i++) {
            double expected = -gm_round_to_half((double)x[i]);
            if (isnan(expected) ? !isnan(got[t][i]) : (double)got[t][i] != expected)
                fail_msg("%s %zu: %a becomes %a, expected %a", t ? "product" : "negation", i, -(double)x[i],
                         (double)got[t][i], expected);
        }
    }
    destroy(&p);
    gm_graph_destroy(&graph);
}

static void cpu_kernels_compute_as_ever(void **unused) {
    (void)unused;
    static float x[COUNT], got[2][COUNT];
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_tensor *in = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(64, 64));
    gm_tensor *y = gm_gemm(gm_tanh(in), gm_exp(in), NULL);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, y);
    for (size_t i = 0; i < COUNT; i++)
        x[i] = (float)gm_philox_normal(1, 3, 0, 0, i);
    kernels("cpu", "1");
    for (size_t t = 0; t < 2; t++) {
        planned p = create(graph, t ? &half_storage : NULL);
        assert_null(p.plan->emitter.half);
        check_ok(gm_plan_write(p.plan, in, x, sizeof x));
        check_ok(gm_plan_run(p.plan, phase));
        check_ok(gm_plan_read(p.plan, y, got[t], sizeof got[t]));
        destroy(&p);
    }
    assert_memory_equal(got[0], got[1], sizeof got[0]);
    gm_graph_destroy(&graph);
}

// ---- Against the reference, and merged against separate plans bit for bit ----

static void compare(gm_graph *graph, uint64_t seed, double (*value)(uint64_t, const gm_tensor *, size_t)) {
    check_ok(gm_compare_run(
        &(gm_compare){
            .device = device, .seed = seed, .runs = 2, .value = value, .precision = GM_PRECISION_HALF_STORAGE},
        graph));
}

// Every family reads and writes halves, in both layouts, in epilogues and through views, forward and backward.
static void whole_steps_match(void **unused) {
    (void)unused;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    gm_initializer normal = {GM_INITIALIZER_NORMAL, 0, 0.2};
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(4, 3, 8, 8)), *dw[2];
    gm_tensor *w[2] = {gm_variable(graph, "w0", GM_FLOAT32, GM_SHAPE(6, 3, 3, 3), normal),
                       gm_variable(graph, "w1", GM_FLOAT32, GM_SHAPE(108, 5), normal)};
    gm_tensor *a = gm_convolution(x, w[0], &(gm_convolution_params){.stride = {1, 1}, .padding = {1, 1}});
    gm_tensor *b = gm_max_pool(gm_leaky_relu(a, 0.2), &(gm_pool_params){.kernel = {3, 3}, .stride = {2, 2}});
    gm_tensor *mask = gm_random_bernoulli(graph, "mask", GM_SHAPE(4, 6, 3, 3), 0.6, NULL);
    gm_tensor *joined = gm_concat((gm_tensor *[]){b, gm_multiply(b, mask)}, 2, 1);
    gm_tensor *pooled = gm_average_pool(a, &(gm_pool_params){.kernel = {4, 4}, .stride = {4, 4}});
    gm_tensor *mean = gm_mean(a, GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3));
    gm_tensor *y = gm_gemm(gm_reshape(joined, GM_SHAPE(4, 108)), w[1], NULL);
    gm_tensor *residual =
        gm_add(gm_tanh(y), gm_slice(gm_reshape(pooled, GM_SHAPE(4, 24)), (size_t[]){0, 3}, (size_t[]){4, 5}));
    gm_tensor *loss = gm_add(gm_mean_all(gm_square(residual)), gm_sum_all(gm_square(mean)));
    gm_grad(loss, w, 2, dw);
    gm_phase *phase = gm_phase_create(graph, "all");
    for (size_t i = 0; i < 2; i++)
        gm_phase_assign(phase, w[i], gm_subtract(w[i], gm_scale(dw[i], 0.1)));
    gm_phase_fetch(phase, loss);
    kernels("gpu", "1");
    compare(graph, 7, NULL);
    gm_graph_destroy(&graph);
}

static void random_graphs_match(void **unused) {
    (void)unused;
    const char *one = getenv("GANYMEDE_TEST_SEED");
    uint64_t first = one ? strtoull(one, NULL, 10) : 2000, count = one ? 1 : 2;
    kernels("gpu", "1");
    for (uint64_t seed = first; seed < first + count; seed++) {
        gm_graph *graph;
        gm_random_graph random;
        check_ok(gm_graph_create(&graph));
        check_ok(gm_random_graph_build(graph, seed, &random));
        printf("GANYMEDE_TEST_SEED=%llu\n", (unsigned long long)seed);
        compare(graph, seed, gm_random_graph_value);
        gm_graph_destroy(&graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_values_that_vary_are_half_and_roots_are_not),
        cmocka_unit_test(memory_shrinks_by_half_on_gpus_and_not_on_cpus),
        cmocka_unit_test(tuning_tells_halves_from_floats),
        cmocka_unit_test(stores_round_to_nearest_even_and_keep_infinities_and_nan),
        cmocka_unit_test(cpu_kernels_compute_as_ever),
        cmocka_unit_test(whole_steps_match),
        cmocka_unit_test(random_graphs_match),
    };
    return cmocka_run_group_tests_name("half storage", tests, open_device, close_device);
}
