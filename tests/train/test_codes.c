// Latent codes and class weights: the bound against its formula, and training that must follow them.
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/sampler.h"
#include "ganymede/train.h"
#include "model/gan.h"
#include "model/kinds.h"
#include "train/settings.h"
#include "unit/nn_test.h"

#include <string.h>

static const char recipe_text[] = "data: { source: ring8, batch: 32 }\n"
                                  "latent: { size: 2 }\n"
                                  "generator: [dense: 64, relu, dense: 64, relu, dense: 2]\n"
                                  "discriminator:\n"
                                  "  - dense: 64\n"
                                  "  - leaky_relu: 0.2\n"
                                  "  - dense: 64\n"
                                  "  - leaky_relu: 0.2\n"
                                  "  - head: { name: codes, layers: [dense: 6] }\n"
                                  "  - dense: 1\n"
                                  "loss: relativistic\n"
                                  "regularizers: [r1: { gamma: 0.1 }, r2: { gamma: 0.1 }]\n"
                                  "optimizer:\n"
                                  "  generator: { adam: { rate: 1e-3, beta1: 0, beta2: 0.99 } }\n"
                                  "  discriminator: { adam: { rate: 1e-3, beta1: 0, beta2: 0.99 } }\n"
                                  "monitor: { metrics: [] }\n"
                                  "steps: 600\n"
                                  "log: { every: 300, samples: 0, checkpoint: 0 }\n";

static gm_recipe *parse(const char *setting) {
    gm_recipe *recipe;
    check_ok(gm_train_recipe_parse(&recipe, "r.yaml", recipe_text, strlen(recipe_text), &setting, 1));
    return recipe;
}

// ---- The bound ----

enum { N = 3, CODES = 5, TOLD = 7 }; // of 2 and 1 continuous: 2 + 2 one-hot and 1, told by 4 logits, mean and variance

// H(c) + E ln Q by hand, for two categorical codes of two categories and a continuous one.
static void bound_is_entropy_and_expected_log_likelihood(void **state) {
    (void)state;
    const double z[N * (2 + CODES)] = {9, 9, 1, 0, 0, 1, 0.5, 9, 9, 0, 1, 1, 0, -1, 9, 9, 1, 0, 1, 0, 0};
    const double told[N * TOLD] = {2, -1, 0, 1, 0.25, 3, 0, 1, 1, 1, -2, -0.5, -40, 0, -3, 3, 0.5, 0.5, 0.25, 1, 0};
    gm_recipe *recipe = parse("codes={categorical: [2, 2], continuous: 1}");
    double expected = 2 * log(2) + log(2);
    fixture f;
    begin(&f);
    gm_tensor *c = gm_input(f.graph, "z", GM_FLOAT32, GM_SHAPE(N, 2 + CODES)), *bound;
    gm_tensor *t = gm_input(f.graph, "told", GM_FLOAT32, GM_SHAPE(N, TOLD));
    double six[N * 6];
    for (size_t n = 0; n < N; n++) {
        const double *q = &told[n * TOLD], *p = &z[n * (2 + CODES) + 2];
        for (size_t k = 0; k < 2; k++)
            expected +=
                (p[2 * k] * q[2 * k] + p[2 * k + 1] * q[2 * k + 1] - log(exp(q[2 * k]) + exp(q[2 * k + 1]))) / N;
        double v = log1p(exp(q[5] + 6)) - 6, d = p[4] - q[4];
        expected -= (v + log(2 * 3.14159265358979323846) + d * d / exp(v)) / 2 / N;
        memcpy(&six[n * 6], q, 6 * sizeof *six);
    }
    set(&f, c, z);
    set(&f, t, told);
    gm_tensor *cut = gm_slice(t, (size_t[]){0, 0}, (size_t[]){N, 6});
    check_ok(gm_codes_bound(gm_gan_of(recipe), "r.yaml:1", c, cut, &bound));
    has_values(&f, bound, &expected, 1);
    assert_int_equal(gm_codes_bound(gm_gan_of(recipe), "r.yaml:1", c, t, &bound), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "the head 'codes' must give 6 values"));
    assert_int_equal(gm_codes_bound(gm_gan_of(recipe), "r.yaml:1", c, NULL, &bound), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "no head or tap of that name"));
    end(&f);
    gm_recipe_destroy(&recipe);
}

