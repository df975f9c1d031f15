// Objectives and penalties on the device. f-GAN's six divergences of two Gaussians with known answers, as a critic that
// was trained on one set of samples estimates them on another; float32's range; penalties against the interpreter.
#include "base/base.h"
#include "device_test.h"
#include "ganymede/loss.h"
#include "ganymede/optim.h"
#include "ganymede/penalty.h"
#include "ganymede/plan.h"
#include "kernels/compare.h"
#include "reference/reference.h"
#include "train/training.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// ---- Known answers: p = N(.75, .9^2), q = N(0, 1) ----

enum { ROWS = 6, TRAINING = 16384, HELD_OUT = 262144, STEPS = 400, SEED = 4 };
static const double p_mean = 0.75, p_deviation = 0.9;

static double log_density(double x, double mean, double deviation) {
    const double z = (x - mean) / deviation;
    return -z * z / 2 - log(deviation) - log(2 * 3.14159265358979323846) / 2;
}

// What lies under the integral of each divergence, lp = ln p(x), lq = ln q(x).
static double kl(double lp, double lq) {
    return exp(lp) * (lp - lq);
}
static double reverse_kl(double lp, double lq) {
    return exp(lq) * (lq - lp);
}
static double pearson(double lp, double lq) {
    return exp(lq) * (exp(lp - lq) - 1) * (exp(lp - lq) - 1);
}
static double hellinger(double lp, double lq) {
    return (exp(lp / 2) - exp(lq / 2)) * (exp(lp / 2) - exp(lq / 2));
}
static double two_jensen_shannon(double lp, double lq) {
    const double lm = log((exp(lp) + exp(lq)) / 2);
    return exp(lp) * (lp - lm) + exp(lq) * (lq - lm);
}

static const struct divergence {
    const char *loss;
    double (*integrand)(double lp, double lq);
    double added; // to the bound
} divergences[ROWS] = {
    {"f_kl", kl, 0},
    {"f_reverse_kl", reverse_kl, 0},
    {"f_pearson", pearson, 0},
    {"f_hellinger", hellinger, 0},
    {"f_jensen_shannon", two_jensen_shannon, 0},
    {"f_gan", two_jensen_shannon, 1.38629436111989061883}, // 2 ln 2
};

static double integral(double (*integrand)(double lp, double lq)) {
    enum { POINTS = 24000 };
    const double low = -12, step = 24. / POINTS;
    double sum = 0; // the trapezium rule: exact to rounding for functions that vanish at both ends
    for (size_t i = 0; i <= POINTS; i++) {
        const double x = low + step * (double)i;
        sum += step * integrand(log_density(x, p_mean, p_deviation), log_density(x, 0, 1));
    }
    return sum;
}

// Sample i of p or q and its features 1, x, x^2; sets of different names are independent.
static double sample(const char *set, bool real, size_t i) {
    const double z = gm_philox_normal(SEED, gm_stream(set), real, 0, i);
    return real ? p_mean + p_deviation * z : z;
}

// One critic per column: v = a + b x + c x^2. Their losses add up, and no parameter is in two of them.
static void train_critics(float parameters[3 * ROWS]) {
    static float features[2][TRAINING][3];
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < TRAINING; i++) {
            const double x = sample("training", side == 0, i);
            features[side][i][0] = 1;
            features[side][i][1] = (float)x;
            features[side][i][2] = (float)(x * x);
        }
    gm_graph *graph = NULL;
    gm_state *state = NULL;
    gm_plan *plan = NULL;
    check_ok(gm_graph_create(&graph));
    gm_tensor *w = gm_variable(graph, "critics", GM_FLOAT32, GM_SHAPE(3, ROWS), (gm_initializer){0});
    gm_tensor *x[2], *logit[2], *loss = NULL, *gradient;
    for (size_t side = 0; side < 2; side++) {
        x[side] = gm_input(graph, side ? "fake" : "real", GM_FLOAT32, GM_SHAPE(TRAINING, 3));
        logit[side] = gm_gemm(x[side], w, NULL);
    }
    for (size_t k = 0; k < ROWS; k++) {
        gm_tensor *column[2];
        for (size_t side = 0; side < 2; side++)
            column[side] = gm_slice(logit[side], (size_t[]){0, k}, (size_t[]){TRAINING, 1});
        const gm_gan_loss *row = gm_gan_loss_find(divergences[k].loss);
        gm_tensor *own = gm_gan_loss_discriminator(row, column[0], column[1], NULL);
        loss = loss ? gm_add(loss, own) : own;
    }
    gm_phase *phase = gm_phase_create(graph, "train");
    gm_grad(loss, &w, 1, &gradient);
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    adam.rate = 0.02;
    gm_optimizer_apply(phase, &adam, "adam", NULL, &w, &gradient, 1);
    check_ok(gm_state_create(&state, device, SEED));
    check_ok(gm_plan_create(&plan, graph, state, NULL));
    for (size_t side = 0; side < 2; side++)
        check_ok(gm_plan_write(plan, x[side], features[side], sizeof features[side]));
    for (size_t i = 0; i < STEPS; i++)
        check_ok(gm_plan_run(plan, phase));
    check_ok(gm_state_read(state, "critics", parameters, 3 * ROWS * sizeof(float)));
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
}

