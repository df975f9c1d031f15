// A small convolutional network that learns to name the classes of a data set.
//   B = batch, K = classes, x = images with black at -1 and white at 1.
//
// It is kept in the cache folder under the hash of everything that it follows from: the images and labels themselves,
// layers, steps, seed. An entry whose text differs or that is damaged in any way is trained anew.
#include "train/classifier.h"

#include "base/base.h"
#include "device/device.h"
#include "ganymede/likelihood.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "ganymede/plan.h"
#include "train/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH = 128, LEAST_STEPS = 200, MOST_STEPS = 1000, EPOCHS = 10, MOST_CONVOLUTIONS = 4, MOST_LAYERS = 16 };
enum { LEAST_SIDE = 4, TEST_SHARE = 6, MOST_TESTED = 10000 };

static const uint64_t seed = 0;
static const double rate = 1e-3;
static const char prefix[] = "classifier", format[] = "classifier 1";

struct gm_classifier {
    size_t channels, height, width, classes;
    double accuracy;
    gm_device *device;
    gm_state *state;
    gm_graph *graph; // the network in inference
    gm_network *network;
    gm_plan *plan;
    gm_phase *phase;
    gm_tensor *images, *features, *logits;
    float *batch; // (BATCH, C, H, W)
};

// ---- The network ----

// Convolutions halve the image until it is small, then two dense layers, of which the first are the features.
static size_t make_layers(const gm_classifier *c, gm_layer layers[MOST_LAYERS]) {
    static const size_t channels[MOST_CONVOLUTIONS] = {32, 64, 128, 128};
    size_t count = 0, side = GM_MIN(c->height, c->width);
    for (size_t i = 0; i < MOST_CONVOLUTIONS && side >= 2 * LEAST_SIDE; i++, side /= 2) {
        gm_layer_default(&layers[count], gm_layer_type_find("conv"));
        layers[count].params.conv.channels = channels[i];
        for (size_t axis = 0; axis < 2; axis++) {
            layers[count].params.conv.kernel[axis] = 4;
            layers[count].params.conv.stride[axis] = 2;
            layers[count].params.conv.padding[axis] = 1;
        }
        gm_layer_default(&layers[++count], gm_layer_type_find("relu"));
        count++;
    }
    gm_layer_default(&layers[count++], gm_layer_type_find("flatten"));
    gm_layer_default(&layers[count], gm_layer_type_find("dense"));
    layers[count++].params.dense.units = GM_CLASSIFIER_FEATURES;
    gm_layer_default(&layers[count++], gm_layer_type_find("relu"));
    gm_layer_default(&layers[count], gm_layer_type_find("tap"));
    snprintf(layers[count++].params.tap.name, sizeof layers[0].params.tap.name, "features");
    gm_layer_default(&layers[count], gm_layer_type_find("dense"));
    layers[count++].params.dense.units = c->classes;
    return count;
}

static gm_status make_network(const gm_classifier *c, gm_network **network) {
    gm_layer layers[MOST_LAYERS];
    size_t count = make_layers(c, layers);
    return gm_network_create(network, prefix, layers, count, GM_WEIGHTS_KAIMING_NORMAL);
}

static gm_status build(gm_classifier *c) {
    GM_TRY(gm_graph_create(&c->graph));
    GM_TRY(make_network(c, &c->network));
    c->images = gm_input(c->graph, "images", GM_FLOAT32, GM_SHAPE(BATCH, c->channels, c->height, c->width));
    c->logits = gm_network_apply(c->network, c->images, GM_MODE_INFERENCE, NULL);
    c->features = gm_network_output(c->network, "features");
    c->phase = gm_phase_create(c->graph, "classify");
    gm_phase_fetch(c->phase, c->logits);
    if (c->features)
        gm_phase_fetch(c->phase, c->features);
    GM_TRY(gm_plan_create(&c->plan, c->graph, c->state, NULL));
    return gm_alloc(&c->batch, BATCH * c->channels * c->height * c->width, sizeof *c->batch, "images");
}

// ---- Training ----

