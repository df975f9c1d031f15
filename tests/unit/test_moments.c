// Matching moments: that no item moves what is released further than the clip, whatever its features are made of; that
// what is released is what it is said to be; and what the distance is.
#include "base/base.h"
#include "check_ok.h"
#include "graph/graph.h"
#include "model/kinds.h"
#include "train/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS = 7, BATCH = 6, CLASSES = 3, SIDE = 6, VALUES = SIDE * SIDE };
#define CLIP 1.5

static const char noise[] = "privacy: {noise: 2, delta: 0.1, clip: 1.5}";

typedef struct step {
    gm_recipe *recipe;
    gm_model model;
    gm_state *state;
    gm_plan *plan;
    size_t values, blocks; // of the sums; of features
    float *sums[2];
    bool resident;
} step;

static gm_status parse(gm_recipe **recipe, const char *moments, const char *more) {
    char text[2000];
    snprintf(text, sizeof text,
             "data: {source: none, range: [0, 1], batch: %d}\nlatent: {size: 2}\n"
             "generator: [embed: {classes: 3, size: 2}, dense: {units: 36, rate: 0}, reshape: [1, 6, 6], sigmoid]\n"
             "moments: %s\n%s\n",
             BATCH, moments, more);
    return gm_train_recipe_parse(recipe, "test.yaml", text, strlen(text), NULL, 0);
}

static gm_status build(step *s, const char *moments, const char *more) {
    gm_dataset_info info = {.name = "made up",
                            .kind = GM_DATASET_IMAGES,
                            .count = ITEMS,
                            .channels = 1,
                            .height = SIDE,
                            .width = SIDE,
                            .class_count = CLASSES,
                            .white = 255,
                            .item_values = VALUES,
                            .item_bytes = VALUES};
    check_ok(parse(&s->recipe, moments, more));
    const gm_model_source source = {.data = &info,
                                    .format = gm_dataset_format(&info, 0, 1),
                                    .batch = gm_common_of(s->recipe)->data.batch,
                                    .resident = true};
    return gm_model_init(&s->model, s->recipe, &source);
}

static void begin(step *s, gm_device *device, const char *moments, const char *more) {
    *s = (step){0};
    check_ok(build(s, moments, more));
    check_ok(gm_state_create(&s->state, device, 1));
    check_ok(gm_plan_create(&s->plan, s->model.graph, s->state, NULL));
    s->values = gm_shape_count(gm_tensor_shape(gm_variable_find(s->model.graph, "moments.sums")));
    for (size_t i = 0; i < 2; i++)
        check_ok(gm_alloc(&s->sums[i], s->values, sizeof(float), "sums"));
}

static void end(step *s) {
    gm_plan_destroy(&s->plan);
    gm_state_destroy(&s->state);
    gm_model_finish(&s->model);
    gm_recipe_destroy(&s->recipe);
    free(s->sums[0]);
    free(s->sums[1]);
}

static void write_items(step *s, const uint8_t *items, const int32_t *labels) {
    check_ok(gm_plan_write(s->plan, s->model.inputs[0].data, items, ITEMS * VALUES));
    check_ok(gm_plan_write(s->plan, s->model.inputs[0].labels, labels, ITEMS * sizeof *labels));
}

// What a survey of the first `count` items leaves; those behind others are another batch's.
static void survey(step *s, size_t count, double *sums) {
    check_ok(gm_plan_run(s->plan, s->model.survey.begin));
    for (size_t first = 0; first < count; first += BATCH) {
        int32_t indices[BATCH];
        float mask[BATCH];
        for (size_t i = 0; i < BATCH; i++) {
            indices[i] = first + i < count ? (int32_t)(first + i) : -1;
            mask[i] = first + i < count ? 1 : 0;
        }
        check_ok(gm_plan_write(s->plan, s->model.inputs[0].indices, indices, sizeof indices));
        check_ok(gm_plan_write(s->plan, s->model.survey.mask, mask, sizeof mask));
        check_ok(gm_plan_run(s->plan, s->model.survey.gather));
    }
    check_ok(gm_state_read(s->state, "moments.sums", s->sums[0], s->values * sizeof(float)));
    check_ok(gm_state_read(s->state, "moments.rest", s->sums[1], s->values * sizeof(float)));
    for (size_t i = 0; i < s->values; i++)
        sums[i] = (double)s->sums[0][i] + (double)s->sums[1][i];
}

// Items of few and of many colours, of black and of white alone.
static void draw_items(uint64_t seed, uint8_t *items, int32_t *labels) {
    const uint32_t stream = gm_stream("items");
    for (size_t i = 0; i < ITEMS * VALUES; i++) {
        const double u = gm_philox_uniform(seed, stream, 1, 0, i);
        items[i] = (uint8_t)(256 * u);
        if (seed % 4 == 0)
            items[i] = u < .5 ? 0 : 255;
        if (seed % 4 == 1)
            items[i] = seed % 8 == 1 ? 0 : 255;
    }
    for (size_t i = 0; i < ITEMS; i++)
        labels[i] = (int32_t)(CLASSES * gm_philox_uniform(seed, stream, 2, 0, i));
}

