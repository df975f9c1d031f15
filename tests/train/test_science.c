// Does training on the device do what the mathematics says? Small problems with known answers, no timing.
#include "device_test.h"
#include "ganymede/loss.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "ganymede/plan.h"
#include "graph/graph.h"
#include "reference/reference.h"
#include "train/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double near_a = (a), near_b = (b);                                                                       \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                                                   \
            fail_msg("%s is %.9g instead of %.9g", #a, near_a, near_b);                                                \
    } while (0)

// A graph on the device; the graph is filled between begin and plan.
typedef struct rig {
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
} rig;

static void rig_begin(rig *r) {
    *r = (rig){0};
    check_ok(gm_graph_create(&r->graph));
}

static void rig_plan(rig *r, uint64_t seed) {
    check_ok(gm_state_create(&r->state, device, seed));
    check_ok(gm_plan_create(&r->plan, r->graph, r->state, NULL));
}

static void rig_end(rig *r) {
    gm_plan_destroy(&r->plan);
    gm_state_destroy(&r->state);
    gm_graph_destroy(&r->graph);
}

static double read_scalar(const rig *r, gm_tensor *x) {
    float value;
    check_ok(gm_plan_read(r->plan, x, &value, sizeof value));
    return (double)value;
}

// A counter (step, sub-step) that the phase advances.
static gm_tensor *step_counter(gm_graph *graph, gm_phase *phase) {
    gm_tensor *counter = gm_variable(graph, "step", GM_INT32, GM_SHAPE(2), (gm_initializer){0});
    gm_tensor *one = gm_constant_int(graph, 1), *zero = gm_constant_int(graph, 0);
    gm_tensor *both[] = {gm_reshape(one, GM_SHAPE(1)), gm_reshape(zero, GM_SHAPE(1))};
    gm_phase_assign(phase, counter, gm_add(counter, gm_concat(both, 2, 0)));
    return counter;
}

// ---- A GAN ----

// Data N(3, .5) against a generator that starts near N(0, small): an MLP GAN moves the fakes' mean to the data's.
// A wrong sign in either player's loss or update drives it away; a discriminator that learns nothing leaves it at 0.
static void gan_finds_a_gaussian(void **state) {
    (void)state;
    enum { BATCH = 128, STEPS = 600 };
    rig r;
    rig_begin(&r);
    gm_layer generator[3], discriminator[3];
    for (size_t i = 0; i < 3; i++) {
        const gm_layer_type *type = gm_layer_type_find(i == 1 ? "leaky_relu" : "dense");
        gm_layer_default(&generator[i], type);
        gm_layer_default(&discriminator[i], type);
        check_ok(gm_layer_set_number(&generator[i], NULL, i == 0 ? 16 : i == 1 ? 0.2 : 1));
        check_ok(gm_layer_set_number(&discriminator[i], NULL, i == 0 ? 32 : i == 1 ? 0.2 : 1));
    }
    gm_network *g, *d;
    check_ok(gm_network_create(&g, "generator", generator, 3, GM_WEIGHTS_DEFAULT));
    check_ok(gm_network_create(&d, "discriminator", discriminator, 3, GM_WEIGHTS_DEFAULT));
    gm_phase *d_phase = gm_phase_create(r.graph, "discriminator"), *g_phase = gm_phase_create(r.graph, "generator");
    gm_tensor *counter = step_counter(r.graph, g_phase);
    gm_shape shape = GM_SHAPE(BATCH, 1);
    gm_tensor *real = gm_offset(gm_scale(gm_random_normal(r.graph, "real", shape, counter), 0.5), 3);
    gm_tensor *fake = gm_network_apply(g, gm_random_normal(r.graph, "z", shape, counter), GM_MODE_TRAINING, counter);
    gm_tensor *logit_real = gm_network_apply(d, real, GM_MODE_TRAINING, counter);
    gm_tensor *logit_fake = gm_network_apply(d, fake, GM_MODE_TRAINING, counter);
    const gm_gan_loss *loss = gm_gan_loss_find("non_saturating");
    gm_tensor *losses[] = {gm_gan_loss_discriminator(loss, logit_real, logit_fake, NULL),
                           gm_gan_loss_generator(loss, NULL, logit_fake, NULL)};
    gm_phase *phases[] = {d_phase, g_phase};
    gm_network *networks[] = {d, g};
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    adam.rate = 5e-3;
    adam.beta1 = 0.5;
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *gradients[8];
        size_t count;
        gm_tensor *const *parameters = gm_network_parameters(networks[i], &count);
        gm_grad(losses[i], parameters, count, gradients);
        gm_optimizer_apply(phases[i], &adam, i ? "g" : "d", NULL, parameters, gradients, count);
    }
    gm_tensor *mean = gm_mean_all(fake),
              *advantage = gm_subtract(gm_mean_all(gm_sigmoid(logit_real)), gm_mean_all(gm_sigmoid(logit_fake)));
    gm_phase_fetch(d_phase, mean);
    gm_phase_fetch(d_phase, advantage);
    rig_plan(&r, 5);
    double first_mean = 0, last_mean = 0, most = 0, last = 0;
    const size_t window = 100; // the players circle around the answer: judge averages
    for (size_t step = 0; step < STEPS; step++) {
        check_ok(gm_plan_run(r.plan, d_phase));
        if (step == 0)
            first_mean = read_scalar(&r, mean);
        if (step < STEPS - window)
            most = fmax(most, read_scalar(&r, advantage));
        else {
            last += read_scalar(&r, advantage) / (double)window;
            last_mean += read_scalar(&r, mean) / (double)window;
        }
        check_ok(gm_plan_run(r.plan, g_phase));
    }
    printf("mean %.3f -> %.3f, advantage at most %.3f, at last %.3f\n", first_mean, last_mean, most, last);
    assert_true(fabs(first_mean) < 1);
    assert_near(last_mean, 3, 0.5);
    assert_true(most > 0.1);   // the discriminator did learn to tell them apart,
    assert_near(last, 0, 0.1); // and then could not
    gm_network_destroy(&g);
    gm_network_destroy(&d);
    rig_end(&r);
}

