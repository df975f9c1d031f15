// src/graph: shapes, faults and phases.
#include "graph/build.h"
#include "graph_support.h"

// ---- Shapes ----

static void elementwise_shapes_broadcast(void **state) {
    (void)state;
    gm_tensor *a = float_input("a", GM_SHAPE(4, 1, 3)), *b = float_input("b", GM_SHAPE(5, 1));
    gm_tensor *y = gm_add(a, b);
    assert_shape(y, GM_SHAPE(4, 5, 3));
    assert_op(y, "add");
    for (size_t i = 0; i < 2; i++) // explicit nodes, so that elementwise inputs have the result's shape
        assert_ptr_equal(y->input[i]->op, &gm_op_broadcast);
    gm_tensor *c = float_input("c", GM_SHAPE(4, 5, 3));
    gm_tensor *z = gm_multiply(y, c);
    assert_true((z->input[0] == y && z->input[1] == c) || (z->input[0] == c && z->input[1] == y));
    assert_shape(gm_select(b, a, c), GM_SHAPE(4, 5, 3));
    gm_tensor *scalar = float_input("s", GM_SCALAR);
    assert_shape(gm_maximum(scalar, b), GM_SHAPE(5, 1));
}

static void comparisons_of_integers_give_floats(void **state) {
    (void)state;
    gm_tensor *i = gm_input(graph, "i", GM_INT32, GM_SHAPE(3)), *j = gm_input(graph, "j", GM_INT32, GM_SHAPE(3));
    assert_int_equal(gm_tensor_type(gm_less(i, j)), GM_FLOAT32);
    assert_int_equal(gm_tensor_type(gm_divide(i, j)), GM_INT32);
    assert_int_equal(gm_tensor_type(gm_cast(i, GM_FLOAT32)), GM_FLOAT32);
    assert_int_equal(gm_graph_status(graph), GM_OK);
}

static void views_and_moves_have_their_shapes(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 4));
    assert_shape(gm_reshape(x, GM_SHAPE(6, 4)), GM_SHAPE(6, 4));
    assert_shape(gm_transpose(x, (size_t[]){2, 0, 1}), GM_SHAPE(4, 2, 3));
    assert_shape(gm_broadcast(x, GM_SHAPE(5, 2, 3, 4)), GM_SHAPE(5, 2, 3, 4));
    assert_shape(gm_slice(x, (size_t[]){0, 1, 1}, (size_t[]){2, 1, 3}), GM_SHAPE(2, 1, 3));
    assert_shape(gm_pad(x, (size_t[]){0, 1, 0}, (size_t[]){2, 0, 0}), GM_SHAPE(4, 4, 4));
    assert_shape(gm_flip(x, GM_AXIS(0) | GM_AXIS(2)), GM_SHAPE(2, 3, 4));
    gm_tensor *images = float_input("images", GM_SHAPE(5, 3, 8, 9));
    assert_shape(gm_pad2d(images, (size_t[]){1, 0}, (size_t[]){2, 4}, GM_PADDING_REFLECT), GM_SHAPE(5, 3, 11, 13));
    assert_shape(gm_shift2d(images, gm_input(graph, "offsets", GM_INT32, GM_SHAPE(5, 2))), GM_SHAPE(5, 3, 8, 9));
    gm_tensor *y = float_input("y", GM_SHAPE(2, 5, 4));
    assert_shape(gm_concat((gm_tensor *[]){x, y, x}, 3, 1), GM_SHAPE(2, 11, 4));
}

static void reductions_keep_axes_of_size_one(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 4));
    assert_shape(gm_sum(x, GM_AXIS(0) | GM_AXIS(2)), GM_SHAPE(1, 3, 1));
    assert_shape(gm_mean(x, GM_AXIS(1)), GM_SHAPE(2, 1, 4));
    assert_shape(gm_max(x, GM_AXIS(2)), GM_SHAPE(2, 3, 1));
    assert_shape(gm_variance(x, GM_AXIS(0)), GM_SHAPE(1, 3, 4));
    assert_shape(gm_sum_all(x), GM_SCALAR);
    assert_shape(gm_mean_all(x), GM_SCALAR);
}

