// Settings that move with the monitor's figures: by which rule, that a setting which has moved is what the recipe's
// would be, and that a resumed run is steered as one that was never stopped. And runs that end by their figures.
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/train.h"
#include "train/steer.h"
#include "train/trainer.h"

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

// ---- The rule, without a device ----

enum { COVERAGE = 0, ENTROPY = 1, JSD = 5 }; // of gm_judged_names

static gm_figures figures_of(gm_monitor_figure figure, double value, gm_monitor_figure control, double of,
                             gm_monitor_figure error, double deviation) {
    gm_figures figures = {.columns = 2};
    gm_figures_set(&figures, figure, value);
    gm_figures_set(&figures, control, of);
    gm_figures_set(&figures, error, deviation);
    return figures;
}

static gm_figures coverage(double value) {
    return figures_of(GM_FIGURE_COVERAGE, value, GM_FIGURE_COVERAGE_CONTROL, .9, GM_FIGURE_COVERAGE_ERROR, .05);
}

static void check_near(double a, double b) {
    if (!(fabs(a - b) <= 1e-6 * fmax(1, fabs(b))))
        fail_msg("%.9g is not %.9g", a, b);
}

static void setting_moves_outside_the_band_and_goes_back(void **unused) {
    (void)unused;
    const gm_steer_rule rule = {.figure = COVERAGE, .to = 16, .steps = 4, .band = 2};
    gm_figures bad = coverage(.79), within = coverage(.81), good = coverage(.91), nothing = coverage(NAN);
    double value = 1;
    for (int i = 1; i <= 6; i++) { // 2, 4, 8, 16, and there it stays
        value = gm_steer_next(&rule, 1, value, &bad);
        check_near(value, i < 4 ? exp2(i) : 16);
    }
    check_near(gm_steer_next(&rule, 1, 4, &within), 4);
    check_near(gm_steer_next(&rule, 1, 4, &nothing), 4);
    for (int i = 3; i >= -2; i--) {
        value = gm_steer_next(&rule, 1, value, &good);
        check_near(value, i > 0 ? exp2(i) : 1);
    }
}

// From 0 there are no factors; and a setting may move down as well as up.
static void setting_moves_by_amounts_where_an_end_is_0(void **unused) {
    (void)unused;
    const gm_steer_rule up = {.figure = COVERAGE, .to = 1, .steps = 4},
                        down = {.figure = COVERAGE, .to = 0, .steps = 4};
    gm_figures bad = coverage(.5), good = coverage(.95);
    check_near(gm_steer_next(&up, 0, .25, &bad), .5);
    check_near(gm_steer_next(&up, 0, .25, &good), 0);
    check_near(gm_steer_next(&down, 2, 2, &bad), 1.5);
    check_near(gm_steer_next(&down, 2, .5, &bad), 0);
    check_near(gm_steer_next(&down, 2, 0, &bad), 0);
    check_near(gm_steer_next(&down, 2, 0, &good), .5);
}

static void worse_is_on_the_side_that_the_figure_says(void **unused) {
    (void)unused;
    const gm_steer_rule jsd = {.figure = JSD, .to = 2, .steps = 1, .margin = .1},
                        entropy = {.figure = ENTROPY, .to = 2, .steps = 1};
    gm_figures high = figures_of(GM_FIGURE_JSD, .2, GM_FIGURE_JSD_CONTROL, .05, GM_FIGURE_JSD_ERROR, 0),
               low = figures_of(GM_FIGURE_JSD, .14, GM_FIGURE_JSD_CONTROL, .05, GM_FIGURE_JSD_ERROR, 0),
               narrow = figures_of(GM_FIGURE_ENTROPY_FAKE, -6, GM_FIGURE_ENTROPY_REAL, -4, GM_FIGURE_ENTROPY_ERROR, .1),
               wide = figures_of(GM_FIGURE_ENTROPY_FAKE, -3, GM_FIGURE_ENTROPY_REAL, -4, GM_FIGURE_ENTROPY_ERROR, .1);
    check_near(gm_steer_next(&jsd, 1, 1, &high), 2);
    check_near(gm_steer_next(&jsd, 1, 2, &low), 1);
    check_near(gm_steer_next(&entropy, 1, 1, &narrow), 2);
    check_near(gm_steer_next(&entropy, 1, 2, &wide), 1);
}

