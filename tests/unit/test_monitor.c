// The monitor: when it measures, what it measures, when it raises the alarm, and that training does not notice it.
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/train.h"
#include "metrics/feature_space.h"
#include "train/monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- The rules, without a device ----

static const gm_watch_terms warm = {.warmup = 100}, cold = {0};

static gm_figures healthy(void) {
    gm_figures figures = {.columns = 2};
    gm_figures_set(&figures, GM_FIGURE_JSD, .3);
    gm_figures_set(&figures, GM_FIGURE_COVERAGE, .7);
    gm_figures_set(&figures, GM_FIGURE_COVERAGE_CONTROL, .96);
    gm_figures_set(&figures, GM_FIGURE_ENTROPY_FAKE, -4.5);
    gm_figures_set(&figures, GM_FIGURE_ENTROPY_REAL, -4.3);
    gm_figures_set(&figures, GM_FIGURE_DUPLICATES, 0);
    gm_figures_set(&figures, GM_FIGURE_MODES, 8);
    gm_figures_set(&figures, GM_FIGURE_MODES_CONTROL, 8);
    return figures;
}

typedef struct bad_figure {
    gm_monitor_figure figure;
    float value;
    const char *name; // of the alarm
    size_t times;     // in a row, until it
} bad_figure;

static const bad_figure bad_figures[] = {
    {GM_FIGURE_COVERAGE, .01F, "coverage", 2},
    {GM_FIGURE_ENTROPY_FAKE, -6, "entropy", 2},
    {GM_FIGURE_DUPLICATES, .9F, "duplicates", 2},
    {GM_FIGURE_MODES, 1, "modes", 2},
    {GM_FIGURE_JSD, .692F, "jsd", 4},
};

static void alarm_needs_a_condition_that_lasts_behind_the_warmup(void **unused) {
    (void)unused;
    for (size_t i = 0; i < GM_COUNT(bad_figures); i++) {
        const bad_figure *bad = &bad_figures[i];
        gm_watch watch = {0};
        gm_figures good = healthy(), wrong = healthy();
        gm_alarm alarm;
        wrong.value[bad->figure] = bad->value;
        for (uint64_t step = 10; step <= 100; step += 10) { // warm
            check_ok(gm_watch_add(&watch, &warm, step, &wrong, &alarm));
            assert_null(alarm.name);
        }
        uint64_t step = 110;
        for (size_t time = 1; time < bad->times; time++, step += 10) {
            check_ok(gm_watch_add(&watch, &warm, step, &wrong, &alarm));
            assert_null(alarm.name);
        }
        check_ok(gm_watch_add(&watch, &warm, step, &good, &alarm)); // interrupts the row
        assert_null(alarm.name);
        for (size_t time = 1; time <= bad->times + 1; time++, step += 10) {
            check_ok(gm_watch_add(&watch, &warm, step + 10, &wrong, &alarm));
            if (time < bad->times) {
                assert_null(alarm.name);
                continue;
            }
            assert_string_equal(alarm.name, bad->name);
            assert_true(alarm.rises == (time == bad->times));
            assert_non_null(strstr(alarm.text, gm_figure_name(bad->figure)));
        }
        check_ok(gm_watch_add(&watch, &warm, step + 10, &good, &alarm));
        assert_null(alarm.name);
        gm_watch_finish(&watch);
    }
}

static void coverage_that_never_was_there_gets_ten_times_the_warmup(void **unused) {
    (void)unused;
    gm_watch slow = {0}, fallen = {0};
    gm_figures good = healthy(), wrong = healthy();
    gm_alarm alarm;
    wrong.value[GM_FIGURE_COVERAGE] = .01F;
    check_ok(gm_watch_add(&fallen, &warm, 50, &good, &alarm));
    for (uint64_t step = 900; step <= 1000; step += 50) {
        check_ok(gm_watch_add(&slow, &warm, step, &wrong, &alarm));
        assert_null(alarm.name);
        check_ok(gm_watch_add(&fallen, &warm, step, &wrong, &alarm));
        assert_true((alarm.name != NULL) == (step > 900));
    }
    for (uint64_t step = 1050; step <= 1100; step += 50)
        check_ok(gm_watch_add(&slow, &warm, step, &wrong, &alarm));
    assert_string_equal(alarm.name, "coverage");
    gm_watch_finish(&slow);
    gm_watch_finish(&fallen);
}