static void matrix_product_has_four_transpose_cases(void **state) {
    (void)state;
    gm_tensor *a = float_input("a", GM_SHAPE(2, 3)), *at = float_input("at", GM_SHAPE(3, 2));
    gm_tensor *b = float_input("b", GM_SHAPE(3, 5)), *bt = float_input("bt", GM_SHAPE(5, 3));
    assert_shape(gm_gemm(a, b, NULL), GM_SHAPE(2, 5));
    assert_shape(gm_gemm(at, b, &(gm_gemm_params){.transpose_a = true}), GM_SHAPE(2, 5));
    assert_shape(gm_gemm(a, bt, &(gm_gemm_params){.transpose_b = true}), GM_SHAPE(2, 5));
    assert_shape(gm_gemm(at, bt, &(gm_gemm_params){.transpose_a = true, .transpose_b = true}), GM_SHAPE(2, 5));
}

static void matrix_products_keep_leading_axes(void **state) {
    (void)state;
    gm_tensor *a = float_input("a", GM_SHAPE(7, 2, 3)), *bt = float_input("bt", GM_SHAPE(7, 5, 3));
    assert_shape(gm_gemm(a, bt, &(gm_gemm_params){.transpose_b = true}), GM_SHAPE(7, 2, 5));
    gm_tensor *c = float_input("c", GM_SHAPE(4, 7, 2, 3, 3)),
              *y = gm_gemm(c, c, &(gm_gemm_params){.transpose_a = true});
    assert_shape(y, GM_SHAPE(4, 7, 2, 3, 3));
    gm_tensor *one = float_input("one", GM_SHAPE(1, 2, 3)),
              *product = gm_gemm(one, one, &(gm_gemm_params){.transpose_b = true});
    assert_shape(product, GM_SHAPE(1, 2, 2));
    assert_int_equal(product->input[0]->shape.rank, 2); // of one product it is the product
}

static void convolution_has_pytorch_sizes(void **state) {
    (void)state;
    gm_convolution_params params = {.stride = {2, 2}, .padding = {1, 1}};
    gm_tensor *x = float_input("x", GM_SHAPE(8, 3, 32, 31)), *w = float_input("w", GM_SHAPE(16, 3, 4, 4));
    gm_tensor *y = gm_convolution(x, w, &params);
    assert_shape(y, GM_SHAPE(8, 16, 16, 15));
    assert_shape(gm_convolution(x, w, NULL), GM_SHAPE(8, 16, 29, 28));
    assert_shape(gm_convolution_transpose(y, w, &params), GM_SHAPE(8, 3, 32, 30));
    params.output_padding[1] = 1;
    assert_shape(gm_convolution_transpose(y, w, &params), GM_SHAPE(8, 3, 32, 31));
    params.output_padding[1] = 0;
    assert_shape(gm_convolution_weight(x, y, (size_t[]){4, 4}, &params), GM_SHAPE(16, 3, 4, 4));
}

static void pooling_and_rows_have_their_shapes(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 9, 8));
    assert_shape(gm_average_pool(x, &(gm_pool_params){.kernel = {2, 2}}), GM_SHAPE(2, 3, 4, 4));
    assert_shape(gm_max_pool(x, &(gm_pool_params){.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}),
                 GM_SHAPE(2, 3, 5, 4));
    gm_tensor *bytes = gm_input(graph, "bytes", GM_UINT8, GM_SHAPE(100, 3, 4));
    gm_tensor *indices = gm_input(graph, "indices", GM_INT32, GM_SHAPE(7));
    gm_tensor *rows = gm_gather(bytes, indices);
    assert_shape(rows, GM_SHAPE(7, 3, 4));
    assert_int_equal(gm_tensor_type(rows), GM_UINT8);
    assert_shape(gm_scatter_add(gm_cast(rows, GM_FLOAT32), indices, 10), GM_SHAPE(10, 3, 4));
    assert_shape(gm_one_hot(indices, 10), GM_SHAPE(7, 10));
    assert_int_equal(gm_tensor_type(gm_one_hot(indices, 10)), GM_FLOAT32);
}

