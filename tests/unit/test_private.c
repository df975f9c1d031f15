// An update in private: that no item can move its sum further than the clip, whatever the discriminator is made of, and
// that nothing else tells of the items.
#include "base/base.h"
#include "check_ok.h"
#include "graph/graph.h"
#include "model/kinds.h"
#include "train/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Sensitivity: an update of the very discriminator that a recipe trains ----

enum { ITEMS = 6, CLASSES = 3, SIDE = 6, MOST_PARAMS = 32 };
#define CLIP 1.5

// A discriminator of each layer whose weights all samples share.
static const struct {
    const char *name, *layers;
} kinds[] = {
    {"dense", "[flatten, dense: 5, leaky_relu, dense: 1]"},
    {"maxout", "[flatten, maxout: {units: 4, pieces: 3}, dense: 1]"},
    {"conv", "[conv: {channels: 3, kernel: 3, stride: 2, padding: 1}, leaky_relu, flatten, dense: 1]"},
    {"conv of groups", "[conv: {channels: 4, kernel: 3}, relu, conv: {channels: 4, kernel: 2, groups: 2}, flatten, "
                       "dense: 1]"},
    {"conv_transpose", "[conv_transpose: {channels: 2, kernel: 3, stride: 2}, tanh, flatten, dense: 1]"},
    {"layer_norm", "[conv: {channels: 3, kernel: 3}, layer_norm, leaky_relu, flatten, dense: 1]"},
    {"instance_norm", "[conv: {channels: 3, kernel: 3}, instance_norm, leaky_relu, flatten, dense: 1]"},
    {"group_norm", "[conv: {channels: 4, kernel: 3}, group_norm: {groups: 2}, leaky_relu, flatten, dense: 1]"},
    {"pools", "[conv: {channels: 3, kernel: 3}, max_pool: 2, sigmoid, average_pool: 2, flatten, dense: 1]"},
    {"residual", "[flatten, dense: 5, residual: [leaky_relu, dense: 5], dense: 1]"},
    {"embed", "[flatten, embed: {classes: 3, size: 4}, dense: 5, leaky_relu, dense: 1]"},
    {"projection", "[conv: {channels: 3, kernel: 3, stride: 2}, leaky_relu, flatten, projection: {classes: 3}]"},
    {"attention", "[conv: {channels: 8, kernel: 3, stride: 2}, attention, flatten, dense: 1]"},
    {"spectral_norm", "[flatten, dense: {units: 5, spectral_norm: true}, leaky_relu, dense: 1]"},
    {"dropout", "[flatten, dense: 6, dropout: 0.3, leaky_relu, dense: 1]"},
};

typedef struct step {
    gm_recipe *recipe;
    gm_model model;
    gm_state *state;
    gm_plan *plan;
    gm_phase *phase;
    gm_tensor *const *params;
    size_t count, values;
    float *weights, *before, *after[2];
    gm_tensor *const *statistics; // of layers that have some, such as the vectors of a spectral norm
    size_t statistic_count;
} step;

// Plain descent of rate 1: the weights move by the sums over the batch.
static void make_recipe(const char *layers, const char *more, char *text, size_t size) {
    snprintf(text, size,
             "data: {source: none, range: [-1, 1], batch: 3}\nlatent: {size: 2}\n"
             "generator: [embed: {classes: 3, size: 2}, dense: 36, reshape: [1, 6, 6], batch_norm, tanh]\n"
             "discriminator: %s\nprivacy: {noise: 1, delta: 0.1, clip: %g}\n"
             "optimizer: {discriminator: {sgd: {rate: 1}}}\n%s",
             layers, CLIP, more);
}

