// The types of values that several owners' rows have, and what reading one's own takes.
#ifndef GM_RECIPE_VALUE_H
#define GM_RECIPE_VALUE_H

#include "recipe/recipe.h"

// ---- Types ----

extern const gm_recipe_type gm_recipe_text_type;     // const char *, one line
extern const gm_recipe_type gm_recipe_optional_type; // the same, NULL from null
extern const gm_recipe_type gm_recipe_name_type;     // const char *, fit for a folder
extern const gm_recipe_type gm_recipe_layers_type;   // gm_layer_list; of the layers each passed gm_layer_check, and
                                                     // `origin` tells where it stands
extern const gm_recipe_type gm_recipe_optional_layers_type; // the same, of none from []
extern const gm_recipe_type gm_recipe_optimizer_type;       // gm_optimizer, which passed gm_optimizer_check

// A list of words.
typedef struct gm_recipe_words {
    const char *const *words; // in the recipe's arena
    size_t count;
} gm_recipe_words;
extern const gm_recipe_type gm_recipe_words_type; // gm_recipe_words

// A list of numbers.
typedef struct gm_recipe_list {
    const double *values; // in the recipe's arena
    size_t count;
    const char *origin; // where it stands, to begin messages with
} gm_recipe_list;

// item: what each number may be. allowed: in words, for messages.
gm_status gm_recipe_read_list(gm_arena *arena, const char *key, gm_recipe_list *list, const gm_yaml *node,
                              const gm_parameter *item, const char *allowed);
void gm_recipe_write_list(const void *list, gm_text *text);

// ---- Reading and writing ----

// Sets a value of gm_parameter's kinds from a node: a scalar, or a list of scalars.
gm_status gm_recipe_read_parameter(const gm_parameter *row, void *values, const gm_yaml *node);
// Splits "relu" or "dense: 128" into name and value (NULL: no settings). `noun` and `example` are for messages.
gm_status gm_recipe_split(const gm_yaml *node, const char *noun, const char *example, const char **name,
                          const gm_yaml **value);
// Reads "name: VALUE": a map of settings, or the value of the positional one.
gm_status gm_recipe_read_settings(gm_arena *arena, const char *name, const gm_parameter *rows, size_t count,
                                  void *values, const gm_yaml *value);
// "name" or "name: {key: value, ...}" with every row of the table.
void gm_recipe_write_typed(gm_text *text, const char *name, const gm_parameter *rows, size_t count, const void *values,
                           bool braces);

// ---- Messages ----

// "ORIGIN: unknown THING 'word'; did you mean 'x'?" or "...; allowed are a, b, c".
gm_status gm_recipe_unknown(const char *origin, const char *thing, const char *word, const char *const *words,
                            size_t count);
// Fails with "ORIGIN: KEY must be ALLOWED, not WHAT IS THERE".
gm_status gm_recipe_refuse(const gm_yaml *node, const char *key, const char *allowed);

#endif
