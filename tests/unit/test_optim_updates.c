// What goes on around an update rule: clipping, gradients of several micro-batches, the average of the weights.
#include "ganymede/optim.h"
#include "nn_test.h"

// ---- Clipping ----

typedef struct model {
    fixture f;
    gm_phase *phase;
    gm_tensor *weight[2], *gradient[2];
} model;

// Two parameters, of 2 and 3 elements, the first with its own factor of the rate, and one update of both by the
// gradients given.
static void update_at(model *m, double factor, const gm_optimizer *optimizer, const double *weights,
                      const double *gradients) {
    static const char *const name[2][2] = {{"a.weight", "da"}, {"b.weight", "db"}};
    begin(&m->f);
    m->phase = gm_phase_create(m->f.graph, "update");
    for (size_t i = 0; i < 2; i++) {
        m->weight[i] = gm_variable(m->f.graph, name[i][0], GM_FLOAT32, GM_SHAPE(2 + i), (gm_initializer){0});
        m->gradient[i] = gm_input(m->f.graph, name[i][1], GM_FLOAT32, GM_SHAPE(2 + i));
        set(&m->f, m->weight[i], weights + 2 * i);
        set(&m->f, m->gradient[i], gradients + 2 * i);
    }
    gm_variable_set_rate(m->weight[0], factor);
    gm_optimizer_apply(m->phase, optimizer, "opt", NULL, m->weight, m->gradient, 2);
    if (gm_graph_status(m->f.graph) != GM_OK || gm_reference_run(m->f.reference, m->phase) != GM_OK)
        fail_msg("%s", gm_error_message());
}

static void update(model *m, const gm_optimizer *optimizer, const double *weights, const double *gradients) {
    update_at(m, 1, optimizer, weights, gradients);
}

static void weights_are(model *m, const double expected[5]) {
    for (size_t i = 0; i < 5; i++) {
        double got = gm_reference_value(m->f.reference, m->weight[i / 2 > 0])[i < 2 ? i : i - 2];
        if (!(fabs(got - expected[i]) <= 1e-6))
            fail_msg("weight %zu is %.9g instead of %.9g", i, got, expected[i]);
    }
    end(&m->f);
}

static void gradients_are_clipped_by_value(void **state) {
    (void)state;
    model m;
    gm_optimizer sgd = GM_SGD_DEFAULTS;
    sgd.rate = 1;
    sgd.clip_value = 2;
    update(&m, &sgd, (double[5]){0}, (double[]){1, -5, 2.5, -2, 0});
    weights_are(&m, (double[]){-1, 2, -2, 2, 0});
}

// |(2, -4, 4, 8, 0)| = 10
static void gradients_are_clipped_by_their_norm_together(void **state) {
    (void)state;
    model m;
    gm_optimizer sgd = GM_SGD_DEFAULTS;
    sgd.rate = 1;
    sgd.clip_norm = 5;
    update(&m, &sgd, (double[5]){0}, (double[]){2, -4, 4, 8, 0});
    weights_are(&m, (double[]){-1, 2, -2, -4, 0});
    sgd.clip_norm = 11; // no longer than that: left alone
    update(&m, &sgd, (double[5]){0}, (double[]){2, -4, 4, 8, 0});
    weights_are(&m, (double[]){-2, 4, -4, -8, 0});
    sgd.clip_value = 4; // first by value: |(2, -4, 4, 4, 0)| = sqrt(52)
    sgd.clip_norm = sqrt(13);
    update(&m, &sgd, (double[5]){0}, (double[]){2, -4, 4, 8, 0});
    weights_are(&m, (double[]){-1, 2, -2, -2, 0});
    update(&m, &sgd, (double[5]){0}, (double[5]){0}); // no gradient, no division by zero
    weights_are(&m, (double[5]){0});
}

// As PyTorch does it: what is clipped is the gradient of the loss, the decay comes after.
static void decay_is_added_to_clipped_gradients(void **state) {
    (void)state;
    model m;
    gm_optimizer sgd = GM_SGD_DEFAULTS;
    sgd.rate = 1;
    sgd.clip_value = 1;
    sgd.weight_decay = 0.5;
    update(&m, &sgd, (double[]){10, 10, -10, 0, 2}, (double[]){3, -3, 0.5, 3, 0});
    weights_are(&m, (double[]){10 - 1 - 5, 10 + 1 - 5, -10 - 0.5 + 5, -1, 2 - 1});
}