static gm_model_source make_source(const gm_recipe *recipe, gm_dataset_info *info) {
    *info = (gm_dataset_info){.name = "made up",
                              .kind = GM_DATASET_IMAGES,
                              .count = ITEMS,
                              .channels = 1,
                              .height = SIDE,
                              .width = SIDE,
                              .class_count = CLASSES,
                              .white = 255,
                              .item_values = SIDE * SIDE,
                              .item_bytes = SIDE * SIDE};
    return (gm_model_source){.data = info,
                             .format = gm_dataset_format(info, -1, 1),
                             .batch = gm_common_of(recipe)->data.batch,
                             .resident = true};
}

static void begin(step *s, gm_device *device, const char *layers) {
    char text[2000];
    gm_dataset_info info;
    *s = (step){0};
    make_recipe(layers, "", text, sizeof text);
    check_ok(gm_train_recipe_parse(&s->recipe, "test.yaml", text, strlen(text), NULL, 0));
    const gm_model_source source = make_source(s->recipe, &info);
    check_ok(gm_model_init(&s->model, s->recipe, &source));
    assert_int_equal(s->model.privacy.plan.capacity, ITEMS);
    check_ok(gm_state_create(&s->state, device, 1));
    check_ok(gm_plan_create(&s->plan, s->model.graph, s->state, NULL));
    for (size_t i = 0; i < s->model.graph->phase_count; i++)
        if (strcmp(s->model.graph->phases[i]->name, "discriminator") == 0)
            s->phase = s->model.graph->phases[i];
    s->params = gm_network_parameters(s->model.networks[1], &s->count);
    s->statistics = gm_network_statistics(s->model.networks[1], &s->statistic_count);
    s->values = s->model.privacy.values;
    check_ok(gm_alloc(&s->weights, 4 * s->values, sizeof(float), "weights"));
    s->before = s->weights + s->values;
    s->after[0] = s->before + s->values;
    s->after[1] = s->after[0] + s->values;
    memset(s->before, 0, s->values * sizeof(float)); // and no noise
    check_ok(gm_plan_write(s->plan, s->model.privacy.noise, s->before, s->values * sizeof(float)));
}

static void end(step *s) {
    gm_plan_destroy(&s->plan);
    gm_state_destroy(&s->state);
    gm_model_finish(&s->model);
    gm_recipe_destroy(&s->recipe);
    free(s->weights);
}

static void move_weights(step *s, float *values, bool write) {
    for (size_t i = 0, at = 0; i < s->count; at += gm_shape_count(gm_tensor_shape(s->params[i++]))) {
        const size_t bytes = gm_shape_count(gm_tensor_shape(s->params[i])) * sizeof(float);
        check_ok(write ? gm_state_write(s->state, gm_tensor_name(s->params[i]), values + at, bytes)
                       : gm_state_read(s->state, gm_tensor_name(s->params[i]), values + at, bytes));
    }
}

// What an update with these of the items makes of the weights.
static void update(step *s, const bool *taken, float *after) {
    int32_t indices[ITEMS];
    float mask[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) { // which has its place whoever else is there
        indices[i] = taken[i] ? (int32_t)i : -1;
        mask[i] = taken[i] ? 1 : 0;
    }
    move_weights(s, s->weights, true);
    for (size_t i = 0; i < s->statistic_count; i++) {
        float values[64];
        const size_t length = gm_shape_count(gm_tensor_shape(s->statistics[i]));
        assert_in_range(length, 1, GM_COUNT(values));
        for (size_t k = 0; k < length; k++)
            values[k] = 1 / sqrtf((float)length);
        check_ok(gm_state_write(s->state, gm_tensor_name(s->statistics[i]), values, length * sizeof *values));
    }
    check_ok(gm_plan_write(s->plan, s->model.inputs[0].indices, indices, sizeof indices));
    check_ok(gm_plan_write(s->plan, s->model.privacy.mask, mask, sizeof mask));
    check_ok(gm_plan_run(s->plan, s->phase));
    move_weights(s, after, false);
}