// ---- Gradients ----

// A parameter's value now, shifted by `shift` times the direction.
static void move(gm_reference *reference, gm_tensor *parameter, const double *start, const double *direction,
                 double shift) {
    size_t count = gm_shape_count(gm_tensor_shape(parameter));
    double *values;
    check_ok(gm_alloc(&values, count, sizeof *values, "a test value"));
    for (size_t i = 0; i < count; i++)
        values[i] = start[i] + shift * direction[i];
    check_ok(gm_reference_set(reference, parameter, values));
    free(values);
}

static double *copy(gm_reference *reference, gm_tensor *x) {
    size_t count = gm_shape_count(gm_tensor_shape(x));
    double *values;
    check_ok(gm_alloc(&values, count, sizeof *values, "a test value"));
    memcpy(values, gm_reference_value(reference, x), count * sizeof *values);
    return values;
}

// Along its own gradient a loss has the slope |gradient|: a central difference in double.
static void check_slope(gm_reference *reference, gm_tensor *loss, const gm_network *network, const char *file) {
    enum { MOST = 32 };
    gm_tensor *all[2 * MOST];
    double *start[MOST], *direction[MOST], square = 0, value[2];
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    assert_in_range(count, 1, MOST);
    gm_grad(loss, parameters, count, all);
    memcpy(all + count, parameters, count * sizeof *all);
    check_ok(gm_reference_evaluate(reference, all, 2 * count));
    for (size_t i = 0; i < count; i++) {
        direction[i] = copy(reference, all[i]);
        start[i] = copy(reference, parameters[i]);
        for (size_t k = 0; k < gm_shape_count(gm_tensor_shape(parameters[i])); k++)
            square += direction[i][k] * direction[i][k];
    }
    double slope = sqrt(square), h = 1e-7; // short of most kinks, and of the whole vector of parameters
    assert_true(slope > 0);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++)
            move(reference, parameters[i], start[i], direction[i], (side ? h : -h) / slope);
        check_ok(gm_reference_evaluate(reference, &loss, 1));
        value[side] = *gm_reference_value(reference, loss);
    }
    for (size_t i = 0; i < count; i++) {
        move(reference, parameters[i], start[i], direction[i], 0);
        free(start[i]);
        free(direction[i]);
    }
    double measured = (value[1] - value[0]) / (2 * h);
    if (!(fabs(measured - slope) <= 1e-3 * slope))
        fail_msg("%s: along its gradient to the %s's parameters a loss rises by %.9g, but the gradient says %.9g", file,
                 gm_network_name(network), measured, slope);
}

