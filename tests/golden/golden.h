// What the golden tests share: a graph with its interpreter, and comparing with PyTorch's values.
#ifndef GM_TESTS_GOLDEN_H
#define GM_TESTS_GOLDEN_H

#include "base/base.h"
#include "reference/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct golden {
    gm_graph *graph;
    gm_reference *reference;
} golden;

static inline void check_ok(gm_status status) {
    if (status != GM_OK)
        fail_msg("%s", gm_error_message());
}

static inline void golden_open(golden *g) {
    *g = (golden){0};
    check_ok(gm_graph_create(&g->graph));
    check_ok(gm_reference_create(&g->reference, g->graph, 0));
}

static inline void golden_close(golden *g) {
    gm_reference_destroy(&g->reference);
    gm_graph_destroy(&g->graph);
}

static inline gm_tensor *golden_input(golden *g, const char *name, gm_shape shape, const double *values) {
    gm_tensor *x = gm_input(g->graph, name, GM_FLOAT32, shape);
    check_ok(gm_graph_status(g->graph));
    check_ok(gm_reference_set(g->reference, x, values));
    return x;
}

// Compares what the interpreter knows of x; numbers in operations are floats, hence the tolerance.
static inline void golden_compare(golden *g, const char *what, gm_tensor *x, const double *expected) {
    const double *value = gm_reference_value(g->reference, x);
    if (value == NULL)
        fail_msg("%s has no value", what);
    size_t count = gm_shape_count(gm_tensor_shape(x)), wrong = 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabs(value[i] - expected[i]) <= 2e-6 * (fabs(expected[i]) + 1e-3))) {
            fprintf(stderr, "%s[%zu] is %.9g, PyTorch has %.9g\n", what, i, value[i], expected[i]);
            wrong++;
        }
    if (wrong > 0)
        fail_msg("%s: %zu of %zu values differ", what, wrong, count);
}

static inline void golden_evaluate(golden *g, const char *what, gm_tensor *x, const double *expected) {
    check_ok(gm_graph_status(g->graph));
    check_ok(gm_reference_evaluate(g->reference, &x, 1));
    golden_compare(g, what, x, expected);
}

#endif