static void weights_are_clipped_after_every_rule(void **state) {
    (void)state;
    gm_optimizer rules[] = {GM_SGD_DEFAULTS, GM_RMSPROP_DEFAULTS, GM_ADAM_DEFAULTS, GM_ADAMW_DEFAULTS};
    const double weights[] = {0.01, -0.3, 0.02, 1, -0.02}, gradients[] = {1, 1, -1, 0, 0};
    for (size_t i = 0; i < GM_COUNT(rules); i++) {
        model m;
        rules[i].rate = 1e-3;
        rules[i].weight_decay = 0;
        update(&m, &rules[i], weights, gradients);
        double expected[5];
        for (size_t k = 0; k < 5; k++)
            expected[k] =
                fmax(fmin(gm_reference_value(m.f.reference, m.weight[k > 1])[k > 1 ? k - 2 : k], .015), -.015);
        end(&m.f);
        rules[i].weight_clip = 0.015;
        update(&m, &rules[i], weights, gradients);
        assert_near(expected[1], -0.015, 0);
        assert_true(fabs(expected[0]) < 0.0148); // the update is seen inside the bounds
        weights_are(&m, expected);
    }
}

static void clips_are_settings_with_a_range(void **state) {
    (void)state;
    gm_optimizer optimizer;
    gm_optimizer_default(&optimizer, gm_optimizer_type_find("rmsprop"));
    assert_near(optimizer.weight_clip, 0, 0);
    assert_int_equal(gm_optimizer_set_text(&optimizer, "weight_clip", "0.01"), GM_OK);
    assert_int_equal(gm_optimizer_set_text(&optimizer, "clip_norm", "5"), GM_OK);
    assert_int_equal(gm_optimizer_set_text(&optimizer, "clip_value", "0.5"), GM_OK);
    assert_near(optimizer.weight_clip + optimizer.clip_norm + optimizer.clip_value, 5.51, 1e-12);
    assert_int_equal(gm_optimizer_set_number(&optimizer, "clip_norm", -1), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "rmsprop: clip_norm"));
}

// ---- Rates of single variables ----

static void a_factor_of_a_tenth_moves_a_tenth(void **state) {
    (void)state;
    gm_optimizer rules[] = {GM_SGD_DEFAULTS, GM_RMSPROP_DEFAULTS, GM_ADAM_DEFAULTS, GM_ADAMW_DEFAULTS};
    const double weights[] = {3, -2, 1, 0, 5}, gradients[] = {0.5, -4, 0.5, 1, 0};
    for (size_t i = 0; i < GM_COUNT(rules); i++) {
        double moved[2][5];
        rules[i].rate = 0.25;
        rules[i].momentum = i < 2 ? 0.5 : 0;
        rules[i].weight_decay = 0.125;
        for (size_t k = 0; k < 2; k++) {
            model m;
            update_at(&m, k == 0 ? 1 : 0.1, &rules[i], weights, gradients);
            for (size_t j = 0; j < 5; j++)
                moved[k][j] = gm_reference_value(m.f.reference, m.weight[j > 1])[j > 1 ? j - 2 : j] - weights[j];
            end(&m.f);
        }
        for (size_t j = 0; j < 5; j++)
            assert_near(moved[1][j], moved[0][j] * (j < 2 ? 0.1 : 1), 1e-7);
        assert_true(fabs(moved[0][0]) > 0.1);
    }
}

// Neither decay nor clipping moves it, its moments stay, and its gradient does not count.
static void a_factor_of_zero_freezes(void **state) {
    (void)state;
    gm_optimizer adamw = GM_ADAMW_DEFAULTS, sgd = GM_SGD_DEFAULTS;
    model m;
    adamw.weight_clip = 0.5;
    update_at(&m, 0, &adamw, (double[]){0.1, 7, 0, 0, 0}, (double[]){1, 1, 1, 1, 1});
    const double *kept = gm_reference_value(m.f.reference, m.weight[0]);
    assert_true(!(kept[0] < 0.1 || kept[0] > 0.1) && !(kept[1] < 7 || kept[1] > 7));
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *m1 = gm_variable_find(m.f.graph, i == 0 ? "opt.a.weight.m" : "opt.b.weight.m");
        assert_int_equal(evaluate(&m.f, m1)[0] > 0, i == 1);
    }
    end(&m.f);
    sgd.rate = 1;
    sgd.clip_norm = 5;
    update_at(&m, 0, &sgd, (double[5]){0}, (double[]){1000, 1000, 6, 8, 0});
    weights_are(&m, (double[]){0, 0, -3, -4, 0});
}

