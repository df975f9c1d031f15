// Which file of a tree has a name: open addressing, at most half full.
#include "data/names.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 4096 };

static uint64_t hash_file(const gm_tree *tree, size_t file) {
    const char *folder = gm_paths_folder(&tree->paths, file);
    uint64_t hash = gm_hash(GM_HASH_START, folder, strlen(folder));
    if (*folder)
        hash = gm_hash(hash, "/", 1);
    const char *name = gm_paths_name(&tree->paths, file);
    return gm_hash(hash, name, strlen(name));
}

static bool is_called(const gm_tree *tree, size_t file, const char *name, size_t length) {
    const char *folder = gm_paths_folder(&tree->paths, file), *last = gm_paths_name(&tree->paths, file);
    size_t before = strlen(folder), behind = strlen(last);
    if (before > 0 && (length <= before || memcmp(name, folder, before) != 0 || name[before++] != '/'))
        return false;
    return length == before + behind && memcmp(name + before, last, behind) == 0;
}

gm_status gm_names_init(gm_names *names, const gm_tree *tree) {
    size_t size = 16;
    while (size < 2 * tree->paths.count)
        size *= 2;
    *names = (gm_names){.tree = tree, .mask = size - 1};
    GM_TRY(gm_alloc(&names->slots, size, sizeof *names->slots, "names of files"));
    memset(names->slots, 0xff, size * sizeof *names->slots);
    for (size_t file = 0; file < tree->paths.count; file++) {
        size_t slot = (size_t)hash_file(tree, file) & names->mask;
        while (names->slots[slot] != GM_NO_FILE)
            slot = (slot + 1) & names->mask;
        names->slots[slot] = (uint32_t)file;
    }
    return GM_OK;
}

static uint32_t find_exactly(const gm_names *names, const char *name, size_t length) {
    size_t slot = (size_t)gm_hash(GM_HASH_START, name, length) & names->mask;
    while (names->slots[slot] != GM_NO_FILE && !is_called(names->tree, names->slots[slot], name, length))
        slot = (slot + 1) & names->mask;
    return names->slots[slot];
}

uint32_t gm_names_find(const gm_names *names, const char *name, size_t length) {
    char path[LONGEST_NAME];
    uint32_t file = find_exactly(names, name, length);
    if (file != GM_NO_FILE || length >= sizeof path)
        return file;
    for (size_t i = 0; i < length; i++)
        path[i] = name[i] == '\\' ? '/' : name[i];
    path[length] = '\0';
    gm_path_shorten(path);
    return find_exactly(names, path, strlen(path));
}

void gm_names_finish(gm_names *names) {
    free(names->slots);
    *names = (gm_names){0};
}
