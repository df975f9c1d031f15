// Arrays as data sets: which of a file's arrays are the items and the labels, and how their axes are meant.
#include "data/arrays.h"

#include "data/clips.h"
#include "data/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 20 };

gm_status gm_array_read(gm_npy *array, const gm_values *values, const char *name) {
    if (values->type == &gm_value_u8) {
        GM_TRY(gm_alloc(&array->bytes, array->count, 1, name));
        gm_values_copy(values, array->bytes);
    } else {
        GM_TRY(gm_alloc(&array->floats, array->count, sizeof(float), name));
        gm_values_convert(values, array->floats);
    }
    return GM_OK;
}

// ---- Which of several ----

static const char *const data_names[] = {"data", "images", "x", "X"};
static const char *const label_names[] = {"labels", "label", "y", "Y", "targets"};
static const char *const split_names[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "test"};

static size_t find(const gm_array_entry *entries, size_t count, const char *name) {
    size_t i = 0;
    while (i < count && strcmp(entries[i].name, name) != 0)
        i++;
    return i;
}

// The first of the names that there is; split: "train" or "test", before or behind the name; or NULL.
static size_t find_any(const gm_array_entry *entries, size_t count, const char *const *names, size_t name_count,
                       const char *split) {
    size_t found = count;
    for (size_t i = 0; i < name_count && found == count; i++)
        for (int order = 0; order < (split ? 2 : 1) && found == count; order++) {
            char name[32];
            snprintf(name, sizeof name, "%s%s%s", split && order ? split : names[i], split ? "_" : "",
                     !split  ? ""
                     : order ? names[i]
                             : split);
            found = find(entries, count, name);
        }
    return found;
}

#define FIND_ANY(names, split) find_any(entries, count, names, GM_COUNT(names), split)

static size_t find_largest(const gm_array_entry *entries, size_t count, size_t labels) {
    size_t largest = count;
    for (size_t i = 0; i < count; i++)
        if (i != labels && (largest == count || entries[i].bytes > entries[largest].bytes))
            largest = i;
    return largest;
}

gm_status gm_arrays_choose(const char *where, const gm_array_entry *entries, size_t count, bool guess, gm_split split,
                           size_t *data, size_t *labels, bool *parted) {
    const char *part = FIND_ANY(data_names, split_names[GM_SPLIT_TRAIN]) < count ? split_names[split] : NULL;
    *data = FIND_ANY(data_names, part);
    *labels = FIND_ANY(label_names, part);
    *parted = part != NULL;
    if (part && *data == count)
        return gm_fail(GM_ERROR_IO, "%s: has no %s items: expected an array x_%s", where,
                       split == GM_SPLIT_TEST ? "test" : "training", part);
    if (*data == count && (*data = find(entries, count, "arr_0")) < count && *labels == count)
        *labels = find(entries, count, "arr_1");
    if (*data == count && (guess || count == 1))
        *data = find_largest(entries, count, *labels);
    if (*data == count)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: holds %zu arrays, none of them called data, images or x: save one of them alone, "
                       "or call it so",
                       where, count);
    for (size_t i = 0; i < count; i++)
        if ((i != *data && strcmp(entries[i].name, entries[*data].name) == 0) ||
            (*labels < count && i != *labels && strcmp(entries[i].name, entries[*labels].name) == 0))
            return gm_fail(GM_ERROR_FORMAT, "%s: is refused: it holds two arrays of the name %s", where,
                           entries[i].name);
    gm_debug("%s: the items are its array %s%s%s", where, entries[*data].name, *labels < count ? ", their labels " : "",
             *labels < count ? entries[*labels].name : "");
    return GM_OK;
}

// ---- Axes ----

// (count, channels, height, width), and whether the channels stand last.
static bool arrange(const gm_npy *array, gm_array_layout layout, size_t dim[4]) {
    const size_t *d = array->dim;
    bool last = layout == GM_ARRAY_NHWC || (layout == GM_ARRAY_AUTO && d[3] < d[1] && d[3] < d[2]);
    if (array->rank < 4) { // (N, d) or (N, H, W)
        bool planes = array->rank == 3;
        memcpy(dim, (size_t[4]){d[0], planes ? 1 : d[1], planes ? d[1] : 1, planes ? d[2] : 1}, 4 * sizeof *dim);
        return false;
    }
    memcpy(dim, last ? (size_t[4]){d[0], d[3], d[1], d[2]} : (size_t[4]){d[0], d[1], d[2], d[3]}, 4 * sizeof *dim);
    return last;
}

