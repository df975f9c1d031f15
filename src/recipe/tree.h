// A recipe's YAML as a tree of nodes, each of which knows where it was written.
#ifndef GM_RECIPE_TREE_H
#define GM_RECIPE_TREE_H

#include "base/base.h"

typedef enum gm_yaml_kind { GM_YAML_INVALID = 0, GM_YAML_SCALAR, GM_YAML_LIST, GM_YAML_MAP } gm_yaml_kind;

typedef struct gm_yaml {
    gm_yaml_kind kind;
    const char *origin; // "FILE:LINE", or "--set KEY=VALUE": begins every message about the node
    const char *text;   // of a scalar
    bool quoted;        // so that 'null' is a word and null is no value
    size_t count, capacity;
    struct gm_yaml **items;   // of a list or map
    const char **keys;        // of a map
    const char **key_origins; // of a map
} gm_yaml;

// Builds the tree in the arena. Refuses what no recipe needs: an empty file, several documents, anchors, aliases,
// tags, keys that are not words, keys that stand twice, nesting beyond 16, more than
// 20000 keys in a map or 1000000 values, more than 16 MiB.
gm_status gm_yaml_parse(gm_yaml **root, gm_arena *arena, const char *file, const char *text, size_t bytes);
// Applies "data.batch=32": replaces the value at the path or adds it. Numbers in the path choose items of lists.
gm_status gm_yaml_set(gm_yaml *root, gm_arena *arena, const char *setting);

gm_yaml *gm_yaml_find(const gm_yaml *map, const char *key); // NULL when there is none
bool gm_yaml_is_null(const gm_yaml *node);                  // `key:`, `key: ~`, `key: null`
// What the node is, for messages ("'words'", "a list", "a map", "nothing").
const char *gm_yaml_describe(const gm_yaml *node, char *text, size_t size);

// The word among `words` that `word` may be a slip of, or NULL.
const char *gm_suggest(const char *word, const char *const *words, size_t count);

#endif
