// Every differentiable operation: its gradient and its gradient's gradient against central differences in double.
#include "base/base.h"
#include "reference/gradient_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define UNARY(operation)                                                                                               \
    static gm_tensor *build_##operation(gm_graph *graph, gm_tensor *const *x) {                                        \
        (void)graph;                                                                                                   \
        return gm_##operation(x[0]);                                                                                   \
    }
#define BINARY(operation)                                                                                              \
    static gm_tensor *build_##operation(gm_graph *graph, gm_tensor *const *x) {                                        \
        (void)graph;                                                                                                   \
        return gm_##operation(x[0], x[1]);                                                                             \
    }
// An operation with further arguments; x and graph are in scope.
#define OTHER(name, expression)                                                                                        \
    static gm_tensor *build_##name(gm_graph *graph, gm_tensor *const *x) {                                             \
        (void)graph;                                                                                                   \
        return expression;                                                                                             \
    }

BINARY(add)
BINARY(subtract)
BINARY(multiply)
BINARY(divide)
BINARY(minimum)
BINARY(maximum)
UNARY(negate)
UNARY(abs)
UNARY(exp)
UNARY(log)
UNARY(sqrt)
UNARY(rsqrt)
UNARY(square)
UNARY(sin)
UNARY(cos)
UNARY(tanh)
UNARY(sigmoid)
UNARY(softplus)
UNARY(relu)
UNARY(sum_all)
UNARY(mean_all)
OTHER(select, gm_select(gm_less(x[0], x[1]), gm_square(x[0]), gm_sin(x[1])))
OTHER(select_broadcast, gm_select(gm_greater(x[0], x[1]), x[0], x[1]))
OTHER(leaky_relu, gm_leaky_relu(x[0], .2))
OTHER(scale, gm_scale(x[0], -1.5))
OTHER(offset, gm_square(gm_offset(x[0], .75)))
OTHER(cast, gm_cast(gm_square(x[0]), GM_FLOAT32))
OTHER(used_twice, gm_multiply(gm_multiply(x[0], x[0]), gm_add(x[0], gm_exp(x[0]))))

OTHER(reshape, gm_square(gm_reshape(x[0], GM_SHAPE(4, 6))))
OTHER(transpose, gm_square(gm_transpose(x[0], (size_t[]){2, 0, 1})))
OTHER(broadcast, gm_square(gm_broadcast(x[0], GM_SHAPE(2, 4, 3))))
OTHER(slice, gm_square(gm_slice(x[0], (size_t[]){1, 0, 1}, (size_t[]){1, 3, 2})))
OTHER(flip, gm_square(gm_flip(x[0], GM_AXIS(0) | GM_AXIS(2))))
OTHER(pad, gm_square(gm_pad(x[0], (size_t[]){1, 0, 2}, (size_t[]){0, 1, 1})))
OTHER(concat, gm_square(gm_concat((gm_tensor *[]){x[0], x[1], x[0]}, 3, 1)))

OTHER(sum, gm_square(gm_sum(x[0], GM_AXIS(0) | GM_AXIS(2))))
OTHER(sum_middle, gm_square(gm_sum(x[0], GM_AXIS(1))))
OTHER(mean, gm_square(gm_mean(x[0], GM_AXIS(1) | GM_AXIS(2))))
OTHER(max, gm_square(gm_max(x[0], GM_AXIS(0) | GM_AXIS(2))))
OTHER(variance, gm_square(gm_variance(x[0], GM_AXIS(0) | GM_AXIS(2))))

OTHER(softmax, gm_square(gm_softmax(x[0], 1)))
OTHER(softmax_last, gm_softmax(x[0], 2))
OTHER(gumbel_softmax, gm_gumbel_softmax_of(x[0], x[1], .75, false, 1))
OTHER(log_softmax, gm_log_softmax(x[0], 1))
OTHER(log_softmax_first, gm_square(gm_log_softmax(x[0], 0)))

OTHER(gemm, gm_gemm(x[0], x[1], NULL))
OTHER(gemm_ta, gm_gemm(x[0], x[1], &(gm_gemm_params){.transpose_a = true}))
OTHER(gemm_tb, gm_gemm(x[0], x[1], &(gm_gemm_params){.transpose_b = true}))
OTHER(gemm_ta_tb, gm_gemm(x[0], x[1], &(gm_gemm_params){.transpose_a = true, .transpose_b = true}))
OTHER(gemm_square, gm_gemm(x[0], x[0], &(gm_gemm_params){.transpose_b = true}))

OTHER(conv, gm_convolution(x[0], x[1], NULL))
OTHER(conv_uneven, gm_convolution(x[0], x[1], &(gm_convolution_params){.stride = {2, 1}, .padding = {1, 0}}))
OTHER(conv_remainder, gm_convolution(x[0], x[1], &(gm_convolution_params){.stride = {2, 3}, .padding = {0, 1}}))
OTHER(conv_transpose,
      gm_convolution_transpose(x[0], x[1], &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}}))