// Items from black to white, of few and of many colours; weights from nearly none to large.
static void draw_case(step *s, uint64_t seed, bool *taken, size_t *other) {
    uint8_t items[ITEMS * SIDE * SIDE];
    int32_t labels[ITEMS];
    const uint32_t stream = gm_stream("case");
    const double size = exp2(8 * gm_philox_uniform(seed, stream, 0, 0, 0) - 6);
    for (size_t i = 0; i < sizeof items; i++) {
        const double u = gm_philox_uniform(seed, stream, 1, 0, i);
        items[i] = (uint8_t)(seed % 3 == 0 ? (u < .5 ? 0 : 255) : 256 * u);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        labels[i] = (int32_t)(CLASSES * gm_philox_uniform(seed, stream, 2, 0, i));
        taken[i] = gm_philox_uniform(seed, stream, 3, 0, i) < .5;
    }
    *other = (size_t)(ITEMS * gm_philox_uniform(seed, stream, 4, 0, 0));
    for (size_t i = 0; i < s->values; i++)
        s->weights[i] = (float)(size * gm_philox_normal(seed, stream, 5, 0, i));
    check_ok(gm_plan_write(s->plan, s->model.inputs[0].data, items, sizeof items));
    if (s->model.inputs[0].labels)
        check_ok(gm_plan_write(s->plan, s->model.inputs[0].labels, labels, sizeof labels));
}

// How far one item more moves the sum of an update, over the clip; the largest and the mean of many.
static void measure(gm_device *device, size_t kind, size_t draws, double *largest, double *mean) {
    step s;
    const double batch = 3;
    *largest = *mean = 0;
    begin(&s, device, kinds[kind].layers);
    for (size_t k = 0; k < draws; k++) {
        bool taken[ITEMS];
        size_t other;
        double square = 0, scale = 0;
        draw_case(&s, kind << 32 | k, taken, &other);
        for (size_t with = 0; with < 2; with++) {
            taken[other] = with == 1;
            update(&s, taken, s.after[with]);
        }
        for (size_t i = 0; i < s.values; i++) {
            const double difference = (double)s.after[1][i] - (double)s.after[0][i];
            square += difference * difference;
            scale = fmax(scale, fabs((double)s.after[0][i]));
        }
        // The weights are floats, whose last digits their sums lack.
        const double rounding = batch * scale * 1.2e-7 * sqrt((double)s.values);
        const double found = (batch * sqrt(square) - rounding) / CLIP;
        *largest = fmax(*largest, isnan(square) ? INFINITY : found);
        *mean += found / (double)draws;
    }
    end(&s);
}

static void no_item_moves_an_update_further_than_the_clip(void **unused) {
    (void)unused;
    const char *asked = getenv("GANYMEDE_TEST_DRAWS");
    const size_t draws = asked ? strtoul(asked, NULL, 10) : 100;
    gm_device *device;
    check_ok(gm_device_open(&device, NULL));
    for (size_t kind = 0; kind < GM_COUNT(kinds); kind++) {
        double largest, mean;
        measure(device, kind, draws, &largest, &mean);
        print_message("%-16s %zu pairs of neighbours: at most %.5f of the clip, %.3f on average\n", kinds[kind].name,
                      draws, largest, mean);
        if (!(largest <= 1))
            fail_msg("%s: an item moves the sum by %g times the clip", kinds[kind].name, largest);
        if (!(largest > .99)) // else nothing was clipped, and nothing shown
            fail_msg("%s: no item moves the sum by more than %g times the clip", kinds[kind].name, largest);
    }
    gm_device_close(&device);
}

// ---- What is not private ----

