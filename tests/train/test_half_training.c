// Training with half storage: the loss is scaled so that small gradients survive, which changes nothing by itself, and
// networks learn what they learn in float32.
#include "device_test.h"
#include "train/training.h"

#include "graph/graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 3, NETWORKS = 2 };

static const char *const networks[NETWORKS] = {"generator.", "discriminator."};
// A run of a few steps: all variables after them, one behind the other, and the losses on the way.
typedef struct outcome {
    float *before, *after;
    size_t count, begin[NETWORKS], end[NETWORKS]; // of the networks' parameters: they stand together
    float loss[STEPS][2];
} outcome;

// Copies the state's floats; returns how many.
static size_t read_state(gm_state *state, float *values, outcome *o) {
    size_t count = 0;
    for (size_t i = 0; i < gm_state_count(state); i++) {
        const char *name;
        gm_type type;
        gm_shape shape;
        gm_state_entry(state, i, &name, &type, &shape);
        if (type != GM_FLOAT32)
            continue;
        size_t length = gm_shape_count(&shape);
        for (size_t n = 0; n < NETWORKS; n++)
            if (strncmp(name, networks[n], strlen(networks[n])) == 0) {
                o->begin[n] = o->end[n] > 0 ? o->begin[n] : count;
                o->end[n] = count + length;
            }
        if (values)
            check_ok(gm_state_read(state, name, values + count, length * sizeof *values));
        count += length;
    }
    return count;
}

static void write_inputs(const training *t, gm_plan *plan) {
    for (size_t id = 0; id < t->model.graph->node_count; id++) {
        gm_tensor *input = t->model.graph->nodes[id];
        if (input->op != &gm_op_input)
            continue;
        size_t count = gm_shape_count(&input->shape), size = gm_type_size(input->type);
        char *values = malloc(count * size);
        assert_non_null(values);
        for (size_t i = 0; i < count; i++) {
            double value = training_input(1, input, i);
            if (input->type == GM_FLOAT32)
                ((float *)values)[i] = (float)value;
            else if (input->type == GM_INT32)
                ((int32_t *)values)[i] = (int32_t)value;
            else
                ((uint8_t *)values)[i] = (uint8_t)value;
        }
        check_ok(gm_plan_write(plan, input, values, count * size));
        free(values);
    }
}

// Two convolutions on either side, and as few kernels as that takes: drivers for CPUs compile GPUs' slowly.
static const char small_generator[] = "generator=[{dense: 1024}, {reshape: [16, 8, 8]}, {relu: }, {conv_transpose: "
                                      "{channels: 16, kernel: 4, stride: 2, padding: 1}}, {relu: }, {conv_transpose: "
                                      "{channels: 1, kernel: 4, stride: 2, padding: 1}}, {tanh: }]";
static const char small_discriminator[] = "discriminator=[{conv: {channels: 16, kernel: 4, stride: 2, padding: 1}}, "
                                          "{relu: }, {conv: {channels: 16, kernel: 4, stride: 2, padding: 1}}, "
                                          "{relu: }, {flatten: }, {dense: 1}]";

static outcome train(const char *file, const char *batch, const char *precision) {
    training t;
    gm_state *state;
    gm_plan *plan;
    gm_phase *phases[32];
    outcome o = {.count = 0};
    bool images = strncmp(file, "dcgan", 5) == 0;
    training_init(&t, &(recipe_case){.file = file,
                                     .settings = {batch, precision, images ? small_generator : NULL,
                                                  images ? small_discriminator : NULL},
                                     .channels = 1,
                                     .size = images ? 32 : 28});
    check_ok(gm_state_create(&state, device, 1));
    check_ok(gm_plan_create(&plan, t.model.graph, state,
                            &(gm_plan_options){.precision = (gm_precision)gm_train_settings_of(t.recipe)->precision}));
    write_inputs(&t, plan);
    o.count = read_state(state, NULL, &o);
    o.before = malloc(o.count * sizeof *o.before);
    o.after = malloc(o.count * sizeof *o.after);
    assert_true(o.before && o.after);
    read_state(state, o.before, &o);
    size_t count = training_phases(&t, phases);
    for (size_t step = 0; step < STEPS; step++) {
        for (size_t i = 0; i < count; i++)
            check_ok(gm_plan_run(plan, phases[i]));
        check_ok(
            gm_plan_read(plan, gm_model_find_number(&t.model, "discriminator_loss"), &o.loss[step][0], sizeof(float)));
        check_ok(gm_plan_read(plan, gm_model_find_number(&t.model, "generator_loss"), &o.loss[step][1], sizeof(float)));
    }
    read_state(state, o.after, &o);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    training_finish(&t);
    return o;
}