static void frozen_gradients_are_not_added_up(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *w[2], *mean[2];
    w[0] = gm_variable(f.graph, "a", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0});
    w[1] = gm_variable(f.graph, "b", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0});
    gm_variable_set_rate(w[0], 0);
    gm_phase *gather = gm_phase_create(f.graph, "gather"), *update_phase = gm_phase_create(f.graph, "update");
    gm_gradients_accumulate(gather, "accumulated", w, w, 2);
    gm_gradients_mean(update_phase, "accumulated", w, w, 2, 2, mean);
    const gm_tensor *sum = gm_variable_find(f.graph, "accumulated.b");
    assert_int_equal(gather->assignment_count, 1);
    assert_int_equal(update_phase->assignment_count, 1);
    assert_ptr_equal(gather->assignments[0].variable, sum);
    assert_ptr_equal(update_phase->assignments[0].variable, sum);
    assert_non_null(gm_variable_find(f.graph, "accumulated.a")); // for runs that go on with another rate
    end(&f);
}

static void only_variables_have_rates_and_none_is_negative(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_variable_set_rate(gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2)), 1);
    fault_says(&f, "variable_set_rate: x is no variable", "");
    end(&f);
    begin(&f);
    gm_tensor *w = gm_variable(f.graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0});
    assert_near(gm_variable_rate(w), 1, 0);
    gm_variable_set_rate(w, -1);
    fault_says(&f, "variable 'w': its factor of the learning rate must be at least 0, not -1", "");
    end(&f);
}

// ---- Micro-batches ----

enum { WHOLE = 8, MICRO = 2, FEATURES = 3, STEPS = 5 };

// mean((tanh(x w) - t)^2) over the batch, and one update by Adam in the phase `update`; with more than one micro-batch
// the phase `gather` adds up the others' gradients.
static void regression(fixture *f, size_t batch) {
    begin(f);
    gm_graph *graph = f->graph;
    gm_tensor *x = gm_input(graph, "x", GM_FLOAT32, GM_SHAPE(batch, FEATURES));
    gm_tensor *t = gm_input(graph, "t", GM_FLOAT32, GM_SHAPE(batch, 1));
    gm_tensor *w = gm_variable(graph, "w", GM_FLOAT32, GM_SHAPE(FEATURES, 1), (gm_initializer){.a = 0.3}), *dw, *mean;
    gm_tensor *loss = gm_mean_all(gm_square(gm_subtract(gm_tanh(gm_gemm(x, w, NULL)), t)));
    gm_grad(loss, &w, 1, &dw);
    gm_phase *gather = gm_phase_create(graph, "gather"), *update_phase = gm_phase_create(graph, "update");
    gm_gradients_accumulate(gather, "accumulated", &w, &dw, 1);
    gm_gradients_mean(update_phase, "accumulated", &w, &dw, 1, WHOLE / batch, &mean);
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    adam.rate = 0.1;
    adam.clip_norm = 0.3; // of the mean, not of each part
    gm_optimizer_apply(update_phase, &adam, "opt", NULL, &w, &mean, 1);
    assert_int_equal(gm_graph_status(graph), GM_OK);
}

static void feed(fixture *f, size_t step, size_t first, size_t count) {
    double x[WHOLE * FEATURES], t[WHOLE];
    for (size_t i = 0; i < count; i++) {
        t[i] = sin((double)(7 * step + first + i));
        for (size_t k = 0; k < FEATURES; k++)
            x[i * FEATURES + k] = cos((double)(5 * step + (first + i) * FEATURES + k));
    }
    set(f, f->graph->nodes[1], x); // the inputs are the graph's first nodes
    set(f, f->graph->nodes[2], t);
}

