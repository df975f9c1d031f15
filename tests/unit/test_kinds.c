// What an addition takes: a kind of sample and two kinds of model that the test adds to the tables (kinds_support.h).
// By their rows alone recipes, training, resuming, pictures, the monitor, sampling, measuring and evaluating work as
// for the kinds that the library brings.
#include "ganymede/evaluate.h"
#include "ganymede/measure.h"
#include "ganymede/sampler.h"
#include "kinds_support.h"
#include "plan/state.h"

#include <math.h>

// ---- Recipes ----

static void recipe_of_an_added_kind_is_read_by_its_own_table(void **unused) {
    (void)unused;
    gm_train_info info;
    gm_trainer *trainer = create((gm_train_options){.no_folder = true}, NULL);
    gm_trainer_get_info(trainer, &info);
    expect_part(info.recipe, "\ngaussian:\n  spread: 2\n  least: 0.5\noptimizer:\n  gaussian: {sgd: {rate: 0.125, ");
    check_ok(gm_file_write_atomic(path_of("resolved.yaml"), info.recipe, strlen(info.recipe)));
    gm_trainer *again = create((gm_train_options){.recipe = path_of("resolved.yaml"), .no_folder = true}, NULL);
    const char *first = info.recipe;
    gm_trainer_get_info(again, &info);
    assert_string_equal(info.recipe, first);
    gm_trainer_destroy(&again);
    gm_trainer_destroy(&trainer);
}

static void mistakes_in_a_recipe_of_an_added_kind_are_named(void **unused) {
    (void)unused;
    expect_refused((gm_train_options){0}, "latent={size: 3}",
                   "--set latent={size: 3}: latent belongs to a GAN (generator and discriminator), but this recipe is "
                   "that of " HEADING);
    expect_refused((gm_train_options){0}, "centre={rate: 1}",
                   "centre belongs to a centre (the mean of the data), but this recipe is that of " HEADING);
    expect_refused((gm_train_options){0}, "gaussian.spraed=3",
                   "unknown key in gaussian 'spraed': did you mean 'spread'");
    expect_refused((gm_train_options){0}, "gaussian.spread=0", "gaussian.spread must be ");
    expect_refused((gm_train_options){0}, "gaussian.least=3",
                   "--set gaussian.least=3: gaussian.least must be below gaussian.spread");
    check_ok(gm_npy_write(path_of("pairs.npy"), curves, 2, (size_t[]){ITEMS, 2}));
    expect_refused((gm_train_options){.data = path_of("pairs.npy")}, NULL,
                   "a Gaussian learns curves of 5 values, not the points of ");
}

static void keys_of_an_added_kind_have_their_own_heading(void **unused) {
    (void)unused;
    char *text;
    check_ok(gm_train_keys(&text));
    char *own = strstr(text, "\nKEYS OF " HEADING "\n"), *next = own ? strstr(own + 1, "\nKEYS OF ") : NULL;
    assert_non_null(next);
    expect_part(next, "KEYS OF a centre (the mean of the data)\n  centre.rate: a number from 0 to 1; default 0.5\n");
    *next = '\0';
    expect_part(own, "\n  gaussian.spread: a number from 0.001 to 1000; default 1\n      the deviation before ");
    expect_part(own, "\n  optimizer.gaussian: ");
    expect_part(own, "\n  monitor.every: ");
    assert_null(strstr(own, "centre.rate"));
    *own = '\0';
    assert_null(strstr(text, "gaussian."));
    free(text);
}

// ---- Training ----

// The same ten steps in double precision, on what networks see of the data: each batch is all of them.
static void fit(double mean[CURVE], double deviation[CURVE]) {
    const double least = .5, spread = 2;
    for (size_t d = 0; d < CURVE; d++) {
        double excess = log(spread - least);
        mean[d] = 0;
        for (int step = 0; step < STEPS; step++) {
            double first = 0, second = 0, s = least + exp(excess);
            for (size_t i = 0; i < ITEMS; i++) {
                double difference = SHRINK * (double)curves[i * CURVE + d] - mean[d];
                first += difference / ITEMS;
                second += difference * difference / ITEMS;
            }
            mean[d] += RATE * first / (s * s);
            excess -= RATE * (1 / s - second / (s * s * s)) * exp(excess);
        }
        deviation[d] = least + exp(excess);
    }
}

static void expect_near(const char *what, size_t at, double value, double expected, double slack) {
    if (!(fabs(value - expected) <= slack))
        fail_msg("%s %zu is %.9g, expected %.9g", what, at, value, expected);
}

