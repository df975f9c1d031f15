// Making a data set larger: its items changed by the graph that training augments with, or samples of a generator.
//   B = images of a batch; image n = c B + r is row r of batch c, so that its draws follow from n alone.
//
// Class by class, batch by batch, until each has as many new items as it wants or most of them are refused.
#include "ganymede/augmented.h"

#include "data/apart.h"
#include "data/classes.h"
#include "data/convert.h"
#include "data/decode.h"
#include "data/items.h"
#include "data/subset.h"
#include "model/augmentation.h"
#include "model/classifier.h"
#include "use/judge.h"
#include "use/sampler.h"
#include "use/scaling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { B = GM_USE_BATCH, MOST_TRIES = 30 }; // images made for each that is wanted, where a classifier refuses some

typedef struct maker {
    const gm_augmented_options *options;
    gm_device *opened, *device; // the former only when it was opened here
    gm_dataset *source;
    gm_sample format; // of its items, black at 0 and white at 1
    gm_augment_params operations;
    size_t K;             // classes; without labels one of all
    size_t *places;       // of classes among the generator's
    gm_value_map scaling; // of its samples
    gm_sampler *sampler;
    gm_judge *judge;
    // The graph.
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_phase *phase;
    gm_tensor *x, *counter, *y;
    float *before, *after; // of a batch
    uint64_t batches;      // run so far
    // What is made.
    char *items;
    int32_t *labels;
    int64_t *origins, *seeds;
    size_t count, capacity;
} maker;

static void finish(maker *m) {
    gm_plan_destroy(&m->plan);
    gm_state_destroy(&m->state);
    gm_graph_destroy(&m->graph);
    gm_judge_close(&m->judge);
    gm_sampler_close(&m->sampler);
    gm_dataset_close(&m->source);
    gm_device_close(&m->opened);
    free(m->places);
    free(m->before);
    free(m->after);
    free(m->items);
    free(m->labels);
    free(m->origins);
    free(m->seeds);
}

// ---- Opening ----

static gm_status open_generator(maker *m, gm_dataset_options *data) {
    gm_sampler_info info;
    GM_TRY(gm_sampler_open_on(&m->sampler, m->options->with, m->device));
    gm_sampler_get_info(m->sampler, &info);
    if (data->size[0] > 0 || data->channels > 0)
        return GM_OK;
    const gm_dataset_options *run = &info.data_options;
    memcpy(data->size, run->size, sizeof data->size);
    data->fit = run->fit;
    data->channels = run->channels;
    data->alpha = run->alpha;
    data->scale = run->scale;
    data->adapted = true;
    return GM_OK;
}

static gm_status match_generator(maker *m) {
    const gm_dataset_info *data = gm_dataset_get_info(m->source);
    gm_sampler_info info;
    gm_sampler_get_info(m->sampler, &info);
    if (info.channels != data->channels || info.height != data->height || info.width != data->width)
        return gm_fail(GM_ERROR_ARGUMENT, "%s makes %zux%zux%zu, but items of %s are %zux%zux%zu", m->options->with,
                       info.channels, info.height, info.width, data->name, data->channels, data->height, data->width);
    GM_TRY(gm_scaling_find(&m->scaling, m->options->with, &info, m->source));
    if (data->class_count == 0)
        return GM_OK;
    if (info.classes == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: its generator is not told a class, so that its samples have no labels",
                       m->options->with);
    GM_TRY(gm_alloc(&m->places, data->class_count, sizeof *m->places, "classes"));
    return gm_classes_match(data, info.class_names, info.class_count, m->places);
}

// What of the source or the operations does not come out as it is said.
static gm_status check_operations(maker *m, const gm_dataset_info *info) {
    gm_augment_params *operations = &m->operations;
    const gm_interval saturation = m->options->operations.saturation;
    bool coloured = info->channels - info->alpha == 3, neutral = saturation.low >= 1 && saturation.high <= 1;
    *operations = m->options->operations;
    if (info->narrowed)
        gm_warn("%s: its values of 64 bits become float32", info->name);
    if (coloured || neutral || (saturation.low >= 0 && saturation.high <= 0)) // zeros: left out
        return GM_OK;
    operations->saturation = (gm_interval){0};
    if (!m->options->with && !gm_augment_is_wanted(operations))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no colours, which is all that saturation changes", info->name);
    gm_warn("%s: has no colours: saturation changes nothing", info->name);
    return GM_OK;
}