// ---- Sensitivity ----

static const char *const kinds[] = {
    "{products: 10}",
    "{features: [tap: pixels, conv: {channels: 5, kernel: 3, stride: 2}, relu, tap: a, flatten, dense: 7], products: "
    "36}",
    "{features: [flatten, dense: {units: 9, bias: false}, batch_norm, dropout: 0.5, tanh]}",
    "{features: [conv: {channels: 4, kernel: 3}, layer_norm, max_pool: 2, residual: [sigmoid, conv: {channels: 4, "
    "kernel: 3, padding: 1}]]}",
};

static void no_item_moves_the_sums_further_than_the_clip(void **unused) {
    (void)unused;
    const char *asked = getenv("GANYMEDE_TEST_DRAWS");
    const size_t draws = asked ? strtoul(asked, NULL, 10) : 40;
    gm_device *device;
    check_ok(gm_device_open(&device, NULL));
    for (size_t kind = 0; kind < GM_COUNT(kinds); kind++) {
        step s;
        double largest = 0, *sums[2];
        begin(&s, device, kinds[kind], noise);
        for (size_t k = 0; k < 2; k++)
            check_ok(gm_alloc(&sums[k], s.values, sizeof(double), "sums"));
        for (size_t i = 0; i < s.values; i++)
            s.sums[0][i] = (float)(CLIP * gm_philox_normal(3, gm_stream("noise"), 0, 0, i));
        check_ok(gm_plan_write(s.plan, s.model.privacy.noise, s.sums[0], s.values * sizeof(float)));
        for (size_t draw = 0; draw < draws; draw++) {
            uint8_t items[ITEMS * VALUES];
            int32_t labels[ITEMS];
            double square = 0;
            draw_items(draw, items, labels);
            write_items(&s, items, labels);
            survey(&s, ITEMS - draw % 2, sums[0]);
            survey(&s, ITEMS - draw % 2 - 1, sums[1]);
            for (size_t i = 0; i < s.values; i++)
                square += (sums[0][i] - sums[1][i]) * (sums[0][i] - sums[1][i]);
            largest = fmax(largest, isnan(square) ? INFINITY : sqrt(square) / CLIP);
        }
        print_message("%.40s: an item moves the sums by at most %.5f of the clip\n", kinds[kind], largest);
        if (!(largest <= 1))
            fail_msg("%s: an item moves the sums by %g times the clip", kinds[kind], largest);
        if (!(largest > .6)) // else the noise would be larger than the release needs
            fail_msg("%s: no item moves the sums by more than %g times the clip", kinds[kind], largest);
        free(sums[0]);
        free(sums[1]);
        end(&s);
    }
    gm_device_close(&device);
}

// ---- What is released ----

// Behind the noise, and with the last digits that a sum of floats alone would lack.
static void sums_are_noise_and_items(void **unused) {
    (void)unused;
    gm_device *device;
    step s;
    uint8_t items[ITEMS * VALUES];
    int32_t labels[ITEMS];
    check_ok(gm_device_open(&device, NULL));
    begin(&s, device, "{products: 3}", noise);
    const size_t D = s.values / CLASSES - 1;
    assert_int_equal(D, 9);
    assert_int_equal(s.model.privacy.plan.batch, ITEMS); // one sum over all of them
    assert_int_equal(s.model.batches, 0);
    draw_items(2, items, labels);
    write_items(&s, items, labels);
    double *sums;
    float *drawn;
    check_ok(gm_alloc(&sums, s.values, sizeof *sums, "sums"));
    check_ok(gm_alloc(&drawn, s.values, sizeof *drawn, "noise"));
    for (size_t i = 0; i < s.values; i++)
        drawn[i] = (float)(1000 * gm_philox_normal(3, gm_stream("noise"), 0, 0, i));
    check_ok(gm_plan_write(s.plan, s.model.privacy.noise, drawn, s.values * sizeof *drawn));
    survey(&s, ITEMS, sums);
    for (size_t c = 0; c < CLASSES; c++) {
        size_t count = 0;
        for (size_t i = 0; i < ITEMS; i++)
            count += labels[i] == (int32_t)c;
        const double found = sums[c * (D + 1) + D] - (double)drawn[c * (D + 1) + D];
        const double one = CLIP * (1 - 1e-3 - BATCH * BATCH * 0x1p-24) / sqrt(2);
        if (!(fabs(found - one * (double)count) < 1e-5)) // of numbers of 1000 floats know 6e-5
            fail_msg("class %zu: the count's column has %.9g beside the noise, not %zu times %g", c, found, count, one);
    }
    free(sums);
    free(drawn);
    end(&s);
    gm_device_close(&device);
}

