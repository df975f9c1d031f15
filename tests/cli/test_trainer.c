// The C interface does what the command does: training step by step, stopping, going on, sampling.
#include "check_ok.h"
#include "device/device.h"
#include "folder_test.h"
#include "ganymede/sampler.h"
#include "ganymede/train.h"
#include "plan/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char recipe[] =
    "name: points\n"
    "data: { source: ring8, count: 64, batch: 8 }\n"
    "latent: { size: 2 }\n"
    "generator: [ { dense: 4 }, batch_norm, relu, { dense: 2 } ]\n"
    "discriminator: [ { dense: 4 }, { leaky_relu: 0.2 }, { dense: 1 } ]\n"
    "loss: least_squares\n"
    "optimizer: { generator: { adam: { rate: 1e-3 } }, discriminator: { sgd: { rate: 1e-2 } } }\n"
    "seed: 3\n"
    "steps: 12\n"
    "log: { every: 5, samples: 6, checkpoint: 4, keep: 9 }\n";

static char recipe_path[128], run_path[128];

static int prepare(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    snprintf(recipe_path, sizeof recipe_path, "%s/points.yaml", folder);
    snprintf(run_path, sizeof run_path, "%s/run", folder);
    FILE *file = fopen(recipe_path, "w");
    if (!file)
        return -1;
    fputs(recipe, file);
    return fclose(file);
}

static void read_weights(gm_trainer *trainer, float weights[8]) {
    check_ok(gm_state_read(gm_trainer_state(trainer), "generator.3.weight", weights, 8 * sizeof *weights));
}

// What a callback saw, and when it asks to stop (0 = never).
typedef struct watch {
    uint64_t steps[16], stop;
    bool ticks[16], checkpoints[16], pictures[16];
    size_t calls;
} watch;

static bool note(const gm_train_progress *progress, void *user) {
    watch *seen = user;
    assert_true(seen->calls < 16);
    seen->steps[seen->calls] = progress->step;
    seen->ticks[seen->calls] = progress->tick;
    seen->checkpoints[seen->calls] = progress->checkpoint != NULL;
    seen->pictures[seen->calls] = progress->picture != NULL;
    assert_true(isfinite(gm_train_number_find(progress, "discriminator_loss")) == (progress->step >= 5));
    seen->calls++;
    return progress->step == seen->stop;
}

static void callback_sees_every_step_and_what_is_due(void **unused) {
    (void)unused;
    gm_trainer *trainer;
    watch seen = {0};
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .out = run_path}));
    check_ok(gm_trainer_run(trainer, note, &seen));
    assert_int_equal(seen.calls, 12);
    for (size_t i = 0; i < 12; i++) {
        uint64_t step = i + 1;
        assert_int_equal(seen.steps[i], step);
        assert_int_equal(seen.ticks[i], step % 5 == 0 || step == 12);
        assert_int_equal(seen.checkpoints[i], step % 4 == 0);
        assert_int_equal(seen.pictures[i], step % 6 == 0);
    }
    gm_train_info info;
    gm_trainer_get_info(trainer, &info);
    assert_string_equal(info.name, "points");
    assert_string_equal(info.folder, run_path);
    assert_int_equal(info.step, 12);
    assert_int_equal(info.network_count, 2);
    assert_string_equal(info.networks[0].name, "generator");
    assert_int_equal(info.networks[0].parameters, 2 * 4 + 4 + 4 + 4 + 4 * 2 + 2);
    assert_string_equal(info.networks[1].name, "discriminator");
    assert_int_equal(info.networks[1].parameters, 2 * 4 + 4 + 4 + 1);
    gm_trainer_destroy(&trainer);
    assert_null(trainer);
}

static void stopped_and_resumed_training_equals_single_steps(void **unused) {
    (void)unused;
    char path[160];
    snprintf(path, sizeof path, "%s/stopped", folder);
    gm_trainer *trainer;
    watch seen = {.stop = 7};
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .out = path}));
    assert_int_equal(gm_trainer_run(trainer, note, &seen), GM_INTERRUPTED);
    assert_int_equal(seen.calls, 7);
    gm_trainer_destroy(&trainer);

    float resumed[8], stepped[8], other[8];
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.resume = path}));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    read_weights(trainer, resumed);
    gm_trainer_destroy(&trainer);

    gm_train_progress progress = {0};
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .no_folder = true}));
    assert_int_equal(gm_trainer_measure(trainer, &progress), GM_ERROR_STATE);
    assert_int_equal(gm_trainer_save(trainer), GM_ERROR_STATE);
    for (int i = 0; i < 12; i++)
        check_ok(gm_trainer_step(trainer));
    check_ok(gm_trainer_wait(trainer));
    check_ok(gm_trainer_measure(trainer, &progress));
    assert_true(isfinite(gm_train_number_find(&progress, "discriminator_loss")) &&
                isfinite(gm_train_number_find(&progress, "generator_loss")));
    double real = gm_train_number_find(&progress, "real_score"), fake = gm_train_number_find(&progress, "fake_score");
    assert_true(real > 0 && real < 1 && fake > 0 && fake < 1);
    read_weights(trainer, stepped);
    assert_memory_equal(resumed, stepped, sizeof resumed);
    check_ok(gm_trainer_step(trainer));
    read_weights(trainer, other);
    assert_memory_not_equal(other, stepped, sizeof stepped);
    gm_trainer_destroy(&trainer);
}