static void read_state(gm_trainer *trainer, float mean[CURVE], float deviation[CURVE]) {
    check_ok(gm_state_read(gm_trainer_state(trainer), "gaussian.mean", mean, CURVE * sizeof *mean));
    check_ok(gm_state_read(gm_trainer_state(trainer), "gaussian.excess", deviation, CURVE * sizeof *deviation));
    for (size_t d = 0; d < CURVE; d++)
        deviation[d] = .5f + expf(deviation[d]);
}

static bool note(const gm_train_progress *progress, void *user) {
    double *seen = user;
    if (progress->step < STEPS)
        return false;
    assert_string_equal(progress->numbers[0].label, "-ln p");
    assert_true(progress->measured);
    seen[0] = gm_train_number_find(progress, "loss");
    seen[1] = gm_train_number_find(progress, "deviation");
    seen[2] = gm_train_number_find(progress, "coverage");
    return false;
}

static void ten_steps_fit_what_the_conversion_gives(void **unused) {
    (void)unused;
    const char *const places[] = {"data.resident=yes", "data.resident=no"};
    double expected[2][CURVE], seen[3] = {NAN, NAN, NAN};
    fit(expected[0], expected[1]);
    for (size_t i = 0; i < 2; i++) {
        float mean[CURVE], deviation[CURVE];
        gm_train_info info;
        gm_trainer *trainer = create((gm_train_options){.no_folder = true}, places[i]);
        check_ok(gm_trainer_run(trainer, note, seen));
        gm_trainer_get_info(trainer, &info);
        assert_string_equal(info.noun, "curves");
        assert_string_equal(info.pictured, "generate");
        assert_int_equal(info.channels * info.height * info.width, CURVE);
        assert_int_equal(info.network_count, 0);
        assert_int_equal(info.monitor_interval, 5);
        read_state(trainer, mean, deviation);
        for (size_t d = 0; d < CURVE; d++) {
            expect_near("mean", d, (double)mean[d], expected[0][d], 1e-5);
            expect_near("deviation", d, (double)deviation[d], expected[1][d], 1e-5);
        }
        assert_true(isfinite(seen[0]) && seen[1] > .5 && seen[2] >= 0 && seen[2] <= 1);
        gm_trainer_destroy(&trainer);
    }
}

static void table_of_text_trains_as_the_array_does(void **unused) {
    (void)unused;
    float found[2][2][CURVE];
    write_csv("curves.csv", curves);
    for (size_t i = 0; i < 2; i++) {
        gm_trainer *trainer =
            create((gm_train_options){.no_folder = true, .data = i ? path_of("curves.csv") : NULL}, "monitor.every=0");
        check_ok(gm_trainer_run(trainer, NULL, NULL));
        read_state(trainer, found[i][0], found[i][1]);
        gm_trainer_destroy(&trainer);
    }
    assert_memory_equal(found[0], found[1], sizeof found[0]);
}

// What log.jsonl says but `seconds`, which each line ends with.
static char *read_log(const char *run) {
    char name[64], *text;
    size_t bytes;
    snprintf(name, sizeof name, "%s/log.jsonl", run);
    check_ok(gm_file_read(path_of(name), 1 << 20, &text, &bytes));
    char *to = text;
    for (char *line = text; *line;) {
        char *end = line + strcspn(line, "\n"), *cut = strstr(line, "\"seconds\"");
        assert_true(cut && cut < end && *end == '\n');
        memmove(to, line, (size_t)(cut - line));
        to += cut - line;
        line = end + 1;
    }
    *to = '\0';
    return text;
}

static void resumed_run_continues_bit_for_bit(void **unused) {
    (void)unused;
    static const char *const files[] = {"checkpoints/00000010.safetensors", "samples/00000005.png",
                                        "samples/00000010.png", "samples/real.png", "recipe.yaml"};
    train("resumed", false, "steps=5");
    train("resumed", true, "steps=10");
    for (size_t i = 0; i < GM_COUNT(files); i++) {
        char names[2][64];
        snprintf(names[0], sizeof names[0], "run/%s", files[i]);
        snprintf(names[1], sizeof names[1], "resumed/%s", files[i]);
        expect_same_file(names[0], names[1]);
    }
    char *straight = read_log("run"), *resumed = read_log("resumed");
    assert_string_equal(resumed, straight);
    expect_part(straight, "\"step\": 10,");
    expect_part(straight, "\"deviation\":");
    expect_part(straight, "\"coverage\":");
    free(straight);
    free(resumed);
}

// ---- Samples ----

static gm_sampler *open_sampler(void) {
    gm_sampler *sampler;
    check_ok(gm_sampler_open(&sampler, path_of("run"), NULL));
    return sampler;
}

static void generate(float *samples, size_t count) {
    gm_sampler *sampler = open_sampler();
    uint64_t seeds[ITEMS];
    for (size_t i = 0; i < count; i++)
        seeds[i] = i;
    check_ok(gm_sampler_generate(sampler, seeds, NULL, NULL, count, samples));
    gm_sampler_close(&sampler);
}