typedef struct lesson {
    gm_graph *graph;
    gm_network *network;
    gm_plan *plan;
    gm_phase *phase;
    gm_tensor *images, *labels;
} lesson;

static gm_status lesson_init(lesson *l, const gm_classifier *c, size_t steps) {
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    gm_tensor *parameters[2 * MOST_LAYERS], *gradients[2 * MOST_LAYERS];
    adam.rate = rate;
    adam.schedule = (gm_schedule){.kind = GM_SCHEDULE_COSINE, .factor = .02, .period = steps};
    GM_TRY(gm_graph_create(&l->graph));
    GM_TRY(make_network(c, &l->network));
    l->images = gm_input(l->graph, "images", GM_UINT8, GM_SHAPE(BATCH, c->channels, c->height, c->width));
    l->labels = gm_input(l->graph, "labels", GM_INT32, GM_SHAPE(BATCH));
    gm_tensor *x = gm_offset(gm_scale(gm_cast(l->images, GM_FLOAT32), 2. / 255), -1);
    gm_tensor *logits = gm_network_apply(l->network, x, GM_MODE_TRAINING, NULL);
    gm_tensor *truth = gm_one_hot(l->labels, c->classes);
    gm_tensor *loss = gm_negate(gm_mean_all(gm_categorical_log_likelihood(truth, logits)));
    l->phase = gm_phase_create(l->graph, "learn");
    GM_TRY(gm_graph_status(l->graph));
    size_t count = gm_trainable(l->graph, prefix, parameters, GM_COUNT(parameters));
    gm_grad(loss, parameters, count, gradients);
    gm_optimizer_apply(l->phase, &adam, "adam", NULL, parameters, gradients, count);
    return gm_plan_create(&l->plan, l->graph, c->state, NULL);
}

static void lesson_finish(lesson *l) {
    gm_plan_destroy(&l->plan);
    gm_network_destroy(&l->network);
    gm_graph_destroy(&l->graph);
}

// Images to learn from and others to be tested with: items of one data set, or of its two splits.
typedef struct material {
    gm_dataset *train, *test; // test: may be the same
    int32_t *order;           // of the training split, held-out items first when there is no other split
    size_t held_out;          // of those
    uint64_t hash;
} material;

static gm_status step(const lesson *l, const material *m, size_t index, uint8_t *images, int32_t *labels) {
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    int32_t indices[BATCH], chosen[BATCH];
    size_t count = info->count - m->held_out;
    GM_TRY(gm_loader_indices(seed, (uint64_t)index * BATCH, BATCH, count, indices));
    for (size_t i = 0; i < BATCH; i++)
        chosen[i] = m->order[m->held_out + (size_t)indices[i]];
    GM_TRY(gm_dataset_gather(m->train, chosen, BATCH, images, labels));
    GM_TRY(gm_plan_write(l->plan, l->images, images, BATCH * info->item_bytes));
    GM_TRY(gm_plan_write(l->plan, l->labels, labels, BATCH * sizeof *labels));
    return gm_plan_run(l->plan, l->phase);
}

static gm_status learn(gm_classifier *c, const material *m, size_t steps) {
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    lesson l = {0};
    uint8_t *images = NULL;
    int32_t labels[BATCH];
    gm_status status;
    GM_TRY_DONE(gm_alloc(&images, BATCH, info->item_bytes, "images"));
    GM_TRY_DONE(lesson_init(&l, c, steps));
    for (size_t i = 0; i < steps; i++)
        GM_TRY_DONE(step(&l, m, i, images, labels));
    status = gm_plan_finish(l.plan);
done:
    lesson_finish(&l);
    free(images);
    return status;
}

// ---- The test ----