// The interpreter and the device both follow gm_grad; this asks whether gm_grad is right for whole networks.
static void gradients_are_the_slopes_of_the_losses(void **state) {
    (void)state;
    for (const recipe_case *c = recipe_cases; c->file; c++) {
        if (c->alike)
            continue;
        training t;
        gm_reference *reference;
        training_init(&t, c);
        check_ok(gm_reference_create(&reference, t.model.graph, gm_common_of(t.recipe)->seed));
        gm_tensor *inputs[4 * GM_MODEL_SOURCES];
        size_t input_count = training_inputs(&t, inputs);
        for (size_t k = 0; k < input_count; k++) {
            size_t count = gm_shape_count(gm_tensor_shape(inputs[k]));
            double *values;
            check_ok(gm_alloc(&values, count, sizeof *values, "a test input"));
            for (size_t i = 0; i < count; i++)
                values[i] = training_input(gm_common_of(t.recipe)->seed, inputs[k], i);
            check_ok(gm_reference_set(reference, inputs[k], values));
            free(values);
        }
        for (size_t k = 0; k < t.model.network_count; k++) { // its own loss, or the one of all
            char own[80];
            snprintf(own, sizeof own, "%s_loss", gm_network_name(t.model.networks[k]));
            gm_tensor *loss = gm_model_find_number(&t.model, own);
            loss = loss ? loss : gm_model_find_number(&t.model, "loss");
            // A text's symbols are drawn, and their gradient passes straight through, which is no slope of the loss.
            bool drawn = strcmp(c->file, "text-gumbel.yaml") == 0 && strcmp(own, "generator_loss") == 0;
            if (loss && !drawn) // the statistics network climbs a bound
                check_slope(reference, loss, t.model.networks[k], c->file);
        }
        gm_reference_destroy(&reference);
        training_finish(&t);
    }
}

// ---- Optimisers ----

typedef struct update_rule {
    const char *name;
    gm_optimizer optimizer;
} update_rule;

// f(p) = sum(c (p - 1)^2) / 2 with c from 1/2 to 2.
static void minimises_a_quadratic(const update_rule *rule) {
    enum { COUNT = 37, COMPARED = 5, STEPS = 300 };
    rig r;
    gm_reference *reference;
    rig_begin(&r);
    gm_tensor *c = gm_offset(gm_scale(gm_random_uniform(r.graph, "c", GM_SHAPE(COUNT), NULL), 1.5), 0.5);
    gm_tensor *p =
        gm_variable(r.graph, "p.weight", GM_FLOAT32, GM_SHAPE(COUNT), (gm_initializer){GM_INITIALIZER_NORMAL, 0, 1});
    gm_tensor *loss = gm_scale(gm_sum_all(gm_multiply(c, gm_square(gm_offset(p, -1)))), 0.5), *gradient;
    gm_phase *phase = gm_phase_create(r.graph, "step");
    gm_grad(loss, &p, 1, &gradient);
    gm_optimizer_apply(phase, &rule->optimizer, "optimizer", NULL, &p, &gradient, 1);
    gm_phase_fetch(phase, loss);
    rig_plan(&r, 11);
    check_ok(gm_reference_create(&reference, r.graph, 11));
    double first = 0;
    for (size_t step = 0; step < STEPS; step++) {
        check_ok(gm_plan_run(r.plan, phase));
        if (step == 0)
            first = read_scalar(&r, loss);
        if (step >= COMPARED)
            continue;
        float values[COUNT];
        check_ok(gm_reference_run(reference, phase));
        check_ok(gm_state_read(r.state, "p.weight", values, sizeof values));
        const double *expected = gm_reference_value(reference, p), *scale = gm_reference_magnitude(reference, p);
        for (size_t i = 0; i < COUNT; i++) {
            double error = fabs((double)values[i] - expected[i]);
            // An absolute bound as well, far below a step: the scale alone grows where Adam divides by little.
            if (!(error <= 16 * 0x1p-24 * (scale[i] + fabs(expected[i]))) || !(error <= 1e-3 * rule->optimizer.rate))
                fail_msg("%s: element %zu after %zu steps is %.9g, expected %.9g", rule->name, i, step + 1,
                         (double)values[i], expected[i]);
        }
    }
    double last = read_scalar(&r, loss);
    if (!(last < 0.02 * first))
        fail_msg("%s: the loss went from %.6g to %.6g", rule->name, first, last);
    gm_reference_destroy(&reference);
    rig_end(&r);
}

