// GAIN (Yoon, Jordon and van der Schaar 2018): a generator fills in the missing cells of a table's rows, and a
// discriminator says of every cell whether it was known.
//   D codes of a row, V of them values: places of numbers and categories one-hot, all in [0, 1]
//   x (N, V) the values, m (N, V) 1 where they are known, z noise in [0, noise)
//   y = G(m x + (1 - m) z, m), the completed row m x + (1 - m) y
#ifndef GM_MODEL_GAIN_H
#define GM_MODEL_GAIN_H

#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/training.h"

typedef struct gm_gain_settings {
    gm_layer_list generator, discriminator;
    double alpha; // weight of the distance from known values beside the generator's loss
    double hint;  // the share of cells of which the discriminator is told whether they are known
    double noise; // in place of missing values: uniform below this
    double drop;  // the share of known cells that the generator does not see in a step, and is to find again
    double hide;  // the share of known cells that training does not see
    int initializer;
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    gm_averaging average;
} gm_gain_settings;

extern const gm_recipe_section gm_gain_section;
const gm_gain_settings *gm_gain_of(const gm_recipe *recipe); // NULL: the model is of another kind

gm_status gm_gain_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);

// Where the values of rows stand among their codes.
typedef struct gm_gain_layout {
    size_t codes, values, columns; // columns: those with values
    int32_t *places;               // (values) among the codes
    int32_t *flags;                // (values) the code that says that it is missing; `codes`: none does
    int32_t *column;               // (values) of them
    int32_t *back;                 // (codes) among the values; `values`: it is no value
} gm_gain_layout;

// Of rows of a table, or of vectors, whose values are all known; in the arena.
gm_status gm_gain_layout_init(gm_gain_layout *layout, const gm_sample *format, gm_arena *arena);
// Columns `which` (K) of x (N, C) -> (N, K); number C is one of zeros.
gm_tensor *gm_gain_pick(gm_tensor *x, const int32_t *which, size_t count);
// The values in [0, 1] and which of them are known, of rows as networks see them.
void gm_gain_split(const gm_gain_layout *layout, const gm_sample *format, gm_tensor *rows, gm_tensor **values,
                   gm_tensor **known);
// m x + (1 - m) z beside m.
gm_tensor *gm_gain_input(gm_tensor *values, gm_tensor *known, gm_tensor *noise);
// m x + (1 - m) y
gm_tensor *gm_gain_complete(gm_tensor *values, gm_tensor *known, gm_tensor *made);

extern const gm_model_kind gm_gain_kind;

#endif
