// Operations whose conventions differ between frameworks, held to PyTorch's values and gradients.
#include "golden.h"

#include "ganymede/loss.h"

typedef struct golden_conv {
    size_t x_shape[4], w_shape[4], y_shape[4], stride[2], padding[2], output_padding[2];
    const double *x, *w, *y, *dy, *dx, *dw;
} golden_conv;

typedef struct golden_pool {
    size_t x_shape[4], y_shape[4], kernel[2], stride[2], padding[2];
    const double *x, *y, *dy, *dx;
} golden_pool;

#include "operations.inc"

static gm_shape shape4(const size_t dim[4]) {
    return GM_SHAPE(dim[0], dim[1], dim[2], dim[3]);
}

// The gradient of sum(y dy) by x.
static gm_tensor *gradient_of(gm_tensor *y, gm_tensor *dy, gm_tensor *x) {
    gm_tensor *dx, *sum = gm_sum_all(gm_multiply(y, dy));
    gm_grad(sum, &x, 1, &dx);
    return dx;
}

static void check_shape(const char *what, gm_tensor *y, const size_t expected[4]) {
    gm_shape shape = shape4(expected);
    if (!gm_shape_equal(gm_tensor_shape(y), &shape))
        fail_msg("%s gives %zu x %zu, PyTorch %zu x %zu", what, gm_tensor_shape(y)->dim[2], gm_tensor_shape(y)->dim[3],
                 expected[2], expected[3]);
}

static void check_conv(const golden_conv *row, bool transposed) {
    const char *what = transposed ? "conv2d_transpose" : "conv2d";
    golden g;
    golden_open(&g);
    gm_convolution_params params = {.stride = {row->stride[0], row->stride[1]},
                                    .padding = {row->padding[0], row->padding[1]},
                                    .output_padding = {row->output_padding[0], row->output_padding[1]}};
    gm_tensor *x = golden_input(&g, "x", shape4(row->x_shape), row->x);
    gm_tensor *w = golden_input(&g, "w", shape4(row->w_shape), row->w);
    gm_tensor *y = transposed ? gm_convolution_transpose(x, w, &params) : gm_convolution(x, w, &params);
    check_ok(gm_graph_status(g.graph));
    check_shape(what, y, row->y_shape);
    gm_tensor *dy = golden_input(&g, "dy", shape4(row->y_shape), row->dy);
    golden_evaluate(&g, what, y, row->y);
    golden_evaluate(&g, transposed ? "conv2d_transpose dx" : "conv2d dx", gradient_of(y, dy, x), row->dx);
    golden_evaluate(&g, transposed ? "conv2d_transpose dw" : "conv2d dw", gradient_of(y, dy, w), row->dw);
    golden_close(&g);
}

static void conv2d_as_in_pytorch(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(convs); i++)
        check_conv(&convs[i], false);
}

static void conv2d_transpose_as_in_pytorch(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(conv_transposes); i++)
        check_conv(&conv_transposes[i], true);
}

static void check_pool(const golden_pool *row, const char *what,
                       gm_tensor *pool(gm_tensor *x, const gm_pool_params *params)) {
    golden g;
    golden_open(&g);
    gm_pool_params params = {.kernel = {row->kernel[0], row->kernel[1]},
                             .stride = {row->stride[0], row->stride[1]},
                             .padding = {row->padding[0], row->padding[1]}};
    gm_tensor *x = golden_input(&g, "x", shape4(row->x_shape), row->x);
    gm_tensor *y = pool(x, &params);
    check_ok(gm_graph_status(g.graph));
    check_shape(what, y, row->y_shape);
    gm_tensor *dy = golden_input(&g, "dy", shape4(row->y_shape), row->dy);
    golden_evaluate(&g, what, y, row->y);
    golden_evaluate(&g, what, gradient_of(y, dy, x), row->dx);
    golden_close(&g);
}

static void average_pool_counts_padding(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(average_pools); i++)
        check_pool(&average_pools[i], "average_pool2d", gm_average_pool);
}

static void max_pool_ignores_padding_and_first_maximum_wins(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(max_pools); i++)
        check_pool(&max_pools[i], "max_pool2d", gm_max_pool);
}

static gm_tensor *leaky_relu(gm_tensor *x) {
    return gm_leaky_relu(x, .2);
}

static void activations_and_their_slopes_as_in_pytorch(void **state) {
    (void)state;
    static const struct {
        const char *name;
        gm_tensor *(*function)(gm_tensor *x);
        const double *y, *dx;
    } rows[] = {
        {"relu", gm_relu, relu_y, relu_dx},
        {"leaky_relu", leaky_relu, leaky_relu_y, leaky_relu_dx},
        {"softplus", gm_softplus, softplus_y, softplus_dx},
        {"sigmoid", gm_sigmoid, sigmoid_y, sigmoid_dx},
        {"tanh", gm_tanh, tanh_y, tanh_dx},
        {"abs", gm_abs, abs_y, abs_dx},
    };
    for (size_t i = 0; i < GM_COUNT(rows); i++) {
        golden g;
        golden_open(&g);
        gm_tensor *x = golden_input(&g, "x", GM_SHAPE(GM_COUNT(activation_x)), activation_x);
        gm_tensor *y = rows[i].function(x);
        golden_evaluate(&g, rows[i].name, y, rows[i].y);
        golden_evaluate(&g, rows[i].name, gradient_of(y, gm_constant(g.graph, 1), x), rows[i].dx);
        golden_close(&g);
    }
}

