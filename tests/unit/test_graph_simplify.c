// src/graph: equal nodes, simplification, and the structure of gradients.
// (The values of gradients are checked against differences in test_gradients.c.)
#include "graph_support.h"

// ---- Equal nodes and simplification ----

static void equal_nodes_are_made_once(void **state) {
    (void)state;
    gm_tensor *a = float_input("a", GM_SHAPE(2, 3)), *b = float_input("b", GM_SHAPE(2, 3));
    assert_ptr_equal(gm_add(a, b), gm_add(a, b));
    assert_ptr_equal(gm_add(a, b), gm_add(b, a));
    assert_ptr_not_equal(gm_subtract(a, b), gm_subtract(b, a));
    assert_ptr_equal(gm_leaky_relu(a, .2), gm_leaky_relu(a, .2));
    assert_ptr_not_equal(gm_leaky_relu(a, .2), gm_leaky_relu(a, .1));
    assert_ptr_not_equal(gm_sum(a, GM_AXIS(0)), gm_sum(a, GM_AXIS(1)));
    gm_tensor *nodes[3000]; // past several growths of the table
    for (size_t i = 0; i < GM_COUNT(nodes); i++)
        nodes[i] = gm_offset(a, (double)i + 1);
    for (size_t i = 0; i < GM_COUNT(nodes); i++)
        assert_ptr_equal(nodes[i], gm_offset(a, (double)i + 1));
}

static void neutral_arithmetic_vanishes(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3)), *y = float_input("y", GM_SHAPE(2, 3));
    gm_tensor *one = gm_full(graph, GM_SHAPE(2, 3), 1), *zero = gm_constant(graph, 0);
    assert_ptr_equal(gm_multiply(x, one), x);
    assert_ptr_equal(gm_multiply(gm_reshape(one, GM_SHAPE(3, 2)), gm_reshape(x, GM_SHAPE(3, 2))),
                     gm_reshape(x, GM_SHAPE(3, 2)));
    assert_ptr_equal(gm_add(zero, x), x);
    assert_ptr_equal(gm_subtract(x, zero), x);
    assert_ptr_equal(gm_divide(x, one), x);
    assert_constant(gm_multiply(x, zero), GM_SHAPE(2, 3), 0);
    assert_constant(gm_subtract(x, x), GM_SHAPE(2, 3), 0);
    assert_ptr_equal(gm_subtract(zero, x), gm_negate(x));
    assert_ptr_equal(gm_multiply(x, gm_constant(graph, 3)), gm_scale(x, 3));
    assert_ptr_equal(gm_multiply(x, x), gm_square(x));
    assert_ptr_equal(gm_select(one, x, y), x);
    assert_ptr_equal(gm_cast(x, GM_FLOAT32), x);
    gm_tensor *i = gm_input(graph, "i", GM_INT32, GM_SHAPE(2));
    assert_ptr_equal(gm_add(i, gm_constant_int(graph, 0)), i);
    assert_ptr_equal(gm_multiply(gm_constant_int(graph, 1), i), i);
}

static void constants_fold(void **state) {
    (void)state;
    gm_tensor *two = gm_constant(graph, 2), *three = gm_full(graph, GM_SHAPE(4), 3);
    assert_constant(gm_divide(gm_add(two, three), two), GM_SHAPE(4), 2.5);
    assert_constant(gm_sqrt(gm_square(three)), GM_SHAPE(4), 3);
    assert_constant(gm_less(two, three), GM_SHAPE(4), 1);
    assert_constant(gm_sum(three, GM_AXIS(0)), GM_SHAPE(1), 12);
    assert_constant(gm_mean_all(three), GM_SCALAR, 3);
    gm_tensor *seven = gm_divide(gm_constant_int(graph, 15), gm_constant_int(graph, 2));
    assert_constant(seven, GM_SCALAR, 7);
    assert_int_equal(gm_tensor_type(seven), GM_INT32);
    assert_constant(gm_cast(gm_constant(graph, -2.7), GM_INT32), GM_SCALAR, -2);
    assert_op(gm_log(gm_constant(graph, -1)), "log"); // NaN is left to the device
    gm_tensor *x = float_input("x", GM_SHAPE(4, 2));
    assert_constant(gm_gemm(x, gm_full(graph, GM_SHAPE(2, 3), 0), NULL), GM_SHAPE(4, 3), 0);
}

