// Recipes: what to train, read from YAML into the settings of whoever has a say in it.
//
// Nothing here knows a key. An owner (the data, a kind of model, the log, the monitor) describes its keys by a section:
// a table of rows over a settings struct of its own. A schema says which sections a kind of recipe has. Parser,
// messages, the resolved recipe and the documentation are made from these tables alone.
#ifndef GM_RECIPE_RECIPE_H
#define GM_RECIPE_RECIPE_H

#include "ganymede/parameter.h"
#include "recipe/tree.h"

typedef struct gm_recipe gm_recipe;

// ---- What owners provide ----

// A type of value beyond those of gm_parameter. `field` is the value's place in the settings; what it points to lies
// in the arena.
typedef struct gm_recipe_type {
    gm_status (*read)(gm_arena *arena, const char *key, void *field, const gm_yaml *node);
    void (*write)(const void *field, gm_text *text); // what stands behind "key:"
    void (*allowed)(gm_text *text);                  // "one of a, b"
} gm_recipe_type;

typedef struct gm_recipe_row {
    gm_parameter value;         // key: the whole path, "data.batch"; of kind GM_PARAMETER_INVALID with a `type` of ours
    const gm_recipe_type *type; // NULL for gm_parameter's own kinds
    const char *initial;        // YAML, for a `type`; NULL: no default (required, or unset)
} gm_recipe_row;

// The keys of a first part ("data.") stand together, also where several sections have some.
typedef struct gm_recipe_section {
    const gm_recipe_row *rows;
    size_t row_count;
    size_t size; // of the settings, in bytes
    // What only the whole recipe can tell: settles settings that depend on others, fails where they contradict each
    // other. NULL: nothing.
    gm_status (*resolve)(gm_recipe *recipe, void *settings);
    void (*document)(gm_text *text); // appends the reference of what its rows' values may name; NULL: nothing
} gm_recipe_section;

enum { GM_RECIPE_SECTIONS = 8 };

// A kind of recipe: which sections it has, in the order in which the resolved recipe is written.
typedef struct gm_recipe_kind {
    const char *name;         // "gan"
    const char *description;  // for messages: "a GAN (generator and discriminator)"
    const char *const *marks; // first parts of keys: a recipe with one of them is of this kind; ends with NULL
    const gm_recipe_section *sections[GM_RECIPE_SECTIONS];
    size_t section_count;
} gm_recipe_kind;

// The first kind is that of recipes without any mark. Lives as long as its recipes.
typedef struct gm_recipe_schema {
    const gm_recipe_kind *kinds;
    size_t kind_count;
} gm_recipe_schema;

// Rows of a section's table. `of` is the settings struct, `field` a place in it.
#define GM_ROW(of, path, field, type_, standard, text, ...)                                                            \
    {                                                                                                                  \
        .value = {                                                                                                     \
            .key = path,                                                                                               \
            .kind = GM_PARAMETER_##type_,                                                                              \
            .offset = offsetof(of, field),                                                                             \
            .initial = standard,                                                                                       \
            .help = text,                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define GM_ROW_INTEGER(of, path, field, least, most, standard, text)                                                   \
    GM_ROW(of, path, field, INTEGER, standard, text, .minimum = least, .maximum = most)
#define GM_ROW_PAIR(of, path, field, least, most, standard, text)                                                      \
    GM_ROW(of, path, field, PAIR, standard, text, .minimum = least, .maximum = most)
#define GM_ROW_NUMBER(of, path, field, least, most, standard, text)                                                    \
    GM_ROW(of, path, field, NUMBER, standard, text, .minimum = least, .maximum = most)
#define GM_ROW_BOOLEAN(of, path, field, standard, text)                                                                \
    GM_ROW(of, path, field, BOOLEAN, standard, text, .choices = NULL)
#define GM_ROW_CHOICE(of, path, field, words, standard, text)                                                          \
    GM_ROW(of, path, field, CHOICE, standard, text, .choices = words)
#define GM_ROW_TYPED(of, path, field, type_, standard, must, text)                                                     \
    {                                                                                                                  \
        .value = {.key = path, .offset = offsetof(of, field), .required = must, .help = text}, .type = &type_,         \
        .initial = standard                                                                                            \
    }

// ---- Reading ----

// Reads a recipe file, then applies `settings` in order: "data.batch=32", "optimizer.generator.adam.rate=1e-4",
// "generator.0.dense.units=256"; a value is YAML ("data.range=[0, 1]"). settings may be NULL when count is 0.
// Fails with "FILE:LINE: what was wrong and what is allowed", or "--set KEY=VALUE: ..." for a setting.
gm_status gm_recipe_read(gm_recipe **recipe, const gm_recipe_schema *schema, const char *path,
                         const char *const *settings, size_t count);
// The same from text in memory; `file` stands for the path in messages.
gm_status gm_recipe_parse(gm_recipe **recipe, const gm_recipe_schema *schema, const char *file, const char *text,
                          size_t bytes, const char *const *settings, size_t count);
void gm_recipe_destroy(gm_recipe **recipe);

const gm_recipe_kind *gm_recipe_get_kind(const gm_recipe *recipe);
const char *gm_recipe_file(const gm_recipe *recipe); // as given
// The settings of a section, every one set and in its range; NULL when recipes of this kind have no such section.
const void *gm_recipe_settings(const gm_recipe *recipe, const gm_recipe_section *section);
// The same for a `resolve` that settles what another section left open.
void *gm_recipe_edit(gm_recipe *recipe, const gm_recipe_section *section);
gm_arena *gm_recipe_arena(gm_recipe *recipe); // for what `resolve` adds

// What the recipe itself says at a path ("kl_term.weight"); NULL: nothing.
const gm_yaml *gm_recipe_find(const gm_recipe *recipe, const char *path);
// Where that stands, else where the section around it does, else the file: to begin messages with.
const char *gm_recipe_origin(const gm_recipe *recipe, const char *path);

// ---- Writing ----

// Appends the recipe as resolved, every key written out, as YAML. Reading it back gives the same recipe, and writing
// that the same text.
gm_status gm_recipe_write(const gm_recipe *recipe, gm_text *text);

// Appends the reference of every key of every kind, and of every layer and optimiser, as plain text.
gm_status gm_recipe_documentation(const gm_recipe_schema *schema, gm_text *text);
// For a section's `document`: a heading, and below it what may be set.
void gm_recipe_document_typed(gm_text *text, const char *name, const char *help, const gm_parameter *rows,
                              size_t count);

#endif