static void two_trainers_of_one_process_never_share_a_folder(void **unused) {
    (void)unused;
    char path[160];
    snprintf(path, sizeof path, "%s/shared", folder);
    gm_trainer *trainer, *second;
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .out = path}));
    assert_int_equal(gm_trainer_create(&second, &(gm_train_options){.resume = path}), GM_ERROR_STATE);
    assert_non_null(strstr(gm_error_message(), "shared: another trainer is at work in this folder"));
    assert_null(second);
    gm_sampler *sampler; // those who read may, and take no lock away
    check_ok(gm_sampler_open(&sampler, path, NULL));
    gm_sampler_close(&sampler);
    assert_int_equal(gm_trainer_create(&second, &(gm_train_options){.resume = path}), GM_ERROR_STATE);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_destroy(&trainer);
    check_ok(gm_trainer_create(&second, &(gm_train_options){.resume = path}));
    gm_trainer_destroy(&second);
}

static void trainer_goes_back_to_a_step(void **unused) {
    (void)unused;
    char path[160], command[400];
    snprintf(path, sizeof path, "%s/back", folder);
    gm_trainer *trainer;
    gm_train_info info;
    float straight[8], again[8];
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .out = path}));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    read_weights(trainer, straight);
    gm_trainer_destroy(&trainer);
    static const uint64_t steps[] = {4, 0};
    for (size_t i = 0; i < 2; i++) {
        check_ok(gm_trainer_create(&trainer, &(gm_train_options){.resume = path, .from = &steps[i]}));
        gm_trainer_get_info(trainer, &info);
        assert_int_equal(info.step, steps[i]);
        check_ok(gm_trainer_run(trainer, NULL, NULL));
        read_weights(trainer, again);
        assert_memory_equal(again, straight, sizeof again);
        gm_trainer_destroy(&trainer);
    }
    snprintf(command, sizeof command,
             "cd '%s/set-aside' && cmp 1/checkpoints/00000012.safetensors 2/checkpoints/00000012.safetensors && "
             "test -f 2/checkpoints/00000004.safetensors && test ! -f 1/checkpoints/00000004.safetensors",
             path);
    assert_int_equal(system(command), 0);
    assert_int_equal(gm_trainer_create(&trainer, &(gm_train_options){.resume = path, .from = &(uint64_t){5}}),
                     GM_ERROR_ARGUMENT);
    assert_int_equal(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path, .from = &steps[0]}),
                     GM_ERROR_ARGUMENT);
}

static FILE *create(const char *name) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

// A locale and a character map of its own, so that none need be installed.
static void use_decimal_commas(void) {
    char text[400];
    FILE *file = create("comma.def");
    fputs("LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n", file);
    assert_int_equal(fclose(file), 0);
    file = create("ascii.map");
    fputs("<code_set_name> ANSI_X3.4-1968\n<comment_char> %\n<escape_char> /\nCHARMAP\n", file);
    for (unsigned i = 0; i < 128; i++)
        fprintf(file, "<U%04X> /x%02x\n", i, i);
    fputs("END CHARMAP\n", file);
    assert_int_equal(fclose(file), 0);
    snprintf(text, sizeof text, "cd '%s' && localedef -c --no-archive -f ./ascii.map -i comma.def ./comma 2>warnings",
             folder);
    (void)!system(text); // warnings count as failure; setlocale tells
    setenv("LOCPATH", folder, 1);
    assert_non_null(setlocale(LC_NUMERIC, "comma"));
    snprintf(text, sizeof text, "%g", 1.5);
    assert_string_equal(text, "1,5");
}

static void train_in(const char *name, float weights[8]) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gm_trainer *trainer;
    const char *settings[] = {"optimizer.generator.adam.rate=0.003"};
    check_ok(gm_trainer_create(
        &trainer, &(gm_train_options){.recipe = recipe_path, .out = path, .settings = settings, .setting_count = 1}));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    read_weights(trainer, weights);
    gm_trainer_destroy(&trainer);
}

static void decimal_commas_of_the_program_change_nothing(void **unused) {
    (void)unused;
    float plain[8], comma[8];
    train_in("points", plain);
    use_decimal_commas();
    train_in("commas", comma);
    assert_memory_equal(plain, comma, sizeof plain);
    char command[300]; // the run's files are those of any locale, but for times
    snprintf(command, sizeof command,
             "cd '%s' && grep -q '\"discriminator_loss\": [0-9]*[.][0-9]' commas/log.jsonl && "
             "cmp points/recipe.yaml commas/recipe.yaml",
             folder);
    assert_int_equal(system(command), 0);
    assert_non_null(setlocale(LC_NUMERIC, "C"));
}

