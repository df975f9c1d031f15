// NumPy's array file (NEP 1): magic, version, a Python dictionary padded to 64 bytes, the values.
#include "data/npy.h"

#include "data/arrays.h"
#include "sample/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

// ---- Header ----

typedef struct header {
    const gm_value_type *type;
    bool swapped; // not this machine's byte order
    bool fortran;
} header;

// The text behind 'key': in the dictionary, or NULL.
static const char *find_value(const char *dictionary, const char *key) {
    size_t length = strlen(key);
    for (const char *at = dictionary; (at = strstr(at, key)); at += length) {
        if (at == dictionary || (at[-1] != '\'' && at[-1] != '"') || at[length] != at[-1])
            continue;
        at += length + 1;
        at += strspn(at, " ");
        if (*at != ':')
            return NULL;
        return at + 1 + strspn(at + 1, " ");
    }
    return NULL;
}

static gm_status parse_type(const char *name, const char *text, header *head) {
    char order = text && text[0] != '\0' ? text[1] : '\0';
    if (text && (text[0] == '\'' || text[0] == '"') && order != '\0' && strchr("<>=|", order)) {
        head->type = gm_value_type_find_npy(text + 2);
        head->swapped = head->type && head->type->bytes > 1 && order == (gm_host_is_little_endian() ? '>' : '<');
        if (head->type && text[4] == text[0])
            return GM_OK;
    }
    const char *shown = text && *text ? text : "(none)"; // a string or a list of fields
    size_t length = strcspn(shown + 1, *shown == '[' ? "]" : "'\"") + 2;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: values of type %.*s are not read: save float16, float32, float64, integers or bools", name,
                   (int)GM_MIN(length, (size_t)40), shown);
}

static gm_status parse_shape(const char *name, const char *text, gm_npy *array) {
    if (!text || *text != '(')
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its header has no shape", name);
    array->count = 1;
    for (text++;; text++) {
        text += strspn(text, " ");
        if (*text == ')')
            return GM_OK;
        char *end;
        errno = 0;
        unsigned long long size = isdigit((unsigned char)*text) ? strtoull(text, &end, 10) : 0;
        if (!isdigit((unsigned char)*text) || errno != 0 || size > SIZE_MAX)
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its shape is no list of sizes", name);
        if (array->rank == GM_NPY_MAX_RANK)
            return gm_fail(GM_ERROR_FORMAT, "%s: has more than %d dimensions", name, GM_NPY_MAX_RANK);
        array->dim[array->rank++] = (size_t)size;
        if (!gm_multiply_sizes(array->count, (size_t)size, &array->count))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its shape has more values than there can be", name);
        text = end + (*end == 'L'); // as Python 2 wrote long numbers
        text += strspn(text, " ");
        if (*text == ')')
            return GM_OK;
        if (*text != ',')
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its shape is no list of sizes", name);
    }
}

static gm_status parse_dictionary(const char *name, const char *text, header *head, gm_npy *array) {
    GM_TRY(parse_type(name, find_value(text, "descr"), head));
    const char *order = find_value(text, "fortran_order");
    if (!order)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its header has no fortran_order", name);
    GM_TRY(parse_shape(name, find_value(text, "shape"), array));
    head->fortran = strncmp(order, "False", 5) != 0 && array->rank > 1;
    return GM_OK;
}

// Finds the dictionary's text; *values is where it ends.
static gm_status find_dictionary(const char *name, const uint8_t *data, size_t bytes, size_t *begin, size_t *values) {
    if (bytes == 0 || memcmp(data, magic, GM_MIN(bytes, sizeof magic)) != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is not an .npy file: it does not start with \\x93NUMPY", name);
    if (bytes < 12)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes", name, bytes);
    if (data[6] < 1 || data[6] > 3)
        return gm_fail(GM_ERROR_FORMAT, "%s: has version %d of the .npy format: 1 to 3 are read", name, data[6]);
    size_t length = data[8] | (size_t)data[9] << 8;
    *begin = 10;
    if (data[6] > 1) {
        length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
        *begin = 12;
    }
    if (length > bytes - *begin)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its header has %zu bytes, the file %zu", name, length,
                       bytes);
    *values = *begin + length;
    return GM_OK;
}