static void every_optimizer_minimises(void **state) {
    (void)state;
    static const gm_schedule constant = {0}, stairs = {.kind = GM_SCHEDULE_STEP, .factor = 0.5, .period = 2},
                             exponential = {.kind = GM_SCHEDULE_EXPONENTIAL, .factor = 0.5, .period = 200, .warmup = 4},
                             cosine = {.kind = GM_SCHEDULE_COSINE, .factor = 0.1, .period = 250};
    const gm_optimizer sgd = {.kind = GM_OPTIMIZER_SGD, .rate = 0.05}, rmsprop = GM_RMSPROP_DEFAULTS,
                       adam = GM_ADAM_DEFAULTS, adamw = GM_ADAMW_DEFAULTS;
    update_rule rules[] = {
        {"sgd", sgd},
        {"sgd with momentum, exponential schedule with warm-up", sgd},
        {"sgd with Nesterov momentum and weight decay", sgd},
        {"rmsprop", rmsprop},
        {"centred rmsprop with momentum, cosine schedule", rmsprop},
        {"adam", adam},
        {"adam without beta1, cosine schedule", adam},
        {"adamw, exponential schedule with warm-up", adamw},
        {"sgd, step schedule", sgd},
    };
    for (size_t i = 0; i < GM_COUNT(rules); i++)
        rules[i].optimizer.schedule = constant;
    rules[1].optimizer.momentum = rules[2].optimizer.momentum = rules[4].optimizer.momentum = 0.9;
    rules[1].optimizer.schedule = rules[7].optimizer.schedule = exponential;
    rules[2].optimizer.nesterov = rules[4].optimizer.centered = true;
    rules[2].optimizer.weight_decay = 1e-3;
    rules[4].optimizer.rate = 2e-3;
    rules[4].optimizer.schedule = rules[6].optimizer.schedule = cosine;
    rules[5].optimizer.rate = rules[6].optimizer.rate = rules[7].optimizer.rate = 0.05;
    rules[6].optimizer.beta1 = 0;
    rules[8].optimizer.rate = 0.4; // 0.4 + 0.4 + 0.2 + 0.2 + 0.1 ...: all but still after a few steps
    rules[8].optimizer.schedule = stairs;
    for (size_t i = 0; i < GM_COUNT(rules); i++)
        minimises_a_quadratic(&rules[i]);
}

// ---- Batch norm, dropout, noise ----

static void running_statistics_are_those_of_the_batches(void **state) {
    (void)state;
    enum { N = 6, C = 3, SIZE = 5, STEPS = 7, VALUES = N * C * SIZE * SIZE };
    rig r;
    rig_begin(&r);
    gm_statistics *statistics;
    check_ok(gm_statistics_create(&statistics));
    gm_phase *phase = gm_phase_create(r.graph, "step");
    gm_tensor *counter = step_counter(r.graph, phase);
    // Far from zero, where a sum of squares would cancel.
    gm_tensor *x = gm_offset(gm_random_normal(r.graph, "x", GM_SHAPE(N, C, SIZE, SIZE), counter), 100);
    gm_phase_fetch(phase, x);
    gm_phase_fetch(phase, gm_batch_norm(x, "norm", GM_MODE_TRAINING, statistics, &(gm_batch_norm_params){0}));
    gm_statistics_assign(statistics, phase);
    rig_plan(&r, 3);
    double mean[C] = {0}, variance[C] = {1, 1, 1};
    for (size_t step = 0; step < STEPS; step++) {
        float values[VALUES];
        check_ok(gm_plan_run(r.plan, phase));
        check_ok(gm_plan_read(r.plan, x, values, sizeof values));
        for (size_t c = 0; c < C; c++) {
            double m = 0, v = 0;
            const size_t count = N * SIZE * SIZE;
            for (size_t i = 0; i < count; i++)
                m += (double)values[(i / (SIZE * SIZE) * C + c) * SIZE * SIZE + i % (SIZE * SIZE)] / (double)count;
            for (size_t i = 0; i < count; i++)
                v += pow((double)values[(i / (SIZE * SIZE) * C + c) * SIZE * SIZE + i % (SIZE * SIZE)] - m, 2);
            mean[c] += 0.1 * (m - mean[c]);
            variance[c] += 0.1 * (v / (double)(count - 1) - variance[c]);
        }
    }
    float got[2][C];
    check_ok(gm_state_read(r.state, "norm.running_mean", got[0], sizeof got[0]));
    check_ok(gm_state_read(r.state, "norm.running_variance", got[1], sizeof got[1]));
    for (size_t c = 0; c < C; c++) {
        assert_near((double)got[0][c], mean[c], 1e-5 * mean[c]);
        assert_near((double)got[1][c], variance[c], 1e-5);
    }
    gm_statistics_destroy(&statistics);
    rig_end(&r);
}

