// YAML events from libyaml to nodes, and settings over them. Aliases are refused, so a tree is never larger than its
// text; the depth is limited, so recursion over it is safe.
#include "recipe/tree.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_BYTES ((size_t)16 << 20)
#define MAX_DEPTH 16
#define MAX_NODES 1000000 // a table's columns may be ten thousand
#define MAX_KEYS  20000

typedef struct reader {
    yaml_parser_t parser;
    gm_arena *arena;
    const char *file;
    const char *fixed_origin; // of a setting; NULL for files, where the line is added
    size_t nodes;
} reader;

static gm_status fail_out_of_memory(void) {
    return gm_fail_memory(sizeof(gm_yaml), "a recipe");
}

static const char *origin_of(reader *r, size_t line) {
    return r->fixed_origin ? r->fixed_origin : gm_arena_printf(r->arena, "%s:%zu", r->file, line + 1);
}

static gm_status fail_at(reader *r, yaml_mark_t mark, const char *text) {
    const char *origin = origin_of(r, mark.line);
    return gm_fail(GM_ERROR_FORMAT, "%s: %s", origin ? origin : r->file, text);
}

static gm_status fail_yaml(reader *r) {
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return fail_out_of_memory();
    if (p->error == YAML_READER_ERROR) // bytes that are no text; libyaml gives their place only
        return gm_fail(GM_ERROR_FORMAT, "%s: is not YAML: %s at byte %zu", r->fixed_origin ? r->fixed_origin : r->file,
                       p->problem, p->problem_offset);
    char text[256];
    snprintf(text, sizeof text, "is not YAML: %s%s%s", p->problem ? p->problem : "unknown error", p->context ? " " : "",
             p->context ? p->context : "");
    return fail_at(r, p->problem_mark, text);
}

// The next event that says something; what a recipe must not have is refused here.
static gm_status next_event(reader *r, yaml_event_t *event) {
    if (!yaml_parser_parse(&r->parser, event))
        return fail_yaml(r);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    gm_status status = GM_OK;
    if (anchor || event->type == YAML_ALIAS_EVENT)
        status = fail_at(r, event->start_mark, "recipes have no anchors (&) and aliases (*): write the value out");
    else if (tag)
        status = fail_at(r, event->start_mark, "recipes have no tags (!): write the plain value");
    if (status != GM_OK)
        yaml_event_delete(event);
    return status;
}

static gm_status add_item(gm_arena *arena, gm_yaml *node, const char *key, const char *key_origin, gm_yaml *item) {
    if (node->count == node->capacity) {
        size_t capacity = node->capacity ? 2 * node->capacity : 8;
        gm_yaml **items = gm_arena_alloc(arena, capacity * sizeof *items);
        const char **keys = gm_arena_alloc(arena, capacity * sizeof *keys);
        const char **origins = gm_arena_alloc(arena, capacity * sizeof *origins);
        if (!items || !keys || !origins)
            return fail_out_of_memory();
        if (node->count > 0) {
            memcpy(items, node->items, node->count * sizeof *items);
            memcpy(keys, node->keys, node->count * sizeof *keys);
            memcpy(origins, node->key_origins, node->count * sizeof *origins);
        }
        node->items = items;
        node->keys = keys;
        node->key_origins = origins;
        node->capacity = capacity;
    }
    node->items[node->count] = item;
    node->keys[node->count] = key;
    node->key_origins[node->count++] = key_origin;
    return GM_OK;
}

static gm_status read_scalar(reader *r, const yaml_event_t *event, gm_yaml *node) {
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length)
        return fail_at(r, event->start_mark, "a value contains a NUL character");
    node->kind = GM_YAML_SCALAR;
    node->text = gm_arena_string(r->arena, value);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node->text ? GM_OK : fail_out_of_memory();
}

static gm_status read_node(reader *r, yaml_event_t *event, int depth, gm_yaml **out);

static gm_status read_list(reader *r, int depth, gm_yaml *node) {
    node->kind = GM_YAML_LIST;
    for (;;) {
        yaml_event_t event;
        gm_yaml *item;
        GM_TRY(next_event(r, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return GM_OK;
        }
        GM_TRY(read_node(r, &event, depth, &item));
        GM_TRY(add_item(r->arena, node, NULL, NULL, item));
    }
}

static gm_status check_key(reader *r, const gm_yaml *map, const gm_yaml *key, yaml_mark_t mark) {
    char text[256];
    if (key->kind != GM_YAML_SCALAR)
        return fail_at(r, mark, "a key must be a word, not a list or map");
    if (map->count == MAX_KEYS) // each is compared with those before it
        return fail_at(r, mark, "a map has at most 20000 keys");
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->keys[i], key->text) == 0) {
            snprintf(text, sizeof text, "the key %.60s stands twice (first at %.120s): keep one", key->text,
                     map->key_origins[i]);
            return fail_at(r, mark, text);
        }
    return GM_OK;
}

