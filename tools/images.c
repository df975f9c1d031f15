// Images out of any source that is read.
#include "images.h"

#include "command.h"

#include <stdlib.h>
#include <string.h>

void images_finish(images *all) {
    free(all->values);
    free(all->labels);
    *all = (images){0};
}

static size_t item_values(const size_t size[3]) {
    return size[0] * size[1] * size[2];
}

static bool open_source(gm_dataset **data, const char *source, const image_wish *wish, size_t size[3]) {
    gm_dataset_options options = wish->options;
    options.adapted = options.single = true;
    if (strcmp(source, wish->data) != 0)
        options.folder = NULL;
    if (size[0] > 0) {
        options.channels = size[0];
        options.size[0] = size[1];
        options.size[1] = size[2];
    }
    if (gm_dataset_open(data, source, &options) != GM_OK)
        return fail_with_message() == EXIT_OK;
    const gm_dataset_info *info = gm_dataset_get_info(*data);
    const size_t found[3] = {info->channels, info->height, info->width};
    if (size[0] == 0)
        memcpy(size, found, sizeof found);
    if (info->item_values == item_values(size) && info->count > 0)
        return true;
    fail_with("%s: holds %zu items of %zux%zux%zu, where %zux%zux%zu are wanted", source, info->count, found[0],
              found[1], found[2], size[0], size[1], size[2]);
    gm_dataset_close(data);
    return false;
}

// Values of a black and a white of their own become low to high; others stay as they are.
static void decode(const gm_dataset_info *info, const void *items, const image_wish *wish, float *values) {
    bool scaled = info->white > info->black;
    double scale = scaled ? (wish->high - wish->low) / (info->white - info->black) : 1;
    for (size_t i = 0; i < info->count * info->item_values; i++) {
        double value =
            info->kind == GM_DATASET_IMAGES ? (double)((const uint8_t *)items)[i] : (double)((const float *)items)[i];
        values[i] = (float)(scaled ? wish->low + scale * (value - info->black) : value);
    }
}

static bool append(images *all, const gm_dataset *data, const image_wish *wish) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    size_t count = all->count + info->count, item = info->item_values;
    float *values = realloc(all->values, count * item * sizeof *values);
    all->values = values ? values : all->values;
    int32_t *labels = realloc(all->labels, count * sizeof *labels);
    all->labels = labels ? labels : all->labels;
    int32_t *indices = malloc(info->count * sizeof *indices);
    void *items = malloc(info->count * info->item_bytes);
    bool done = values && labels && indices && items;
    if (!done)
        fail_with("out of memory for %zu images", count);
    for (size_t i = 0; done && i < info->count; i++)
        indices[i] = (int32_t)i;
    if (done && gm_dataset_gather(data, indices, info->count, items, labels + all->count) != GM_OK)
        done = fail_with_message() == EXIT_OK;
    if (done) {
        decode(info, items, wish, values + all->count * item);
        all->count = count;
    }
    free(indices);
    free(items);
    return done;
}

bool images_read(images *all, const char *const *sources, size_t count, const image_wish *wish) {
    bool labelled = true;
    *all = (images){0};
    memcpy(all->size, wish->size, sizeof all->size);
    for (size_t i = 0; i < count; i++) {
        gm_dataset *data = NULL;
        if (!open_source(&data, sources[i], wish, all->size)) {
            images_finish(all);
            return false;
        }
        size_t classes = gm_dataset_get_info(data)->class_count;
        labelled = labelled && classes > 0;
        all->classes = classes > all->classes ? classes : all->classes;
        bool done = append(all, data, wish);
        gm_dataset_close(&data);
        if (!done) {
            images_finish(all);
            return false;
        }
    }
    if (!labelled) {
        free(all->labels);
        all->labels = NULL;
        all->classes = 0;
    }
    return true;
}
