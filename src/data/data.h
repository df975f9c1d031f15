// Inside the data folder: the data set itself, and one reader per format, each from memory so that tests and fuzzers
// can feed it any bytes. `name` is the file's name for messages.
#ifndef GM_DATA_DATA_H
#define GM_DATA_DATA_H

#include "base/base.h"
#include "ganymede/data.h"

struct gm_dataset {
    gm_dataset_info info;
    void *items; // uint8_t or float, info.count of info.item_bytes
    int32_t *labels;
    gm_arena arena; // the strings
};

// ---- Building a data set (dataset.c) ----

// What a reader hands over: pixels (count, channels, height, width) and perhaps labels, both from malloc.
typedef struct gm_images {
    uint8_t *pixels;
    int32_t *labels;
    size_t count, channels, height, width;
} gm_images;
void gm_images_finish(gm_images *images);
// Class names "0", "1", ... up to the largest label, unless `names` has them; a label without a name is a failure.
gm_status gm_dataset_set_classes(gm_dataset *dataset, const char *where, const char *const *names, size_t count);

// Kind, item_values and item_bytes from count, channels, height and width; fails when there are too many.
gm_status gm_dataset_set_items(gm_dataset *dataset, const char *where, gm_dataset_kind kind);

// ---- Stacked images (stacked.c) ----

// Items, labels, classes, and the info but for its name.
gm_status gm_stacked_open(gm_dataset *stacked, const char *of, const gm_dataset_options *options);

// ---- Formats ----

// The most that is read of one file: what no data set in host memory reaches, and no single picture.
#define GM_DATA_FILE_BYTES (UINT64_C(1) << 36)
#define GM_PNG_FILE_BYTES  (UINT64_C(1) << 30)

// IDX of unsigned bytes, plain or gzip. `rank` is 1 (labels) or 3 (images); values from malloc.
typedef struct gm_idx {
    size_t dim[3];
    size_t count; // values
    uint8_t *values;
} gm_idx;
gm_status gm_idx_parse(const char *name, const void *data, size_t bytes, size_t rank, gm_idx *idx);
// Whether the folder has IDX images of either split.
bool gm_idx_folder_is(const char *folder);
gm_status gm_idx_folder_read(const char *folder, gm_split split, gm_images *images);

// Records of one label and 3 x 32 x 32 bytes, appended to `images`.
gm_status gm_cifar_parse(const char *name, const void *data, size_t bytes, gm_images *images);
bool gm_cifar_folder_is(const char *folder);
gm_status gm_cifar_folder_read(const char *folder, gm_split split, gm_images *images);

gm_status gm_npy_parse(const char *name, const void *data, size_t bytes, gm_npy *array);

gm_status gm_csv_parse(const char *name, const void *data, size_t bytes, const gm_csv_options *options, gm_csv *csv);

// One picture, (height, width, channels), channels 1 or 3, without transparency; pixels from malloc.
typedef struct gm_picture {
    uint8_t *pixels;
    size_t width, height, channels;
} gm_picture;
gm_status gm_png_parse(const char *name, const void *data, size_t bytes, gm_picture *picture);
// Size and channels (as gm_png_parse would give them) from a file's first bytes.
#define GM_PNG_HEADER_BYTES 33
gm_status gm_png_parse_header(const char *name, const uint8_t *data, size_t bytes, gm_picture *picture);

// Reads a folder of PNG files into the data set: items, labels, classes, and the info but for its name.
gm_status gm_png_folder_read(gm_dataset *dataset, const char *folder, const gm_dataset_options *options);

// ---- Fitting (fit.c) ----

// A picture with `step` bytes from pixel to pixel and `plane` bytes from channel to channel.
typedef struct gm_fit_source {
    const uint8_t *pixels;
    size_t width, height, channels, step, plane;
} gm_fit_source;
// Into (channels, height, width) bytes. channels is 1, 3 or the source's; height and width are the source's or both
// the size to fit into.
gm_status gm_fit_picture(const gm_fit_source *source, gm_fit fit, uint8_t *pixels, size_t channels, size_t height,
                         size_t width);

// ---- Loading (loader.c) ----

// Copies the items at `indices` and their labels; runs on the loader's thread.
typedef gm_status (*gm_fetch)(void *user, const int32_t *indices, size_t count, void *items, int32_t *labels);
gm_status gm_loader_create_fetch(gm_loader **loader, gm_fetch fetch, void *user, size_t count, size_t item_bytes,
                                 size_t batch, uint64_t seed, uint64_t cursor);

#endif
