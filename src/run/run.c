// Making a run folder, opening one, and the lock. Files go through gm_file_write_atomic.
#define _GNU_SOURCE // flock
#include "run/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// flock's lock is that of the open folder: unlike fcntl's it keeps out this process, too, and no other descriptor's
// closing drops it. The process's end does, so that a killed run never blocks. A file system without such locks has
// that of the log.
static gm_status lock_folder(gm_run *run) {
    run->lock = open(run->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->lock < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", run->folder, strerror(errno));
    if (flock(run->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return gm_run_fail_locked(run);
    return GM_OK;
}

static gm_status create_given(gm_run *run, const char *out) {
    GM_TRY(gm_run_set_folder(run, out));
    GM_TRY(gm_folder_create(run->folder));
    GM_TRY(lock_folder(run));
    return gm_folder_check_empty(run->folder, "name another folder, or go on with this run by --resume");
}

// One beyond the highest number in use; mkdir decides between two processes that count at once.
static gm_status next_number(unsigned long *next) {
    *next = 0;
    DIR *folder = opendir("runs");
    if (!folder)
        return gm_fail(GM_ERROR_IO, "runs: cannot be opened as a folder: %s", strerror(errno));
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char *end;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        unsigned long number = strtoul(entry->d_name, &end, 10);
        if (*end == '-' && number < 99999999 && number >= *next)
            *next = number + 1;
    }
    closedir(folder);
    return GM_OK;
}

static gm_status create_numbered(gm_run *run, const char *name) {
    if (strchr(name, '/'))
        return gm_fail(GM_ERROR_ARGUMENT, "\"%s\" cannot name a run folder: it contains a slash", name);
    GM_TRY(gm_folder_create("runs"));
    for (int attempt = 0; attempt < 1000; attempt++) {
        unsigned long number;
        char path[NAME_MAX + 16];
        GM_TRY(next_number(&number));
        int length = snprintf(path, sizeof path, "runs/%05lu-%s", number, name);
        if (length < 0 || (size_t)length >= sizeof path)
            return gm_fail(GM_ERROR_ARGUMENT, "\"%.40s...\" is too long to name a run folder", name);
        GM_TRY(gm_run_set_folder(run, path));
        if (mkdir(path, 0777) == 0) {
            GM_TRY(gm_folder_sync("runs"));
            return lock_folder(run);
        }
        if (errno != EEXIST)
            return gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", path, strerror(errno));
    }
    return gm_fail(GM_ERROR_IO, "runs: no free number was found");
}

// NAME.PID.N.tmp: what a killed process leaves of gm_file_write_atomic.
static bool is_temporary(const char *name) {
    size_t at = strlen(name);
    if (at < 4 || strcmp(name + at - 4, ".tmp") != 0)
        return false;
    at -= 4;
    for (int number = 0; number < 2; number++) {
        size_t end = at;
        while (at > 0 && isdigit((unsigned char)name[at - 1]))
            at--;
        if (at == end || at == 0 || name[--at] != '.')
            return false;
    }
    return at > 0;
}

static void remove_temporary(const gm_run *run, const char *sub) {
    char path[2 * GM_RUN_PATH_BYTES];
    gm_run_join(run, path, sub);
    DIR *folder = opendir(path);
    if (!folder)
        return;
    size_t length = strlen(path);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t name = strlen(entry->d_name);
        if (!is_temporary(entry->d_name) || name + length + 2 > sizeof path)
            continue;
        path[length] = '/';
        memcpy(path + length + 1, entry->d_name, name + 1);
        unlink(path);
    }
    closedir(folder);
}

// The folder of checkpoints, which makes a folder a run's, comes first: killed at once, a run can be resumed, or its
// folder is empty and can be taken again.
static gm_status create_parts(gm_run *run) {
    char path[GM_RUN_PATH_BYTES];
    GM_TRY(gm_folder_create(gm_run_join(run, path, "checkpoints")));
    GM_TRY(gm_folder_create(gm_run_join(run, path, "samples")));
    return gm_run_open_log(run);
}

gm_status gm_run_create(gm_run **run, const char *out, const char *name) {
    *run = NULL;
    gm_run *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a run"));
    made->lock = made->log_file = -1;
    gm_status status = out ? create_given(made, out) : create_numbered(made, name);
    if (status == GM_OK)
        status = create_parts(made);
    if (status != GM_OK)
        gm_run_close(&made);
    *run = made;
    return status;
}

static gm_status open_existing(gm_run *run, const char *path, bool resume) {
    GM_TRY(gm_run_set_folder(run, path));
    char part[GM_RUN_PATH_BYTES];
    struct stat info;
    if (stat(run->folder, &info) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", run->folder, strerror(errno));
    bool has_part = S_ISDIR(info.st_mode) && stat(gm_run_join(run, part, "checkpoints"), &info) == 0;
    if (S_ISDIR(info.st_mode) && !has_part && errno != ENOENT)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", part, strerror(errno));
    if (!has_part)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is not a run folder: it has no folder checkpoints", run->folder);
    if (!resume)
        return GM_OK;
    GM_TRY(lock_folder(run));
    GM_TRY(create_parts(run));
    remove_temporary(run, ".");
    remove_temporary(run, "samples");
    remove_temporary(run, "checkpoints");
    return GM_OK;
}

gm_status gm_run_open(gm_run **run, const char *path, bool resume) {
    *run = NULL;
    gm_run *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a run"));
    made->lock = made->log_file = -1;
    gm_status status = open_existing(made, path, resume);
    if (status != GM_OK)
        gm_run_close(&made);
    *run = made;
    return status;
}

void gm_run_close(gm_run **run) {
    if (!run || !*run)
        return;
    if ((*run)->log_file >= 0)
        close((*run)->log_file);
    if ((*run)->lock >= 0)
        close((*run)->lock);
    free(*run);
    *run = NULL;
}

gm_status gm_run_write_recipe(gm_run *run, const char *text) {
    return gm_file_write_atomic(gm_run_recipe_path(run), text, strlen(text));
}