// A quarter nearer each time is a slow learner; as far as before, or back, is none. Nor is who was there before.
static void entropy_that_rises_for_the_first_time_is_waited_for(void **unused) {
    (void)unused;
    gm_watch slow = {0}, fallen = {0};
    gm_figures rising = healthy();
    gm_alarm alarm;
    double gap = 4;
    check_ok(gm_watch_add(&fallen, &warm, 50, &rising, &alarm));
    for (uint64_t step = 110; step <= 200; step += 10, gap *= .75) {
        rising.value[GM_FIGURE_ENTROPY_FAKE] = (float)(-4.3 - 2 * log(2) - gap);
        check_ok(gm_watch_add(&fallen, &warm, step, &rising, &alarm));
        assert_true((alarm.name != NULL) == (step > 110));
        check_ok(gm_watch_add(&slow, &warm, step, &rising, &alarm));
        assert_null(alarm.name);
    }
    check_ok(gm_watch_add(&slow, &warm, 210, &rising, &alarm));
    assert_null(alarm.name);
    check_ok(gm_watch_add(&slow, &warm, 220, &rising, &alarm));
    assert_string_equal(alarm.name, "entropy");
    gm_watch_finish(&slow);
    gm_watch_finish(&fallen);
}

static void figures_that_are_missing_raise_nothing(void **unused) {
    (void)unused;
    gm_watch watch = {0};
    gm_figures none = {.columns = 2}, nan = healthy();
    gm_alarm alarm;
    for (size_t i = 0; i < GM_FIGURE_COUNT; i++)
        nan.value[i] = NAN;
    for (uint64_t step = 1; step < 10; step++) {
        check_ok(gm_watch_add(&watch, &cold, step, step % 2 ? &none : &nan, &alarm));
        assert_null(alarm.name);
    }
    assert_true(gm_watch_best(&watch, (uint64_t[]){0, 5}, 2) == GM_RUN_NO_STEP);
    gm_watch_finish(&watch);
}

static void replayed_log_gives_the_same_watch(void **unused) {
    (void)unused;
    static const char log[] =
        "{\"step\": 10, \"discriminator_loss\": 1, \"seconds\": 1}\n"
        "{\"step\": 20, \"coverage\": 0.5, \"coverage_control\": 0.95, \"monitor_columns\": 16, \"seconds\": 2}\n"
        "{\"step\": 30, \"coverage\": 0.01, \"coverage_control\": 0.95, \"entropy_fake\": null, \"entropy_real\": 1, "
        "\"monitor_columns\": 16, \"seconds\": 3}\n"
        "{\"step\": 40, \"entropy_fake\": -20, \"entropy_real\": 1, \"monitor_columns\": 16}\n";
    gm_watch watch = {0};
    gm_figures figures = {.columns = 16};
    gm_alarm alarm;
    check_ok(gm_watch_replay(&watch, &cold, log, strlen(log)));
    assert_int_equal(watch.count, 3);
    assert_int_equal(watch.entries[0].step, 20);
    assert_true(watch.entries[0].healthy && !watch.entries[1].healthy && !watch.entries[2].healthy);
    assert_true(isnan(watch.entries[2].score));
    gm_figures_set(&figures, GM_FIGURE_ENTROPY_FAKE, -20);
    gm_figures_set(&figures, GM_FIGURE_ENTROPY_REAL, 1);
    check_ok(gm_watch_add(&watch, &cold, 50, &figures, &alarm)); // the second in a row, the first being the log's
    assert_string_equal(alarm.name, "entropy");
    gm_watch_finish(&watch);
}

static void best_and_last_good_checkpoints_are_found(void **unused) {
    (void)unused;
    static const float coverage[] = {.2F, .8F, .8F, .6F, .01F, .01F};
    const uint64_t steps[] = {0, 15, 25, 35, 45, 55};
    gm_watch watch = {0};
    gm_alarm alarm;
    for (size_t i = 0; i < GM_COUNT(coverage); i++) {
        gm_figures figures = healthy();
        gm_figures_set(&figures, GM_FIGURE_COVERAGE, (double)coverage[i]);
        check_ok(gm_watch_add(&watch, &cold, 10 * (i + 1), &figures, &alarm));
    }
    assert_string_equal(alarm.name, "coverage");
    assert_int_equal(gm_watch_best(&watch, steps, 6), 35); // measured at 30
    assert_int_equal(gm_watch_best(&watch, steps, 2), 15);
    assert_int_equal(gm_watch_last_good(&watch, steps, 6), 35); // all was well at 40
    assert_true(gm_watch_last_good(&watch, steps + 4, 2) == GM_RUN_NO_STEP);
    gm_watch_finish(&watch);
}

// ---- The interval, without a device ----

