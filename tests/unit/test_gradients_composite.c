// Gradients of whole expressions as GANs use them, penalties that contain a gradient among them: once and twice.
#include "base/base.h"
#include "reference/gradient_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

// (N, M) w + b
static gm_tensor *dense(gm_tensor *x, gm_tensor *w, gm_tensor *b) {
    return gm_add(gm_gemm(x, w, NULL), b);
}

// lambda mean((|d critic / d x| - 1)^2), the norm over all of a sample's values, epsilon inside the root.
static gm_tensor *gradient_penalty(gm_tensor *critic, gm_tensor *x) {
    gm_tensor *dx, *y = gm_sum_all(critic);
    gm_grad(y, &x, 1, &dx);
    uint32_t axes = 0;
    for (size_t i = 1; i < gm_tensor_shape(x)->rank; i++)
        axes |= GM_AXIS(i);
    gm_tensor *norm = gm_sqrt(gm_offset(gm_sum(gm_square(dx), axes), 1e-8));
    return gm_scale(gm_mean_all(gm_square(gm_offset(norm, -1))), 10);
}

// gamma/2 mean |d critic / d x|^2
static gm_tensor *r1(gm_tensor *critic, gm_tensor *x) {
    gm_tensor *dx, *y = gm_sum_all(critic);
    gm_grad(y, &x, 1, &dx);
    return gm_scale(gm_sum_all(gm_square(dx)), .5 / (double)gm_tensor_shape(x)->dim[0]);
}

static gm_tensor *batch_norm(gm_tensor *x, uint32_t axes, gm_tensor *weight, gm_tensor *bias) {
    gm_tensor *scaled = gm_multiply(gm_rsqrt(gm_offset(gm_variance(x, axes), 1e-5)), weight);
    return gm_add(gm_multiply(gm_subtract(x, gm_mean(x, axes)), scaled), bias);
}

// x: images between real and fake, two layers
static gm_tensor *build_wgan_gp(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_tensor *hidden = gm_leaky_relu(dense(x[0], x[1], x[2]), .2);
    gm_tensor *critic = gm_gemm(gm_tanh(hidden), x[3], NULL);
    return gm_add(gm_mean_all(critic), gradient_penalty(critic, x[0]));
}

static gm_tensor *build_batch_norm_dense(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return batch_norm(x[0], GM_AXIS(0), x[1], x[2]);
}

static gm_tensor *build_batch_norm_images(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return gm_tanh(batch_norm(x[0], GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3), x[1], x[2]));
}

static gm_tensor *build_batch_norm_r1(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return r1(gm_gemm(gm_sigmoid(batch_norm(x[0], GM_AXIS(0), x[1], x[2])), x[3], NULL), x[0]);
}

static gm_tensor *conv_critic(gm_tensor *const *x) {
    gm_tensor *h = gm_convolution(x[0], x[1], &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}});
    h = gm_convolution(gm_softplus(h), x[2], &(gm_convolution_params){.padding = {1, 1}});
    h = gm_average_pool(gm_leaky_relu(h, .2), &(gm_pool_params){.kernel = {2, 2}});
    gm_shape flat = GM_SHAPE(gm_tensor_shape(h)->dim[0], gm_tensor_shape(h)->dim[1]);
    return gm_gemm(gm_tanh(gm_reshape(h, flat)), x[3], NULL);
}

static gm_tensor *build_conv_critic_r1(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return r1(conv_critic(x), x[0]);
}

static gm_tensor *build_conv_critic_gp(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    return gradient_penalty(conv_critic(x), x[0]);
}

// max pooling and a broadcast bias inside a critic under R1
static gm_tensor *build_max_pool_r1(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_tensor *h = gm_convolution(x[0], x[1], &(gm_convolution_params){.padding = {1, 1}});
    h = gm_max_pool(gm_tanh(gm_add(h, x[2])), &(gm_pool_params){.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
    return r1(gm_square(h), x[0]);
}

// latent -> dense -> batch norm -> transposed convolution -> convolution -> logistic loss, as a DCGAN's generator sees
static gm_tensor *build_dcgan(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_tensor *h = gm_reshape(gm_gemm(x[0], x[1], NULL), GM_SHAPE(3, 2, 2, 2));
    h = gm_leaky_relu(batch_norm(h, GM_AXIS(0) | GM_AXIS(2) | GM_AXIS(3), x[2], x[2]), .1);
    h = gm_tanh(gm_convolution_transpose(h, x[3], &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}}));
    h = gm_convolution(h, x[4], NULL);
    return gm_mean_all(gm_softplus(gm_negate(h)));
}

// log-sum-exp with the maximum taken out, minus the label's logit: softmax cross-entropy
static gm_tensor *build_cross_entropy(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_tensor *most = gm_stop_gradient(gm_max(x[0], GM_AXIS(1)));
    gm_tensor *total = gm_add(gm_log(gm_sum(gm_exp(gm_subtract(x[0], most)), GM_AXIS(1))), most);
    return gm_mean_all(gm_subtract(total, gm_sum(gm_multiply(x[0], x[1]), GM_AXIS(1))));
}

#define COUNT(...) GM_COUNT(((double[]){__VA_ARGS__}))
#define X(...)                                                                                                         \
    {                                                                                                                  \
        .shape = { COUNT(__VA_ARGS__), {__VA_ARGS__} }                                                                 \
    }
static gm_gradient_case cases[] = {
    {.name = "wgan_gp", .build = build_wgan_gp, .count = 4, .variable = {X(3, 3), X(3, 4), X(4), X(4, 1)}},
    {.name = "batch_norm_dense", .build = build_batch_norm_dense, .count = 3, .variable = {X(5, 2), X(2), X(2)}},
    {.name = "batch_norm_images",
     .build = build_batch_norm_images,
     .count = 3,
     .variable = {X(2, 2, 2, 3), X(2, 1, 1), X(2, 1, 1)}},
    {.name = "batch_norm_r1", .build = build_batch_norm_r1, .count = 4, .variable = {X(5, 2), X(2), X(2), X(2, 1)}},
    {.name = "conv_critic_r1",
     .build = build_conv_critic_r1,
     .count = 4,
     .variable = {X(2, 1, 4, 4), X(2, 1, 4, 4), X(2, 2, 3, 3), X(2, 1)}},
    {.name = "conv_critic_gp",
     .build = build_conv_critic_gp,
     .count = 4,
     .variable = {X(2, 1, 4, 4), X(2, 1, 4, 4), X(2, 2, 3, 3), X(2, 1)}},
    {.name = "max_pool_r1",
     .build = build_max_pool_r1,
     .count = 3,
     .variable = {X(2, 1, 4, 4), X(2, 1, 3, 3), X(2, 1, 1)}},
    {.name = "dcgan",
     .build = build_dcgan,
     .count = 5,
     .variable = {X(3, 2), X(2, 8), X(2, 1, 1), X(2, 1, 4, 4), X(1, 1, 4, 4)}},
    {.name = "cross_entropy", .build = build_cross_entropy, .count = 2, .variable = {X(3, 4), X(3, 4)}},
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
    return _cmocka_run_group_tests("composite gradients", tests, GM_COUNT(tests), NULL, NULL);
}