static void best_checkpoint_is_that_of_the_figure_asked_for(void **unused) {
    (void)unused;
    static const double jsd[] = {.5, .1, .3, .2}, entropy[] = {-9, -3, -4.1, -2};
    const gm_watch_terms terms[] = {{.best = JSD}, {.best = ENTROPY}}; // the lowest; the nearest to that of the data
    const uint64_t steps[] = {10, 20, 30, 40}, best[] = {20, 30};
    for (size_t t = 0; t < 2; t++) {
        gm_watch watch = {0};
        gm_alarm alarm;
        uint64_t since;
        for (size_t i = 0; i < 4; i++) {
            gm_figures figures =
                figures_of(GM_FIGURE_JSD, jsd[i], GM_FIGURE_ENTROPY_FAKE, entropy[i], GM_FIGURE_ENTROPY_REAL, -4);
            check_ok(gm_watch_add(&watch, &terms[t], steps[i], &figures, &alarm));
        }
        assert_int_equal(gm_watch_best(&watch, steps, 4), best[t]);
        assert_int_equal(gm_watch_stale(&watch, 0, &since), 2 - t);
        assert_int_equal(since, best[t]);
        assert_int_equal(gm_watch_stale(&watch, 30, &since), 0); // what lies in the warm-up does not count
        gm_watch_finish(&watch);
    }
}

// ---- Training ----

static const char recipe_text[] =
    "data: { source: ring8, batch: 16 }\n"
    "latent: { size: 2 }\n"
    "generator: [ { dense: 16 }, relu, { dense: 2 } ]\n"
    "discriminator: [ { dense: 16 }, { leaky_relu: 0.2 }, { tap: told }, { dense: 1 } ]\n"
    "optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { adam: { rate: 1e-3 } } }\n"
    "seed: 3\n"
    "steps: 60\n"
    "log: { every: 5, samples: 0, checkpoint: 20, keep: 9 }\n"
    "monitor: { every: 10, samples: 128, warmup: 10, alarm: off }\n";

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

static gm_trainer *resume(const char *run, const char *setting) {
    char path[160];
    gm_trainer *trainer;
    snprintf(path, sizeof path, "%s/%s", folder, run);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.resume = path,
                                                             .settings = &setting,
                                                             .setting_count = setting ? 1 : 0,
                                                             .tuning = GM_TRAIN_TUNE_NOT}));
    return trainer;
}

// Settings that a recipe has at the start and at their end, and the list that moves them.
typedef struct moved_settings {
    const char *start[5], *end[5], *steer;
    struct {
        const char *name;
        float to;
    } moved[5];
} moved_settings;

static const moved_settings groups[] = {
    {.start = {"entropy_term.weight=0.5", "kl_term.weight=0.5", "optimizer.generator={adam: {rate: 1e-3}}",
               "optimizer.discriminator={sgd: {rate: 1e-2}}", "discriminator_steps=1"},
     .end = {"entropy_term.weight=4", "kl_term.weight=4", "optimizer.generator={adam: {rate: 4e-3}}",
             "optimizer.discriminator={sgd: {rate: 1e-1}}", "discriminator_steps=3"},
     .steer = "monitor.steer=[entropy_term.weight: {to: 4}, kl_term.weight: {to: 4}, optimizer.generator.rate: {to: "
              "4e-3}, optimizer.discriminator.rate: {to: 0.1}, discriminator_steps: {to: 3}]",
     .moved = {{"entropy_term.weight", 4},
               {"kl_term.weight", 4},
               {"optimizer.generator.rate", 4e-3F},
               {"optimizer.discriminator.rate", .1F},
               {"discriminator_steps", 3}}},
    {.start = {"regularizers=[instance_noise: {deviation: 0.1}, r1: {gamma: 1}, r2: {gamma: 1}, gradient_penalty: "
               "{weight: 1}, dragan: {weight: 1}]"},
     .end = {"regularizers=[instance_noise: {deviation: 1}, r1: {gamma: 30}, r2: {gamma: 30}, gradient_penalty: "
             "{weight: 30}, dragan: {weight: 30}]"},
     .steer = "monitor.steer=[instance_noise.deviation: {to: 1}, r1.gamma: {to: 30}, r2.gamma: {to: 30}, "
              "gradient_penalty.weight: {to: 30}, dragan.weight: {to: 30}]",
     .moved = {{"instance_noise.deviation", 1},
               {"r1.gamma", 30},
               {"r2.gamma", 30},
               {"gradient_penalty.weight", 30},
               {"dragan.weight", 30}}},
};

// moved: the settings to move before the first step, but for number `without`.
static void train_briefly(const char *run, const char *const settings[5], const moved_settings *moved, size_t without,
                          float weights[16]) {
    const char *all[7] = {"steps=5"};
    size_t count = 1;
    for (size_t i = 0; i < 5 && settings[i]; i++)
        all[count++] = settings[i];
    if (moved)
        all[count++] = moved->steer;
    gm_trainer *trainer = create(run, all, count);
    for (size_t i = 0; moved && i < 5; i++) {
        char variable[80];
        snprintf(variable, sizeof variable, "setting.%s", moved->moved[i].name);
        if (i != without)
            check_ok(gm_state_write(gm_trainer_state(trainer), variable, &moved->moved[i].to, sizeof(float)));
    }
    check_ok(gm_steer_read(trainer->steered, trainer->steered_count, trainer->state));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    check_ok(gm_state_read(gm_trainer_state(trainer), "discriminator.0.bias", weights, 16 * sizeof *weights));
    gm_trainer_destroy(&trainer);
}

