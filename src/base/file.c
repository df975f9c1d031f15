// Whole files: reading, and writing so that a reader (or a crash) sees the old file or the new one, never half.
#define _XOPEN_SOURCE 700 // realpath
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gm_status gm_file_read(const char *path, char **data, size_t *bytes) {
    *data = NULL;
    *bytes = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    gm_status status = GM_OK;
    size_t capacity = 0, length = 0;
    char *content = NULL;
    for (;;) {
        if (length + 1 >= capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *grown = realloc(content, capacity);
            if (!grown) {
                status = gm_fail_memory(capacity, path);
                goto done;
            }
            content = grown;
        }
        size_t got = fread(content + length, 1, capacity - 1 - length, file);
        length += got;
        if (got == 0)
            break;
    }
    if (ferror(file)) {
        status = gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        goto done;
    }
    content[length] = '\0';
    *data = content;
    *bytes = length;
    content = NULL;
done:
    free(content);
    fclose(file);
    return status;
}

static gm_status write_all(int descriptor, const char *path, const void *data, size_t bytes) {
    const char *next = data;
    while (bytes > 0) {
        ssize_t written = write(descriptor, next, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
        next += written;
        bytes -= (size_t)written;
    }
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
        return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return GM_OK;
}

static gm_status write_and_close(int descriptor, const char *path, const void *data, size_t bytes) {
    gm_status status = write_all(descriptor, path, data, bytes);
    if (close(descriptor) != 0 && status == GM_OK)
        status = gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return status;
}

// A new file beside `path`, whose name nobody else has.
static gm_status create_beside(const char *path, gm_text *name, int *descriptor) {
    for (unsigned serial = 0; serial < 1000; serial++) {
        name->length = 0;
        gm_text_printf(name, "%s.%ld.%u.tmp", path, (long)getpid(), serial);
        if (name->failed)
            return gm_fail_memory(strlen(path), "a file name");
        *descriptor = open(name->data, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (*descriptor >= 0)
            return GM_OK;
        if (errno != EEXIST)
            break;
    }
    return gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", path, strerror(errno));
}

static gm_status replace(const char *path, const void *data, size_t bytes) {
    gm_text temporary = {0};
    int descriptor = -1;
    gm_status status = create_beside(path, &temporary, &descriptor);
    if (status == GM_OK) {
        status = write_and_close(descriptor, path, data, bytes);
        if (status == GM_OK && rename(temporary.data, path) != 0)
            status = gm_fail(GM_ERROR_IO, "%s: cannot be put in place: %s", path, strerror(errno));
        if (status != GM_OK)
            unlink(temporary.data);
    }
    gm_text_finish(&temporary);
    return status;
}

gm_status gm_file_write_atomic(const char *path, const void *data, size_t bytes) {
    struct stat info;
    if (stat(path, &info) != 0)
        return replace(path, data, bytes);
    if (S_ISREG(info.st_mode)) {
        char *target = realpath(path, NULL);
        gm_status status = replace(target ? target : path, data, bytes);
        free(target);
        return status;
    }
    int descriptor = open(path, O_WRONLY);
    if (descriptor < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    return write_and_close(descriptor, path, data, bytes);
}

gm_status gm_folder_create(const char *path) {
    gm_text prefix = {0};
    gm_status status = GM_OK;
    gm_text_append(&prefix, path);
    if (prefix.failed)
        return gm_fail_memory(strlen(path), "a folder name");
    for (size_t i = 1; i <= prefix.length; i++) {
        char end = prefix.data[i];
        if (end != '/' && end != '\0')
            continue;
        prefix.data[i] = '\0';
        if (mkdir(prefix.data, 0777) != 0 && errno != EEXIST) {
            status = gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", prefix.data, strerror(errno));
            goto done;
        }
        prefix.data[i] = end;
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        status = gm_fail(GM_ERROR_IO, "%s: is not a folder", path);
done:
    gm_text_finish(&prefix);
    return status;
}

gm_status gm_folder_sync(const char *path) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", path, strerror(errno));
    gm_status status = GM_OK;
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS) // some file systems have no such thing
        status = gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    close(descriptor);
    return status;
}
