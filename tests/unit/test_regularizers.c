// Regularisers as a recipe wires them into training: what each does to one update of known weights and to what D sees,
// in the double-precision interpreter, against formulas; and when the trainer runs the lazy ones.
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/train.h"
#include "model/gan.h"
#include "model/kinds.h"
#include "train/settings.h"
#include "unit/nn_test.h"

enum { N = 16, MOST_VALUES = 24 };
#define RATE 0.125 // of both networks

// ---- Known weights ----

// Data, networks and weights. The generator's weights are 0, so that all that it makes is its bias, `fake`.
typedef struct setup {
    const char *settings[4]; // up to a NULL
    size_t size;             // of the data: 1: points, else square images
    double fake[4];
    double weights[MOST_VALUES]; // of the discriminator, layer by layer
    double (*real)(size_t i);    // value i of the batch of N; NULL: zeros
} setup;

typedef struct training {
    gm_recipe *recipe;
    gm_model model;
    gm_reference *reference;
} training;

static const char text[] = "data: { source: ring8, batch: 16 }\n"
                           "latent: { size: 2 }\n"
                           "generator: [dense: 2]\n"
                           "discriminator: [dense: 1]\n"
                           "loss: wasserstein\n"
                           "optimizer: { generator: { sgd: 0.125 }, discriminator: { sgd: 0.125 } }\n";

static gm_recipe *parse(const char *const *settings, size_t count) {
    gm_recipe *recipe;
    check_ok(gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), settings, count));
    return recipe;
}

static gm_dataset_info info_of(size_t channels, size_t size) {
    size_t values = channels * size * size;
    return (gm_dataset_info){.name = "made up",
                             .kind = size > 1 ? GM_DATASET_IMAGES : GM_DATASET_FLOATS,
                             .count = 64,
                             .channels = channels,
                             .height = size,
                             .width = size,
                             .class_count = 3,
                             .white = size > 1 ? 255 : 0,
                             .item_values = values,
                             .item_bytes = values * (size > 1 ? 1 : sizeof(float))};
}

static gm_model_source source_of(const gm_dataset_info *info, const gm_recipe *recipe) {
    const gm_common *common = gm_common_of(recipe);
    return (gm_model_source){.data = info,
                             .format = gm_dataset_format(info, common->data.range.low, common->data.range.high),
                             .batch = common->data.batch};
}

// Sets the variables of a network, in the order of its parameters.
static void set_parameters(training *t, size_t network, const double *values) {
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(t->model.networks[network], &count);
    for (size_t i = 0; i < count; i++) {
        check_ok(gm_reference_set(t->reference, parameters[i], values));
        values += gm_shape_count(gm_tensor_shape(parameters[i]));
    }
}

static size_t get_parameters(const training *t, size_t network, double *values) {
    size_t count, total = 0;
    gm_tensor *const *parameters = gm_network_parameters(t->model.networks[network], &count);
    for (size_t i = 0; i < count; i++) {
        size_t size = gm_shape_count(gm_tensor_shape(parameters[i]));
        assert_in_range(total + size, 1, MOST_VALUES);
        memcpy(values + total, gm_reference_value(t->reference, parameters[i]), size * sizeof *values);
        total += size;
    }
    return total;
}

static void start(training *t, const setup *s, const char *more, const char *most) {
    const char *settings[6];
    size_t count = 0;
    for (size_t i = 0; i < GM_COUNT(s->settings) && s->settings[i]; i++)
        settings[count++] = s->settings[i];
    if (more)
        settings[count++] = more;
    if (most)
        settings[count++] = most;
    t->recipe = parse(settings, count);
    size_t channels = s->size > 1 ? 1 : 2;
    gm_dataset_info info = info_of(channels, s->size);
    const gm_model_source source = source_of(&info, t->recipe);
    check_ok(gm_model_init(&t->model, t->recipe, &source));
    check_ok(gm_reference_create(&t->reference, t->model.graph, 7));

    size_t values = info.item_values;
    double generator[MOST_VALUES] = {0}, batch[N * 4]; // (2, values) and its bias
    memcpy(generator + 2 * values, s->fake, values * sizeof *generator);
    set_parameters(t, 0, generator);
    set_parameters(t, 1, s->weights);
    if (!s->real)
        return;
    for (size_t i = 0; i < N * values; i++)
        batch[i] = s->real(i);
    check_ok(gm_reference_set(t->reference, t->model.inputs[0].batch, batch));
}

