// Augmentation and updates from micro-batches as plans run them, on either family of kernels.
#include "base/base.h"
#include "device_test.h"
#include "ganymede/augment.h"
#include "ganymede/optim.h"
#include "kernels/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static gm_tensor *element(gm_tensor *vector, size_t i) {
    return gm_reshape(gm_slice(vector, &i, &(size_t){1}), GM_SCALAR);
}

// Advances the step at the phase's end.
static void count_step(gm_phase *phase, gm_tensor *counter) {
    gm_tensor *next[2] = {gm_add(element(counter, 0), gm_constant_int(gm_tensor_graph(counter), 1)),
                          element(counter, 1)};
    for (size_t i = 0; i < 2; i++)
        next[i] = gm_reshape(next[i], GM_SHAPE(1));
    gm_phase_assign(phase, counter, gm_concat(next, 2, 0));
}

static const gm_augment_params everything = {.brightness = {-0.5, 0.5},
                                             .saturation = {0, 2},
                                             .contrast = {0.5, 1.5},
                                             .translation = 0.25,
                                             .cutout = 0.5,
                                             .flip = true};

// A critic of augmented images, its gradient, and a probability that moves from step to step. Few kinds of launches:
// every one costs a driver seconds of compiling.
static void augmented_images_match_the_reference(void **state) {
    (void)state;
    gm_graph *graph;
    check_ok(gm_graph_create(&graph));
    enum { N = 7 };
    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(N, 3, 8, 6));
    gm_tensor *w = gm_input(graph, "w", GM_FLOAT32, GM_SHAPE(3, 8, 6));
    gm_tensor *p = gm_variable(graph, "p", GM_FLOAT32, GM_SCALAR, (gm_initializer){.a = 0.55});
    gm_tensor *y = gm_augment(x, "real", &everything, p, counter), *dx;
    gm_tensor *logits = gm_sum(gm_multiply(y, w), GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3));
    gm_grad(gm_sum_all(gm_tanh(logits)), &x, 1, &dx);
    gm_phase *phase = gm_phase_create(graph, "discriminator");
    gm_phase_fetch(phase, gm_pack(y, N));
    gm_phase_fetch(phase, dx);
    gm_phase_assign(phase, p, gm_augment_probability(p, logits, &(gm_adaptive_params){.target = 0.1, .images = 70}));
    count_step(phase, counter);
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = 7, .runs = 4}, graph));
    gm_graph_destroy(&graph);
}

static void images_that_are_left_alone_keep_every_bit(void **state) {
    (void)state;
    gm_graph *graph;
    gm_state *values;
    gm_plan *plan;
    enum { COUNT = 4 * 3 * 8 * 8 };
    static float in[COUNT], out[COUNT];
    static const float odd[] = {-0.0f, NAN, INFINITY, -INFINITY, 1e-42f, 3e38f, 1};
    for (size_t i = 0; i < COUNT; i++)
        in[i] = i % 3 ? (float)gm_philox_normal(1, 2, 0, 0, i) : odd[i / 3 % GM_COUNT(odd)];
    check_ok(gm_graph_create(&graph));
    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(4, 3, 8, 8));
    gm_tensor *p = gm_variable(graph, "p", GM_FLOAT32, GM_SCALAR, (gm_initializer){0});
    gm_tensor *y = gm_augment(x, "real", &everything, p, counter);
    gm_phase *phase = gm_phase_create(graph, "all");
    gm_phase_fetch(phase, y);
    check_ok(gm_state_create(&values, device, 3));
    check_ok(gm_plan_create(&plan, graph, values, NULL));
    check_ok(gm_plan_write(plan, x, in, sizeof in));
    check_ok(gm_plan_run(plan, phase));
    check_ok(gm_plan_read(plan, y, out, sizeof out));
    for (size_t i = 0; i < COUNT; i++)
        if (memcmp(&in[i], &out[i], sizeof in[i]) != 0)
            fail_msg("element %zu was %g and is %g", i, (double)in[i], (double)out[i]);
    gm_plan_destroy(&plan);
    gm_state_destroy(&values);
    gm_graph_destroy(&graph);
}

// ---- Micro-batches ----

enum { WHOLE = 64, MICRO = 16, FEATURES = 50, STEPS = 4 };

typedef struct model {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_tensor *x;
    gm_phase *gather, *update;
} model;

static void build(model *m, size_t batch) {
    check_ok(gm_graph_create(&m->graph));
    m->x = gm_input(m->graph, "x", GM_FLOAT32, GM_SHAPE(batch, FEATURES));
    gm_tensor *w = gm_variable(m->graph, "w", GM_FLOAT32, GM_SHAPE(FEATURES), (gm_initializer){.a = 0.3}), *dw, *mean;
    gm_grad(gm_mean_all(gm_softplus(gm_sum(gm_tanh(gm_multiply(m->x, w)), GM_AXIS(1)))), &w, 1, &dw);
    m->gather = gm_phase_create(m->graph, "gather");
    m->update = gm_phase_create(m->graph, "update");
    gm_gradients_accumulate(m->gather, "accumulated", &w, &dw, 1);
    gm_gradients_mean(m->update, "accumulated", &w, &dw, 1, WHOLE / batch, &mean);
    gm_optimizer rule = GM_SGD_DEFAULTS;
    rule.rate = 0.2;
    rule.momentum = 0.9;
    gm_optimizer_apply(m->update, &rule, "opt", NULL, &w, &mean, 1);
    check_ok(gm_state_create(&m->state, device, 11));
    check_ok(gm_plan_create(&m->plan, m->graph, m->state, NULL));
}

static void step(model *m, size_t batch, size_t t) {
    float x[WHOLE * FEATURES];
    for (size_t i = 0; i < GM_COUNT(x); i++)
        x[i] = (float)gm_philox_normal(5, 1, (uint32_t)t, 0, i);
    for (size_t first = 0; first < WHOLE; first += batch) {
        check_ok(gm_plan_write(m->plan, m->x, x + first * FEATURES, batch * FEATURES * sizeof *x));
        check_ok(gm_plan_run(m->plan, first + batch < WHOLE ? m->gather : m->update));
    }
}

static void micro_batches_equal_one_batch_to_rounding(void **state) {
    (void)state;
    model whole, micro;
    float w[2][FEATURES];
    build(&whole, WHOLE);
    build(&micro, MICRO);
    for (size_t t = 0; t < STEPS; t++) {
        step(&whole, WHOLE, t);
        step(&micro, MICRO, t);
    }
    check_ok(gm_state_read(whole.state, "w", w[0], sizeof w[0]));
    check_ok(gm_state_read(micro.state, "w", w[1], sizeof w[1]));
    double moved = 0;
    for (size_t i = 0; i < FEATURES; i++) {
        moved = fmax(moved, fabs((double)w[0][i] - 0.3));
        if (fabs((double)w[0][i] - (double)w[1][i]) > 2e-6)
            fail_msg("weight %zu is %.9g after micro-batches, %.9g after whole ones", i, (double)w[1][i],
                     (double)w[0][i]);
    }
    assert_true(moved > 0.01);
    for (size_t i = 0; i < 2; i++) {
        model *m = i == 0 ? &whole : &micro;
        gm_plan_destroy(&m->plan);
        gm_state_destroy(&m->state);
        gm_graph_destroy(&m->graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(augmented_images_match_the_reference),
        cmocka_unit_test(images_that_are_left_alone_keep_every_bit),
        cmocka_unit_test(micro_batches_equal_one_batch_to_rounding),
    };
    return cmocka_run_group_tests_name("plan augment", tests, open_device, close_device);
}