static void what_goes_along_an_axis_has_its_shape(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 4));
    assert_shape(gm_softmax(x, 0), GM_SHAPE(2, 3, 4));
    assert_shape(gm_log_softmax(x, 1), GM_SHAPE(2, 3, 4));
    assert_ptr_not_equal(gm_softmax(x, 0), gm_softmax(x, 1));
    assert_shape(gm_argmax(x, 2), GM_SHAPE(2, 3, 1));
    assert_int_equal(gm_tensor_type(gm_argmax(x, 2)), GM_INT32);
    double value;
    assert_true(gm_known(gm_softmax(gm_full(graph, GM_SHAPE(2, 4), 7), 1), &value) && value > .24 && value < .26);
    assert_true(gm_known(gm_log_softmax(gm_full(graph, GM_SHAPE(4, 1), 7), 1), &value) && value < .1 && value > -.1);
    assert_true(gm_known(gm_argmax(gm_full(graph, GM_SHAPE(4, 3), 7), 1), &value) && value < .1 && value > -.1);
}

static void arrays_are_copied_and_equal_ones_are_one(void **state) {
    (void)state;
    float values[4] = {1, 2, 3, 4};
    gm_tensor *x = gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(2, 2), values);
    assert_shape(x, GM_SHAPE(2, 2));
    assert_ptr_equal(x, gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(2, 2), values));
    assert_ptr_not_equal(x, gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(4), values));
    values[3] = 5;
    assert_ptr_not_equal(x, gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(2, 2), values));
    assert_true(((const float *)x->attributes)[3] > 3.5F && ((const float *)x->attributes)[3] < 4.5F);
}

