// Gradients of layers by their inputs and by their own variables: once, and twice as penalties need them.
#include "base/base.h"
#include "ganymede/nn.h"
#include "nn/layers.h"
#include "reference/gradient_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LAYER(name, expression)                                                                                        \
    static gm_tensor *build_##name(gm_graph *graph, gm_tensor *const *x) {                                             \
        (void)graph;                                                                                                   \
        return expression;                                                                                             \
    }

LAYER(layer_norm, gm_layer_norm(x[0], "n", &(gm_sample_norm_params){0}))
LAYER(instance_norm, gm_instance_norm(x[0], "n", &(gm_sample_norm_params){0}))
LAYER(group_norm, gm_group_norm(x[0], "n", &(gm_sample_norm_params){.groups = 2}))
LAYER(channel_norm, gm_layer_norm(x[0], "n", &(gm_sample_norm_params){.over = GM_NORM_OVER_CHANNELS}))
LAYER(adain, gm_adaptive_instance_norm(x[0], x[1], "n", &(gm_adain_params){0}))
LAYER(modulated_conv,
      gm_square(gm_modulated_conv(x[0], x[1], "n", &(gm_modulated_conv_params){.channels = 2, .kernel = {3, 1}})))
LAYER(modulated_plain,
      gm_square(gm_modulated_conv(x[0], x[1], "n",
                                  &(gm_modulated_conv_params){.channels = 2, .kernel = {3}, .no_demodulate = true})))
LAYER(pixel_norm, gm_square(gm_offset(gm_pixel_norm(x[0], .1), 1)))
LAYER(reflect,
      gm_square(gm_pad_samples(x[0], &(gm_padding_params){.size = GM_SHAPE(2, 1), .mode = GM_PADDING_REFLECT})))
LAYER(replicate, gm_square(gm_pad_samples(x[0], &(gm_padding_params){.size = GM_SHAPE(1),
                                                                     .after = GM_SHAPE(2, 0, 1),
                                                                     .mode = GM_PADDING_REPLICATE})))
LAYER(pixel_shuffle, gm_square(gm_pixel_shuffle(x[0], 2)))
LAYER(pixel_unshuffle, gm_square(gm_pixel_unshuffle(x[0], 2)))
LAYER(phase_shuffle,
      gm_square(gm_phase_shuffle(x[0], "p", GM_MODE_TRAINING, gm_input(graph, "counter", GM_INT32, GM_SHAPE(2)), 2)))
LAYER(minibatch_stddev, gm_square(gm_minibatch_stddev(x[0], &(gm_minibatch_stddev_params){.group = 2})))
LAYER(upsample, gm_square(gm_upsample(x[0], &(gm_upsample_params){.factor = {2, 3}})))
LAYER(upsample_bilinear,
      gm_square(gm_upsample(x[0], &(gm_upsample_params){.factor = {3, 2}, .mode = GM_UPSAMPLE_BILINEAR})))
LAYER(maxout, gm_square(gm_maxout(x[0], "n", &(gm_maxout_params){.dense = {.units = 2}, .pieces = 3})))
LAYER(conv_groups,
      gm_square(gm_conv(x[0], "n", &(gm_conv_params){.channels = 4, .kernel = {2, 2}, .stride = {1, 2}, .groups = 2})))
LAYER(conv_transpose_groups,
      gm_square(gm_conv_transpose(x[0], "n", &(gm_conv_params){.channels = 2, .kernel = {2, 3}, .groups = 2})))
LAYER(embed, gm_square(gm_embed(x[0], x[2], "n", &(gm_embed_params){.classes = 4, .size = 2})))
LAYER(projection, gm_square(gm_projection(x[0], x[4], "n", &(gm_projection_params){.classes = 3})))
LAYER(attention, gm_square(gm_attention(x[0], "n", &(gm_attention_params){.key = 1})))
LAYER(attention_causal,
      gm_square(gm_attention(
          x[0], "n", &(gm_attention_params){.heads = 2, .key = 2, .causal = true, .no_gate = true, .bias = true})))
LAYER(positions, gm_square(gm_positions(x[0], "n", &(gm_positions_params){0})))
// In inference u is fixed and v follows the weight, where |W'u| is at its maximum in v: so the gradient that takes v as
// a constant is the whole one, once. (Twice, and in training, PyTorch's values are the measure.)
LAYER(spectral_norm, gm_spectral_norm(x[0], "n", 1, &(gm_spectral_norm_params){.mode = GM_MODE_INFERENCE}))

