// The run folder. Files go through gm_file_write_atomic; the log through one open, locked descriptor.
#include "train/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES   4096
#define PATH_RESERVE 64 // for "/checkpoints/NNNNNNNNNNNNNNNNNNNN.safetensors" behind the folder

struct gm_run {
    char folder[PATH_BYTES];
    char recipe[PATH_BYTES], log[PATH_BYTES], sample[PATH_BYTES], real[PATH_BYTES], checkpoint[PATH_BYTES];
    int descriptor; // of the log; -1 when only read
};

// The file NAME of "FOLDER/..."; always fits, since the folder's length was checked.
static const char *join(const gm_run *run, char *path, const char *name) {
    snprintf(path, PATH_BYTES, "%.*s/%.*s", PATH_BYTES - PATH_RESERVE, run->folder, PATH_RESERVE - 2, name);
    return path;
}

static const char *join_step(const gm_run *run, char *path, const char *folder, uint64_t step, const char *ending) {
    char name[PATH_RESERVE];
    snprintf(name, sizeof name, "%s/%08" PRIu64 "%s", folder, step, ending);
    return join(run, path, name);
}

const char *gm_run_path(const gm_run *run) {
    return run->folder;
}

const char *gm_run_recipe_path(gm_run *run) {
    return join(run, run->recipe, "recipe.yaml");
}

const char *gm_run_log_path(gm_run *run) {
    return join(run, run->log, "log.jsonl");
}

const char *gm_run_sample_path(gm_run *run, uint64_t step) {
    return join_step(run, run->sample, "samples", step, ".png");
}

const char *gm_run_real_path(gm_run *run) {
    return join(run, run->real, "samples/real.png");
}

const char *gm_run_checkpoint_path(gm_run *run, uint64_t step) {
    return join_step(run, run->checkpoint, "checkpoints", step, ".safetensors");
}

// ---- Making and opening ----

static gm_status set_folder(gm_run *run, const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0 || length >= PATH_BYTES - PATH_RESERVE)
        return gm_fail(GM_ERROR_ARGUMENT, "the run folder's name has %zu bytes; 1 to %d are allowed", length,
                       PATH_BYTES - PATH_RESERVE - 1);
    memcpy(run->folder, path, length);
    run->folder[length] = '\0';
    return GM_OK;
}

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static gm_status check_empty(const char *path) {
    DIR *folder = opendir(path);
    if (!folder)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", path, strerror(errno));
    gm_status status = GM_OK;
    for (struct dirent *entry = readdir(folder); entry && status == GM_OK; entry = readdir(folder))
        if (!is_dot(entry->d_name))
            status = gm_fail(GM_ERROR_IO,
                             "%s: is not empty (it holds %.200s): name another folder, or go on with this run by "
                             "--resume",
                             path, entry->d_name);
    closedir(folder);
    return status;
}

static gm_status create_given(gm_run *run, const char *out) {
    GM_TRY(set_folder(run, out));
    GM_TRY(gm_folder_create(run->folder));
    return check_empty(run->folder);
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
        GM_TRY(set_folder(run, path));
        if (mkdir(path, 0777) == 0)
            return GM_OK;
        if (errno != EEXIST)
            return gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", path, strerror(errno));
    }
    return gm_fail(GM_ERROR_IO, "runs: no free number was found");
}

static gm_status open_log(gm_run *run) {
    const char *path = gm_run_log_path(run);
    run->descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (run->descriptor < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened for writing: %s", path, strerror(errno));
    // The process's end releases the lock, so a killed run never blocks. A file system without locks is no obstacle.
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(run->descriptor, F_SETLK, &lock) != 0 && (errno == EACCES || errno == EAGAIN))
        return gm_fail(GM_ERROR_STATE, "%s: another process is training in this folder", run->folder);
    return GM_OK;
}

// Removes what a killed process left of gm_file_write_atomic: NAME.PID.N.tmp.
static void remove_temporary(const gm_run *run, const char *sub) {
    char path[2 * PATH_BYTES];
    join(run, path, sub);
    DIR *folder = opendir(path);
    if (!folder)
        return;
    size_t length = strlen(path);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t name = strlen(entry->d_name);
        if (name <= 4 || strcmp(entry->d_name + name - 4, ".tmp") != 0 || name + length + 2 > sizeof path)
            continue;
        path[length] = '/';
        memcpy(path + length + 1, entry->d_name, name + 1);
        unlink(path);
    }
    closedir(folder);
}