static void micro_batches_equal_one_batch(void **state) {
    (void)state;
    fixture whole, micro;
    regression(&whole, WHOLE);
    regression(&micro, MICRO);
    gm_tensor *w[2] = {gm_variable_find(whole.graph, "w"), gm_variable_find(micro.graph, "w")};
    for (size_t step = 0; step < STEPS; step++) {
        feed(&whole, step, 0, WHOLE);
        assert_int_equal(gm_reference_run(whole.reference, whole.graph->phases[1]), GM_OK);
        for (size_t first = 0; first < WHOLE; first += MICRO) {
            feed(&micro, step, first, MICRO);
            bool last = first + MICRO == WHOLE;
            assert_int_equal(gm_reference_run(micro.reference, micro.graph->phases[last]), GM_OK);
        }
        for (size_t i = 0; i < FEATURES; i++)
            assert_near(gm_reference_value(micro.reference, w[1])[i], gm_reference_value(whole.reference, w[0])[i],
                        1e-12);
    }
    assert_true(fabs(gm_reference_value(whole.reference, w[0])[0] - 0.3) > 0.01);
    const double *sum = gm_reference_value(micro.reference, gm_variable_find(micro.graph, "accumulated.w"));
    for (size_t i = 0; i < FEATURES; i++)
        assert_true(sum[i] == 0);
    end(&whole);
    end(&micro);
}

// ---- The average ----

static void averages_follow_their_values(void **state) {
    (void)state;
    for (size_t warm = 0; warm < 2; warm++) {
        fixture f;
        begin(&f);
        gm_tensor *step = gm_input(f.graph, "step", GM_INT32, GM_SCALAR);
        gm_tensor *value[2] = {gm_input(f.graph, "v", GM_FLOAT32, GM_SHAPE(2)),
                               gm_input(f.graph, "u", GM_FLOAT32, GM_SCALAR)};
        gm_tensor *average[2] = {gm_variable(f.graph, "av", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){.a = 1}),
                                 gm_variable(f.graph, "au", GM_FLOAT32, GM_SCALAR, (gm_initializer){.a = 1})};
        gm_phase *phase = gm_phase_create(f.graph, "average");
        gm_average_assign(phase, average, value, 2, &(gm_average_params){.decay = 0.75, .step = warm ? step : NULL});
        double expected[3] = {1, 1, 1};
        for (size_t t = 0; t < 60; t++) {
            double now[3] = {sin((double)t), 3, -(double)t}, keep = 0.75;
            if (warm)
                keep = fmin(keep, (1 + (double)t) / (10 + (double)t)); // .1 at first, .75 from t = 26 on
            set(&f, step, (double[]){(double)t});
            set(&f, value[0], now);
            set(&f, value[1], now + 2);
            assert_int_equal(gm_reference_run(f.reference, phase), GM_OK);
            for (size_t i = 0; i < 3; i++) {
                expected[i] = keep * expected[i] + (1 - keep) * now[i];
                assert_near(gm_reference_value(f.reference, average[i / 2])[i % 2], expected[i], 1e-6);
            }
        }
        end(&f);
    }
}

static void impossible_settings_are_faults(void **state) {
    (void)state;
    fixture f;
    for (size_t i = 0; i < 2; i++) {
        begin(&f);
        gm_tensor *w = gm_variable(f.graph, "w", GM_FLOAT32, GM_SHAPE(2), (gm_initializer){0}), *mean;
        gm_phase *phase = gm_phase_create(f.graph, "update");
        if (i == 0)
            gm_average_assign(phase, &w, &w, 1, &(gm_average_params){.decay = 1});
        else
            gm_gradients_mean(phase, "accumulated", &w, &w, 1, 0, &mean);
        fault_says(&f, i == 0 ? "an average's decay" : "accumulated: ", i == 0 ? "not 1" : "at least 1");
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_clipped_by_value),
        cmocka_unit_test(gradients_are_clipped_by_their_norm_together),
        cmocka_unit_test(decay_is_added_to_clipped_gradients),
        cmocka_unit_test(weights_are_clipped_after_every_rule),
        cmocka_unit_test(clips_are_settings_with_a_range),
        cmocka_unit_test(a_factor_of_a_tenth_moves_a_tenth),
        cmocka_unit_test(a_factor_of_zero_freezes),
        cmocka_unit_test(frozen_gradients_are_not_added_up),
        cmocka_unit_test(only_variables_have_rates_and_none_is_negative),
        cmocka_unit_test(micro_batches_equal_one_batch),
        cmocka_unit_test(averages_follow_their_values),
        cmocka_unit_test(impossible_settings_are_faults),
    };
    return cmocka_run_group_tests_name("optim updates", tests, NULL, NULL);
}