// Enough positions for the weight's products to be joined.
LAYER(gru, gm_gru(x[0], "n", &(gm_recurrent_params){.units = 1}))
LAYER(gru_decayed, gm_add(gm_gru(x[0], "n", &(gm_recurrent_params){.units = 2}), gm_sum_all(gm_square(x[1]))))
LAYER(gru_both, gm_gru(x[0], "n", &(gm_recurrent_params){.units = 2, .layers = 2, .bidirectional = true}))
LAYER(lstm, gm_lstm(x[0], "n", &(gm_recurrent_params){.units = 1}))
LAYER(lstm_last, gm_lstm(x[0], "n", &(gm_recurrent_params){.units = 2, .bidirectional = true, .last = true}))
LAYER(embedding_of_shares, gm_square(gm_embedding_layer(x[0], "n", &(gm_embedding_params){.size = 2})))
LAYER(embedding, gm_square(gm_embedding(gm_reshape(x[1], (gm_shape){2, {2, 3}}), "n",
                                        &(gm_embedding_params){.symbols = 4, .size = 2})))

// gamma/2 |d critic / d x|^2 of a residual critic with norms inside, to which max and broadcasts belong.
static gm_tensor *build_residual_r1(gm_graph *graph, gm_tensor *const *x) {
    (void)graph;
    gm_layer body[2], layers[3];
    gm_layer_default(&body[0], gm_layer_type_find("group_norm"));
    gm_layer_set_text(&body[0], NULL, "2");
    gm_layer_default(&body[1], gm_layer_type_find("conv"));
    gm_layer_set_text(&body[1], NULL, "2");
    gm_layer_set_text(&body[1], "kernel", "1");
    gm_layer_set_text(&body[1], "groups", "2");
    gm_layer_default(&layers[0], gm_layer_type_find("residual"));
    gm_layer_set_layers(&layers[0], NULL, body, 2);
    gm_layer_default(&layers[1], gm_layer_type_find("upsample"));
    gm_layer_default(&layers[2], gm_layer_type_find("softplus"));
    gm_network *network;
    if (gm_network_create(&network, "n", layers, 3, GM_WEIGHTS_DEFAULT) != GM_OK)
        return gm_constant(graph, 0);
    gm_tensor *dx, *y = gm_sum_all(gm_square(gm_network_apply(network, x[0], GM_MODE_TRAINING, NULL)));
    gm_network_destroy(&network);
    gm_grad(y, x, 1, &dx);
    return gm_scale(gm_sum_all(gm_square(dx)), .5);
}