static gm_status open_source(maker *m, const char *source) {
    gm_dataset_options data = m->options->data;
    if (m->options->with)
        GM_TRY(open_generator(m, &data));
    else if (!data.alpha) {
        data.alpha = GM_ALPHA_KEEP;
        data.adapted = true; // not all sources have any
    }
    GM_TRY(gm_dataset_open(&m->source, source, &data));
    const gm_dataset_info *info = gm_dataset_get_info(m->source);
    m->format = gm_dataset_format(info, 0, 1);
    m->K = GM_MAX(info->class_count, (size_t)1);
    if (m->format.item.rank != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: holds %s, but only images can be augmented", source,
                       m->format.kind->noun);
    GM_TRY(gm_dataset_check_finite(m->source));
    if (info->class_count == 0 && m->options->balance)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no labels, so that there are no classes to balance", source);
    if (info->class_count == 0 && m->options->agree)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no labels for a classifier to agree with", source);
    if (m->options->with)
        GM_TRY(match_generator(m));
    if (m->options->agree)
        GM_TRY(gm_judge_open(&m->judge, m->options->agree, m->device, info));
    return check_operations(m, info);
}

// Opacity moves with the colours, and is no colour.
static gm_tensor *apply(const maker *m, gm_tensor *x, bool opacity) {
    gm_augmentation augmentation = {.operations = m->operations, .probability = 1, .origin = "augment"};
    const gm_shape *shape = gm_tensor_shape(x);
    size_t colours = m->format.item.dim[0] - 1, height = m->format.item.dim[1], width = m->format.item.dim[2];
    if (!opacity || shape->rank != 4)
        return gm_augmentation_apply(&augmentation, &m->format, "data.augment", m->counter, x);
    gm_tensor *parts[] = {gm_slice(x, (const size_t[]){0, 0, 0, 0}, (const size_t[]){B, colours, height, width}),
                          gm_slice(x, (const size_t[]){0, colours, 0, 0}, (const size_t[]){B, 1, height, width})};
    for (size_t i = 0; i < GM_COUNT(parts); i++) {
        parts[i] = gm_augmentation_apply(&augmentation, &m->format, "data.augment", m->counter, parts[i]);
        augmentation.operations.brightness = augmentation.operations.contrast = (gm_interval){0};
        augmentation.operations.saturation = augmentation.operations.noise = (gm_interval){0};
    }
    return gm_concat(parts, GM_COUNT(parts), 1);
}

static gm_status build(maker *m) {
    GM_TRY(gm_graph_create(&m->graph));
    m->x = gm_input(m->graph, "x", GM_FLOAT32, gm_sample_batch(&m->format, B));
    m->counter = gm_input(m->graph, "counter", GM_INT32, GM_SHAPE(2));
    m->y = apply(m, m->x, gm_dataset_get_info(m->source)->alpha);
    m->phase = gm_phase_create(m->graph, "augment");
    gm_phase_fetch(m->phase, m->y);
    GM_TRY(gm_graph_status(m->graph));
    GM_TRY(gm_state_create(&m->state, m->device, m->options->seed));
    GM_TRY(gm_plan_create(&m->plan, m->graph, m->state, NULL));
    size_t values = gm_sample_values(&m->format);
    GM_TRY(gm_alloc(&m->before, B * values, sizeof *m->before, "a batch"));
    return gm_alloc(&m->after, B * values, sizeof *m->after, "a batch");
}

// ---- What is made ----

static gm_status reserve(maker *m, size_t more) {
    size_t bytes = gm_dataset_get_info(m->source)->item_bytes, capacity = m->count + more;
    if (capacity <= m->capacity)
        return GM_OK;
    void *items = realloc(m->items, capacity * bytes);
    m->items = items ? items : m->items;
    int32_t *labels = realloc(m->labels, capacity * sizeof *labels);
    m->labels = labels ? labels : m->labels;
    int64_t *origins = realloc(m->origins, capacity * sizeof *origins);
    m->origins = origins ? origins : m->origins;
    int64_t *seeds = realloc(m->seeds, capacity * sizeof *seeds);
    m->seeds = seeds ? seeds : m->seeds;
    if (!items || !labels || !origins || !seeds)
        return gm_fail_memory(capacity * bytes, "augmented items");
    m->capacity = capacity;
    return GM_OK;
}

