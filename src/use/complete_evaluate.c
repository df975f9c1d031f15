// Completions of held-out images beside plain fills.
//   n images of (C, H, W), black 0 and white 1; one mask for all
#include "use/complete_evaluate.h"

#include "metrics/moments.h"
#include "model/masks.h"
#include "use/compare.h"
#include "use/filler.h"
#include "use/image_classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLLECTED = 100000, NEIGHBORS = 10 };

typedef struct judgement {
    const gm_evaluation_source *source;
    const gm_trained *trained;
    const char *run;
    gm_picture_shape shape;
    size_t count;
    float *real, *filled; // the images, and what a fill makes of them
    uint8_t *mask;
    gm_collection collection; // of the data trained on
    float *collected;
    gm_image_classifier *classifier; // NULL: the data have none
    float *features[2];              // of real and filled
} judgement;

// ---- Fills ----

static gm_status by_run(judgement *j) {
    double low = j->source->format.low, high = j->source->format.high;
    size_t area = j->shape.height * j->shape.width, values = j->shape.channels * area;
    gm_filler filler;
    uint8_t *masks = NULL;
    float *images = NULL;
    gm_status status = j->source->search ? gm_filler_init_search(&filler, j->trained, j->run, j->source->restarts, 0)
                                         : gm_filler_init(&filler, j->trained, j->run);
    if (status == GM_OK)
        status = gm_alloc(&masks, j->count, area, "masks");
    if (status == GM_OK)
        status = gm_alloc(&images, j->count * values, sizeof *images, "images");
    for (size_t i = 0; i < j->count && status == GM_OK; i++)
        memcpy(masks + i * area, j->mask, area);
    for (size_t i = 0; i < j->count * values && status == GM_OK; i++)
        images[i] = (float)(low + (high - low) * (double)j->filled[i]);
    if (status == GM_OK)
        status = gm_filler_run(&filler, &j->shape, images, masks, j->count, images);
    for (size_t i = 0; i < j->count * values && status == GM_OK; i++)
        if (j->mask[i % area])
            j->filled[i] = (float)(((double)images[i] - low) / (high - low));
    free(masks);
    free(images);
    gm_filler_finish(&filler);
    return status;
}

static float *image_of(const judgement *j, size_t index) {
    return j->filled + index * j->shape.channels * j->shape.height * j->shape.width;
}

static gm_status by_mean(judgement *j) {
    for (size_t i = 0; i < j->count; i++)
        gm_fill_mean(&j->shape, image_of(j, i), j->mask);
    return GM_OK;
}

static gm_status by_laplace(judgement *j) {
    for (size_t i = 0; i < j->count; i++)
        GM_TRY(gm_fill_harmonic(&j->shape, image_of(j, i), j->mask));
    return GM_OK;
}

static gm_status by_nearest(judgement *j) {
    return gm_fill_nearest(&j->collection, j->filled, j->count, j->mask, 1);
}

static gm_status by_neighbors(judgement *j) {
    return gm_fill_nearest(&j->collection, j->filled, j->count, j->mask, NEIGHBORS);
}

static gm_status by_regression(judgement *j) {
    return gm_fill_ridge(&j->collection, j->filled, j->count, j->mask);
}

static const struct {
    const char *name, *help;
    gm_status (*fill)(judgement *j);
} fills[] = {
    {"this run", "what it fills in", by_run},
    {"mean", "of the image's known pixels", by_mean},
    {"harmonic", "Laplace's equation from the border", by_laplace},
    {"nearest", "image trained on, by the known pixels", by_nearest},
    {"10 nearest", "their mean", by_neighbors},
    {"ridge", "regression on the known pixels", by_regression},
};

// ---- Figures ----

typedef struct result {
    gm_mean_figure l1, psnr, frechet;
} result;

static gm_status compare(const judgement *j, result *r) {
    const size_t area = j->shape.height * j->shape.width;
    return gm_compare_images(j->filled, j->real, j->count, j->shape.channels * area, j->mask, area, &r->l1, &r->psnr);
}

static gm_status extract(judgement *j, const float *images, float *features) {
    const gm_samples samples = {images, j->count, j->shape.channels * j->shape.height * j->shape.width};
    return gm_image_classifier_apply(j->classifier, &samples, 0, 1, features, NULL);
}

static gm_status measure_distance(judgement *j, result *r) {
    gm_measure measure;
    r->frechet = (gm_mean_figure){NAN, NAN};
    if (!j->classifier)
        return GM_OK;
    GM_TRY(extract(j, j->filled, j->features[1]));
    const gm_samples real = {j->features[0], j->count, GM_IMAGE_CLASSIFIER_FEATURES};
    const gm_samples made = {j->features[1], j->count, GM_IMAGE_CLASSIFIER_FEATURES};
    GM_TRY(gm_measure_frechet(&real, &made, &measure));
    if (!(measure.flags & GM_MEASURE_MISSING))
        r->frechet.value = measure.value;
    return GM_OK;
}

static gm_status judge(judgement *j, size_t index, result *r) {
    size_t area = j->shape.height * j->shape.width, values = j->shape.channels * area;
    for (size_t i = 0; i < j->count * values; i++)
        j->filled[i] = j->mask[i % area] ? 0 : j->real[i];
    GM_TRY(fills[index].fill(j));
    for (size_t i = 0; i < j->count * values; i++) // what a picture can show
        j->filled[i] = GM_MAX(0.f, GM_MIN(j->filled[i], 1.f));
    GM_TRY(compare(j, r));
    return measure_distance(j, r);
}

