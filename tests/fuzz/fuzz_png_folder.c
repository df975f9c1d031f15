// Up to four PNG files in a row as a folder of pictures. The input's last byte says how they lie and are read: beside
// each other or in two classes, at their own size or fitted, with channels of their own or given ones.
#include "folder_test.h"
#include "fuzz.h"
#include "ganymede/data.h"

#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 4, CLASSES = 2, SIGNATURE = 8 };

static char path[2][FILES][96]; // beside each other, in classes
static const char *written[FILES];
static size_t count;

static void remove_at_exit(void) {
    remove_folder(NULL);
}

static void make_names(void) {
    char name[96];
    fuzz_expect(make_folder(NULL) == 0 && atexit(remove_at_exit) == 0, "no folder could be made");
    for (size_t i = 0; i < FILES; i++) {
        snprintf(path[0][i], sizeof path[0][i], "%s/%zu.png", folder, i);
        snprintf(path[1][i], sizeof path[1][i], "%s/class %zu/%zu.png", folder, i % CLASSES, i);
    }
    for (size_t i = 0; i < CLASSES; i++) {
        snprintf(name, sizeof name, "%s/class %zu", folder, i);
        fuzz_expect(mkdir(name, 0700) == 0, "no folder could be made");
    }
}

static void write_file(const char *name, const uint8_t *data, size_t bytes) {
    FILE *file = fopen(name, "wb");
    fuzz_expect(file && fwrite(data, 1, bytes, file) == bytes && fclose(file) == 0, "a file could not be written");
    written[count++] = name;
}

// From one signature to the next.
static void write_files(const uint8_t *data, size_t bytes, size_t classes) {
    for (size_t i = 0; i < count; i++)
        unlink(written[i]);
    count = 0;
    for (size_t begin = 0, at = 1; at <= bytes && count < FILES; at++)
        if (at == bytes || (bytes - at >= SIGNATURE && memcmp(data + at, "\x89PNG\r\n\x1a\n", SIGNATURE) == 0)) {
            write_file(path[classes][count], data + begin, at - begin);
            begin = at;
        }
}

static void check(const gm_dataset *dataset, bool classes) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const uint8_t *pixels = gm_dataset_images(dataset);
    const int32_t *labels = gm_dataset_labels(dataset);
    volatile uint8_t sum = 0;
    fuzz_expect(info->count == count && pixels, "pictures were lost");
    for (size_t i = 0; i < info->count * info->item_values; i++)
        sum = (uint8_t)(sum + pixels[i]);
    fuzz_expect(classes == (labels != NULL), "the labels are not the folders'");
    for (size_t i = 0; classes && i < info->count; i++)
        fuzz_expect(labels[i] >= 0 && (size_t)labels[i] < info->class_count, "a label has no class");
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    if (bytes < 2)
        return false;
    if (!*folder)
        make_names();
    unsigned how = data[bytes - 1];
    bool classes = how & 1;
    write_files(data, bytes - 1, classes);
    gm_dataset *dataset;
    const gm_dataset_options options = {.size = {how & 2 ? 16 : 0, how & 2 ? 12 : 0},
                                        .fit = how / 4 % 4,
                                        .channels = (size_t[]){0, 1, 3, 0}[how / 16 % 4]};
    if (gm_dataset_open(&dataset, folder, &options) != GM_OK)
        return false;
    check(dataset, classes);
    gm_dataset_close(&dataset);
    return true;
}