// (N, H, W, C) -> (N, C, H, W), dim being the latter; `size` bytes a value.
static void transpose(const uint8_t *from, uint8_t *to, const size_t dim[4], size_t size) {
    size_t channels = dim[1], area = dim[2] * dim[3];
    for (size_t n = 0; n < dim[0]; n++)
        for (size_t i = 0; i < area; i++)
            for (size_t c = 0; c < channels; c++, from += size)
                memcpy(to + ((n * channels + c) * area + i) * size, from, size);
}

static gm_status put_channels_first(const char *where, gm_npy *array, const size_t dim[4]) {
    void *values = array->bytes ? (void *)array->bytes : array->floats, *arranged;
    size_t size = array->bytes ? 1 : sizeof(float);
    GM_TRY(gm_alloc(&arranged, array->count, size, where));
    transpose(values, arranged, dim, size);
    free(values);
    array->floats = array->bytes ? NULL : arranged;
    array->bytes = array->bytes ? arranged : NULL;
    return GM_OK;
}

// ---- Labels ----

// (N) or (N, 1)
static bool is_row(const gm_npy *array) {
    return array->rank > 0 && array->rank <= 2 && array->count == array->dim[0];
}

static double value_at(const gm_npy *array, size_t i) {
    return array->bytes ? array->bytes[i] : (double)array->floats[i];
}

bool gm_arrays_have_labels(const gm_npy *array, size_t items) {
    if (!is_row(array) || array->count != items)
        return false;
    for (size_t i = 0; i < items; i++) {
        double value = value_at(array, i);
        if (!(value >= 0 && value < MOST_CLASSES) || floor(value) < value) // NaN too
            return false;
    }
    return true;
}

// What to do about an array that was taken for labels.
static gm_status refuse_labels(const char *where, const gm_array *labels, const char *why) {
    return gm_fail(GM_ERROR_FORMAT, "%s: %s; if %s holds no classes, call it something else", where, why, labels->name);
}

static gm_status read_labels(const char *where, const gm_array *array, size_t items, int32_t **labels) {
    char why[100];
    if (!is_row(&array->values))
        return refuse_labels(where, array,
                             "its labels are no row of numbers, one for each item (of one-hot labels: argmax)");
    if (array->values.count != items) {
        gm_snprintf(why, sizeof why, "has %zu labels for %zu items", array->values.count, items);
        return refuse_labels(where, array, why);
    }
    GM_TRY(gm_alloc(labels, items, sizeof **labels, where));
    for (size_t i = 0; i < items; i++) {
        double value = value_at(&array->values, i);
        bool inside = value >= 0 && value < MOST_CLASSES; // not NaN
        (*labels)[i] = inside ? (int32_t)value : 0;
        if (inside && !((double)(*labels)[i] < value))
            continue;
        if (inside)
            gm_snprintf(why, sizeof why, "its label %zu is %g, no whole number", i, value);
        else
            gm_snprintf(why, sizeof why, "its label %zu is %g: labels are whole numbers from 0 to %d", i, value,
                        MOST_CLASSES - 1);
        return refuse_labels(where, array, why);
    }
    return GM_OK;
}

// ---- Data sets ----

static gm_status take_bytes(gm_dataset *dataset, const char *where, gm_npy *array, int32_t **labels,
                            const size_t dim[4], const gm_dataset_options *options) {
    gm_images images = {.pixels = array->bytes,
                        .labels = *labels,
                        .count = dim[0],
                        .channels = dim[1],
                        .height = dim[2],
                        .width = dim[3]};
    array->bytes = NULL;
    *labels = NULL;
    gm_status status = gm_dataset_take_images(dataset, where, &images, options);
    gm_images_finish(&images);
    return status;
}

