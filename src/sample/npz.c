// Arrays -> .npz: a zip archive of .npy files.
#include "base/base.h"
#include "sample/array.h"
#include "sample/zip_write.h"

#include <stdlib.h>

static gm_status add(gm_zip_writer *zip, const gm_file_array *array) {
    char name[64];
    gm_bytes content = {0};
    gm_snprintf(name, sizeof name, "%s.npy", array->name);
    gm_status status = gm_npy_encode(zip->path, array, &content);
    if (status == GM_OK)
        status = gm_zip_writer_add(zip, name, content.data, content.length);
    free(content.data);
    return status;
}

gm_status gm_npz_encode(const char *path, const gm_file_array *arrays, size_t count, gm_bytes *file) {
    gm_zip_writer zip = {.path = path};
    gm_status status = GM_OK;
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = add(&zip, &arrays[i]);
    if (status == GM_OK)
        status = gm_zip_writer_end(&zip);
    if (status == GM_OK) {
        *file = zip.file;
        zip.file = (gm_bytes){0};
    }
    gm_zip_writer_finish(&zip);
    return status;
}
