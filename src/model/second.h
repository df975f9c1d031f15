// A second source of data: what differs from the first.
#ifndef GM_MODEL_SECOND_H
#define GM_MODEL_SECOND_H

#include "recipe/recipe.h"

// The value of the row `data.second`. `settings` is the common section with other data.
typedef struct gm_second {
    const gm_yaml *node;       // as the recipe has it; NULL: there is no second source
    const void *settings;      // NULL likewise
    const void *first;         // the section itself
    const gm_recipe_row *rows; // of it
    size_t row_count;
} gm_second;

extern const gm_recipe_type gm_second_type;

// For the section's `resolve`, when the first source is settled: makes second->settings, `size` bytes of those of
// `first` with what the recipe says of the second. Fails with the line of a key that cannot differ.
gm_status gm_second_resolve(gm_arena *arena, gm_second *second, const gm_recipe_row *rows, size_t row_count,
                            const void *first, size_t size);

#endif
