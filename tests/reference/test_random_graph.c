// The generator of random graphs: sound graphs, finite values, every operation met, the same graph for a seed.
#include "base/base.h"
#include "graph/graph.h"
#include "random_graph.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 300 };

static void check_ok(gm_status status, uint64_t seed) {
    if (status != GM_OK)
        fail_msg("seed %llu: %s", (unsigned long long)seed, gm_error_message());
}

static void set_inputs(gm_reference *reference, const gm_random_graph *random, uint64_t seed) {
    for (size_t k = 0; k < random->input_count; k++) {
        size_t count = gm_shape_count(gm_tensor_shape(random->inputs[k]));
        double *values = malloc((count + 1) * sizeof *values);
        assert_non_null(values);
        for (size_t i = 0; i < count; i++)
            values[i] = gm_random_graph_value(seed, random->inputs[k], i);
        check_ok(gm_reference_set(reference, random->inputs[k], values), seed);
        free(values);
    }
}

static void check_fetches(gm_reference *reference, const gm_random_graph *random, size_t phase, uint64_t seed) {
    for (size_t k = 0; k < random->fetch_count[phase]; k++) {
        const gm_tensor *x = random->fetches[phase][k];
        const double *value = gm_reference_value(reference, x), *magnitude = gm_reference_magnitude(reference, x);
        for (size_t i = 0; i < gm_shape_count(gm_tensor_shape(x)); i++)
            if (!(fabs(value[i]) < 1e6) || !isfinite(magnitude[i]))
                fail_msg("seed %llu: fetch %zu (%s), element %zu is %g, error scale %g", (unsigned long long)seed, k,
                         gm_tensor_name(x), i, value[i], magnitude[i]);
    }
}

static void random_graphs_run_with_tame_values(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        gm_graph *graph;
        gm_reference *reference;
        gm_random_graph random;
        check_ok(gm_graph_create(&graph), seed);
        check_ok(gm_random_graph_build(graph, seed, &random), seed);
        check_ok(gm_reference_create(&reference, graph, seed), seed);
        set_inputs(reference, &random, seed);
        for (size_t step = 0; step < 3; step++)
            for (size_t phase = 0; phase < GM_RANDOM_PHASES; phase++) {
                check_ok(gm_reference_run(reference, random.phases[phase]), seed);
                check_fetches(reference, &random, phase, seed);
            }
        gm_reference_destroy(&reference);
        gm_graph_destroy(&graph);
    }
}

static void a_seed_gives_one_graph(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        gm_graph *graph[2];
        gm_random_graph random[2];
        for (size_t i = 0; i < 2; i++) {
            check_ok(gm_graph_create(&graph[i]), seed);
            check_ok(gm_random_graph_build(graph[i], seed, &random[i]), seed);
        }
        assert_int_equal(graph[0]->node_count, graph[1]->node_count);
        for (size_t i = 0; i < graph[0]->node_count; i++)
            assert_ptr_equal(graph[0]->nodes[i]->op, graph[1]->nodes[i]->op);
        for (size_t i = 0; i < 2; i++)
            gm_graph_destroy(&graph[i]);
    }
}

static bool has_operation(const gm_graph *graph, const char *name) {
    for (size_t i = 1; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i]->op->name, name) == 0)
            return true;
    return false;
}

static void every_operation_occurs(void **state) {
    (void)state;
    static const char *const names[] = {
        "add",     "subtract",      "multiply",      "divide",    "minimum",    "maximum", "less",   "less_equal",
        "greater", "greater_equal", "equal",         "not_equal", "select",     "negate",  "abs",    "sign",
        "floor",   "exp",           "log",           "sqrt",      "rsqrt",      "square",  "sin",    "cos",
        "tanh",    "sigmoid",       "softplus",      "relu",      "leaky_relu", "scale",   "offset", "cast",
        "reshape", "transpose",     "broadcast",     "slice",     "flip",       "pad",     "concat", "sum",
        "max",     "variance",      "stop_gradient",
    };
    const gm_op *const operations[] = {&gm_op_gemm,           &gm_op_conv,           &gm_op_conv_input,
                                       &gm_op_conv_weight,    &gm_op_average_pool,   &gm_op_average_pool_input,
                                       &gm_op_max_pool_index, &gm_op_max_pool,       &gm_op_max_pool_input,
                                       &gm_op_gather,         &gm_op_scatter_add,    &gm_op_shift,
                                       &gm_op_border,         &gm_op_border_adjoint, &gm_op_uniform,
                                       &gm_op_normal,         &gm_op_bernoulli,      &gm_op_softmax,
                                       &gm_op_log_softmax,    &gm_op_argmax,         &gm_op_warp,
                                       &gm_op_warp_adjoint};
    size_t seen[GM_COUNT(names) + GM_COUNT(operations)] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        gm_graph *graph;
        gm_random_graph random;
        check_ok(gm_graph_create(&graph), seed);
        check_ok(gm_random_graph_build(graph, seed, &random), seed);
        for (size_t i = 0; i < GM_COUNT(seen); i++)
            seen[i] += has_operation(graph, i < GM_COUNT(names) ? names[i] : operations[i - GM_COUNT(names)]->name);
        gm_graph_destroy(&graph);
    }
    for (size_t i = 0; i < GM_COUNT(seen); i++)
        if (seen[i] < SEEDS / 100)
            fail_msg("%s is in %zu of %d random graphs",
                     i < GM_COUNT(names) ? names[i] : operations[i - GM_COUNT(names)]->name, seen[i], SEEDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_run_with_tame_values),
        cmocka_unit_test(a_seed_gives_one_graph),
        cmocka_unit_test(every_operation_occurs),
    };
    return cmocka_run_group_tests_name("random graphs", tests, NULL, NULL);
}
