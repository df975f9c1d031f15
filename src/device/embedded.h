// The .cl files of cl/, embedded by tools/embed_cl.py at build time.
#ifndef GM_DEVICE_EMBEDDED_H
#define GM_DEVICE_EMBEDDED_H

#include <stddef.h>

typedef struct gm_embedded_file {
    const char *name, *text; // "conv.cl" and its NUL-terminated content
} gm_embedded_file;

extern const gm_embedded_file gm_embedded_files[];
extern const size_t gm_embedded_count;

#endif
