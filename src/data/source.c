// What a path leads to: the first bytes of a file, the entries of a folder.
#include "data/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- Folders ----

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const gm_entry *)a)->name, ((const gm_entry *)b)->name);
}

static gm_entry_kind kind_of(int folder, const char *name) {
    struct stat info;
    if (fstatat(folder, name, &info, 0) != 0)
        return GM_ENTRY_OTHER;
    return S_ISREG(info.st_mode) ? GM_ENTRY_FILE : S_ISDIR(info.st_mode) ? GM_ENTRY_FOLDER : GM_ENTRY_OTHER;
}

static gm_status push_entry(gm_source *source, int folder, const char *name, size_t *capacity) {
    GM_TRY(gm_grow(&source->entries, source->count, capacity, sizeof *source->entries, "a list of files"));
    char *copy = gm_arena_string(&source->arena, name);
    if (!copy)
        return gm_fail_memory(strlen(name), "a file name");
    source->entries[source->count++] = (gm_entry){copy, kind_of(folder, name)};
    return GM_OK;
}

// Takes over the descriptor.
static gm_status list_folder(gm_source *source, int descriptor) {
    DIR *directory = fdopendir(descriptor);
    if (!directory) {
        gm_status failed = gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", source->path, strerror(errno));
        close(descriptor);
        return failed;
    }
    size_t capacity = 0;
    gm_status status = GM_OK;
    while (status == GM_OK) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            status = push_entry(source, descriptor, entry->d_name, &capacity);
    }
    if (status == GM_OK && errno != 0)
        status = gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", source->path, strerror(errno));
    closedir(directory);
    if (source->count > 1)
        qsort(source->entries, source->count, sizeof *source->entries, compare_entries);
    return status;
}

const gm_entry *gm_source_find(const gm_source *source, const char *name, gm_entry_kind kind) {
    const gm_entry key = {.name = name};
    const gm_entry *found =
        source->count == 0 ? NULL
                           : bsearch(&key, source->entries, source->count, sizeof *source->entries, compare_entries);
    return found && found->kind == kind ? found : NULL;
}

// ---- Either ----

static gm_status open_file(gm_source *source) {
    source->head = gm_arena_alloc(&source->arena, GM_HEAD_BYTES);
    if (!source->head)
        return gm_fail_memory(GM_HEAD_BYTES, source->path);
    return gm_file_read_start(source->path, source->head, GM_HEAD_BYTES, &source->head_bytes);
}

static gm_status open_folder(gm_source *source) {
    int descriptor = open(source->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", source->path, strerror(errno));
    return list_folder(source, descriptor);
}

gm_status gm_source_open(gm_source *source, const char *path) {
    struct stat info;
    *source = (gm_source){.path = path};
    if (stat(path, &info) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    source->folder = S_ISDIR(info.st_mode);
    gm_status status = source->folder ? open_folder(source) : open_file(source);
    if (status != GM_OK)
        gm_source_finish(source);
    return status;
}

void gm_source_finish(gm_source *source) {
    free(source->entries);
    gm_arena_finish(&source->arena);
    *source = (gm_source){0};
}
