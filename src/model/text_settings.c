// What recipes say of texts: their symbols, as a text of characters or as a list of words.
#include "model/text_settings.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>
#include <string.h>

static const char *const units[] = {"characters", "words", NULL}; // gm_text_unit
static const char *const items[] = {"windows", "lines", NULL};    // gm_text_items
static const char *const forms[] = {"one_hot", "numbers", NULL};  // gm_text_form

#define ROW(name, of, ...)                                                                                             \
    { .key = #name, .kind = GM_PARAMETER_##of, .offset = offsetof(gm_text_schema, name), __VA_ARGS__ }
static const gm_parameter rows[] = {
    ROW(unit, CHOICE, .choices = units, .help = "what a symbol is"),
    ROW(items, CHOICE, .choices = items,
        .help = "what a sample is: a window from every place on, or a line (of a table: a cell), cut at the window's "
                "length or "
                "filled up"),
    ROW(window, INTEGER, .maximum = GM_TEXT_MOST_WINDOW, .help = "symbols of a sample; 0: 64, of language models 96"),
    ROW(form, CHOICE, .choices = forms,
        .help = "what networks see: (symbols, window) with 1 in the place of each symbol, or numbers (window), for "
                "embedding"),
    ROW(lower, BOOLEAN, .help = "capital letters become small ones"),
    ROW(join, BOOLEAN, .help = "line breaks and runs of spaces become one space"),
    ROW(most, INTEGER, .maximum = GM_TEXT_MOST_SYMBOLS,
        .help = "keep so many symbols, the most frequent, U+FFFD for all others among them; 0: all"),
};

static const char allowed[] = "a text of the characters, a list of symbols, or null";
static const char map[] = "null, or a map such as {window: 96, lower: true}";
static const char other_keys[] =
    "  column: a text; default null\n"
    "      of a table: the name, or the number from 1 on, of the column in which the texts stand\n"
    "  label: a text; default null\n"
    "      of a table: the column with the classes of the texts\n"
    "  symbols: a text of the characters, a list of symbols, or null; default null\n"
    "      those that there are, U+FFFD for all others; null: those that are found, which then stand in the run's "
    "recipe\n";

static gm_status keep(gm_arena *arena, const char *symbol, size_t bytes, const char **kept) {
    *kept = gm_arena_printf(arena, "%.*s", (int)bytes, symbol);
    return *kept ? GM_OK : gm_fail_memory(bytes, "symbols");
}

static gm_status read_characters(gm_arena *arena, const char *key, gm_text_schema *text, const gm_yaml *node) {
    const char **names = gm_arena_alloc(arena, (strlen(node->text) + 1) * sizeof *names);
    if (!names)
        return gm_fail_memory(strlen(node->text) * sizeof *names, "symbols");
    size_t count = 0, bytes;
    for (const char *at = node->text; *at; at += bytes) {
        bytes = gm_utf8_length(at);
        if (bytes == 0)
            return gm_recipe_refuse(node, key, "characters in UTF-8");
        GM_TRY(keep(arena, at, bytes, &names[count++]));
    }
    text->symbols = names;
    text->count = count;
    return count > 1 ? GM_OK : gm_recipe_refuse(node, key, "two characters or more");
}

static gm_status read_symbols(gm_arena *arena, const char *key, gm_text_schema *text, const gm_yaml *node) {
    text->symbols = NULL;
    text->count = 0;
    if (gm_yaml_is_null(node))
        return GM_OK;
    if (node->kind == GM_YAML_SCALAR)
        return read_characters(arena, key, text, node);
    if (node->kind != GM_YAML_LIST || node->count < 2)
        return gm_recipe_refuse(node, key, allowed);
    const char **names = gm_arena_alloc(arena, node->count * sizeof *names);
    if (!names)
        return gm_fail_memory(node->count * sizeof *names, "symbols");
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != GM_YAML_SCALAR || node->items[i]->text[0] == '\0')
            return gm_recipe_refuse(node->items[i], key, allowed);
        names[i] = node->items[i]->text;
    }
    text->symbols = names;
    text->count = node->count;
    return GM_OK;
}

