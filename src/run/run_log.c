// The log of a run: lines through one open, locked descriptor, which outlives the file's name.
#define _GNU_SOURCE // F_OFD_SETLK
#include "run/folder.h"
#include "run/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef F_OFD_SETLK
#define SET_LOCK F_OFD_SETLK // of the open file, whereas F_SETLK's is the process's and goes with any close
#else
#define SET_LOCK F_SETLK
#endif

enum { MOST_BYTES = 1 << 30 }; // of millions of lines

static gm_status check_writable(const gm_run *run) {
    if (run->log_file < 0)
        return gm_fail(GM_ERROR_STATE, "%s: was opened for reading alone: its log cannot be written", run->folder);
    return GM_OK;
}

// The lock beside that of the folder is for file systems on which folders cannot be locked (NFS).
gm_status gm_run_open_log(gm_run *run) {
    const char *path = gm_run_log_path(run);
    struct stat info;
    run->log_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (run->log_file < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened for writing: %s", path, strerror(errno));
    if (fstat(run->log_file, &info) != 0 || !S_ISREG(info.st_mode))
        return gm_fail(GM_ERROR_IO, "%s: is no file but a pipe or a device: remove it, and the log begins anew", path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(run->log_file, SET_LOCK, &lock) != 0 && (errno == EACCES || errno == EAGAIN))
        return gm_run_fail_locked(run);
    run->log_size = lseek(run->log_file, 0, SEEK_END);
    return GM_OK;
}

// ---- Reading ----

gm_status gm_run_log_read(gm_run *run, char **text, size_t *bytes) {
    *text = NULL;
    GM_TRY(check_writable(run));
    off_t end = lseek(run->log_file, 0, SEEK_END);
    if (end < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", gm_run_log_path(run), strerror(errno));
    if (end > MOST_BYTES)
        return gm_fail(GM_ERROR_IO, "%s: is too large: it has %lld bytes, a log %d at most", gm_run_log_path(run),
                       (long long)end, MOST_BYTES);
    *bytes = (size_t)end;
    GM_TRY(gm_alloc(text, *bytes + 1, 1, gm_run_log_path(run)));
    for (size_t got = 0; got < *bytes;) {
        ssize_t part = pread(run->log_file, *text + got, *bytes - got, (off_t)got);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            free(*text);
            *text = NULL;
            return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", gm_run_log_path(run),
                           part < 0 ? strerror(errno) : "it is shorter than it was");
        }
        got += (size_t)part;
    }
    return GM_OK;
}

// The number of that key in a line without its line feed; -1: it has none, as one that is no JSON object.
static gm_status number_of(gm_run *run, const char *key, const char *line, size_t length, double *step) {
    json_t *object;
    gm_status status = gm_json_parse(&object, gm_run_log_path(run), "a line", line, length, 0);
    const json_t *at = json_object_get(object, key);
    *step = json_is_number(at) ? json_number_value(at) : -1;
    json_decref(object);
    return status == GM_ERROR_FORMAT ? GM_OK : status;
}

gm_status gm_run_survey_log(gm_run *run, uint64_t step, size_t *later, uint64_t *last, uint64_t *gap) {
    char *text;
    size_t bytes;
    *later = 0;
    *last = *gap = 0;
    GM_TRY(gm_run_log_read(run, &text, &bytes));
    gm_status status = GM_OK;
    double at = 0;
    for (const char *line = text, *feed;
         status == GM_OK && (feed = memchr(line, '\n', bytes - (size_t)(line - text))) != NULL; line = feed + 1) {
        status = number_of(run, "step", line, (size_t)(feed - line), &at);
        if (at > (double)step)
            ++*later;
        else if (at > (double)*last) {
            *gap = (uint64_t)at - *last;
            *last += *gap;
        }
    }
    free(text);
    return status;
}

