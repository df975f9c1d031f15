// Reading and writing safetensors files; see safetensors.h for the policy.
#include "run/safetensors.h"

#include "base/base.h"
#include "run/json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_BYTES 8
#define MAX_HEADER   ((uint64_t)100 << 20) // as the reference implementation; also keeps a corrupt length harmless
#define MAX_FILE     (UINT64_C(1) << 36)
#define ALIGNMENT    8 // of the data's start, as the format asks

static const struct {
    gm_type type;
    const char *name;
} dtypes[] = {{GM_FLOAT32, "F32"}, {GM_INT32, "I32"}, {GM_UINT8, "U8"}};

static const char *dtype_name(gm_type type) {
    for (size_t i = 0; i < GM_COUNT(dtypes); i++)
        if (dtypes[i].type == type)
            return dtypes[i].name;
    return NULL;
}

static size_t tensor_bytes(const gm_safetensor *tensor) {
    return gm_type_size(tensor->type) * gm_shape_count(&tensor->shape);
}

static uint64_t hash_json(uint64_t hash, const json_t *value) {
    const char *text = json_string_value(value);
    return gm_hash_string(hash, text ? text : "");
}

// What the header says, beside the two checksums: names, types, shapes, metadata. A sum, so that order is free. Before
// anything else is known of the header, which may say anything.
static uint64_t header_hash(json_t *root) {
    uint64_t sum = 0;
    const char *key;
    json_t *entry;
    json_object_foreach(root, key, entry) {
        if (strcmp(key, "__metadata__") == 0)
            continue;
        const json_t *shape = json_object_get(entry, "shape");
        uint64_t hash = hash_json(gm_hash_string(GM_HASH_START, key), json_object_get(entry, "dtype"));
        for (size_t i = 0; i < json_array_size(shape); i++) {
            char dim[32];
            snprintf(dim, sizeof dim, ",%lld", (long long)json_integer_value(json_array_get(shape, i)));
            hash = gm_hash_string(hash, dim);
        }
        sum += hash;
    }
    json_object_foreach(json_object_get(root, "__metadata__"), key, entry) {
        if (strcmp(key, "checksum") != 0 && strcmp(key, "header_checksum") != 0)
            sum += hash_json(gm_hash_string(gm_hash_string(GM_HASH_START, key), "\n"), entry);
    }
    return sum;
}

// ---- Writing ----

// Steals `value`.
static gm_status put(const char *path, json_t *object, const char *key, json_t *value) {
    if (!value)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the entry \"%s\" is not valid UTF-8 text (or memory is exhausted)", path,
                       key);
    if (json_object_get(object, key)) {
        json_decref(value);
        return gm_fail(GM_ERROR_ARGUMENT, "%s: two entries are named \"%s\"", path, key);
    }
    if (json_object_set_new(object, key, value) != 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the name \"%s\" is not valid UTF-8 text", path, key);
    return GM_OK;
}

static json_t *describe(const gm_safetensor *tensor, size_t begin, size_t end) {
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->shape.rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape.dim[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype_name(tensor->type), "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)end);
}

static gm_status make_header(const char *path, const gm_safetensor *tensors, size_t count,
                             const gm_safetensors_text *metadata, size_t metadata_count, char **text, size_t *bytes) {
    gm_status status = GM_OK;
    uint64_t hash = GM_HASH_START;
    json_t *root = json_object(), *strings = json_object();
    *text = NULL;
    if (!root || !strings) {
        json_decref(strings);
        GM_TRY_DONE(gm_fail_memory(1024, "a file's header"));
    }
    GM_TRY_DONE(put(path, root, "__metadata__", strings));
    for (size_t i = 0; i < metadata_count; i++)
        GM_TRY_DONE(put(path, strings, metadata[i].key, json_string(metadata[i].value)));
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (!dtype_name(tensors[i].type))
            GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "%s: the tensor \"%s\" has no type", path, tensors[i].name));
        size_t size = tensor_bytes(&tensors[i]);
        GM_TRY_DONE(put(path, root, tensors[i].name, describe(&tensors[i], *bytes, *bytes + size)));
        hash = gm_hash(hash, tensors[i].data, size);
        *bytes += size;
    }
    char checksum[24];
    snprintf(checksum, sizeof checksum, "%016" PRIx64, hash);
    GM_TRY_DONE(put(path, strings, "checksum", json_string(checksum)));
    snprintf(checksum, sizeof checksum, "%016" PRIx64, header_hash(root));
    GM_TRY_DONE(put(path, strings, "header_checksum", json_string(checksum)));
    *text = json_dumps(root, JSON_COMPACT);
    if (!*text)
        GM_TRY_DONE(gm_fail_memory(1024, "a file's header"));
done:
    json_decref(root);
    return status;
}