static void random_nodes_are_named_and_counted(void **state) {
    (void)state;
    gm_tensor *counter = gm_variable(graph, "counter", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *z = gm_random_normal(graph, "z", GM_SHAPE(4, 2), counter);
    assert_shape(z, GM_SHAPE(4, 2));
    assert_string_equal(gm_tensor_name(z), "z");
    assert_int_equal(((const gm_random_attributes *)z->attributes)->stream, gm_stream("z"));
    assert_ptr_equal(z, gm_random_normal(graph, "z", GM_SHAPE(4, 2), counter));
    assert_ptr_not_equal(z, gm_random_normal(graph, "z2", GM_SHAPE(4, 2), counter));
    assert_shape(gm_random_uniform(graph, "u", GM_SHAPE(3), NULL), GM_SHAPE(3));
    assert_shape(gm_random_bernoulli(graph, "b", GM_SHAPE(3), .5, NULL), GM_SHAPE(3));
}

// ---- Faults ----

static void faults_name_shapes_and_values(void **state) {
    (void)state;
    assert_fault(
        gm_convolution(gm_full(graph, GM_SHAPE(64, 3, 32, 32), 1), gm_full(graph, GM_SHAPE(16, 4, 3, 3), 1), NULL),
        "convolution: x (64, 3, 32, 32) has 3 channels but w (16, 4, 3, 3) expects 4");
    assert_fault(gm_add(float_input("a", GM_SHAPE(2, 3)), float_input("b", GM_SHAPE(2, 4))),
                 "add: a 'a' (2, 3) and b 'b' (2, 4) do not broadcast to one shape");
    assert_fault(gm_add(float_input("a", GM_SHAPE(2)), gm_input(graph, "b", GM_INT32, GM_SHAPE(2))),
                 "add: a 'a' (2) is float32 but b 'b' (2) is int32; cast one of them");
    assert_fault(gm_exp(gm_input(graph, "i", GM_INT32, GM_SHAPE(2))),
                 "exp: x 'i' (2) is int32 but must be float32; cast it");
    assert_fault(gm_reshape(float_input("x", GM_SHAPE(2, 3)), GM_SHAPE(7)),
                 "reshape: x 'x' (2, 3) has 6 elements but (7) has 7");
    assert_fault(gm_gemm(float_input("a", GM_SHAPE(2, 3)), float_input("b", GM_SHAPE(2, 3)), NULL),
                 "gemm: a 'a' (2, 3) has 3 columns but b 'b' (2, 3) has 2 rows");
    assert_fault(gm_gemm(float_input("a", GM_SHAPE(4, 2, 3)), float_input("b", GM_SHAPE(5, 3, 2)), NULL),
                 "gemm: a 'a' (4, 2, 3) and b 'b' (5, 3, 2) must have the same axes before the last two");
    assert_fault(gm_gemm(float_input("a", GM_SHAPE(4, 3)), float_input("b", GM_SHAPE(3)), NULL),
                 "gemm: a 'a' (4, 3) and b 'b' (3) must both be matrices (rank 2), or batches of them");
    assert_fault(gm_gemm(float_input("a", GM_SHAPE(4, 2, 3)), float_input("b", GM_SHAPE(4, 2, 3)), NULL),
                 "gemm: a 'a' (4, 2, 3) has 3 columns but b 'b' (4, 2, 3) has 2 rows");
    assert_fault(gm_sum(float_input("x", GM_SHAPE(2, 3)), GM_AXIS(2)),
                 "sum: the set of axes 0x4 names an axis that x 'x' (2, 3) does not have");
    assert_fault(gm_flip(float_input("x", GM_SHAPE(2, 3)), GM_AXIS(2)),
                 "flip: the set of axes 0x4 names an axis that x 'x' (2, 3) does not have");
    assert_fault(gm_shift2d(float_input("x", GM_SHAPE(4, 3)), gm_input(graph, "o", GM_INT32, GM_SHAPE(4, 2))),
                 "shift2d: x 'x' (4, 3) is float32 but must be float32 images (N, C, H, W)");
    assert_fault(gm_shift2d(float_input("x", GM_SHAPE(4, 3, 2, 2)), gm_input(graph, "o", GM_INT32, GM_SHAPE(2, 4))),
                 "shift2d: offsets 'o' (2, 4) are int32 but must be int32 (4, 2), a pair for each image of x");
    assert_fault(gm_pad2d(float_input("x", GM_SHAPE(4, 3)), (size_t[]){1, 1}, (size_t[]){1, 1}, GM_PADDING_REFLECT),
                 "pad2d: x 'x' (4, 3) is float32 but must be float32 images (N, C, H, W)");
    assert_fault(
        gm_pad2d(float_input("x", GM_SHAPE(4, 3, 2, 5)), (size_t[]){1, 4}, (size_t[]){2, 1}, GM_PADDING_REFLECT),
        "2 values cannot be reflected at the edge of axis 2 of (4, 3, 2, 5): fewer than 2");
    assert_fault(gm_softmax(float_input("x", GM_SHAPE(2, 3)), 2), "softmax: x 'x' (2, 3) has no axis 2");
    assert_fault(gm_argmax(gm_input(graph, "i", GM_INT32, GM_SHAPE(2)), 0),
                 "argmax: x 'i' (2) is int32 but must be float32; cast it");
    assert_fault(gm_slice(float_input("x", GM_SHAPE(4)), (size_t[]){3}, (size_t[]){2}),
                 "slice: 2 elements from 3 on are not in axis 0 of x 'x' (4)");
    assert_fault(gm_full(graph, GM_SHAPE(2, 0), 1),
                 "full: axis 1 of shape (2, 0) is empty; every dimension must be at least 1");
    assert_fault(gm_cast(float_input("x", GM_SHAPE(2)), GM_UINT8),
                 "cast: x 'x' (2) is float32 and cannot become uint8; only float32 and int32 can be asked for");
    assert_fault(gm_leaky_relu(float_input("x", GM_SHAPE(2)), 0),
                 "leaky_relu: slope 0 must be above 0 (use relu for 0)");
    assert_fault(gm_divide(gm_input(graph, "i", GM_INT32, GM_SHAPE(2)), gm_constant_int(graph, 0)),
                 "divide: int32 'i' (2) is divided by the constant 0");
}

static void geometry_that_cannot_be_is_a_fault(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(1, 1, 4, 4)), *w = float_input("w", GM_SHAPE(1, 1, 7, 7));
    assert_fault(gm_convolution(x, w, &(gm_convolution_params){.padding = {1, 1}}),
                 "convolution: the kernel's 7 is larger than x 'x' (1, 1, 4, 4) with padding 1 in axis 2");
    x = float_input("x", GM_SHAPE(1, 1, 4, 4));
    assert_fault(gm_convolution_transpose(x, x, &(gm_convolution_params){.stride = {2, 2}, .output_padding = {2, 0}}),
                 "convolution_transpose: output_padding 2 must be below the stride");
    x = float_input("x", GM_SHAPE(1, 1, 4, 4));
    assert_fault(gm_max_pool(x, &(gm_pool_params){.kernel = {2, 2}, .padding = {2, 0}}),
                 "max_pool: kernel 2 with padding 2: the kernel must be at least 1, the padding at most half of it");
    x = float_input("x", GM_SHAPE(4, 4));
    assert_fault(gm_average_pool(x, &(gm_pool_params){.kernel = {2, 2}}),
                 "average_pool: x 'x' (4, 4) is float32 of rank 2 but must be float32 of rank 3 to 5");
    x = float_input("x", GM_SHAPE(4, 4));
    assert_fault(gm_convolution(x, x, NULL),
                 "convolution: x 'x' (4, 4) is float32 of rank 2 but must be float32 of rank 3 to 5");
    x = float_input("x", GM_SHAPE(1, 1, 4)), w = float_input("w", GM_SHAPE(1, 1, 2, 2));
    assert_fault(gm_convolution(x, w, NULL),
                 "convolution: w 'w' (1, 1, 2, 2) is float32 of rank 4 but must be float32 of rank 3");
    x = float_input("x", GM_SHAPE(1, 1, 9)), w = float_input("w", GM_SHAPE(1, 1, 2));
    assert_fault(gm_convolution(x, w, &(gm_convolution_params){.stride = {4}, .dilation = {6}}),
                 "convolution: stride 4 and dilation 6 have a common factor: what lies between is never read");
    x = float_input("x", GM_SHAPE(1, 1, 5, 5, 5)), w = float_input("w", GM_SHAPE(1, 1, 3, 2, 2));
    assert_fault(gm_convolution(x, w, &(gm_convolution_params){.dilation = {3}}),
                 "convolution: the kernel's 7 is larger than x 'x' (1, 1, 5, 5, 5) with padding 0 in axis 2");
}

