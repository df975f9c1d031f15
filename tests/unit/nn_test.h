// What the tests of layers and networks share: a graph with its double-precision interpreter.
#ifndef GM_TESTS_NN_TEST_H
#define GM_TESTS_NN_TEST_H

#include "ganymede/nn.h"
#include "graph/graph.h"
#include "reference/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// cmocka's own comparison of doubles is missing before version 1.1.6.
#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double near_a = (a), near_b = (b);                                                                       \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                                                   \
            fail_msg("%s is %.9g instead of %.9g", #a, near_a, near_b);                                                \
    } while (0)

typedef struct fixture {
    gm_graph *graph;
    gm_reference *reference;
} fixture;

static inline void begin(fixture *f) {
    assert_int_equal(gm_graph_create(&f->graph), GM_OK);
    assert_int_equal(gm_reference_create(&f->reference, f->graph, 7), GM_OK);
}

static inline void end(fixture *f) {
    gm_reference_destroy(&f->reference);
    gm_graph_destroy(&f->graph);
}

static inline void set(fixture *f, gm_tensor *leaf, const double *values) {
    assert_non_null(leaf);
    assert_int_equal(gm_reference_set(f->reference, leaf, values), GM_OK);
}

static inline const double *evaluate(fixture *f, gm_tensor *x) {
    if (gm_graph_status(f->graph) != GM_OK || gm_reference_evaluate(f->reference, &x, 1) != GM_OK)
        fail_msg("%s", gm_error_message());
    return gm_reference_value(f->reference, x);
}

static inline void has_values(fixture *f, gm_tensor *x, const double *expected, size_t count) {
    assert_int_equal(gm_shape_count(gm_tensor_shape(x)), count);
    const double *got = evaluate(f, x);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-6 * (1 + fabs(expected[i]))))
            fail_msg("element %zu is %.9g instead of %.9g", i, got[i], expected[i]);
}

// The graph's first fault begins with `start` and contains `part`.
static inline void fault_says(const fixture *f, const char *start, const char *part) {
    assert_int_equal(gm_graph_status(f->graph), GM_ERROR_ARGUMENT);
    const char *message = gm_error_message();
    if (strncmp(message, start, strlen(start)) != 0 || strstr(message, part) == NULL)
        fail_msg("\"%s\" does not start with \"%s\" and say \"%s\"", message, start, part);
}

#endif