gm_status gm_safetensors_write(const char *path, const gm_safetensor *tensors, size_t count,
                               const gm_safetensors_text *metadata, size_t metadata_count) {
    char *header = NULL;
    unsigned char *content = NULL;
    size_t data_bytes = 0;
    gm_status status = GM_OK;
    GM_TRY_DONE(make_header(path, tensors, count, metadata, metadata_count, &header, &data_bytes));
    size_t length = strlen(header);
    size_t padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t total = PREFIX_BYTES + padded + data_bytes;
    GM_TRY_DONE(gm_alloc(&content, 1, total, path));
    for (size_t i = 0; i < PREFIX_BYTES; i++)
        content[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    memset(content + PREFIX_BYTES, ' ', padded);
    memcpy(content + PREFIX_BYTES, header, length);
    unsigned char *next = content + PREFIX_BYTES + padded;
    for (size_t i = 0; i < count; i++) {
        size_t size = tensor_bytes(&tensors[i]);
        if (size > 0)
            memcpy(next, tensors[i].data, size);
        next += size;
    }
    status = gm_file_write_atomic(path, content, total);
done:
    free(content);
    free(header);
    return status;
}

// ---- Reading ----

// What a header's entry says of one tensor, before its data pointer is known to be right.
typedef struct range {
    size_t begin, end;
} range;

// A JSON integer that fits a size_t.
static bool to_size(const json_t *value, size_t *size) {
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > (uint64_t)(SIZE_MAX / 2))
        return false;
    *size = (size_t)json_integer_value(value);
    return true;
}

static gm_status read_shape(const char *name, const char *key, const json_t *shape, gm_safetensor *tensor) {
    if (!json_is_array(shape) || json_array_size(shape) > GM_MAX_RANK)
        return gm_fail(GM_ERROR_FORMAT, "%s: the tensor \"%s\" has no shape of at most %d dimensions", name, key,
                       GM_MAX_RANK);
    tensor->shape = (gm_shape){.rank = json_array_size(shape)};
    size_t bytes = gm_type_size(tensor->type);
    for (size_t i = 0; i < tensor->shape.rank; i++) {
        size_t dim;
        if (!to_size(json_array_get(shape, i), &dim) || (dim > 0 && bytes > SIZE_MAX / dim))
            return gm_fail(GM_ERROR_FORMAT, "%s: dimension %zu of the tensor \"%s\" is not a possible size", name, i,
                           key);
        tensor->shape.dim[i] = dim;
        bytes *= dim;
    }
    return GM_OK;
}

// `verified`: the header is as it was written, so that what is strange in it is no damage.
static gm_status read_entry(const char *name, const char *key, const json_t *entry, size_t data_bytes, bool verified,
                            gm_safetensor *tensor, range *place) {
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype || json_object_size(entry) != 3)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: the tensor \"%s\" must have exactly the entries dtype, shape and data_offsets", name, key);
    tensor->type = GM_TYPE_INVALID;
    for (size_t i = 0; i < GM_COUNT(dtypes); i++)
        if (strcmp(dtype, dtypes[i].name) == 0)
            tensor->type = dtypes[i].type;
    if (tensor->type == GM_TYPE_INVALID)
        return gm_fail(verified ? GM_ERROR_STATE : GM_ERROR_FORMAT,
                       "%s: the tensor \"%s\" has the type %s; known to this program are F32, I32 and U8", name, key,
                       dtype);
    GM_TRY(read_shape(name, key, json_object_get(entry, "shape"), tensor));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (json_array_size(offsets) != 2 || !to_size(json_array_get(offsets, 0), &place->begin) ||
        !to_size(json_array_get(offsets, 1), &place->end) || place->begin > place->end)
        return gm_fail(GM_ERROR_FORMAT, "%s: the data_offsets of the tensor \"%s\" are not [begin, end]", name, key);
    if (place->end > data_bytes)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is cut short: the tensor \"%s\" ends at byte %zu of the data, which has %zu", name, key,
                       place->end, data_bytes);
    if (place->end - place->begin != tensor_bytes(tensor))
        return gm_fail(GM_ERROR_FORMAT, "%s: the tensor \"%s\" has %zu bytes, its shape needs %zu", name, key,
                       place->end - place->begin, tensor_bytes(tensor));
    return GM_OK;
}

static int by_data(const void *a, const void *b) {
    const gm_safetensor *x = a, *y = b;
    const char *p = x->data, *q = y->data;
    if (p != q)
        return p < q ? -1 : 1;
    size_t m = tensor_bytes(x), n = tensor_bytes(y); // empty tensors stand before the one that begins there
    return m != n ? (m < n ? -1 : 1) : strcmp(x->name, y->name);
}

// The tensors, in order of their data, must follow each other without gap or overlap up to the file's end.
static gm_status check_coverage(const char *name, gm_safetensors *file, const char *data, size_t data_bytes) {
    qsort(file->tensors, file->count, sizeof *file->tensors, by_data);
    size_t next = 0;
    for (size_t i = 0; i < file->count; i++) {
        size_t begin = (size_t)((const char *)file->tensors[i].data - data);
        if (begin != next)
            return gm_fail(GM_ERROR_FORMAT, "%s: the tensor \"%s\" begins at byte %zu of the data, %s byte %zu", name,
                           file->tensors[i].name, begin,
                           begin < next ? "inside the one that ends at" : "with a gap behind", next);
        next += tensor_bytes(&file->tensors[i]);
    }
    if (next != data_bytes)
        return gm_fail(GM_ERROR_FORMAT, "%s: %zu bytes follow the last tensor", name, data_bytes - next);
    return GM_OK;
}