// As data sets hold it: bytes, or floats from the black to the white of the source.
static void store(const maker *m, const float *values, void *item) {
    const gm_sample *format = &m->format;
    for (size_t i = 0; i < gm_sample_values(format); i++) {
        if (format->bytes)
            ((uint8_t *)item)[i] = (uint8_t)gm_raster_level((double)values[i], 0, 1, 8);
        else if (gm_sample_is_scaled(format))
            ((float *)item)[i] = (float)(format->black + (format->white - format->black) * (double)values[i]);
        else
            ((float *)item)[i] = values[i];
    }
}

static void add(maker *m, const float *values, int32_t label, int64_t origin, int64_t seed) {
    store(m, values, m->items + m->count * gm_dataset_get_info(m->source)->item_bytes);
    m->labels[m->count] = label;
    m->origins[m->count] = origin;
    m->seeds[m->count++] = seed;
}

static gm_status add_originals(maker *m) {
    const gm_dataset_info *info = gm_dataset_get_info(m->source);
    GM_TRY(reserve(m, info->count));
    for (size_t i = 0; i < info->count; i++) {
        int32_t index = (int32_t)i;
        GM_TRY(gm_dataset_gather(m->source, &index, 1, m->items + i * info->item_bytes, &m->labels[i]));
        m->origins[i] = (int64_t)i;
        m->seeds[i] = -1;
    }
    m->count = info->count;
    return GM_OK;
}

// ---- A class ----

typedef struct class {
    int32_t label;
    const int32_t *members;
    size_t count, wanted, tried;
} class;

// Samples of the generator, of the seeds that the batch's images have.
static gm_status sample(maker *m, const class *c) {
    uint64_t seeds[B];
    int32_t labels[B];
    for (size_t r = 0; r < B; r++) {
        seeds[r] = m->options->seed + m->batches * B + r;
        labels[r] = m->places ? (int32_t)m->places[c->label] : 0;
    }
    GM_TRY(gm_sampler_generate(m->sampler, seeds, m->places ? labels : NULL, NULL, B, m->before));
    for (size_t i = 0; i < B * gm_sample_values(&m->format); i++)
        m->before[i] = (float)(m->scaling.offset + m->scaling.factor * (double)m->before[i]);
    return GM_OK;
}

// -> m->after, and the members that it is made of.
static gm_status make_batch(maker *m, const class *c, int32_t origins[B]) {
    const int32_t counter[2] = {(int32_t)(m->batches & INT32_MAX), (int32_t)(m->batches >> 31)};
    size_t bytes = B * gm_sample_values(&m->format) * sizeof *m->before;
    for (size_t r = 0; r < B; r++)
        origins[r] = m->sampler ? -1 : c->members[(c->tried + r) % c->count];
    if (m->sampler)
        GM_TRY(sample(m, c));
    else
        GM_TRY(gm_dataset_decode(m->source, &m->format, origins, B, m->before, NULL));
    GM_TRY(gm_plan_write(m->plan, m->x, m->before, bytes));
    GM_TRY(gm_plan_write(m->plan, m->counter, counter, sizeof counter));
    GM_TRY(gm_plan_run(m->plan, m->phase));
    return gm_plan_read(m->plan, m->y, m->after, bytes);
}

static gm_status make_class(maker *m, class *c, gm_augmented_class *told) {
    double at = m->options->at > 0 ? m->options->at : .5;
    size_t values = gm_sample_values(&m->format), most = m->judge ? MOST_TRIES * c->wanted + B : SIZE_MAX;
    int32_t origins[B];
    float probability[B];
    GM_TRY(reserve(m, c->wanted));
    while (told->made < c->wanted && c->tried < most) {
        GM_TRY(make_batch(m, c, origins));
        if (m->judge)
            GM_TRY(gm_judge_apply(m->judge, m->after, B, c->label, probability));
        for (size_t r = 0; r < B && told->made < c->wanted; r++) {
            bool agreed = !m->judge || (double)probability[r] >= at;
            if (agreed)
                add(m, m->after + r * values, c->label, origins[r], (int64_t)(m->options->seed + m->batches * B + r));
            told->made += agreed;
            told->refused += !agreed;
        }
        c->tried += B;
        m->batches++;
    }
    told->short_of = c->wanted - told->made;
    return GM_OK;
}

