// The checkpoints of a run: which there are, the one to go on from, and those that are no longer needed.
//
// Only damage, which no second try can mend, lets an older checkpoint take a newer one's place. Any other failure is
// the caller's: the work since the older one is still there.
#include "run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- Listing ----

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

gm_status gm_run_list_steps(const gm_run *run, const char *sub, const char *ending, uint64_t **steps, size_t *count) {
    *steps = NULL;
    *count = 0;
    char path[GM_RUN_PATH_BYTES];
    DIR *folder = opendir(gm_run_join(run, path, sub));
    if (!folder)
        return gm_fail(GM_ERROR_IO, "%s: cannot be opened as a folder: %s", path, strerror(errno));
    size_t capacity = 0;
    gm_status status = GM_OK;
    for (;;) {
        uint64_t step;
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry && errno != 0) // a list cut short would hide the newest
            status = gm_fail(GM_ERROR_IO, "%s: cannot be listed: %s", path, strerror(errno));
        if (!entry || status != GM_OK)
            break;
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
    return gm_run_list_steps(run, "checkpoints", ".safetensors", steps, count);
}

// ---- Opening ----

static gm_status open_step(gm_run *run, uint64_t step, gm_checkpoint **checkpoint) {
    const char *path = gm_run_checkpoint_path(run, step);
    GM_TRY(gm_checkpoint_open(checkpoint, path));
    uint64_t held = gm_checkpoint_get_info(*checkpoint)->step;
    if (held == step)
        return GM_OK;
    gm_checkpoint_close(checkpoint);
    return gm_fail(GM_ERROR_STATE, "%s: holds step %llu, not that of its name: give it its own name back", path,
                   (unsigned long long)held);
}

gm_status gm_run_newest_checkpoint(gm_run *run, gm_checkpoint **checkpoint) {
    *checkpoint = NULL;
    uint64_t *steps;
    size_t count;
    GM_TRY(gm_run_list_checkpoints(run, &steps, &count));
    gm_status status = GM_ERROR_FORMAT;
    for (size_t i = count; i-- > 0 && status == GM_ERROR_FORMAT;) {
        status = open_step(run, steps[i], checkpoint);
        if (status == GM_ERROR_FORMAT)
            gm_warn("%s: this checkpoint is passed over", gm_error_message());
    }
    free(steps);
    if (status == GM_OK)
        return GM_OK;
    if (status != GM_ERROR_FORMAT)
        return gm_fail(status,
                       "%s; an older checkpoint was not taken in its place, and nothing is changed: try again when it "
                       "can be read, or name another (train: --from STEP)",
                       gm_error_message());
    if (count == 0)
        return gm_fail(GM_ERROR_STATE, "%s: holds no checkpoint: start the run anew", run->folder);
    return gm_fail(GM_ERROR_STATE, "%s: none of its %zu checkpoints is whole: start the run anew", run->folder, count);
}

static gm_status fail_absent(const gm_run *run, uint64_t step, const uint64_t *steps, size_t count) {
    gm_text list = {0};
    for (size_t i = 0; i < count; i++)
        gm_text_printf(&list, "%s%llu", i > 0 ? ", " : "", (unsigned long long)steps[i]);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "%s: holds no checkpoint of step %llu; there are those of %s",
                               run->folder, (unsigned long long)step, list.data ? list.data : "none");
    gm_text_finish(&list);
    return status;
}

static bool is_among(uint64_t step, const uint64_t *steps, size_t count) {
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || steps[i] == step;
    return found;
}

gm_status gm_run_checkpoint_at(gm_run *run, uint64_t step, gm_checkpoint **checkpoint) {
    *checkpoint = NULL;
    uint64_t *steps;
    size_t count;
    GM_TRY(gm_run_list_checkpoints(run, &steps, &count));
    gm_status status =
        is_among(step, steps, count) ? open_step(run, step, checkpoint) : fail_absent(run, step, steps, count);
    free(steps);
    return status;
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

// ---- Pruning ----

gm_status gm_run_prune(gm_run *run, size_t keep, const uint64_t *best, size_t best_count) {
    uint64_t *steps;
    size_t count;
    char path[GM_RUN_PATH_BYTES];
    GM_TRY(gm_run_list_checkpoints(run, &steps, &count));
    gm_status status = GM_OK;
    if (count > GM_MAX(keep, 1))
        status = gm_folder_sync(gm_run_join(run, path, "checkpoints"));
    for (size_t i = 0; i + GM_MAX(keep, 1) < count && status == GM_OK; i++) {
        const char *old = gm_run_checkpoint_path(run, steps[i]);
        if (!is_among(steps[i], best, best_count) && unlink(old) != 0 && errno != ENOENT)
            status = gm_fail(GM_ERROR_IO, "%s: cannot be removed: %s", old, strerror(errno));
    }
    free(steps);
    return status;
}
