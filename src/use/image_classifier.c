// A small convolutional network that learns to name the classes of a data set: a recipe of our own, trained like any
// other.
//   K = classes, x = images with black at -1 and white at 1.
//
// It is kept in the cache folder under the hash of everything that it follows from: the images and labels themselves
// and the recipe. An entry whose text differs or that is damaged in any way is trained anew.
#include "use/image_classifier.h"

#include "base/base.h"
#include "data/subset.h"
#include "device/device.h"
#include "model/classifier.h"
#include "plan/state.h"
#include "run/checkpoint.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH = 128, LEAST_STEPS = 200, MOST_STEPS = 1000, EPOCHS = 10 };
enum { LEAST_SIDE = 4, TEST_SHARE = 6, MOST_TESTED = 10000, CHUNK = 1024 };

static const uint64_t seed = 0;
static const char recipe_name[] = "the reference classifier";

// Values out of another state, which live until the next call.
typedef struct copier {
    gm_state *from;
    void *values;
} copier;

static gm_status copy_value(void *user, const char *name, gm_type type, const gm_shape *shape, const void **values) {
    copier *c = user;
    size_t bytes = gm_type_size(type) * gm_shape_count(shape);
    free(c->values);
    GM_TRY(gm_alloc(&c->values, 1, bytes, name));
    *values = c->values;
    return gm_state_read(c->from, name, c->values, bytes);
}

struct gm_image_classifier {
    double accuracy;
    size_t classes;
    gm_sample format;
    gm_recipe *recipe;
    gm_state *state;
    gm_use use;
    gm_plan *plan;
    copier copied; // for other graphs
};

// ---- The recipe ----

// Convolutions halve the image until it is small, then two dense layers, of which the first are the features.
static gm_status write_recipe(gm_text *text, const gm_dataset_info *info, size_t items) {
    static const size_t channels[] = {32, 64, 128, 128};
    size_t side = GM_MIN(info->height, info->width);
    size_t steps = GM_MIN(GM_MAX(EPOCHS * items / BATCH, (size_t)LEAST_STEPS), (size_t)MOST_STEPS);
    gm_text_printf(text, "name: reference\nsteps: %zu\ndata: {source: given, batch: %d}\nclassifier:\n", steps, BATCH);
    for (size_t i = 0; i < GM_COUNT(channels) && side >= 2 * LEAST_SIDE; i++, side /= 2)
        gm_text_printf(text, "  - conv: {channels: %zu, kernel: 4, stride: 2, padding: 1}\n  - relu\n", channels[i]);
    gm_text_printf(text, "  - flatten\n  - dense: %d\n  - relu\n  - tap: features\n  - dense: %zu\n",
                   GM_IMAGE_CLASSIFIER_FEATURES, info->class_count);
    gm_text_printf(text,
                   "initializer: kaiming_normal\n"
                   "optimizer: {classifier: {adam: {rate: 1e-3, schedule: cosine, factor: 0.02, period: %zu}}}\n",
                   steps);
    return text->failed ? gm_fail_memory(512, "a recipe") : GM_OK;
}

// ---- The data ----

// Images to learn from and others to be tested with: items of one data set, or of its two splits.
typedef struct material {
    gm_dataset *train, *test;
    size_t items; // of both, where they are of one data set
    uint64_t hash;
} material;

static gm_status take(gm_dataset **part, const gm_dataset *whole, const int32_t *indices, size_t count) {
    gm_dataset *taken;
    GM_TRY(gm_dataset_subset(&taken, whole, indices, count));
    gm_dataset_close(part);
    *part = taken;
    return GM_OK;
}

// One item in TEST_SHARE of a random order is held out.
static gm_status split(material *m, const int32_t *order, size_t count) {
    size_t held_out = GM_MAX(count / TEST_SHARE, (size_t)1);
    GM_TRY(take(&m->test, m->train, order, GM_MIN(held_out, (size_t)MOST_TESTED)));
    return take(&m->train, m->train, order + held_out, count - held_out);
}

