// The names in a run folder.
#include "run/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_RESERVE 96 // for "/set-aside/NNNNNNNNNN/checkpoints/NNNNNNNNNNNNNNNNNNNN.safetensors" behind the folder

const char *gm_run_join(const gm_run *run, char path[GM_RUN_PATH_BYTES], const char *name) {
    snprintf(path, GM_RUN_PATH_BYTES, "%.*s/%.*s", GM_RUN_PATH_BYTES - PATH_RESERVE, run->folder, PATH_RESERVE - 2,
             name);
    return path;
}

const char *gm_run_join_step(const gm_run *run, char path[GM_RUN_PATH_BYTES], const char *sub, uint64_t step,
                             const char *ending) {
    char name[PATH_RESERVE];
    snprintf(name, sizeof name, "%s/%08" PRIu64 "%s", sub, step, ending);
    return gm_run_join(run, path, name);
}

const char *gm_run_path(const gm_run *run) {
    return run->folder;
}

const char *gm_run_recipe_path(gm_run *run) {
    return gm_run_join(run, run->recipe, "recipe.yaml");
}

const char *gm_run_log_path(gm_run *run) {
    return gm_run_join(run, run->log, "log.jsonl");
}

const char *gm_run_sample_path(gm_run *run, uint64_t step) {
    return gm_run_join_step(run, run->sample, "samples", step, ".png");
}

const char *gm_run_real_path(gm_run *run) {
    return gm_run_join(run, run->real, "samples/real.png");
}

const char *gm_run_checkpoint_path(gm_run *run, uint64_t step) {
    return gm_run_join_step(run, run->checkpoint, "checkpoints", step, ".safetensors");
}

gm_status gm_run_set_folder(gm_run *run, const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0 || length >= GM_RUN_PATH_BYTES - PATH_RESERVE)
        return gm_fail(GM_ERROR_ARGUMENT, "the run folder's name has %zu bytes; 1 to %d are allowed", length,
                       GM_RUN_PATH_BYTES - PATH_RESERVE - 1);
    memcpy(run->folder, path, length);
    run->folder[length] = '\0';
    return GM_OK;
}

gm_status gm_run_fail_locked(const gm_run *run) {
    return gm_fail(GM_ERROR_STATE, "%s: another trainer is at work in this folder", run->folder);
}

gm_status gm_run_rename_aside(const char *path, const char *ending, char aside[GM_RUN_PATH_BYTES]) {
    struct stat info;
    for (unsigned number = 1; number < 10000; number++) {
        int length = number == 1 ? snprintf(aside, GM_RUN_PATH_BYTES, "%s.%s", path, ending)
                                 : snprintf(aside, GM_RUN_PATH_BYTES, "%s.%s.%u", path, ending, number);
        if (length < 0 || length >= GM_RUN_PATH_BYTES)
            return gm_fail(GM_ERROR_IO, "%s: cannot be set aside: its name is too long", path);
        if (lstat(aside, &info) == 0)
            continue;
        if (errno == ENOENT && rename(path, aside) == 0)
            return GM_OK;
        return gm_fail(GM_ERROR_IO, "%s: cannot be renamed to %s: %s", path, aside, strerror(errno));
    }
    return gm_fail(GM_ERROR_IO, "%s: cannot be set aside: all names are taken", path);
}
