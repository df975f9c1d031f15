// Rows of values as TIFF stores them, of any number of bits, as values of a picture.
#ifndef GM_DATA_TIFF_VALUES_H
#define GM_DATA_TIFF_VALUES_H

#include "data/fit.h"

typedef enum gm_tiff_sample { GM_TIFF_UNSIGNED = 1, GM_TIFF_SIGNED, GM_TIFF_FLOAT } gm_tiff_sample;

typedef struct gm_tiff_values {
    gm_tiff_sample sample;
    unsigned bits;
    bool inverted; // 0 is white
} gm_tiff_values;

// Whether such values are read; *type: what they become. Unsigned ones of up to 16 bits keep to the range of 8 or 16;
// all others become floats of the same value.
bool gm_tiff_values_type(const gm_tiff_values *values, gm_picture_type *type);
// `count` values, each `step` values behind the other, from value `first` of a stored row on, in the machine's byte
// order, into out[0], out[out_step], ... of values of the type.
void gm_tiff_values_convert(const gm_tiff_values *values, const uint8_t *row, size_t first, size_t step, size_t count,
                            void *out, size_t out_step);

#endif