OTHER(conv_transpose_output,
      gm_convolution_transpose(x[0], x[1],
                               &(gm_convolution_params){.stride = {2, 3}, .padding = {1, 0}, .output_padding = {1, 2}}))
OTHER(conv_weight, gm_convolution_weight(x[0], x[1], (size_t[]){3, 2}, NULL))
OTHER(conv_weight_uneven, gm_convolution_weight(x[0], x[1], (size_t[]){3, 2},
                                                &(gm_convolution_params){.stride = {2, 1}, .padding = {1, 0}}))

OTHER(average_pool, gm_average_pool(x[0], &(gm_pool_params){.kernel = {2, 2}}))
OTHER(average_pool_padded,
      gm_average_pool(x[0], &(gm_pool_params){.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}}))
OTHER(max_pool, gm_max_pool(gm_square(x[0]), &(gm_pool_params){.kernel = {2, 2}}))
OTHER(max_pool_padded, gm_max_pool(x[0], &(gm_pool_params){.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}))
OTHER(max_pool_overlapping, gm_square(gm_max_pool(x[0], &(gm_pool_params){.kernel = {3, 2}, .stride = {1, 1}})))

OTHER(gather, gm_square(gm_gather(x[0], x[1])))
OTHER(scatter_add, gm_square(gm_scatter_add(x[0], x[1], 4)))

OTHER(shift, gm_square(gm_shift2d(x[0], gm_reshape(x[1], GM_SHAPE(3, 2)))))

OTHER(border_reflected, gm_square(gm_pad2d(x[0], (size_t[]){1, 2}, (size_t[]){0, 3}, GM_PADDING_REFLECT)))
OTHER(border_repeated, gm_square(gm_pad2d(x[0], (size_t[]){2, 0}, (size_t[]){1, 3}, GM_PADDING_REPLICATE)))

// Places between pixels, away from the kinks on them: .5 around them each, from -1.5 on.
OTHER(warp, gm_square(gm_warp2d(x[0], gm_offset(gm_scale(x[1], .3), 1.5))))
OTHER(warp_adjoint, gm_square(gm_warp2d_adjoint(x[0], gm_offset(gm_scale(x[1], .3), .5), 3, 4)))