static void interval_follows_the_share_and_nothing_else(void **unused) {
    (void)unused;
    static const char text[] =
        "data: { source: ring8, batch: 64 }\ngenerator: [ dense: 2 ]\ndiscriminator: [ dense: 1 ]\n"
        "monitor: { metrics: [jsd] }\n";
    gm_recipe *recipe;
    check_ok(gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), NULL, 0));
    gm_monitor_settings *monitor = gm_recipe_edit(recipe, &gm_monitor_section);
    gm_plan_statistics slow = {.flop = 1e10, .launches = 100}, fast = {.flop = 1e6, .launches = 50};
    size_t often = gm_monitor_interval(recipe, &slow, true), rarely = gm_monitor_interval(recipe, &fast, true);
    assert_true(often >= 50 && often % 50 == 0 && rarely % 50 == 0 && rarely > 4 * often);
    monitor->share = .01;
    assert_true(gm_monitor_interval(recipe, &slow, true) > 4 * often);
    monitor->share = .05;
    monitor->samples = 4096;
    assert_true(gm_monitor_interval(recipe, &slow, true) > 3 * often);
    monitor->every = 120;
    assert_int_equal(gm_monitor_interval(recipe, &slow, true), 150);
    monitor->share = 0;
    assert_int_equal(gm_monitor_interval(recipe, &slow, true), 150);
    monitor->every = 0;
    assert_int_equal(gm_monitor_interval(recipe, &slow, true), 0);
    monitor->share = .05;
    monitor->metrics = 0;
    assert_int_equal(gm_monitor_interval(recipe, &slow, true), 0);
    gm_recipe_destroy(&recipe);
}

// ---- Training ----

static const char recipe_text[] =
    "name: points\n"
    "data: { source: ring8, batch: 16 }\n"
    "latent: { size: 2 }\n"
    "generator: [ { dense: 16 }, relu, { dense: 2 } ]\n"
    "discriminator: [ { dense: 16 }, { leaky_relu: 0.2 }, { dense: 1 } ]\n"
    "loss: non_saturating\n"
    "optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }\n"
    "seed: 3\n"
    "steps: 60\n"
    "log: { every: 5, samples: 0, checkpoint: 5, keep: 1 }\n"
    "monitor: { every: 10, samples: 128, warmup: 20, alarm: stop }\n";

static char recipe_path[128];

static int prepare(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    snprintf(recipe_path, sizeof recipe_path, "%s/points.yaml", folder);
    FILE *file = fopen(recipe_path, "w");
    if (!file)
        return -1;
    fputs(recipe_text, file);
    return fclose(file);
}

static gm_trainer *create(const char *run, const char *const *settings, size_t count) {
    char path[160];
    gm_trainer *trainer;
    snprintf(path, sizeof path, "%s/%s", folder, run);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path,
                                                             .settings = settings,
                                                             .setting_count = count,
                                                             .out = path,
                                                             .tuning = GM_TRAIN_TUNE_NOT}));
    return trainer;
}

// The figures of the latest measurement, and what was asked for at each step.
typedef struct watched {
    size_t measured;
    uint64_t last;
    double figure[8];
} watched;

static const char *const watched_names[] = {"jsd",          "kl",         "coverage",      "coverage_control",
                                            "entropy_fake", "duplicates", "modes_control", "joint_entropy"};

static bool note(const gm_train_progress *progress, void *user) {
    watched *seen = user;
    if (!progress->measured)
        return false;
    seen->measured++;
    seen->last = progress->step;
    for (size_t i = 0; i < GM_COUNT(watched_names); i++)
        seen->figure[i] = gm_train_number_find(progress, watched_names[i]);
    return false;
}

static void training_does_not_notice_the_monitor(void **unused) {
    (void)unused;
    const char *const off[] = {"monitor.metrics=[]"}, *const on[] = {"monitor.alarm=off"};
    float with[32], without[32];
    watched seen = {0}, none = {0};
    gm_train_info info;
    gm_trainer *trainer = create("on", on, 1);
    check_ok(gm_trainer_run(trainer, note, &seen));
    check_ok(gm_state_read(gm_trainer_state(trainer), "generator.2.weight", with, sizeof with));
    gm_trainer_get_info(trainer, &info);
    assert_int_equal(info.monitor_interval, 10);
    assert_true(info.monitor_share > 0 && info.monitor_share < 1);
    gm_trainer_destroy(&trainer);
    assert_int_equal(seen.measured, 6);
    assert_int_equal(seen.last, 60);
    trainer = create("off", off, 1);
    check_ok(gm_trainer_run(trainer, note, &none));
    check_ok(gm_state_read(gm_trainer_state(trainer), "generator.2.weight", without, sizeof without));
    gm_trainer_destroy(&trainer);
    assert_int_equal(none.measured, 0);
    assert_memory_equal(with, without, sizeof with);
}

