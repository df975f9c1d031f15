// What the files of the recipe share: the table of keys, and the kinds of values beyond those of gm_parameter.
#ifndef GM_TRAIN_RECIPE_TABLE_H
#define GM_TRAIN_RECIPE_TABLE_H

#include "train/recipe.h"
#include "train/recipe_tree.h"

// How a kind of value is read from a node, written as YAML, and described. `field` is the value's place in the recipe.
typedef struct gm_recipe_kind {
    gm_status (*read)(gm_recipe *recipe, const char *key, void *field, const gm_node *node);
    void (*write)(const gm_recipe *recipe, const void *field, gm_text *text); // what stands behind "key:"
    void (*allowed)(gm_text *text);                                           // "one of a, b"
} gm_recipe_kind;

typedef struct gm_recipe_row {
    gm_parameter value;         // key: the whole path, "data.batch"; of kind GM_PARAMETER_INVALID with a `kind` of ours
    const gm_recipe_kind *kind; // NULL for gm_parameter's own kinds
    const char *initial;        // YAML, for a `kind`; NULL: no default (required, or unset)
} gm_recipe_row;

extern const gm_recipe_row gm_recipe_rows[];
extern const size_t gm_recipe_row_count;
// The one kind of model that has this key, 0 when all have it.
gm_recipe_model gm_recipe_key_model(const char *key);

extern const gm_recipe_kind gm_recipe_name_kind;         // const char *
extern const gm_recipe_kind gm_recipe_string_kind;       // const char *, NULL from null
extern const gm_recipe_kind gm_recipe_size_kind;         // size_t[2], both 0 or none
extern const gm_recipe_kind gm_recipe_range_kind;        // double[2]
extern const gm_recipe_kind gm_recipe_layers_kind;       // gm_layer_list
extern const gm_recipe_kind gm_recipe_loss_kind;         // const gm_gan_loss *
extern const gm_recipe_kind gm_recipe_optimizer_kind;    // gm_optimizer
extern const gm_recipe_kind gm_recipe_regularizers_kind; // gm_regularizers
extern const gm_recipe_kind gm_recipe_metrics_kind;      // uint32_t, set of 1 << gm_monitor_metric
extern const gm_recipe_kind gm_recipe_categories_kind;   // gm_recipe_list of whole numbers, 2 at least
extern const gm_recipe_kind gm_recipe_weights_kind;      // gm_recipe_list of numbers, 0 at least

// The first layer, in layers of layers too, whose results depend on the rest of the batch; NULL: none.
const gm_layer *gm_recipe_across_samples(const gm_layer_list *list);
// Settles what regularisers mean for the rest of the recipe, once that is read. Fails where they contradict it.
gm_status gm_recipe_resolve_regularizers(gm_recipe *recipe);
// Fails where an autoencoder's settings contradict each other. The recipe has a decoder.
gm_status gm_recipe_resolve_autoencoder(const gm_recipe *recipe, const gm_node *root);
// Calls `document` for each regulariser.
typedef void gm_recipe_document(gm_text *text, const char *name, const char *help, const gm_parameter *rows,
                                size_t count);
void gm_recipe_document_regularizers(gm_text *text, gm_recipe_document *document);

// Sets a value of gm_parameter's kinds from a node: a scalar, or a list of scalars.
gm_status gm_recipe_read_parameter(const gm_parameter *row, void *values, const gm_node *node);
// "ORIGIN: unknown THING 'word'; did you mean 'x'?" or "...; allowed are a, b, c".
gm_status gm_recipe_unknown(const char *origin, const char *thing, const char *word, const char *const *words,
                            size_t count);
// Fails with "ORIGIN: KEY must be ALLOWED, not WHAT IS THERE".
gm_status gm_recipe_refuse(const gm_node *node, const char *key, const char *allowed);
// Splits "relu" or "dense: 128" into name and value (NULL: no settings). `noun` and `example` are for messages.
gm_status gm_recipe_split(const gm_node *node, const char *noun, const char *example, const char **name,
                          const gm_node **value);
// Reads "name: VALUE": a map of settings, or the value of the positional one.
gm_status gm_recipe_read_settings(gm_recipe *recipe, const char *name, const gm_parameter *rows, size_t count,
                                  void *values, const gm_node *value);
// "name" or "name: {key: value, ...}" with every row of the table.
void gm_recipe_write_typed(gm_text *text, const char *name, const gm_parameter *rows, size_t count, const void *values,
                           bool braces);

#endif