static void stop(training *t) {
    gm_reference_destroy(&t->reference);
    gm_model_finish(&t->model);
    gm_recipe_destroy(&t->recipe);
}

static const gm_model_action *find_action(const training *t, const char *phase) {
    for (size_t i = 0; i < t->model.action_count; i++)
        if (strcmp(t->model.actions[i].phase->name, phase) == 0)
            return &t->model.actions[i];
    return NULL;
}

static double number(training *t, const char *name) {
    gm_tensor *x = gm_model_find_number(&t->model, name);
    assert_non_null(x);
    check_ok(gm_reference_evaluate(t->reference, &x, 1));
    return gm_reference_value(t->reference, x)[0];
}

// The parameters of the network that the phase updates, behind it; returns how many.
static size_t updated(const setup *s, const char *setting, const char *phase, double *values) {
    training t;
    start(&t, s, setting, NULL);
    const gm_model_action *action = find_action(&t, phase);
    assert_non_null(action);
    check_ok(gm_reference_run(t.reference, action->phase));
    size_t count = get_parameters(&t, strcmp(phase, "generator") == 0 ? 0 : 1, values);
    stop(&t);
    return count;
}

// Points right of x = 1.
static double point(size_t i) {
    return i % 2 == 0 ? 1 + (double)(i / 2) / N : ((double)(i / 2) - N / 2) / N;
}
static double pixel(size_t i) {
    return (double)(37 * i % 256);
}

// l = w x + b
static const setup linear = {{NULL}, 1, {-2, 0.25}, {0.75, -0.5, 0.125}, point};
static const setup linear_of_images = {
    {"data.source=mnist", "generator=[dense: 4, reshape: [1, 2, 2]]", "discriminator=[flatten, dense: 1]"},
    2,
    {-1, 0.25, 0, 1},
    {0.5, -0.25, 0.75, 0.3125, 0.125},
    pixel};
// Two rays of gradient: 0.75 relu(a) - 0.5 relu(-2a), a = x0 + x1/2. Real samples lie on the first, generated ones on
// the second side of a = 0; so l's slope tells where it was taken.
static const setup bent = {
    {"discriminator=[dense: 2, relu, dense: 1]"}, 1, {-2, 0.25}, {1, -2, 0.5, -1, 0, 0, 0.75, -0.5, 0.125}, point};

// ---- Penalties ----

typedef enum place { AT_REAL, AT_FAKE, BETWEEN } place;

typedef struct penalty {
    const char *name, *settings;
    bool squared; // factor/2 s^2 of the slope's norm s; else factor (s - centre)^2
    double factor, centre;
    place where;
} penalty;

static const penalty penalties[] = {
    {"r1", "gamma: 3", true, 3, 0, AT_REAL},
    {"r2", "gamma: 2", true, 2, 0, AT_FAKE},
    {"gradient_penalty", "weight: 3, centre: 0.5", false, 3, 0.5, BETWEEN},
    {"gradient_penalty", "weight: 5", false, 5, 1, BETWEEN},
    {"dragan", "weight: 4", false, 4, 1, AT_REAL},
};

static double derivative(const penalty *p, double norm) {
    return p->squared ? p->factor * norm : 2 * p->factor * (norm - p->centre);
}