// Every category equally often, one of them at a time; continuous codes in [-1, 1] with the variance of U(-1, 1).
static void codes_are_drawn_as_they_are_distributed(void **state) {
    (void)state;
    enum { BATCH = 6000 };
    gm_recipe *recipe;
    const char *settings[] = {"codes={categorical: [3], continuous: 1}", "data.batch=6000"};
    check_ok(gm_train_recipe_parse(&recipe, "r.yaml", recipe_text, strlen(recipe_text), settings, 2));
    fixture f;
    begin(&f);
    double noise[BATCH * 2] = {0}, count[3] = {0}, sum = 0, squares = 0;
    gm_tensor *input = gm_input(f.graph, "noise", GM_FLOAT32, GM_SHAPE(BATCH, 2));
    set(&f, input, noise);
    const double *z = evaluate(&f, gm_codes_append(gm_gan_of(recipe), input, NULL));
    for (size_t n = 0; n < BATCH; n++, z += 6) {
        assert_near(z[2] + z[3] + z[4], 1, 0);
        for (size_t k = 0; k < 3; k++) {
            assert_near(z[2 + k] * (1 - z[2 + k]), 0, 0);
            count[k] += z[2 + k];
        }
        assert_in_range((size_t)(1 + z[5]), 0, 1);
        sum += z[5];
        squares += z[5] * z[5];
    }
    for (size_t k = 0; k < 3; k++)
        assert_near(count[k] / BATCH, 1. / 3, 4 * sqrt(2. / 9 / BATCH));
    assert_near(sum / BATCH, 0, 4 * sqrt(1. / 3 / BATCH));
    assert_near(squares / BATCH, 1. / 3, 4 * sqrt(4. / 45 / BATCH));
    end(&f);
    gm_recipe_destroy(&recipe);
}

static void sampled_codes_are_the_callers_or_the_seeds(void **state) {
    (void)state;
    gm_recipe *recipe = parse("codes={categorical: [3, 2], continuous: 2}");
    float z[7], other[7];
    gm_codes_fill(gm_gan_of(recipe), gm_common_of(recipe)->seed, 7, NULL, z); // 7 = 1 + 3 (0 + 2 ...)
    const float digits[5] = {0, 1, 0, 1, 0};
    for (size_t i = 0; i < 5; i++)
        assert_near((double)z[i], (double)digits[i], 0);
    gm_codes_fill(gm_gan_of(recipe), gm_common_of(recipe)->seed, 7, (float[]){2, NAN, NAN, 0.25F}, other);
    const float chosen[5] = {0, 0, 1, 1, 0};
    for (size_t i = 0; i < 5; i++)
        assert_near((double)other[i], (double)chosen[i], 0);
    assert_near((double)other[5], (double)z[5], 0);
    assert_near((double)other[6], 0.25, 0);
    assert_true(z[5] >= -1 && z[5] <= 1 && (z[5] < z[6] || z[5] > z[6]));
    check_ok(gm_codes_check(gm_gan_of(recipe), (float[]){2, 1, -5, NAN}, 1));
    assert_int_equal(gm_codes_check(gm_gan_of(recipe), (float[]){3, 1, 0, 0}, 1), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "code 0 cannot be 3: its categories are 0 to 2"));
    assert_int_equal(gm_codes_check(gm_gan_of(recipe), (float[]){0, 0.5F, 0, 0}, 1), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_codes_check(gm_gan_of(recipe), (float[]){0, 0, 0, INFINITY}, 1), GM_ERROR_ARGUMENT);
    gm_recipe_destroy(&recipe);
    recipe = parse("name=plain");
    assert_int_equal(gm_codes_check(gm_gan_of(recipe), (float[]){0}, 1), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "trained without codes"));
    gm_recipe_destroy(&recipe);
}

// ---- Training ----

static void train(const char *name, const char *const *settings, size_t count, char run[128]) {
    char recipe[128];
    gm_trainer *trainer;
    snprintf(recipe, sizeof recipe, "%s/%s.yaml", folder, name);
    snprintf(run, 128, "%s/%s", folder, name);
    FILE *file = fopen(recipe, "w");
    assert_non_null(file);
    fputs(recipe_text, file);
    assert_int_equal(fclose(file), 0);
    check_ok(gm_trainer_create(
        &trainer,
        &(gm_train_options){
            .recipe = recipe, .settings = settings, .setting_count = count, .out = run, .tuning = GM_TRAIN_TUNE_NOT}));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_destroy(&trainer);
}

enum { SAMPLES = 200 };

static void sample(const char *run, const float *codes, float points[2 * SAMPLES]) {
    gm_sampler *sampler;
    uint64_t seeds[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        seeds[i] = i;
    check_ok(gm_sampler_open(&sampler, run, NULL));
    check_ok(gm_sampler_generate(sampler, seeds, NULL, codes, SAMPLES, points));
    gm_sampler_close(&sampler);
}

// Four categories for eight Gaussians: whoever knows the sample knows its category, and all of the plane is used.
static void categories_come_to_stand_for_places(void **state) {
    (void)state;
    const char *settings[] = {"codes.categorical=[4]", "discriminator.4.head.layers=[dense: 4]"};
    char run[128];
    float points[2 * SAMPLES];
    double mean[4][2] = {{0}};
    size_t misplaced = 0;
    train("codes", settings, 2, run);
    sample(run, NULL, points);
    for (size_t i = 0; i < SAMPLES; i++) // the category is the seed modulo 4
        for (size_t k = 0; k < 2; k++)
            mean[i % 4][k] += (double)points[2 * i + k] / (SAMPLES / 4);
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t nearest = 0;
        double least = INFINITY;
        for (size_t c = 0; c < 4; c++) {
            double distance = hypot((double)points[2 * i] - mean[c][0], (double)points[2 * i + 1] - mean[c][1]);
            nearest = distance < least ? c : nearest;
            least = fmin(least, distance);
        }
        misplaced += nearest != i % 4;
    }
    assert_in_range(misplaced, 0, SAMPLES / 20);
}