static gm_status check_checksum(const char *name, const gm_safetensors *file, const char *key, const char *part,
                                uint64_t hash) {
    const char *expected = gm_safetensors_metadata(file, key);
    if (!expected)
        return GM_OK;
    char checksum[24];
    snprintf(checksum, sizeof checksum, "%016" PRIx64, hash);
    if (strcmp(checksum, expected) != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the checksum of its %s is %s, not %.40s", name, part, checksum,
                       expected);
    return GM_OK;
}

static gm_status read_metadata(const char *name, gm_safetensors *file, json_t *metadata) {
    if (!metadata)
        return GM_OK;
    if (!json_is_object(metadata))
        return gm_fail(GM_ERROR_FORMAT, "%s: __metadata__ is not a map of strings", name);
    GM_TRY(gm_alloc(&file->metadata, json_object_size(metadata), sizeof *file->metadata, name));
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return gm_fail(GM_ERROR_FORMAT, "%s: the metadata \"%s\" is not a string", name, key);
        file->metadata[file->metadata_count++] = (gm_safetensors_text){key, json_string_value(value)};
    }
    return GM_OK;
}

static gm_status read_header(const char *name, gm_safetensors *file, const char *data, size_t data_bytes) {
    json_t *root = file->header;
    GM_TRY(read_metadata(name, file, json_object_get(root, "__metadata__")));
    GM_TRY(check_checksum(name, file, "header_checksum", "header", header_hash(root)));
    bool verified = gm_safetensors_metadata(file, "header_checksum") != NULL;
    GM_TRY(gm_alloc(&file->tensors, json_object_size(root), sizeof *file->tensors, name));
    const char *key;
    json_t *entry;
    json_object_foreach(root, key, entry) {
        if (strcmp(key, "__metadata__") == 0)
            continue;
        gm_safetensor *tensor = &file->tensors[file->count];
        range place = {0};
        GM_TRY(read_entry(name, key, entry, data_bytes, verified, tensor, &place));
        tensor->name = key;
        tensor->data = data + place.begin;
        file->count++;
    }
    GM_TRY(check_coverage(name, file, data, data_bytes));
    return check_checksum(name, file, "checksum", "data", gm_hash(GM_HASH_START, data, data_bytes));
}

static gm_status parse_content(gm_safetensors *file, const char *name, const unsigned char *bytes, size_t count) {
    if (count < PREFIX_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is not a safetensors file: it has %zu bytes, the shortest has 10", name,
                       count);
    uint64_t length = 0;
    for (size_t i = 0; i < PREFIX_BYTES; i++)
        length |= (uint64_t)bytes[i] << 8 * i;
    if (length > MAX_HEADER)
        return gm_fail(GM_ERROR_FORMAT, "%s: is not a safetensors file: its header would have %" PRIu64 " bytes", name,
                       length);
    if (length > count - PREFIX_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is cut short: its header needs %" PRIu64 " bytes, %zu are there", name,
                       length, count - PREFIX_BYTES);
    const char *header = (const char *)bytes + PREFIX_BYTES;
    json_t *root;
    GM_TRY(gm_json_parse(&root, name, "its header", header, (size_t)length, JSON_REJECT_DUPLICATES));
    file->header = root;
    if (!json_is_object(root))
        return gm_fail(GM_ERROR_FORMAT, "%s: its header is not a JSON object", name);
    // A copy of their own aligns the data, whatever the length of the header.
    size_t data_bytes = count - PREFIX_BYTES - (size_t)length;
    char *data;
    GM_TRY(gm_alloc(&data, 1, data_bytes, name));
    file->content = data;
    memcpy(data, header + length, data_bytes);
    return read_header(name, file, data, data_bytes);
}

gm_status gm_safetensors_parse(gm_safetensors **file, const char *name, const void *bytes, size_t count) {
    *file = NULL;
    gm_safetensors *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, name));
    gm_status status = parse_content(made, name, bytes, count);
    if (status != GM_OK)
        gm_safetensors_destroy(&made);
    *file = made;
    return status;
}

gm_status gm_safetensors_read(gm_safetensors **file, const char *path) {
    *file = NULL;
    char *bytes;
    size_t count;
    GM_TRY(gm_file_read(path, MAX_FILE, &bytes, &count));
    gm_status status = gm_safetensors_parse(file, path, bytes, count);
    free(bytes);
    return status;
}

void gm_safetensors_destroy(gm_safetensors **file) {
    if (!file || !*file)
        return;
    free((*file)->tensors);
    free((*file)->metadata);
    free((*file)->content);
    json_decref((*file)->header);
    free(*file);
    *file = NULL;
}

const gm_safetensor *gm_safetensors_find(const gm_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *gm_safetensors_metadata(const gm_safetensors *file, const char *key) {
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}