static double distance(const float a[16], const float b[16]) {
    double most = 0;
    for (size_t i = 0; i < 16; i++)
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

// All that have moved are the recipe that has them there; each that has not makes a difference.
static void settings_that_have_moved_are_what_the_recipe_would_have(void **unused) {
    (void)unused;
    for (size_t i = 0; i < GM_COUNT(groups); i++) {
        float end[16], moved[16], without[16];
        char name[40];
        snprintf(name, sizeof name, "end-%zu", i);
        train_briefly(name, groups[i].end, NULL, 0, end);
        snprintf(name, sizeof name, "moved-%zu", i);
        train_briefly(name, groups[i].start, &groups[i], SIZE_MAX, moved);
        for (size_t k = 0; k < 5; k++) {
            snprintf(name, sizeof name, "without-%zu-%zu", i, k);
            train_briefly(name, groups[i].start, &groups[i], k, without);
            if (!(distance(without, end) > 20 * distance(moved, end)))
                fail_msg("%s: where it has not moved the weights are %g away from where they should be, and where it "
                         "has %g",
                         groups[i].moved[k].name, distance(without, end), distance(moved, end));
        }
    }
}

static bool stop_at_33(const gm_train_progress *progress, void *user) {
    (void)user;
    return progress->step == 33;
}

// The log without what depends on the clock.
static char *read_log(const char *run) {
    char path[160], line[4096];
    snprintf(path, sizeof path, "%s/%s/log.jsonl", folder, run);
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 16);
    assert_non_null(file);
    assert_non_null(text);
    while (fgets(line, sizeof line, file)) {
        char *seconds = strstr(line, "\"seconds\"");
        if (seconds)
            strcpy(seconds, "\n");
        strcat(text, line);
    }
    fclose(file);
    return text;
}

static void read_state(gm_trainer *trainer, float weights[32], float settings[3]) {
    static const char *const names[] = {"setting.discriminator_steps", "setting.entropy_term.weight",
                                        "setting.optimizer.generator.rate"};
    check_ok(gm_state_read(gm_trainer_state(trainer), "generator.2.weight", weights, 32 * sizeof *weights));
    for (size_t i = 0; i < GM_COUNT(names); i++)
        check_ok(gm_state_read(gm_trainer_state(trainer), names[i], &settings[i], sizeof settings[i]));
}

// 33 lies behind moves, between two measurements, and is no checkpoint of its own.
static void resumed_run_is_steered_bit_for_bit(void **unused) {
    (void)unused;
    static const char *const settings[] = {
        "entropy_term.weight=0.1",
        "monitor.steer=[discriminator_steps: {to: 4, figure: modes}, entropy_term.weight: {to: 2, steps: 4}, "
        "optimizer.generator.rate: {figure: jsd, margin: 0.05, to: 4e-3}]"};
    float whole[32], parts[32], there[3], here[3];
    gm_trainer *trainer = create("whole", settings, 2);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    read_state(trainer, whole, there);
    assert_true(trainer->cursor > 60 * 16); // more steps of D than one
    gm_trainer_destroy(&trainer);
    trainer = create("parts", settings, 2);
    assert_int_equal(gm_trainer_run(trainer, stop_at_33, NULL), GM_INTERRUPTED);
    gm_trainer_destroy(&trainer);
    trainer = resume("parts", NULL);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    read_state(trainer, parts, here);
    gm_trainer_destroy(&trainer);
    assert_true(there[1] > .1F);
    assert_memory_equal(here, there, sizeof here);
    assert_memory_equal(parts, whole, sizeof whole);
    char *a = read_log("whole"), *b = read_log("parts");
    assert_string_equal(b, a);
    assert_non_null(strstr(a, "\"moved\": \"discriminator_steps 1 -> 1.189: modes is "));
    assert_null(strstr(a, "\"step\": 10, \"moved\"")); // warm-up
    free(a);
    free(b);
}

