// A second source of data: a map of the keys of `data`, of which those that it lacks are the first source's.
//
// It is read when the first is known. What is written is what differs, so that the resolved recipe says the same.
#include "model/second.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stdio.h>
#include <string.h>

static const char section[] = "data.";
// Both are read into one batch by one trainer, and made for networks in one range.
static const char *const shared[] = {"second",  "pairs", "batch", "range",   "resident", "hold",   "damaged",
                                     "columns", "text",  "sound", "dialect", "augment",  "balance"};
enum { MOST_KEYS = 64 };

// The row's key without its section; NULL: it is of another section, or of both sources.
static const char *own_key(const gm_recipe_row *row) {
    const char *key = row->value.key + sizeof section - 1;
    if (strncmp(row->value.key, section, sizeof section - 1) != 0)
        return NULL;
    for (size_t i = 0; i < GM_COUNT(shared); i++)
        if (strcmp(key, shared[i]) == 0)
            return NULL;
    return key;
}

// ---- The row's type ----

static gm_status read(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena;
    if (!gm_yaml_is_null(node) && node->kind != GM_YAML_MAP)
        return gm_recipe_refuse(node, key, "null, or a map of the keys of data that differ, such as {source: DIR}");
    *(gm_second *)field = (gm_second){.node = node->kind == GM_YAML_MAP ? node : NULL};
    return GM_OK;
}

static void write_value(const gm_recipe_row *row, const void *settings, gm_text *text) {
    char value[256];
    text->length = 0;
    if (row->type)
        row->type->write((const char *)settings + row->value.offset, text);
    else
        gm_text_printf(text, " %s", gm_parameter_format(&row->value, settings, value, sizeof value));
}

static void write(const void *field, gm_text *text) {
    const gm_second *second = field;
    gm_text values[2] = {{0}, {0}};
    const char *separator = "";
    if (!second->settings) {
        gm_text_append(text, " null");
        return;
    }
    gm_text_append(text, " {");
    for (size_t i = 0; i < second->row_count; i++) {
        const gm_recipe_row *row = &second->rows[i];
        if (!own_key(row))
            continue;
        write_value(row, second->first, &values[0]);
        write_value(row, second->settings, &values[1]);
        text->failed |= values[0].failed | values[1].failed;
        if (text->failed || strcmp(values[0].data, values[1].data) == 0)
            continue;
        gm_text_printf(text, "%s%s:%s", separator, own_key(row), values[1].data);
        separator = ", ";
    }
    gm_text_append(text, "}");
    gm_text_finish(&values[0]);
    gm_text_finish(&values[1]);
}

static void allow(gm_text *text) {
    gm_text_append(text, "null, or a map of keys of data");
}

const gm_recipe_type gm_second_type = {read, write, allow};

// ---- Its settings ----

static gm_status refuse_key(const gm_second *second, const char *key, const char *origin) {
    const char *known[MOST_KEYS];
    size_t count = 0;
    for (size_t i = 0; i < second->row_count && count < MOST_KEYS; i++)
        if (own_key(&second->rows[i]))
            known[count++] = own_key(&second->rows[i]);
    for (size_t i = 0; i < GM_COUNT(shared); i++)
        if (strcmp(key, shared[i]) == 0)
            return gm_fail(GM_ERROR_FORMAT, "%s: data.second.%s: both sources have one %s: say it in data", origin, key,
                           key);
    return gm_recipe_unknown(origin, "key in data.second", key, known, count);
}

static gm_status read_key(gm_arena *arena, const gm_second *second, void *settings, size_t index) {
    const char *key = second->node->keys[index];
    const gm_yaml *value = second->node->items[index];
    for (size_t i = 0; i < second->row_count; i++) {
        const gm_recipe_row *row = &second->rows[i];
        if (!own_key(row) || strcmp(own_key(row), key) != 0)
            continue;
        const char *path = gm_arena_printf(arena, "data.second.%s", key);
        if (!path)
            return gm_fail_memory(strlen(key), "a recipe");
        if (row->type)
            return row->type->read(arena, path, (char *)settings + row->value.offset, value);
        gm_parameter parameter = row->value;
        parameter.key = path;
        return gm_recipe_read_parameter(&parameter, settings, value);
    }
    return refuse_key(second, key, second->node->key_origins[index]);
}

gm_status gm_second_resolve(gm_arena *arena, gm_second *second, const gm_recipe_row *rows, size_t row_count,
                            const void *first, size_t size) {
    if (!second->node)
        return GM_OK;
    void *settings = gm_arena_copy(arena, first, size);
    if (!settings)
        return gm_fail_memory(size, "a recipe");
    second->rows = rows;
    second->row_count = row_count;
    second->first = first;
    for (size_t i = 0; i < second->node->count; i++)
        GM_TRY(read_key(arena, second, settings, i));
    second->settings = settings;
    return GM_OK;
}