// The row's bound on samples that trained nothing, in double.
static double held_out_bound(size_t k, const float parameters[3 * ROWS]) {
    gm_graph *graph = NULL;
    gm_reference *reference = NULL;
    gm_tensor *logit[2];
    double *values;
    check_ok(gm_graph_create(&graph));
    check_ok(gm_reference_create(&reference, graph, SEED));
    check_ok(gm_alloc(&values, HELD_OUT, sizeof *values, "logits"));
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < HELD_OUT; i++) {
            const double x = sample("held out", side == 0, i);
            values[i] =
                (double)parameters[k] + (double)parameters[ROWS + k] * x + (double)parameters[2 * ROWS + k] * x * x;
        }
        logit[side] = gm_input(graph, side ? "fake" : "real", GM_FLOAT32, GM_SHAPE(HELD_OUT, 1));
        check_ok(gm_reference_set(reference, logit[side], values));
    }
    gm_tensor *bound = gm_f_divergence_bound(gm_gan_loss_find(divergences[k].loss), logit[0], logit[1]);
    check_ok(gm_reference_evaluate(reference, &bound, 1));
    const double result = *gm_reference_value(reference, bound);
    free(values);
    gm_reference_destroy(&reference);
    gm_graph_destroy(&graph);
    return result;
}

static void trained_critics_estimate_the_divergences_of_two_gaussians(void **state) {
    (void)state;
    float parameters[3 * ROWS];
    train_critics(parameters);
    bool right = true;
    for (size_t k = 0; k < ROWS; k++) {
        const double bound = held_out_bound(k, parameters) + divergences[k].added;
        const double truth = integral(divergences[k].integrand);
        printf("%-16s %.4f, integral %.4f (%+.2f %%), v = %.3f %+.3f x %+.3f x^2\n", divergences[k].loss, bound, truth,
               100 * (bound / truth - 1), (double)parameters[k], (double)parameters[ROWS + k],
               (double)parameters[2 * ROWS + k]);
        right = right && fabs(bound - truth) <= 0.05 * truth;
    }
    assert_true(right);
}

// ---- float32 ----

// What a row makes of two batches of logits, in one scalar: what is not finite in a part is not finite in the sum. The
// factors keep parts that are each other's negatives from cancelling.
static gm_tensor *everything(const gm_gan_loss *loss, gm_tensor *real, gm_tensor *fake) {
    gm_tensor *sum = gm_gan_loss_discriminator(loss, real, fake, NULL);
    sum = gm_add(sum, gm_scale(gm_gan_loss_generator(loss, real, fake, NULL), 0.5));
    if (loss->divergence != NULL) {
        const gm_gan_loss_params params = {.alternative = true};
        sum = gm_add(sum, gm_scale(gm_gan_loss_generator(loss, NULL, fake, &params), 0.25));
    }
    if (loss->log_ratio != NULL)
        for (gm_kl_direction direction = GM_KL_REVERSE; direction <= GM_KL_FORWARD; direction++)
            sum = gm_add(sum, gm_scale(gm_kl_term(loss, fake, direction, NULL), 0.125));
    return sum;
}