static void figures_of_the_data_are_what_they_should_be(void **unused) {
    (void)unused;
    static const char *const settings[] = {"monitor.samples=1000", "monitor.every=5", "steps=5"};
    watched seen = {0};
    gm_trainer *trainer = create("figures", settings, 3);
    check_ok(gm_trainer_run(trainer, note, &seen));
    gm_trainer_destroy(&trainer);
    assert_int_equal(seen.measured, 1);
    assert_true(seen.figure[0] >= 0 && seen.figure[0] < .6931472); // JSD
    assert_true(seen.figure[1] >= 0);                              // KL
    assert_true(seen.figure[2] >= 0 && seen.figure[2] < .2);       // a generator that knows nothing yet
    assert_true(seen.figure[3] > .9);                              // real beside real
    assert_true(isfinite(seen.figure[4]));
    assert_true(seen.figure[5] <= 0);
    assert_int_equal((int)seen.figure[6], 8);
    double truth = log(8) + log(2 * 3.14159265358979 * 2.71828182845905 * 1e-4); // of eight narrow Gaussians
    if (fabs(seen.figure[7] - seen.figure[4] - truth) > .15)
        fail_msg("the entropy of the data is %g, not %g", seen.figure[7] - seen.figure[4], truth);
}

static void set_to_zero(gm_trainer *trainer, const char *name, size_t count) {
    const float zeros[64] = {0};
    check_ok(gm_state_write(gm_trainer_state(trainer), name, zeros, count * sizeof *zeros));
}

static void collapsed_generator_raises_the_alarm_and_names_the_checkpoint(void **unused) {
    (void)unused;
    static const char *const frozen[] = {"optimizer.generator.adam.rate=1e-9",
                                         "optimizer.discriminator.adam.rate=0.03"};
    watched seen = {0};
    gm_trainer *trainer = create("collapsed", frozen, 2);
    set_to_zero(trainer, "generator.2.weight", 32);
    assert_int_equal(gm_trainer_run(trainer, note, &seen), GM_ERROR_STATE);
    gm_trainer_destroy(&trainer);
    assert_int_equal(seen.last, 30);
    if (!(seen.figure[0] > .1)) // a ring against its centre
        fail_msg("the JSD is %g", seen.figure[0]);
    assert_non_null(strstr(gm_error_message(), "stopped by an alarm"));
    // The measurements behind the warm-up, at 30 and 40, are bad: nothing speaks against checkpoint 20.
    assert_non_null(strstr(gm_error_message(), " at step 40; the last good checkpoint is "));
    assert_non_null(strstr(gm_error_message(), "/checkpoints/00000020.safetensors"));
    char path[160];
    struct stat info;
    snprintf(path, sizeof path, "%s/collapsed/checkpoints/00000020.safetensors", folder);
    assert_int_equal(stat(path, &info), 0); // in spite of log.keep: 1
}

// All samples the same, bit for bit: there is no entropy to compare, and duplicates tell.
static void total_collapse_raises_the_alarm_right_behind_the_warmup(void **unused) {
    (void)unused;
    static const char *const settings[] = {"monitor.alarm=stop"};
    watched seen = {0};
    gm_trainer *trainer = create("total", settings, 1);
    set_to_zero(trainer, "generator.0.weight", 32);
    set_to_zero(trainer, "generator.0.bias", 16); // zeros behind the ReLU, which let no gradient through
    set_to_zero(trainer, "generator.2.weight", 32);
    assert_int_equal(gm_trainer_run(trainer, note, &seen), GM_ERROR_STATE);
    gm_trainer_destroy(&trainer);
    assert_true(isnan(seen.figure[4]));
    if (!(seen.figure[5] > .99))
        fail_msg("the duplicates are %g", seen.figure[5]);
    assert_non_null(strstr(gm_error_message(), "duplicates"));
    assert_non_null(strstr(gm_error_message(), " at step 40; the last good checkpoint is "));
}

static void sample_that_is_not_finite_stops_the_run(void **unused) {
    (void)unused;
    static const char *const settings[] = {"monitor.alarm=off", "average.decay=0.5", "monitor.every=5", "steps=5"};
    const float bad[2] = {NAN, 0};
    gm_trainer *trainer = create("nan", settings, 4);
    check_ok(gm_state_write(gm_trainer_state(trainer), "generator_average.2.bias", bad, sizeof bad));
    assert_int_equal(gm_trainer_run(trainer, NULL, NULL), GM_ERROR_STATE);
    gm_trainer_destroy(&trainer);
    assert_non_null(strstr(gm_error_message(), "a generated sample is not finite at step 5; the last good checkpoint"));
    assert_non_null(strstr(gm_error_message(), "/checkpoints/00000000.safetensors"));
}

