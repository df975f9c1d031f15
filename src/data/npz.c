// NumPy's archive of arrays: a zip of .npy files, of which one is the data and another may be the labels.
#include "data/npz.h"

#include "data/arrays.h"
#include "data/npy.h"
#include "data/zip.h"

#include <stdlib.h>
#include <string.h>

static const char ending[] = ".npy";

static bool is_array(const char *name, size_t length) {
    return length > sizeof ending - 1 && memcmp(name + length - (sizeof ending - 1), ending, sizeof ending - 1) == 0;
}

bool gm_npz_tell(const gm_source *source) {
    enum { HEADER = 30, NAME_LENGTH = 26, EXTRA_LENGTH = 28 }; // of an entry, before its name
    const uint8_t *head = source->head;
    for (size_t at = 0; source->head_bytes - at > HEADER && memcmp(head + at, "PK\3\4", 4) == 0;) {
        size_t length = head[at + NAME_LENGTH] | (size_t)head[at + NAME_LENGTH + 1] << 8;
        size_t extra = head[at + EXTRA_LENGTH] | (size_t)head[at + EXTRA_LENGTH + 1] << 8;
        if (source->head_bytes - at - HEADER < length + extra)
            return false;
        const char *name = (const char *)head + at + HEADER;
        if (length == 0 || name[length - 1] != '/') // a folder's entry has no content
            return is_array(name, length);
        at += HEADER + length + extra;
    }
    return false;
}

// The archive's arrays: names without folders and ending in the arena, and their entries.
static gm_status list_arrays(const gm_zip *zip, const char *where, gm_arena *arena, gm_array_entry **arrays,
                             size_t **entries, size_t *count) {
    *count = 0;
    *arrays = gm_arena_alloc(arena, (gm_zip_count(zip) + 1) * sizeof **arrays);
    *entries = gm_arena_alloc(arena, (gm_zip_count(zip) + 1) * sizeof **entries);
    for (size_t i = 0; *arrays && *entries && i < gm_zip_count(zip); i++) {
        const char *slash = strrchr(gm_zip_name(zip, i), '/'), *name = slash ? slash + 1 : gm_zip_name(zip, i);
        size_t length = strlen(name);
        if (!is_array(name, length) || name[0] == '.')
            continue;
        (*entries)[*count] = i;
        bool swells;
        GM_TRY(gm_zip_measure(zip, i, where, &(*arrays)[*count].bytes, &swells));
        (*arrays)[*count].name = gm_arena_printf(arena, "%.*s", (int)(length - (sizeof ending - 1)), name);
        if (!(*arrays)[(*count)++].name)
            return gm_fail_memory(length, "an array's name");
    }
    if (!*arrays || !*entries)
        return gm_fail_memory(gm_zip_count(zip) * sizeof **arrays, where);
    return *count > 0 ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: holds no arrays", where);
}

// How many bytes the array's own header says that the file has; 0 where that does not matter.
static gm_status find_expected(const gm_zip *zip, size_t entry, const char *path, uint64_t *expected) {
    uint64_t bytes;
    uint8_t *head;
    size_t there;
    bool swells;
    *expected = 0;
    GM_TRY(gm_zip_measure(zip, entry, path, &bytes, &swells));
    if (!swells)
        return GM_OK;
    GM_TRY(gm_alloc(&head, GM_NPY_HEAD, 1, path));
    gm_status status = gm_zip_read_start(zip, entry, path, head, GM_NPY_HEAD, &there);
    if (status == GM_OK)
        status = gm_npy_measure(path, head, there, expected);
    free(head);
    return status;
}

static gm_status read_entry(const gm_zip *zip, size_t entry, const char *where, gm_text *path, char **data,
                            size_t *bytes) {
    uint64_t expected;
    gm_text_printf(path, "%s/%s", where, gm_zip_name(zip, entry));
    if (path->failed)
        return gm_fail_memory(64, "a name");
    GM_TRY(find_expected(zip, entry, path->data, &expected));
    return gm_zip_read(zip, entry, path->data, GM_DATA_LIMIT, expected, data, bytes);
}

static gm_status read_array(const gm_zip *zip, size_t entry, const char *where, gm_array *array) {
    gm_text path = {0};
    char *data = NULL;
    size_t bytes;
    gm_status status = read_entry(zip, entry, where, &path, &data, &bytes);
    if (status == GM_OK)
        status = gm_npy_parse(path.data, data, bytes, &array->values, &array->type);
    free(data);
    gm_text_finish(&path);
    return status;
}

static gm_status name_classes(gm_dataset *dataset, const gm_zip *zip, size_t entry, const char *where,
                              gm_arena *arena) {
    gm_text path = {0};
    char *data = NULL;
    const char **names;
    size_t bytes, count;
    gm_status status = read_entry(zip, entry, where, &path, &data, &bytes);
    if (status == GM_OK)
        status = gm_npy_parse_texts(path.data, data, bytes, arena, &names, &count);
    if (status == GM_OK)
        status = gm_dataset_set_classes(dataset, path.data, names, count);
    free(data);
    gm_text_finish(&path);
    return status;
}

static gm_status read_archive(gm_dataset *dataset, const gm_zip *zip, const char *where,
                              const gm_dataset_options *options) {
    gm_arena arena = {0};
    gm_array_entry *arrays;
    gm_array data = {0}, labels = {0};
    size_t *entries, count, data_at, labels_at;
    bool parted;
    gm_status status;
    GM_TRY_DONE(list_arrays(zip, where, &arena, &arrays, &entries, &count));
    GM_TRY_DONE(gm_arrays_choose(where, arrays, count, true, options->split, &data_at, &labels_at, &parted));
    GM_TRY_DONE(read_array(zip, entries[data_at], where, &data));
    if (labels_at < count)
        GM_TRY_DONE(read_array(zip, entries[labels_at], where, &labels));
    labels.name = labels_at < count ? arrays[labels_at].name : NULL;
    GM_TRY_DONE(gm_arrays_take(dataset, where, &data, labels_at < count ? &labels : NULL, options));
    dataset->info.splits = parted;
    for (size_t i = 0; labels_at < count && i < count; i++)
        if (strcmp(arrays[i].name, "class_names") == 0)
            GM_TRY_DONE(name_classes(dataset, zip, entries[i], where, &arena));
done:
    gm_npy_finish(&data.values);
    gm_npy_finish(&labels.values);
    gm_arena_finish(&arena);
    return status;
}

gm_status gm_npz_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_zip *zip;
    GM_TRY(gm_zip_open(&zip, source->path));
    gm_status status = read_archive(dataset, zip, source->path, options);
    gm_zip_close(&zip);
    return status;
}

gm_status gm_npz_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                       const gm_dataset_options *options) {
    gm_zip *zip;
    GM_TRY(gm_zip_open_memory(&zip, name, data, bytes));
    gm_status status = read_archive(dataset, zip, name, options);
    gm_zip_close(&zip);
    return status;
}