static void finish(outcome *o) {
    free(o->before);
    free(o->after);
}

// Nodes of the training step that divide by the loss's scale.
static size_t count_divisions(const char *batch, const char *precision, double scale) {
    training t;
    size_t count = 0;
    training_init(
        &t, &(recipe_case){.file = "mlp-fashion.yaml", .settings = {batch, precision}, .channels = 1, .size = 28});
    for (size_t id = 1; id < t.model.graph->node_count; id++) {
        const gm_tensor *node = t.model.graph->nodes[id];
        const gm_element_attributes *attributes = node->attributes;
        count += strcmp(node->op->name, "scale") == 0 && attributes->a == 1 / scale;
    }
    training_finish(&t);
    return count;
}

// 6 layers, a weight and a bias each.
static void gradients_are_of_a_loss_scaled_with_the_batch(void **unused) {
    (void)unused;
    assert_int_equal(count_divisions("data.batch=64", "precision=half_storage", 8192), 12);
    assert_int_equal(count_divisions("data.batch=20", "precision=half_storage", 2048), 12);
    assert_int_equal(count_divisions("data.batch=1", "precision=half_storage", 128), 12);
    assert_int_equal(count_divisions("data.batch=64", "precision=float32", 8192), 0);
}

static void scaling_the_loss_changes_no_bit(void **unused) {
    (void)unused;
    setenv("GANYMEDE_KERNELS", "cpu", 1); // which store no halves
    outcome plain = train("mlp-fashion.yaml", "data.batch=20", "precision=float32");
    outcome scaled = train("mlp-fashion.yaml", "data.batch=20", "precision=half_storage");
    assert_int_equal(plain.count, scaled.count);
    for (size_t i = 0; i < plain.count; i++)
        if (memcmp(&plain.after[i], &scaled.after[i], sizeof(float)) != 0)
            fail_msg("value %zu of the state is %.9g, not %.9g", i, (double)scaled.after[i], (double)plain.after[i]);
    assert_memory_equal(plain.loss, scaled.loss, sizeof plain.loss);
    finish(&plain);
    finish(&scaled);
}

// The cosine between both ways that a network's parameters have gone.
static double agreement(const outcome *a, const outcome *b, size_t network) {
    double product = 0, norm[2] = {0, 0};
    for (size_t i = a->begin[network]; i < a->end[network]; i++) {
        double u = (double)a->after[i] - (double)a->before[i], v = (double)b->after[i] - (double)b->before[i];
        product += u * v;
        norm[0] += u * u;
        norm[1] += v * v;
    }
    return product / sqrt(norm[0] * norm[1]);
}

static void convolutional_networks_learn_as_in_float32(void **unused) {
    (void)unused;
    setenv("GANYMEDE_KERNELS", "gpu", 1);
    outcome plain = train("dcgan-quick.yaml", "data.batch=4", "precision=float32");
    outcome half = train("dcgan-quick.yaml", "data.batch=4", "precision=half_storage");
    for (size_t step = 0; step < STEPS; step++)
        for (size_t i = 0; i < 2; i++)
            if (!(fabsf(half.loss[step][i] - plain.loss[step][i]) <= 0.02F * plain.loss[step][i]))
                fail_msg("step %zu: loss %zu is %g, in float32 %g", step, i, (double)half.loss[step][i],
                         (double)plain.loss[step][i]);
    for (size_t n = 0; n < NETWORKS; n++) {
        double cosine = agreement(&plain, &half, n);
        if (!(cosine > 0.95) || memcmp(plain.after, half.after, plain.count * sizeof(float)) == 0)
            fail_msg("%sparameters go another way: cosine %g", networks[n], cosine);
    }
    finish(&plain);
    finish(&half);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_of_a_loss_scaled_with_the_batch),
        cmocka_unit_test(scaling_the_loss_changes_no_bit),
        cmocka_unit_test(convolutional_networks_learn_as_in_float32),
    };
    return cmocka_run_group_tests_name("training with half storage", tests, open_device, close_device);
}
