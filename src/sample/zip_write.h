// Zip archives while they are written.
#ifndef GM_SAMPLE_ZIP_WRITE_H
#define GM_SAMPLE_ZIP_WRITE_H

#include "sample/bytes.h"

// Zeroed but for the path, which is for messages: an archive without entries. gm_zip_writer_finish(writer)
typedef struct gm_zip_writer {
    const char *path;
    gm_bytes file, directory;
    uint64_t count;
} gm_zip_writer;

// An entry, stored as it is; folders in its name, which is UTF-8, are parted by '/'.
gm_status gm_zip_writer_add(gm_zip_writer *writer, const char *name, const void *data, size_t bytes);
// Appends the directory: the file is whole then.
gm_status gm_zip_writer_end(gm_zip_writer *writer);
void gm_zip_writer_finish(gm_zip_writer *writer);

#endif
