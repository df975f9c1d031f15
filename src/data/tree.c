// A tree of files: the one place that knows where they lie.
#include "data/tree.h"

#include "data/picture.h"
#include "data/sound.h"
#include "data/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- Archives ----

typedef struct archived {
    const char *name;
    uint32_t entry;
} archived;

// As gm_walk orders files: by the parts of their names, '/' before all else.
static int compare_names(const void *a, const void *b) {
    const unsigned char *x = (const unsigned char *)((const archived *)a)->name,
                        *y = (const unsigned char *)((const archived *)b)->name;
    while (*x && *x == *y) {
        x++;
        y++;
    }
    int left = *x == '/' ? 1 : *x == 0 ? 0 : *x + 1, right = *y == '/' ? 1 : *y == 0 ? 0 : *y + 1;
    return left - right;
}

static bool is_file(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || name[length - 1] == '/')
        return false;
    char part[16]; // enough to tell hidden names
    for (const char *at = name; *at; at += strcspn(at, "/"), at += *at == '/') {
        snprintf(part, sizeof part, "%.*s", (int)GM_MIN(strcspn(at, "/"), sizeof part - 1), at);
        if (gm_path_is_hidden(part))
            return false;
    }
    return true;
}

static gm_status add_entry(gm_paths *paths, const archived *file) {
    const char *slash = strrchr(file->name, '/');
    if (!slash)
        return gm_paths_add(paths, "", file->name, file->entry);
    gm_text folder = {0};
    gm_text_printf(&folder, "%.*s", (int)(slash - file->name), file->name);
    gm_status status =
        folder.failed ? gm_fail_memory(64, "a folder name") : gm_paths_add(paths, folder.data, slash + 1, file->entry);
    gm_text_finish(&folder);
    return status;
}

static gm_status list_archive(gm_tree *tree) {
    archived *files;
    size_t count = 0;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&files, gm_zip_count(tree->zip) + 1, sizeof *files, tree->path));
    for (size_t i = 0; i < gm_zip_count(tree->zip); i++)
        if (is_file(gm_zip_name(tree->zip, i)))
            files[count++] = (archived){gm_zip_name(tree->zip, i), (uint32_t)i};
    if (count > 1)
        qsort(files, count, sizeof *files, compare_names);
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = i > 0 && compare_names(&files[i - 1], &files[i]) == 0
                     ? gm_fail(GM_ERROR_FORMAT, "%s: is refused: it holds two files of the name %s", tree->path,
                               files[i].name)
                     : add_entry(&tree->paths, &files[i]);
    free(files);
    if (status == GM_OK)
        gm_paths_unwrap(&tree->paths);
    return status;
}

gm_status gm_tree_open_zip(gm_tree *tree, const char *path, const void *data, size_t bytes) {
    *tree = (gm_tree){.path = path};
    gm_status status = gm_zip_open_memory(&tree->zip, path, data, bytes);
    if (status == GM_OK)
        status = list_archive(tree);
    if (status != GM_OK)
        gm_tree_finish(tree);
    return status;
}

// ---- Any ----

static gm_status list(gm_tree *tree, const gm_source *source) {
    if (source->folder)
        return gm_walk(&tree->paths, source->path);
    if (gm_zip_tell(source->path, source->head, source->head_bytes)) {
        GM_TRY(gm_zip_open(&tree->zip, source->path));
        return list_archive(tree);
    }
    if (gm_picture_tell(source->head, source->head_bytes) || gm_sound_tell(source->head, source->head_bytes) ||
        gm_path_is_sound(source->path)) {
        const char *slash = strrchr(source->path, '/');
        tree->form = GM_LIST_PATHS; // as a list beside it would have it
        return gm_paths_add(&tree->paths, "", slash ? slash + 1 : source->path, 1);
    }
    tree->form = gm_list_find_form(source);
    GM_TRY(gm_list_read(&tree->paths, source->path, tree->form));
    gm_paths_unwrap(&tree->paths);
    return GM_OK;
}

gm_status gm_tree_open(gm_tree *tree, const gm_source *source) {
    *tree = (gm_tree){.path = source->path};
    gm_status status = list(tree, source);
    if (status != GM_OK)
        gm_tree_finish(tree);
    return status;
}

void gm_tree_finish(gm_tree *tree) {
    gm_paths_finish(&tree->paths);
    gm_zip_close(&tree->zip);
    *tree = (gm_tree){0};
}

// ---- Files ----

gm_status gm_tree_path(const gm_tree *tree, size_t file, char **path) {
    gm_text text = {0};
    const gm_path *entry = &tree->paths.files[file];
    const char *folder = tree->paths.text + tree->paths.folders[entry->folder], *slash = strrchr(tree->path, '/');
    if (!tree->form)
        gm_text_printf(&text, "%s/", tree->path);
    else if (slash && folder[0] != '/')
        gm_text_printf(&text, "%.*s/", (int)(slash - tree->path), tree->path);
    gm_text_printf(&text, "%s%s%s", folder, *folder ? "/" : "", gm_paths_name(&tree->paths, file));
    *path = text.data; // the caller's
    if (!text.failed)
        return GM_OK;
    gm_text_finish(&text);
    *path = NULL;
    return gm_fail_memory(strlen(tree->path), "a file name");
}

gm_status gm_tree_measure(const gm_tree *tree, size_t file, uint64_t *bytes, bool *swells) {
    char *path;
    *bytes = 0;
    *swells = false;
    if (!tree->zip)
        return GM_OK;
    GM_TRY(gm_tree_path(tree, file, &path));
    gm_status status = gm_zip_measure(tree->zip, tree->paths.files[file].entry, path, bytes, swells);
    free(path);
    return status;
}

gm_status gm_tree_read(const gm_tree *tree, size_t file, uint64_t limit, uint64_t expected, char **data,
                       size_t *bytes) {
    char *path;
    *data = NULL;
    *bytes = 0;
    GM_TRY(gm_tree_path(tree, file, &path));
    gm_status status = tree->zip
                           ? gm_zip_read(tree->zip, tree->paths.files[file].entry, path, limit, expected, data, bytes)
                           : gm_file_read(path, limit, data, bytes);
    free(path);
    return status;
}

gm_status gm_tree_read_start(const gm_tree *tree, size_t file, void *data, size_t most, size_t *bytes) {
    char *path;
    GM_TRY(gm_tree_path(tree, file, &path));
    gm_status status = tree->zip ? gm_zip_read_start(tree->zip, tree->paths.files[file].entry, path, data, most, bytes)
                                 : gm_file_read_start(path, data, most, bytes);
    free(path);
    return status;
}

size_t gm_tree_find(const gm_tree *tree, const char *name) {
    size_t count = tree->paths.count, alike = count;
    for (size_t i = 0; i < count; i++) {
        if (*gm_paths_folder(&tree->paths, i) || strcasecmp(gm_paths_name(&tree->paths, i), name) != 0)
            continue;
        if (strcmp(gm_paths_name(&tree->paths, i), name) == 0)
            return i;
        alike = GM_MIN(alike, i);
    }
    return alike;
}
