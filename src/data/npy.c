// NumPy's array file (NEP 1): magic, version, a Python dictionary padded to 64 bytes, the values.
#include "data/npy.h"

#include "data/items.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static bool host_is_little_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

// ---- Types: one row each ----

#define CONVERT(name, type)                                                                                            \
    static float convert_##name(const void *bytes) {                                                                   \
        type value;                                                                                                    \
        memcpy(&value, bytes, sizeof value);                                                                           \
        return (float)value;                                                                                           \
    }
CONVERT(f4, float)
CONVERT(f8, double)
CONVERT(i1, int8_t)
CONVERT(i2, int16_t)
CONVERT(i4, int32_t)
CONVERT(i8, int64_t)
CONVERT(u1, uint8_t)
CONVERT(u2, uint16_t)
CONVERT(u4, uint32_t)
CONVERT(u8, uint64_t)

typedef struct type_row {
    const char *name; // as in 'descr', without the byte order
    size_t size;
    float (*convert)(const void *bytes);
} type_row;

static const type_row types[] = {
    {"f4", 4, convert_f4}, {"f8", 8, convert_f8}, {"i1", 1, convert_i1}, {"i2", 2, convert_i2},
    {"i4", 4, convert_i4}, {"i8", 8, convert_i8}, {"u1", 1, convert_u1}, {"u2", 2, convert_u2},
    {"u4", 4, convert_u4}, {"u8", 8, convert_u8}, {"b1", 1, convert_u1},
};

// ---- Header ----

typedef struct header {
    const type_row *type;
    bool swapped; // not this machine's byte order
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
        for (size_t i = 0; i < GM_COUNT(types); i++) {
            if (strncmp(text + 2, types[i].name, 2) == 0 && text[4] == text[0]) {
                head->type = &types[i];
                head->swapped = types[i].size > 1 && order == (host_is_little_endian() ? '>' : '<');
                return GM_OK;
            }
        }
    }
    const char *shown = text && *text ? text : "(none)"; // a string or a list of fields
    size_t length = strcspn(shown + 1, *shown == '[' ? "]" : "'\"") + 2;
    return gm_fail(GM_ERROR_FORMAT, "%s: values of type %.*s are not read: save float32, float64, integers or bools",
                   name, (int)GM_MIN(length, (size_t)40), shown);
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
        text = end + strspn(end, " ");
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
    if (strncmp(order, "False", 5) != 0 && array->rank > 1)
        return gm_fail(GM_ERROR_FORMAT, "%s: is in Fortran order: save numpy.ascontiguousarray(a) instead", name);
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

// ---- Reading ----

static gm_status convert_values(const char *name, const uint8_t *data, const header *head, gm_npy *array) {
    size_t size = head->type->size;
    if (strcmp(head->type->name, "u1") == 0) {
        GM_TRY(gm_alloc(&array->bytes, array->count, 1, name));
        memcpy(array->bytes, data, array->count);
        return GM_OK;
    }
    GM_TRY(gm_alloc(&array->floats, array->count, sizeof(float), name));
    for (size_t i = 0; i < array->count; i++) {
        uint8_t value[8] = {0};
        for (size_t b = 0; b < size; b++)
            value[b] = data[i * size + (head->swapped ? size - 1 - b : b)];
        array->floats[i] = head->type->convert(value);
    }
    return GM_OK;
}

gm_status gm_npy_parse(const char *name, const void *data, size_t bytes, gm_npy *array) {
    *array = (gm_npy){0};
    size_t begin = 0, values = 0;
    GM_TRY(find_dictionary(name, data, bytes, &begin, &values));
    char *text;
    GM_TRY(gm_alloc(&text, values - begin + 1, 1, name));
    memcpy(text, (const char *)data + begin, values - begin);
    header head = {0};
    gm_status status = parse_dictionary(name, text, &head, array);
    size_t needed = 0, there = bytes - values;
    if (status == GM_OK && (!gm_multiply_sizes(array->count, head.type->size, &needed) || needed > there))
        status = gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its shape needs %zu values of %zu bytes, %zu bytes follow",
                         name, array->count, head.type->size, there);
    if (status == GM_OK && needed < there)
        status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %zu bytes follow its %zu values", name, there - needed,
                         array->count);
    if (status == GM_OK)
        status = convert_values(name, (const uint8_t *)data + values, &head, array);
    free(text);
    for (size_t i = array->rank; i < GM_NPY_MAX_RANK; i++)
        array->dim[i] = 1;
    if (status != GM_OK)
        gm_npy_finish(array);
    return status;
}

gm_status gm_npy_read(const char *path, gm_npy *array) {
    *array = (gm_npy){0};
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, GM_DATA_LIMIT, &data, &bytes));
    gm_status status = gm_npy_parse(path, data, bytes, array);
    free(data);
    return status;
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

// Bytes of rank 3 (N, H, W) or 4 (N, C, H, W) are images.
static gm_status take_images(gm_dataset *dataset, const char *path, gm_npy *array, const gm_dataset_options *options) {
    gm_images images = {.pixels = array->bytes,
                        .count = array->dim[0],
                        .channels = array->rank == 4 ? array->dim[1] : 1,
                        .height = array->dim[array->rank - 2],
                        .width = array->dim[array->rank - 1]};
    if (array->count == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: holds no values", path);
    if (array->rank == 4 && images.channels > 4 && array->dim[3] <= 4)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: has channels last (%zu x %zu x %zu x %zu): save a.transpose(0, 3, 1, 2).copy()", path,
                       array->dim[0], array->dim[1], array->dim[2], array->dim[3]);
    array->bytes = NULL;
    gm_status status = gm_dataset_take_images(dataset, path, &images, options);
    gm_images_finish(&images);
    return status;
}

static gm_status take_numbers(gm_dataset *dataset, const char *path, gm_npy *array, const gm_dataset_options *options) {
    const size_t *d = array->dim;
    const size_t dim[4] = {d[0], array->rank == 3 ? 1 : d[1], array->rank == 3 ? d[1] : d[2],
                           array->rank == 3 ? d[2] : d[3]};
    if (array->bytes) {
        GM_TRY(gm_alloc(&array->floats, array->count, sizeof(float), path));
        for (size_t i = 0; i < array->count; i++)
            array->floats[i] = array->bytes[i];
    }
    return gm_dataset_take_floats(dataset, path, &array->floats, dim, options);
}

gm_status gm_npy_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    const char *path = source->path;
    gm_npy array;
    GM_TRY(gm_npy_read(path, &array));
    gm_status status;
    if (array.rank == 0 || array.rank > 4)
        status = gm_fail(GM_ERROR_FORMAT, "%s: has %zu dimensions: a data set has 1 to 4", path, array.rank);
    else if (array.bytes && array.rank >= 3)
        status = take_images(dataset, path, &array, options);
    else
        status = take_numbers(dataset, path, &array, options);
    gm_npy_finish(&array);
    return status;
}
