// A kind of sample and two kinds of model that exist in the tests alone: what an addition of each takes;
// and the run that the tests look at.
//
//   curve     5 values, which files hold four times as large as networks see them; a picture has a row of greys a curve
//   gaussian  x = m + s z: the mean m and the deviation s are fitted by maximum likelihood; without any network
//   centre    the mean alone: no samples, nothing to evaluate
#ifndef GM_TEST_KINDS_SUPPORT_H
#define GM_TEST_KINDS_SUPPORT_H

#include "base/base.h"
#include "check_ok.h"
#include "folder_test.h"
#include "ganymede/train.h"
#include "model/kinds.h"
#include "model/latent.h"
#include "recipe/value.h"

#include <math.h>
#include <stddef.h>

#define CURVE   5
#define ITEMS   128
#define SHRINK  .25 // a power of two: it rounds nothing
#define STEPS   10
#define RATE    .125
#define LN_2PI  1.8378770664093453
#define HEADING "a Gaussian of independent values"

// ---- Curves ----

static bool claims(const gm_shape *item) {
    return item->rank == 1 && item->dim[0] == CURVE;
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    (void)sample;
    return gm_scale(stored, SHRINK);
}

static void scale_values(const gm_sample *sample, const float *from, size_t count, double factor, float *to) {
    for (size_t i = 0; i < count * gm_sample_values(sample); i++)
        to[i] = (float)(factor * (double)from[i]);
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    scale_values(sample, stored, count, SHRINK, values);
}

static void encode_values(const gm_sample *sample, const float *values, size_t count, float *stored) {
    scale_values(sample, values, count, 1 / SHRINK, stored);
}

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    (void)columns;
    return rows;
}

static uint8_t grey_of(float value) {
    return (uint8_t)fmax(0, fmin(255, 128 + 32 * (double)value));
}

static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    (void)sample;
    GM_TRY(gm_raster_create(made, writing->path, CURVE, count, 1, depth));
    for (size_t i = 0; i < count * CURVE; i++)
        gm_raster_set(made, i, grey_of(values[i]));
    return GM_OK;
}

static const gm_sample_kind curve = {
    .name = "curve",
    .noun = "curves",
    .claims = claims,
    .decode = decode,
    .decode_values = decode_values,
    .encode_values = encode_values,
    .shown = shown,
    .picture = picture,
};

// ---- Gaussians ----

typedef struct gaussian_settings {
    double spread, least; // of the deviation: its first value, its least one
    gm_optimizer optimizer;
} gaussian_settings;

// clang-format off
static const gm_recipe_row gaussian_rows[] = {
    GM_ROW_NUMBER(gaussian_settings, "gaussian.spread", spread, 1e-3, 1e3, 1, "the deviation before the first step"),
    GM_ROW_NUMBER(gaussian_settings, "gaussian.least", least, 0, 1e3, 0, "the least deviation; 0: a quarter of the first"),
    GM_ROW_TYPED(gaussian_settings, "optimizer.gaussian", optimizer, gm_recipe_optimizer_type, "{sgd: {rate: 0.125}}",
                 false, "the update rule"),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    gaussian_settings *gaussian = settings;
    if (!(gaussian->least > 0))
        gaussian->least = gaussian->spread / 4;
    if (gaussian->least < gaussian->spread)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s: gaussian.least must be below gaussian.spread",
                   gm_recipe_origin(recipe, "gaussian.least"));
}

static const gm_recipe_section gaussian_section = {
    .rows = gaussian_rows, .row_count = GM_COUNT(gaussian_rows), .size = sizeof(gaussian_settings), .resolve = resolve};

static const gaussian_settings *gaussian_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gaussian_section);
}

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (format->kind == &curve)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: a Gaussian learns curves of %d values, not the %s of %s",
                   gm_recipe_file(recipe), CURVE, format->kind->noun, data->name);
}

typedef struct parameters {
    gm_tensor *mean, *excess, *deviation; // s = least + e^excess
} parameters;

static parameters declare(gm_graph *graph, const gaussian_settings *settings) {
    parameters p = {
        .mean = gm_variable(graph, "gaussian.mean", GM_FLOAT32, GM_SHAPE(CURVE), (gm_initializer){0}),
        .excess = gm_variable(graph, "gaussian.excess", GM_FLOAT32, GM_SHAPE(CURVE),
                              (gm_initializer){.a = log(settings->spread - settings->least)}),
    };
    p.deviation = gm_offset(gm_exp(p.excess), settings->least);
    return p;
}