static gm_status read_map(reader *r, int depth, gm_yaml *node) {
    node->kind = GM_YAML_MAP;
    for (;;) {
        yaml_event_t event;
        gm_yaml *key, *item;
        GM_TRY(next_event(r, &event));
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return GM_OK;
        }
        yaml_mark_t mark = event.start_mark;
        GM_TRY(read_node(r, &event, depth, &key));
        GM_TRY(check_key(r, node, key, mark));
        GM_TRY(next_event(r, &event));
        GM_TRY(read_node(r, &event, depth, &item));
        // A value that is not there has the mark of what follows: it belongs to its key's line.
        if (gm_yaml_is_null(item))
            item->origin = key->origin;
        GM_TRY(add_item(r->arena, node, key->text, key->origin, item));
    }
}

// Takes the event.
static gm_status read_node(reader *r, yaml_event_t *event, int depth, gm_yaml **out) {
    yaml_event_type_t type = event->type;
    yaml_mark_t mark = event->start_mark;
    gm_status status = GM_OK;
    gm_yaml *node = gm_arena_alloc(r->arena, sizeof *node);
    if (node)
        node->origin = origin_of(r, mark.line);
    if (!node || !node->origin)
        status = fail_out_of_memory();
    else if (depth >= MAX_DEPTH)
        status = fail_at(r, mark, "lists and maps are nested too deeply: no recipe needs more than 16 levels");
    else if (++r->nodes > MAX_NODES)
        status = fail_at(r, mark, "a recipe has at most 1000000 keys and values");
    else if (type == YAML_SCALAR_EVENT)
        status = read_scalar(r, event, node);
    yaml_event_delete(event);
    GM_TRY(status);
    *out = node;
    if (type == YAML_SEQUENCE_START_EVENT)
        return read_list(r, depth + 1, node);
    if (type == YAML_MAPPING_START_EVENT)
        return read_map(r, depth + 1, node);
    return type == YAML_SCALAR_EVENT ? GM_OK : fail_at(r, mark, "is not YAML: a value is missing");
}

// One document, then the end. *root is NULL when there is no document.
static gm_status read_stream(reader *r, gm_yaml **root) {
    *root = NULL;
    for (;;) {
        yaml_event_t event;
        GM_TRY(next_event(r, &event));
        yaml_event_type_t type = event.type;
        if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT &&
            type != YAML_STREAM_END_EVENT) {
            GM_TRY(read_node(r, &event, 0, root));
            continue;
        }
        yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (type == YAML_DOCUMENT_START_EVENT && *root)
            return fail_at(r, mark, "a second document begins (---): a recipe is one");
        if (type == YAML_STREAM_END_EVENT)
            return GM_OK;
    }
}

static gm_status parse_text(gm_yaml **root, gm_arena *arena, const char *file, const char *fixed_origin,
                            const char *text, size_t bytes) {
    reader r = {.arena = arena, .file = file, .fixed_origin = fixed_origin};
    if (!yaml_parser_initialize(&r.parser))
        return fail_out_of_memory();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, bytes);
    gm_status status = read_stream(&r, root);
    yaml_parser_delete(&r.parser);
    return status;
}

