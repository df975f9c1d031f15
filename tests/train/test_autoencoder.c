// Autoencoders on the device through the public interface: bounds against an exact likelihood, resuming, what is shown.
//
// The model with a known answer is linear: z ~ N(0, 1), x = W z + b + deviation noise, so that x ~ N(b, W W' +
// deviation^2 I) whatever the weights are.
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/data.h"
#include "ganymede/evaluate.h"
#include "ganymede/sampler.h"
#include "ganymede/train.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVIATION 0.4

static const char linear[] = "data: { source: ring8, count: 256, batch: 16 }\n"
                             "latent: { size: 1 }\n"
                             "encoder: [ { dense: 2 } ]\n"
                             "decoder: [ { dense: 2 } ]\n"
                             "autoencoder: { likelihood: gaussian, deviation: 0.4 }\n"
                             "optimizer: { autoencoder: { adam: { rate: 1e-2 } } }\n"
                             "seed: 4\n"
                             "steps: 60\n"
                             "log: { every: 20, samples: 30, checkpoint: 30 }\n";

typedef struct path {
    char text[160];
} path;

static path in_folder(const char *name) {
    path result;
    snprintf(result.text, sizeof result.text, "%s/%s", folder, name);
    return result;
}

static path write_recipe(const char *name, const char *text) {
    path result = in_folder(name);
    FILE *file = fopen(result.text, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    return result;
}

// Trains the recipe with settings into NAME and leaves the trainer open.
static gm_trainer *train(const char *name, const char *const *settings, size_t count) {
    gm_trainer *trainer;
    path recipe = write_recipe("recipe.yaml", linear), out = in_folder(name);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe.text,
                                                             .settings = settings,
                                                             .setting_count = count,
                                                             .out = out.text,
                                                             .tuning = GM_TRAIN_TUNE_NOT}));
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    return trainer;
}

// E ln N(x; b, W W' + deviation^2 I) over the test split, with W and b of the variables NETWORK.0....
static double exact_likelihood(gm_state *state, const char *network, size_t count) {
    float W[2], b[2];
    char name[64];
    snprintf(name, sizeof name, "%s.0.weight", network);
    check_ok(gm_state_read(state, name, W, sizeof W));
    snprintf(name, sizeof name, "%s.0.bias", network);
    check_ok(gm_state_read(state, name, b, sizeof b));
    double s = DEVIATION * DEVIATION,
           c[3] = {(double)(W[0] * W[0]) + s, (double)(W[0] * W[1]), (double)(W[1] * W[1]) + s};
    double determinant = c[0] * c[2] - c[1] * c[1], sum = 0;
    gm_dataset *data;
    check_ok(gm_dataset_open(&data, "ring8", &(gm_dataset_options){.split = GM_SPLIT_TEST, .seed = 4}));
    assert_true(gm_dataset_get_info(data)->count >= count);
    const float *x = gm_dataset_floats(data);
    for (size_t i = 0; i < count; i++) {
        double u = (double)(x[2 * i] - b[0]), v = (double)(x[2 * i + 1] - b[1]);
        double square = (c[2] * u * u - 2 * c[1] * u * v + c[0] * v * v) / determinant;
        sum -= log(2 * 3.14159265358979323846) + log(determinant) / 2 + square / 2;
    }
    gm_dataset_close(&data);
    return sum / (double)count;
}

typedef struct likelihood {
    gm_evaluation_figure elbo, bound, reconstruction, divergence;
} likelihood;