// What the penalty takes from D's parameters where it is due. Every step: beside the loss, in one update; else in an
// update of its own, and then nothing from the loss's.
static size_t taken_by(const setup *s, const penalty *p, size_t every, double *taken) {
    double without[MOST_VALUES], with[MOST_VALUES], alone[MOST_VALUES];
    char setting[128], phase[64];
    snprintf(setting, sizeof setting, "regularizers=[%s: {%s, every: %zu}]", p->name, p->settings, every);
    snprintf(phase, sizeof phase, "penalty.%s", p->name);
    size_t count = updated(s, NULL, "discriminator", without);
    assert_int_equal(updated(s, setting, "discriminator", with), count);
    for (size_t i = 0; i < count && every == 1; i++)
        taken[i] = without[i] - with[i];
    if (every == 1)
        return count;
    updated(s, setting, phase, alone);
    for (size_t i = 0; i < count; i++) {
        assert_near(with[i], without[i], 1e-12);
        taken[i] = s->weights[i] - alone[i];
    }
    return count;
}

static const size_t intervals[] = {1, 16};

static void a_linear_critic_loses_the_gradient_of_its_norm(void **state) {
    (void)state;
    const setup *setups[] = {&linear, &linear_of_images};
    for (size_t i = 0; i < GM_COUNT(setups) * GM_COUNT(intervals) * GM_COUNT(penalties); i++) {
        const penalty *p = &penalties[i / 4];
        const setup *s = setups[i % 2];
        size_t every = intervals[i / 2 % 2];
        double taken[MOST_VALUES], norm = 0;
        size_t count = taken_by(s, p, every, taken) - 1; // and the bias
        for (size_t k = 0; k < count; k++)
            norm += s->weights[k] * s->weights[k];
        norm = sqrt(norm);
        for (size_t k = 0; k < count; k++)
            assert_near(taken[k], RATE * (double)every * derivative(p, norm) * s->weights[k] / norm, 1e-6);
        assert_near(taken[count], 0, 1e-12);
    }
}

// Unit j of the bent critic: what the penalty takes from its outgoing and its incoming weights when all samples are on
// its side.
static void expected_of_unit(const penalty *p, size_t j, double expected[3]) {
    const double in[2] = {bent.weights[j], bent.weights[2 + j]}, out = bent.weights[6 + j];
    double length = hypot(in[0], in[1]), slope = derivative(p, fabs(out) * length);
    expected[0] = slope * length * (out > 0 ? 1 : -1);
    expected[1] = slope * fabs(out) * in[0] / length;
    expected[2] = slope * fabs(out) * in[1] / length;
}

static void penalties_are_taken_at_their_samples(void **state) {
    (void)state;
    for (size_t i = 0; i < GM_COUNT(intervals) * GM_COUNT(penalties); i++) {
        const penalty *p = &penalties[i / 2];
        size_t every = intervals[i % 2];
        double taken[MOST_VALUES], expected[3], share[2] = {p->where == AT_REAL, p->where == AT_FAKE};
        assert_int_equal(taken_by(&bent, p, every, taken), 9);
        if (p->where == BETWEEN) { // each sample at a place of its own
            expected_of_unit(p, 0, expected);
            share[0] = taken[6] / (RATE * (double)every * expected[0]);
            assert_near(share[0] * N, round(share[0] * N), 1e-5);
            assert_in_range((size_t)round(share[0] * N), 2, N - 2);
            share[1] = 1 - share[0];
        }
        for (size_t j = 0; j < 2; j++) {
            double weight = RATE * (double)every * share[j];
            expected_of_unit(p, j, expected);
            assert_near(taken[6 + j], weight * expected[0], 1e-6);
            assert_near(taken[j], weight * expected[1], 1e-6);
            assert_near(taken[2 + j], weight * expected[2], 1e-6);
            assert_near(taken[4 + j], 0, 1e-12);
        }
    }
}

// The loss that is shown is the loss, whatever is added to it.
static void penalties_do_not_change_the_loss_that_is_shown(void **state) {
    (void)state;
    training t;
    double loss[2];
    for (size_t i = 0; i < 2; i++) {
        start(&t, &bent, i == 0 ? NULL : "regularizers=[r1, r2: {every: 2}, gradient_penalty]", NULL);
        loss[i] = number(&t, "discriminator_loss");
        stop(&t);
    }
    assert_near(loss[0], loss[1], 1e-12);
}

