// Going back to a checkpoint: what a run wrote behind it is cleared away before it is written again.
//
// Behind the newest checkpoint lie the pictures and lines of some steps that a resumed run repeats: they are removed.
// Behind an older one lies work that it may not repeat: that is set aside. Whenever this is cut short, the rest can be
// done again: the log is copied first and cut last, and checkpoints go newest first, so that those that are left are
// the ones that pictures and log still lead up to.
#include "run/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// What lies beyond a step: checkpoints and pictures, ascending, and how many lines.
typedef struct remains {
    uint64_t *checkpoints, *pictures;
    size_t checkpoint_count, picture_count, line_count;
    uint64_t last_line, gap; // the step of the last line before that, and how far it is from the one before it
    bool newest;             // the step is that of the newest checkpoint
} remains;

static void keep_later(uint64_t *steps, size_t *count, uint64_t step) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (steps[i] > step)
            steps[kept++] = steps[i];
    *count = kept;
}

static gm_status find_remains(gm_run *run, uint64_t step, remains *found) {
    GM_TRY(gm_run_list_checkpoints(run, &found->checkpoints, &found->checkpoint_count));
    found->newest = found->checkpoint_count > 0 && found->checkpoints[found->checkpoint_count - 1] == step;
    keep_later(found->checkpoints, &found->checkpoint_count, step);
    GM_TRY(gm_run_list_steps(run, "samples", ".png", &found->pictures, &found->picture_count));
    keep_later(found->pictures, &found->picture_count, step);
    return gm_run_survey_log(run, step, &found->line_count, &found->last_line, &found->gap);
}

// ---- Setting aside ----

// set-aside/N, with the parts of a run folder; `name` is its name within the run's.
static gm_status create_aside(const gm_run *run, char name[32]) {
    static const char *const parts[] = {"checkpoints", "samples"};
    char path[GM_RUN_PATH_BYTES];
    GM_TRY(gm_folder_create(gm_run_join(run, path, "set-aside")));
    unsigned number = 0;
    do {
        snprintf(name, 32, "set-aside/%u", ++number);
        if (mkdir(gm_run_join(run, path, name), 0777) == 0)
            break;
        if (errno != EEXIST)
            return gm_fail(GM_ERROR_IO, "%s: cannot be created: %s", path, strerror(errno));
    } while (number < UINT32_MAX);
    for (size_t i = 0; i < GM_COUNT(parts); i++) {
        char part[64];
        snprintf(part, sizeof part, "%s/%s", name, parts[i]);
        GM_TRY(gm_folder_create(gm_run_join(run, path, part)));
    }
    return GM_OK;
}

static gm_status copy_aside(gm_run *run, const char *aside, const char *name) {
    char from[GM_RUN_PATH_BYTES], to[GM_RUN_PATH_BYTES], part[64], *content;
    size_t bytes;
    struct stat info;
    if (stat(gm_run_join(run, from, name), &info) != 0 && errno == ENOENT)
        return GM_OK;
    snprintf(part, sizeof part, "%s/%s", aside, name);
    GM_TRY(gm_file_read(from, UINT64_MAX, &content, &bytes));
    gm_status status = gm_file_write_atomic(gm_run_join(run, to, part), content, bytes);
    free(content);
    return status;
}

// SUB/<step><ending> -> set-aside/N/SUB/<step><ending>, the latest first.
static gm_status move_aside(gm_run *run, const char *aside, const char *sub, const char *ending, const uint64_t *steps,
                            size_t count) {
    char from[GM_RUN_PATH_BYTES], to[GM_RUN_PATH_BYTES], part[64];
    snprintf(part, sizeof part, "%s/%s", aside, sub);
    for (size_t i = count; i-- > 0;) {
        gm_run_join_step(run, from, sub, steps[i], ending);
        gm_run_join_step(run, to, part, steps[i], ending);
        if (rename(from, to) != 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be moved to %s: %s", from, to, strerror(errno));
    }
    return count > 0 ? gm_folder_sync(gm_run_join(run, to, part)) : GM_OK;
}

static gm_status set_damaged_aside(gm_run *run, const remains *found) {
    char aside[GM_RUN_PATH_BYTES];
    for (size_t i = found->checkpoint_count; i-- > 0;) {
        const char *path = gm_run_checkpoint_path(run, found->checkpoints[i]);
        GM_TRY(gm_run_rename_aside(path, "damaged", aside));
        gm_warn("%s: is kept as %s", path, aside);
    }
    return GM_OK;
}

static gm_status set_aside(gm_run *run, uint64_t step, const remains *found, bool damaged) {
    size_t moved = damaged ? 0 : found->checkpoint_count;
    char aside[32], path[GM_RUN_PATH_BYTES];
    if (moved + found->picture_count + found->line_count > 0) {
        GM_TRY(create_aside(run, aside));
        GM_TRY(copy_aside(run, aside, "recipe.yaml"));
        GM_TRY(copy_aside(run, aside, "log.jsonl"));
        GM_TRY(move_aside(run, aside, "samples", ".png", found->pictures, found->picture_count));
        GM_TRY(move_aside(run, aside, "checkpoints", ".safetensors", found->checkpoints, moved));
        gm_warn("%s: goes back to step %llu: %zu checkpoints, %zu pictures and %zu log lines beyond it are set aside "
                "in %s",
                run->folder, (unsigned long long)step, moved, found->picture_count, found->line_count,
                gm_run_join(run, path, aside));
    }
    return damaged ? set_damaged_aside(run, found) : GM_OK;
}

// ---- Going back ----

static gm_status remove_pictures(gm_run *run, const remains *found) {
    for (size_t i = 0; i < found->picture_count; i++) {
        const char *path = gm_run_sample_path(run, found->pictures[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            return gm_fail(GM_ERROR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    }
    return GM_OK;
}

gm_status gm_run_go_back(gm_run *run, uint64_t step, uint64_t line, bool damaged) {
    remains found = {0};
    gm_status status = find_remains(run, step, &found);
    if (status == GM_OK)
        status = found.newest ? remove_pictures(run, &found) : set_aside(run, step, &found, damaged);
    if (status == GM_OK)
        status = gm_run_log_cut(run, line);
    if (status == GM_OK && found.last_line + found.gap <= line && line > 0)
        gm_warn("%s: ends at step %llu, but the checkpoint is of step %llu: it was removed or cut short, and lines are "
                "missing",
                gm_run_log_path(run), (unsigned long long)found.last_line, (unsigned long long)step);
    free(found.checkpoints);
    free(found.pictures);
    return status;
}
