// Convolutions of volumes that make two results at a time, from fewer products than taps: they equal those that do not,
// which few channels get, summed over parts of the channels.
#include "base/base.h"
#include "graph/graph.h"
#include "reference/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { C = 16, K = 17, PARTS = 4, MOST_VALUES = 16384 };

typedef struct volume {
    size_t depth, kernel; // other axes are small
    gm_convolution_params params;
    bool transpose;
    size_t products; // expected; 1: no better way
} volume;

static const volume volumes[] = {
    {.depth = 8, .kernel = 4, .params = {.stride = {2}, .padding = {1}}, .products = 3},
    {.depth = 5, .kernel = 3, .params = {.padding = {1, 1, 1}}, .products = 4},
    {.depth = 7, .kernel = 2, .products = 3},
    {.depth = 17, .kernel = 5, .params = {.stride = {2, 2}, .padding = {2}}, .products = 4},
    {.depth = 11, .kernel = 6, .params = {.stride = {2}, .extra_padding = {2}}, .products = 4},
    {.depth = 15, .kernel = 5, .params = {.stride = {3, 1, 2}, .padding = {2}, .extra_padding = {1}}, .products = 3},
    {.depth = 4,
     .kernel = 4,
     .params = {.stride = {2}, .padding = {1}, .output_padding = {1}},
     .transpose = true,
     .products = 3},
    {.depth = 6, .kernel = 3, .params = {.padding = {1}}, .transpose = true, .products = 4},
    {.depth = 6, .kernel = 4, .params = {.stride = {2}, .padding = {1}}, .products = 1}, // three results
    {.depth = 8, .kernel = 3, .params = {.dilation = {2}}, .products = 1},
    {.depth = 9, .kernel = 3, .params = {.stride = {2}, .padding = {1}}, .products = 1}, // one and a half taps
    {.depth = 4, .kernel = 4, .params = {.padding = {1}}, .products = 1},
    {.depth = 4, .kernel = 4, .products = 1}, // one result
};

static gm_tensor *convolve(const volume *v, gm_tensor *x, gm_tensor *w) {
    return v->transpose ? gm_convolution_transpose(x, w, &v->params) : gm_convolution(x, w, &v->params);
}

// Over four channels of x at a time.
static gm_tensor *convolve_parts(const volume *v, gm_tensor *x, gm_tensor *w) {
    gm_tensor *sum = NULL;
    for (size_t c = 0; c < C; c += PARTS) {
        gm_shape image = *gm_tensor_shape(x), kernel = *gm_tensor_shape(w);
        const size_t axis = v->transpose ? 0 : 1;
        image.dim[1] = kernel.dim[axis] = PARTS;
        gm_tensor *part = convolve(v, gm_slice(x, (size_t[5]){0, c}, image.dim),
                                   gm_slice(w, (size_t[5]){axis == 0 ? c : 0, axis == 1 ? c : 0}, kernel.dim));
        sum = sum ? gm_add(sum, part) : part;
    }
    return sum;
}

static size_t count_products(const gm_graph *graph) {
    size_t count = 0;
    for (size_t id = 0; id < graph->node_count; id++)
        count += graph->nodes[id]->op == &gm_op_conv || graph->nodes[id]->op == &gm_op_conv_input;
    return count;
}

static void set_values(gm_reference *reference, gm_tensor *leaf, double seed) {
    static double values[MOST_VALUES];
    const size_t count = gm_shape_count(gm_tensor_shape(leaf));
    assert_true(count <= MOST_VALUES);
    for (size_t i = 0; i < count; i++)
        values[i] = sin(seed + .7 * (double)i + .01 * (double)(i * i % 1009));
    assert_int_equal(gm_reference_set(reference, leaf, values), GM_OK);
}

static void assert_equal(const gm_reference *reference, const gm_tensor *a, const gm_tensor *b) {
    const double *x = gm_reference_value(reference, a), *y = gm_reference_value(reference, b);
    assert_non_null(x);
    assert_non_null(y);
    assert_memory_equal(gm_tensor_shape(a), gm_tensor_shape(b), sizeof(gm_shape));
    double largest = 0;
    for (size_t i = 0; i < gm_shape_count(gm_tensor_shape(a)); i++) {
        largest = fmax(largest, fabs(x[i]));
        assert_true(fabs(x[i] - y[i]) <= 1e-9 * (1 + fabs(y[i])));
    }
    assert_true(largest > 1e-3);
}

// The result, both gradients, and those of a norm of the input's gradient.
static void check_volume(const volume *v) {
    gm_graph *graph;
    gm_reference *reference;
    assert_int_equal(gm_graph_create(&graph), GM_OK);
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(2, C, v->depth, 5, 3));
    gm_shape kernel = {5, {v->transpose ? C : K, v->transpose ? K : C, v->kernel, 3, 2}};
    gm_tensor *w = gm_input(graph, "w", GM_FLOAT32, kernel);
    gm_tensor *found[2][5];
    found[0][0] = convolve(v, x, w);
    if (gm_graph_status(graph) != GM_OK)
        fail_msg("%s", gm_error_message());
    assert_int_equal(count_products(graph), v->products);
    found[1][0] = convolve_parts(v, x, w);
    gm_tensor *given = gm_input(graph, "given", GM_FLOAT32, *gm_tensor_shape(found[0][0]));
    gm_tensor *all[10];
    for (size_t i = 0; i < 2; i++) {
        gm_tensor **f = found[i];
        gm_grad(gm_sum_all(gm_multiply(gm_square(f[0]), given)), (gm_tensor *[]){x, w}, 2, &f[1]);
        gm_grad(gm_sum_all(gm_square(f[1])), (gm_tensor *[]){x, w}, 2, &f[3]);
        memcpy(all + 5 * i, f, 5 * sizeof *f);
    }
    assert_int_equal(gm_graph_status(graph), GM_OK);
    assert_int_equal(gm_reference_create(&reference, graph, 1), GM_OK);
    set_values(reference, x, 1);
    set_values(reference, w, 2);
    set_values(reference, given, 3);
    assert_int_equal(gm_reference_evaluate(reference, all, 10), GM_OK);
    for (size_t i = 0; i < 5; i++)
        assert_equal(reference, found[0][i], found[1][i]);
    gm_reference_destroy(&reference);
    gm_graph_destroy(&graph);
}

static void few_products_make_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(volumes); i++) {
        print_message("depth %zu, kernel %zu\n", volumes[i].depth, volumes[i].kernel);
        check_volume(&volumes[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(few_products_make_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
