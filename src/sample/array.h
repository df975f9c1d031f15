// Files of arrays: NumPy's .npy, and .npz, which is a zip archive of those.
#ifndef GM_SAMPLE_ARRAY_H
#define GM_SAMPLE_ARRAY_H

#include "sample/bytes.h"

#include <stddef.h>

// An array, row-major. type: NumPy's name without the byte order, as "f4", "i4", "u8"; "S12" for a text of 12 bytes.
typedef struct gm_file_array {
    const char *name; // in an archive
    const char *type;
    const void *values;
    size_t size, rank; // bytes of a value
    size_t dim[6];
} gm_file_array;

enum { GM_ARRAY_TYPE_BYTES = 24 };

// Names of classes as the array class_names of texts, each filled up with zeros to the longest: what reads archives of
// arrays takes them for those of the labels. *values: free(), whatever becomes of it.
gm_status gm_class_names_array(gm_file_array *array, const char *const *names, size_t count,
                               char type[GM_ARRAY_TYPE_BYTES], char **values);
// As a whole .npy file. Fails for more values than there can be. `path` for messages, here and below.
gm_status gm_npy_encode(const char *path, const gm_file_array *array, gm_bytes *file);
// Stored, not compressed: samples hardly shrink. `file` is empty before.
gm_status gm_npz_encode(const char *path, const gm_file_array *arrays, size_t count, gm_bytes *file);

#endif
