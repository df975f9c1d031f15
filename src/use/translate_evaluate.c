// Translations of held-out images beside plain ways, and beside the true counterparts.
//   n pairs x -> y, black 0 and white 1; dx, dy their values
#include "use/translate_evaluate.h"

#include "metrics/moments.h"
#include "use/compare.h"
#include "use/enlarge.h"
#include "use/fills.h"
#include "use/image_classifier.h"
#include "use/sized.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBORS = 10, MOST_REGRESSED = 4096 }; // values of x
#define COLLECTED_BYTES ((size_t)512 << 20)     // of the pairs trained on

typedef struct judgement {
    const gm_evaluation_source *source;
    const gm_trained *trained;
    const char *run;
    gm_extent x, y;
    size_t dx, dy, count;
    float *given, *real, *made; // (n, dx), (n, dy): x, y, and what a way makes of x
    gm_collection pairs;        // trained on, each as one row of dx + dy values
    float *collected;
    gm_image_classifier *classifier; // of the second source; NULL: it has no classes
    int32_t *labels, *named;         // (n)
    float *features[2];              // of y and of what was made
} judgement;

// ---- Ways ----

static gm_status by_run(judgement *j) {
    const double low = j->source->format.low, high = j->source->format.high;
    gm_sized sized;
    gm_extent result;
    float *images;
    gm_sized_init(&sized, j->trained, j->run, gm_use_find(j->trained->recipe, "translate"));
    GM_TRY(gm_alloc(&images, j->count * j->dx, sizeof *images, "images"));
    for (size_t i = 0; i < j->count * j->dx; i++)
        images[i] = (float)(low + (high - low) * (double)j->given[i]);
    gm_status status = gm_sized_plan(&sized, j->x.height, j->x.width, &result);
    if (status == GM_OK && memcmp(&result, &j->y, sizeof result) != 0)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: makes images of %zux%zux%zu, but their counterparts are %zux%zux%zu",
                         j->run, result.channels, result.height, result.width, j->y.channels, j->y.height, j->y.width);
    if (status == GM_OK)
        status = gm_sized_run(&sized, j->x.height, j->x.width, images, j->count, j->made);
    for (size_t i = 0; i < j->count * j->dy; i++)
        j->made[i] = (float)(((double)j->made[i] - low) / (high - low));
    free(images);
    gm_sized_finish(&sized);
    return status;
}

static gm_status by_mean(judgement *j) {
    for (size_t i = 0; i < j->dy; i++) {
        double sum = 0;
        for (size_t m = 0; m < j->pairs.count; m++)
            sum += (double)j->collected[m * (j->dx + j->dy) + j->dx + i];
        for (size_t n = 0; n < j->count; n++)
            j->made[n * j->dy + i] = (float)(sum / (double)j->pairs.count);
    }
    return GM_OK;
}

// Both images of a pair as one, of which the second is hidden.
static gm_status fill(judgement *j, size_t neighbors) {
    size_t columns = j->dx + j->dy;
    float *rows = NULL;
    uint8_t *mask = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&rows, j->count * columns, sizeof *rows, "pairs"));
    GM_TRY_DONE(gm_alloc(&mask, columns, 1, "a mask"));
    memset(mask + j->dx, 1, j->dy);
    for (size_t n = 0; n < j->count; n++)
        memcpy(rows + n * columns, j->given + n * j->dx, j->dx * sizeof *rows);
    GM_TRY_DONE(neighbors ? gm_fill_nearest(&j->pairs, rows, j->count, mask, neighbors)
                          : gm_fill_ridge(&j->pairs, rows, j->count, mask));
    for (size_t n = 0; n < j->count; n++)
        memcpy(j->made + n * j->dy, rows + n * columns + j->dx, j->dy * sizeof *rows);
done:
    free(rows);
    free(mask);
    return status;
}

static gm_status by_regression(judgement *j) {
    return fill(j, 0);
}

static gm_status by_nearest(judgement *j) {
    return fill(j, 1);
}

static gm_status by_neighbors(judgement *j) {
    return fill(j, NEIGHBORS);
}

static gm_status by_nothing(judgement *j) {
    memcpy(j->made, j->given, j->count * j->dy * sizeof *j->made);
    return GM_OK;
}

static gm_status by_bicubic(judgement *j) {
    size_t from = j->x.height * j->x.width, to = j->y.height * j->y.width, factor = j->y.height / j->x.height;
    for (size_t i = 0; i < j->count * j->x.channels; i++)
        gm_enlarge_bicubic(j->given + i * from, j->x.height, j->x.width, factor, j->made + i * to);
    return GM_OK;
}

static gm_status by_truth(judgement *j) {
    memcpy(j->made, j->real, j->count * j->dy * sizeof *j->made);
    return GM_OK;
}