static void lazy_penalties_follow_each_update_of_the_discriminator(void **state) {
    (void)state;
    training t;
    start(&t, &bent, "regularizers=[r1: {every: 16}, r2: {every: 3}, dragan]", "discriminator_steps=2");
    static const struct {
        const char *phase;
        size_t every, index;
        bool fresh;
    } expected[] = {{"discriminator", 1, 0, true}, {"penalty.r1", 16, 0, false},  {"penalty.r2", 3, 0, false},
                    {"substep", 1, 0, false},      {"discriminator", 1, 0, true}, {"penalty.r1", 16, 1, false},
                    {"penalty.r2", 3, 1, false},   {"generator", 1, 0, false}};
    size_t at = 0;
    for (size_t i = 0; i < t.model.action_count; i++) {
        const gm_model_action *a = &t.model.actions[i];
        if (at < GM_COUNT(expected) && strcmp(a->phase->name, expected[at].phase) == 0) {
            assert_int_equal(a->every, expected[at].every);
            assert_int_equal(a->fresh, expected[at].fresh);
            assert_int_equal(a->index, expected[at].index);
            assert_int_equal(a->per_step, a->every > 1 ? 2 : 0);
            at++;
        }
    }
    assert_int_equal(at, GM_COUNT(expected));
    stop(&t);
}

// On the device, by the trainer's count of D's steps. rate * gamma * every = 1: a due penalty leaves no weight.
static void lazy_penalties_run_when_they_are_due(void **state) {
    (void)state;
    const char *settings[] = {"discriminator_steps=2",
                              "regularizers=[r2: {gamma: 2, every: 4}, r1: {gamma: 1.6, every: 5}]",
                              "optimizer.generator.sgd=0", "monitor.metrics=[]"};
    char path[128];
    gm_trainer *trainer;
    snprintf(path, sizeof path, "%s/lazy.yaml", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = path,
                                                             .settings = settings,
                                                             .setting_count = GM_COUNT(settings),
                                                             .no_folder = true,
                                                             .tuning = GM_TRAIN_TUNE_NOT}));
    // The updates that a step makes are 2 step and 2 step + 1. R2 follows multiples of 4, R1 those of 5; only what
    // follows the second one shows at the step's end.
    for (size_t step = 0; step < 8; step++) {
        float weight[2];
        check_ok(gm_trainer_step(trainer));
        check_ok(gm_state_read(gm_trainer_state(trainer), "discriminator.0.weight", weight, sizeof weight));
        bool zero = fabsf(weight[0]) + fabsf(weight[1]) < 1e-6F;
        if (zero != ((2 * step + 1) % 5 == 0))
            fail_msg("behind step %zu the weights are %g and %g", step, (double)weight[0], (double)weight[1]);
    }
    gm_trainer_destroy(&trainer);
}

// ---- What D sees ----

// Its mean logit is the mean |x| of what it sees, where the samples themselves are 0.
static const setup absolute = {{"discriminator=[dense: 4, relu, dense: 1]", "data.batch=4096"},
                               1,
                               {0, 0},
                               {1, -1, 0, 0, 0, 0, 1, -1, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0},
                               NULL};

static void instance_noise_falls_to_nothing(void **state) {
    (void)state;
    static const struct {
        const char *until;
        int step;
        double variance; // of the noise, as a share of the first
    } cases[] = {{"0", 0, 1},       {"0", 500, 1},     {"100", 0, 1},   {"100", 50, 0.5},
                 {"100", 75, 0.25}, {"100", 99, 0.01}, {"100", 100, 0}, {"100", 130, 0}};
    const double pi = 3.14159265358979323846;
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        training t;
        char setting[96];
        snprintf(setting, sizeof setting, "regularizers=[instance_noise: {deviation: 0.5, until: %s}]", cases[i].until);
        start(&t, &absolute, setting, NULL);
        gm_tensor *step = gm_variable_find(t.model.graph, "step");
        check_ok(gm_reference_set(t.reference, step, (double[]){cases[i].step, 0}));
        double deviation = 0.5 * sqrt(cases[i].variance), expected = deviation * sqrt(2 / pi);
        double bound = 4 * deviation * sqrt((1 - 2 / pi) / (2 * 4096));
        double real = number(&t, "real_logit"), fake = number(&t, "fake_logit");
        assert_near(real, expected, bound);
        assert_near(fake, expected, bound);
        assert_near(-number(&t, "generator_loss"), expected, bound);
        assert_true((fabs(real - fake) > 0) == (deviation > 0)); // each has noise of its own
        stop(&t);
    }
}