static void nothing_that_is_shown_looks_at_the_items(void **unused) {
    (void)unused;
    gm_device *device;
    step s;
    bool taken[ITEMS];
    size_t other;
    float shown[2][4] = {{0}, {0}};
    check_ok(gm_device_open(&device, NULL));
    begin(&s, device, kinds[0].layers);
    for (size_t k = 0; k < 2; k++) {
        draw_case(&s, 1 + k, taken, &other);
        for (size_t i = 0; i < s.values; i++)
            s.weights[i] = .1F;
        update(&s, taken, s.after[k]);
        for (size_t i = 0; i < s.model.number_count; i++)
            if (strcmp(s.model.numbers[i].name, "generator_loss") != 0) // which is of D's new weights
                check_ok(gm_plan_read(s.plan, s.model.numbers[i].x, &shown[k][i], sizeof(float)));
    }
    assert_true(memcmp(s.after[0], s.after[1], s.values * sizeof(float)) != 0);
    assert_int_equal(memcmp(shown[0], shown[1], sizeof shown[0]), 0);
    end(&s);
    gm_device_close(&device);
}

static void what_would_tell_more_is_refused(void **unused) {
    (void)unused;
    static const struct {
        const char *layers, *more, *message;
    } refused[] = {
        {"[flatten, dense: 4, batch_norm, dense: 1]", "", "batch_norm mixes the samples of a batch"},
        {"[flatten, minibatch_stddev, dense: 1]", "", "minibatch_stddev mixes the samples"},
        {"[flatten, dense: 1]", "regularizers: [r1: {gamma: 1}]", "test.yaml:7: this regularizer"},
        {"[flatten, dense: 1]", "regularizers: [gradient_penalty]", "test.yaml:7: this regularizer"},
        {"[flatten, dense: 1]", "regularizers: [label_smoothing]", "test.yaml:7: this regularizer"},
        {"[flatten, dense: 1]", "regularizers: [augment: {adaptive: true}]", "test.yaml:7: adaptive augmentation"},
        {"[flatten, dense: 1]", "loss: relativistic", "loss is not for private training"},
        {"[flatten, dense: 1]", "accumulate: 2", "accumulate is not for private training"},
        {"[flatten, dense: 1]", "entropy_term: {weight: 1}", "entropy_term is not for private training"},
        {"[flatten, dense: 1]", "class_weights: [1, 2, 1]", "class_weights is not for private training"},
        {"[flatten, dense: 1]", "from: runs/0", "from: what other weights were learnt from"},
        {"[flatten, dense: 1]", "monitor: {every: 10}", "monitor.every: private training is not monitored"},
        {"[flatten, dense: 1]", "monitor: {share: 0.1}", "monitor.share: private training is not monitored"},
        {"[flatten, dense: 1]", "precision: bf16", "precision: bf16 would round more"},
    };
    for (size_t i = 0; i < GM_COUNT(refused); i++) {
        char text[2000];
        gm_recipe *recipe;
        make_recipe(refused[i].layers, refused[i].more, text, sizeof text);
        if (gm_train_recipe_parse(&recipe, "test.yaml", text, strlen(text), NULL, 0) == GM_OK)
            fail_msg("%s %s is taken", refused[i].layers, refused[i].more);
        if (!strstr(gm_error_message(), refused[i].message))
            fail_msg("'%s', expected '%s'", gm_error_message(), refused[i].message);
    }
    static const char *const settings[][2] = {
        {"data.balance=resample", "data.balance: how many items a class has"},
        {"data.scale=range", "data.scale: values of the data"},
        {"data.columns={a: number}", "data.columns: ranges, means"},
        {"privacy={delta: 1e-5}", "privacy needs epsilon, the budget, or noise"},
    };
    for (size_t i = 0; i < GM_COUNT(settings); i++) {
        char text[2000];
        gm_recipe *recipe;
        make_recipe("[flatten, dense: 1]", "", text, sizeof text);
        if (gm_train_recipe_parse(&recipe, "test.yaml", text, strlen(text), &settings[i][0], 1) == GM_OK)
            fail_msg("%s is taken", settings[i][0]);
        if (!strstr(gm_error_message(), settings[i][1]))
            fail_msg("'%s', expected '%s'", gm_error_message(), settings[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_item_moves_an_update_further_than_the_clip),
        cmocka_unit_test(nothing_that_is_shown_looks_at_the_items),
        cmocka_unit_test(what_would_tell_more_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
