// Zip archives, written through libzip; entries are stored as they are, since pictures are packed already.
#include "data/zip_write.h"

#include <stdlib.h>
#include <string.h>

struct gm_zip_writer {
    const char *path;
    struct zip *archive;
};

#ifdef GM_HAVE_ZIP

#include <zip.h>

gm_status gm_zip_writer_create(gm_zip_writer **writer, const char *path) {
    GM_TRY(gm_alloc(writer, 1, sizeof **writer, path));
    int code;
    zip_error_t error;
    (*writer)->path = path;
    (*writer)->archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    if ((*writer)->archive)
        return GM_OK;
    zip_error_init_with_code(&error, code);
    gm_status status = gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, zip_error_strerror(&error));
    zip_error_fini(&error);
    gm_zip_writer_destroy(writer);
    return status;
}

gm_status gm_zip_writer_add(gm_zip_writer *writer, const char *name, void *data, size_t bytes) {
    zip_source_t *source = zip_source_buffer(writer->archive, data, bytes, 1);
    if (!source)
        free(data);
    zip_int64_t index = source ? zip_file_add(writer->archive, name, source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0 && source)
        zip_source_free(source);
    if (index < 0 || zip_set_file_compression(writer->archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0)
        return gm_fail(GM_ERROR_IO, "%s: %s cannot be added: %s", writer->path, name, zip_strerror(writer->archive));
    return GM_OK;
}

gm_status gm_zip_writer_finish(gm_zip_writer *writer) {
    if (zip_close(writer->archive) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", writer->path, zip_strerror(writer->archive));
    writer->archive = NULL;
    return GM_OK;
}

void gm_zip_writer_destroy(gm_zip_writer **writer) {
    if (!*writer)
        return;
    if ((*writer)->archive)
        zip_discard((*writer)->archive);
    free(*writer);
    *writer = NULL;
}

#else

gm_status gm_zip_writer_create(gm_zip_writer **writer, const char *path) {
    *writer = NULL;
    return gm_fail(GM_ERROR_STATE, "%s: this build writes no zip archives: install libzip-dev and build again", path);
}

gm_status gm_zip_writer_add(gm_zip_writer *writer, const char *name, void *data, size_t bytes) {
    (void)name;
    (void)bytes;
    free(data);
    return gm_fail(GM_ERROR_STATE, "%s: cannot be written", writer->path);
}

gm_status gm_zip_writer_finish(gm_zip_writer *writer) {
    return gm_fail(GM_ERROR_STATE, "%s: cannot be written", writer->path);
}

void gm_zip_writer_destroy(gm_zip_writer **writer) {
    free(*writer);
    *writer = NULL;
}

#endif
