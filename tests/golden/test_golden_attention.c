// Attention held to PyTorch's values and gradients: scaled_dot_product_attention, and MultiheadAttention's arithmetic.
#include "golden.h"

#include "ganymede/nn.h"

typedef struct golden_attention {
    const char *settings[8][2]; // key, value
    gm_shape shape;
    size_t weight_count;
    const double *x, *y, *dy, *dx, *weights, *gradients; // of all weights, in the order of their declaration
} golden_attention;

#include "attention.inc"

static gm_network *network_of(const golden_attention *row) {
    gm_layer layer;
    gm_network *network;
    gm_layer_default(&layer, gm_layer_type_find("attention"));
    for (size_t i = 0; i < GM_COUNT(row->settings) && row->settings[i][0] != NULL; i++)
        check_ok(gm_layer_set_text(&layer, row->settings[i][0], row->settings[i][1]));
    check_ok(gm_network_create(&network, "net", &layer, 1, GM_WEIGHTS_DEFAULT));
    return network;
}

static void attention_as_in_pytorch(void **state) {
    const golden_attention *row = *state;
    gm_network *network = network_of(row);
    gm_tensor *sources[16], *gradients[16];
    golden g;
    golden_open(&g);
    gm_tensor *x = golden_input(&g, "x", row->shape, row->x);
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_tensor *dy = golden_input(&g, "dy", row->shape, row->dy);
    size_t count, at = 0;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    assert_int_equal(count, row->weight_count);
    sources[0] = x;
    for (size_t i = 0; i < count; i++) {
        check_ok(gm_reference_set(g.reference, parameters[i], row->weights + at));
        at += gm_shape_count(gm_tensor_shape(parameters[i]));
        sources[i + 1] = parameters[i];
    }
    golden_evaluate(&g, "y", y, row->y);
    gm_grad(gm_sum_all(gm_multiply(y, dy)), sources, count + 1, gradients);
    golden_evaluate(&g, "dx", gradients[0], row->dx);
    at = 0;
    for (size_t i = 0; i < count; i++) {
        golden_evaluate(&g, gm_tensor_name(parameters[i]), gradients[i + 1], row->gradients + at);
        at += gm_shape_count(gm_tensor_shape(parameters[i]));
    }
    gm_network_destroy(&network);
    golden_close(&g);
}

int main(void) {
    static struct CMUnitTest tests[GM_COUNT(attentions)];
    static char names[GM_COUNT(attentions)][32];
    static golden_attention rows[GM_COUNT(attentions)];
    for (size_t i = 0; i < GM_COUNT(attentions); i++) {
        rows[i] = attentions[i];
        snprintf(names[i], sizeof names[i], "attention_%zu_as_in_pytorch", i);
        tests[i] = (struct CMUnitTest){names[i], attention_as_in_pytorch, NULL, NULL, &rows[i]};
    }
    return _cmocka_run_group_tests("golden attention", tests, GM_COUNT(tests), NULL, NULL);
}
