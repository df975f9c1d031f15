// Whole files: reading, and writing so that a reader (or a crash, or a power cut) sees the old file or the new one,
// never half. What a function has made is on the disk when it returns, names included: folders are synced like files.
#define _XOPEN_SOURCE 700 // realpath, posix_fadvise
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 30 }; // some systems refuse to move more than 2 GiB at once

// ---- Reading ----

// Folders, pipes, sockets and devices have no size to check and perhaps no end.
static gm_status refuse_special(const char *path, mode_t mode) {
    return gm_fail(GM_ERROR_IO, "%s: is %s where a file is expected", path,
                   S_ISDIR(mode)    ? "a folder"
                   : S_ISFIFO(mode) ? "a pipe"
                   : S_ISSOCK(mode) ? "a socket"
                                    : "a device");
}

gm_status gm_file_open(const char *path, int *descriptor, uint64_t *size) {
    struct stat info;
    do // without waiting for a pipe's other end
        *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (*descriptor < 0 && errno == EINTR);
    int reason = *descriptor < 0 ? errno : 0;
    bool known = (reason ? stat(path, &info) : fstat(*descriptor, &info)) == 0; // a socket cannot even be opened
    if (!reason && known && S_ISREG(info.st_mode)) {
        *size = (uint64_t)info.st_size;
        return GM_OK;
    }
    if (!reason) {
        reason = errno;
        close(*descriptor);
    }
    if (known && !S_ISREG(info.st_mode))
        return refuse_special(path, info.st_mode);
    return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(reason));
}

gm_status gm_file_read_next(int descriptor, const char *path, void *data, size_t most, size_t *bytes) {
    char *to = data;
    *bytes = 0;
    while (*bytes < most) {
        ssize_t got = read(descriptor, to + *bytes, GM_MIN(most - *bytes, (size_t)PIECE));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            break;
        *bytes += (size_t)got;
    }
    return GM_OK;
}

static gm_status refuse_size(const char *path, uint64_t limit) {
    return gm_fail(GM_ERROR_IO, "%s: is too large: more than %llu bytes are not read from such a file", path,
                   (unsigned long long)limit);
}

// `size` is what the file had when it was opened: 0 for those that a system makes up while they are read.
static gm_status read_all(int descriptor, const char *path, uint64_t size, uint64_t limit, char **data, size_t *bytes) {
    if (size > limit)
        return refuse_size(path, limit);
    size_t capacity = 0, got;
    do {
        size_t wanted = capacity ? 2 * capacity : GM_MAX((size_t)size, (size_t)4096);
        capacity = GM_MIN(wanted, (size_t)limit) + 2; // room to see that there is more, and for the NUL
        gm_note_allocation();
        char *grown = realloc(*data, capacity);
        if (!grown)
            return gm_fail_memory(capacity, path);
        *data = grown;
        GM_TRY(gm_file_read_next(descriptor, path, *data + *bytes, capacity - 1 - *bytes, &got));
        *bytes += got;
        if (*bytes > limit)
            return refuse_size(path, limit);
    } while (*bytes == capacity - 1);
    if (*bytes < size)
        return gm_fail(GM_ERROR_IO, "%s: cannot be read whole: it ended after %zu of %llu bytes", path, *bytes,
                       (unsigned long long)size);
    (*data)[*bytes] = '\0';
    return GM_OK;
}

gm_status gm_file_read(const char *path, uint64_t limit, char **data, size_t *bytes) {
    int descriptor;
    uint64_t size;
    *data = NULL;
    *bytes = 0;
    GM_TRY(gm_file_open(path, &descriptor, &size));
    gm_status status = read_all(descriptor, path, size, GM_MIN(limit, (uint64_t)(SIZE_MAX / 4)), data, bytes);
    close(descriptor);
    if (status != GM_OK) {
        free(*data);
        *data = NULL;
        *bytes = 0;
    }
    return status;
}

gm_status gm_file_read_start(const char *path, void *data, size_t most, size_t *bytes) {
    int descriptor;
    uint64_t size;
    *bytes = 0;
    GM_TRY(gm_file_open(path, &descriptor, &size));
    if (size > most) // of what follows nothing is read ahead
        (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM);
    if (size > 0 && size < most) // no further call just to see its end; 0 where a system makes files up
        most = (size_t)size;
    gm_status status = gm_file_read_next(descriptor, path, data, most, bytes);
    close(descriptor);
    return status;
}

// ---- Folders ----