static bool always(const judgement *j) {
    (void)j;
    return true;
}

static bool can_regress(const judgement *j) {
    return j->dx <= MOST_REGRESSED;
}

// How many times as large the second image is; 0: none.
static size_t factor_of(const judgement *j) {
    size_t factor = j->y.height / j->x.height;
    bool times = factor * j->x.height == j->y.height && factor * j->x.width == j->y.width;
    return times && j->x.channels == j->y.channels ? factor : 0;
}

static bool can_keep(const judgement *j) {
    return factor_of(j) == 1;
}

static bool can_enlarge(const judgement *j) {
    return factor_of(j) > 1;
}

static bool is_classified(const judgement *j) {
    return j->classifier != NULL;
}

static const struct {
    const char *name, *help;
    gm_status (*make)(judgement *j);
    bool (*applies)(const judgement *j);
} ways[] = {
    {"this run", "what it makes", by_run, always},
    {"mean", "image trained on", by_mean, always},
    {"ridge", "regression on the first image", by_regression, can_regress},
    {"nearest", "counterpart of the nearest first image", by_nearest, always},
    {"10 nearest", "their mean", by_neighbors, always},
    {"unchanged", "the first image itself", by_nothing, can_keep},
    {"bicubic", "the first image enlarged", by_bicubic, can_enlarge},
    {"real", "the true counterparts", by_truth, is_classified},
};

// ---- Figures ----

typedef struct result {
    gm_mean_figure l1, psnr, accuracy, frechet;
} result;

static gm_status extract(judgement *j, const float *images, float *features) {
    const gm_samples samples = {images, j->count, j->dy};
    GM_TRY(gm_image_classifier_apply(j->classifier, &samples, 0, 1, features, NULL));
    return gm_image_classifier_name(j->classifier, &samples, 0, 1, j->named);
}

static gm_status classify(judgement *j, result *r) {
    gm_measure measure;
    size_t right = 0;
    if (!j->classifier)
        return GM_OK;
    GM_TRY(extract(j, j->made, j->features[1]));
    for (size_t n = 0; n < j->count; n++)
        right += j->named[n] == j->labels[n];
    r->accuracy = gm_share_of(right, j->count);
    const gm_samples real = {j->features[0], j->count, GM_IMAGE_CLASSIFIER_FEATURES};
    const gm_samples made = {j->features[1], j->count, GM_IMAGE_CLASSIFIER_FEATURES};
    GM_TRY(gm_measure_frechet(&real, &made, &measure));
    r->frechet = (gm_mean_figure){measure.flags & GM_MEASURE_MISSING ? NAN : measure.value, NAN};
    return GM_OK;
}

static gm_status report(gm_evaluation *evaluation, const judgement *j, const result *results) {
    static const struct {
        const char *key, *label;
        size_t offset;
        bool classified;
    } keys[] = {{"l1", "L1", offsetof(result, l1), false},
                {"psnr", "PSNR, dB", offsetof(result, psnr), false},
                {"accuracy", "accuracy", offsetof(result, accuracy), true},
                {"frechet", "Frechet", offsetof(result, frechet), true}};
    evaluation->info.unit = "of whole images, black to white being 1; accuracy and Frechet distance by a classifier";
    for (size_t k = 0; k < GM_COUNT(keys); k++)
        for (size_t i = 0; i < GM_COUNT(ways); i++) {
            const gm_mean_figure *f = (const gm_mean_figure *)((const char *)&results[i] + keys[k].offset);
            if (!ways[i].applies(j) || (keys[k].classified && !j->classifier) ||
                (ways[i].make == by_truth && k != 2)) // which is exact
                continue;
            GM_TRY(gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = keys[k].key,
                                                                        .label = keys[k].label,
                                                                        .of = ways[i].name,
                                                                        .value = f->value,
                                                                        .error = f->error,
                                                                        .help = ways[i].help}));
        }
    return GM_OK;
}

// ---- Data ----

static gm_extent extent_of(const gm_dataset_info *info) {
    return (gm_extent){info->channels, info->height, info->width};
}

// The second source of the run beside the data that are looked at: what differs from them.
static gm_status open_second(const judgement *j, gm_dataset **data) {
    const gm_common *first = gm_common_of(j->trained->recipe), *second = gm_common_second(first);
    const char *name = gm_dataset_get_info(j->source->data)->name;
    bool own = strcmp(name, first->data.source) == 0;
    gm_dataset_options options = gm_common_other_split(second);
    if (!own && strcmp(first->data.source, second->data.source) != 0)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: holds no counterparts, which this run's second source, %s, has: evaluate it on its own data", name,
            second->data.source);
    options.whole = options.adapted = !own;
    options.item_names = true;
    return gm_dataset_open(data, own ? second->data.source : name, &options);
}

