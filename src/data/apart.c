#include "data/apart.h"

#include "data/items.h"
#include "data/list.h"
#include "data/npy.h"
#include "data/tree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Whether the file or folder, or one that it lies in, is the source; what is not there yet lies where its folder is.
static bool lies_in(const char *path, const struct stat *source) {
    struct stat at, above = {0};
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (stat(path, &at) == 0 && is_same(&at, source))
        return true;
    while (length > 0 && path[length - 1] != '/')
        length--;
    gm_text folder = {0};
    gm_text_printf(&folder, "%.*s.", (int)length, path);
    bool inside = false, known = !folder.failed && stat(folder.data, &at) == 0;
    while (known && !(inside = is_same(&at, source))) {
        gm_text_append(&folder, "/..");
        known = !folder.failed && stat(folder.data, &above) == 0 && !is_same(&at, &above); // "/.." is "/"
        at = above;
    }
    gm_text_finish(&folder);
    return inside;
}

// Whether a text file lists the file.
static bool lists(const gm_source *source, const struct stat *file) {
    gm_tree tree;
    bool listed = false;
    if (source->head_bytes == 0 || gm_list_find_form(source) == GM_LIST_NONE || gm_tree_open(&tree, source) != GM_OK)
        return false;
    for (size_t i = 0; i < tree.paths.count && !listed; i++) {
        struct stat picture;
        char *path;
        if (gm_tree_path(&tree, i, &path) != GM_OK)
            break;
        listed = stat(path, &picture) == 0 && is_same(&picture, file);
        free(path);
    }
    gm_tree_finish(&tree);
    return listed;
}

// Whether the file is read with the source: the labels of an array, a picture of a list.
static bool belongs_to(const char *path, const char *name) {
    struct stat file, labels;
    gm_source source;
    gm_text beside = {0};
    bool sure, belongs = false;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode) || gm_source_open(&source, name) != GM_OK)
        return false;
    if (gm_npy_tell(&source))
        belongs = gm_npy_find_labels(name, &beside, &sure) == GM_OK && beside.length > 0 &&
                  stat(beside.data, &labels) == 0 && is_same(&labels, &file);
    else
        belongs = lists(&source, &file);
    gm_text_finish(&beside);
    gm_source_finish(&source);
    return belongs;
}

gm_status gm_apart_check(const char *source, const char *path) {
    struct stat info;
    if (!gm_dataset_is_path(source) || stat(source, &info) != 0)
        return GM_OK;
    if (lies_in(path, &info))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: is the source %s or lies in it, which stays as it is: write it elsewhere", path, source);
    if (belongs_to(path, source))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is read with the source %s, which stays as it is: write it elsewhere",
                       path, source);
    return GM_OK;
}