// ---- All classes ----

static size_t wanted_of(const maker *m, size_t items, size_t largest) {
    size_t to = m->options->to ? m->options->to : largest;
    if (m->options->balance)
        return to > items ? to - items : 0;
    return items * GM_MAX(m->options->count, (size_t)1);
}

static gm_status make_classes(maker *m, gm_augmented_callback tell, void *user) {
    const gm_dataset_info *info = gm_dataset_get_info(m->source);
    const int32_t *labels = info->class_count > 0 ? gm_dataset_labels(m->source) : NULL;
    size_t *counts = NULL, largest = 0;
    int32_t *members = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&counts, m->K, sizeof *counts, "classes"));
    GM_TRY_DONE(gm_alloc(&members, info->count, sizeof *members, "classes"));
    for (size_t i = 0; i < info->count; i++)
        counts[labels ? labels[i] : 0]++;
    for (size_t k = 0; k < m->K; k++)
        largest = GM_MAX(largest, counts[k]);
    for (size_t k = 0; k < m->K; k++) {
        class c = {.label = (int32_t)k, .members = members, .wanted = wanted_of(m, counts[k], largest)};
        gm_augmented_class told = {
            .name = labels ? info->class_names[k] : NULL, .items = counts[k], .split = info->splits};
        for (size_t i = 0; i < info->count; i++)
            if (!labels || (size_t)labels[i] == k)
                members[c.count++] = (int32_t)i;
        if (c.count == 0 && !m->sampler)
            told.short_of = c.wanted;
        else
            GM_TRY_DONE(make_class(m, &c, &told));
        if (tell)
            tell(&told, user);
    }
done:
    free(counts);
    free(members);
    return status;
}

// What was made, as a data set with the source's classes.
static gm_status write(maker *m, const char *path) {
    gm_dataset *made;
    const gm_item_marks marks = {m->origins, m->seeds};
    if (m->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: nothing was made", path);
    GM_TRY(gm_dataset_subset(&made, m->source, (const int32_t[]){0}, 1));
    free(made->items);
    free(made->labels);
    made->items = m->items;
    made->labels = m->labels;
    made->info.count = m->count;
    m->items = NULL;
    m->labels = NULL;
    gm_status status = gm_dataset_write(made, path, &marks);
    gm_dataset_close(&made);
    return status;
}

static gm_status check_options(const gm_augmented_options *options) {
    if (!options->with && !gm_augment_is_wanted(&options->operations))
        return gm_fail(GM_ERROR_ARGUMENT, "nothing to augment with: name operations, or a run whose samples are taken");
    if (options->count > 0 && options->balance)
        return gm_fail(GM_ERROR_ARGUMENT, "so many of each item and as many of each class exclude each other");
    if (options->at < 0 || options->at > 1 || (options->at > 0 && !options->agree))
        return gm_fail(GM_ERROR_ARGUMENT, "a classifier agrees at a probability from 0 to 1");
    return GM_OK;
}

gm_status gm_dataset_augment(const char *source, const char *path, const gm_augmented_options *options,
                             gm_augmented_callback told, void *user) {
    maker m = {.options = options};
    gm_status status;
    GM_TRY(check_options(options));
    GM_TRY(gm_apart_check(source, path));
    GM_TRY(gm_dataset_check_write(path));
    GM_TRY_DONE(gm_device_open(&m.opened, options->device));
    m.device = m.opened;
    GM_TRY_DONE(open_source(&m, source));
    GM_TRY_DONE(build(&m));
    if (!options->only_new)
        GM_TRY_DONE(add_originals(&m));
    GM_TRY_DONE(make_classes(&m, told, user));
    status = write(&m, path);
done:
    finish(&m);
    return status;
}