// 0, or why the descriptor's content may not be on the disk. Some file systems refuse to sync rather than fail at it,
// folders above all: nothing can be done then.
static int sync_descriptor(int descriptor) {
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP || errno == EBADF ? 0 : errno;
}

gm_status gm_folder_sync(const char *path) {
    int descriptor;
    do
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (descriptor < 0 && errno == EINTR);
    int reason = descriptor < 0 ? errno : sync_descriptor(descriptor);
    if (descriptor >= 0)
        close(descriptor);
    else if (reason == EACCES)
        return GM_OK; // it may be written to, but not be read
    if (reason)
        return gm_fail(GM_ERROR_IO, "%s: the folder cannot be synced to disk: %s", path, strerror(reason));
    return GM_OK;
}

// Syncs the folder that `path` lies in, which holds its name.
static gm_status sync_parent(const char *path) {
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] == '/')
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    gm_text parent = {0};
    gm_text_append(&parent, length > 0 ? path : ".");
    if (length > 0 && !parent.failed)
        parent.data[length] = '\0';
    gm_status status = parent.failed ? gm_fail_memory(length, "a folder name") : gm_folder_sync(parent.data);
    gm_text_finish(&parent);
    return status;
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
        if (mkdir(prefix.data, 0777) == 0)
            GM_TRY_DONE(sync_parent(prefix.data));
        else if (errno != EEXIST)
            GM_TRY_DONE(gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", prefix.data, strerror(errno)));
        prefix.data[i] = end;
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        status = gm_fail(GM_ERROR_IO, "%s: is not a folder", path);
done:
    gm_text_finish(&prefix);
    return status;
}

gm_status gm_folder_check_empty(const char *path, const char *advice) {
    DIR *listed = opendir(path);
    if (!listed)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", path, strerror(errno));
    gm_status status = GM_OK;
    errno = 0;
    for (struct dirent *entry = readdir(listed); entry && status == GM_OK; entry = readdir(listed))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = gm_fail(GM_ERROR_IO, "%s: is not empty (it holds %.200s): %s", path, entry->d_name, advice);
    if (status == GM_OK && errno != 0)
        status = gm_fail(GM_ERROR_IO, "%s: cannot be listed: %s", path, strerror(errno));
    closedir(listed);
    return status;
}

gm_status gm_folder_create_empty(const char *path, const char *advice) {
    GM_TRY(gm_folder_create(path));
    return gm_folder_check_empty(path, advice);
}

// Of a path whose last part is missing: the folder that it is in, or for a folder the nearest one above it that is
// there, must take new files.
static gm_status check_above(const char *path, bool is_folder) {
    gm_text above = {0};
    struct stat info;
    gm_text_append(&above, path);
    if (above.failed)
        return gm_fail_memory(strlen(path), "a folder name");
    int reason = 0;
    do {
        while (above.length > 0 && above.data[above.length - 1] == '/')
            above.length--;
        while (above.length > 0 && above.data[above.length - 1] != '/')
            above.length--;
        above.data[above.length] = '\0';
        reason = stat(above.length > 0 ? above.data : ".", &info) == 0 ? 0 : errno;
    } while (reason == ENOENT && is_folder && above.length > 0);
    if (reason == 0 && access(above.length > 0 ? above.data : ".", W_OK | X_OK) != 0)
        reason = errno;
    gm_text_finish(&above);
    return reason ? gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(reason)) : GM_OK;
}

gm_status gm_output_check(const char *path, bool is_folder) {
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? check_above(path, is_folder)
                               : gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (is_folder && S_ISDIR(info.st_mode))
        GM_TRY(gm_folder_check_empty(path, "name another folder"));
    if (is_folder != S_ISDIR(info.st_mode))
        return gm_fail(GM_ERROR_IO, "%s: is %s folder: name another", path, is_folder ? "not a" : "a");
    if (access(path, W_OK) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return GM_OK;
}

// ---- Writing ----

static gm_status write_all(int descriptor, const char *path, const void *data, size_t bytes) {
    const char *next = data;
    while (bytes > 0) {
        ssize_t written = write(descriptor, next, GM_MIN(bytes, (size_t)PIECE));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
        next += written;
        bytes -= (size_t)written;
    }
    int reason = sync_descriptor(descriptor);
    return reason ? gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path, strerror(reason)) : GM_OK;
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
        *descriptor = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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
        if (status == GM_OK)
            status = sync_parent(path);
        else
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
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    return write_and_close(descriptor, path, data, bytes);
}