// The other split where there is one.
static gm_status find_test(material *m, const char *source, const gm_dataset_options *options) {
    size_t count = gm_dataset_get_info(m->train)->count;
    gm_dataset_options other = *options;
    gm_status status = GM_OK;
    int32_t *order = NULL;
    other.split = GM_SPLIT_TEST;
    bool apart =
        gm_dataset_open(&m->test, source, &other) == GM_OK && gm_dataset_check_held_out(m->test, m->train) == GM_OK;
    if (!apart)
        gm_dataset_close(&m->test);
    size_t shuffled = apart ? gm_dataset_get_info(m->test)->count : count;
    GM_TRY_DONE(gm_alloc(&order, shuffled, sizeof *order, "an order"));
    GM_TRY_DONE(gm_loader_indices(seed, 0, shuffled, shuffled, order));
    if (!apart)
        status = split(m, order, count);
    else if (shuffled > MOST_TESTED)
        status = take(&m->test, m->test, order, MOST_TESTED);
done:
    free(order);
    return status;
}

static gm_status material_init(material *m, const char *source, const gm_dataset_options *options) {
    gm_dataset_options train = *options;
    train.split = GM_SPLIT_TRAIN;
    GM_TRY(gm_dataset_open(&m->train, source, &train));
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    if (info->white <= info->black || info->class_count < 2 || info->count < 2)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: a classifier learns from images with labels of two classes or more, which this data set has "
            "not: only what needs none can be measured",
            source);
    if (info->frames > 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds clips, and the reference classifier is of images", source);
    if (GM_MIN(info->height, info->width) < LEAST_SIDE)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: images of %zu x %zu are too small for a classifier: %d x %d at least",
                       source, info->height, info->width, LEAST_SIDE, LEAST_SIDE);
    m->items = info->count;
    m->hash = GM_HASH_START;
    GM_TRY(gm_dataset_hash(m->train, &m->hash));
    return find_test(m, source, options);
}

static void material_finish(material *m) {
    gm_dataset_close(&m->train);
    gm_dataset_close(&m->test);
}

// ---- Training ----

// What was trained, or was kept, as the reference's own variables: without optimiser, on a state of their own.
static gm_status adopt(gm_image_classifier *r, gm_device *device, gm_state_source *source, void *user) {
    GM_TRY(gm_state_create(&r->state, device, seed));
    gm_state_set_source(r->state, source, user);
    GM_TRY(gm_use_init(&r->use, &gm_classifier_classify, r->recipe, &r->format));
    gm_status status = gm_plan_create(&r->plan, r->use.graph, r->state, NULL);
    gm_state_set_source(r->state, NULL, NULL);
    return status;
}

static gm_status learn(gm_image_classifier *r, gm_device *device, const material *m, const char *recipe) {
    gm_trainer *trainer = NULL;
    copier from = {0};
    gm_status status;
    GM_TRY_DONE(gm_trainer_create_given(
        &trainer, &(gm_train_options){.opened = device, .no_folder = true, .tuning = GM_TRAIN_TUNE_NOT},
        &(gm_train_given){.recipe_name = recipe_name, .recipe_text = recipe, .data = m->train}));
    GM_TRY_DONE(gm_trainer_run(trainer, NULL, NULL));
    from.from = gm_trainer_state(trainer);
    status = adopt(r, device, copy_value, &from);
done:
    free(from.values);
    gm_trainer_destroy(&trainer);
    return status;
}

static gm_status examine(gm_image_classifier *r, const material *m) {
    gm_evaluation *evaluation;
    GM_TRY(gm_alloc(&evaluation, 1, sizeof *evaluation, "an evaluation"));
    gm_status status =
        gm_classifier_evaluate(evaluation, &(gm_evaluation_source){.recipe = r->recipe,
                                                                   .data = m->test,
                                                                   .format = r->format,
                                                                   .count = gm_dataset_get_info(m->test)->count,
                                                                   .state = r->state});
    if (status == GM_OK)
        r->accuracy = gm_evaluation_find(evaluation, "accuracy")->value;
    gm_evaluation_destroy(&evaluation);
    return status;
}

