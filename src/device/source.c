// The texts of kernel files: embedded in the library, or read from the folder GANYMEDE_CL_PATH.
#include "device/embedded.h"
#include "device/internal.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 22 }; // of a kernel file

static gm_status read_from_folder(gm_device *device, const char *folder, const char *name, const char **text) {
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", folder, name);
    if (path.failed)
        return gm_fail_memory(strlen(folder), "a file name");
    char *content;
    size_t bytes;
    gm_status status = gm_file_read(path.data, MAX_BYTES, &content, &bytes);
    gm_text_finish(&path);
    if (status != GM_OK)
        return gm_fail_prefix(status, "GANYMEDE_CL_PATH");
    *text = gm_arena_copy(&device->arena, content, bytes + 1);
    free(content);
    return *text ? GM_OK : gm_fail_memory(bytes, name);
}

static gm_status find_embedded(const char *name, const char **text) {
    gm_text names = {0};
    for (size_t i = 0; i < gm_embedded_count; i++) {
        if (strcmp(gm_embedded_files[i].name, name) == 0) {
            *text = gm_embedded_files[i].text;
            gm_text_finish(&names);
            return GM_OK;
        }
        gm_text_printf(&names, "%s%s", i ? ", " : "", gm_embedded_files[i].name);
    }
    gm_status status =
        gm_fail(GM_ERROR_ARGUMENT, "%s: no such kernel file; there are %s", name, names.data ? names.data : "none");
    gm_text_finish(&names);
    return status;
}

gm_status gm_device_source(gm_device *device, const char *name, const char **text) {
    *text = NULL;
    for (size_t i = 0; i < device->source_count; i++)
        if (strcmp(device->sources[i].name, name) == 0) {
            *text = device->sources[i].text;
            return GM_OK;
        }
    const char *folder = getenv("GANYMEDE_CL_PATH");
    if (!folder || !*folder)
        return find_embedded(name, text);
    GM_TRY(read_from_folder(device, folder, name, text));
    // Kept, so that one device sees one text even while the file is being edited.
    GM_TRY(gm_grow(&device->sources, device->source_count, &device->source_capacity, sizeof *device->sources,
                   "kernel files"));
    char *copy = gm_arena_string(&device->arena, name);
    if (!copy)
        return gm_fail_memory(strlen(name), "a file name");
    device->sources[device->source_count++] = (gm_source_text){copy, *text};
    return GM_OK;
}