static gm_status report(gm_evaluation *evaluation, const judgement *j, const result *results) {
    static const struct {
        const char *key, *label;
        size_t offset;
    } keys[] = {{"l1", "L1", offsetof(result, l1)},
                {"psnr", "PSNR, dB", offsetof(result, psnr)},
                {"frechet", "Frechet", offsetof(result, frechet)}};
    evaluation->info.unit = "of the hidden middle, black to white being 1; the Frechet distance of whole images";
    for (size_t k = 0; k < GM_COUNT(keys) - !j->classifier; k++)
        for (size_t i = 0; i < GM_COUNT(fills); i++) {
            const gm_mean_figure *f = (const gm_mean_figure *)((const char *)&results[i] + keys[k].offset);
            GM_TRY(gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = keys[k].key,
                                                                        .label = keys[k].label,
                                                                        .of = fills[i].name,
                                                                        .value = f->value,
                                                                        .error = f->error,
                                                                        .help = fills[i].help}));
        }
    return GM_OK;
}

// ---- Data ----

// Items of a data set, black 0 and white 1. free(*values)
static gm_status read_images(const gm_dataset *data, size_t count, float **values) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    const gm_sample format = gm_dataset_format(info, 0, 1);
    int32_t *indices = NULL;
    gm_status status;
    *values = NULL;
    GM_TRY_DONE(gm_alloc(&indices, count, sizeof *indices, "images"));
    GM_TRY_DONE(gm_alloc(values, count * info->item_values, sizeof **values, "images"));
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)i;
    status = gm_dataset_decode(data, &format, indices, count, *values, NULL);
done:
    free(indices);
    return status;
}

// What was trained on; it and its classifier.
static gm_status collect(judgement *j) {
    const gm_common *common = gm_common_of(j->trained->recipe);
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(j->trained->checkpoint);
    gm_dataset_options options = gm_common_data_options(common);
    gm_dataset *data;
    options.size[0] = j->shape.height;
    options.size[1] = j->shape.width;
    options.scale_figures = checkpoint->scale_figures;
    options.scale_channels = checkpoint->scale_channels;
    GM_TRY(gm_dataset_open(&data, common->data.source, &options));
    const gm_dataset_info *info = gm_dataset_get_info(data);
    j->collection = (gm_collection){.shape = {info->channels, info->height, info->width},
                                    .count = GM_MIN(info->count, (size_t)MOST_COLLECTED)};
    gm_status status = GM_OK;
    if (memcmp(&j->collection.shape, &j->shape, sizeof j->shape) != 0)
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: its images are %zux%zux%zu, but those of %s, which are compared with, "
                         "are %zux%zux%zu",
                         gm_dataset_get_info(j->source->data)->name, j->shape.channels, j->shape.height, j->shape.width,
                         info->name, info->channels, info->height, info->width);
    if (status == GM_OK)
        status = read_images(data, j->collection.count, &j->collected);
    j->collection.images = j->collected;
    bool classes = info->class_count > 1;
    gm_dataset_close(&data);
    if (status == GM_OK && classes)
        status = gm_image_classifier_open(&j->classifier, j->trained->device, common->data.source, &options);
    return status;
}

static void hide_middle(judgement *j) {
    size_t inner[2] = {(j->shape.height + 1) / 2, (j->shape.width + 1) / 2};
    size_t top = (j->shape.height - inner[0]) / 2, left = (j->shape.width - inner[1]) / 2;
    for (size_t y = 0; y < inner[0]; y++)
        memset(j->mask + (top + y) * j->shape.width + left, 1, inner[1]);
}

static gm_status prepare(judgement *j) {
    const gm_dataset_info *info = gm_dataset_get_info(j->source->data);
    j->shape = (gm_picture_shape){info->channels, info->height, info->width};
    j->count = j->source->count;
    size_t values = info->item_values;
    if (!gm_sample_is_scaled(&j->source->format))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no black and white, between which fills are compared", info->name);
    GM_TRY(read_images(j->source->data, j->count, &j->real));
    GM_TRY(gm_alloc(&j->filled, j->count * values, sizeof *j->filled, "images"));
    GM_TRY(gm_alloc(&j->mask, j->shape.height * j->shape.width, 1, "a mask"));
    hide_middle(j);
    GM_TRY(collect(j));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_alloc(&j->features[i], j->count * GM_IMAGE_CLASSIFIER_FEATURES, sizeof(float), "features"));
    return j->classifier ? extract(j, j->real, j->features[0]) : GM_OK;
}

gm_status gm_complete_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_trained *trained,
                               const char *run) {
    judgement j = {.source = source, .trained = trained, .run = run};
    result results[GM_COUNT(fills)];
    gm_status status = prepare(&j);
    for (size_t i = 0; i < GM_COUNT(fills) && status == GM_OK; i++)
        status = judge(&j, i, &results[i]);
    if (status == GM_OK)
        status = report(evaluation, &j, results);
    free(j.real);
    free(j.filled);
    free(j.mask);
    free(j.collected);
    for (size_t i = 0; i < 2; i++)
        free(j.features[i]);
    gm_image_classifier_close(&j.classifier);
    return status;
}