// The dictionary's values; *values is where it ends.
static gm_status parse_header(const char *name, const void *data, size_t bytes, header *head, gm_npy *array,
                              size_t *values) {
    size_t begin = 0;
    char *text;
    *values = 0;
    GM_TRY(find_dictionary(name, data, bytes, &begin, values));
    GM_TRY(gm_alloc(&text, *values - begin + 1, 1, name));
    memcpy(text, (const char *)data + begin, *values - begin);
    gm_status status = parse_dictionary(name, text, head, array);
    free(text);
    return status;
}

gm_status gm_npy_measure(const char *name, const void *head, size_t bytes, uint64_t *file_bytes) {
    header parsed = {0};
    gm_npy array = {0};
    size_t values = 0, needed;
    GM_TRY(parse_header(name, head, bytes, &parsed, &array, &values));
    if (!gm_multiply_sizes(array.count, parsed.type->bytes, &needed) || needed > SIZE_MAX - values)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its shape has more values than there can be", name);
    *file_bytes = (uint64_t)needed + values;
    return GM_OK;
}

// ---- Reading ----

static gm_status convert_values(const char *name, const uint8_t *data, const header *head, gm_npy *array) {
    gm_values values = {.data = data,
                        .count = array->count,
                        .type = head->type,
                        .swapped = head->swapped,
                        .rank = head->fortran ? array->rank : 0,
                        .dim = array->dim};
    return gm_array_read(array, &values, name);
}

gm_status gm_npy_parse(const char *name, const void *data, size_t bytes, gm_npy *array, const gm_value_type **type) {
    *array = (gm_npy){0};
    size_t values = 0, needed = 0;
    header head = {0};
    gm_status status = parse_header(name, data, bytes, &head, array, &values);
    size_t there = bytes - values;
    if (status == GM_OK && (!gm_multiply_sizes(array->count, head.type->bytes, &needed) || needed > there))
        status = gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its shape needs %zu values of %zu bytes, %zu bytes follow",
                         name, array->count, head.type->bytes, there);
    if (status == GM_OK && needed < there)
        status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %zu bytes follow its %zu values", name, there - needed,
                         array->count);
    if (status == GM_OK)
        status = convert_values(name, (const uint8_t *)data + values, &head, array);
    for (size_t i = array->rank; i < GM_NPY_MAX_RANK; i++)
        array->dim[i] = 1;
    if (status != GM_OK)
        gm_npy_finish(array);
    if (type)
        *type = head.type;
    return status;
}

// A text of up to `count` characters of 4 bytes; NULL: `status` says why.
static const char *read_wide(const char *name, const uint8_t *data, size_t count, bool big, gm_arena *arena,
                             gm_status *status) {
    char *text = gm_arena_alloc(arena, 4 * count + 1);
    size_t length = 0, bytes;
    *status = text ? GM_OK : gm_fail_memory(4 * count, name);
    for (size_t i = 0; text && i < count; i++, data += 4) {
        uint32_t code = 0;
        for (size_t b = 0; b < 4; b++)
            code = code << 8 | data[big ? b : 3 - b];
        if (code == 0)
            break;
        if ((bytes = gm_utf8_encode(code, text + length)) == 0) {
            *status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %#x is no character", name, (unsigned)code);
            return NULL;
        }
        length += bytes;
    }
    if (text)
        text[length] = '\0';
    return text;
}

static const char *read_narrow(const char *name, const uint8_t *data, size_t count, gm_arena *arena,
                               gm_status *status) {
    const char *text = gm_arena_printf(arena, "%.*s", (int)count, (const char *)data);
    *status = text ? GM_OK : gm_fail_memory(count, name);
    return text;
}