static void samples_are_those_of_the_fitted_gaussian(void **unused) {
    (void)unused;
    float samples[ITEMS * CURVE], z[CURVE];
    double mean[CURVE], deviation[CURVE];
    gm_sampler_info info;
    gm_sampler *sampler = open_sampler();
    gm_sampler_get_info(sampler, &info);
    assert_string_equal(info.noun, "curves");
    assert_int_equal(info.step, STEPS);
    assert_int_equal(info.channels * info.height * info.width, CURVE);
    assert_false(info.ranged);
    gm_sampler_close(&sampler);
    generate(samples, ITEMS);
    fit(mean, deviation);
    for (size_t i = 0; i < ITEMS * CURVE; i++) {
        gm_latent_fill(&(gm_latent){.size = CURVE}, 3, i / CURVE, z);
        expect_near("value", i, (double)samples[i], mean[i % CURVE] + deviation[i % CURVE] * (double)z[i % CURVE],
                    1e-4);
    }
}

static void draw(const char *name, const float *values, size_t count) {
    uint8_t pixels[ITEMS * CURVE];
    for (size_t i = 0; i < count * CURVE; i++)
        pixels[i] = grey_of(values[i]);
    check_ok(gm_png_write(path_of(name), pixels, CURVE, count, 1));
}

// The compressed pixels of a PNG, which stand in one chunk; *bytes becomes how many.
static const char *find_pixels(const char *data, size_t length, uint32_t *bytes) {
    for (size_t i = 4; i + 4 < length; i++)
        if (memcmp(data + i, "IDAT", 4) == 0) {
            const uint8_t *size = (const uint8_t *)data + i - 4;
            *bytes = (uint32_t)size[0] << 24 | (uint32_t)size[1] << 16 | (uint32_t)size[2] << 8 | size[3];
            return data + i + 4;
        }
    fail_msg("there are no pixels");
    return NULL;
}

// But for what the files say of themselves.
static void expect_same_pixels(const char *a, const char *b) {
    const char *names[] = {a, b}, *pixels[2];
    char *data[2];
    uint32_t bytes[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        size_t length;
        check_ok(gm_file_read(path_of(names[i]), SIZE_MAX, &data[i], &length));
        pixels[i] = find_pixels(data[i], length, &bytes[i]);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(pixels[0], pixels[1], bytes[0]);
    free(data[0]);
    free(data[1]);
}

static void pictures_are_drawn_by_the_kind_of_sample(void **unused) {
    (void)unused;
    float samples[6 * CURVE], real[6 * CURVE];
    int32_t indices[6];
    check_ok(gm_loader_indices(3, 0, 6, ITEMS, indices));
    for (size_t i = 0; i < 6 * CURVE; i++)
        real[i] = (float)(SHRINK * (double)curves[(size_t)indices[i / CURVE] * CURVE + i % CURVE]);
    draw("expected-real.png", real, 6);
    expect_same_file("run/samples/real.png", "expected-real.png");
    generate(samples, 6);
    draw("expected.png", samples, 6);
    expect_same_file("run/samples/00000010.png", "expected.png");
    gm_sampler *sampler = open_sampler();
    check_ok(
        gm_sampler_write(sampler, path_of("written.png"), samples, 6, &(gm_write_options){.rows = 6, .columns = 1}));
    gm_sampler_close(&sampler);
    expect_same_pixels("written.png", "expected.png");
}

static void written_samples_are_encoded_as_the_data_are(void **unused) {
    (void)unused;
    float samples[ITEMS * CURVE];
    gm_npy array;
    generate(samples, ITEMS);
    gm_sampler *sampler = open_sampler();
    check_ok(gm_sampler_write(sampler, path_of("written.npy"), samples, ITEMS, NULL));
    gm_sampler_close(&sampler);
    check_ok(gm_npy_read(path_of("written.npy"), &array));
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.count, ITEMS * CURVE);
    for (size_t i = 0; i < ITEMS * CURVE; i++)
        expect_near("value", i, SHRINK * (double)array.floats[i], (double)samples[i], 0);
    gm_npy_finish(&array);
}

static double measure(const char *real, const char *fake) {
    gm_comparison *comparison;
    const gm_figure *figures;
    size_t count;
    check_ok(gm_comparison_open(&comparison, path_of(real), path_of(fake), &(gm_comparison_options){.samples = ITEMS}));
    check_ok(gm_comparison_measure(comparison, "frechet", &figures, &count));
    double value = (double)figures[0].value.value;
    gm_comparison_close(&comparison);
    return value;
}