// All samples are grey: the generator's weights are zero, and stay so at rate 0. Of data that are as grey the distance
// is none; else it is that of two means.
static void distance_is_that_of_means(void **unused) {
    (void)unused;
    gm_device *device;
    step s;
    uint8_t items[ITEMS * VALUES];
    int32_t labels[ITEMS];
    float distance[2], *zeros;
    double sums[64];
    check_ok(gm_device_open(&device, NULL));
    begin(&s, device, "{features: [flatten]}", "initializer: default");
    assert_int_equal(s.values, CLASSES * (VALUES + 1));
    check_ok(gm_alloc(&zeros, 256, sizeof *zeros, "zeros"));
    size_t count;
    gm_tensor *const *parameters = gm_network_parameters(s.model.networks[0], &count);
    for (size_t i = 0; i < count; i++)
        check_ok(gm_state_write(s.state, gm_tensor_name(parameters[i]), zeros,
                                gm_shape_count(gm_tensor_shape(parameters[i])) * sizeof *zeros));
    for (size_t k = 0; k < 2; k++) {
        double *all;
        check_ok(gm_alloc(&all, s.values, sizeof *all, "sums"));
        for (size_t i = 0; i < ITEMS; i++) {
            labels[i] = (int32_t)(i % CLASSES);
            memset(items + i * VALUES, k == 0 ? 51 : (i % CLASSES == 0 ? 255 : 0), VALUES);
        }
        write_items(&s, items, labels);
        survey(&s, ITEMS, all);
        check_ok(gm_plan_run(s.plan, s.model.actions[0].phase));
        check_ok(gm_plan_read(s.plan, s.model.numbers[0].x, &distance[k], sizeof *distance));
        free(all);
    }
    // A block of equal pixels p has D values p / sqrt(D p^2 + D / 8); of D = 36, and of grey p = .5.
    const double grey = .5 / sqrt(.25 + .125), dark = .2 / sqrt(.04 + .125), white = 1 / sqrt(1.125);
    sums[0] = (grey - dark) * (grey - dark);
    sums[1] = ((grey - white) * (grey - white) + 2 * grey * grey) / CLASSES;
    for (size_t k = 0; k < 2; k++)
        if (!(fabs((double)distance[k] - sums[k]) < 1e-5))
            fail_msg("the distance is %.7g, not %.7g", (double)distance[k], sums[k]);
    free(zeros);
    end(&s);
    gm_device_close(&device);
}

// ---- What is refused ----

static void recipes_that_cannot_be_are_refused(void **unused) {
    (void)unused;
    static const struct {
        const char *moments, *more, *message;
    } refused[] = {
        {"{}", "", "moments of nothing"},
        {"{products: 4}", "privacy: {epsilon: 1}\nmonitor: {every: 10}", "private training is not monitored"},
        {"{products: 4}", "privacy: {epsilon: 1}\nfrom: runs/0", "what other weights were learnt from"},
        {"{products: 4}", "discriminator: [dense: 1]", "discriminator belongs to"},
    };
    for (size_t i = 0; i < GM_COUNT(refused); i++) {
        gm_recipe *recipe;
        if (parse(&recipe, refused[i].moments, refused[i].more) == GM_OK)
            fail_msg("%s is taken", refused[i].moments);
        if (!strstr(gm_error_message(), refused[i].message))
            fail_msg("'%s', expected '%s'", gm_error_message(), refused[i].message);
    }
    static const char *const settings[][2] = {
        {"data.batch=7", "a multiple of 3 from 6 on"},
        {"data.augment={flip: true}", "each item is looked at once"},
        {"data.balance=resample", "moments are those of each class already"},
        {"generator.0.embed.classes=2", "embed knows only 2"},
        {"generator.1.dense=35", "reshape"},
    };
    for (size_t i = 0; i < GM_COUNT(settings); i++) {
        static const char text[] = "data: {source: none, range: [0, 1], batch: 6}\nlatent: {size: 2}\n"
                                   "generator: [embed: {classes: 3, size: 2}, dense: 36, reshape: [1, 6, 6], sigmoid]\n"
                                   "moments: {products: 4}\n";
        step s = {0};
        gm_dataset_info info = {.name = "made up",
                                .kind = GM_DATASET_IMAGES,
                                .count = ITEMS,
                                .channels = 1,
                                .height = SIDE,
                                .width = SIDE,
                                .class_count = CLASSES,
                                .white = 255,
                                .item_values = VALUES,
                                .item_bytes = VALUES};
        gm_status status =
            gm_train_recipe_parse(&s.recipe, "test.yaml", text, strlen(text), (const char *const *)&settings[i][0], 1);
        if (status == GM_OK)
            status = gm_model_init(&s.model, s.recipe,
                                   &(gm_model_source){.data = &info,
                                                      .format = gm_dataset_format(&info, 0, 1),
                                                      .batch = gm_common_of(s.recipe)->data.batch,
                                                      .resident = true});
        if (status == GM_OK)
            fail_msg("%s is taken", settings[i][0]);
        if (!strstr(gm_error_message(), settings[i][1]))
            fail_msg("'%s', expected '%s'", gm_error_message(), settings[i][1]);
        gm_model_finish(&s.model);
        gm_recipe_destroy(&s.recipe);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_item_moves_the_sums_further_than_the_clip),
        cmocka_unit_test(sums_are_noise_and_items),
        cmocka_unit_test(distance_is_that_of_means),
        cmocka_unit_test(recipes_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
