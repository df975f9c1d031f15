// What a path leads to: a file's first bytes, or a folder, in which files are looked for by name: it may have a
// million. Formats are told from these.
#ifndef GM_DATA_SOURCE_H
#define GM_DATA_SOURCE_H

#include "base/base.h"

enum { GM_HEAD_BYTES = 4096 };

// The most bytes of one file of data, which is kept in memory whole: 64 GiB, or half of a smaller address space.
#define GM_DATA_LIMIT (SIZE_MAX >> (SIZE_MAX > UINT32_MAX ? 28 : 1))

typedef struct gm_source {
    const char *path; // the caller's
    bool folder;
    bool text;      // it is to be read as one, whatever it looks like
    int descriptor; // of a folder, open
    uint8_t *head;  // of a file: its first `head_bytes` bytes, at most GM_HEAD_BYTES
    size_t head_bytes;
    gm_arena arena;
} gm_source;

// Fails for what is neither a regular file nor a folder, without waiting for it. The path must outlive the source.
gm_status gm_source_open(gm_source *source, const char *path);
void gm_source_finish(gm_source *source);
// Whether it is a folder with a file of that name: not a pipe or a device, nor a link to one.
bool gm_source_has_file(const gm_source *source, const char *name);

#endif
