// Translations without pairs beside plain ways.
//   n images x of the first source, m of the second, y, and M of the second that were trained on; black 0 and white 1
#include "use/cycle_evaluate.h"

#include "ganymede/metrics.h"
#include "use/compare.h"
#include "use/fills.h"
#include "use/image_classifier.h"
#include "use/sized.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPONENTS = 16 };
#define TRAINED_BYTES ((size_t)512 << 20) // of the images trained on

typedef struct side {
    gm_extent extent;
    size_t values, count;
    float *images;
} side;

typedef struct judgement {
    const gm_evaluation_source *source;
    const gm_trained *trained;
    const char *run;
    side x, y;
    side trained_y;                  // of the second source, trained on
    bool known;                      // y are the true counterparts of x
    float *made, *back;              // of x; of made
    gm_image_classifier *classifier; // of the whole second source; NULL: it is not of some classes alone
    uint8_t *wanted;                 // (classes) whether the second source has them
    int32_t *named;
    gm_pca *pca;
    float *scores[2]; // of y, and of what was made
} judgement;

// ---- Ways ----

static gm_status apply(const judgement *j, const char *use, const side *from, const gm_extent *to, const float *images,
                       float *made) {
    const double low = j->source->format.low, high = j->source->format.high;
    gm_sized sized;
    gm_extent result;
    float *values;
    gm_sized_init(&sized, j->trained, j->run, gm_use_find(j->trained->recipe, use));
    sized.channels = from->extent.channels;
    GM_TRY(gm_alloc(&values, j->x.count * from->values, sizeof *values, "images"));
    for (size_t i = 0; i < j->x.count * from->values; i++)
        values[i] = (float)(low + (high - low) * (double)images[i]);
    gm_status status = gm_sized_plan(&sized, from->extent.height, from->extent.width, &result);
    if (status == GM_OK && memcmp(&result, to, sizeof result) != 0)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: makes images of another size than those of the other source", j->run);
    if (status == GM_OK)
        status = gm_sized_run(&sized, from->extent.height, from->extent.width, values, j->x.count, made);
    size_t count = j->x.count * to->channels * to->height * to->width;
    for (size_t i = 0; i < count && status == GM_OK; i++)
        made[i] = (float)(((double)made[i] - low) / (high - low));
    free(values);
    gm_sized_finish(&sized);
    return status;
}

static gm_status by_run(judgement *j) {
    GM_TRY(apply(j, "translate", &j->x, &j->y.extent, j->x.images, j->made));
    side made = j->y;
    made.count = j->x.count;
    return apply(j, "translate_back", &made, &j->x.extent, j->made, j->back);
}

static gm_status by_nothing(judgement *j) {
    memcpy(j->made, j->x.images, j->x.count * j->x.values * sizeof *j->made);
    return GM_OK;
}

static void add_means(const side *s, double *means, double factor) {
    for (size_t n = 0; n < s->count; n++)
        for (size_t i = 0; i < s->values; i++)
            means[i] += factor * (double)s->images[n * s->values + i] / (double)s->count;
}

static gm_status by_means(judgement *j) {
    double *means;
    GM_TRY(gm_alloc(&means, j->x.values, sizeof *means, "a mean image"));
    add_means(&j->y, means, 1);
    add_means(&j->x, means, -1);
    for (size_t i = 0; i < j->x.count * j->x.values; i++)
        j->made[i] = (float)fmax(0, fmin(1, (double)j->x.images[i] + means[i % j->x.values]));
    free(means);
    return GM_OK;
}

static void take(const judgement *j, size_t n, size_t other) {
    memcpy(j->made + n * j->y.values, j->trained_y.images + other * j->y.values, j->y.values * sizeof *j->made);
}

static gm_status by_nearest(judgement *j) {
    const gm_collection trained_y = {
        .shape = {1, 1, j->y.values}, .images = j->trained_y.images, .count = j->trained_y.count};
    int32_t *nearest;
    GM_TRY(gm_alloc(&nearest, j->x.count, sizeof *nearest, "neighbours"));
    gm_status status = gm_find_nearest(&trained_y, j->x.images, j->x.count, nearest);
    for (size_t n = 0; n < j->x.count && status == GM_OK; n++)
        take(j, n, (size_t)nearest[n]);
    free(nearest);
    return status;
}

// Those of equal places in the two, which have nothing to do with one another.
static gm_status by_chance(judgement *j) {
    for (size_t n = 0; n < j->x.count; n++)
        take(j, n, n % j->trained_y.count);
    return GM_OK;
}

static bool always(const judgement *j) {
    (void)j;
    return true;
}

static bool same_size(const judgement *j) {
    return memcmp(&j->x.extent, &j->y.extent, sizeof j->x.extent) == 0;
}