static void views_that_change_nothing_vanish(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 1, 3));
    assert_ptr_equal(gm_reshape(x, GM_SHAPE(2, 1, 3)), x);
    assert_ptr_equal(gm_broadcast(x, GM_SHAPE(2, 1, 3)), x);
    assert_ptr_equal(gm_slice(x, (size_t[]){0, 0, 0}, (size_t[]){2, 1, 3}), x);
    assert_ptr_equal(gm_sum(x, GM_AXIS(1)), x);
    assert_ptr_equal(gm_pad(x, (size_t[]){0, 0, 0}, (size_t[]){0, 0, 0}), x);
    assert_ptr_equal(gm_concat(&x, 1, 0), x);
    assert_op(gm_transpose(x, (size_t[]){1, 0, 2}), "reshape"); // only a size of 1 moves
    assert_ptr_equal(gm_flip(x, 0), x);
    assert_ptr_equal(gm_flip(x, GM_AXIS(1)), x);
}

// What gm_grad makes on its way is hidden, and constructors shorten chains of it.
static void chains_of_hidden_nodes_collapse(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 1, 3)), *y = float_input("y", GM_SHAPE(2, 1, 3));
    gm_tensor *z = float_input("z", GM_SHAPE(4, 1, 3));
    gm_tensor *a = float_input("a", GM_SHAPE(3, 2)), *b = float_input("b", GM_SHAPE(3, 5));
    graph->hiding = true;
    assert_ptr_equal(gm_negate(gm_negate(x)), x);
    assert_ptr_equal(gm_negate(gm_subtract(x, y)), gm_subtract(y, x));
    assert_ptr_equal(gm_add(x, gm_negate(y)), gm_subtract(x, y));
    assert_ptr_equal(gm_subtract(x, gm_negate(y)), gm_add(x, y));
    assert_ptr_equal(gm_multiply(gm_negate(x), gm_negate(y)), gm_multiply(x, y));
    assert_ptr_equal(gm_scale(gm_scale(x, .5), 2), x);
    assert_ptr_equal(gm_negate(gm_scale(x, 3)), gm_scale(x, -3));
    assert_ptr_equal(gm_offset(gm_offset(x, 2), -2), x);
    assert_ptr_equal(gm_reshape(gm_reshape(x, GM_SHAPE(6)), GM_SHAPE(2, 1, 3)), x);
    assert_ptr_equal(gm_broadcast(gm_broadcast(x, GM_SHAPE(2, 4, 3)), GM_SHAPE(5, 2, 4, 3)),
                     gm_broadcast(x, GM_SHAPE(5, 2, 4, 3)));
    assert_ptr_equal(gm_transpose(gm_transpose(x, (size_t[]){2, 0, 1}), (size_t[]){1, 2, 0}), x);
    assert_ptr_equal(gm_flip(gm_flip(x, GM_AXIS(0)), GM_AXIS(0) | GM_AXIS(2)), gm_flip(x, GM_AXIS(2)));
    assert_ptr_equal(gm_flip(gm_flip(x, GM_AXIS(2)), GM_AXIS(2)), x);
    gm_tensor *padded = gm_pad(x, (size_t[]){1, 0, 2}, (size_t[]){0, 0, 1});
    assert_ptr_equal(gm_slice(padded, (size_t[]){1, 0, 2}, (size_t[]){2, 1, 3}), x);
    gm_tensor *both = gm_concat((gm_tensor *[]){x, z}, 2, 0);
    assert_ptr_equal(gm_slice(both, (size_t[]){2, 0, 0}, (size_t[]){4, 1, 3}), z);
    assert_op(gm_slice(both, (size_t[]){1, 0, 0}, (size_t[]){3, 1, 3}), "slice");
    assert_ptr_equal(gm_sum(gm_broadcast(x, GM_SHAPE(2, 4, 3)), GM_AXIS(1)), gm_scale(x, 4));
    assert_ptr_equal(gm_sum(gm_sum(x, GM_AXIS(0)), GM_AXIS(2)), gm_sum(x, GM_AXIS(0) | GM_AXIS(2)));
    gm_tensor *product = gm_gemm(gm_transpose(a, (size_t[]){1, 0}), b, NULL);
    assert_ptr_equal(product, gm_gemm(a, b, &(gm_gemm_params){.transpose_a = true}));
    gm_tensor *c = float_input("c", GM_SHAPE(2, 3, 3));
    assert_ptr_equal(gm_gemm(gm_transpose(c, (size_t[]){0, 2, 1}), c, NULL),
                     gm_gemm(c, c, &(gm_gemm_params){.transpose_a = true}));
    gm_tensor *turned = gm_transpose(c, (size_t[]){2, 1, 0});
    gm_tensor *d = gm_reshape(c, GM_SHAPE(3, 3, 2)); // a batch's axis moved: no matrix is merely turned
    assert_ptr_equal(gm_gemm(turned, d, &(gm_gemm_params){.transpose_b = true})->input[0], turned);
    assert_int_equal(gm_graph_status(graph), GM_OK);
}

