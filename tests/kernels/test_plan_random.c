// Random graphs through both kinds of plan and the interpreter: fusion, layout, liveness, phases and reuse in one test.
//
// GANYMEDE_TEST_SEED=N runs that graph alone; GANYMEDE_TEST_GRAPHS=N says how many. Every graph costs a driver seconds
// of compiling, hence the low default.
#include "base/base.h"
#include "device_test.h"
#include "kernels/compare.h"
#include "reference/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t number(const char *name, uint64_t fallback) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : fallback;
}

// False after naming the seed and what differed.
static bool graph_matches(uint64_t seed) {
    gm_graph *graph;
    gm_random_graph random;
    gm_status status = gm_graph_create(&graph);
    if (status == GM_OK)
        status = gm_random_graph_build(graph, seed, &random);
    gm_compare compare = {.device = device, .seed = seed, .runs = 2, .value = gm_random_graph_value};
    if (status == GM_OK)
        status = gm_compare_run(&compare, graph);
    if (status != GM_OK)
        fprintf(stderr, "GANYMEDE_TEST_SEED=%llu: %s\n", (unsigned long long)seed, gm_error_message());
    gm_graph_destroy(&graph);
    return status == GM_OK;
}

static void random_graphs_match_the_reference(void **state) {
    (void)state;
    bool one = getenv("GANYMEDE_TEST_SEED") != NULL;
    uint64_t first = number("GANYMEDE_TEST_SEED", 1000), count = one ? 1 : number("GANYMEDE_TEST_GRAPHS", 6);
    size_t failed = 0;
    for (uint64_t seed = first; seed < first + count; seed++)
        failed += !graph_matches(seed);
    if (failed > 0)
        fail_msg("%zu of %llu random graphs differ", failed, (unsigned long long)count);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_graphs_match_the_reference)};
    return cmocka_run_group_tests_name("random plans", tests, open_device, close_device);
}
