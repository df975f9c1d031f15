// Names of many files: one block of text, folders apart from the last parts of the names.
#include "data/paths.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- Making ----

static gm_status add_text(gm_paths *paths, const char *text, size_t *at) {
    size_t bytes = strlen(text) + 1, capacity = GM_MAX(paths->text_capacity, (size_t)4096);
    while (capacity - paths->length < bytes)
        capacity *= 2;
    if (capacity > paths->text_capacity) {
        gm_note_allocation();
        char *grown = realloc(paths->text, capacity);
        if (!grown)
            return gm_fail_memory(capacity, "names of files");
        paths->text = grown;
        paths->text_capacity = capacity;
    }
    memcpy(paths->text + paths->length, text, bytes);
    *at = paths->length;
    paths->length += bytes;
    return GM_OK;
}

gm_status gm_paths_add(gm_paths *paths, const char *folder, const char *name, uint32_t entry) {
    if (paths->count == INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "there are too many files: %d at most", INT32_MAX);
    if (paths->folder_count == 0 || strcmp(paths->text + paths->folders[paths->folder_count - 1], folder) != 0) {
        size_t at = 0;
        GM_TRY(
            gm_grow(&paths->folders, paths->folder_count, &paths->folder_capacity, sizeof *paths->folders, "folders"));
        GM_TRY(add_text(paths, folder, &at));
        paths->folders[paths->folder_count++] = at;
    }
    GM_TRY(gm_grow(&paths->files, paths->count, &paths->capacity, sizeof *paths->files, "a list of files"));
    gm_path file = {.folder = (uint32_t)(paths->folder_count - 1), .entry = entry};
    GM_TRY(add_text(paths, name, &file.name));
    paths->files[paths->count++] = file;
    return GM_OK;
}

static void shrink(void *array, size_t bytes) {
    void *old, *smaller;
    memcpy(&old, array, sizeof old);
    smaller = bytes > 0 ? realloc(old, bytes) : NULL;
    if (smaller)
        memcpy(array, &smaller, sizeof smaller);
}

void gm_paths_trim(gm_paths *paths) {
    shrink(&paths->files, paths->count * sizeof *paths->files);
    shrink(&paths->text, paths->length);
    shrink(&paths->folders, paths->folder_count * sizeof *paths->folders);
    paths->capacity = paths->count;
    paths->text_capacity = paths->length;
    paths->folder_capacity = paths->folder_count;
}

void gm_paths_finish(gm_paths *paths) {
    free(paths->files);
    free(paths->text);
    free(paths->folders);
    *paths = (gm_paths){0};
}

// ---- Names ----

static const char *below_root(const gm_paths *paths, uint32_t folder) {
    const char *name = paths->text + paths->folders[folder];
    return strlen(name) < paths->root ? "" : name + paths->root; // the root itself has no '/' behind it
}

const char *gm_paths_folder(const gm_paths *paths, size_t file) {
    return below_root(paths, paths->files[file].folder);
}

const char *gm_paths_name(const gm_paths *paths, size_t file) {
    return paths->text + paths->files[file].name;
}

void gm_paths_append(const gm_paths *paths, size_t file, gm_text *text) {
    const char *folder = gm_paths_folder(paths, file);
    gm_text_append(text, folder);
    if (*folder)
        gm_text_append(text, "/");
    gm_text_append(text, gm_paths_name(paths, file));
}

// ---- Parts ----

static bool lies_in(const char *folder, const char *first, size_t length) {
    return strncmp(folder, first, length) == 0 && (folder[length] == '/' || folder[length] == '\0');
}

bool gm_paths_have_folder(const gm_paths *paths, const char *folder) {
    for (size_t i = 0; i < paths->count; i++)
        if (lies_in(gm_paths_folder(paths, i), folder, strlen(folder)))
            return true;
    return false;
}

void gm_paths_enter(gm_paths *paths, const char *folder) {
    size_t left = 0, length = strlen(folder);
    for (size_t i = 0; i < paths->count; i++)
        if (lies_in(gm_paths_folder(paths, i), folder, length))
            paths->files[left++] = paths->files[i];
    paths->count = left;
    paths->root += length + 1;
}

void gm_paths_unwrap(gm_paths *paths) {
    while (paths->count > 0) {
        const char *first = gm_paths_folder(paths, 0);
        size_t length = strcspn(first, "/");
        bool shared = *first; // a part may be empty: the one before a '/' that begins the name
        for (size_t i = 0; i < paths->count && shared; i++)
            shared = lies_in(gm_paths_folder(paths, i), first, length);
        if (!shared)
            return;
        paths->root += length + 1;
    }
}

void gm_paths_keep(gm_paths *paths, const uint8_t *keep) {
    size_t left = 0;
    for (size_t i = 0; i < paths->count; i++)
        if (keep[i])
            paths->files[left++] = paths->files[i];
    paths->count = left;
}

// ---- Single names ----

void gm_path_shorten(char *name) {
    char *to = name + (*name == '/');
    for (const char *at = to; *at;) {
        size_t length = strcspn(at, "/"), whole = length + (at[length] == '/');
        if (whole > length && (length == 0 || (length == 1 && *at == '.'))) {
            at += whole;
            continue;
        }
        memmove(to, at, whole);
        to += whole;
        at += whole;
    }
    *to = '\0';
}

static bool ends_as(const char *name, const char *const *endings, size_t count) {
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot != name && i < count; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

bool gm_path_is_picture(const char *name) {
    static const char *const endings[] = {".png", ".apng", ".jpg", ".jpeg", ".webp", ".tif", ".tiff",
                                          ".gif", ".bmp",  ".pbm", ".pgm",  ".ppm",  ".pnm", ".pam"};
    return ends_as(name, endings, GM_COUNT(endings));
}

bool gm_path_is_sound(const char *name) {
    static const char *const endings[] = {".wav",  ".wave", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff",
                                          ".aifc", ".au",   ".snd",  ".caf", ".w64", ".rf64", ".mp3"};
    return ends_as(name, endings, GM_COUNT(endings));
}

bool gm_path_is_hidden(const char *name) {
    return name[0] == '.' || strcmp(name, "__MACOSX") == 0;
}