static likelihood evaluate(const char *name, size_t samples) {
    gm_evaluation *evaluation;
    gm_evaluation_info info;
    path run = in_folder(name);
    check_ok(gm_evaluation_create(&evaluation, run.text, &(gm_evaluation_options){.samples = samples, .count = 1250}));
    gm_evaluation_get_info(evaluation, &info);
    assert_int_equal(info.count, 1250);
    assert_int_equal(info.samples, samples);
    assert_int_equal(info.step, 60);
    likelihood result = {*gm_evaluation_find(evaluation, "elbo"), *gm_evaluation_find(evaluation, "iwae"),
                         *gm_evaluation_find(evaluation, "reconstruction"),
                         *gm_evaluation_find(evaluation, "divergence")};
    assert_null(gm_evaluation_confusion(evaluation));
    gm_evaluation_destroy(&evaluation);
    return result;
}

static void importance_bound_rises_to_the_exact_likelihood(void **unused) {
    (void)unused;
    gm_trainer *trainer = train("linear", NULL, 0);
    double exact = exact_likelihood(gm_trainer_state(trainer), "decoder", 1250), before = -INFINITY;
    gm_trainer_destroy(&trainer);
    static const size_t samples[] = {1, 8, 64, 2000};
    likelihood of[4];
    for (size_t i = 0; i < 4; i++) {
        of[i] = evaluate("linear", samples[i]);
        double bound = of[i].bound.value;
        if (!(bound > before) || !(bound <= exact + 0.01))
            fail_msg("IWAE-%zu is %.6f, with fewer samples %.6f, ln p(x) %.6f", samples[i], bound, before, exact);
        before = bound;
    }
    // One draw's log weight is an unbiased estimate of the ELBO; the two share the noise of their draws.
    double error = hypot(of[0].bound.error, of[0].elbo.error);
    if (!(fabs(of[0].bound.value - of[0].elbo.value) <= 4 * error))
        fail_msg("IWAE-1 is %.6f, the ELBO %.6f, their error %.6f", of[0].bound.value, of[0].elbo.value, error);
    assert_true(of[0].bound.error > 0 && of[3].elbo.value < of[3].bound.value - 0.01);
    if (!(fabs(of[3].bound.value - exact) <= 0.005))
        fail_msg("IWAE-2000 is %.6f, but ln p(x) %.6f", of[3].bound.value, exact);
    assert_true(fabs(of[3].elbo.value + of[3].reconstruction.value + of[3].divergence.value) < 1e-9);
}

// The pair of averages, not the trained weights: both networks of the bound follow average.decay.
static void averages_are_what_is_evaluated_and_sampled(void **unused) {
    (void)unused;
    const char *settings[] = {"average.decay=0.9", "average.warmup=false"};
    gm_trainer *trainer = train("average", settings, 2);
    double exact = exact_likelihood(gm_trainer_state(trainer), "decoder_average", 1250);
    assert_true(fabs(exact - exact_likelihood(gm_trainer_state(trainer), "decoder", 1250)) > 0.02);
    float W[2], b[2], samples[2][2];
    check_ok(gm_state_read(gm_trainer_state(trainer), "decoder_average.0.weight", W, sizeof W));
    check_ok(gm_state_read(gm_trainer_state(trainer), "decoder_average.0.bias", b, sizeof b));
    gm_trainer_destroy(&trainer);
    likelihood result = evaluate("average", 2000);
    if (!(fabs(result.bound.value - exact) <= 0.005))
        fail_msg("IWAE-2000 is %.6f, but ln p(x) %.6f", result.bound.value, exact);

    gm_sampler *sampler;
    path run = in_folder("average");
    check_ok(gm_sampler_open(&sampler, run.text, NULL));
    check_ok(gm_sampler_generate(sampler, (uint64_t[]){7, 8}, NULL, NULL, 2, samples[0]));
    gm_sampler_close(&sampler);
    for (size_t i = 0; i < 2; i++) { // means W z + b of two z: on the line through b
        double z = (double)(samples[i][0] - b[0]) / (double)W[0];
        assert_true(fabs((double)b[1] + z * (double)W[1] - (double)samples[i][1]) < 1e-4 && fabs(z) < 6);
    }
}