static void run_may_begin_and_cease_to_be_steered(void **unused) {
    (void)unused;
    static const char *const settings[] = {"entropy_term.weight=0.1"};
    float weight;
    gm_trainer *trainer = create("later", settings, 1);
    assert_int_equal(gm_trainer_run(trainer, stop_at_33, NULL), GM_INTERRUPTED);
    gm_trainer_destroy(&trainer);
    trainer = resume("later", "monitor.steer=[entropy_term.weight: {to: 1, steps: 2}]");
    check_ok(gm_state_read(gm_trainer_state(trainer), "setting.entropy_term.weight", &weight, sizeof weight));
    check_near((double)weight, (double).1F);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    check_ok(gm_state_read(gm_trainer_state(trainer), "setting.entropy_term.weight", &weight, sizeof weight));
    check_near((double)weight, 1); // the ring is not covered at 40, 50 and 60
    gm_trainer_destroy(&trainer);
    trainer = resume("later", "monitor.steer=[]");
    gm_trainer_destroy(&trainer);
}

// A generator that stands still does not get better.
static void run_ends_when_its_figure_stands_still(void **unused) {
    (void)unused;
    static const char *const settings[] = {"optimizer.generator={sgd: {rate: 0}}", "monitor.best=frechet",
                                           "monitor.metrics=[frechet]", "monitor.patience=3"};
    gm_train_info info;
    struct stat exists;
    char path[160];
    gm_trainer *trainer = create("still", settings, 4);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_get_info(trainer, &info);
    assert_int_equal(info.step, 50); // the best behind the warm-up, at 20, and three more
    assert_non_null(info.ended);
    assert_non_null(strstr(info.ended, "step 50: frechet has not got better since step 20"));
    assert_non_null(strstr(info.ended, "/checkpoints/"));
    gm_trainer_destroy(&trainer);
    snprintf(path, sizeof path, "%s/still/checkpoints/00000050.safetensors", folder);
    assert_int_equal(stat(path, &exists), 0);
    trainer = resume("still", NULL);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_get_info(trainer, &info);
    assert_int_equal(info.step, 50);
    assert_non_null(info.ended);
    gm_trainer_destroy(&trainer);
}

typedef struct bad_steer {
    const char *setting[2], *message;
} bad_steer;

static const bad_steer bad_steers[] = {
    {{"monitor.steer=[packing: {to: 3}]"}, "it can move discriminator_steps, optimizer.discriminator.rate"},
    {{"monitor.steer=[discriminator_steps]"}, "needs to know where to move"},
    {{"monitor.steer=[discriminator_steps: {to: 0.5}]"}, "discriminator_steps may move from 1 to 100, not to 0.5"},
    {{"monitor.steer=[discriminator_steps: {to: 2.5}]"}, "discriminator_steps counts: it moves to a whole number"},
    {{"monitor.steer=[optimizer.generator.rate: {to: 0}]"}, "optimizer.generator.rate may move from 1e-12 to 1000"},
    {{"monitor.steer=[discriminator_steps: {to: 1}]"}, "is 1 already"},
    {{"monitor.steer=[discriminator_steps: {to: 2}, discriminator_steps: {to: 3}]"}, "twice"},
    {{"monitor.steer=[discriminator_steps: {to: 2, figure: frechet}]"}, "frechet is not measured"},
    {{"monitor.steer=[discriminator_steps: {to: 2}]", "regularizers=[r1: {every: 4}]"}, "set its `every` to 1"},
    {{"monitor.patience=2", "monitor.metrics=[jsd]"}, "coverage is not measured"},
    {{"monitor={share: 0}", "monitor.patience=2"}, "needs measurements"},
};

static void steering_that_cannot_be_is_refused(void **unused) {
    (void)unused;
    for (size_t i = 0; i < GM_COUNT(bad_steers); i++) {
        gm_trainer *trainer;
        gm_train_options options = {.recipe = recipe_path,
                                    .settings = bad_steers[i].setting,
                                    .setting_count = bad_steers[i].setting[1] ? 2 : 1,
                                    .no_folder = true,
                                    .tuning = GM_TRAIN_TUNE_NOT};
        assert_int_not_equal(gm_trainer_create(&trainer, &options), GM_OK);
        if (!strstr(gm_error_message(), bad_steers[i].message))
            fail_msg("%s: '%s' lacks '%s'", bad_steers[i].setting[0], gm_error_message(), bad_steers[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_moves_outside_the_band_and_goes_back),
        cmocka_unit_test(setting_moves_by_amounts_where_an_end_is_0),
        cmocka_unit_test(worse_is_on_the_side_that_the_figure_says),
        cmocka_unit_test(best_checkpoint_is_that_of_the_figure_asked_for),
        cmocka_unit_test(settings_that_have_moved_are_what_the_recipe_would_have),
        cmocka_unit_test(resumed_run_is_steered_bit_for_bit),
        cmocka_unit_test(run_may_begin_and_cease_to_be_steered),
        cmocka_unit_test(run_ends_when_its_figure_stands_still),
        cmocka_unit_test(steering_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}
