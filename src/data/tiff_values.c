// Rows of values as TIFF stores them, of any number of bits, as values of a picture.
#include "data/tiff_values.h"

#include <math.h>
#include <string.h>

bool gm_tiff_values_type(const gm_tiff_values *values, gm_picture_type *type) {
    unsigned bits = values->bits;
    bool whole = bits == 8 || bits == 16 || bits == 32 || bits == 64;
    *type = GM_PICTURE_F32;
    if (values->sample == GM_TIFF_FLOAT)
        return whole && bits > 8;
    if (values->sample == GM_TIFF_UNSIGNED && bits <= 16)
        *type = bits <= 8 ? GM_PICTURE_U8 : GM_PICTURE_U16;
    return whole || (values->sample == GM_TIFF_UNSIGNED && bits > 0 && bits < 16);
}

// ---- Values of whole bytes ----

static float half_to_float(uint16_t half) {
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double value = exponent == 0    ? ldexp(mantissa, -24)
                   : exponent == 31 ? (mantissa ? (double)NAN : (double)INFINITY)
                                    : ldexp(1024 + mantissa, exponent - 25);
    return (float)(half >> 15 ? -value : value);
}

#define SAME(value)    (value)
#define FLOATED(value) ((float)(value))
#define CONVERT(name, stored, type, convert)                                                                           \
    static void convert_##name(const uint8_t *row, size_t step, size_t count, void *pixels, size_t out_step) {         \
        type *out = pixels;                                                                                            \
        for (size_t i = 0; i < count; i++, row += step * sizeof(stored)) {                                             \
            stored value;                                                                                              \
            memcpy(&value, row, sizeof value);                                                                         \
            out[i * out_step] = convert(value);                                                                        \
        }                                                                                                              \
    }
CONVERT(u8, uint8_t, uint8_t, SAME)
CONVERT(u16, uint16_t, uint16_t, SAME)
CONVERT(u32, uint32_t, float, FLOATED)
CONVERT(u64, uint64_t, float, FLOATED)
CONVERT(i8, int8_t, float, FLOATED)
CONVERT(i16, int16_t, float, FLOATED)
CONVERT(i32, int32_t, float, FLOATED)
CONVERT(i64, int64_t, float, FLOATED)
CONVERT(f16, uint16_t, float, half_to_float)
CONVERT(f32, float, float, SAME)
CONVERT(f64, double, float, FLOATED)

typedef struct conversion {
    gm_tiff_sample sample;
    unsigned bits;
    void (*convert)(const uint8_t *row, size_t step, size_t count, void *out, size_t out_step);
} conversion;

static const conversion conversions[] = {
    {GM_TIFF_UNSIGNED, 8, convert_u8},   {GM_TIFF_UNSIGNED, 16, convert_u16}, {GM_TIFF_UNSIGNED, 32, convert_u32},
    {GM_TIFF_UNSIGNED, 64, convert_u64}, {GM_TIFF_SIGNED, 8, convert_i8},     {GM_TIFF_SIGNED, 16, convert_i16},
    {GM_TIFF_SIGNED, 32, convert_i32},   {GM_TIFF_SIGNED, 64, convert_i64},   {GM_TIFF_FLOAT, 16, convert_f16},
    {GM_TIFF_FLOAT, 32, convert_f32},    {GM_TIFF_FLOAT, 64, convert_f64},
};

// ---- Values of other numbers of bits, the highest first ----

static unsigned read_bits(const uint8_t *row, size_t first, unsigned bits) {
    unsigned value = 0;
    for (size_t bit = first; bit < first + bits; bit++)
        value = value << 1 | (row[bit / 8] >> (7 - bit % 8) & 1u);
    return value;
}

// Onto the whole range of 8 or 16 bits, rounded.
static void convert_bits(unsigned bits, const uint8_t *row, size_t first, size_t step, size_t count, void *out,
                         size_t out_step) {
    unsigned most = (1u << bits) - 1, white = bits <= 8 ? UINT8_MAX : UINT16_MAX;
    for (size_t i = 0; i < count; i++) {
        unsigned value = (read_bits(row, (first + i * step) * bits, bits) * white + most / 2) / most;
        if (bits <= 8)
            ((uint8_t *)out)[i * out_step] = (uint8_t)value;
        else
            ((uint16_t *)out)[i * out_step] = (uint16_t)value;
    }
}

// ---- All ----

static void invert(gm_picture_type type, size_t count, void *out, size_t out_step) {
    for (size_t i = 0; i < count; i++)
        if (type == GM_PICTURE_U8)
            ((uint8_t *)out)[i * out_step] ^= UINT8_MAX;
        else if (type == GM_PICTURE_U16)
            ((uint16_t *)out)[i * out_step] ^= UINT16_MAX;
}

void gm_tiff_values_convert(const gm_tiff_values *values, const uint8_t *row, size_t first, size_t step, size_t count,
                            void *out, size_t out_step) {
    gm_picture_type type;
    const conversion *found = NULL;
    gm_tiff_values_type(values, &type);
    for (size_t i = 0; i < GM_COUNT(conversions); i++)
        if (conversions[i].sample == values->sample && conversions[i].bits == values->bits)
            found = &conversions[i];
    if (found)
        found->convert(row + first * (values->bits / 8), step, count, out, out_step);
    else
        convert_bits(values->bits, row, first, step, count, out, out_step);
    if (values->inverted)
        invert(type, count, out, out_step);
}
