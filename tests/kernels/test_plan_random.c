// Random graphs through plan and interpreter: fusion, layout, liveness, phases and reuse in one test.
//
// GANYMEDE_TEST_SEED=N runs that graph alone; GANYMEDE_TEST_GRAPHS=N says how many (the default keeps the suite short).
#include "base/base.h"
#include "kernels/compare.h"
#include "reference/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static gm_device *device;

static void check_ok(gm_status status, uint64_t seed) {
    if (status != GM_OK)
        fail_msg("GANYMEDE_TEST_SEED=%llu: %s", (unsigned long long)seed, gm_error_message());
}

static uint64_t number(const char *name, uint64_t fallback) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

static void compare_graphs(uint64_t first, uint64_t count, bool separate) {
    if (getenv("GANYMEDE_TEST_SEED") != NULL) {
        first = number("GANYMEDE_TEST_SEED", 0);
        count = 1;
    }
    size_t failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        gm_graph *graph;
        gm_random_graph random;
        check_ok(gm_graph_create(&graph), seed);
        check_ok(gm_random_graph_build(graph, seed, &random), seed);
        gm_compare compare = {.device = device, .seed = seed, .separate = separate, .runs = 2};
        if (gm_compare_run(&compare, graph) != GM_OK) {
            fprintf(stderr, "GANYMEDE_TEST_SEED=%llu: %s\n", (unsigned long long)seed, gm_error_message());
            failed++;
        }
        gm_graph_destroy(&graph);
    }
    if (failed > 0)
        fail_msg("%zu of %llu random graphs differ", failed, (unsigned long long)count);
}

static void random_graphs_match_the_reference(void **state) {
    (void)state;
    compare_graphs(1000, number("GANYMEDE_TEST_GRAPHS", 8), false);
}

static void random_graphs_match_with_a_buffer_per_value(void **state) {
    (void)state;
    compare_graphs(2000, number("GANYMEDE_TEST_GRAPHS", 4), true);
}

static int open_device(void **state) {
    (void)state;
    return gm_device_open(&device, NULL) == GM_OK ? 0 : (fprintf(stderr, "%s\n", gm_error_message()), -1);
}

static int close_device(void **state) {
    (void)state;
    gm_device_close(&device);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_graphs_match_the_reference),
        cmocka_unit_test(random_graphs_match_with_a_buffer_per_value),
    };
    return cmocka_run_group_tests_name("random plans", tests, open_device, close_device);
}