static gm_status judge(gm_classifier *c, const gm_dataset *test, const int32_t *indices, size_t count) {
    const gm_dataset_info *info = gm_dataset_get_info(test);
    size_t values = count * info->item_values, right = 0;
    uint8_t *bytes = NULL;
    float *images = NULL;
    int32_t *labels = NULL, *classes = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&bytes, values, 1, "images"));
    GM_TRY_DONE(gm_alloc(&images, values, sizeof *images, "images"));
    GM_TRY_DONE(gm_alloc(&labels, count, sizeof *labels, "labels"));
    GM_TRY_DONE(gm_alloc(&classes, count, sizeof *classes, "classes"));
    GM_TRY_DONE(gm_dataset_gather(test, indices, count, bytes, labels));
    for (size_t i = 0; i < values; i++)
        images[i] = bytes[i];
    GM_TRY_DONE(gm_classifier_name(c, &(gm_samples){images, count, info->item_values}, 0, 255, classes));
    for (size_t i = 0; i < count; i++)
        right += classes[i] == labels[i];
    c->accuracy = (double)right / (double)count;
done:
    free(bytes);
    free(images);
    free(labels);
    free(classes);
    return status;
}

static gm_status examine(gm_classifier *c, const material *m) {
    if (m->held_out > 0)
        return judge(c, m->train, m->order, GM_MIN(m->held_out, (size_t)MOST_TESTED));
    size_t all = gm_dataset_get_info(m->test)->count, count = GM_MIN(all, (size_t)MOST_TESTED);
    int32_t *indices;
    GM_TRY(gm_alloc(&indices, count, sizeof *indices, "indices"));
    gm_status status = gm_loader_indices(seed, 0, count, all, indices);
    if (status == GM_OK)
        status = judge(c, m->test, indices, count);
    free(indices);
    return status;
}

// ---- The data ----

// The other split where there is one, else one item in TEST_SHARE of a random order.
static gm_status open_test(material *m, const char *source, const gm_dataset_options *options) {
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    gm_dataset_options other = *options;
    other.split = GM_SPLIT_TEST;
    if (gm_dataset_open(&m->test, source, &other) == GM_OK && gm_dataset_check_held_out(m->test, m->train) == GM_OK)
        return GM_OK;
    gm_dataset_close(&m->test);
    m->held_out = GM_MAX(info->count / TEST_SHARE, (size_t)1);
    return gm_loader_indices(seed, 0, info->count, info->count, m->order);
}

static gm_status material_init(material *m, const char *source, const gm_dataset_options *options) {
    gm_dataset_options train = *options;
    train.split = GM_SPLIT_TRAIN;
    GM_TRY(gm_dataset_open(&m->train, source, &train));
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    if (info->kind != GM_DATASET_IMAGES || info->class_count < 2 || info->count < 2)
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s: a classifier learns from images with labels of two classes or more, which this data set has "
            "not: only what needs none can be measured",
            source);
    if (GM_MIN(info->height, info->width) < LEAST_SIDE)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: images of %zu x %zu are too small for a classifier: %d x %d at least",
                       source, info->height, info->width, LEAST_SIDE, LEAST_SIDE);
    GM_TRY(gm_alloc(&m->order, info->count, sizeof *m->order, "an order"));
    for (size_t i = 0; i < info->count; i++)
        m->order[i] = (int32_t)i;
    m->hash = gm_hash(GM_HASH_START, gm_dataset_images(m->train), info->count * info->item_bytes);
    m->hash = gm_hash(m->hash, gm_dataset_labels(m->train), info->count * sizeof(int32_t));
    return open_test(m, source, options);
}

static void material_finish(material *m) {
    gm_dataset_close(&m->train);
    gm_dataset_close(&m->test);
    free(m->order);
}

// ---- The cache ----