static double softplus(double x) {
    return log1p(exp(x));
}

// Of D's loss on real samples alone; G's loss is what it was.
static void smoothing_changes_the_target_of_real_samples_alone(void **state) {
    (void)state;
    static const struct {
        const char *list;
        double target;
    } cases[] = {{"[]", 1}, {"[label_smoothing]", 0.9}, {"[label_smoothing: {real: 0.75}]", 0.75}};
    const double *w = linear.weights, fake = w[0] * linear.fake[0] + w[1] * linear.fake[1] + w[2];
    for (size_t i = 0; i < 2 * GM_COUNT(cases); i++) {
        training t;
        char setting[96];
        double target = cases[i / 2].target, expected = softplus(fake);
        for (size_t k = 0; k < N; k++) {
            double l = w[0] * point(2 * k) + w[1] * point(2 * k + 1) + w[2];
            expected += (target * softplus(-l) + (1 - target) * softplus(l)) / N;
        }
        snprintf(setting, sizeof setting, "regularizers=%s", cases[i / 2].list);
        start(&t, &linear, setting, i % 2 ? "loss=minimax" : "loss=non_saturating");
        assert_near(number(&t, "discriminator_loss"), expected, 1e-6);
        assert_near(number(&t, "generator_loss"), i % 2 ? -softplus(fake) : softplus(-fake), 1e-6);
        stop(&t);
    }
}

// A penalty's gradient is that of the pack's one logit, by all values of the pack.
static void packed_samples_are_judged_together(void **state) {
    (void)state;
    setup s = linear; // of packs (x, x'): (4, 1) and the bias
    memcpy(s.weights, (double[]){0.75, -0.5, 0.25, 0.5, 0.125}, 5 * sizeof(double));
    training t;
    start(&t, &s, "regularizers=[packing: 2]", NULL);
    assert_near(number(&t, "fake_logit"), 1 * s.fake[0] + 0 * s.fake[1] + 0.125, 1e-6);
    stop(&t);
    double without[MOST_VALUES], with[MOST_VALUES];
    assert_int_equal(updated(&s, "regularizers=[packing: 2]", "discriminator", without), 5);
    updated(&s, "regularizers=[packing: 2, r1: {gamma: 3}]", "discriminator", with);
    for (size_t i = 0; i < 5; i++)
        assert_near(without[i] - with[i], i < 4 ? RATE * 3 * s.weights[i] : 0, 1e-6);
    gm_recipe *recipe = parse((const char *[]){"regularizers=[r1, packing: 2]", "class_weights=[1, 2, 3]"}, 2);
    gm_dataset_info info = info_of(2, 1);
    const gm_model_source source = source_of(&info, recipe);
    assert_int_equal(gm_model_init(&t.model, recipe, &source), GM_ERROR_ARGUMENT);
    assert_string_equal(gm_error_message(), "--set regularizers=[r1, packing: 2]: packed samples have no single label: "
                                            "packing and labels exclude each other");
    gm_recipe_destroy(&recipe);
}