// ---- Gradients ----

static void gradient_of_what_y_ignores_is_zero(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(3)), *z = float_input("z", GM_SHAPE(4)), *dxs[3];
    gm_tensor *y = gm_sum_all(gm_scale(x, 3));
    gm_tensor *late = float_input("late", GM_SHAPE(2)); // a higher id than y's
    gm_grad(y, (gm_tensor *[]){x, z, late}, 3, dxs);
    assert_constant(dxs[0], GM_SHAPE(3), 3);
    assert_constant(dxs[1], GM_SHAPE(4), 0);
    assert_constant(dxs[2], GM_SHAPE(2), 0);
    gm_grad(gm_reshape(y, GM_SHAPE(1, 1)), (gm_tensor *[]){y}, 1, dxs); // an inner node, a y of rank 2
    assert_constant(dxs[0], GM_SCALAR, 1);
}

// A caller may differentiate by any tensor that it holds: nothing built on top of one may lose sight of it.
static void gradients_reach_every_tensor_that_a_caller_holds(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(3, 3)), *y = float_input("y", GM_SHAPE(3, 3)), *dh;
    gm_tensor *negated = gm_negate(x), *scaled = gm_scale(x, 3), *offset = gm_offset(x, 1);
    gm_tensor *flat = gm_reshape(x, GM_SHAPE(9)), *turned = gm_transpose(x, (size_t[]){1, 0});
    gm_tensor *repeated = gm_broadcast(x, GM_SHAPE(2, 3, 3)), *part = gm_slice(x, (size_t[]){0, 1}, (size_t[]){3, 2});
    gm_tensor *padded = gm_pad(x, (size_t[]){1, 0}, (size_t[]){0, 1}), *both = gm_concat((gm_tensor *[]){x, y}, 2, 0);
    gm_tensor *rows = gm_sum(x, GM_AXIS(1)), *difference = gm_subtract(x, y);
    const struct {
        gm_tensor *held, *built;
    } cases[] = {
        {negated, gm_negate(negated)},
        {negated, gm_add(y, negated)},
        {negated, gm_subtract(y, negated)},
        {negated, gm_multiply(negated, gm_negate(y))},
        {difference, gm_negate(difference)},
        {scaled, gm_scale(scaled, 2)},
        {scaled, gm_negate(scaled)},
        {negated, gm_scale(negated, 2)},
        {offset, gm_offset(offset, 2)},
        {flat, gm_reshape(flat, GM_SHAPE(3, 3))},
        {turned, gm_transpose(turned, (size_t[]){1, 0})},
        {repeated, gm_broadcast(repeated, GM_SHAPE(4, 2, 3, 3))},
        {repeated, gm_sum(repeated, GM_AXIS(0))},
        {repeated, gm_max(repeated, GM_AXIS(0))},
        {part, gm_slice(part, (size_t[]){0, 0}, (size_t[]){1, 1})},
        {padded, gm_slice(padded, (size_t[]){1, 0}, (size_t[]){3, 3})},
        {padded, gm_pad(padded, (size_t[]){1, 0}, (size_t[]){0, 0})},
        {both, gm_slice(both, (size_t[]){0, 0}, (size_t[]){3, 3})},
        {rows, gm_sum(rows, GM_AXIS(0))},
        {turned, gm_gemm(turned, y, NULL)},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_grad(gm_sum_all(cases[i].built), &cases[i].held, 1, &dh);
        assert_shape(dh, *gm_tensor_shape(cases[i].held));
        const gm_tensor *under = dh;
        while (under->op == &gm_op_broadcast)
            under = under->input[0];
        if (under->op == &gm_op_constant && ((const gm_constant_attributes *)under->attributes)->value == 0)
            fail_msg("case %zu: %s on %s has no gradient", i, cases[i].built->op->name, cases[i].held->op->name);
        assert_false(dh->hidden);
    }
}

