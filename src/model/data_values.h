// The types of what recipes say of data: a range, a size, a colour.
#ifndef GM_MODEL_DATA_VALUES_H
#define GM_MODEL_DATA_VALUES_H

#include "recipe/recipe.h"

typedef struct gm_range {
    double low, high;   // the values of black and white
    const char *origin; // where it stands, to begin messages with; NULL: not in the recipe
} gm_range;

extern const gm_recipe_type gm_data_range_type;  // gm_range
extern const gm_recipe_type gm_data_size_type;   // size_t[2], height and width; one number where they are equal
extern const gm_recipe_type gm_data_colour_type; // uint32_t, 0xRRGGBB

#endif