static void axes_behind_the_second_are_spatial(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 9)), *w = float_input("w", GM_SHAPE(4, 3, 3));
    gm_convolution_params params = {.stride = {2}, .padding = {1}, .extra_padding = {2}};
    assert_shape(gm_convolution(x, w, &params), GM_SHAPE(2, 4, 6));
    x = float_input("v", GM_SHAPE(2, 3, 5, 6, 7)), w = float_input("u", GM_SHAPE(4, 3, 2, 3, 1));
    params = (gm_convolution_params){.stride = {1, 2, 3}, .padding = {0, 1, 2}, .dilation = {3, 1, 1}};
    assert_shape(gm_convolution(x, w, &params), GM_SHAPE(2, 4, 2, 3, 4));
    x = float_input("m", GM_SHAPE(2, 4, 2, 3, 4));
    assert_shape(gm_convolution_transpose(x, w, &params), GM_SHAPE(2, 3, 5, 5, 6));
    assert_shape(gm_max_pool(x, &(gm_pool_params){.kernel = {2, 3, 2}}), GM_SHAPE(2, 4, 1, 1, 2));
}

static void names_stand_for_one_leaf(void **state) {
    (void)state;
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = 1});
    assert_ptr_equal(w, gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = 2}));
    assert_ptr_equal(w, gm_variable_find(graph, "w"));
    assert_null(gm_variable_find(graph, "v"));
    assert_ptr_equal(float_input("x", GM_SHAPE(2)), float_input("x", GM_SHAPE(2)));
    assert_fault(gm_variable(graph, "w", GM_INT32, GM_SHAPE(3), (gm_initializer){0}),
                 "variable 'w' is already declared as float32 (2), not int32 (3)");
    gm_random_uniform(graph, "r", GM_SHAPE(2), NULL);
    assert_fault(gm_random_normal(graph, "r", GM_SHAPE(2), NULL),
                 "random 'r' is already used for uniform numbers of shape (2); a name stands for one node");
}

static void the_first_fault_stays_and_poison_spreads(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3));
    gm_tensor *bad = gm_reshape(x, GM_SHAPE(5)), *dx = NULL;
    gm_tensor *y = gm_mean_all(gm_convolution(gm_concat((gm_tensor *[]){gm_relu(gm_add(bad, x)), x}, 2, 0), x, NULL));
    gm_gemm(x, x, NULL); // a second fault is not heard
    gm_grad(y, &x, 1, &dx);
    assert_true(gm_is_poison(dx));
    assert_true(gm_is_poison(gm_random_uniform(graph, "u", GM_SHAPE(2), bad)));
    assert_true(gm_is_poison(gm_max_pool(gm_variance(gm_slice(bad, NULL, NULL), 1), NULL)));
    assert_true(gm_is_poison(gm_select(x, gm_gather(bad, bad), gm_pad(bad, NULL, NULL))));
    assert_fault(y, "reshape: x 'x' (2, 3) has 6 elements but (5) has 5");
}