static gm_status read_pairs(judgement *j) {
    gm_dataset *second;
    GM_TRY(open_second(j, &second));
    gm_status status = gm_dataset_check_pairs(j->source->data, second);
    j->x = extent_of(gm_dataset_get_info(j->source->data));
    j->y = extent_of(gm_dataset_get_info(second));
    j->dx = j->x.channels * j->x.height * j->x.width;
    j->dy = j->y.channels * j->y.height * j->y.width;
    j->count = j->source->count;
    GM_TRY_DONE(status);
    GM_TRY_DONE(gm_alloc(&j->given, j->count * j->dx, sizeof *j->given, "images"));
    GM_TRY_DONE(gm_alloc(&j->real, j->count * j->dy, sizeof *j->real, "images"));
    GM_TRY_DONE(gm_alloc(&j->made, j->count * j->dy, sizeof *j->made, "images"));
    GM_TRY_DONE(gm_alloc(&j->labels, j->count, sizeof *j->labels, "labels"));
    GM_TRY_DONE(gm_alloc(&j->named, j->count, sizeof *j->named, "labels"));
    GM_TRY_DONE(gm_compare_read(j->source->data, j->count, j->given, j->dx, 0, NULL));
    status = gm_compare_read(second, j->count, j->real, j->dy, 0, j->labels);
done:
    gm_dataset_close(&second);
    return status;
}

// The pairs trained on, as many as there is room for.
static gm_status collect(judgement *j, bool *classes) {
    const gm_common *common = gm_common_of(j->trained->recipe);
    const gm_common *of[2] = {common, gm_common_second(common)};
    size_t columns = j->dx + j->dy, skip[2] = {0, j->dx};
    gm_dataset *data[2] = {NULL, NULL};
    gm_status status = GM_OK;
    for (size_t i = 0; i < 2; i++) {
        gm_dataset_options options = gm_common_data_options(of[i]);
        GM_TRY_DONE(gm_dataset_open(&data[i], of[i]->data.source, &options));
        if (gm_dataset_get_info(data[i])->item_values != (i ? j->dy : j->dx))
            GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%s: its images have another size than those that are looked at",
                                of[i]->data.source));
    }
    j->pairs = (gm_collection){
        .shape = {1, 1, columns},
        .count = GM_MIN(gm_dataset_get_info(data[0])->count, COLLECTED_BYTES / sizeof(float) / columns)};
    GM_TRY_DONE(gm_alloc(&j->collected, j->pairs.count * columns, sizeof *j->collected, "pairs"));
    for (size_t i = 0; i < 2; i++)
        GM_TRY_DONE(gm_compare_read(data[i], j->pairs.count, j->collected, columns, skip[i], NULL));
    j->pairs.images = j->collected;
    *classes = gm_dataset_get_info(data[1])->class_count > 1;
done:
    for (size_t i = 0; i < 2; i++)
        gm_dataset_close(&data[i]);
    return status;
}

static gm_status prepare(judgement *j) {
    const gm_common *second = gm_common_second(gm_common_of(j->trained->recipe));
    bool classes = false;
    if (!gm_sample_is_scaled(&j->source->format))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no black and white, between which images are compared",
                       gm_dataset_get_info(j->source->data)->name);
    GM_TRY(read_pairs(j));
    GM_TRY(collect(j, &classes));
    if (!classes)
        return GM_OK;
    gm_dataset_options options = gm_common_data_options(second);
    options.class_count = 0;
    GM_TRY(gm_image_classifier_open(&j->classifier, j->trained->device, second->data.source, &options));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_alloc(&j->features[i], j->count * GM_IMAGE_CLASSIFIER_FEATURES, sizeof(float), "features"));
    return extract(j, j->real, j->features[0]);
}

gm_status gm_translate_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source,
                                const gm_trained *trained, const char *run) {
    judgement j = {.source = source, .trained = trained, .run = run};
    result results[GM_COUNT(ways)] = {0};
    gm_status status = prepare(&j);
    for (size_t i = 0; i < GM_COUNT(ways) && status == GM_OK; i++) {
        if (!ways[i].applies(&j))
            continue;
        status = ways[i].make(&j);
        if (status == GM_OK)
            status = gm_compare_images(j.made, j.real, j.count, j.dy, NULL, 0, &results[i].l1, &results[i].psnr);
        if (status == GM_OK)
            status = classify(&j, &results[i]);
    }
    if (status == GM_OK)
        status = report(evaluation, &j, results);
    free(j.given);
    free(j.real);
    free(j.made);
    free(j.collected);
    free(j.labels);
    free(j.named);
    for (size_t i = 0; i < 2; i++)
        free(j.features[i]);
    gm_image_classifier_close(&j.classifier);
    return status;
}