static void extreme_logits_stay_finite_in_float32(void **state) {
    (void)state;
    enum { POINTS = 10, MOST = 16 };
    const float real[POINTS] = {-1e4f, -88, -1, 0, 1, 88, 1e4f, 0, -1e4f, 1e4f};
    const float fake[POINTS] = {1e4f, 88, 1, 0, -1, -88, -1e4f, 1e4f, -1e4f, 1e4f};
    size_t count;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    assert_in_range(count, 1, MOST);
    gm_graph *graph = NULL;
    gm_state *variables = NULL;
    gm_plan *plan = NULL;
    gm_tensor *value[MOST], *slope[MOST][2];
    check_ok(gm_graph_create(&graph));
    gm_tensor *logit[2] = {gm_input(graph, "real", GM_FLOAT32, GM_SHAPE(POINTS, 1)),
                           gm_input(graph, "fake", GM_FLOAT32, GM_SHAPE(POINTS, 1))};
    gm_phase *phase = gm_phase_create(graph, "all");
    for (size_t i = 0; i < count; i++) {
        value[i] = everything(&losses[i], logit[0], logit[1]);
        gm_grad(value[i], logit, 2, slope[i]);
        gm_phase_fetch(phase, value[i]);
        gm_phase_fetch(phase, slope[i][0]);
        gm_phase_fetch(phase, slope[i][1]);
    }
    check_ok(gm_state_create(&variables, device, SEED));
    check_ok(gm_plan_create(&plan, graph, variables, NULL));
    check_ok(gm_plan_write(plan, logit[0], real, sizeof real));
    check_ok(gm_plan_write(plan, logit[1], fake, sizeof fake));
    check_ok(gm_plan_run(plan, phase));
    for (size_t i = 0; i < count; i++) {
        float got[1 + 2 * POINTS];
        check_ok(gm_plan_read(plan, value[i], got, sizeof *got));
        for (size_t side = 0; side < 2; side++)
            check_ok(gm_plan_read(plan, slope[i][side], got + 1 + side * POINTS, POINTS * sizeof *got));
        for (size_t k = 0; k < 1 + 2 * POINTS; k++)
            if (!isfinite(got[k]))
                fail_msg("%s: number %zu is %g", losses[i].name, k, (double)got[k]);
    }
    gm_plan_destroy(&plan);
    gm_state_destroy(&variables);
    gm_graph_destroy(&graph);
}

// ---- Penalties ----

// A step of a critic whose loss holds both penalties: plan and interpreter agree on loss and updates.
static void penalties_run_on_the_device(void **state) {
    (void)state;
    enum { BATCH = 6 };
    gm_graph *graph = NULL;
    check_ok(gm_graph_create(&graph));
    const gm_initializer start = {GM_INITIALIZER_NORMAL, 0, 0.3};
    const gm_shape images = GM_SHAPE(BATCH, 3, 8, 8);
    gm_tensor *w[2] = {gm_variable(graph, "first", GM_FLOAT32, GM_SHAPE(4, 3, 4, 4), start),
                       gm_variable(graph, "last", GM_FLOAT32, GM_SHAPE(64, 1), start)};
    gm_tensor *x[3], *logit[3], *gradients[2], *strength = gm_constant(graph, 0.1);
    x[0] = gm_instance_noise(gm_input(graph, "real", GM_FLOAT32, images),
                             gm_random_normal(graph, "noise", images, NULL), strength);
    x[1] = gm_dragan_neighbours(x[0], gm_random_uniform(graph, "neighbours", images, NULL));
    x[2] = gm_interpolate(x[0], x[1], gm_random_uniform(graph, "between", GM_SHAPE(BATCH, 1), NULL));
    for (size_t i = 0; i < 3; i++) {
        gm_tensor *h = gm_convolution(x[i], w[0], &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}});
        logit[i] = gm_gemm(gm_reshape(gm_softplus(h), GM_SHAPE(BATCH, 64)), w[1], NULL);
    }
    gm_tensor *loss = gm_gan_loss_discriminator(gm_gan_loss_find("hinge"), logit[0], logit[1], NULL);
    loss = gm_add(loss, gm_gradient_penalty(logit[2], x[2], 10, 1));
    loss = gm_add(loss, gm_squared_gradient_penalty(logit[0], x[0], 2));
    gm_grad(loss, w, 2, gradients);
    gm_phase *phase = gm_phase_create(graph, "discriminator");
    gm_phase_fetch(phase, loss);
    for (size_t i = 0; i < 2; i++) {
        gm_phase_fetch(phase, gradients[i]);
        gm_phase_assign(phase, w[i], gm_subtract(w[i], gm_scale(gradients[i], 1e-3)));
    }
    check_ok(gm_compare_run(&(gm_compare){.device = device, .seed = SEED}, graph));
    gm_graph_destroy(&graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trained_critics_estimate_the_divergences_of_two_gaussians),
        cmocka_unit_test(extreme_logits_stay_finite_in_float32),
        cmocka_unit_test(penalties_run_on_the_device),
    };
    return cmocka_run_group_tests_name("divergences", tests, open_device, close_device);
}
