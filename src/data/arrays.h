// Arrays as data sets: which of a file's arrays are the items and the labels, and how their axes are meant.
#ifndef GM_DATA_ARRAYS_H
#define GM_DATA_ARRAYS_H

#include "data/items.h"
#include "data/values.h"

typedef struct gm_array {
    gm_npy values;
    const gm_value_type *type; // what they were in the file
    const char *name;          // for messages: in its archive, or of its file
} gm_array;

// Allocates the array's bytes (of uint8) or floats, as rank, dim and count say, and reads them; `name` is for messages.
gm_status gm_array_read(gm_npy *array, const gm_values *values, const char *name);

// An array of a file that holds several.
typedef struct gm_array_entry {
    const char *name;
    uint64_t bytes;
} gm_array_entry;

// Which of them are the items, and which their labels (`count`: none). With splits (*parted) x_train and x_test, or
// train_x and test_x, x being also data or images; else data, images, x, X or arr_0, the first that there is, else the
// largest
// (`guess`), but for labels. Labels are called labels, label, y, Y or targets, with the same split, or arr_1 where
// arr_0 is the data. Fails where nothing, or nothing of the split, is there; `where` is for messages.
gm_status gm_arrays_choose(const char *where, const gm_array_entry *entries, size_t count, bool guess, gm_split split,
                           size_t *data, size_t *labels, bool *parted);

// Whether the array could be the labels of so many items, as gm_arrays_take takes them.
bool gm_arrays_have_labels(const gm_npy *array, size_t items);

// The items of rank 1 to 4: (N), (N, d), (N, H, W), or with channels first or last (options->layout); clips of rank 5,
// (N, T, C, H, W), or of rank 4, one of them, where the options ask for frames. Bytes of rank 3
// and 4 are images; 16-bit numbers without sign of that rank become floats from 0 to 1; all else stays as it is.
// Labels: whole numbers from 0 on, (N) or (N, 1); or NULL. Takes over what it needs of the values.
gm_status gm_arrays_take(gm_dataset *dataset, const char *where, gm_array *data, const gm_array *labels,
                         const gm_dataset_options *options);

#endif
