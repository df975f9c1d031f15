// The items of a data set in memory: what the readers fill in, each by one of the two functions that take over values.
#ifndef GM_DATA_ITEMS_H
#define GM_DATA_ITEMS_H

#include "base/base.h"
#include "ganymede/data.h"

struct gm_dataset {
    gm_dataset_info info;
    void *items;                  // uint8_t or float, info.count of info.item_bytes; NULL: they are in `pictures`
    struct gm_pictures *pictures; // of a set that is not held in memory
    int32_t *labels;
    gm_image_view view;         // of pictures that are not held; made of all others already
    const char **names;         // of the items, in the arena; NULL: they have none
    bool numbered;              // the classes have no names but their numbers
    gm_table_schema *table;     // of its columns; NULL: it is no table
    gm_text_schema *text;       // of its symbols; NULL: it is no text
    gm_sound_schema sound;      // of sounds
    struct gm_windows *windows; // of a text: its items, in place of `items`
    gm_arena arena;             // the strings
};

// Pixels (count, channels, height, width) and perhaps labels, both from malloc.
typedef struct gm_images {
    uint8_t *pixels;
    int32_t *labels;
    size_t count, channels, height, width;
} gm_images;
void gm_images_finish(gm_images *images);

// `where` is the file's or folder's name for messages; the options' size has both numbers or none.

// Takes over the images, fitted to the options, and the labels; the classes are those of all labels, "0", "1", ... up
// to the largest, however few items the options take. What it does not take stays for gm_images_finish.
gm_status gm_dataset_take_images(gm_dataset *dataset, const char *where, gm_images *images,
                                 const gm_dataset_options *options);
// The same of float32 values from malloc, (count, channels, height, width) = dim. *values stays for free(), NULL where
// it was taken over. Vectors, whose height and width are 1, take no size.
gm_status gm_dataset_take_floats(gm_dataset *dataset, const char *where, float **values, const size_t dim[4],
                                 const gm_dataset_options *options);

// Names the classes "0", "1", ... unless there are `names`; fails when there are more than `count` already.
gm_status gm_dataset_set_classes(gm_dataset *dataset, const char *where, const char *const *names, size_t count);
// Kind, item_values and item_bytes from count, channels, height and width; fails when there are too many.
gm_status gm_dataset_set_items(gm_dataset *dataset, const char *where, gm_dataset_kind kind);

// Whether a source is a path, not the name of a data set, and there is something there.
bool gm_dataset_is_path(const char *source);

// As gm_dataset_gather, on so many threads.
gm_status gm_dataset_gather_on(const gm_dataset *dataset, size_t threads, const int32_t *indices, size_t count,
                               void *items, int32_t *labels);

#endif