// ln p(x) (N) = -sum_d ((x - m)^2 / (2 s^2) + ln s + ln(2 pi) / 2)
static gm_tensor *log_density(const parameters *p, gm_tensor *x) {
    gm_tensor *z = gm_divide(gm_subtract(x, p->mean), p->deviation);
    return gm_offset(gm_negate(gm_sum(gm_add(gm_scale(gm_square(z), .5), gm_log(p->deviation)), 1u << 1)),
                     -.5 * CURVE * LN_2PI);
}

static gm_status build_gaussian(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    const gaussian_settings *settings = gaussian_of(recipe);
    parameters p = declare(model->graph, settings);
    gm_tensor *gradients[2], *variables[2] = {p.mean, p.excess};
    gm_tensor *loss = gm_negate(gm_mean_all(log_density(&p, gm_model_real_batch(model, source))));
    gm_phase *update = gm_phase_create(model->graph, "update");
    GM_TRY(gm_model_add_number(model, update, (gm_model_number){"loss", "-ln p", loss, true}));
    GM_TRY(gm_model_add_number(model, update,
                               (gm_model_number){"deviation", "deviation", gm_mean_all(p.deviation), false}));
    gm_grad(loss, variables, 2, gradients);
    gm_optimizer_apply(update, &settings->optimizer, "optimizer.gaussian", NULL, variables, gradients, 2);
    return gm_model_add_action(model, (gm_model_action){.phase = update, .fresh = true, .every = 1});
}

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    (void)codes;
    gm_latent_fill(&(gm_latent){.size = CURVE}, gm_common_of(recipe)->seed, seed, latent);
}

static gm_status build_generate(gm_use *use) {
    parameters p = declare(use->graph, gaussian_of(use->recipe));
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(CURVE));
    gm_use_add_samples(use, gm_add(p.mean, gm_multiply(p.deviation, z)));
    use->fill_latent = fill_latent;
    return GM_OK;
}

static gm_status build_density(gm_use *use) {
    parameters p = declare(use->graph, gaussian_of(use->recipe));
    gm_use_add_output(use, "density", log_density(&p, gm_use_add_data(use)));
    return GM_OK;
}

static gm_status evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source) {
    float values[ITEMS * CURVE], density[ITEMS];
    int32_t indices[ITEMS];
    gm_use use = {0};
    gm_plan *plan = NULL;
    gm_status status;
    double sum = 0;
    for (size_t i = 0; i < source->count; i++)
        indices[i] = (int32_t)i;
    GM_TRY_DONE(gm_use_init(&use, gm_use_find(source->recipe, "density"), source->recipe, &source->format));
    GM_TRY_DONE(gm_plan_create(&plan, use.graph, source->state, NULL));
    GM_TRY_DONE(gm_dataset_decode(source->data, &source->format, indices, source->count, values, NULL));
    GM_TRY_DONE(gm_use_run(&use, plan, (const void *[]){values}, source->count, (float *[]){density}));
    for (size_t i = 0; i < source->count; i++)
        sum += (double)density[i];
    evaluation->info.unit = "nats per curve";
    status = gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = "log_density",
                                                                  .label = "ln p(x)",
                                                                  .value = sum / (double)source->count,
                                                                  .error = NAN,
                                                                  .help = "of held-out curves"});
done:
    gm_plan_destroy(&plan);
    gm_use_finish(&use);
    return status;
}

static const char *const gaussian_marks[] = {"gaussian", NULL};
static const gm_use_row gaussian_uses[] = {
    {.name = "density", .build = build_density},
    {.name = "generate", .build = build_generate},
};

static const gm_model_kind gaussian = {
    .name = "gaussian",
    .description = HEADING,
    .marks = gaussian_marks,
    .section = &gaussian_section,
    .monitored = true,
    .check = check,
    .build = build_gaussian,
    .uses = gaussian_uses,
    .use_count = GM_COUNT(gaussian_uses),
    .evaluate = evaluate,
};

// ---- Centres ----

typedef struct centre_settings {
    double rate;
} centre_settings;

static const gm_recipe_row centre_rows[] = {
    GM_ROW_NUMBER(centre_settings, "centre.rate", rate, 0, 1, .5, "how far a step goes to the mean of its batch")};
static const gm_recipe_section centre_section = {
    .rows = centre_rows, .row_count = GM_COUNT(centre_rows), .size = sizeof(centre_settings)};

