// Values in recipes: what they share with gm_parameter, texts, lists of numbers, and the messages about all of them.
#include "recipe/value.h"

#include <ctype.h>
#include <string.h>

// ---- Messages ----

gm_status gm_recipe_refuse(const gm_yaml *node, const char *key, const char *allowed) {
    char given[80];
    return gm_fail(GM_ERROR_FORMAT, "%s: %s must be %s, not %s", node->origin, key, allowed,
                   gm_yaml_describe(node, given, sizeof given));
}

gm_status gm_recipe_unknown(const char *origin, const char *thing, const char *word, const char *const *words,
                            size_t count) {
    gm_text allowed = {0};
    const char *near = gm_suggest(word, words, count);
    for (size_t i = 0; i < count; i++)
        gm_text_printf(&allowed, "%s%s", i > 0 ? ", " : "", words[i]);
    gm_status status = gm_fail(GM_ERROR_FORMAT, "%s: unknown %s '%.60s'%s%s%s; allowed %s %s", origin, thing, word,
                               near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "",
                               count == 1 ? "is" : "are", allowed.data ? allowed.data : "none");
    gm_text_finish(&allowed);
    return status;
}

// ---- gm_parameter's kinds ----

gm_status gm_recipe_read_parameter(const gm_parameter *row, void *values, const gm_yaml *node) {
    char allowed[256];
    gm_parameter_allowed(row, allowed, sizeof allowed);
    gm_status status;
    if (node->kind == GM_YAML_SCALAR && !gm_yaml_is_null(node)) {
        status = gm_parameter_set_text(row, values, node->text);
        return status == GM_OK ? GM_OK : gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
    }
    const char *items[2 * GM_MAX_RANK];
    if (node->kind != GM_YAML_LIST || node->count > GM_COUNT(items))
        return gm_recipe_refuse(node, row->key, allowed);
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != GM_YAML_SCALAR)
            return gm_recipe_refuse(node, row->key, allowed);
        items[i] = node->items[i]->text;
    }
    status = gm_parameter_set_list(row, values, items, node->count);
    return status == GM_OK ? GM_OK : gm_fail_prefix(GM_ERROR_FORMAT, "%s", node->origin);
}

// ---- Strings ----

// Line breaks and controls would not survive a line of YAML; the last three are line breaks to libyaml.
static bool is_plain_text(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return !strstr(text, "\xc2\x85") && !strstr(text, "\xe2\x80\xa8") && !strstr(text, "\xe2\x80\xa9");
}

static gm_status read_text(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena; // where the nodes are, too
    if (node->kind != GM_YAML_SCALAR || gm_yaml_is_null(node) || node->text[0] == '\0' || !is_plain_text(node->text))
        return gm_recipe_refuse(node, key, "a text of one line");
    *(const char **)field = node->text;
    return GM_OK;
}

static gm_status read_optional(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    *(const char **)field = NULL;
    return gm_yaml_is_null(node) ? GM_OK : read_text(arena, key, field, node);
}

static gm_status read_name(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    GM_TRY(read_text(arena, key, field, node));
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (node->text[0] == '.' || node->text[0] == '-' || node->text[strspn(node->text, letters)] != '\0' ||
        strlen(node->text) > 100)
        return gm_recipe_refuse(node, key, "1 to 100 letters, digits, '-', '_' and '.', for a folder's name");
    return GM_OK;
}

// Plain where that reads back as the same text, else in single quotes.
static void write_text(const void *field, gm_text *text) {
    const char *string = *(const char *const *)field;
    if (!string) {
        gm_text_append(text, " null");
        return;
    }
    bool plain = isalnum((unsigned char)string[0]) || string[0] == '/';
    for (const char *c = string; *c && plain; c++)
        plain = isalnum((unsigned char)*c) || strchr("-_./", *c);
    if (plain && strcmp(string, "null") != 0) {
        gm_text_printf(text, " %s", string);
        return;
    }
    gm_text_append(text, " '");
    for (const char *c = string; *c; c++)
        gm_text_printf(text, *c == '\'' ? "''" : "%c", *c);
    gm_text_append(text, "'");
}

static void allow_text(gm_text *text) {
    gm_text_append(text, "a text");
}

const gm_recipe_type gm_recipe_text_type = {read_text, write_text, allow_text};
const gm_recipe_type gm_recipe_optional_type = {read_optional, write_text, allow_text};
const gm_recipe_type gm_recipe_name_type = {read_name, write_text, allow_text};

// ---- Lists of words ----

static gm_status read_words(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    static const char allowed[] = "a list of words";
    if (node->kind != GM_YAML_LIST)
        return gm_recipe_refuse(node, key, allowed);
    const char **words = gm_arena_alloc(arena, GM_MAX(node->count, (size_t)1) * sizeof *words);
    if (!words)
        return gm_fail_memory(node->count * sizeof *words, "a recipe");
    for (size_t i = 0; i < node->count; i++)
        if (read_text(arena, key, &words[i], node->items[i]) != GM_OK)
            return gm_recipe_refuse(node->items[i], key, allowed);
    *(gm_recipe_words *)field = (gm_recipe_words){words, node->count};
    return GM_OK;
}

static void write_words(const void *field, gm_text *text) {
    const gm_recipe_words *list = field;
    gm_text_append(text, " [");
    for (size_t i = 0; i < list->count; i++) {
        gm_text_append(text, i > 0 ? "," : "");
        gm_text one = {0};
        write_text(&list->words[i], &one);
        gm_text_append(text, one.failed ? "" : one.data + (i == 0));
        text->failed |= one.failed;
        gm_text_finish(&one);
    }
    gm_text_append(text, "]");
}

static void allow_words(gm_text *text) {
    gm_text_append(text, "a list of words");
}

const gm_recipe_type gm_recipe_words_type = {read_words, write_words, allow_words};

// ---- Lists of numbers ----

gm_status gm_recipe_read_list(gm_arena *arena, const char *key, gm_recipe_list *list, const gm_yaml *node,
                              const gm_parameter *item, const char *allowed) {
    if (node->kind != GM_YAML_LIST)
        return gm_recipe_refuse(node, key, allowed);
    double *values = gm_arena_alloc(arena, GM_MAX(node->count, (size_t)1) * sizeof *values);
    if (!values)
        return gm_fail_memory(node->count * sizeof *values, "a recipe");
    for (size_t i = 0; i < node->count; i++)
        if (node->items[i]->kind != GM_YAML_SCALAR ||
            gm_parameter_set_text(item, &values[i], node->items[i]->text) != GM_OK)
            return gm_recipe_refuse(node->items[i], key, allowed);
    *list = (gm_recipe_list){values, node->count, node->origin};
    return GM_OK;
}

void gm_recipe_write_list(const void *field, gm_text *text) {
    static const gm_parameter number = {.kind = GM_PARAMETER_NUMBER};
    const gm_recipe_list *list = field;
    char value[40];
    gm_text_append(text, " [");
    for (size_t i = 0; i < list->count; i++)
        gm_text_printf(text, "%s%s", i > 0 ? ", " : "",
                       gm_parameter_format(&number, &list->values[i], value, sizeof value));
    gm_text_append(text, "]");
}