static gm_status take_numbers(gm_dataset *dataset, const char *where, gm_array *data, int32_t **labels,
                              const size_t dim[4], const gm_dataset_options *options) {
    gm_npy *array = &data->values;
    size_t classes = 0;
    if (array->bytes) {
        GM_TRY(gm_alloc(&array->floats, array->count, sizeof(float), where));
        for (size_t i = 0; i < array->count; i++)
            array->floats[i] = array->bytes[i];
    }
    bool deep = array->rank >= 3 && data->type == &gm_value_u16;
    for (size_t i = 0; deep && i < array->count; i++)
        array->floats[i] /= UINT16_MAX;
    GM_TRY(gm_dataset_take_floats(dataset, where, &array->floats, dim, options));
    dataset->info.white = deep; // its black is 0
    for (size_t i = 0; *labels && i < dim[0]; i++)
        classes = GM_MAX(classes, (size_t)(*labels)[i] + 1);
    dataset->labels = *labels;
    *labels = NULL;
    return classes > 0 ? gm_dataset_set_classes(dataset, where, NULL, classes) : GM_OK;
}

// Items of at most three axes.
static gm_status take_items(gm_dataset *dataset, const char *where, gm_array *data, const gm_array *labels,
                            const gm_dataset_options *options) {
    gm_npy *array = &data->values;
    int32_t *classes = NULL;
    size_t dim[4];
    gm_status status = GM_OK;
    if (array->rank < 4)
        GM_TRY(gm_settings_check(where, "has no axis of channels", ~(unsigned)GM_SETTING_LAYOUT, options));
    bool last = arrange(array, options->layout, dim);
    if (array->count == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: holds no values: it has %zu items", where, dim[0]);
    if (labels)
        GM_TRY_DONE(read_labels(where, labels, dim[0], &classes));
    if (last)
        GM_TRY_DONE(put_channels_first(where, array, dim));
    status = array->bytes && array->rank >= 3 ? take_bytes(dataset, where, array, &classes, dim, options)
                                              : take_numbers(dataset, where, data, &classes, dim, options);
    dataset->info.narrowed = data->type->bytes > sizeof(float);
    if (status == GM_OK && array->rank == 4)
        dataset->info.layout = last ? GM_ARRAY_NHWC : GM_ARRAY_NCHW;
done:
    free(classes);
    return status;
}

// ---- Clips ----

// The frames of all clips as items, (N T, C, H, W), of which films are made again.
static gm_status take_clips(gm_dataset *dataset, const char *where, gm_array *data, const gm_array *labels,
                            const gm_dataset_options *options) {
    gm_npy *array = &data->values;
    const bool single = array->rank == 4; // one long clip
    const size_t count = single ? 1 : array->dim[0], frames = array->dim[single ? 0 : 1];
    const gm_dataset_options inner = gm_clips_frame_options(options);
    int32_t *classes = NULL;
    size_t largest = 0;
    gm_film *films = NULL;
    gm_status status;
    if (labels)
        GM_TRY_DONE(read_labels(where, labels, count, &classes));
    if (!single) {
        memmove(array->dim, array->dim + 1, 4 * sizeof *array->dim);
        array->dim[0] = count * frames; // which fits, or the array's count had not
        array->rank = 4;
    }
    GM_TRY_DONE(take_items(dataset, where, data, NULL, &inner));
    GM_TRY_DONE(gm_alloc(&films, count, sizeof *films, where));
    for (size_t i = 0; i < count; i++) {
        films[i] = (gm_film){.first = i * frames, .count = frames, .label = classes ? classes[i] : 0};
        largest = GM_MAX(largest, (size_t)films[i].label);
    }
    GM_TRY_DONE(gm_clips_make(dataset, where, films, count, classes != NULL, NULL, NULL, options));
    if (classes)
        status = gm_dataset_set_classes(dataset, where, NULL, largest + 1);
done:
    free(classes);
    free(films);
    return status;
}

gm_status gm_arrays_take(gm_dataset *dataset, const char *where, gm_array *data, const gm_array *labels,
                         const gm_dataset_options *options) {
    const gm_npy *array = &data->values;
    if (array->rank == 0 || array->rank > 5)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu dimensions: a data set has 1 to 5", where, array->rank);
    if (array->rank == 5 || (array->rank == 4 && gm_clips_are_wanted(options)))
        return take_clips(dataset, where, data, labels, options);
    if (gm_clips_are_wanted(options))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: has %zu dimensions: clips are arrays N x T x C x H x W, or T x C x H x W, or with the "
                       "channels last",
                       where, array->rank);
    GM_TRY(gm_clips_check_unwanted(where, options));
    return take_items(dataset, where, data, labels, options);
}