static gm_status build_centre(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    const centre_settings *settings = gm_recipe_settings(recipe, &centre_section);
    gm_tensor *x = gm_model_real_batch(model, source), *mean = gm_reshape(gm_mean(x, 1u), GM_SHAPE(CURVE));
    gm_tensor *centre = gm_variable(model->graph, "centre", GM_FLOAT32, GM_SHAPE(CURVE), (gm_initializer){0});
    gm_phase *update = gm_phase_create(model->graph, "update");
    gm_phase_assign(update, centre, gm_add(centre, gm_scale(gm_subtract(mean, centre), settings->rate)));
    return gm_model_add_action(model, (gm_model_action){.phase = update, .fresh = true, .every = 1});
}

static const char *const centre_marks[] = {"centre", NULL};
static const gm_model_kind centre = {
    .name = "centre",
    .description = "a centre (the mean of the data)",
    .marks = centre_marks,
    .section = &centre_section,
    .build = build_centre,
};

// ---- What the tests share ----

static const char recipe_text[] = "name: curves\n"
                                  "data: { source: %s/curves.npy, batch: 128 }\n"
                                  "gaussian: { spread: 2 }\n"
                                  "seed: 3\n"
                                  "steps: 10\n"
                                  "log: { every: 5, samples: 5, checkpoint: 5, grid: [6, 1] }\n"
                                  "monitor: { every: 5, samples: 64, metrics: [coverage] }\n";

static float curves[ITEMS * CURVE], held[ITEMS * CURVE]; // as files hold them

// folder/name; eight results stay valid at a time.
static const char *path_of(const char *name) {
    static char paths[8][160];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_csv(const char *name, const float *values) {
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    for (size_t i = 0; i < ITEMS * CURVE; i++)
        fprintf(file, "%.9g%c", (double)values[i], (i + 1) % CURVE ? ',' : '\n');
    assert_int_equal(fclose(file), 0);
}

static void expect_part(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("\n  said:     %s\n  expected: %s", text, part);
}

static gm_trainer *create(gm_train_options options, const char *setting) {
    gm_trainer *trainer;
    options.settings = &setting;
    options.setting_count = setting != NULL;
    options.recipe = options.resume || options.recipe ? options.recipe : path_of("curves.yaml");
    options.tuning = GM_TRAIN_TUNE_NOT;
    check_ok(gm_trainer_create(&trainer, &options));
    return trainer;
}

// Trains into a new folder, or goes on in it.
static void train(const char *out, bool resume, const char *setting) {
    const char *path = path_of(out);
    gm_trainer *trainer =
        create(resume ? (gm_train_options){.resume = path} : (gm_train_options){.out = path}, setting);
    check_ok(gm_trainer_run(trainer, NULL, NULL));
    gm_trainer_destroy(&trainer);
}

static void expect_refused(gm_train_options options, const char *setting, const char *message) {
    gm_trainer *trainer;
    options.recipe = path_of("curves.yaml");
    options.no_folder = true;
    options.settings = &setting;
    options.setting_count = setting != NULL;
    assert_int_not_equal(gm_trainer_create(&trainer, &options), GM_OK);
    expect_part(gm_error_message(), message);
}

static int prepare(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    check_ok(gm_sample_kind_add(&curve));
    check_ok(gm_model_kind_add(&gaussian));
    check_ok(gm_model_kind_add(&centre));
    for (size_t i = 0; i < ITEMS * CURVE; i++) {
        curves[i] = (float)(i % CURVE) * 2 - 3 + (float)(i * i * 7 % 61) / 16;
        held[i] = (float)(i % CURVE) * 2 - 3 + (float)(i * i * 11 % 53) / 16;
    }
    check_ok(gm_npy_write(path_of("curves.npy"), curves, 2, (size_t[]){ITEMS, CURVE}));
    check_ok(gm_npy_write(path_of("held.npy"), held, 2, (size_t[]){ITEMS, CURVE}));
    char text[sizeof recipe_text + sizeof folder];
    snprintf(text, sizeof text, recipe_text, folder);
    check_ok(gm_file_write_atomic(path_of("curves.yaml"), text, strlen(text)));
    train("run", false, NULL);
    return 0;
}

static void expect_same_file(const char *a, const char *b) {
    char *texts[2];
    size_t bytes[2];
    check_ok(gm_file_read(path_of(a), 1 << 24, &texts[0], &bytes[0]));
    check_ok(gm_file_read(path_of(b), 1 << 24, &texts[1], &bytes[1]));
    if (bytes[0] != bytes[1] || memcmp(texts[0], texts[1], bytes[0]) != 0)
        fail_msg("%s and %s differ", a, b);
    free(texts[0]);
    free(texts[1]);
}

#endif