static void losses_without_a_log_ratio_are_judged_by_a_probe(void **unused) {
    (void)unused;
    static const char *const settings[] = {"loss=hinge", "monitor.every=5", "steps=5", "monitor.samples=512"};
    watched seen = {0};
    gm_trainer *trainer = create("hinge", settings, 4);
    check_ok(gm_trainer_run(trainer, note, &seen));
    gm_trainer_destroy(&trainer);
    if (!(seen.figure[0] > .5)) // the samples lie about the origin, far from all modes
        fail_msg("the JSD of an untrained generator is %g", seen.figure[0]);
    assert_true(isnan(seen.figure[1])); // no KL
}

// The measures' components of wide samples, when the real side has none.
static void features_of_a_real_side_without_variation_are_those_of_both(void **unused) {
    (void)unused;
    enum { N = 30, D = 20 };
    static float real[N * D], fake[N * D], scores[N * 16];
    static const gm_samples sides[] = {{real, N, D}, {fake, N, D}};
    gm_device *device;
    gm_features *features;
    for (size_t i = 0; i < N * D; i++)
        fake[i] = (float)gm_philox_normal(1, 1, 0, 0, i);
    check_ok(gm_device_open(&device, NULL));
    for (size_t nan = 0; nan < 2; nan++) {
        for (size_t i = 0; i < N * D; i++)
            real[i] = nan ? NAN : 1;
        assert_int_equal(gm_features_create(&features, device, &sides[0], NULL), GM_ERROR_ARGUMENT);
        check_ok(gm_features_create(&features, device, &sides[0], &sides[1]));
        assert_int_equal(gm_features_columns(features), 16);
        check_ok(gm_features_apply(features, device, &sides[1], scores));
        assert_true(isfinite(scores[0]) && fabsf(scores[0] - scores[16]) > 0);
        gm_features_destroy(&features);
        check_ok(gm_features_create(&features, device, &sides[0], &sides[0])); // nothing varies
        assert_int_equal(gm_features_columns(features), 1);
        check_ok(gm_features_apply(features, device, &sides[0], scores));
        assert_true(nan ? isnan(scores[N - 1]) : scores[0] >= 1 && scores[N - 1] <= 1);
        gm_features_destroy(&features);
    }
    gm_device_close(&device);
}

static void far_row_has_no_part_in_the_components(void **unused) {
    (void)unused;
    enum { N = 300, D = 20 };
    static float values[N * D], scores[2][N * 16];
    const gm_samples all = {values, N, D}, others = {values, N - 1, D};
    gm_device *device;
    gm_features *features;
    for (size_t i = 0; i < N * D; i++)
        values[i] = i < (N - 1) * D ? (float)gm_philox_normal(2, 1, 0, 0, i) : 1e30f;
    check_ok(gm_device_open(&device, NULL));
    for (size_t i = 0; i < 2; i++) {
        check_ok(gm_features_create(&features, device, i ? &others : &all, NULL));
        assert_string_equal(gm_features_name(features), "pca-16");
        check_ok(gm_features_apply(features, device, &others, scores[i]));
        gm_features_destroy(&features);
    }
    assert_memory_equal(scores[0], scores[1], (N - 1) * 16 * sizeof(float));
    gm_device_close(&device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_needs_a_condition_that_lasts_behind_the_warmup),
        cmocka_unit_test(coverage_that_never_was_there_gets_ten_times_the_warmup),
        cmocka_unit_test(entropy_that_rises_for_the_first_time_is_waited_for),
        cmocka_unit_test(figures_that_are_missing_raise_nothing),
        cmocka_unit_test(replayed_log_gives_the_same_watch),
        cmocka_unit_test(best_and_last_good_checkpoints_are_found),
        cmocka_unit_test(interval_follows_the_share_and_nothing_else),
        cmocka_unit_test(training_does_not_notice_the_monitor),
        cmocka_unit_test(figures_of_the_data_are_what_they_should_be),
        cmocka_unit_test(collapsed_generator_raises_the_alarm_and_names_the_checkpoint),
        cmocka_unit_test(total_collapse_raises_the_alarm_right_behind_the_warmup),
        cmocka_unit_test(sample_that_is_not_finite_stops_the_run),
        cmocka_unit_test(losses_without_a_log_ratio_are_judged_by_a_probe),
        cmocka_unit_test(features_of_a_real_side_without_variation_are_those_of_both),
        cmocka_unit_test(far_row_has_no_part_in_the_components),
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}