static void dropout_keeps_its_share(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    static const double rate = 0.3;
    static float first[COUNT], second[COUNT];
    rig r;
    rig_begin(&r);
    gm_phase *phase = gm_phase_create(r.graph, "step");
    gm_tensor *x = gm_full(r.graph, GM_SHAPE(COUNT), 2);
    gm_tensor *y = gm_dropout(x, "drop", GM_MODE_TRAINING, step_counter(r.graph, phase), rate);
    gm_phase_fetch(phase, y);
    rig_plan(&r, 17);
    check_ok(gm_plan_run(r.plan, phase));
    check_ok(gm_plan_read(r.plan, y, first, sizeof first));
    check_ok(gm_plan_run(r.plan, phase));
    check_ok(gm_plan_read(r.plan, y, second, sizeof second));
    double kept = 0, both = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (first[i] != 0)
            assert_near((double)first[i], 2 / (1 - rate), 1e-6);
        kept += first[i] != 0;
        both += first[i] != 0 && second[i] != 0;
    }
    // Four standard errors of a binomial; steps are independent.
    assert_near(kept / COUNT, 1 - rate, 4 * sqrt(rate * (1 - rate) / COUNT));
    assert_near(both / COUNT, (1 - rate) * (1 - rate), 4 * sqrt(0.25 / COUNT));
    rig_end(&r);
}

// With several discriminator steps each judges other latents, and the generator's step the last of them.
static void every_discriminator_step_draws_fresh_noise(void **state) {
    (void)state;
    enum { VALUES = 20 * 2, STEPS = 2, DRAWS = 3 * STEPS };
    static const recipe_case ring = {
        "mlp-ring.yaml", {"data.batch=20", "discriminator_steps=3"}, 2, 1, false, false, 0};
    training t;
    training_init(&t, &ring);
    gm_tensor *latent = NULL;
    for (size_t i = 0; i < t.model.graph->node_count; i++)
        if (t.model.graph->nodes[i]->op == &gm_op_normal)
            latent = t.model.graph->nodes[i];
    assert_non_null(latent);
    assert_string_equal(gm_tensor_name(latent), "latent");
    gm_phase_fetch(training_phase(&t, "discriminator"), latent);
    gm_phase_fetch(training_phase(&t, "generator"), latent);
    rig r = {0};
    check_ok(gm_state_create(&r.state, device, gm_common_of(t.recipe)->seed));
    check_ok(gm_plan_create(&r.plan, t.model.graph, r.state, NULL));
    float seen[DRAWS][VALUES], generator[VALUES];
    gm_phase *phases[32];
    size_t count = training_phases(&t, phases), draws = 0;
    uint32_t stream = gm_stream("latent");
    for (uint32_t step = 0; step < STEPS; step++)
        for (size_t i = 0, substep = 0; i < count; i++) {
            check_ok(gm_plan_run(r.plan, phases[i]));
            if (phases[i] == training_phase(&t, "generator")) {
                check_ok(gm_plan_read(r.plan, latent, generator, sizeof generator));
                assert_memory_equal(generator, seen[draws - 1], sizeof generator);
            } else if (phases[i] == training_phase(&t, "discriminator")) {
                check_ok(gm_plan_read(r.plan, latent, seen[draws], sizeof seen[0]));
                for (size_t k = 0; k < VALUES; k++)
                    assert_near((double)seen[draws][k],
                                gm_philox_normal(gm_common_of(t.recipe)->seed, stream, step, (uint32_t)substep, k),
                                1e-5);
                for (size_t k = 0; k < draws; k++)
                    assert_memory_not_equal(seen[draws], seen[k], sizeof seen[0]);
                draws++;
                substep++;
            }
        }
    assert_int_equal(draws, DRAWS);
    gm_plan_destroy(&r.plan);
    gm_state_destroy(&r.state);
    training_finish(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gan_finds_a_gaussian),      cmocka_unit_test(gradients_are_the_slopes_of_the_losses),
        cmocka_unit_test(every_optimizer_minimises), cmocka_unit_test(running_statistics_are_those_of_the_batches),
        cmocka_unit_test(dropout_keeps_its_share),   cmocka_unit_test(every_discriminator_step_draws_fresh_noise),
    };
    return cmocka_run_group_tests_name("science", tests, open_device, close_device);
}
