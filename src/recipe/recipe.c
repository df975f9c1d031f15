// Reading a recipe: defaults from the tables, then the file, then the settings, then what only the whole can tell.
#include "recipe/recipe.h"

#include "recipe/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 16 << 20 }; // of a recipe

struct gm_recipe {
    const char *file;
    const gm_recipe_schema *schema;
    const gm_recipe_kind *kind;
    void *settings[GM_RECIPE_SECTIONS]; // in the order of the kind's sections
    gm_yaml *root;
    gm_arena arena;
};

const gm_recipe_kind *gm_recipe_get_kind(const gm_recipe *recipe) {
    return recipe->kind;
}

const char *gm_recipe_file(const gm_recipe *recipe) {
    return recipe->file;
}

void *gm_recipe_edit(gm_recipe *recipe, const gm_recipe_section *section) {
    for (size_t i = 0; i < recipe->kind->section_count; i++)
        if (recipe->kind->sections[i] == section)
            return recipe->settings[i];
    return NULL;
}

const void *gm_recipe_settings(const gm_recipe *recipe, const gm_recipe_section *section) {
    return gm_recipe_edit((gm_recipe *)(uintptr_t)recipe, section);
}

gm_arena *gm_recipe_arena(gm_recipe *recipe) {
    return &recipe->arena;
}

// ---- What the recipe itself says ----

// The node at the path, or, `nearest`, the last one on the way to it.
static const gm_yaml *find(const gm_yaml *root, const char *path, bool nearest) {
    const gm_yaml *node = root, *found = NULL;
    char key[80];
    while (node && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        node = gm_yaml_find(node, key);
        found = node ? node : found;
        path += length + (path[length] == '.');
    }
    return nearest ? found : node;
}

const gm_yaml *gm_recipe_find(const gm_recipe *recipe, const char *path) {
    return find(recipe->root, path, false);
}

const char *gm_recipe_origin(const gm_recipe *recipe, const char *path) {
    const gm_yaml *node = find(recipe->root, path, true);
    return node ? node->origin : recipe->file;
}

// ---- Rows ----

static gm_status read_row(gm_recipe *recipe, const gm_recipe_row *row, void *settings, const gm_yaml *node) {
    if (row->type)
        return row->type->read(&recipe->arena, row->value.key, (char *)settings + row->value.offset, node);
    return gm_recipe_read_parameter(&row->value, settings, node);
}

// A default goes the way of a setting, so that the table states it as a recipe would.
static gm_status set_default(gm_recipe *recipe, const gm_recipe_row *row, void *settings) {
    gm_yaml holder = {.kind = GM_YAML_MAP};
    const char *setting = gm_arena_printf(&recipe->arena, "value=%s", row->initial);
    if (!setting)
        return gm_fail_memory(strlen(row->initial), "a recipe");
    GM_TRY(gm_yaml_set(&holder, &recipe->arena, setting));
    return read_row(recipe, row, settings, holder.items[0]);
}

static gm_status set_defaults(gm_recipe *recipe) {
    for (size_t i = 0; i < recipe->kind->section_count; i++) {
        const gm_recipe_section *section = recipe->kind->sections[i];
        void *settings = recipe->settings[i] = gm_arena_alloc(&recipe->arena, section->size);
        if (!settings)
            return gm_fail_memory(section->size, "a recipe");
        for (const gm_recipe_row *row = section->rows; row < section->rows + section->row_count; row++) {
            if (!row->type)
                gm_parameter_defaults(&row->value, 1, settings);
            else if (row->initial)
                GM_TRY(set_default(recipe, row, settings));
        }
    }
    return GM_OK;
}

// The part of `key` behind the section ("data." of "data.batch"), or NULL when it is not in it.
static const char *within(const char *key, const char *section) {
    size_t length = strlen(section);
    return strncmp(key, section, length) == 0 ? key + length : NULL;
}