// Everything that the weights follow from.
static gm_status describe(const gm_classifier *c, const material *m, size_t steps, gm_text *text) {
    gm_layer layers[MOST_LAYERS];
    const gm_dataset_info *info = gm_dataset_get_info(m->train);
    gm_text_printf(
        text,
        "%s: %zu images %zux%zux%zu hash %016llx, %zu held out, %zu classes, seed %llu, %zu steps of %d, rate %g:",
        format, info->count, c->channels, c->height, c->width, (unsigned long long)m->hash, m->held_out, c->classes,
        (unsigned long long)seed, steps, BATCH, rate);
    for (size_t i = 0, count = make_layers(c, layers); i < count; i++) {
        bool conv = strcmp(layers[i].type->name, "conv") == 0, dense = strcmp(layers[i].type->name, "dense") == 0;
        gm_text_printf(text, " %s", layers[i].type->name);
        if (conv || dense)
            gm_text_printf(text, " %zu", conv ? layers[i].params.conv.channels : layers[i].params.dense.units);
    }
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

// Whether the file holds this classifier, whole: weights are written only when all are there.
static bool load(gm_classifier *c, const char *path, const char *description) {
    gm_safetensors *file = NULL;
    struct stat info;
    size_t count;
    if (!path || stat(path, &info) != 0)
        return false;
    bool whole = gm_safetensors_read(&file, path) == GM_OK;
    const char *text = whole ? gm_safetensors_metadata(file, "classifier") : NULL;
    const char *accuracy = whole ? gm_safetensors_metadata(file, "accuracy") : NULL;
    gm_tensor *const *parameters = gm_network_parameters(c->network, &count);
    whole = text && accuracy && strcmp(text, description) == 0;
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; whole && i < count; i++) {
            const gm_safetensor *t = gm_safetensors_find(file, gm_tensor_name(parameters[i]));
            whole = t && t->type == GM_FLOAT32 && gm_shape_equal(&t->shape, gm_tensor_shape(parameters[i]));
            if (whole && pass == 1)
                whole = gm_state_write(c->state, t->name, t->data, gm_shape_count(&t->shape) * sizeof(float)) == GM_OK;
        }
    if (whole)
        c->accuracy = gm_parse_double(accuracy, NULL);
    else
        gm_debug("%s: is damaged or of another classifier; training anew", path);
    gm_safetensors_destroy(&file);
    return whole;
}

static gm_status store(gm_classifier *c, const char *path, const char *description) {
    size_t count, done = 0;
    gm_tensor *const *parameters = gm_network_parameters(c->network, &count);
    gm_safetensor *tensors;
    char accuracy[32];
    GM_TRY(gm_alloc(&tensors, count, sizeof *tensors, "weights"));
    gm_status status = GM_OK;
    for (; done < count && status == GM_OK; done++) {
        const gm_shape *shape = gm_tensor_shape(parameters[done]);
        void *values = NULL;
        size_t bytes = gm_shape_count(shape) * sizeof(float);
        tensors[done] = (gm_safetensor){gm_tensor_name(parameters[done]), GM_FLOAT32, *shape, NULL};
        GM_TRY_DONE(gm_alloc(&values, bytes, 1, "weights"));
        tensors[done].data = values;
        status = gm_state_read(c->state, tensors[done].name, values, bytes);
    }
    gm_snprintf(accuracy, sizeof accuracy, "%.6f", c->accuracy);
    const gm_safetensors_text metadata[] = {{"classifier", description}, {"accuracy", accuracy}};
    if (status == GM_OK)
        status = gm_safetensors_write(path, tensors, count, metadata, GM_COUNT(metadata));
done:
    for (size_t i = 0; i < count; i++)
        free((void *)tensors[i].data);
    free(tensors);
    return status;
}

// ---- The interface ----

static gm_status prepare(gm_classifier *c, const char *source, const gm_dataset_options *options) {
    material m = {0};
    gm_text description = {0};
    char *path = NULL;
    gm_status status;
    GM_TRY_DONE(material_init(&m, source, options));
    const gm_dataset_info *info = gm_dataset_get_info(m.train);
    size_t steps = GM_MIN(GM_MAX(EPOCHS * info->count / BATCH, (size_t)LEAST_STEPS), (size_t)MOST_STEPS);
    c->channels = info->channels;
    c->height = info->height;
    c->width = info->width;
    c->classes = info->class_count;
    GM_TRY_DONE(gm_state_create(&c->state, c->device, seed));
    GM_TRY_DONE(build(c));
    GM_TRY_DONE(describe(c, &m, steps, &description));
    GM_TRY_DONE(cache_path(description.data, &path));
    if (load(c, path, description.data))
        goto done;
    GM_TRY_DONE(learn(c, &m, steps));
    GM_TRY_DONE(examine(c, &m));
    if (path && store(c, path, description.data) != GM_OK)
        gm_warn("%s: the classifier is trained again next time", gm_error_message());
done:
    material_finish(&m);
    gm_text_finish(&description);
    free(path);
    return status;
}