static gm_status create_parts(gm_run *run) {
    char path[PATH_BYTES];
    GM_TRY(gm_folder_create(join(run, path, "samples")));
    GM_TRY(gm_folder_create(join(run, path, "checkpoints")));
    return open_log(run);
}

gm_status gm_run_create(gm_run **run, const char *out, const char *name) {
    *run = NULL;
    gm_run *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a run"));
    made->descriptor = -1;
    gm_status status = out ? create_given(made, out) : create_numbered(made, name);
    if (status == GM_OK)
        status = create_parts(made);
    if (status != GM_OK)
        gm_run_close(&made);
    *run = made;
    return status;
}

static gm_status open_existing(gm_run *run, const char *path, bool resume) {
    GM_TRY(set_folder(run, path));
    char part[PATH_BYTES];
    struct stat info;
    if (stat(run->folder, &info) != 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened: %s", run->folder, strerror(errno));
    if (!S_ISDIR(info.st_mode) || stat(join(run, part, "checkpoints"), &info) != 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is not a run folder: it has no folder checkpoints", run->folder);
    if (!resume)
        return GM_OK;
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
    made->descriptor = -1;
    gm_status status = open_existing(made, path, resume);
    if (status != GM_OK)
        gm_run_close(&made);
    *run = made;
    return status;
}

void gm_run_close(gm_run **run) {
    if (!run || !*run)
        return;
    if ((*run)->descriptor >= 0)
        close((*run)->descriptor);
    free(*run);
    *run = NULL;
}

gm_status gm_run_write_recipe(gm_run *run, const char *text) {
    return gm_file_write_atomic(gm_run_recipe_path(run), text, strlen(text));
}

// ---- Checkpoints ----

// The step of "NNNNNNNN<ending>", at least eight digits and nothing else.
static bool parse_step(const char *name, const char *ending, uint64_t *step) {
    char *end;
    size_t digits = strspn(name, "0123456789");
    if (digits < 8 || strcmp(name + digits, ending) != 0)
        return false;
    errno = 0;
    *step = strtoull(name, &end, 10);
    return errno == 0;
}

static int ascending(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static gm_status list_steps(const gm_run *run, const char *sub, const char *ending, uint64_t **steps, size_t *count) {
    *steps = NULL;
    *count = 0;
    char path[PATH_BYTES];
    DIR *folder = opendir(join(run, path, sub));
    if (!folder)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", path, strerror(errno));
    size_t capacity = 0;
    gm_status status = GM_OK;
    for (struct dirent *entry = readdir(folder); entry && status == GM_OK; entry = readdir(folder)) {
        uint64_t step;
        if (!parse_step(entry->d_name, ending, &step))
            continue;
        status = gm_grow(steps, *count, &capacity, sizeof **steps, "the list of checkpoints");
        if (status == GM_OK)
            (*steps)[(*count)++] = step;
    }
    closedir(folder);
    if (status != GM_OK) {
        free(*steps);
        *steps = NULL;
        *count = 0;
    } else if (*count > 1) {
        qsort(*steps, *count, sizeof **steps, ascending);
    }
    return status;
}

gm_status gm_run_list_checkpoints(const gm_run *run, uint64_t **steps, size_t *count) {
    return list_steps(run, "checkpoints", ".safetensors", steps, count);
}

gm_status gm_run_newest_checkpoint(gm_run *run, gm_checkpoint **checkpoint) {
    *checkpoint = NULL;
    uint64_t *steps;
    size_t count;
    GM_TRY(gm_run_list_checkpoints(run, &steps, &count));
    gm_status status = GM_ERROR_FORMAT;
    for (size_t i = count; i-- > 0 && status != GM_OK;) {
        status = gm_checkpoint_open(checkpoint, gm_run_checkpoint_path(run, steps[i]));
        if (status == GM_ERROR_MEMORY)
            break; // an older one would need as much, and going back would lose work
        if (status != GM_OK)
            gm_warn("%s: this checkpoint is passed over", gm_error_message());
    }
    free(steps);
    if (status == GM_OK || status == GM_ERROR_MEMORY)
        return status;
    if (count == 0)
        return gm_fail(GM_ERROR_STATE, "%s: holds no checkpoint: start the run anew", run->folder);
    return gm_fail(GM_ERROR_STATE, "%s: none of its %zu checkpoints is whole: start the run anew", run->folder, count);
}

gm_status gm_run_find_checkpoint(gm_checkpoint **checkpoint, const char *path) {
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode))
        return gm_checkpoint_open(checkpoint, path);
    gm_run *run = NULL;
    GM_TRY(gm_run_open(&run, path, false));
    gm_status status = gm_run_newest_checkpoint(run, checkpoint);
    gm_run_close(&run);
    return status;
}

static gm_status remove_file(const char *path) {
    if (unlink(path) != 0 && errno != ENOENT)
        return gm_fail(GM_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    return GM_OK;
}

static bool is_among(uint64_t step, const uint64_t *steps, size_t count) {
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || steps[i] == step;
    return found;
}

gm_status gm_run_prune(gm_run *run, size_t keep, const uint64_t *best, size_t best_count) {
    uint64_t *steps;
    size_t count;
    GM_TRY(gm_run_list_checkpoints(run, &steps, &count));
    gm_status status = GM_OK;
    for (size_t i = 0; i + GM_MAX(keep, 1) < count && status == GM_OK; i++)
        if (!is_among(steps[i], best, best_count))
            status = remove_file(gm_run_checkpoint_path(run, steps[i]));
    free(steps);
    return status;
}

static gm_status forget_files(gm_run *run, const char *sub, const char *ending, uint64_t step) {
    uint64_t *steps;
    size_t count;
    GM_TRY(list_steps(run, sub, ending, &steps, &count));
    gm_status status = GM_OK;
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        char path[PATH_BYTES];
        if (steps[i] > step)
            status = remove_file(join_step(run, path, sub, steps[i], ending));
    }
    free(steps);
    return status;
}

gm_status gm_run_forget_after(gm_run *run, uint64_t step) {
    GM_TRY(forget_files(run, "checkpoints", ".safetensors", step));
    return forget_files(run, "samples", ".png", step);
}

// ---- The log ----

static gm_status check_writable(gm_run *run) {
    if (run->descriptor < 0)
        return gm_fail(GM_ERROR_STATE, "%s: was opened for reading alone: its log cannot be written", run->folder);
    return GM_OK;
}

gm_status gm_run_log(gm_run *run, gm_log_line *line) {
    GM_TRY(check_writable(run));
    const char *text;
    GM_TRY(gm_log_end(line, &text));
    size_t length = strlen(text);
    char *whole;
    GM_TRY(gm_alloc(&whole, length + 1, 1, "a log line"));
    memcpy(whole, text, length);
    whole[length] = '\n';
    off_t before = lseek(run->descriptor, 0, SEEK_END);
    ssize_t written;
    do
        written = write(run->descriptor, whole, length + 1);
    while (written < 0 && errno == EINTR);
    int reason = written < 0 ? errno : ENOSPC; // a short write is how a full disk shows first
    free(whole);
    if (written == (ssize_t)(length + 1))
        return GM_OK;
    if (written > 0 && before >= 0 && ftruncate(run->descriptor, before) != 0)
        gm_debug("%s: the torn line stays", gm_run_log_path(run));
    return gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", gm_run_log_path(run), strerror(reason));
}

// Whether the line (without its line feed) is a JSON object that belongs to steps up to `step`.
static bool keeps(const char *line, size_t length, uint64_t step) {
    json_error_t error;
    json_t *object = json_loadb(line, length, 0, &error);
    const json_t *at = json_object_get(object, "step");
    bool kept = json_is_object(object) && !(json_is_number(at) && json_number_value(at) > (double)step);
    json_decref(object);
    return kept;
}

// Through the descriptor: closing another one of this file would release the lock.
gm_status gm_run_log_read(gm_run *run, char **text, size_t *bytes) {
    *text = NULL;
    GM_TRY(check_writable(run));
    off_t end = lseek(run->descriptor, 0, SEEK_END);
    if (end < 0)
        return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", gm_run_log_path(run), strerror(errno));
    *bytes = (size_t)end;
    GM_TRY(gm_alloc(text, *bytes + 1, 1, "the log"));
    for (size_t got = 0; got < *bytes;) {
        ssize_t part = pread(run->descriptor, *text + got, *bytes - got, (off_t)got);
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

gm_status gm_run_log_cut(gm_run *run, uint64_t step) {
    char *text;
    size_t bytes, kept = 0;
    GM_TRY(gm_run_log_read(run, &text, &bytes));
    gm_status status = GM_OK;
    while (kept < bytes) {
        const char *feed = memchr(text + kept, '\n', bytes - kept);
        if (!feed || !keeps(text + kept, (size_t)(feed - (text + kept)), step))
            break;
        kept = (size_t)(feed - text) + 1;
    }
    if (kept < bytes && ftruncate(run->descriptor, (off_t)kept) != 0)
        status = gm_fail(GM_ERROR_IO, "%s: cannot be cut back: %s", gm_run_log_path(run), strerror(errno));
    free(text);
    return status;
}