// ---- The cache ----

// Everything that the weights follow from.
static gm_status describe(const material *m, const char *recipe, gm_text *text) {
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    gm_text_printf(text, "%zu images of %zux%zux%zu, hash %016llx; %s", info->count, info->channels, info->height,
                   info->width, (unsigned long long)m->hash, recipe);
    return text->failed ? gm_fail_memory(512, "a classifier's description") : GM_OK;
}

static gm_status cache_path(const char *description, char **path) {
    char *folder;
    gm_text text = {0};
    *path = NULL;
    GM_TRY(gm_cache_folder(&folder));
    if (!folder)
        return GM_OK;
    gm_text_printf(&text, "%s/classifier-%016llx.safetensors", folder,
                   (unsigned long long)gm_hash_string(GM_HASH_START, description));
    gm_status status = gm_folder_create(folder);
    free(folder);
    if (status != GM_OK || text.failed) {
        gm_text_finish(&text);
        return GM_OK; // a read-only home must not stop anyone
    }
    *path = text.data;
    return GM_OK;
}

// The note of an entry: the accuracy, then what it is of.
static bool read_note(gm_image_classifier *r, const char *note, const char *description) {
    char *rest;
    if (!note)
        return false;
    r->accuracy = gm_parse_double(note, &rest);
    return rest != note && *rest == ' ' && strcmp(rest + 1, description) == 0;
}

static bool load(gm_image_classifier *r, gm_device *device, const char *path, const char *description) {
    gm_checkpoint *checkpoint = NULL;
    struct stat info;
    if (!path || stat(path, &info) != 0)
        return false;
    bool whole = gm_checkpoint_open(&checkpoint, path) == GM_OK &&
                 read_note(r, gm_checkpoint_get_info(checkpoint)->note, description) &&
                 adopt(r, device, gm_checkpoint_value, checkpoint) == GM_OK;
    gm_checkpoint_close(&checkpoint);
    if (whole)
        return true;
    gm_debug("%s: is damaged or of another classifier; training anew", path);
    gm_plan_destroy(&r->plan);
    gm_use_finish(&r->use);
    gm_state_destroy(&r->state);
    return false;
}

static gm_status store(const gm_image_classifier *r, const char *path, const char *description) {
    gm_text note = {0};
    gm_text_printf(&note, "%.6f %s", r->accuracy, description);
    gm_status status = note.failed ? gm_fail_memory(512, "a classifier's description")
                                   : gm_checkpoint_write(path, r->state, &(gm_checkpoint_info){.note = note.data});
    gm_text_finish(&note);
    return status;
}

// ---- Opening ----

static gm_status prepare(gm_image_classifier *r, gm_device *device, const char *source,
                         const gm_dataset_options *options) {
    material m = {0};
    gm_text recipe = {0}, description = {0};
    char *path = NULL;
    gm_status status;
    GM_TRY_DONE(material_init(&m, source, options));
    const gm_dataset_info *info = gm_dataset_get_info(m.train);
    r->format = gm_dataset_format(info, -1, 1);
    r->classes = info->class_count;
    GM_TRY_DONE(write_recipe(&recipe, info, m.items));
    GM_TRY_DONE(gm_train_recipe_parse(&r->recipe, recipe_name, recipe.data, recipe.length, NULL, 0));
    GM_TRY_DONE(describe(&m, recipe.data, &description));
    GM_TRY_DONE(cache_path(description.data, &path));
    if (load(r, device, path, description.data))
        goto done;
    GM_TRY_DONE(learn(r, device, &m, recipe.data));
    GM_TRY_DONE(examine(r, &m));
    if (path && store(r, path, description.data) != GM_OK)
        gm_warn("%s: the classifier is trained again next time", gm_error_message());
done:
    material_finish(&m);
    gm_text_finish(&recipe);
    gm_text_finish(&description);
    free(path);
    return status;
}

