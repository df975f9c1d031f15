// CIFAR-10's binary files: records of one label byte and 3 x 32 x 32 pixels, channel by channel, no header.
#include "data/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIXELS      (3 * 32 * 32)
#define RECORD      (1 + PIXELS)
#define CLASSES     10
#define TRAIN_FILES 5

gm_status gm_cifar_parse(const char *name, const void *data, size_t bytes, gm_images *images) {
    const uint8_t *next = data;
    size_t count = bytes / RECORD, total = images->count + count;
    if (bytes == 0 || bytes % RECORD != 0)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is truncated or no CIFAR-10 binary file: %zu bytes are not a multiple of %d", name, bytes,
                       RECORD);
    for (size_t i = 0; i < count; i++)
        if (next[i * RECORD] >= CLASSES)
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged or no CIFAR-10 binary file: image %zu has label %d of %d",
                           name, i, next[i * RECORD], CLASSES);
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

// FOLDER/data_batch_N.bin, or FOLDER/test_batch.bin for N = 0; false when it is not there.
static bool find_file(const char *folder, int number, char *path, size_t room) {
    int length = number == 0 ? snprintf(path, room, "%s/test_batch.bin", folder)
                             : snprintf(path, room, "%s/data_batch_%d.bin", folder, number);
    struct stat info;
    return length > 0 && (size_t)length < room && stat(path, &info) == 0;
}

bool gm_cifar_folder_is(const char *folder) {
    char path[4096];
    for (int number = 0; number <= TRAIN_FILES; number++)
        if (find_file(folder, number, path, sizeof path))
            return true;
    return false;
}

gm_status gm_cifar_folder_read(const char *folder, gm_split split, gm_images *images) {
    int first = split == GM_SPLIT_TEST ? 0 : 1, last = split == GM_SPLIT_TEST ? 0 : TRAIN_FILES, found = 0;
    gm_status status = GM_OK;
    *images = (gm_images){0};
    for (int number = first; number <= last; number++) {
        char path[4096], *data;
        size_t bytes;
        if (!find_file(folder, number, path, sizeof path))
            continue;
        found++;
        GM_TRY_DONE(gm_file_read(path, GM_DATA_FILE_BYTES, &data, &bytes));
        status = gm_cifar_parse(path, data, bytes, images);
        free(data);
        if (status != GM_OK)
            goto done;
    }
    if (found == 0)
        status = gm_fail(GM_ERROR_IO, "%s: holds no %s images: %s is missing", folder,
                         split == GM_SPLIT_TEST ? "test" : "training",
                         split == GM_SPLIT_TEST ? "test_batch.bin" : "data_batch_1.bin");
    else if (found < last - first + 1)
        gm_warn("%s: %d of the %d files data_batch_N.bin are there", folder, found, TRAIN_FILES);
done:
    if (status != GM_OK)
        gm_images_finish(images);
    return status;
}