// Whether the kind has the key itself, or keys below it.
static bool knows(const gm_recipe_kind *kind, const char *key) {
    char section[82];
    snprintf(section, sizeof section, "%s.", key);
    for (size_t i = 0; i < kind->section_count; i++)
        for (size_t j = 0; j < kind->sections[i]->row_count; j++) {
            const char *row = kind->sections[i]->rows[j].value.key;
            if (strcmp(row, key) == 0 || within(row, section))
                return true;
        }
    return false;
}

// The mark of the kind that the recipe has; NULL: none.
static const char *find_mark(const gm_recipe_kind *kind, const gm_yaml *root) {
    const char *const *mark = kind->marks;
    while (*mark && !gm_yaml_find(root, *mark))
        mark++;
    return *mark;
}

// ---- The map of keys against the tables ----

enum { MOST_WORDS = 64 };

// What may stand below the section: the next parts of all keys in it.
static size_t list_words(const gm_recipe_kind *kind, const char *section, char words[MOST_WORDS][40]) {
    size_t count = 0;
    for (size_t i = 0; i < kind->section_count; i++)
        for (size_t j = 0; j < kind->sections[i]->row_count && count < MOST_WORDS; j++) {
            const char *rest = within(kind->sections[i]->rows[j].value.key, section);
            if (!rest)
                continue;
            snprintf(words[count], sizeof words[count], "%.*s", (int)strcspn(rest, "."), rest);
            bool new = true;
            for (size_t k = 0; k < count; k++)
                new = new &&strcmp(words[k], words[count]) != 0;
            count += new;
        }
    return count;
}

// A recipe without a mark may have one misspelt, of whichever kind.
static size_t add_marks(const gm_recipe_schema *schema, const char **words, size_t count) {
    for (size_t i = 1; i < schema->kind_count; i++)
        for (const char *const *mark = schema->kinds[i].marks; *mark && count < MOST_WORDS; mark++)
            words[count++] = *mark;
    return count;
}

// A key that this kind does not have: another kind's, or nobody's.
static gm_status fail_unknown_key(const gm_recipe *recipe, const char *path, const char *section, const char *key,
                                  const char *origin) {
    char words[MOST_WORDS][40], thing[80];
    const char *list[MOST_WORDS], *mark = find_mark(recipe->kind, recipe->root);
    for (size_t i = 0; i < recipe->schema->kind_count; i++) {
        const gm_recipe_kind *other = &recipe->schema->kinds[i];
        if (other != recipe->kind && !strchr(key, '.') && knows(other, path))
            return gm_fail(GM_ERROR_FORMAT, "%s: %s belongs to %s, but this recipe is that of %s%s%s: remove %s",
                           origin, path, other->description, recipe->kind->description, mark ? ", as it has " : "",
                           mark ? mark : "", mark ? "one of the two" : "it");
    }
    size_t count = list_words(recipe->kind, section, words);
    for (size_t i = 0; i < count; i++)
        list[i] = words[i];
    if (!section[0] && !mark)
        count = add_marks(recipe->schema, list, count);
    if (section[0])
        snprintf(thing, sizeof thing, "key in %.*s", (int)strlen(section) - 1, section);
    return gm_recipe_unknown(origin, section[0] ? thing : "key", key, list, count);
}

static gm_status read_map(gm_recipe *recipe, const gm_yaml *map, const char *section);

// seen: whether the key is a row's.
static gm_status read_as_row(gm_recipe *recipe, const char *path, const gm_yaml *value, bool *seen) {
    for (size_t i = 0; i < recipe->kind->section_count; i++)
        for (size_t j = 0; j < recipe->kind->sections[i]->row_count; j++)
            if (strcmp(recipe->kind->sections[i]->rows[j].value.key, path) == 0) {
                *seen = true;
                return read_row(recipe, &recipe->kind->sections[i]->rows[j], recipe->settings[i], value);
            }
    return GM_OK;
}

