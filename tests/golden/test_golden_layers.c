// Layers by their rows in the table, held to PyTorch's values and gradients; spectral norm over several steps.
#include "golden.h"

#include "ganymede/nn.h"

#include <string.h>

typedef struct golden_layer {
    const char *type;
    const char *settings[8][4]; // key, value and, of a list, the others
    gm_shape x_shape, y_shape;
    const double *x, *y, *dy, *dx, *weight, *dweight, *bias, *dbias;
} golden_layer;

#include "layers.inc"

static gm_layer layer_of(const char *type) {
    gm_layer layer;
    gm_layer_default(&layer, gm_layer_type_find(type));
    return layer;
}

static gm_layer layer_of_row(const golden_layer *row) {
    gm_layer layer = layer_of(row->type);
    for (size_t i = 0; i < GM_COUNT(row->settings) && row->settings[i][0] != NULL; i++) {
        const char *const *words = row->settings[i];
        if (words[2] != NULL)
            check_ok(gm_layer_set_list(&layer, words[0], words + 1, words[3] ? 3 : 2));
        else
            check_ok(gm_layer_set_text(&layer, words[0], words[1]));
    }
    return layer;
}

static gm_network *network_of(const gm_layer *layer) {
    gm_network *network;
    check_ok(gm_network_create(&network, "net", layer, 1, GM_WEIGHTS_DEFAULT));
    return network;
}

// The gradient of sum(y dy) by x.
static gm_tensor *gradient_of(gm_tensor *y, gm_tensor *dy, gm_tensor *x) {
    gm_tensor *dx, *sum = gm_sum_all(gm_multiply(y, dy));
    gm_grad(sum, &x, 1, &dx);
    return dx;
}

static void layer_as_in_pytorch(void **state) {
    const golden_layer *row = *state;
    const double *const trained[2][2] = {{row->weight, row->dweight}, {row->bias, row->dbias}};
    const gm_layer layer = layer_of_row(row);
    gm_network *network = network_of(&layer);
    golden g;
    golden_open(&g);
    gm_tensor *x = golden_input(&g, "x", row->x_shape, row->x);
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    check_ok(gm_graph_status(g.graph));
    if (!gm_shape_equal(gm_tensor_shape(y), &row->y_shape))
        fail_msg("%s has another shape than PyTorch's", row->type);
    gm_tensor *dy = golden_input(&g, "dy", row->y_shape, row->dy);
    size_t count, expected = (size_t)(row->weight != NULL) + (size_t)(row->bias != NULL);
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        check_ok(gm_reference_set(g.reference, parameters[i], trained[i][0]));
    golden_evaluate(&g, row->type, y, row->y);
    golden_evaluate(&g, row->type, gradient_of(y, dy, x), row->dx);
    for (size_t i = 0; i < count; i++)
        golden_evaluate(&g, gm_tensor_name(parameters[i]), gradient_of(y, dy, parameters[i]), trained[i][1]);
    // No running statistics: inference is the same.
    assert_ptr_equal(gm_network_apply(network, x, GM_MODE_INFERENCE, NULL), y);
    gm_network_destroy(&network);
    golden_close(&g);
}

typedef struct golden_spectral {
    const char *type, *units, *kernel[2], *groups;
    gm_shape x_shape;
    const double *u, *weight, *x, *y, *dy, *dx, *dweight, *move, *us, *eval_y;
} golden_spectral;

#define SPECTRAL(name)                                                                                                 \
    name##_u, name##_weight, name##_x, name##_y, name##_dy, name##_dx, name##_dweight, name##_move, name##_us,         \
        name##_eval_y
static const golden_spectral spectral_rows[] = {
    {"dense", "3", {NULL}, NULL, {2, {2, 4}}, SPECTRAL(spectral_dense)},
    {"conv", "4", {"2", "3"}, "2", {4, {1, 4, 3, 3}}, SPECTRAL(spectral_conv)},
    {"conv_transpose", "2", {"2", "3"}, "1", {4, {1, 3, 2, 1}}, SPECTRAL(spectral_conv_transpose)},
};

static gm_network *spectral_network(const golden_spectral *row) {
    gm_layer layer = layer_of(row->type);
    check_ok(gm_layer_set_text(&layer, NULL, row->units));
    check_ok(gm_layer_set_text(&layer, "bias", "false"));
    check_ok(gm_layer_set_text(&layer, "spectral_norm", "true"));
    if (row->groups != NULL) {
        check_ok(gm_layer_set_list(&layer, "kernel", row->kernel, 2));
        check_ok(gm_layer_set_text(&layer, "groups", row->groups));
    }
    return network_of(&layer);
}

