// Counting items: sizes, types and ranges of values, files' formats, classes, and equal ones by the hashes of their
// values.
#include "data/counting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gm_status gm_counting_init(gm_counting *counting, gm_arena *arena) {
    *counting = (gm_counting){.arena = arena};
    return pthread_mutex_init(&counting->mutex, NULL) == 0 ? GM_OK
                                                           : gm_fail(GM_ERROR_MEMORY, "a lock could not be made");
}

void gm_counting_finish(gm_counting *counting) {
    pthread_mutex_destroy(&counting->mutex);
    for (size_t i = 0; i < counting->layout_count; i++)
        free(counting->layouts[i].range);
    free(counting->items);
    free(counting->formats);
    free(counting->layouts);
}

gm_status gm_counting_set_classes(gm_counting *counting, const char *const *names, size_t count) {
    gm_survey_count *classes = gm_arena_alloc(counting->arena, count * sizeof *classes);
    bool named = classes != NULL;
    for (size_t k = 0; named && k < count; k++) {
        classes[k].name =
            names ? gm_arena_string(counting->arena, names[k]) : gm_arena_printf(counting->arena, "%zu", k);
        named = classes[k].name != NULL;
    }
    if (!named)
        return gm_fail_memory(count * sizeof *classes, "class names");
    counting->classes = classes;
    counting->survey.classes = classes;
    counting->survey.class_count = count;
    return GM_OK;
}

// ---- One item ----

static double value_at(const gm_fit_source *item, size_t at) {
    switch (item->type) {
    case GM_PICTURE_U8:
        return ((const uint8_t *)item->pixels)[at];
    case GM_PICTURE_U16:
        return ((const uint16_t *)item->pixels)[at];
    case GM_PICTURE_F32:
        break;
    }
    return (double)((const float *)item->pixels)[at];
}

// Of the values that are finite; NaN where none is. -> how many are not
static size_t find_range(const gm_fit_source *item, double (*range)[2]) {
    size_t not_finite = 0;
    for (size_t c = 0; c < item->channels; c++) {
        double least = INFINITY, largest = -INFINITY;
        for (size_t i = 0; i < item->height * item->width; i++) {
            double value = value_at(item, i * item->step + c * item->plane);
            if (!isfinite(value)) {
                not_finite++;
                continue;
            }
            least = value < least ? value : least;
            largest = value > largest ? value : largest;
        }
        range[c][0] = least <= largest ? least : NAN;
        range[c][1] = least <= largest ? largest : NAN;
    }
    return not_finite;
}

static uint64_t hash_item(const gm_fit_source *item, bool alpha) {
    const uint64_t head[] = {item->height, item->width, item->channels, (uint64_t)item->type, alpha};
    size_t values = item->height * item->width * item->channels;
    return gm_hash(gm_hash(GM_HASH_START, head, sizeof head), item->pixels,
                   values * gm_picture_value_bytes(item->type));
}

static gm_status add_layout(gm_counting *counting, const gm_fit_source *item, bool alpha, double (*range)[2],
                            size_t not_finite) {
    static const size_t bits[] = {[GM_PICTURE_U8] = 8, [GM_PICTURE_U16] = 16, [GM_PICTURE_F32] = 32};
    size_t at = 0;
    for (; at < counting->layout_count; at++) {
        const gm_counted_layout *l = &counting->layouts[at];
        if (l->type == item->type && l->layout.channels == item->channels && l->layout.alpha == alpha)
            break;
    }
    if (at == counting->layout_count) {
        GM_TRY(gm_grow(&counting->layouts, at, &counting->layout_capacity, sizeof *counting->layouts, "layouts"));
        gm_counted_layout new = {.layout = {.bits = bits[item->type], .channels = item->channels, .alpha = alpha},
                                 .type = item->type};
        GM_TRY(gm_alloc(&new.range, item->channels, sizeof *range, "ranges of values"));
        memcpy(new.range, range, item->channels * sizeof *range);
        counting->layouts[counting->layout_count++] = new;
    }
    gm_counted_layout *l = &counting->layouts[at];
    l->layout.count++;
    l->layout.not_finite += not_finite;
    for (size_t c = 0; c < item->channels; c++) {
        l->range[c][0] = fmin(l->range[c][0], range[c][0]); // a number, of a number and NaN
        l->range[c][1] = fmax(l->range[c][1], range[c][1]);
    }
    return GM_OK;
}

static gm_status add_format(gm_counting *counting, const char *format) {
    size_t at = 0;
    while (at < counting->format_count && strcmp(counting->formats[at].name, format) != 0)
        at++;
    if (at == counting->format_count) {
        GM_TRY(gm_grow(&counting->formats, at, &counting->format_capacity, sizeof *counting->formats, "formats"));
        counting->formats[counting->format_count++] = (gm_survey_count){.name = format};
    }
    counting->formats[at].count++;
    return GM_OK;
}

