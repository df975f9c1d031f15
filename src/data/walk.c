// The files of a folder on disk and of all folders in it.
//
// No file is looked at where the file system says the kinds of its entries: a million files are listed in seconds.
#define _DEFAULT_SOURCE // d_type
#include "data/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LEVELS = 64 };

typedef struct place {
    dev_t device;
    ino_t node;
} place;

typedef struct walk {
    gm_paths *paths;
    const char *root; // the folder's path, for messages
    gm_text folder;   // the present one below it: "" or "a/b"
    place *seen;      // the folders read so far
    size_t seen_count, seen_capacity;
    size_t level;
} walk;

typedef enum kind { OTHER = 0, FILE_ENTRY, FOLDER_ENTRY, FOLDER_LINK } kind;

typedef struct entry {
    char *name;
    kind kind;
} entry;

static const char *path_of(const walk *w, gm_text *path) {
    gm_text_printf(path, "%s%s%s", w->root, w->folder.length ? "/" : "", w->folder.length ? w->folder.data : "");
    return path->failed ? w->root : path->data;
}

static gm_status fail_errno(const walk *w, const char *what) {
    int reason = errno;
    gm_text path = {0};
    gm_status status = gm_fail(GM_ERROR_IO, "%s: cannot be %s: %s", path_of(w, &path), what, strerror(reason));
    gm_text_finish(&path);
    return status;
}

// ---- One folder ----

static kind kind_of(int folder, const struct dirent *found) {
    struct stat info;
#ifdef DT_UNKNOWN
    if (found->d_type == DT_REG || found->d_type == DT_DIR)
        return found->d_type == DT_REG ? FILE_ENTRY : FOLDER_ENTRY;
    bool link = found->d_type == DT_LNK;
#else
    bool link = true;
#endif
    if (fstatat(folder, found->d_name, &info, 0) != 0)
        return OTHER;
    if (S_ISDIR(info.st_mode))
        return link ? FOLDER_LINK : FOLDER_ENTRY;
    return S_ISREG(info.st_mode) ? FILE_ENTRY : OTHER;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static gm_status list(const walk *w, DIR *directory, entry **entries, size_t *count) {
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (!found)
            break;
        if (gm_path_is_hidden(found->d_name))
            continue;
        kind is = kind_of(dirfd(directory), found);
        if (is == OTHER && !gm_path_is_picture(found->d_name))
            continue;
        GM_TRY(gm_grow(entries, *count, &capacity, sizeof **entries, "a list of files"));
        size_t bytes = strlen(found->d_name) + 1;
        char *name = malloc(bytes);
        if (!name)
            return gm_fail_memory(bytes, "a file name");
        memcpy(name, found->d_name, bytes);
        (*entries)[(*count)++] = (entry){name, is};
    }
    if (errno != 0)
        return fail_errno(w, "read");
    if (*count > 1)
        qsort(*entries, *count, sizeof **entries, compare_entries);
    return GM_OK;
}

// ---- All of them ----

// *again: whether a link leads to one of those read so far.
static gm_status note_seen(walk *w, int descriptor, bool link, bool *again) {
    struct stat info;
    if (fstat(descriptor, &info) != 0)
        return fail_errno(w, "read");
    *again = false;
    for (size_t i = 0; link && i < w->seen_count && !*again; i++)
        *again = w->seen[i].device == info.st_dev && w->seen[i].node == info.st_ino;
    GM_TRY(gm_grow(&w->seen, w->seen_count, &w->seen_capacity, sizeof *w->seen, "folders"));
    w->seen[w->seen_count++] = (place){info.st_dev, info.st_ino};
    return GM_OK;
}

static gm_status walk_folder(walk *w, int parent, const char *name, bool link);

static gm_status walk_entries(walk *w, int descriptor, const entry *entries, size_t count) {
    size_t length = w->folder.length;
    gm_status status = GM_OK;
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        if (entries[i].kind == FILE_ENTRY || entries[i].kind == OTHER) {
            status = gm_paths_add(w->paths, length ? w->folder.data : "", entries[i].name, 0);
            continue;
        }
        gm_text_printf(&w->folder, "%s%s", length ? "/" : "", entries[i].name);
        status = w->folder.failed ? gm_fail_memory(length, "a folder name")
                                  : walk_folder(w, descriptor, entries[i].name, entries[i].kind == FOLDER_LINK);
        w->folder.length = length;
        if (w->folder.data)
            w->folder.data[length] = '\0';
    }
    return status;
}

static gm_status walk_folder(walk *w, int parent, const char *name, bool link) {
    bool again = false;
    entry *entries = NULL;
    size_t count = 0;
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!directory) {
        gm_status failed = fail_errno(w, "opened");
        if (descriptor >= 0)
            close(descriptor);
        return failed;
    }
    w->level++;
    gm_status status = note_seen(w, descriptor, link, &again);
    if (status == GM_OK && w->level > MOST_LEVELS)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: has more than %d folders in each other", w->root, MOST_LEVELS);
    if (status == GM_OK && again) {
        gm_text path = {0};
        gm_warn("%s: leads to a folder that is read already: passed over", path_of(w, &path));
        gm_text_finish(&path);
    } else if (status == GM_OK) {
        status = list(w, directory, &entries, &count);
        if (status == GM_OK)
            status = walk_entries(w, descriptor, entries, count);
    }
    w->level--;
    closedir(directory);
    for (size_t i = 0; i < count; i++)
        free(entries[i].name);
    free(entries);
    return status;
}

gm_status gm_walk(gm_paths *paths, const char *folder) {
    walk w = {.paths = paths, .root = folder};
    gm_status status = walk_folder(&w, AT_FDCWD, folder, false);
    gm_text_finish(&w.folder);
    free(w.seen);
    return status;
}
