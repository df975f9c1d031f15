// What a path leads to: the first bytes of a file, or a folder.
#include "data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool gm_source_has_file(const gm_source *source, const char *name) {
    struct stat info;
    return source->folder && fstatat(source->descriptor, name, &info, 0) == 0 && S_ISREG(info.st_mode);
}

static gm_status open_file(gm_source *source) {
    source->head = gm_arena_alloc(&source->arena, GM_HEAD_BYTES);
    if (!source->head)
        return gm_fail_memory(GM_HEAD_BYTES, source->path);
    return gm_file_read_start(source->path, source->head, GM_HEAD_BYTES, &source->head_bytes);
}

static gm_status open_folder(gm_source *source) {
    source->descriptor = open(source->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    source->folder = source->descriptor >= 0;
    if (!source->folder)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", source->path, strerror(errno));
    return GM_OK;
}

gm_status gm_source_open(gm_source *source, const char *path) {
    struct stat info;
    *source = (gm_source){.path = path};
    if (stat(path, &info) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    gm_status status = S_ISDIR(info.st_mode) ? open_folder(source) : open_file(source);
    if (status != GM_OK)
        gm_source_finish(source);
    return status;
}

void gm_source_finish(gm_source *source) {
    if (source->folder)
        close(source->descriptor);
    gm_arena_finish(&source->arena);
    *source = (gm_source){0};
}
