// What a path leads to, looked at once: a file's first bytes or a folder's entries. Formats are told from these.
#ifndef GM_DATA_SOURCE_H
#define GM_DATA_SOURCE_H

#include "base/base.h"

enum { GM_HEAD_BYTES = 4096 };

// The most bytes of one file of data, which is kept in memory whole: 64 GiB, or half of a smaller address space.
#define GM_DATA_LIMIT (SIZE_MAX >> (SIZE_MAX > UINT32_MAX ? 28 : 1))

typedef enum gm_entry_kind {
    GM_ENTRY_FILE = 1,
    GM_ENTRY_FOLDER,
    GM_ENTRY_OTHER, // a pipe, a device, a link to nothing: never opened for its content
} gm_entry_kind;

typedef struct gm_entry {
    const char *name;
    gm_entry_kind kind;
} gm_entry;

typedef struct gm_source {
    const char *path; // the caller's
    bool folder;
    gm_entry *entries; // of a folder: `count` of them, by name, without hidden ones
    size_t count;
    uint8_t *head; // of a file: its first `head_bytes` bytes, at most GM_HEAD_BYTES
    size_t head_bytes;
    gm_arena arena;
} gm_source;

// Fails for what is neither a regular file nor a folder, without waiting for it. The path must outlive the source.
gm_status gm_source_open(gm_source *source, const char *path);
void gm_source_finish(gm_source *source);
// A folder's entry of that name and kind, or NULL.
const gm_entry *gm_source_find(const gm_source *source, const char *name, gm_entry_kind kind);

#endif