static gm_status read_key(gm_recipe *recipe, const gm_yaml *map, size_t index, const char *section) {
    const char *key = map->keys[index], *origin = map->key_origins[index];
    const gm_yaml *value = map->items[index];
    char path[80], inner[82];
    bool seen = false;
    int length = snprintf(path, sizeof path, "%s%s", section, key);
    if (length >= (int)sizeof path || strchr(key, '.') || !knows(recipe->kind, path))
        return fail_unknown_key(recipe, path, section, key, origin);
    GM_TRY(read_as_row(recipe, path, value, &seen));
    if (seen || gm_yaml_is_null(value))
        return GM_OK;
    if (value->kind != GM_YAML_MAP)
        return gm_recipe_refuse(value, path, "a map of keys (indented below it, or in braces)");
    snprintf(inner, sizeof inner, "%s.", path);
    return read_map(recipe, value, inner);
}

static gm_status read_map(gm_recipe *recipe, const gm_yaml *map, const char *section) {
    for (size_t i = 0; i < map->count; i++)
        GM_TRY(read_key(recipe, map, i, section));
    return GM_OK;
}

static gm_status check_required(const gm_recipe *recipe) {
    for (size_t i = 0; i < recipe->kind->section_count; i++)
        for (size_t j = 0; j < recipe->kind->sections[i]->row_count; j++) {
            const gm_parameter *value = &recipe->kind->sections[i]->rows[j].value;
            if (value->required && !gm_recipe_find(recipe, value->key))
                return gm_fail(GM_ERROR_FORMAT, "%s: %s is missing: %s", gm_recipe_origin(recipe, value->key),
                               value->key, value->help);
        }
    return GM_OK;
}

// ---- Recipes ----

// The first kind, unless the recipe has a mark of another.
static const gm_recipe_kind *choose_kind(const gm_recipe_schema *schema, const gm_yaml *root) {
    for (size_t i = 1; i < schema->kind_count; i++)
        if (find_mark(&schema->kinds[i], root))
            return &schema->kinds[i];
    return &schema->kinds[0];
}

static gm_status read_recipe(gm_recipe *recipe, const char *text, size_t bytes, const char *const *settings,
                             size_t count) {
    GM_TRY(gm_yaml_parse(&recipe->root, &recipe->arena, recipe->file, text, bytes));
    for (size_t i = 0; i < count; i++)
        GM_TRY(gm_yaml_set(recipe->root, &recipe->arena, settings[i]));
    recipe->kind = choose_kind(recipe->schema, recipe->root);
    GM_TRY(set_defaults(recipe));
    GM_TRY(read_map(recipe, recipe->root, ""));
    GM_TRY(check_required(recipe));
    for (size_t i = 0; i < recipe->kind->section_count; i++)
        if (recipe->kind->sections[i]->resolve)
            GM_TRY(recipe->kind->sections[i]->resolve(recipe, recipe->settings[i]));
    return GM_OK;
}

gm_status gm_recipe_parse(gm_recipe **recipe, const gm_recipe_schema *schema, const char *file, const char *text,
                          size_t bytes, const char *const *settings, size_t count) {
    *recipe = NULL;
    gm_recipe *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a recipe"));
    made->schema = schema;
    made->file = gm_arena_string(&made->arena, file);
    gm_status status =
        made->file ? read_recipe(made, text, bytes, settings, count) : gm_fail_memory(strlen(file), "a recipe");
    if (status != GM_OK)
        gm_recipe_destroy(&made);
    *recipe = made;
    return status;
}

gm_status gm_recipe_read(gm_recipe **recipe, const gm_recipe_schema *schema, const char *path,
                         const char *const *settings, size_t count) {
    *recipe = NULL;
    char *text;
    size_t bytes;
    GM_TRY(gm_file_read(path, MAX_BYTES, &text, &bytes));
    gm_status status = gm_recipe_parse(recipe, schema, path, text, bytes, settings, count);
    free(text);
    return status;
}

void gm_recipe_destroy(gm_recipe **recipe) {
    if (!recipe || !*recipe)
        return;
    gm_arena_finish(&(*recipe)->arena);
    free(*recipe);
    *recipe = NULL;
}