// Both applications of a step, the gradients, and the vector after it.
static void check_step(golden *g, const golden_spectral *row, gm_phase *phase, size_t t, gm_tensor *const x[2],
                       gm_tensor *const dy[2], gm_tensor *const fetched[5]) {
    const size_t in = gm_shape_count(&row->x_shape), out = gm_shape_count(gm_tensor_shape(fetched[0]));
    gm_tensor *u = gm_variable_find(g->graph, "net.0.spectral_u");
    const gm_tensor *weight = gm_variable_find(g->graph, "net.0.weight");
    for (size_t k = 0; k < 2; k++) {
        check_ok(gm_reference_set(g->reference, x[k], row->x + (2 * t + k) * in));
        check_ok(gm_reference_set(g->reference, dy[k], row->dy + (2 * t + k) * out));
    }
    check_ok(gm_reference_run(g->reference, phase));
    for (size_t k = 0; k < 2; k++) {
        golden_compare(g, "y", fetched[k], row->y + (2 * t + k) * out);
        golden_compare(g, "dx", fetched[2 + k], row->dx + (2 * t + k) * in);
    }
    golden_compare(g, "dweight", fetched[4], row->dweight + t * gm_shape_count(gm_tensor_shape(weight)));
    golden_compare(g, "u", u, row->us + t * gm_shape_count(gm_tensor_shape(u)));
}

static void spectral_norm_over_several_steps_as_in_pytorch(void **state) {
    const golden_spectral *row = *state;
    gm_network *network = spectral_network(row);
    golden g;
    golden_open(&g);
    gm_tensor *x[2] = {gm_input(g.graph, "x0", GM_FLOAT32, row->x_shape),
                       gm_input(g.graph, "x1", GM_FLOAT32, row->x_shape)};
    gm_tensor *fetched[5], *dy[2];
    for (size_t k = 0; k < 2; k++)
        fetched[k] = gm_network_apply(network, x[k], GM_MODE_TRAINING, NULL);
    gm_tensor *eval = gm_network_apply(network, x[0], GM_MODE_INFERENCE, NULL);
    check_ok(gm_graph_status(g.graph));
    for (size_t k = 0; k < 2; k++)
        dy[k] = gm_input(g.graph, k == 0 ? "dy0" : "dy1", GM_FLOAT32, *gm_tensor_shape(fetched[k]));
    gm_tensor *weight = gm_variable_find(g.graph, "net.0.weight");
    gm_tensor *loss = gm_constant(g.graph, 0);
    for (size_t k = 0; k < 2; k++) {
        fetched[2 + k] = gradient_of(fetched[k], dy[k], x[k]);
        loss = gm_add(loss, gm_sum_all(gm_multiply(fetched[k], dy[k])));
        loss = gm_add(loss, gm_sum_all(gm_square(fetched[2 + k]))); // a gradient penalty
    }
    gm_grad(loss, &weight, 1, fetched + 4);
    gm_tensor *move = gm_input(g.graph, "move", GM_FLOAT32, *gm_tensor_shape(weight));
    gm_phase *phase = gm_phase_create(g.graph, "training"), *moving = gm_phase_create(g.graph, "moving");
    for (size_t i = 0; i < 5; i++)
        gm_phase_fetch(phase, fetched[i]);
    gm_network_assign_statistics(network, phase);
    gm_phase_assign(moving, weight, gm_add(weight, move));
    check_ok(gm_graph_status(g.graph));
    check_ok(gm_reference_set(g.reference, weight, row->weight));
    check_ok(gm_reference_set(g.reference, gm_variable_find(g.graph, "net.0.spectral_u"), row->u));
    for (size_t t = 0; t < SPECTRAL_STEPS; t++) {
        check_step(&g, row, phase, t, x, dy, fetched);
        check_ok(gm_reference_set(g.reference, move, row->move + t * gm_shape_count(gm_tensor_shape(weight))));
        check_ok(gm_reference_run(g.reference, moving));
    }
    for (size_t t = 0; t < 200; t++)
        check_ok(gm_reference_run(g.reference, phase));
    check_ok(gm_reference_set(g.reference, x[0], row->x));
    golden_evaluate(&g, "y in inference", eval, row->eval_y);
    gm_network_destroy(&network);
    golden_close(&g);
}

int main(void) {
    static struct CMUnitTest tests[GM_COUNT(layers) + GM_COUNT(spectral_rows)];
    static char names[GM_COUNT(tests)][64];
    static golden_layer rows[GM_COUNT(layers)];
    static golden_spectral spectral[GM_COUNT(spectral_rows)];
    size_t count = 0;
    for (size_t i = 0; i < GM_COUNT(layers); i++, count++) {
        rows[i] = layers[i];
        snprintf(names[count], sizeof names[count], "%s_%zu_as_in_pytorch", rows[i].type, i);
        tests[count] = (struct CMUnitTest){names[count], layer_as_in_pytorch, NULL, NULL, &rows[i]};
    }
    for (size_t i = 0; i < GM_COUNT(spectral_rows); i++, count++) {
        spectral[i] = spectral_rows[i];
        snprintf(names[count], sizeof names[count], "spectral_norm_of_%s_as_in_pytorch", spectral[i].type);
        tests[count] =
            (struct CMUnitTest){names[count], spectral_norm_over_several_steps_as_in_pytorch, NULL, NULL, &spectral[i]};
    }
    return _cmocka_run_group_tests("golden layers", tests, count, NULL, NULL);
}
