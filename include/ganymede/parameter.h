// Tables of named settings: one row per key drives the recipe's parser, its error messages, its documentation and
// the recipe as resolved. Layers and optimisers are described by such tables, so that adding one is adding rows.
#ifndef GANYMEDE_PARAMETER_H
#define GANYMEDE_PARAMETER_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gm_parameter_kind {
    GM_PARAMETER_INVALID = 0,
    GM_PARAMETER_INTEGER, // size_t
    GM_PARAMETER_PAIR,    // size_t[2] (height, width); written as one integer or as [height, width]
    GM_PARAMETER_AXES, // size_t[GM_SPATIAL_AXES]; written as one integer for all spatial axes, or as a list of one for
                       // each, behind whose end lies GM_NO_AXIS
    GM_PARAMETER_NUMBER,  // double
    GM_PARAMETER_RANGE,   // gm_interval; written as [low, high], or as one number: how far it reaches from `neutral`
                          // to both sides, or where neutral is an end of what is allowed, its other end
    GM_PARAMETER_BOOLEAN, // bool; true/false, yes/no, on/off
    GM_PARAMETER_SHAPE,   // gm_shape of 1 to GM_MAX_RANK - 1 dimensions; written as one integer or as a list; of none
                          // unless required
    GM_PARAMETER_CHOICE,  // int: index into `choices`
    GM_PARAMETER_NAME,    // char[GM_NAME_SIZE]: letters, digits, '_' and '-'; empty unless required
    GM_PARAMETER_LAYERS,  // gm_layer_list; a recipe's list of layers, gm_layer_set_layers in C
} gm_parameter_kind;

#define GM_NAME_SIZE 32 // with the terminating zero
#define GM_NO_AXIS   SIZE_MAX

// From low to high, both ends included.
typedef struct gm_interval {
    double low, high;
} gm_interval;

// A list of layers, which nn.h describes.
struct gm_layer;
typedef struct gm_layer_list {
    const struct gm_layer *layers;
    size_t count;
} gm_layer_list;

typedef struct gm_parameter {
    const char *key;
    gm_parameter_kind kind;
    size_t offset;              // of the value in its struct
    double initial;             // the default (for a choice: its index)
    double minimum, maximum;    // of integers, numbers and each element of pairs, shapes and ranges; both ends allowed
    double neutral;             // of ranges: what changes nothing
    const char *const *choices; // NULL-terminated; choices alone
    const char *help;
    bool required;   // has no default: the recipe must set it
    bool positional; // the one key a bare value sets, as in `leaky_relu: 0.2`; at most one per table
    bool negated;    // booleans: the struct holds the opposite (`no_bias` of the key `bias`), so that zero is default
} gm_parameter;

// The row of that key, or of the positional parameter when key is NULL; NULL when there is none.
GM_API const gm_parameter *gm_parameter_find(const gm_parameter *rows, size_t count, const char *key);
// Write every row's default into the struct at `values` (required ones: zero).
GM_API void gm_parameter_defaults(const gm_parameter *rows, size_t count, void *values);
// Set a value from a recipe's scalar, from a recipe's list of scalars, or from a number (booleans: 0 or 1). Lists of
// layers are none of these.
// Fail with a message that names the key and what is allowed; the value is then unchanged.
GM_API gm_status gm_parameter_set_text(const gm_parameter *row, void *values, const char *text);
GM_API gm_status gm_parameter_set_list(const gm_parameter *row, void *values, const char *const *items, size_t count);
GM_API gm_status gm_parameter_set_number(const gm_parameter *row, void *values, double value);
// The value as a recipe writes it ("[4, 4]", "0.2", "true"), cut to `size` bytes, always terminated; returns `text`.
// (Of a list of layers only whether it is empty: "[]" or "[...]".)
GM_API char *gm_parameter_format(const gm_parameter *row, const void *values, char *text, size_t size);
// What the row allows, in words ("an integer from 1 to 65536", "one of relu, tanh"); as gm_parameter_format.
GM_API char *gm_parameter_allowed(const gm_parameter *row, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
