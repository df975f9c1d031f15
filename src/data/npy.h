// NumPy's array file: images when it holds bytes of rank 3 or 4, else numbers.
#ifndef GM_DATA_NPY_H
#define GM_DATA_NPY_H

#include "data/source.h"
#include "data/values.h"
#include "ganymede/data.h"

// As gm_npy_read, from memory; `name` for messages; *type, unless type is NULL: what its values were.
gm_status gm_npy_parse(const char *name, const void *data, size_t bytes, gm_npy *array, const gm_value_type **type);

// How many bytes a file has whose first ones, GM_NPY_HEAD or all, these are.
enum { GM_NPY_HEAD = 1 << 16 };
gm_status gm_npy_measure(const char *name, const void *head, size_t bytes, uint64_t *file_bytes);

// An array of texts (NumPy's types U and S), (count): their values in UTF-8 (U) or as they are, in the arena.
gm_status gm_npy_parse_texts(const char *name, const void *data, size_t bytes, gm_arena *arena, const char ***texts,
                             size_t *count);

// The file with the labels of an array: of FOLDER/NAME.npy FOLDER/NAME_labels.npy or FOLDER/NAME-labels.npy, those of
// x....npy also y....npy, which may as well be something else: *sure is false then. *path is empty where there is none.
gm_status gm_npy_find_labels(const char *data, gm_text *path, bool *sure);
bool gm_npy_tell(const gm_source *source);
gm_status gm_npy_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
