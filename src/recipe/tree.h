// A recipe's YAML as a tree of nodes, each of which knows where it was written.
#ifndef GM_RECIPE_TREE_H
#define GM_RECIPE_TREE_H

#include "base/base.h"

typedef enum gm_node_kind { GM_NODE_INVALID = 0, GM_NODE_SCALAR, GM_NODE_LIST, GM_NODE_MAP } gm_node_kind;

typedef struct gm_node {
    gm_node_kind kind;
    const char *origin; // "FILE:LINE", or "--set KEY=VALUE": begins every message about the node
    const char *text;   // of a scalar
    bool quoted;        // so that 'null' is a word and null is no value
    size_t count, capacity;
    struct gm_node **items;   // of a list or map
    const char **keys;        // of a map
    const char **key_origins; // of a map
} gm_node;

// Builds the tree in the arena. Refuses what no recipe needs: an empty file, several documents, anchors, aliases,
// tags, keys that are not words, keys that stand twice, nesting beyond 16, more than 10000
// values, more than 1 MiB.
gm_status gm_node_parse(gm_node **root, gm_arena *arena, const char *file, const char *text, size_t bytes);
// Applies "data.batch=32": replaces the value at the path or adds it. Numbers in the path choose items of lists.
gm_status gm_node_set(gm_node *root, gm_arena *arena, const char *setting);

gm_node *gm_node_find(const gm_node *map, const char *key); // NULL when there is none
bool gm_node_is_null(const gm_node *node);                  // `key:`, `key: ~`, `key: null`
// What the node is, for messages ("'words'", "a list", "a map", "nothing").
const char *gm_node_describe(const gm_node *node, char *text, size_t size);

// The word among `words` that `word` may be a slip of, or NULL.
const char *gm_suggest(const char *word, const char *const *words, size_t count);

#endif