static void write_symbols(const gm_text_schema *of, gm_text *text) {
    bool characters = true;
    for (size_t i = 0; i < of->count; i++)
        characters = characters && gm_utf8_length(of->symbols[i]) == strlen(of->symbols[i]);
    if (of->count == 0) {
        gm_text_append(text, " null");
        return;
    }
    if (characters) {
        gm_text joined = {0};
        for (size_t i = 0; i < of->count; i++)
            gm_text_append(&joined, of->symbols[i]);
        gm_text_append(text, " ");
        gm_text_append_json(text, joined.failed ? "" : joined.data); // YAML reads JSON's escapes
        text->failed |= joined.failed;
        gm_text_finish(&joined);
        return;
    }
    gm_text_append(text, " [");
    for (size_t i = 0; i < of->count; i++) {
        gm_text_append(text, i > 0 ? ", " : "");
        gm_text_append_json(text, of->symbols[i]);
    }
    gm_text_append(text, "]");
}

// ---- The map ----

static gm_status read_key(gm_arena *arena, gm_text_schema *text, const char *key, const char *origin,
                          const gm_yaml *node) {
    const char *known[GM_COUNT(rows) + 3];
    const gm_parameter *row = gm_parameter_find(rows, GM_COUNT(rows), key);
    if (strcmp(key, "symbols") == 0)
        return read_symbols(arena, "data.text.symbols", text, node);
    if (strcmp(key, "column") == 0)
        return gm_recipe_optional_type.read(arena, "data.text.column", &text->column, node);
    if (strcmp(key, "label") == 0)
        return gm_recipe_optional_type.read(arena, "data.text.label", &text->label, node);
    if (row)
        return gm_recipe_read_parameter(row, text, node);
    for (size_t i = 0; i < GM_COUNT(rows); i++)
        known[i] = rows[i].key;
    known[GM_COUNT(rows)] = "column";
    known[GM_COUNT(rows) + 1] = "symbols";
    known[GM_COUNT(rows) + 2] = "label";
    return gm_recipe_unknown(origin, "key in data.text", key, known, GM_COUNT(known));
}

static gm_status read_text(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    *(gm_text_schema *)field = (gm_text_schema){0};
    if (gm_yaml_is_null(node))
        return GM_OK;
    if (node->kind != GM_YAML_MAP)
        return gm_recipe_refuse(node, key, map);
    for (size_t i = 0; i < node->count; i++)
        GM_TRY(read_key(arena, field, node->keys[i], node->key_origins[i], node->items[i]));
    return GM_OK;
}

static void write_text(const void *field, gm_text *text) {
    const gm_text_schema *of = field;
    char value[80];
    bool said = of->column || of->label || of->count > 0 || of->unit || of->items || of->form || of->window > 0 ||
                of->lower || of->join || of->most > 0;
    if (!said) {
        gm_text_append(text, " null");
        return;
    }
    gm_text_append(text, " {");
    for (size_t i = 0; i < GM_COUNT(rows); i++)
        gm_text_printf(text, "%s: %s, ", rows[i].key, gm_parameter_format(&rows[i], of, value, sizeof value));
    gm_text_append(text, "column:");
    gm_recipe_optional_type.write(&of->column, text);
    if (of->label) {
        gm_text_append(text, ", label:");
        gm_recipe_optional_type.write(&of->label, text);
    }
    gm_text_append(text, ", symbols:");
    write_symbols(of, text);
    gm_text_append(text, "}");
}

static void allow_text(gm_text *text) {
    gm_text_append(text, map);
}

const gm_recipe_type gm_text_type = {read_text, write_text, allow_text};

void gm_text_settings_document(gm_text *text) {
    gm_recipe_document_typed(text, "TEXT (data.text)",
                             "of files that end in .txt, folders of these, a column of a table", rows, GM_COUNT(rows));
    gm_text_append(text, other_keys);
}
