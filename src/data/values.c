// The types of numbers that array files hold, as bytes and floats.
#include "data/values.h"

#include <math.h>
#include <string.h>

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

// IEEE 754's binary16: sign, 5 bits of exponent, 10 of fraction.
static float convert_f2(const void *bytes) {
    uint16_t value;
    memcpy(&value, bytes, sizeof value);
    int exponent = value >> 10 & 31, fraction = value & 1023;
    float size = exponent == 31  ? (fraction ? NAN : INFINITY)
                 : exponent == 0 ? ldexpf((float)fraction, -24)
                                 : ldexpf((float)(1024 + fraction), exponent - 25);
    return value >> 15 ? -size : size;
}

// The upper half of a float32.
static float convert_bf16(const void *bytes) {
    uint16_t upper;
    float value;
    memcpy(&upper, bytes, sizeof upper);
    uint32_t word = (uint32_t)upper << 16;
    memcpy(&value, &word, sizeof value);
    return value;
}

const gm_value_type gm_value_u8 = {"u1", "U8", 1, convert_u1};
const gm_value_type gm_value_u16 = {"u2", "U16", 2, convert_u2};

static const gm_value_type others[] = {
    {"f2", "F16", 2, convert_f2},  {"f4", "F32", 4, convert_f4},    {"f8", "F64", 8, convert_f8},
    {"i1", "I8", 1, convert_i1},   {"i2", "I16", 2, convert_i2},    {"i4", "I32", 4, convert_i4},
    {"i8", "I64", 8, convert_i8},  {"u4", "U32", 4, convert_u4},    {"u8", "U64", 8, convert_u8},
    {"b1", "BOOL", 1, convert_u1}, {NULL, "BF16", 2, convert_bf16},
};

// Row i of all, NULL behind the last.
static const gm_value_type *row(size_t i) {
    return i == 0 ? &gm_value_u8 : i == 1 ? &gm_value_u16 : i - 2 < GM_COUNT(others) ? &others[i - 2] : NULL;
}

const gm_value_type *gm_value_type_find_npy(const char *text) {
    const gm_value_type *type;
    for (size_t i = 0; (type = row(i)); i++)
        if (type->npy && strncmp(text, type->npy, 2) == 0)
            return type;
    return NULL;
}

const gm_value_type *gm_value_type_find_safetensors(const char *name) {
    const gm_value_type *type;
    for (size_t i = 0; (type = row(i)); i++)
        if (strcmp(name, type->safetensors) == 0)
            return type;
    return NULL;
}

// ---- Values in C order ----

// Walks over a Fortran array in C order: where its next value lies.
typedef struct walk {
    size_t rank, at;
    const size_t *dim;
    size_t index[GM_VALUES_MAX_RANK], stride[GM_VALUES_MAX_RANK];
} walk;

static walk begin(const gm_values *values) {
    walk w = {.rank = values->rank, .dim = values->dim};
    size_t stride = 1;
    for (size_t k = 0; k < w.rank; k++) {
        w.stride[k] = stride;
        stride *= w.dim[k];
    }
    return w;
}

static size_t next(walk *w) {
    size_t at = w->at, k = w->rank;
    if (k == 0) {
        w->at++;
        return at;
    }
    while (k-- > 0) {
        w->at += w->stride[k];
        if (++w->index[k] < w->dim[k])
            break;
        w->at -= w->stride[k] * w->dim[k];
        w->index[k] = 0;
    }
    return at;
}

void gm_values_copy(const gm_values *values, uint8_t *bytes) {
    walk w = begin(values);
    if (w.rank == 0)
        memcpy(bytes, values->data, values->count);
    else
        for (size_t i = 0; i < values->count; i++)
            bytes[i] = values->data[next(&w)];
}

void gm_values_convert(const gm_values *values, float *floats) {
    walk w = begin(values);
    size_t size = values->type->bytes;
    for (size_t i = 0; i < values->count; i++) {
        const uint8_t *from = values->data + next(&w) * size;
        uint8_t value[8];
        for (size_t b = 0; values->swapped && b < size; b++)
            value[b] = from[size - 1 - b];
        floats[i] = values->type->convert(values->swapped ? value : from);
    }
}
