// The run folder's inner interface: folder.c has its names, run_log.c its log, run.c makes, opens and locks it,
// run_checkpoint.c finds and prunes its checkpoints, run_back.c goes back to one of them. Each uses those before it.
#ifndef GM_RUN_FOLDER_H
#define GM_RUN_FOLDER_H

#include "run/run.h"

#include <sys/types.h>

#define GM_RUN_PATH_BYTES 4096

struct gm_run {
    char folder[GM_RUN_PATH_BYTES];
    char recipe[GM_RUN_PATH_BYTES], log[GM_RUN_PATH_BYTES], sample[GM_RUN_PATH_BYTES], real[GM_RUN_PATH_BYTES],
        checkpoint[GM_RUN_PATH_BYTES];
    int lock;       // the open, locked folder; -1 when only read
    int log_file;   // -1 when only read
    off_t log_size; // bytes that the log should have
};

gm_status gm_run_set_folder(gm_run *run, const char *path);
// The file NAME of "FOLDER/...", and FOLDER/SUB/<step><ending>; they always fit, as the folder's length was checked.
const char *gm_run_join(const gm_run *run, char path[GM_RUN_PATH_BYTES], const char *name);
const char *gm_run_join_step(const gm_run *run, char path[GM_RUN_PATH_BYTES], const char *sub, uint64_t step,
                             const char *ending);
// The steps of the files SUB/<step><ending>, ascending; free(*steps).
gm_status gm_run_list_steps(const gm_run *run, const char *sub, const char *ending, uint64_t **steps, size_t *count);
gm_status gm_run_fail_locked(const gm_run *run);
// Opens the log for writing, and locks it.
gm_status gm_run_open_log(gm_run *run);
// How many lines of the log belong to later steps, and which step up to `step` the last of the others is of (0: none),
// how many steps behind the line before it.
gm_status gm_run_survey_log(gm_run *run, uint64_t step, size_t *later, uint64_t *last, uint64_t *gap);
// Gives the file the first of the names PATH.ENDING, PATH.ENDING.2, ... that is free.
gm_status gm_run_rename_aside(const char *path, const char *ending, char aside[GM_RUN_PATH_BYTES]);

#endif