static void gradients_use_the_output_where_that_saves_the_input(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(3)), *dx;
    gm_tensor *(*const constructors[])(gm_tensor *) = {gm_tanh, gm_sigmoid, gm_exp, gm_sqrt, gm_rsqrt, gm_relu};
    for (size_t i = 0; i < GM_COUNT(constructors); i++) {
        gm_tensor *h = constructors[i](x), *y = gm_sum_all(h);
        size_t before = graph->node_count;
        gm_grad(y, &x, 1, &dx);
        bool uses_output = false;
        for (size_t id = before; id < graph->node_count; id++)
            for (size_t k = 0; k < graph->nodes[id]->input_count; k++) {
                assert_ptr_not_equal(graph->nodes[id]->input[k], x);
                uses_output = uses_output || graph->nodes[id]->input[k] == h;
            }
        assert_true(uses_output || dx == h);
        assert_shape(dx, GM_SHAPE(3));
    }
}

static void only_wanted_gradients_are_made(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(2, 3, 8, 8)), *dx;
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(4, 3, 3, 3), (gm_initializer){0});
    gm_tensor *y = gm_mean_all(gm_square(gm_convolution(x, w, NULL)));
    gm_grad(y, &x, 1, &dx);
    assert_op(dx, "conv_input");
    assert_int_equal(count_op("conv_weight"), 0);
    gm_grad(y, &w, 1, &dx);
    assert_op(dx, "conv_weight");
    assert_int_equal(count_op("conv_input"), 1);
    gm_grad(gm_mean_all(gm_stop_gradient(gm_square(x))), &x, 1, &dx);
    assert_constant(dx, GM_SHAPE(2, 3, 8, 8), 0);
}

// The gradient of a batch of which two halves go separate ways is one tensor again, not a sum of padded halves.
static void gradients_of_halves_are_joined(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(6, 3)), *dx;
    gm_tensor *first = gm_slice(x, (size_t[]){0, 0}, (size_t[]){2, 3}),
              *rest = gm_slice(x, (size_t[]){2, 0}, (size_t[]){4, 3});
    gm_grad(gm_add(gm_sum_all(gm_tanh(first)), gm_sum_all(gm_exp(rest))), &x, 1, &dx);
    assert_op(dx, "concat");
    assert_int_equal(dx->input[0]->shape.dim[0], 2);
    assert_int_equal(dx->input[1]->shape.dim[0], 4);
    // With a gap between the parts, or an overlap, the zeros are needed.
    gm_tensor *far = gm_slice(x, (size_t[]){3, 0}, (size_t[]){3, 3}),
              *over = gm_slice(x, (size_t[]){1, 0}, (size_t[]){5, 3});
    gm_grad(gm_add(gm_sum_all(gm_tanh(first)), gm_sum_all(gm_exp(far))), &x, 1, &dx);
    assert_op(dx, "add");
    gm_grad(gm_add(gm_sum_all(gm_tanh(first)), gm_sum_all(gm_exp(over))), &x, 1, &dx);
    assert_op(dx, "add");
}

// So is that of many parts, in whatever order they are met, and of parts of parts.
static void gradients_of_many_parts_are_joined(void **state) {
    (void)state;
    static const size_t order[] = {3, 0, 4, 2, 1};
    gm_tensor *x = float_input("x", GM_SHAPE(5, 2)), *y = gm_constant(graph, 0), *dx, *twice;
    for (size_t i = 0; i < GM_COUNT(order); i++)
        y = gm_add(y, gm_sum_all(gm_exp(gm_slice(x, (size_t[]){order[i], 0}, (size_t[]){1, 2}))));
    gm_grad(y, &x, 1, &dx);
    assert_op(dx, "concat");
    assert_int_equal(dx->input_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_op(dx->input[i], "exp");
    gm_grad(gm_sum_all(gm_exp(dx)), &x, 1, &twice);
    assert_op(twice, "concat");
    for (size_t i = 0; i < 4; i++) { // quarters
        gm_tensor *row = gm_slice(x, (size_t[]){i / 2 * 2, 0}, (size_t[]){i / 2 + 2, 2});
        y = gm_add(i ? y : gm_constant(graph, 0),
                   gm_sum_all(gm_tanh(gm_slice(row, (size_t[]){0, i % 2}, (size_t[]){i / 2 + 2, 1}))));
    }
    gm_grad(y, &x, 1, &dx);
    assert_op(dx, "concat");
    assert_op(dx->input[0], "concat");
}

static void variance_has_the_closed_form_gradient(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(16, 5)), *dx;
    gm_tensor *v = gm_variance(x, GM_AXIS(0));
    assert_ptr_equal(v->op, &gm_op_variance);
    size_t sums = count_op("sum");
    gm_grad(gm_sum_all(v), &x, 1, &dx);
    assert_int_equal(count_op("sum"), sums + 1); // sum_all's own; the gradient shares the forward's mean
    assert_ptr_equal(dx, gm_scale(gm_subtract(x, gm_mean(x, GM_AXIS(0))), 2. / 16));
}

