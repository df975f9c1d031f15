// Schemas of tables in YAML: of recipes (data.columns, data.dialect) and of files.
#ifndef GM_MODEL_COLUMNS_H
#define GM_MODEL_COLUMNS_H

#include "ganymede/table.h"
#include "recipe/recipe.h"

extern const gm_recipe_type gm_columns_type; // const gm_table_schema *, NULL from null
extern const gm_recipe_type gm_dialect_type; // gm_table_dialect, zero from null

// Makes the two one: the dialect of a file of columns holds where there is no other.
gm_status gm_columns_join(gm_arena *arena, const gm_table_schema **columns, gm_table_dialect *dialect);
// Whether what `given` says of its columns is true of those that were found. NULL says nothing.
bool gm_columns_agree(const gm_table_schema *given, const gm_table_schema *found);

#endif
