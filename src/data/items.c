// Building a data set in memory: its items, fitted where they are images, and its classes.
#include "data/items.h"

#include "data/fit.h"
#include "data/settings.h"

#include <math.h>
#include <stdlib.h>

void gm_images_finish(gm_images *images) {
    free(images->pixels);
    free(images->labels);
    *images = (gm_images){0};
}

gm_status gm_dataset_set_classes(gm_dataset *dataset, const char *where, const char *const *names, size_t count) {
    if (dataset->info.class_count > count)
        return gm_fail(GM_ERROR_FORMAT, "%s: has a label %zu, but there are only %zu classes", where,
                       dataset->info.class_count - 1, count);
    const char **table = gm_arena_alloc(&dataset->arena, count * sizeof *table);
    if (!table)
        return gm_fail_memory(count * sizeof *table, "class names");
    for (size_t i = 0; i < count; i++) {
        table[i] = names ? gm_arena_string(&dataset->arena, names[i]) : gm_arena_printf(&dataset->arena, "%zu", i);
        if (!table[i])
            return gm_fail_memory(16, "class names");
    }
    dataset->info.class_names = table;
    dataset->info.class_count = count;
    dataset->numbered = !names;
    return GM_OK;
}

gm_status gm_dataset_set_items(gm_dataset *dataset, const char *where, gm_dataset_kind kind) {
    gm_dataset_info *info = &dataset->info;
    size_t total;
    info->kind = kind;
    if (kind == GM_DATASET_IMAGES)
        info->white = UINT8_MAX;
    if (info->count == 0 || info->count > INT32_MAX)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu items: 1 to %d are read", where, info->count, INT32_MAX);
    bool fits =
        gm_multiply_sizes(info->channels, info->height, &info->item_values) &&
        gm_multiply_sizes(info->item_values, info->width, &info->item_values) &&
        gm_multiply_sizes(info->item_values, GM_MAX(info->frames, (size_t)1), &info->item_values) &&
        gm_multiply_sizes(info->item_values, kind == GM_DATASET_FLOATS ? sizeof(float) : 1, &info->item_bytes) &&
        gm_multiply_sizes(info->item_bytes, info->count, &total);
    if (!fits || info->item_values == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has items of %zu x %zu x %zu values", where, info->channels, info->height,
                       info->width);
    return GM_OK;
}

// Of chosen classes `count` are taken when it is known which items those are.
static size_t taken(size_t count, const gm_dataset_options *options) {
    return options->count && options->class_count == 0 ? GM_MIN(options->count, count) : count;
}

// (count, channels, height, width) = dim values of the data set's kind, one item after the other.
static gm_status fit_items(gm_dataset *dataset, const char *where, const void *values, const size_t dim[4],
                           const gm_dataset_options *options) {
    const gm_dataset_info *info = &dataset->info;
    bool floats = info->kind == GM_DATASET_FLOATS;
    size_t plane = dim[2] * dim[3], bytes = dim[1] * plane * (floats ? sizeof(float) : 1);
    const gm_fit_target target = {.channels = info->channels,
                                  .height = info->height,
                                  .width = info->width,
                                  .floats = floats,
                                  .marked = floats && options->scale != GM_SCALE_TYPE};
    GM_TRY(gm_alloc(&dataset->items, info->count, info->item_bytes, where));
    for (size_t i = 0; i < info->count; i++) {
        const gm_fit_source source = {.pixels = (const char *)values + i * bytes,
                                      .width = dim[3],
                                      .height = dim[2],
                                      .channels = dim[1],
                                      .step = 1,
                                      .plane = plane,
                                      .type = floats ? GM_PICTURE_F32 : GM_PICTURE_U8};
        gm_status status =
            gm_fit_picture(&source, options->fit, &target, (char *)dataset->items + i * info->item_bytes);
        if (status != GM_OK)
            return gm_fail_prefix(status, "%s", where);
    }
    return GM_OK;
}

static bool needs_fit(const gm_dataset_info *info, const size_t dim[4]) {
    return info->channels != dim[1] || info->height != dim[2] || info->width != dim[3];
}

gm_status gm_dataset_take_images(gm_dataset *dataset, const char *where, gm_images *images,
                                 const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    *info = (gm_dataset_info){.name = info->name,
                              .count = taken(images->count, options),
                              .channels = options->channels ? options->channels : images->channels,
                              .height = options->size[0] ? options->size[0] : images->height,
                              .width = options->size[1] ? options->size[1] : images->width};
    GM_TRY(gm_dataset_set_items(dataset, where, GM_DATASET_IMAGES));
    if (images->labels) {
        int32_t largest = 0;
        for (size_t i = 0; i < images->count; i++)
            largest = GM_MAX(largest, images->labels[i]);
        GM_TRY(gm_dataset_set_classes(dataset, where, NULL, (size_t)largest + 1));
        dataset->labels = images->labels;
        images->labels = NULL;
    }
    const size_t dim[4] = {images->count, images->channels, images->height, images->width};
    if (needs_fit(info, dim))
        return fit_items(dataset, where, images->pixels, dim, options);
    dataset->items = images->pixels;
    images->pixels = NULL;
    return GM_OK;
}

gm_status gm_dataset_take_floats(gm_dataset *dataset, const char *where, float **values, const size_t dim[4],
                                 const gm_dataset_options *options) {
    gm_dataset_info *info = &dataset->info;
    size_t item = dim[1] * dim[2] * dim[3];
    if (dim[2] == 1 && dim[3] == 1)
        GM_TRY(gm_settings_check(where, "holds vectors", ~(unsigned)GM_SETTINGS_OF_IMAGES, options));
    info->count = taken(dim[0], options);
    info->channels = options->channels ? options->channels : dim[1];
    info->height = options->size[0] ? options->size[0] : dim[2];
    info->width = options->size[1] ? options->size[1] : dim[3];
    GM_TRY(gm_dataset_set_items(dataset, where, GM_DATASET_FLOATS));
    bool fits = needs_fit(info, dim);
    for (size_t i = 0; (fits || options->scale != GM_SCALE_TYPE) && i < info->count * item; i++)
        if (!isfinite((*values)[i])) // which would be black, or all that is scaled with it
            return gm_fail(GM_ERROR_FORMAT, "%s: item %zu holds %g: fill it in or leave the item out", where, i / item,
                           (double)(*values)[i]);
    if (fits)
        return fit_items(dataset, where, *values, dim, options);
    dataset->items = *values;
    *values = NULL;
    return GM_OK;
}
