// .safetensors files as data: eight bytes of length, a header in JSON, the values.
#include "data/tensors.h"

#include "data/arrays.h"
#include "sample/bytes.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8 };

bool gm_tensors_tell(const gm_source *source) {
    return source->head_bytes > LENGTH_BYTES + 1 && memcmp(source->head + LENGTH_BYTES, "{\"", 2) == 0 &&
           source->head[LENGTH_BYTES - 1] == 0;
}

typedef struct file {
    const char *name;
    const uint8_t *values; // behind the header
    size_t bytes;          // of them
    json_t *header;
} file;

static gm_status read_header(file *f, const char *name, const uint8_t *data, size_t bytes) {
    json_error_t error;
    uint64_t length = 0;
    *f = (file){.name = name};
    for (size_t i = 0; i < LENGTH_BYTES && bytes >= LENGTH_BYTES; i++)
        length |= (uint64_t)data[i] << 8 * i;
    if (bytes < LENGTH_BYTES || length > bytes - LENGTH_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its header has %llu bytes, the file %zu", name,
                       (unsigned long long)length, bytes);
    f->header = json_loadb((const char *)data + LENGTH_BYTES, (size_t)length, 0, &error);
    if (!json_is_object(f->header))
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its header is no JSON object", name);
    f->values = data + LENGTH_BYTES + length;
    f->bytes = bytes - LENGTH_BYTES - (size_t)length;
    return GM_OK;
}

// A whole number from 0 on that a size can hold.
static bool read_size(const json_t *value, size_t *size) {
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    *size = (size_t)number;
    return number >= 0 && (uint64_t)number <= SIZE_MAX;
}

static gm_status read_shape(const file *f, const char *name, const json_t *shape, gm_npy *array) {
    array->rank = json_array_size(shape);
    array->count = 1;
    if (!json_is_array(shape) || array->rank > GM_NPY_MAX_RANK)
        return gm_fail(GM_ERROR_FORMAT, "%s: its tensor %s has no shape of at most %d sizes", f->name, name,
                       GM_NPY_MAX_RANK);
    for (size_t i = 0; i < GM_NPY_MAX_RANK; i++) {
        array->dim[i] = 1;
        if (i < array->rank && (!read_size(json_array_get(shape, i), &array->dim[i]) ||
                                !gm_multiply_sizes(array->count, array->dim[i], &array->count)))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the shape of its tensor %s is no list of sizes", f->name,
                           name);
    }
    return GM_OK;
}

static gm_status read_tensor(const file *f, const char *name, gm_array *array) {
    const json_t *entry = json_object_get(f->header, name), *offsets = json_object_get(entry, "data_offsets");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    size_t begin, end, needed;
    array->name = name;
    array->type = type ? gm_value_type_find_safetensors(type) : NULL;
    if (!array->type)
        return gm_fail(GM_ERROR_FORMAT, "%s: values of type %s are not read: its tensor %s", f->name,
                       type ? type : "(none)", name);
    GM_TRY(read_shape(f, name, json_object_get(entry, "shape"), &array->values));
    bool fits = read_size(json_array_get(offsets, 0), &begin) && read_size(json_array_get(offsets, 1), &end) &&
                begin <= end && end <= f->bytes &&
                gm_multiply_sizes(array->values.count, array->type->bytes, &needed) && needed == end - begin;
    if (!fits)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its tensor %s does not lie where its header says", f->name,
                       name);
    gm_values values = {.data = f->values + begin,
                        .count = array->values.count,
                        .type = array->type,
                        .swapped = !gm_host_is_little_endian()};
    return gm_array_read(&array->values, &values, f->name);
}

static gm_status list_tensors(const file *f, gm_array_entry **entries, size_t *count) {
    const char *name;
    json_t *entry;
    *count = 0;
    GM_TRY(gm_alloc(entries, json_object_size(f->header) + 1, sizeof **entries, f->name));
    json_object_foreach(f->header, name, entry) {
        if (strcmp(name, "__metadata__") != 0)
            (*entries)[(*count)++] = (gm_array_entry){.name = name};
    }
    return *count > 0 ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: holds no tensors", f->name);
}

gm_status gm_tensors_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                           const gm_dataset_options *options) {
    file f;
    gm_array_entry *entries = NULL;
    gm_array items = {0}, labels = {0};
    size_t count, items_at, labels_at;
    bool parted;
    gm_status status;
    GM_TRY_DONE(read_header(&f, name, data, bytes));
    GM_TRY_DONE(list_tensors(&f, &entries, &count));
    GM_TRY_DONE(gm_arrays_choose(name, entries, count, false, options->split, &items_at, &labels_at, &parted));
    GM_TRY_DONE(read_tensor(&f, entries[items_at].name, &items));
    if (labels_at < count)
        GM_TRY_DONE(read_tensor(&f, entries[labels_at].name, &labels));
    status = gm_arrays_take(dataset, name, &items, labels_at < count ? &labels : NULL, options);
    dataset->info.splits = parted;
done:
    gm_npy_finish(&items.values);
    gm_npy_finish(&labels.values);
    free(entries);
    json_decref(f.header);
    return status;
}

gm_status gm_tensors_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(source->path, GM_DATA_LIMIT, &data, &bytes));
    gm_status status = gm_tensors_parse(dataset, source->path, data, bytes, options);
    free(data);
    return status;
}
