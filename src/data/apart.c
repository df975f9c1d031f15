#include "data/apart.h"

#include "data/items.h"

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

gm_status gm_apart_check(const char *source, const char *path) {
    struct stat info;
    if (!gm_dataset_is_path(source) || stat(source, &info) != 0 || !lies_in(path, &info))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: is the source %s or lies in it, which stays as it is: write it elsewhere",
                   path, source);
}