static void null_is_a_fault_not_a_crash(void **state) {
    (void)state;
    gm_tensor *dx = NULL;
    assert_null(gm_add(NULL, NULL));
    assert_null(gm_mean_all(gm_relu(NULL)));
    assert_null(gm_full(NULL, GM_SHAPE(2), 1));
    assert_null(gm_concat(NULL, 0, 0));
    assert_int_equal(gm_graph_status(NULL), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_tensor_type(NULL), GM_TYPE_INVALID);
    assert_string_equal(gm_tensor_name(NULL), "");
    gm_phase_fetch(NULL, NULL);
    gm_phase_assign(gm_phase_create(NULL, "p"), NULL, NULL);
    gm_tensor *x = float_input("x", GM_SHAPE(2));
    gm_grad(NULL, &x, 1, &dx);
    assert_fault(dx, "grad: y is NULL");
    assert_fault(gm_multiply(float_input("x", GM_SHAPE(2)), NULL), "multiply: input 1 is NULL");
}

static void graphs_do_not_mix(void **state) {
    (void)state;
    gm_graph *other = NULL;
    assert_int_equal(gm_graph_create(&other), GM_OK);
    gm_tensor *x = float_input("x", GM_SHAPE(2)), *y = gm_input(other, "y", GM_FLOAT32, GM_SHAPE(2));
    gm_tensor *sum = gm_add(x, y);
    gm_graph_destroy(&other);
    assert_fault(sum, "add: its inputs belong to different graphs");
}

// ---- Phases ----

static void phases_keep_order_fetches_and_assignments(void **state) {
    (void)state;
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0}), *next = gm_offset(w, 1);
    gm_phase *first = gm_phase_create(graph, "first"), *second = gm_phase_create(graph, "second");
    gm_phase_fetch(first, next);
    gm_phase_fetch(first, next);
    gm_phase_assign(first, w, next);
    gm_phase_assign(second, w, gm_scale(w, 2));
    assert_int_equal(gm_graph_status(graph), GM_OK);
    assert_int_equal(first->index, 0);
    assert_int_equal(second->index, 1);
    assert_int_equal(first->fetch_count, 1);
    assert_int_equal(first->assignment_count, 1);
    assert_ptr_equal(first->assignments[0].variable, w);
    assert_ptr_equal(first->assignments[0].value, next);
    gm_phase_assign(first, w, w);
    assert_fault(graph->nodes[0],
                 "phase 'first': variable 'w' (2) is assigned twice; compose the two updates into one value");
}

static void impossible_assignments_are_faults(void **state) {
    (void)state;
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0});
    gm_phase_assign(gm_phase_create(graph, "p"), w, gm_constant(graph, 1));
    assert_fault(graph->nodes[0], "phase 'p': variable 'w' (2) is float32 and cannot be assigned float32 ()");
    gm_tensor *x = float_input("x", GM_SHAPE(2));
    gm_phase_assign(gm_phase_create(graph, "p"), x, x);
    assert_fault(graph->nodes[0], "phase 'p': input 'x' (2) is assigned to, but only variables can be");
    gm_phase_create(graph, "p");
    gm_phase_create(graph, "p");
    assert_fault(graph->nodes[0], "phase 'p' exists already");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(elementwise_shapes_broadcast),
        CASE(comparisons_of_integers_give_floats),
        CASE(views_and_moves_have_their_shapes),
        CASE(reductions_keep_axes_of_size_one),
        CASE(matrix_product_has_four_transpose_cases),
        CASE(matrix_products_keep_leading_axes),
        CASE(convolution_has_pytorch_sizes),
        CASE(pooling_and_rows_have_their_shapes),
        CASE(what_goes_along_an_axis_has_its_shape),
        CASE(arrays_are_copied_and_equal_ones_are_one),
        CASE(random_nodes_are_named_and_counted),
        CASE(faults_name_shapes_and_values),
        CASE(geometry_that_cannot_be_is_a_fault),
        CASE(axes_behind_the_second_are_spatial),
        CASE(names_stand_for_one_leaf),
        CASE(the_first_fault_stays_and_poison_spreads),
        CASE(null_is_a_fault_not_a_crash),
        CASE(graphs_do_not_mix),
        CASE(phases_keep_order_fetches_and_assignments),
        CASE(impossible_assignments_are_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