// Before the first line in which the number is more.
static gm_status cut(gm_run *run, const char *key, uint64_t step) {
    char *text;
    size_t bytes;
    GM_TRY(gm_run_log_read(run, &text, &bytes));
    gm_status status = GM_OK;
    const char *line = text, *feed;
    for (double at = 0; (feed = memchr(line, '\n', bytes - (size_t)(line - text))) != NULL; line = feed + 1) {
        status = number_of(run, key, line, (size_t)(feed - line), &at);
        if (status != GM_OK || at > (double)step)
            break;
    }
    off_t end = (off_t)(line - text);
    free(text);
    GM_TRY(status);
    if (end < (off_t)bytes && ftruncate(run->log_file, end) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be cut back: %s", gm_run_log_path(run), strerror(errno));
    run->log_size = end;
    return GM_OK;
}

gm_status gm_run_log_cut(gm_run *run, uint64_t step) {
    return cut(run, "step", step);
}

gm_status gm_run_log_cut_pretraining(gm_run *run, uint64_t steps) {
    return cut(run, "pretraining", steps);
}

// ---- Writing ----

typedef enum presence { THERE, GONE, REPLACED } presence;

// What became of the path of an open file.
static presence look_for(int descriptor, const char *path, struct stat *held) {
    struct stat named;
    if (fstat(descriptor, held) != 0)
        return THERE; // not known to be elsewhere
    if (stat(path, &named) != 0)
        return errno == ENOENT || errno == ENOTDIR ? GONE : THERE;
    return named.st_dev == held->st_dev && named.st_ino == held->st_ino ? THERE : REPLACED;
}

// The descriptor still has all lines, whatever became of the name.
static gm_status restore(gm_run *run, bool replaced) {
    char *text, aside[GM_RUN_PATH_BYTES];
    size_t bytes;
    const char *path = gm_run_log_path(run);
    GM_TRY(gm_run_log_read(run, &text, &bytes));
    gm_status status = replaced ? gm_run_rename_aside(path, "replaced", aside) : GM_OK;
    if (status == GM_OK)
        status = gm_file_write_atomic(path, text, bytes);
    free(text);
    GM_TRY(status);
    close(run->log_file);
    GM_TRY(gm_run_open_log(run));
    if (replaced)
        gm_warn("%s: was replaced while training: the other file is now %s, and the log goes on whole", path, aside);
    else
        gm_warn("%s: was removed while training: it is there again, whole", path);
    return GM_OK;
}

// Before anything is written: a checkpoint that went into another run's folder would damage that one.
static gm_status check_presence(gm_run *run) {
    struct stat held;
    presence folder = look_for(run->lock, run->folder, &held);
    if (folder != THERE)
        return gm_fail(GM_ERROR_STATE,
                       "%s: is %s the one that training began in, which was moved or removed: go on with that one by "
                       "--resume",
                       run->folder, folder == GONE ? "no longer" : "another folder than");
    presence log = look_for(run->log_file, gm_run_log_path(run), &held);
    if (log != THERE)
        return restore(run, log == REPLACED);
    if (held.st_size < run->log_size) {
        gm_warn("%s: was cut short while training: lines are missing", gm_run_log_path(run));
        run->log_size = held.st_size;
    }
    return GM_OK;
}

gm_status gm_run_log(gm_run *run, gm_log_line *line) {
    GM_TRY(check_writable(run));
    GM_TRY(check_presence(run));
    const char *text;
    GM_TRY(gm_log_end(line, &text));
    size_t length = strlen(text);
    char *whole;
    GM_TRY(gm_alloc(&whole, length + 1, 1, "a log line"));
    memcpy(whole, text, length);
    whole[length] = '\n';
    off_t before = lseek(run->log_file, 0, SEEK_END);
    ssize_t written;
    do
        written = write(run->log_file, whole, length + 1);
    while (written < 0 && errno == EINTR);
    int reason = written < 0 ? errno : ENOSPC; // a short write is how a full disk shows first
    free(whole);
    if (written == (ssize_t)(length + 1)) {
        run->log_size = before + written;
        return GM_OK;
    }
    if (written > 0 && before >= 0 && ftruncate(run->log_file, before) != 0)
        gm_debug("%s: the torn line stays", gm_run_log_path(run));
    return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", gm_run_log_path(run), strerror(reason));
}

gm_status gm_run_sync_log(gm_run *run) {
    GM_TRY(check_writable(run));
    GM_TRY(check_presence(run));
    if (fsync(run->log_file) != 0 && errno != EINVAL && errno != EROFS)
        return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", gm_run_log_path(run), strerror(errno));
    return GM_OK;
}
