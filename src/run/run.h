// A run folder: recipe.yaml, log.jsonl, samples/NNNNNNNN.png, samples/real.png, checkpoints/NNNNNNNN.safetensors.
//
// Policy: nothing saved is ever damaged or lost. Files appear whole or not at all; the log grows by whole lines, and a
// line that did not fit on the disk is taken back. What a run leaves behind when it goes back to an older checkpoint is
// set aside, not removed. One trainer at a time writes to a folder: it locks the folder itself, which goes with all
// that is in it.
//
// The order of a training run:
//     gm_run_create(&run, out, recipe->name)          or gm_run_open(&run, path, true) to resume
//     gm_run_write_recipe(run, text)                  gm_run_newest_checkpoint(run, &checkpoint)
//     gm_checkpoint_write(gm_run_checkpoint_path(run, 0), ...)     gm_run_go_back(run, step of the checkpoint, ...)
//     each tick: gm_run_log(run, &line); at times: the picture, gm_run_sync_log(run), the checkpoint, and last
//     gm_run_prune(run, keep, &best, 1)
// A checkpoint comes behind all that belongs to its step, and pruning can be repeated: so a run that is killed at any
// moment and resumed from its newest checkpoint ends with the files of one that was not.
#ifndef GM_RUN_RUN_H
#define GM_RUN_RUN_H

#include "run/checkpoint.h"
#include "run/log.h"

typedef struct gm_run gm_run;

#define GM_RUN_NO_STEP UINT64_MAX

// Makes the folder and its sub-folders: `out` exactly, else the next free runs/NNNNN-name below the working directory
// (two processes get two folders). Fails when `out` exists and is not an empty folder.
gm_status gm_run_create(gm_run **run, const char *out, const char *name);
// Opens an existing run. With `resume` it will be written to: takes the lock (fails if another trainer holds it, in
// this process or another) and removes the half-written files of a killed process. Without, nothing in the folder is
// touched.
gm_status gm_run_open(gm_run **run, const char *path, bool resume);
void gm_run_close(gm_run **run);

// Paths belong to the run and hold until the next call of the same function.
const char *gm_run_path(const gm_run *run);                     // the folder as given, without a trailing slash
const char *gm_run_recipe_path(gm_run *run);                    // recipe.yaml
const char *gm_run_log_path(gm_run *run);                       // log.jsonl
const char *gm_run_sample_path(gm_run *run, uint64_t step);     // samples/00012800.png
const char *gm_run_real_path(gm_run *run);                      // samples/real.png
const char *gm_run_checkpoint_path(gm_run *run, uint64_t step); // checkpoints/00012800.safetensors

gm_status gm_run_write_recipe(gm_run *run, const char *text); // recipe.yaml, atomically

// ---- Checkpoints ----

// The steps of the checkpoint files, ascending; free(*steps).
gm_status gm_run_list_checkpoints(const gm_run *run, uint64_t **steps, size_t *count);
// Opens the newest checkpoint that is whole; each damaged one it passes over is a warning. Fails when there is none
// (GM_ERROR_STATE), and at the first that cannot be read for another reason than damage: the work in it is not lost.
// The caller closes it.
gm_status gm_run_newest_checkpoint(gm_run *run, gm_checkpoint **checkpoint);
// Opens the checkpoint of that step; where there is none the message says which there are.
gm_status gm_run_checkpoint_at(gm_run *run, uint64_t step, gm_checkpoint **checkpoint);
// The newest whole checkpoint of the run folder at `path`, or the checkpoint file there.
gm_status gm_run_find_checkpoint(gm_checkpoint **checkpoint, const char *path);
// Removes all but the latest `keep` (at least 1) checkpoints and those of the steps in `best` (GM_RUN_NO_STEP: none),
// after the names of those that stay are on the disk.
gm_status gm_run_prune(gm_run *run, size_t keep, const uint64_t *best, size_t best_count);

// Before training goes on from `step`: clears pictures of later steps and log lines of steps beyond `line` away.
// Where `step` is that of the newest checkpoint they are removed, since they will be written again. Else a warning says
// what is set aside: the checkpoints of later steps become NAME.damaged if they are `damaged`; if not, they go, as
// everything else does, to set-aside/1 (2, 3, ...), a run folder with a copy of recipe and log.
gm_status gm_run_go_back(gm_run *run, uint64_t step, uint64_t line, bool damaged);

// ---- The log ----

// Appends one line with one write. Needs a run made by gm_run_create or opened with `resume`. A log that was removed
// or replaced meanwhile comes back whole, with a warning; what replaced it becomes log.jsonl.replaced.
gm_status gm_run_log(gm_run *run, gm_log_line *line);
// Returns when all lines are on the disk.
gm_status gm_run_sync_log(gm_run *run);
// The log so far; free(*text).
gm_status gm_run_log_read(gm_run *run, char **text, size_t *bytes);
// Cuts log.jsonl before the first line whose "step" is beyond `step`, or behind the last line feed. Lines that are no
// JSON stay: whoever put them there may want them.
gm_status gm_run_log_cut(gm_run *run, uint64_t step);
// The same of lines of pretraining, those with a number "pretraining", behind that many of its steps.
gm_status gm_run_log_cut_pretraining(gm_run *run, uint64_t steps);

#endif
