// Recurrent layers, held to PyTorch's values and gradients.
#include "golden.h"

#include "ganymede/nn.h"

typedef struct golden_recurrent {
    const char *type;
    const char *settings[8][3]; // key and value
    gm_shape x_shape, y_shape;
    size_t weight_count;
    const double *x, *y, *dy, *dx, *weights, *dweights; // the weights one after the other
} golden_recurrent;

#include "recurrent.inc"

static gm_network *network_of(const golden_recurrent *row) {
    gm_layer layer;
    gm_network *network;
    gm_layer_default(&layer, gm_layer_type_find(row->type));
    for (size_t i = 0; i < GM_COUNT(row->settings) && row->settings[i][0] != NULL; i++)
        check_ok(gm_layer_set_text(&layer, row->settings[i][0], row->settings[i][1]));
    check_ok(gm_network_create(&network, "net", &layer, 1, GM_WEIGHTS_DEFAULT));
    return network;
}

static void layer_as_in_pytorch(void **state) {
    const golden_recurrent *row = *state;
    gm_network *network = network_of(row);
    golden g;
    golden_open(&g);
    gm_tensor *x = golden_input(&g, "x", row->x_shape, row->x);
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    check_ok(gm_graph_status(g.graph));
    if (!gm_shape_equal(gm_tensor_shape(y), &row->y_shape))
        fail_msg("%s has another shape than PyTorch's", row->type);
    size_t count, at = 0;
    gm_tensor *const *weights = gm_network_parameters(network, &count);
    assert_int_equal(count, row->weight_count);
    for (size_t i = 0; i < count; i++) {
        check_ok(gm_reference_set(g.reference, weights[i], row->weights + at));
        at += gm_shape_count(gm_tensor_shape(weights[i]));
    }
    golden_evaluate(&g, row->type, y, row->y);
    gm_tensor *dx, *loss = gm_sum_all(gm_multiply(y, golden_input(&g, "dy", row->y_shape, row->dy)));
    gm_grad(loss, &x, 1, &dx);
    golden_evaluate(&g, row->type, dx, row->dx);
    at = 0;
    for (size_t i = 0; i < count; i++) {
        gm_grad(loss, &weights[i], 1, &dx);
        golden_evaluate(&g, gm_tensor_name(weights[i]), dx, row->dweights + at);
        at += gm_shape_count(gm_tensor_shape(weights[i]));
    }
    gm_network_destroy(&network);
    golden_close(&g);
}

int main(void) {
    static struct CMUnitTest tests[GM_COUNT(layers)];
    static char names[GM_COUNT(layers)][64];
    for (size_t i = 0; i < GM_COUNT(layers); i++) {
        snprintf(names[i], sizeof names[i], "%s %zu as in PyTorch", layers[i].type, i);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = layer_as_in_pytorch, .initial_state = (void *)(uintptr_t)&layers[i]};
    }
    return _cmocka_run_group_tests("recurrent layers", tests, GM_COUNT(tests), NULL, NULL);
}
