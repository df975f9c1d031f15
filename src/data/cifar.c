// CIFAR-10's binary files: records of one label byte and 3 x 32 x 32 pixels, channel by channel, no header.
#include "data/cifar.h"

#include <stdlib.h>
#include <string.h>

#define PIXELS      (3 * 32 * 32)
#define RECORD      (1 + PIXELS)
#define TRAIN_FILES 5
#define LIMIT       ((size_t)1 << 30) // bytes of a file, of which the real ones have 30 million

static const char *const classes[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                      "dog",      "frog",       "horse", "ship", "truck"};

// The test batch, then those to train on.
static const char *const batches[1 + TRAIN_FILES] = {"test_batch.bin",   "data_batch_1.bin", "data_batch_2.bin",
                                                     "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};

gm_status gm_cifar_parse(const char *name, const void *data, size_t bytes, gm_images *images) {
    const uint8_t *next = data;
    size_t count = bytes / RECORD, total = images->count + count;
    if (bytes == 0 || bytes % RECORD != 0)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is truncated or no CIFAR-10 binary file: %zu bytes are not a multiple of %d", name, bytes,
                       RECORD);
    for (size_t i = 0; i < count; i++)
        if (next[i * RECORD] >= GM_COUNT(classes))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged or no CIFAR-10 binary file: image %zu has label %d of %d",
                           name, i, next[i * RECORD], (int)GM_COUNT(classes));
    uint8_t *pixels = realloc(images->pixels, total * PIXELS);
    if (!pixels)
        return gm_fail_memory(total * PIXELS, name);
    images->pixels = pixels;
    int32_t *labels = realloc(images->labels, total * sizeof *labels);
    if (!labels)
        return gm_fail_memory(total * sizeof *labels, name);
    images->labels = labels;
    for (size_t i = images->count; i < total; i++, next += RECORD) {
        labels[i] = next[0];
        memcpy(pixels + i * PIXELS, next + 1, PIXELS);
    }
    images->count = total;
    images->channels = 3;
    images->height = images->width = 32;
    return GM_OK;
}

bool gm_cifar_folder_tell(const gm_source *source) {
    for (size_t i = 0; i < GM_COUNT(batches); i++)
        if (gm_source_has_file(source, batches[i]))
            return true;
    return false;
}

static gm_status read_batch(gm_dataset *dataset, const char *folder, const char *name, gm_images *images) {
    char *data;
    size_t bytes;
    const char *path = gm_arena_printf(&dataset->arena, "%s/%s", folder, name);
    if (!path)
        return gm_fail_memory(strlen(folder), "a file name");
    GM_TRY(gm_file_read(path, LIMIT, &data, &bytes));
    gm_status status = gm_cifar_parse(path, data, bytes, images);
    free(data);
    return status;
}

gm_status gm_cifar_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    bool test = options->split == GM_SPLIT_TEST;
    size_t first = test ? 0 : 1, count = test ? 1 : TRAIN_FILES, found = 0;
    gm_images images = {0};
    gm_status status = GM_OK;
    for (size_t i = first; i < first + count; i++) {
        if (!gm_source_has_file(source, batches[i]))
            continue;
        found++;
        GM_TRY_DONE(read_batch(dataset, source->path, batches[i], &images));
    }
    if (found == 0) {
        status = gm_fail(GM_ERROR_IO, "%s: holds no %s images: %s is missing", source->path, test ? "test" : "training",
                         batches[first]);
        goto done;
    }
    if (found < count)
        gm_warn("%s: %zu of the %d files data_batch_N.bin are there", source->path, found, TRAIN_FILES);
    GM_TRY_DONE(gm_dataset_take_images(dataset, source->path, &images, options));
    dataset->info.splits = true;
    status = gm_dataset_set_classes(dataset, source->path, classes, GM_COUNT(classes));
done:
    gm_images_finish(&images);
    return status;
}