gm_status gm_image_classifier_open(gm_image_classifier **reference, gm_device *device, const char *source,
                                   const gm_dataset_options *options) {
    gm_image_classifier *made;
    *reference = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a classifier"));
    gm_status status = prepare(made, device, source, options);
    if (status != GM_OK)
        gm_image_classifier_close(&made);
    *reference = made;
    return status;
}

void gm_image_classifier_close(gm_image_classifier **reference) {
    if (!reference || !*reference)
        return;
    gm_image_classifier *old = *reference;
    gm_plan_destroy(&old->plan);
    gm_use_finish(&old->use);
    gm_state_destroy(&old->state);
    gm_recipe_destroy(&old->recipe);
    free(old->copied.values);
    free(old);
    *reference = NULL;
}

size_t gm_image_classifier_classes(const gm_image_classifier *reference) {
    return reference->classes;
}

double gm_image_classifier_accuracy(const gm_image_classifier *reference) {
    return reference->accuracy;
}

// ---- Applying ----

static void soften(const float *logits, size_t count, float *probabilities) {
    size_t answer = gm_classifier_answer(logits, count);
    double largest = logits[answer == GM_NO_ANSWER ? 0 : answer], sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - largest);
    for (size_t i = 0; i < count; i++)
        probabilities[i] = (float)(exp((double)logits[i] - largest) / sum);
}

gm_status gm_image_classifier_apply(gm_image_classifier *r, const gm_samples *images, double low, double high,
                                    float *features, float *probabilities) {
    size_t item = gm_sample_values(&r->format), K = r->classes;
    float *scaled = NULL, *logits = NULL;
    gm_status status = GM_OK;
    if (images->columns != item)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "a classifier of images of %zux%zux%zu cannot name samples of %zu values: has the data set "
                       "changed since the run learned from it?",
                       r->format.item.dim[0], r->format.item.dim[1], r->format.item.dim[2], images->columns);
    GM_TRY_DONE(gm_alloc(&scaled, CHUNK * item, sizeof *scaled, "images"));
    GM_TRY_DONE(gm_alloc(&logits, CHUNK * K, sizeof *logits, "logits"));
    for (size_t first = 0; first < images->count; first += CHUNK) {
        size_t here = GM_MIN(images->count - first, (size_t)CHUNK);
        for (size_t i = 0; i < here * item; i++)
            scaled[i] = (float)(2 * ((double)images->values[first * item + i] - low) / (high - low) - 1);
        float *outputs[GM_USE_PORTS] = {logits, features ? features + first * GM_IMAGE_CLASSIFIER_FEATURES : NULL};
        GM_TRY_DONE(gm_use_run(&r->use, r->plan, (const void *[GM_USE_PORTS]){scaled}, here, outputs));
        for (size_t i = 0; i < here && probabilities; i++)
            soften(logits + i * K, K, probabilities + (first + i) * K);
    }
done:
    free(scaled);
    free(logits);
    return status;
}

gm_status gm_image_classifier_name(gm_image_classifier *r, const gm_samples *images, double low, double high,
                                   int32_t *classes) {
    float *probabilities;
    GM_TRY(gm_alloc(&probabilities, images->count * r->classes, sizeof *probabilities, "probabilities"));
    gm_status status = gm_image_classifier_apply(r, images, low, high, NULL, probabilities);
    for (size_t i = 0; status == GM_OK && i < images->count; i++) {
        size_t answer = gm_classifier_answer(probabilities + i * r->classes, r->classes);
        classes[i] = answer == GM_NO_ANSWER ? -1 : (int32_t)answer;
    }
    free(probabilities);
    return status;
}

void gm_image_classifier_get_source(gm_image_classifier *r, gm_feature_source *source) {
    r->copied.from = r->state;
    *source = (gm_feature_source){
        .recipe = r->recipe, .value = copy_value, .user = &r->copied, .low = r->format.low, .high = r->format.high};
}