// A weight of 0 takes a class away: what is left are the modes at (1, 0) and (-1, 0).
static void weights_decide_what_is_learned(void **state) {
    (void)state;
    const char *settings[] = {"class_weights=[1, 0, 0, 0, 1, 0, 0, 0]"};
    char run[128];
    float points[2 * SAMPLES];
    size_t right = 0, left = 0;
    train("weights", settings, 1, run);
    sample(run, NULL, points);
    for (size_t i = 0; i < SAMPLES; i++) {
        double x = (double)points[2 * i], y = (double)points[2 * i + 1];
        right += hypot(x - 1, y) < 0.3;
        left += hypot(x + 1, y) < 0.3;
    }
    assert_in_range(right, SAMPLES / 4, SAMPLES);
    assert_in_range(left, SAMPLES / 4, SAMPLES);
    assert_in_range(right + left, SAMPLES * 3 / 4, SAMPLES);
}

// ---- Slips ----

static void expect_slip(const char *setting, const char *start, const char *part) {
    gm_recipe *recipe;
    if (gm_train_recipe_parse(&recipe, "r.yaml", recipe_text, strlen(recipe_text), &setting, 1) == GM_OK)
        fail_msg("%s was accepted", setting);
    const char *message = gm_error_message();
    if (strncmp(message, start, strlen(start)) != 0 || !strstr(message, part))
        fail_msg("\n  said:     %s\n  expected: %s ... %s", message, start, part);
}

static void slips_are_named(void **state) {
    (void)state;
    expect_slip("codes={weight: 2}", "--set codes={weight: 2}: ", "codes needs categorical, such as [10]");
    expect_slip("codes.categorical=10", "--set codes.categorical=10: ", "must be a list of whole numbers");
    expect_slip("codes.categorical=[10, 1]", "--set codes.categorical=", "from 2 to 1024");
    expect_slip("codes.categorical=[2.5]", "--set codes.categorical=", "from 2 to 1024");
    expect_slip("codes.continous=1", "--set codes.continous=1: ", "did you mean 'continuous'?");
    expect_slip("class_weights=[1, -1]", "--set class_weights=", "from 0 on");
    expect_slip("class_weights=[0, 0]", "--set class_weights=", "not all 0");
    expect_slip("class_weights=2", "--set class_weights=2: ", "a list of numbers");
}

static void what_does_not_fit_the_data_is_refused(void **state) {
    (void)state;
    const gm_dataset_info data = {.name = "points",
                                  .kind = GM_DATASET_FLOATS,
                                  .count = 100,
                                  .channels = 2,
                                  .height = 1,
                                  .width = 1,
                                  .class_count = 8,
                                  .item_values = 2,
                                  .item_bytes = 8};
    gm_dataset_info unlabelled = data;
    unlabelled.class_count = 0;
    const gm_sample format = gm_dataset_format(&data, -1, 1);
    const gm_model_source labelled_source = {.data = &data, .format = format, .batch = 16, .resident = true};
    const gm_model_source unlabelled_source = {.data = &unlabelled, .format = format, .batch = 16, .resident = true};
    gm_model model;
    gm_recipe *recipe = parse("class_weights=[1, 2]");
    assert_int_equal(gm_model_init(&model, recipe, &labelled_source), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "class_weights has 2 numbers, but points has 8 classes"));
    assert_int_equal(gm_model_init(&model, recipe, &unlabelled_source), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "class_weights need labels, but points has none"));
    gm_recipe_destroy(&recipe);
    recipe = parse("codes.continuous=1");
    assert_int_equal(gm_model_init(&model, recipe, &labelled_source), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "must give 2 values"));
    gm_recipe_destroy(&recipe);
    recipe = parse("codes={continuous: 1, head: other}");
    assert_int_equal(gm_model_init(&model, recipe, &labelled_source), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "has no head or tap of that name"));
    gm_recipe_destroy(&recipe);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_is_entropy_and_expected_log_likelihood),
        cmocka_unit_test(codes_are_drawn_as_they_are_distributed),
        cmocka_unit_test(sampled_codes_are_the_callers_or_the_seeds),
        cmocka_unit_test(categories_come_to_stand_for_places),
        cmocka_unit_test(weights_decide_what_is_learned),
        cmocka_unit_test(slips_are_named),
        cmocka_unit_test(what_does_not_fit_the_data_is_refused),
    };
    return cmocka_run_group_tests_name("codes and class weights", tests, make_folder, remove_folder);
}