// clang-format off
#define COUNT(...) GM_COUNT(((double[]){__VA_ARGS__}))
// A variable of that shape with elements in [-1, 1], or in [LOW, HIGH].
#define X(...) {.shape = {COUNT(__VA_ARGS__), {__VA_ARGS__}}}
#define RANGE(LOW, HIGH, ...) {.shape = {COUNT(__VA_ARGS__), {__VA_ARGS__}}, .low = LOW, .high = HIGH}
#define ONE(NAME, X0) {.name = #NAME, .build = build_##NAME, .count = 1, .variable = {X0}}
#define TWO(NAME, X0, X1) {.name = #NAME, .build = build_##NAME, .count = 2, .variable = {X0, X1}}
#define BOTH(NAME)                                                                                                     \
    TWO(NAME, X(2, 3), X(2, 3)),                                                                                       \
    {.name = #NAME "_broadcast", .build = build_##NAME, .count = 2, .variable = {X(2, 1, 3), X(4, 1)}}
#define INDEXED(NAME, X0, ...)                                                                                         \
    {.name = #NAME, .build = build_##NAME, .count = 1, .variable = {X0},                                               \
     .index_count = COUNT(__VA_ARGS__), .index = {__VA_ARGS__}}
// clang-format on
static gm_gradient_case cases[] = {
    BOTH(add),
    BOTH(subtract),
    BOTH(multiply),
    BOTH(minimum),
    BOTH(maximum),
    TWO(divide, X(2, 1, 3), RANGE(.5, 2, 4, 1)),
    TWO(select, X(2, 3), X(2, 3)),
    TWO(select_broadcast, X(2, 1, 3), X(4, 1)),
    ONE(negate, X(2, 3)),
    ONE(abs, X(2, 3)),
    ONE(exp, X(2, 3)),
    ONE(log, RANGE(.5, 2, 2, 3)),
    ONE(sqrt, RANGE(.5, 2, 2, 3)),
    ONE(rsqrt, RANGE(.5, 2, 2, 3)),
    ONE(square, X(2, 3)),
    ONE(sin, RANGE(-3, 3, 2, 3)),
    ONE(cos, RANGE(-3, 3, 2, 3)),
    ONE(tanh, RANGE(-3, 3, 2, 3)),
    ONE(sigmoid, RANGE(-4, 4, 2, 3)),
    ONE(softplus, RANGE(-4, 4, 2, 3)),
    ONE(relu, X(2, 3)),
    ONE(leaky_relu, X(2, 3)),
    ONE(scale, X(2, 3)),
    ONE(offset, X(2, 3)),
    ONE(cast, X(2, 3)),
    ONE(used_twice, X(2, 3)),
    ONE(reshape, X(2, 3, 4)),
    ONE(transpose, X(2, 3, 4)),
    ONE(broadcast, X(4, 1)),
    ONE(slice, X(2, 3, 4)),
    ONE(flip, X(2, 3, 4)),
    ONE(pad, X(2, 3, 2)),
    TWO(concat, X(2, 3, 2), X(2, 1, 2)),
    ONE(sum, X(2, 3, 4)),
    ONE(sum_middle, X(2, 3, 4)),
    ONE(mean, X(2, 3, 4)),
    ONE(max, X(2, 3, 4)),
    ONE(variance, X(2, 3, 4)),
    ONE(softmax, RANGE(-3, 3, 2, 3, 2)),
    ONE(softmax_last, RANGE(-3, 3, 2, 2, 4)),
    TWO(gumbel_softmax, X(2, 3, 2), X(2, 3, 2)),
    ONE(log_softmax, RANGE(-3, 3, 2, 3, 2)),
    ONE(log_softmax_first, RANGE(-3, 3, 3, 2)),
    ONE(sum_all, X(2, 3)),
    ONE(mean_all, X(2, 3)),
    TWO(gemm, X(2, 3), X(3, 4)),
    TWO(gemm_ta, X(3, 2), X(3, 4)),
    TWO(gemm_tb, X(2, 3), X(4, 3)),
    TWO(gemm_ta_tb, X(3, 2), X(4, 3)),
    ONE(gemm_square, X(2, 3)),
    TWO(gemm, X(2, 2, 3), X(2, 3, 4)),
    TWO(gemm_ta, X(2, 1, 3, 2), X(2, 1, 3, 4)),
    TWO(gemm_tb, X(1, 2, 3), X(1, 4, 3)),
    TWO(gemm_ta_tb, X(1, 2, 2, 3, 2), X(1, 2, 2, 4, 3)),
    ONE(gemm_square, X(3, 2, 3)),
    TWO(conv, X(2, 2, 4, 3), X(3, 2, 3, 2)),
    TWO(conv_uneven, X(2, 2, 5, 4), X(3, 2, 3, 2)),
    TWO(conv_remainder, X(1, 2, 6, 5), X(2, 2, 3, 2)),
    TWO(conv_transpose, X(2, 3, 2, 3), X(3, 2, 4, 4)),
    TWO(conv_transpose_output, X(1, 2, 3, 2), X(2, 2, 3, 2)),
    TWO(conv_weight, X(2, 2, 4, 3), X(2, 3, 2, 2)),
    TWO(conv_weight_uneven, X(1, 2, 5, 4), X(1, 2, 3, 3)),
    ONE(average_pool, X(1, 2, 4, 5)),
    ONE(average_pool_padded, X(2, 1, 5, 4)),
    ONE(max_pool, RANGE(.1, 1, 1, 2, 4, 5)),
    ONE(max_pool_padded, X(2, 2, 5, 4)),
    ONE(max_pool_overlapping, X(1, 2, 5, 4)),
    INDEXED(gather, X(4, 3), 2, 0, 2, 7, -1, 3),
    INDEXED(scatter_add, X(6, 2), 2, 0, 2, 7, -1, 3),
    INDEXED(shift, X(3, 2, 3, 4), 1, -2, 0, 3, -4, 1),
    ONE(border_reflected, X(2, 2, 3, 4)),
    ONE(border_repeated, X(2, 2, 3, 4)),
    TWO(warp, X(2, 2, 4, 5), X(2, 2, 3, 2)),
    TWO(warp_adjoint, X(2, 2, 3, 2), X(2, 2, 3, 2)),
};

static void gradient_matches_central_differences(void **state) {
    assert_true(gm_gradient_check(*state, 1));
}

static void gradient_of_gradient_matches_central_differences(void **state) {
    assert_true(gm_gradient_check(*state, 2));
}

int main(void) {
    static struct CMUnitTest tests[2 * GM_COUNT(cases)];
    static char names[2 * GM_COUNT(cases)][64];
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        for (size_t order = 0; order < 2; order++) {
            size_t t = 2 * i + order;
            snprintf(names[t], sizeof names[t], "%s_gradient_%s_matches_differences", cases[i].name,
                     order == 0 ? "once" : "twice");
            tests[t] = (struct CMUnitTest){names[t],
                                           order == 0 ? gradient_matches_central_differences
                                                      : gradient_of_gradient_matches_central_differences,
                                           NULL, NULL, &cases[i]};
        }
    return _cmocka_run_group_tests("gradients", tests, GM_COUNT(tests), NULL, NULL);
}