gm_status gm_npy_parse_texts(const char *name, const void *data, size_t bytes, gm_arena *arena, const char ***texts,
                             size_t *count) {
    size_t begin = 0, values = 0, needed;
    gm_npy array = {0};
    gm_status status = GM_OK;
    GM_TRY(find_dictionary(name, data, bytes, &begin, &values));
    const char *dictionary = gm_arena_printf(arena, "%.*s", (int)(values - begin), (const char *)data + begin);
    if (!dictionary)
        return gm_fail_memory(values - begin, name);
    const char *type = find_value(dictionary, "descr");
    bool big = type && strncmp(type + 1, ">U", 2) == 0, wide = big || (type && strncmp(type + 1, "<U", 2) == 0);
    if (!type || (!wide && strncmp(type + 1, "|S", 2) != 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: is no array of texts (NumPy's types U and S)", name);
    unsigned long long width = strtoull(type + 3, NULL, 10);
    size_t size = (size_t)GM_MIN(width, UINT16_MAX + 1ull) * (wide ? 4 : 1);
    GM_TRY(parse_shape(name, find_value(dictionary, "shape"), &array));
    if (array.rank != 1 || width == 0 || width > UINT16_MAX || !gm_multiply_sizes(array.count, size, &needed) ||
        needed != bytes - values)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %zu bytes are not %zu texts of %llu", name, bytes - values,
                       array.count, width);
    *count = array.count;
    *texts = gm_arena_alloc(arena, array.count * sizeof **texts);
    if (!*texts)
        return gm_fail_memory(needed, name);
    for (size_t i = 0; i < array.count && status == GM_OK; i++) {
        const uint8_t *at = (const uint8_t *)data + values + i * size;
        (*texts)[i] = wide ? read_wide(name, at, (size_t)width, big, arena, &status)
                           : read_narrow(name, at, (size_t)width, arena, &status);
    }
    return status;
}

static gm_status read_typed(const char *path, gm_npy *array, const gm_value_type **type) {
    *array = (gm_npy){0};
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, GM_DATA_LIMIT, &data, &bytes));
    gm_status status = gm_npy_parse(path, data, bytes, array, type);
    free(data);
    return status;
}

gm_status gm_npy_read(const char *path, gm_npy *array) {
    return read_typed(path, array, NULL);
}

void gm_npy_finish(gm_npy *array) {
    if (!array)
        return;
    free(array->floats);
    free(array->bytes);
    *array = (gm_npy){0};
}

// ---- Data sets ----

bool gm_npy_tell(const gm_source *source) {
    return source->head_bytes > 1 && memcmp(source->head, magic, GM_MIN(source->head_bytes, sizeof magic)) == 0;
}

gm_status gm_npy_find_labels(const char *data, gm_text *path, bool *sure) {
    static const char ending[] = ".npy";
    const char *slash = strrchr(data, '/'), *name = slash ? slash + 1 : data;
    size_t length = strlen(data), stem = length - GM_MIN(length, sizeof ending - 1);
    if (strcmp(data + stem, ending) != 0)
        return GM_OK;
    for (size_t form = 0; form < 3; form++) {
        path->length = 0;
        *sure = form < 2;
        if (*sure)
            gm_text_printf(path, "%.*s%clabels%s", (int)stem, data, form ? '-' : '_', ending);
        else
            gm_text_printf(path, "%.*sy%s", (int)(name - data), data, name + 1);
        if (path->failed)
            return gm_fail_memory(length, "a file name");
        if (*sure || *name == 'x')
            if (access(path->data, F_OK) == 0)
                return GM_OK;
    }
    path->length = 0;
    return GM_OK;
}

gm_status gm_npy_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_array data = {0}, labels = {0};
    gm_text path = {0};
    bool sure = true;
    gm_status status;
    GM_TRY_DONE(read_typed(source->path, &data.values, &data.type));
    GM_TRY_DONE(gm_npy_find_labels(source->path, &path, &sure));
    if (path.length > 0)
        GM_TRY_DONE(read_typed(path.data, &labels.values, &labels.type));
    labels.name = path.data;
    if (path.length > 0 && !sure && !gm_arrays_have_labels(&labels.values, data.values.dim[0])) {
        gm_debug("%s: %s is no row of labels for it", source->path, path.data);
        path.length = 0;
    }
    GM_TRY_DONE(gm_arrays_take(dataset, source->path, &data, path.length > 0 ? &labels : NULL, options));
    if (path.length > 0 && !(dataset->info.labels_file = gm_arena_string(&dataset->arena, path.data)))
        status = gm_fail_memory(path.length, "a file name");
done:
    gm_text_finish(&path);
    gm_npy_finish(&data.values);
    gm_npy_finish(&labels.values);
    return status;
}