static const struct {
    const char *name, *help;
    gm_status (*make)(judgement *j);
    bool (*applies)(const judgement *j);
} ways[] = {
    {"this run", "what it makes", by_run, always},
    {"unchanged", "the image itself", by_nothing, same_size},
    {"shifted", "by the difference of the sides' mean images", by_means, same_size},
    {"nearest", "the nearest image of the other side trained on", by_nearest, same_size},
    {"another", "any image of the other side trained on", by_chance, always},
};

// ---- Figures ----

typedef struct result {
    gm_mean_figure cycle, named, brightness, frechet, l1, psnr;
} result;

static double mean_value(const float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i];
    return sum / (double)count;
}

// Pearson's, with the standard error of a normal pair.
static gm_mean_figure correlate(const judgement *j) {
    double sums[5] = {0}, n = (double)j->x.count;
    for (size_t i = 0; i < j->x.count; i++) {
        double a = mean_value(j->x.images + i * j->x.values, j->x.values);
        double b = mean_value(j->made + i * j->y.values, j->y.values);
        sums[0] += a / n;
        sums[1] += b / n;
        sums[2] += a * a / n;
        sums[3] += b * b / n;
        sums[4] += a * b / n;
    }
    double spread = (sums[2] - sums[0] * sums[0]) * (sums[3] - sums[1] * sums[1]);
    if (!(spread > 0))
        return (gm_mean_figure){NAN, NAN};
    double r = (sums[4] - sums[0] * sums[1]) / sqrt(spread);
    return (gm_mean_figure){r, n > 2 ? sqrt(fmax(1 - r * r, 0) / (n - 2)) : NAN};
}

static gm_status name(judgement *j, gm_mean_figure *named) {
    const gm_samples samples = {j->made, j->x.count, j->y.values};
    size_t right = 0;
    if (!j->classifier)
        return GM_OK;
    GM_TRY(gm_image_classifier_name(j->classifier, &samples, 0, 1, j->named));
    for (size_t n = 0; n < j->x.count; n++)
        right += j->named[n] >= 0 && j->wanted[j->named[n]];
    *named = gm_share_of(right, j->x.count);
    return GM_OK;
}

static gm_status judge(judgement *j, size_t way, result *r) {
    gm_measure measure;
    gm_mean_figure unused;
    GM_TRY(ways[way].make(j));
    r->brightness = correlate(j);
    GM_TRY(name(j, &r->named));
    if (j->pca) {
        const gm_samples made = {j->made, j->x.count, j->y.values}, real = {j->scores[0], j->y.count, COMPONENTS};
        const gm_samples scores = {j->scores[1], j->x.count, COMPONENTS};
        GM_TRY(gm_pca_apply(j->pca, j->trained->device, &made, j->scores[1]));
        GM_TRY(gm_measure_frechet(&real, &scores, &measure));
        r->frechet = (gm_mean_figure){measure.flags & GM_MEASURE_MISSING ? NAN : measure.value, NAN};
    }
    if (j->known)
        GM_TRY(gm_compare_images(j->made, j->y.images, j->x.count, j->y.values, NULL, 0, &r->l1, &r->psnr));
    return ways[way].make == by_run
               ? gm_compare_images(j->back, j->x.images, j->x.count, j->x.values, NULL, 0, &r->cycle, &unused)
               : GM_OK;
}

static bool has_pca(const judgement *j) {
    return j->pca != NULL;
}

static bool has_classifier(const judgement *j) {
    return j->classifier != NULL;
}

static bool is_known(const judgement *j) {
    return j->known;
}