static void run_array_and_table_are_compared_alike(void **unused) {
    (void)unused;
    written_samples_are_encoded_as_the_data_are(unused);
    write_csv("held.csv", held);
    double expected = measure("held.npy", "run");
    assert_true(expected > 0);
    expect_near("Frechet distance to the array", 0, measure("held.npy", "written.npy"), expected, 0);
    expect_near("Frechet distance from the table", 0, measure("held.csv", "run"), expected, 0);
}

// ---- Evaluating ----

static void evaluation_is_what_the_kind_can_tell(void **unused) {
    (void)unused;
    gm_evaluation *evaluation;
    gm_evaluation_info info;
    double mean[CURVE], deviation[CURVE], expected = 0;
    fit(mean, deviation);
    for (size_t i = 0; i < ITEMS * CURVE; i++) {
        double z = (SHRINK * (double)held[i] - mean[i % CURVE]) / deviation[i % CURVE];
        expected -= (z * z / 2 + log(deviation[i % CURVE]) + LN_2PI / 2) / ITEMS;
    }
    check_ok(gm_evaluation_create(&evaluation, path_of("run"), &(gm_evaluation_options){.data = path_of("held.npy")}));
    gm_evaluation_get_info(evaluation, &info);
    assert_int_equal(info.step, STEPS);
    assert_int_equal(info.count, ITEMS);
    assert_string_equal(info.unit, "nats per curve");
    const gm_evaluation_figure *figure = gm_evaluation_find(evaluation, "log_density");
    assert_non_null(figure);
    expect_near("log density", 0, figure->value, expected, 1e-4);
    assert_null(gm_evaluation_confusion(evaluation));
    assert_int_equal(gm_evaluation_picture(evaluation, path_of("none.png")), GM_ERROR_ARGUMENT);
    gm_evaluation_destroy(&evaluation);
    assert_int_equal(gm_evaluation_create(&evaluation, path_of("run"), NULL), GM_ERROR_ARGUMENT);
    expect_part(gm_error_message(), "curves.npy: has no test split");
}

static void kind_without_uses_or_evaluation_trains_and_refuses_the_rest(void **unused) {
    (void)unused;
    static const char text[] = "data: { source: %s/curves.npy, batch: 128 }\ncentre: { rate: 1 }\nsteps: 10\n";
    char recipe[sizeof text + sizeof folder];
    float found[CURVE];
    gm_train_info info;
    gm_sampler *sampler;
    gm_evaluation *evaluation;
    snprintf(recipe, sizeof recipe, text, folder);
    check_ok(gm_file_write_atomic(path_of("centre.yaml"), recipe, strlen(recipe)));
    gm_trainer *trainer = create((gm_train_options){.recipe = path_of("centre.yaml"), .out = path_of("centre")}, NULL);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_get_info(trainer, &info);
    assert_null(info.pictured);
    assert_int_equal(info.monitor_interval, 0);
    check_ok(gm_state_read(gm_trainer_state(trainer), "centre", found, sizeof found));
    for (size_t d = 0; d < CURVE; d++) {
        double mean = 0;
        for (size_t i = 0; i < ITEMS; i++)
            mean += SHRINK * (double)curves[i * CURVE + d] / ITEMS;
        expect_near("centre", d, (double)found[d], mean, 1e-5);
    }
    gm_trainer_destroy(&trainer);
    assert_int_equal(gm_sampler_open(&sampler, path_of("centre"), NULL), GM_ERROR_ARGUMENT);
    expect_part(gm_error_message(), "model is a centre (the mean of the data), which makes no samples");
    assert_int_equal(
        gm_evaluation_create(&evaluation, path_of("centre"), &(gm_evaluation_options){.data = path_of("held.npy")}),
        GM_ERROR_ARGUMENT);
    expect_part(gm_error_message(), "model is a centre (the mean of the data), of which held-out data tell nothing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_of_an_added_kind_is_read_by_its_own_table),
        cmocka_unit_test(mistakes_in_a_recipe_of_an_added_kind_are_named),
        cmocka_unit_test(keys_of_an_added_kind_have_their_own_heading),
        cmocka_unit_test(ten_steps_fit_what_the_conversion_gives),
        cmocka_unit_test(table_of_text_trains_as_the_array_does),
        cmocka_unit_test(resumed_run_continues_bit_for_bit),
        cmocka_unit_test(samples_are_those_of_the_fitted_gaussian),
        cmocka_unit_test(pictures_are_drawn_by_the_kind_of_sample),
        cmocka_unit_test(written_samples_are_encoded_as_the_data_are),
        cmocka_unit_test(run_array_and_table_are_compared_alike),
        cmocka_unit_test(evaluation_is_what_the_kind_can_tell),
        cmocka_unit_test(kind_without_uses_or_evaluation_trains_and_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}