// A pack's logit l(x, x') is the sum of its samples' log ratios: the term's slope in G(z) is the mean of D's weights.
static void divergence_of_a_pack_is_that_of_its_samples(void **state) {
    (void)state;
    setup s = linear;
    s.settings[0] = "loss=non_saturating";
    s.settings[1] = "regularizers=[packing: 2]";
    memcpy(s.weights, (double[]){0.75, -0.5, 0.25, 1.5, 0.125}, 5 * sizeof(double));
    double without[MOST_VALUES], with[MOST_VALUES];
    assert_int_equal(updated(&s, NULL, "generator", without), 6); // a weight (2, 2), which is 0, and the bias, G(z)
    updated(&s, "kl_term={direction: reverse, weight: 3}", "generator", with);
    assert_near(with[4] - without[4], RATE * 3 * (0.75 + 0.25) / 2, 1e-6);
    assert_near(with[5] - without[5], RATE * 3 * (-0.5 + 1.5) / 2, 1e-6);
}

static void spectral_norm_divides_by_the_largest_singular_value(void **state) {
    (void)state;
    training t;
    const double *w = linear.weights;
    double slope = w[0] * linear.fake[0] + w[1] * linear.fake[1];
    start(&t, &linear, "regularizers=[spectral_norm]", NULL);
    assert_near(number(&t, "fake_logit"), slope / hypot(w[0], w[1]) + w[2], 1e-6);
    stop(&t);
}

// ---- Weights in bounds ----

static void clipping_holds_the_discriminator_in_its_box(void **state) {
    (void)state;
    static const struct {
        const char *plain, *clipped, *phase;
    } cases[] = {
        {"regularizers=[]", "regularizers=[weight_clip: {limit: 0.5}]", "discriminator"},
        {"regularizers=[r1: {every: 2}]", "regularizers=[weight_clip: {limit: 0.5}, r1: {every: 2}]", "penalty.r1"},
        {"regularizers=[]", "regularizers=[weight_clip: {limit: 0.5}]", "generator"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        double loose[MOST_VALUES], boxed[MOST_VALUES];
        bool generator = strcmp(cases[i].phase, "generator") == 0, beyond = false;
        size_t count = updated(&bent, cases[i].plain, cases[i].phase, loose);
        assert_int_equal(updated(&bent, cases[i].clipped, cases[i].phase, boxed), count);
        for (size_t k = 0; k < count; k++) {
            beyond = beyond || fabs(loose[k]) > 0.5;
            assert_near(boxed[k], generator ? loose[k] : fmax(-0.5, fmin(0.5, loose[k])), 1e-6);
        }
        assert_true(beyond);
    }
}

static void decay_takes_its_share_of_both_networks(void **state) {
    (void)state;
    static const char *const phases[] = {"discriminator", "generator"};
    double start_of[2][MOST_VALUES] = {{0}, {0}};
    memcpy(start_of[0], bent.weights, sizeof bent.weights);
    memcpy(start_of[1] + 4, bent.fake, 2 * sizeof(double));
    for (size_t i = 0; i < 2; i++) {
        double without[MOST_VALUES], with[MOST_VALUES];
        size_t count = updated(&bent, NULL, phases[i], without);
        updated(&bent, "regularizers=[weight_decay: {weight: 0.25}]", phases[i], with);
        for (size_t k = 0; k < count; k++)
            assert_near(without[k] - with[k], RATE * 0.25 * start_of[i][k], 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_critic_loses_the_gradient_of_its_norm),
        cmocka_unit_test(penalties_are_taken_at_their_samples),
        cmocka_unit_test(penalties_do_not_change_the_loss_that_is_shown),
        cmocka_unit_test(lazy_penalties_follow_each_update_of_the_discriminator),
        cmocka_unit_test(lazy_penalties_run_when_they_are_due),
        cmocka_unit_test(instance_noise_falls_to_nothing),
        cmocka_unit_test(smoothing_changes_the_target_of_real_samples_alone),
        cmocka_unit_test(packed_samples_are_judged_together),
        cmocka_unit_test(divergence_of_a_pack_is_that_of_its_samples),
        cmocka_unit_test(spectral_norm_divides_by_the_largest_singular_value),
        cmocka_unit_test(clipping_holds_the_discriminator_in_its_box),
        cmocka_unit_test(decay_takes_its_share_of_both_networks),
    };
    return cmocka_run_group_tests_name("regularizers", tests, make_folder, remove_folder);
}