gm_status gm_classifier_open(gm_classifier **classifier, gm_device *device, const char *source,
                             const gm_dataset_options *options) {
    gm_classifier *made;
    *classifier = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a classifier"));
    made->device = device;
    gm_status status = prepare(made, source, options);
    if (status != GM_OK)
        gm_classifier_close(&made);
    *classifier = made;
    return status;
}

void gm_classifier_close(gm_classifier **classifier) {
    gm_classifier *old = classifier ? *classifier : NULL;
    if (!old)
        return;
    gm_plan_destroy(&old->plan);
    gm_network_destroy(&old->network);
    gm_graph_destroy(&old->graph);
    gm_state_destroy(&old->state);
    free(old->batch);
    free(old);
    *classifier = NULL;
}

size_t gm_classifier_classes(const gm_classifier *classifier) {
    return classifier->classes;
}

double gm_classifier_accuracy(const gm_classifier *classifier) {
    return classifier->accuracy;
}

static size_t largest_of(const float *row, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (row[i] > row[best])
            best = i;
    return best;
}

static void soften(const float *logits, size_t count, float *probabilities) {
    double largest = logits[largest_of(logits, count)], sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)logits[i] - largest);
    for (size_t i = 0; i < count; i++)
        probabilities[i] = (float)(exp((double)logits[i] - largest) / sum);
}

gm_status gm_classifier_apply(gm_classifier *c, const gm_samples *images, double low, double high, float *features,
                              float *probabilities) {
    size_t item = c->channels * c->height * c->width, count = images->count;
    float *logits, *taps = NULL;
    if (images->columns != item)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "a classifier of images of %zux%zux%zu cannot name samples of %zu values: has the data set "
                       "changed since the run learned from it?",
                       c->channels, c->height, c->width, images->columns);
    GM_TRY(gm_alloc(&logits, BATCH * (c->classes + GM_CLASSIFIER_FEATURES), sizeof *logits, "logits"));
    taps = logits + BATCH * c->classes;
    gm_status status = GM_OK;
    for (size_t first = 0; first < count; first += BATCH) {
        size_t here = GM_MIN(count - first, (size_t)BATCH);
        for (size_t i = 0; i < BATCH * item; i++) // the last batch is filled up
            c->batch[i] =
                i < here * item ? (float)(2 * ((double)images->values[first * item + i] - low) / (high - low) - 1) : 0;
        GM_TRY_DONE(gm_plan_write(c->plan, c->images, c->batch, BATCH * item * sizeof *c->batch));
        GM_TRY_DONE(gm_plan_run(c->plan, c->phase));
        GM_TRY_DONE(gm_plan_read(c->plan, c->logits, logits, BATCH * c->classes * sizeof *logits));
        GM_TRY_DONE(gm_plan_read(c->plan, c->features, taps, BATCH * GM_CLASSIFIER_FEATURES * sizeof *taps));
        if (features)
            memcpy(features + first * GM_CLASSIFIER_FEATURES, taps, here * GM_CLASSIFIER_FEATURES * sizeof *taps);
        for (size_t i = 0; i < here && probabilities; i++)
            soften(logits + i * c->classes, c->classes, probabilities + (first + i) * c->classes);
    }
done:
    free(logits);
    return status;
}

gm_status gm_classifier_name(gm_classifier *c, const gm_samples *images, double low, double high, int32_t *classes) {
    float *probabilities;
    GM_TRY(gm_alloc(&probabilities, images->count * c->classes, sizeof *probabilities, "probabilities"));
    gm_status status = gm_classifier_apply(c, images, low, high, NULL, probabilities);
    for (size_t i = 0; status == GM_OK && i < images->count; i++) {
        const float *row = probabilities + i * c->classes;
        classes[i] = isnan(row[0]) ? -1 : (int32_t)largest_of(row, c->classes);
    }
    free(probabilities);
    return status;
}