// clang-format off
#define COUNT(...) GM_COUNT(((double[]){__VA_ARGS__}))
#define X(...) {.shape = {COUNT(__VA_ARGS__), {__VA_ARGS__}}}
#define NAMED(NAME, ...) {.shape = {COUNT(__VA_ARGS__), {__VA_ARGS__}}, .name = NAME}
#define CASE(NAME, COUNT, ...) .name = #NAME, .build = build_##NAME, .count = COUNT, .variable = {__VA_ARGS__}
static gm_gradient_case cases[] = {
    {CASE(layer_norm, 3, X(2, 3), NAMED("n.weight", 3), NAMED("n.bias", 3))},
    {CASE(layer_norm, 3, X(2, 2, 1, 2), NAMED("n.weight", 2, 1, 2), NAMED("n.bias", 2, 1, 2))},
    {CASE(instance_norm, 3, X(2, 2, 2, 2), NAMED("n.weight", 2), NAMED("n.bias", 2))},
    {CASE(group_norm, 3, X(1, 4, 1, 3), NAMED("n.weight", 4), NAMED("n.bias", 4))},
    {CASE(group_norm, 3, X(2, 6), NAMED("n.weight", 6), NAMED("n.bias", 6))},
    {CASE(instance_norm, 3, X(2, 2, 4), NAMED("n.weight", 2), NAMED("n.bias", 2))},
    {CASE(group_norm, 3, X(1, 4, 2, 1, 3), NAMED("n.weight", 4), NAMED("n.bias", 4))},
    {CASE(channel_norm, 3, X(2, 4, 2), NAMED("n.weight", 4), NAMED("n.bias", 4))},
    {CASE(adain, 4, X(2, 2, 4), X(2, 3), NAMED("n.weight", 3, 4), NAMED("n.bias", 4))},
    {CASE(modulated_conv, 5, X(2, 2, 3, 2), X(2, 2), NAMED("n.style.weight", 2, 2), NAMED("n.weight", 2, 2, 3, 1),
          NAMED("n.bias", 2))},
    {CASE(modulated_plain, 4, X(2, 2, 4), X(2, 2), NAMED("n.style.bias", 2), NAMED("n.weight", 2, 2, 3))},
    {CASE(pixel_norm, 1, X(2, 3, 2))},
    {CASE(reflect, 1, X(1, 2, 3, 2))},
    {CASE(replicate, 1, X(1, 1, 2, 2, 2))},
    {CASE(pixel_shuffle, 1, X(1, 8, 1, 2))},
    {CASE(pixel_unshuffle, 1, X(1, 2, 2, 4))},
    {CASE(phase_shuffle, 1, X(3, 2, 4))},
    {CASE(minibatch_stddev, 1, X(4, 2, 2))},
    {CASE(upsample, 1, X(1, 2, 2, 2))},
    {CASE(upsample_bilinear, 1, X(2, 1, 3, 2))},
    {CASE(maxout, 3, X(3, 2), NAMED("n.weight", 2, 6), NAMED("n.bias", 6))},
    {CASE(conv_groups, 3, X(1, 2, 3, 4), NAMED("n.weight", 4, 1, 2, 2), NAMED("n.bias", 4))},
    {CASE(conv_transpose_groups, 3, X(1, 4, 2, 2), NAMED("n.weight", 4, 1, 2, 3), NAMED("n.bias", 2))},
    {CASE(embed, 2, X(3, 2), NAMED("n.weight", 4, 2)), .index_count = 3, .index = {2, 0, 2}},
    {CASE(projection, 4, X(4, 2), NAMED("n.weight", 2, 1), NAMED("n.bias", 1), NAMED("n.embedding.weight", 3, 2)),
     .index_count = 4, .index = {2, 0, 2, 1}},
    {CASE(attention, 5, X(1, 2, 1, 3), NAMED("n.query.weight", 1, 2, 1, 1), NAMED("n.key.weight", 1, 2, 1, 1),
          NAMED("n.value.weight", 1, 2, 1, 1), NAMED("n.gate.weight", 1))},
    {CASE(attention_causal, 5, X(1, 2, 3), NAMED("n.query.weight", 2, 2, 1, 1), NAMED("n.key.weight", 2, 2, 1, 1),
          NAMED("n.value.bias", 2), NAMED("n.output.weight", 2, 2, 1, 1))},
    {CASE(positions, 2, X(2, 2, 3), NAMED("n.weight", 2, 3))},
    {CASE(gru, 5, X(2, 1, 9), NAMED("n.ih_l0.weight", 3, 1), NAMED("n.hh_l0.weight", 3, 1), NAMED("n.ih_l0.bias", 3),
          NAMED("n.hh_l0.bias", 3))},
    {CASE(gru_decayed, 2, X(1, 1, 9), NAMED("n.hh_l0.weight", 6, 2))},
    {CASE(gru_both, 5, X(1, 2, 9), NAMED("n.hh_l0_reverse.weight", 6, 2), NAMED("n.ih_l1.weight", 6, 4),
          NAMED("n.hh_l1_reverse.bias", 6), NAMED("n.hh_l1.weight", 6, 2))},
    {CASE(lstm, 5, X(2, 1, 9), NAMED("n.ih_l0.weight", 4, 1), NAMED("n.hh_l0.weight", 4, 1), NAMED("n.ih_l0.bias", 4),
          NAMED("n.hh_l0.bias", 4))},
    {CASE(lstm_last, 4, X(2, 2, 3), NAMED("n.hh_l0.weight", 8, 2), NAMED("n.ih_l0_reverse.weight", 8, 2),
          NAMED("n.hh_l0_reverse.bias", 8))},
    {CASE(embedding_of_shares, 2, X(2, 4, 3), NAMED("n.weight", 4, 2))},
    {CASE(embedding, 1, NAMED("n.weight", 4, 2)), .index_count = 6, .index = {2, 0, 2, 1, 9, 0}},
    {CASE(residual_r1, 4, X(1, 2, 1, 3), NAMED("n.0.0.weight", 2), NAMED("n.0.0.bias", 2),
          NAMED("n.0.1.weight", 2, 1, 1, 1))},
    {CASE(spectral_norm, 1, X(3, 4))}, // the last: once alone
};
// clang-format on

static void gradient_matches_central_differences(void **state) {
    assert_true(gm_gradient_check(*state, 1));
}

static void gradient_of_gradient_matches_central_differences(void **state) {
    assert_true(gm_gradient_check(*state, 2));
}

int main(void) {
    enum { TESTS = 2 * GM_COUNT(cases) - 1 };
    static struct CMUnitTest tests[TESTS];
    static char names[TESTS][64];
    for (size_t t = 0; t < TESTS; t++) {
        snprintf(names[t], sizeof names[t], "%s_gradient_%s_matches_differences", cases[t / 2].name,
                 t % 2 == 0 ? "once" : "twice");
        tests[t] = (struct CMUnitTest){names[t],
                                       t % 2 == 0 ? gradient_matches_central_differences
                                                  : gradient_of_gradient_matches_central_differences,
                                       NULL, NULL, &cases[t / 2]};
    }
    return _cmocka_run_group_tests("gradients of layers", tests, TESTS, NULL, NULL);
}