// The numbers of the first step, which are those of the initial weights; with the encoder's at zero if `blind`.
static void first_step(const char *const *settings, size_t count, bool blind, double numbers[3]) {
    static const char *const names[3] = {"loss", "reconstruction", "divergence"};
    gm_trainer *trainer;
    gm_train_progress progress = {0};
    path recipe = write_recipe("recipe.yaml", linear);
    check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe.text,
                                                             .settings = settings,
                                                             .setting_count = count,
                                                             .no_folder = true,
                                                             .tuning = GM_TRAIN_TUNE_NOT}));
    if (blind)
        check_ok(gm_state_write(gm_trainer_state(trainer), "encoder.0.weight", (float[2]){0}, 2 * sizeof(float)));
    check_ok(gm_trainer_step(trainer));
    check_ok(gm_trainer_measure(trainer, &progress));
    for (size_t i = 0; i < 3; i++)
        numbers[i] = gm_train_number_find(&progress, names[i]);
    gm_trainer_destroy(&trainer);
}

static void beta_weighs_the_divergence(void **unused) {
    (void)unused;
    double one[3], three[3];
    first_step(NULL, 0, false, one);
    first_step((const char *[]){"autoencoder.beta=3"}, 1, false, three);
    assert_true(one[2] > 0);
    assert_true(fabs(one[0] - (one[1] + one[2])) < 1e-4 * fabs(one[0]));
    assert_true(fabs(three[0] - (three[1] + 3 * three[2])) < 1e-4 * fabs(three[0]));
    assert_true(fabs(three[1] - one[1]) < 1e-6 && fabs(three[2] - one[2]) < 1e-6);
}

// An encoder of zeros sees nothing of it: then noise changes the loss only if it is on the target, too.
static void noise_is_on_the_input_and_not_on_the_target(void **unused) {
    (void)unused;
    const char *plain[] = {"encoder=[dense: 1]", "autoencoder.kind=plain"};
    const char *noisy[] = {"encoder=[dense: 1]", "autoencoder.kind=denoising", "autoencoder.noise=100"};
    double clean[3], blind[3], seeing[3];
    first_step(plain, 2, true, clean);
    first_step(noisy, 3, true, blind);
    first_step(noisy, 3, false, seeing);
    if (!(fabs(blind[0] - clean[0]) <= 1e-6 * clean[0]) || !(seeing[0] > 10 * clean[0]))
        fail_msg("the loss is %.6f without noise, %.6f with noise that is not seen, %.6f with noise", clean[0],
                 blind[0], seeing[0]);
}

static void read_state(gm_trainer *trainer, const char *name, float values[2]) {
    check_ok(gm_state_read(gm_trainer_state(trainer), name, values, 2 * sizeof *values));
}

static bool stop_at_37(const gm_train_progress *progress, void *user) {
    (void)user;
    return progress->step == 37;
}

static void resumed_run_continues_bit_for_bit(void **unused) {
    (void)unused;
    static const struct {
        const char *settings[3];
        size_t count;
    } cases[] = {{.count = 0},
                 {{"accumulate=3", "average.decay=0.9"}, 2},
                 {{"autoencoder.kind=denoising", "autoencoder.noise=0.2", "encoder=[dense: 1]"}, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char names[2][16];
        float straight[2], resumed[2], start[2];
        snprintf(names[0], sizeof names[0], "straight%zu", i);
        snprintf(names[1], sizeof names[1], "stopped%zu", i);
        gm_trainer *trainer = train(names[0], cases[i].settings, cases[i].count);
        read_state(trainer, "decoder.0.weight", straight);
        gm_trainer_destroy(&trainer);

        path recipe = write_recipe("recipe.yaml", linear), out = in_folder(names[1]);
        check_ok(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe.text,
                                                                 .settings = cases[i].settings,
                                                                 .setting_count = cases[i].count,
                                                                 .out = out.text,
                                                                 .tuning = GM_TRAIN_TUNE_NOT}));
        read_state(trainer, "decoder.0.weight", start);
        assert_int_equal(gm_trainer_run(trainer, stop_at_37, NULL), GM_INTERRUPTED);
        gm_trainer_destroy(&trainer);
        check_ok(gm_trainer_create(&trainer, &(gm_train_options){.resume = out.text}));
        check_ok(gm_trainer_run(trainer, NULL, NULL));
        read_state(trainer, "decoder.0.weight", resumed);
        gm_trainer_destroy(&trainer);
        assert_memory_equal(straight, resumed, sizeof straight);
        assert_memory_not_equal(straight, start, sizeof straight);
    }
}

