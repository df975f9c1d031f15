// Which file of a tree has a name.
#ifndef GM_DATA_NAMES_H
#define GM_DATA_NAMES_H

#include "data/tree.h"

#define GM_NO_FILE UINT32_MAX

typedef struct gm_names {
    const gm_tree *tree; // the caller's
    uint32_t *slots;     // files, or GM_NO_FILE
    size_t mask;
} gm_names;

gm_status gm_names_init(gm_names *names, const gm_tree *tree);
void gm_names_finish(gm_names *names);
// The file below the root that has the name, as the file system has it, or with "./" before it, or '\' between
// folders, as Windows' programs write; GM_NO_FILE: none.
uint32_t gm_names_find(const gm_names *names, const char *name, size_t length);

#endif