static void equal_values_share_the_gradient(void **state) {
    (void)state;
    golden g;
    golden_open(&g);
    gm_tensor *one = gm_constant(g.graph, 1), *x = golden_input(&g, "x", GM_SHAPE(2, 3), max_ties_x);
    golden_evaluate(&g, "max dx", gradient_of(gm_max(x, GM_AXIS(1)), one, x), max_ties_dx);
    gm_tensor *a = golden_input(&g, "a", GM_SHAPE(3), minimum_ties_a);
    gm_tensor *b = golden_input(&g, "b", GM_SHAPE(3), minimum_ties_b);
    golden_evaluate(&g, "minimum da", gradient_of(gm_minimum(a, b), one, a), minimum_ties_da);
    golden_evaluate(&g, "minimum db", gradient_of(gm_minimum(a, b), one, b), minimum_ties_db);
    golden_close(&g);
}

static void softmax_along_each_axis_as_in_pytorch(void **state) {
    (void)state;
    static const double *const expected[3][4] = {
        {softmax_0_y, softmax_0_dx, log_softmax_0_y, log_softmax_0_dx},
        {softmax_1_y, softmax_1_dx, log_softmax_1_y, log_softmax_1_dx},
        {softmax_2_y, softmax_2_dx, log_softmax_2_y, log_softmax_2_dx},
    };
    for (size_t axis = 0; axis < 3; axis++) {
        golden g;
        golden_open(&g);
        gm_tensor *x = golden_input(&g, "x", GM_SHAPE(2, 3, 4), softmax_x);
        gm_tensor *dy = golden_input(&g, "dy", GM_SHAPE(2, 3, 4), softmax_dy);
        gm_tensor *soft = gm_softmax(x, axis), *logarithm = gm_log_softmax(x, axis);
        golden_evaluate(&g, "softmax", soft, expected[axis][0]);
        golden_evaluate(&g, "softmax dx", gradient_of(soft, dy, x), expected[axis][1]);
        golden_evaluate(&g, "log_softmax", logarithm, expected[axis][2]);
        golden_evaluate(&g, "log_softmax dx", gradient_of(logarithm, dy, x), expected[axis][3]);
        golden_close(&g);
    }
}

static void cross_entropy_of_labels_as_in_pytorch(void **state) {
    (void)state;
    golden g;
    golden_open(&g);
    gm_tensor *logits = golden_input(&g, "logits", GM_SHAPE(3, 4, 2), label_entropy_logits);
    gm_tensor *labels = gm_input(g.graph, "labels", GM_INT32, GM_SHAPE(3, 2));
    check_ok(gm_reference_set(g.reference, labels, label_entropy_labels));
    gm_tensor *loss = gm_cross_entropy(logits, labels);
    golden_evaluate(&g, "cross_entropy", loss, label_entropy_loss);
    golden_evaluate(&g, "cross_entropy dx", gradient_of(loss, gm_constant(g.graph, 1), logits), label_entropy_dlogits);
    golden_close(&g);
}

static void gumbel_softmax_of_the_same_noise_as_in_pytorch(void **state) {
    (void)state;
    golden g;
    golden_open(&g);
    gm_tensor *logits = golden_input(&g, "logits", GM_SHAPE(2, 4, 3), gumbel_logits);
    gm_tensor *noise = golden_input(&g, "noise", GM_SHAPE(2, 4, 3), gumbel_noise);
    gm_tensor *dy = golden_input(&g, "dy", GM_SHAPE(2, 4, 3), gumbel_dy);
    gm_tensor *soft = gm_gumbel_softmax_of(logits, noise, 0.75, false, 1);
    gm_tensor *hard = gm_gumbel_softmax_of(logits, noise, 0.75, true, 1);
    golden_evaluate(&g, "gumbel_softmax", soft, gumbel_soft_y);
    golden_evaluate(&g, "gumbel_softmax dx", gradient_of(soft, dy, logits), gumbel_soft_dx);
    golden_evaluate(&g, "gumbel_softmax hard", hard, gumbel_hard_y);
    golden_evaluate(&g, "gumbel_softmax hard dx", gradient_of(hard, dy, logits), gumbel_hard_dx);
    golden_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv2d_as_in_pytorch),
        cmocka_unit_test(conv2d_transpose_as_in_pytorch),
        cmocka_unit_test(average_pool_counts_padding),
        cmocka_unit_test(max_pool_ignores_padding_and_first_maximum_wins),
        cmocka_unit_test(activations_and_their_slopes_as_in_pytorch),
        cmocka_unit_test(equal_values_share_the_gradient),
        cmocka_unit_test(softmax_along_each_axis_as_in_pytorch),
        cmocka_unit_test(cross_entropy_of_labels_as_in_pytorch),
        cmocka_unit_test(gumbel_softmax_of_the_same_noise_as_in_pytorch),
    };
    return cmocka_run_group_tests_name("golden operations", tests, NULL, NULL);
}