static gm_status report(gm_evaluation *evaluation, const judgement *j, const result *results) {
    static const struct {
        const char *key, *label;
        size_t offset;
        bool (*applies)(const judgement *j);
    } keys[] = {{"cycle", "cycle L1", offsetof(result, cycle), always},
                {"named", "named", offsetof(result, named), has_classifier},
                {"brightness", "brightness", offsetof(result, brightness), always},
                {"frechet", "Frechet", offsetof(result, frechet), has_pca},
                {"l1", "L1", offsetof(result, l1), is_known},
                {"psnr", "PSNR, dB", offsetof(result, psnr), is_known}};
    evaluation->info.unit = "from the first source to the second; named: as its classes by a classifier; brightness: "
                            "correlation; Frechet distance on 16 principal components; black to white being 1";
    for (size_t k = 0; k < GM_COUNT(keys); k++)
        for (size_t i = 0; i < GM_COUNT(ways); i++) {
            const gm_mean_figure *f = (const gm_mean_figure *)((const char *)&results[i] + keys[k].offset);
            if (!ways[i].applies(j) || !keys[k].applies(j) || (k == 0 && ways[i].make != by_run))
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

static gm_status read_side(side *s, const gm_dataset *data, size_t count) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    *s = (side){.extent = {info->channels, info->height, info->width},
                .values = info->item_values,
                .count = GM_MIN(count, info->count)};
    GM_TRY(gm_alloc(&s->images, s->count * s->values, sizeof *s->images, "images"));
    return gm_compare_read(data, s->count, s->images, s->values, 0, NULL);
}

// Whether both are views of the same images.
static bool have_counterparts(const gm_common *first, const gm_common *second) {
    bool same = strcmp(first->data.source, second->data.source) == 0 && first->data.split == second->data.split &&
                first->data.classes.count == second->data.classes.count && first->data.part == second->data.part;
    for (size_t i = 0; same && i < first->data.classes.count; i++)
        same = strcmp(first->data.classes.words[i], second->data.classes.words[i]) == 0;
    return same && first->data.view != second->data.view;
}

// The classifier of all classes of the second source, of which it has but some.
static gm_status open_classifier(judgement *j, const gm_common *second, const gm_dataset_info *info) {
    gm_dataset_options options = gm_common_data_options(second);
    if (options.class_count == 0 || info->class_count < 2)
        return GM_OK;
    GM_TRY(gm_alloc(&j->wanted, info->class_count, 1, "classes"));
    GM_TRY(gm_alloc(&j->named, j->x.count, sizeof *j->named, "classes"));
    for (size_t k = 0; k < info->class_count; k++)
        for (size_t i = 0; i < options.class_count; i++) {
            char number[24];
            snprintf(number, sizeof number, "%zu", k);
            j->wanted[k] |=
                strcmp(options.classes[i], info->class_names[k]) == 0 || strcmp(options.classes[i], number) == 0;
        }
    options.class_count = 0;
    options.count = 0;
    return gm_image_classifier_open(&j->classifier, j->trained->device, second->data.source, &options);
}

// The second source as it was trained on, or as much of it as there is room for.
static gm_status read_trained(judgement *j, const gm_common *second) {
    gm_dataset_options options = gm_common_data_options(second);
    gm_dataset *data;
    GM_TRY(gm_dataset_open(&data, second->data.source, &options));
    gm_status status = read_side(&j->trained_y, data, GM_MAX(TRAINED_BYTES / sizeof(float) / j->y.values, 1));
    gm_dataset_close(&data);
    if (status == GM_OK && memcmp(&j->trained_y.extent, &j->y.extent, sizeof j->y.extent) != 0)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: its images have another size than those that are looked at",
                         second->data.source);
    return status;
}

static gm_status prepare(judgement *j) {
    const gm_common *first = gm_common_of(j->trained->recipe), *second = gm_common_second(first);
    const char *asked = gm_dataset_get_info(j->source->data)->name;
    gm_dataset_options options = gm_common_other_split(second);
    gm_dataset *data;
    if (!gm_sample_is_scaled(&j->source->format))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no black and white, between which images are compared", asked);
    GM_TRY(read_side(&j->x, j->source->data, j->source->count));
    GM_TRY(gm_dataset_open(&data, second->data.source, &options));
    gm_status status = GM_OK;
    GM_TRY_DONE(read_side(&j->y, data, j->source->count));
    GM_TRY_DONE(read_trained(j, second));
    j->known = have_counterparts(first, second) && j->y.count == j->x.count && strcmp(asked, first->data.source) == 0;
    GM_TRY_DONE(gm_alloc(&j->made, j->x.count * j->y.values, sizeof *j->made, "images"));
    GM_TRY_DONE(gm_alloc(&j->back, j->x.count * j->x.values, sizeof *j->back, "images"));
    GM_TRY_DONE(open_classifier(j, second, gm_dataset_get_info(data)));
    if (j->y.count > COMPONENTS && j->y.values >= COMPONENTS && j->x.count > COMPONENTS) {
        const gm_samples real = {j->y.images, j->y.count, j->y.values};
        GM_TRY_DONE(gm_alloc(&j->scores[0], j->y.count * COMPONENTS, sizeof(float), "features"));
        GM_TRY_DONE(gm_alloc(&j->scores[1], j->x.count * COMPONENTS, sizeof(float), "features"));
        GM_TRY_DONE(gm_pca_create(&j->pca, j->trained->device, &real, COMPONENTS));
        status = gm_pca_apply(j->pca, j->trained->device, &real, j->scores[0]);
    }
done:
    gm_dataset_close(&data);
    return status;
}

gm_status gm_cycle_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_trained *trained,
                            const char *run) {
    judgement j = {.source = source, .trained = trained, .run = run};
    result results[GM_COUNT(ways)] = {0};
    gm_status status = prepare(&j);
    for (size_t i = 0; i < GM_COUNT(ways) && status == GM_OK; i++)
        if (ways[i].applies(&j))
            status = judge(&j, i, &results[i]);
    if (status == GM_OK)
        status = report(evaluation, &j, results);
    free(j.x.images);
    free(j.y.images);
    free(j.trained_y.images);
    free(j.made);
    free(j.back);
    free(j.wanted);
    free(j.named);
    free(j.scores[0]);
    free(j.scores[1]);
    gm_pca_destroy(&j.pca);
    gm_image_classifier_close(&j.classifier);
    return status;
}