static void expect_refusal(const char *const *settings, size_t count, const char *part) {
    gm_trainer *trainer;
    path recipe = write_recipe("recipe.yaml", linear);
    assert_int_not_equal(gm_trainer_create(&trainer, &(gm_train_options){.recipe = recipe.text,
                                                                         .settings = settings,
                                                                         .setting_count = count,
                                                                         .no_folder = true,
                                                                         .tuning = GM_TRAIN_TUNE_NOT}),
                         GM_OK);
    if (!strstr(gm_error_message(), part))
        fail_msg("\"%s\" does not say \"%s\"", gm_error_message(), part);
}

static void networks_that_do_not_fit_are_refused(void **unused) {
    (void)unused;
    expect_refusal((const char *[]){"encoder.0.dense=3"}, 1,
                   "the encoder must end in 2 latent.size = 2 values, the mean and the log variance of z, but it gives "
                   "3: end it with `dense: 2`");
    expect_refusal((const char *[]){"encoder.0.dense=2", "autoencoder.kind=plain"}, 2,
                   "the encoder must end in 1 values, latent.size, but it gives 2");
    expect_refusal((const char *[]){"decoder.0.dense=3"}, 1, "the decoder makes 3, but the data are 2");
    expect_refusal((const char *[]){"autoencoder={likelihood: bernoulli}"}, 1,
                   "a bernoulli likelihood takes images, but ring8 holds floats");
    expect_refusal((const char *[]){"decoder=[embed: {classes: 8, size: 2}, dense: 2]"}, 1,
                   "autoencoders have no labels");
}

// They have no distribution of z; their pictures are reconstructions.
static void plain_autoencoders_refuse_samples_and_bounds(void **unused) {
    (void)unused;
    const char *settings[] = {"autoencoder.kind=plain", "encoder=[dense: 1]"};
    gm_trainer *trainer = train("plain", settings, 2);
    gm_trainer_destroy(&trainer);
    gm_sampler *sampler;
    gm_evaluation *evaluation;
    path run = in_folder("plain"), picture = in_folder("plain/samples/00000060.png");
    FILE *file = fopen(picture.text, "rb");
    assert_non_null(file);
    fclose(file);
    assert_int_not_equal(gm_sampler_open(&sampler, run.text, NULL), GM_OK);
    assert_null(sampler);
    assert_non_null(strstr(gm_error_message(), "no distribution to draw samples from"));
    assert_int_not_equal(gm_evaluation_create(&evaluation, run.text, NULL), GM_OK);
    assert_null(evaluation);
    assert_non_null(strstr(gm_error_message(), "no likelihood to bound"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(importance_bound_rises_to_the_exact_likelihood),
        cmocka_unit_test(averages_are_what_is_evaluated_and_sampled),
        cmocka_unit_test(beta_weighs_the_divergence),
        cmocka_unit_test(noise_is_on_the_input_and_not_on_the_target),
        cmocka_unit_test(resumed_run_continues_bit_for_bit),
        cmocka_unit_test(networks_that_do_not_fit_are_refused),
        cmocka_unit_test(plain_autoencoders_refuse_samples_and_bounds),
    };
    return cmocka_run_group_tests_name("autoencoders", tests, make_folder, remove_folder);
}