static gm_status add(gm_counting *counting, const gm_fit_source *item, bool alpha, const char *format, int32_t label,
                     uint64_t hash, double (*range)[2], size_t not_finite) {
    GM_TRY(gm_grow(&counting->items, counting->count, &counting->capacity, sizeof *counting->items, "hashes"));
    GM_TRY(add_layout(counting, item, alpha, range, not_finite));
    if (format)
        GM_TRY(add_format(counting, format));
    if (label >= 0 && (size_t)label < counting->survey.class_count)
        counting->classes[label].count++;
    counting->items[counting->count++] = (gm_counted){hash, (uint32_t)item->height, (uint32_t)item->width};
    return GM_OK;
}

gm_status gm_counting_add(gm_counting *counting, const gm_fit_source *item, bool alpha, const char *format,
                          int32_t label) {
    double(*range)[2];
    GM_TRY(gm_alloc(&range, item->channels, sizeof *range, "ranges of values"));
    size_t not_finite = find_range(item, range);
    uint64_t hash = hash_item(item, alpha);
    pthread_mutex_lock(&counting->mutex);
    gm_status status = add(counting, item, alpha, format, label, hash, range, not_finite);
    pthread_mutex_unlock(&counting->mutex);
    free(range);
    return status;
}

// ---- All of them ----

static int compare_hashes(const void *a, const void *b) {
    const gm_counted *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int compare_extents(const void *a, const void *b) {
    const gm_counted *x = a, *y = b;
    int order = (x->height > y->height) - (x->height < y->height);
    return order ? order : (x->width > y->width) - (x->width < y->width);
}

// The most frequent first; of equal ones in an order of their own, so that the order of counting does not show.
static int compare_sizes(const void *a, const void *b) {
    const gm_survey_size *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    int order = (x->height > y->height) - (x->height < y->height);
    return order ? order : (x->width > y->width) - (x->width < y->width);
}

static int compare_formats(const void *a, const void *b) {
    const gm_survey_count *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp(x->name, y->name);
}

static int compare_layouts(const void *a, const void *b) {
    const gm_survey_layout *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    if (x->bits != y->bits)
        return x->bits < y->bits ? -1 : 1;
    int order = (x->channels > y->channels) - (x->channels < y->channels);
    return order ? order : x->alpha - y->alpha;
}

// Hash by hash: all but the first of equal ones are duplicates.
static void find_duplicates(gm_counting *counting, gm_survey *survey) {
    qsort(counting->items, counting->count, sizeof *counting->items, compare_hashes);
    for (size_t i = 1; i < counting->count; i++)
        survey->duplicates += counting->items[i].hash == counting->items[i - 1].hash;
}

static gm_status find_sizes(gm_counting *counting, gm_survey *survey) {
    const gm_counted *items = counting->items;
    size_t different = 0;
    qsort(counting->items, counting->count, sizeof *counting->items, compare_extents);
    for (size_t i = 0; i < counting->count; i++)
        different += i == 0 || compare_extents(&items[i - 1], &items[i]) != 0;
    gm_survey_size *sizes = gm_arena_alloc(counting->arena, different * sizeof *sizes);
    if (!sizes)
        return gm_fail_memory(different * sizeof *sizes, "sizes");
    for (size_t i = 0, at = 0; i < counting->count; i++) {
        at += i > 0 && compare_extents(&items[i - 1], &items[i]) != 0;
        sizes[at] = (gm_survey_size){items[i].height, items[i].width, sizes[at].count + 1};
    }
    qsort(sizes, different, sizeof *sizes, compare_sizes);
    survey->sizes = sizes;
    survey->size_count = different;
    return GM_OK;
}

static gm_status list_layouts(gm_counting *counting, gm_survey *survey) {
    size_t count = counting->layout_count;
    gm_survey_layout *layouts = gm_arena_alloc(counting->arena, count * sizeof *layouts);
    for (size_t i = 0; layouts && i < count; i++) {
        layouts[i] = counting->layouts[i].layout;
        size_t bytes = layouts[i].channels * sizeof *layouts[i].range;
        layouts[i].range = gm_arena_copy(counting->arena, counting->layouts[i].range, bytes);
        if (!layouts[i].range)
            layouts = NULL;
    }
    if (!layouts)
        return gm_fail_memory(count * sizeof *layouts, "layouts");
    qsort(layouts, count, sizeof *layouts, compare_layouts);
    survey->layouts = layouts;
    survey->layout_count = count;
    return GM_OK;
}

gm_status gm_counting_survey(gm_counting *counting, gm_survey *survey) {
    size_t bytes = counting->format_count * sizeof *counting->formats;
    *survey = counting->survey;
    survey->count = counting->all > 0 ? counting->all : counting->count;
    if (counting->count == 0)
        return GM_OK;
    find_duplicates(counting, survey);
    GM_TRY(find_sizes(counting, survey));
    GM_TRY(list_layouts(counting, survey));
    if (counting->format_count == 0)
        return GM_OK;
    qsort(counting->formats, counting->format_count, sizeof *counting->formats, compare_formats);
    survey->formats = gm_arena_copy(counting->arena, counting->formats, bytes);
    survey->format_count = counting->format_count;
    return survey->formats ? GM_OK : gm_fail_memory(bytes, "formats");
}