gm_status gm_yaml_parse(gm_yaml **root, gm_arena *arena, const char *file, const char *text, size_t bytes) {
    if (bytes > MAX_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu bytes: a recipe has at most 16 MiB", file, bytes);
    GM_TRY(parse_text(root, arena, file, NULL, text, bytes));
    if (!*root || gm_yaml_is_null(*root))
        return gm_fail(GM_ERROR_FORMAT, "%s: is empty: a recipe says at least what is trained, and on which data",
                       file);
    char given[80];
    if ((*root)->kind != GM_YAML_MAP)
        return gm_fail(GM_ERROR_FORMAT, "%s: a recipe is a map of keys (name: ..., data: ...), not %s", (*root)->origin,
                       gm_yaml_describe(*root, given, sizeof given));
    return GM_OK;
}

// ---- Looking at nodes ----

gm_yaml *gm_yaml_find(const gm_yaml *map, const char *key) {
    for (size_t i = 0; map->kind == GM_YAML_MAP && i < map->count; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}

bool gm_yaml_is_null(const gm_yaml *node) {
    return node->kind == GM_YAML_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const char *gm_yaml_describe(const gm_yaml *node, char *text, size_t size) {
    if (node->kind == GM_YAML_SCALAR && !gm_yaml_is_null(node))
        snprintf(text, size, "'%.60s'", node->text);
    else
        snprintf(text, size, "%s",
                 node->kind == GM_YAML_LIST  ? "a list"
                 : node->kind == GM_YAML_MAP ? "a map"
                                             : "nothing");
    return text;
}

// ---- Settings ----

static gm_yaml *new_map(gm_arena *arena, const char *origin) {
    gm_yaml *node = gm_arena_alloc(arena, sizeof *node);
    if (node)
        *node = (gm_yaml){.kind = GM_YAML_MAP, .origin = origin};
    return node;
}

// Makes `node` fit to hold `key`: nothing becomes a map, and the bare word `adam` becomes `adam: {}` before adam.rate.
static gm_status make_map(gm_arena *arena, gm_yaml *node, const char *key, const char *origin) {
    if (node->kind == GM_YAML_MAP)
        return GM_OK;
    bool same = node->kind == GM_YAML_SCALAR && strcmp(node->text, key) == 0;
    char given[80];
    if (!same && !gm_yaml_is_null(node))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: there is no '%s' here: the recipe has %s (%s)", origin, key,
                       gm_yaml_describe(node, given, sizeof given), node->origin);
    *node = (gm_yaml){.kind = GM_YAML_MAP, .origin = origin};
    if (!same)
        return GM_OK;
    gm_yaml *inner = new_map(arena, origin);
    const char *copy = gm_arena_string(arena, key);
    return inner && copy ? add_item(arena, node, copy, origin, inner) : fail_out_of_memory();
}

// The place of `key` below `node`: an index into its items, made when a map lacks it.
static gm_status enter(gm_arena *arena, gm_yaml *node, const char *key, const char *origin, size_t *index) {
    if (node->kind == GM_YAML_LIST) {
        char *end;
        unsigned long number = strtoul(key, &end, 10);
        if (!isdigit((unsigned char)key[0]) || *end != '\0' || number >= node->count)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: '%s' is no place in this list: it has the places 0 to %zu", origin,
                           key, node->count > 0 ? node->count - 1 : 0);
        *index = (size_t)number;
        return GM_OK;
    }
    GM_TRY(make_map(arena, node, key, origin));
    for (size_t i = 0; i < node->count; i++)
        if (strcmp(node->keys[i], key) == 0) {
            *index = i;
            return GM_OK;
        }
    gm_yaml *made = new_map(arena, origin);
    const char *copy = gm_arena_string(arena, key);
    if (!made || !copy)
        return fail_out_of_memory();
    GM_TRY(add_item(arena, node, copy, origin, made));
    *index = node->count - 1;
    return GM_OK;
}

gm_status gm_yaml_set(gm_yaml *root, gm_arena *arena, const char *setting) {
    const char *origin = gm_arena_printf(arena, "--set %s", setting);
    char *path = gm_arena_string(arena, setting);
    if (!origin || !path)
        return fail_out_of_memory();
    char *equals = strchr(path, '=');
    if (!equals || equals == path)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a setting is KEY=VALUE, such as data.batch=32", origin);
    *equals = '\0';
    gm_yaml *value;
    GM_TRY(parse_text(&value, arena, origin, origin, equals + 1, strlen(equals + 1)));
    if (!value)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the value is missing: a setting is KEY=VALUE", origin);
    gm_yaml *node = root;
    size_t depth = 0;
    for (char *key = path, *next; key; key = next) {
        next = strchr(key, '.');
        if (next)
            *next++ = '\0';
        if (key[0] == '\0' || ++depth > MAX_DEPTH)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: a key is words with dots between them, such as data.batch", origin);
        size_t index = 0;
        GM_TRY(enter(arena, node, key, origin, &index));
        if (!next)
            node->items[index] = value;
        if (!next && node->kind == GM_YAML_MAP)
            node->key_origins[index] = origin;
        node = node->items[index];
    }
    return GM_OK;
}

// ---- Slips of the pen ----

#define MAX_WORD 40

// Edits (insert, delete, replace, swap neighbours; case is free) from a to b; MAX_WORD when a word is too long.
static size_t distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b), d[MAX_WORD][MAX_WORD];
    if (m >= MAX_WORD || n >= MAX_WORD)
        return MAX_WORD;
    for (size_t i = 0; i <= m; i++)
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = d[i - 1][j - 1] + (x != y);
            best = GM_MIN(best, GM_MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
                best = GM_MIN(best, d[i - 2][j - 2] + 1);
            d[i][j] = best;
        }
    return d[m][n];
}

const char *gm_suggest(const char *word, const char *const *words, size_t count) {
    const char *nearest = NULL;
    size_t least = GM_MAX(strlen(word) / 3, (size_t)1); // one slip in short words, more in long ones
    for (size_t i = 0; i < count; i++) {
        size_t edits = distance(word, words[i]);
        if (edits <= least && edits < strlen(words[i])) {
            if (edits < least || !nearest)
                nearest = words[i];
            least = edits;
        }
    }
    return nearest;
}