static void gradient_needs_one_float_element(void **state) {
    (void)state;
    gm_tensor *x = float_input("x", GM_SHAPE(3)), *dx;
    gm_grad(gm_square(x), &x, 1, &dx);
    assert_fault(dx, "grad: y is float32 (3) but must be float32 with one element (sum_all or mean_all it)");
    gm_tensor *i = gm_input(graph, "i", GM_INT32, GM_SHAPE(3));
    gm_grad(gm_mean_all(gm_cast(i, GM_FLOAT32)), &i, 1, &dx);
    assert_fault(dx, "grad: xs[0] 'i' (3) is int32 but must be float32");
}

static gm_tensor *dense(const char *name, gm_tensor *x, size_t units, gm_tensor **weights) {
    gm_text weight = {0}, bias = {0};
    gm_text_printf(&weight, "%s.w", name);
    gm_text_printf(&bias, "%s.b", name);
    assert_false(weight.failed || bias.failed);
    size_t inputs = gm_tensor_shape(x)->dim[1];
    weights[0] = gm_variable(graph, weight.data, GM_FLOAT32, GM_SHAPE(units, inputs), (gm_initializer){0});
    weights[1] = gm_variable(graph, bias.data, GM_FLOAT32, GM_SHAPE(units), (gm_initializer){0});
    gm_text_finish(&weight);
    gm_text_finish(&bias);
    return gm_add(gm_gemm(x, weights[0], &(gm_gemm_params){.transpose_b = true}), weights[1]);
}

static gm_tensor *critic(gm_tensor *x, gm_tensor **weights) {
    gm_tensor *h = gm_leaky_relu(dense("d0", x, 128, weights), .2);
    return dense("d2", gm_leaky_relu(dense("d1", h, 128, weights + 2), .2), 1, weights + 4);
}

// WGAN-GP: a gradient of a gradient. Every GEMM of the graph is one that the mathematics needs.
static void double_gradient_of_an_mlp_gan_stays_small(void **state) {
    (void)state;
    gm_tensor *real = float_input("real", GM_SHAPE(100, 784)), *fake = float_input("fake", GM_SHAPE(100, 784));
    gm_tensor *mix = gm_random_uniform(graph, "mix", GM_SHAPE(100, 1), NULL);
    gm_tensor *weights[6], *dx, *dweights[6];
    gm_tensor *between = gm_add(real, gm_multiply(mix, gm_subtract(fake, real)));
    gm_grad(gm_sum_all(critic(between, weights)), &between, 1, &dx);
    assert_shape(dx, GM_SHAPE(100, 784));
    gm_tensor *norm = gm_sqrt(gm_offset(gm_sum(gm_square(dx), GM_AXIS(1)), 1e-12));
    gm_tensor *penalty = gm_scale(gm_mean_all(gm_square(gm_offset(norm, -1))), 10);
    gm_tensor *loss =
        gm_add(gm_subtract(gm_mean_all(critic(fake, weights)), gm_mean_all(critic(real, weights))), penalty);
    gm_grad(loss, weights, 6, dweights);
    for (size_t i = 0; i < 6; i++)
        assert_shape(dweights[i], *gm_tensor_shape(weights[i]));
    // Forward 3 times 3; the gradient by the input 3; the penalty's way back through those 2, its weights 3; the real
    // and the fake batch 2 + 3 each.
    if (count_op("gemm") > 27)
        fail_msg("%zu GEMMs, expected 27", count_op("gemm"));
    if (graph->node_count > 150)
        fail_msg("%zu nodes, expected at most 150", graph->node_count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(equal_nodes_are_made_once),
        CASE(neutral_arithmetic_vanishes),
        CASE(constants_fold),
        CASE(views_that_change_nothing_vanish),
        CASE(chains_of_hidden_nodes_collapse),
        CASE(gradient_of_what_y_ignores_is_zero),
        CASE(gradients_reach_every_tensor_that_a_caller_holds),
        CASE(gradients_use_the_output_where_that_saves_the_input),
        CASE(only_wanted_gradients_are_made),
        CASE(gradients_of_halves_are_joined),
        CASE(gradients_of_many_parts_are_joined),
        CASE(variance_has_the_closed_form_gradient),
        CASE(gradient_needs_one_float_element),
        CASE(double_gradient_of_an_mlp_gan_stays_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
