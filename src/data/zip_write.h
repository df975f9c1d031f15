// Zip archives, written through libzip.
#ifndef GM_DATA_ZIP_WRITE_H
#define GM_DATA_ZIP_WRITE_H

#include "base/base.h"

typedef struct gm_zip_writer gm_zip_writer;

// Fails where this build has no libzip. `path`: of the archive; it must outlive the writer.
gm_status gm_zip_writer_create(gm_zip_writer **writer, const char *path);
// Takes over the data, from malloc, even where it fails.
gm_status gm_zip_writer_add(gm_zip_writer *writer, const char *name, void *data, size_t bytes);
// Writes the archive, whole or not at all.
gm_status gm_zip_writer_finish(gm_zip_writer *writer);
// Forgets what was not written.
void gm_zip_writer_destroy(gm_zip_writer **writer);

#endif