static void settings_change_the_recipe_in_order(void **unused) {
    (void)unused;
    gm_trainer *trainer;
    gm_train_info info;
    const char *settings[] = {"data.batch=4", "data.batch=6", "steps=99", "data.source=ring8"};
    check_ok(gm_trainer_create(
        &trainer,
        &(gm_train_options){
            .recipe = recipe_path, .settings = settings, .setting_count = 4, .data = "grid25", .no_folder = true}));
    gm_trainer_get_info(trainer, &info);
    assert_int_equal(info.batch, 6);
    assert_int_equal(info.steps, 99);
    assert_string_equal(info.data, "grid25");
    assert_null(info.folder);
    gm_trainer_destroy(&trainer);
}

static void impossible_options_are_refused(void **unused) {
    (void)unused;
    gm_trainer *trainer;
    assert_int_equal(gm_trainer_create(&trainer, &(gm_train_options){0}), GM_ERROR_ARGUMENT);
    assert_null(trainer);
    assert_int_equal(gm_trainer_create(&trainer, &(gm_train_options){.resume = run_path, .out = "x"}),
                     GM_ERROR_ARGUMENT);
    gm_trainer_destroy(&trainer);
    gm_trainer_destroy(NULL);
    gm_sampler *sampler;
    assert_int_not_equal(gm_sampler_open(&sampler, "no such run", NULL), GM_OK);
    assert_null(sampler);
    gm_sampler_close(&sampler);
}

static void sample_depends_on_its_seed_alone(void **unused) {
    (void)unused;
    gm_sampler *sampler;
    gm_sampler_info info;
    uint64_t seeds[70];
    float all[140], two[4];
    for (size_t i = 0; i < 70; i++)
        seeds[i] = i;
    seeds[69] = UINT64_MAX;
    check_ok(gm_sampler_open(&sampler, run_path, NULL));
    gm_sampler_get_info(sampler, &info);
    assert_int_equal(info.step, 12);
    assert_int_equal(info.channels * info.height * info.width, 2);
    assert_string_equal(info.noun, "points");
    assert_false(info.ranged);
    check_ok(gm_sampler_generate(sampler, seeds, NULL, NULL, 70, all));
    check_ok(gm_sampler_generate(sampler, (uint64_t[]){UINT64_MAX, 65}, NULL, NULL, 2, two));
    assert_memory_equal(two, all + 2 * 69, 2 * sizeof *two);
    assert_memory_equal(two + 2, all + 2 * 65, 2 * sizeof *two);
    assert_memory_not_equal(all, all + 2, 2 * sizeof *all);
    gm_sampler_close(&sampler);
}

// Three critic steps of WGAN-GP per step, the penalty after every other one: six per four steps.
static void work_of_a_step_counts_phases_as_often_as_they_run(void **unused) {
    (void)unused;
    enum { STEPS = 4 };
    static const char *const settings[] = {"loss=wasserstein", "discriminator_steps=3",
                                           "regularizers=[{ gradient_penalty: { weight: 10, every: 2 } }]"};
    gm_trainer *trainer;
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe_path,
                                                             .no_folder = true,
                                                             .settings = settings,
                                                             .setting_count = sizeof settings / sizeof *settings}));
    gm_train_info info;
    gm_trainer_get_info(trainer, &info);
    gm_device_counters before, after;
    gm_device_get_counters(gm_trainer_state(trainer)->device, &before);
    for (int i = 0; i < STEPS; i++)
        check_ok(gm_trainer_step(trainer));
    gm_device_get_counters(gm_trainer_state(trainer)->device, &after);
    double launches = (double)(after.launches - before.launches) / STEPS;
    if (info.step_launches != launches)
        fail_msg("%g launches are counted per step, but %g ran", info.step_launches, launches);
    // Each pass of a network that a phase makes is three times as often in a step, or one and a half times, or as
    // often.
    if (!(info.step_flop > 1.5 * info.statistics.flop && info.step_flop < 3 * info.statistics.flop))
        fail_msg("%g operations per step, where every phase once has %g", info.step_flop, info.statistics.flop);
    gm_trainer_destroy(&trainer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callback_sees_every_step_and_what_is_due),
        cmocka_unit_test(stopped_and_resumed_training_equals_single_steps),
        cmocka_unit_test(two_trainers_of_one_process_never_share_a_folder),
        cmocka_unit_test(trainer_goes_back_to_a_step),
        cmocka_unit_test(decimal_commas_of_the_program_change_nothing),
        cmocka_unit_test(settings_change_the_recipe_in_order),
        cmocka_unit_test(work_of_a_step_counts_phases_as_often_as_they_run),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(sample_depends_on_its_seed_alone), // of the first test's run
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}
