// What the tests of the graph share: a graph for each test, and what they expect of tensors.
#ifndef GM_TESTS_GRAPH_SUPPORT_H
#define GM_TESTS_GRAPH_SUPPORT_H

#include "graph/graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static gm_graph *graph;

static inline int make_graph(void **state) {
    (void)state;
    return gm_graph_create(&graph) == GM_OK ? 0 : -1;
}

static inline int drop_graph(void **state) {
    (void)state;
    gm_graph_destroy(&graph);
    return graph == NULL ? 0 : -1;
}

static inline gm_tensor *float_input(const char *name, gm_shape shape) {
    return gm_input(graph, name, GM_FLOAT32, shape);
}

static inline void assert_shape(const gm_tensor *x, gm_shape expected) {
    assert_int_equal(gm_graph_status(graph), GM_OK);
    if (!gm_shape_equal(gm_tensor_shape(x), &expected))
        fail_msg("shape %s, expected %s", gm_shape_text(gm_tensor_shape(x)), gm_shape_text(&expected));
}

// The constant that x is, or fails.
static inline void assert_constant(const gm_tensor *x, gm_shape shape, double value) {
    assert_shape(x, shape);
    while (x->op == &gm_op_broadcast)
        x = x->input[0];
    assert_ptr_equal(x->op, &gm_op_constant);
    double known = ((const gm_constant_attributes *)x->attributes)->value;
    if (!(known - value < 1e-12 && value - known < 1e-12))
        fail_msg("constant %g, expected %g", known, value);
}

static inline void assert_op(const gm_tensor *x, const char *name) {
    assert_string_equal(x->op->name, name);
}

// The fault is `message`; the graph then starts afresh for the next one.
static inline void assert_fault(const gm_tensor *x, const char *message) {
    assert_true(gm_is_poison(x));
    assert_int_equal(gm_graph_status(graph), GM_ERROR_ARGUMENT);
    assert_string_equal(gm_error_message(), message);
    gm_graph_destroy(&graph);
    assert_int_equal(gm_graph_create(&graph), GM_OK);
}

static inline size_t count_op(const char *name) {
    size_t count = 0;
    for (size_t id = 0; id < graph->node_count; id++)
        count += strcmp(graph->nodes[id]->op->name, name) == 0;
    return count;
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, make_graph, drop_graph)

#endif
