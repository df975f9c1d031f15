// The types of numbers that array files hold.
#ifndef GM_DATA_VALUES_H
#define GM_DATA_VALUES_H

#include "base/base.h"

typedef struct gm_value_type {
    const char *npy;         // as NumPy's 'descr' has it, without the byte order; NULL: not in such files
    const char *safetensors; // NULL: not in such files
    size_t bytes;
    float (*convert)(const void *bytes); // from this machine's byte order
} gm_value_type;

extern const gm_value_type gm_value_u8, gm_value_u16;

// NULL for names of no type; npy: `text` begins with one.
const gm_value_type *gm_value_type_find_npy(const char *text);
const gm_value_type *gm_value_type_find_safetensors(const char *name);

enum { GM_VALUES_MAX_RANK = 6 };

typedef struct gm_values {
    const uint8_t *data; // `count` of the type
    size_t count;
    const gm_value_type *type;
    bool swapped;      // not in this machine's byte order
    size_t rank;       // of arrays in Fortran order, whose values shall come in C order; else 0
    const size_t *dim; // (rank)
} gm_values;
// As bytes (uint8 alone), or as floats.
void gm_values_copy(const gm_values *values, uint8_t *bytes);
void gm_values_convert(const gm_values *values, float *floats);

#endif
