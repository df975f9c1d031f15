// Training from recipes: what `ganymede train` does, for programs.
//
//     gm_trainer *trainer = NULL;
//     GM_TRY(gm_trainer_create(&trainer, &(gm_train_options){.recipe = "samples/dcgan-fashion.yaml"}));
//     status = gm_trainer_run(trainer, NULL, NULL);
//     gm_trainer_destroy(&trainer);
#ifndef GANYMEDE_TRAIN_H
#define GANYMEDE_TRAIN_H

#include "ganymede/data.h"
#include "ganymede/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_trainer gm_trainer;

// Which kernel variants train (see tuning.h). A resumed run keeps the choices of its checkpoint, on the same device.
typedef enum gm_train_tuning {
    GM_TRAIN_TUNE_BRIEFLY = 0, // stored choices; for what has none yet defaults, on GPUs up to 5 seconds of timing
    GM_TRAIN_TUNE_NOT,         // default variants alone
    GM_TRAIN_TUNE_THOROUGHLY,  // every operation timed anew
} gm_train_tuning;

// Zeroed fields mean the default. Strings need to live only during gm_trainer_create.
typedef struct gm_train_options {
    const char *recipe;          // a recipe file; may be NULL with `resume`, whose own recipe governs
    const char *const *settings; // "key=value", "optimizer.generator.adam.rate=1e-4": over the recipe, in order
    size_t setting_count;        // of them
    const char *data;            // a data set's name or path, instead of the recipe's
    const char *weights;         // a run to take weights from, instead of the recipe's `from`
    const char *device;          // a selector, as gm_device_open takes
    gm_device *opened;      // an open device to train on, instead; it stays the caller's and must outlive the trainer
    const char *out;        // the run folder; NULL: the next runs/NNNNN-name
    const char *resume;     // a run folder to go on with, from its newest whole checkpoint
    const uint64_t *from;   // with `resume`: from the checkpoint of that step instead; NULL: the newest
    const char *profile;    // a folder for a table of kernel times and a Chrome trace, of the first 50 steps
    bool no_folder;         // write nothing: for dry runs and measurements
    gm_train_tuning tuning; // of kernel variants
    const char *variant;    // for measurements, with no_folder: this kernel variant for what has it, no tuned ones
} gm_train_options;

// Reads recipe and data, opens the device, plans the step, creates or opens the run folder. A new run has its
// checkpoint 0 and the picture of real data when this returns.
// A resumed run goes on from its newest checkpoint. Damaged ones are passed over, with a warning, and kept under
// another name; one that cannot be read for another reason is an error. What a run leaves when it goes back to an
// older checkpoint moves to set-aside/ in its folder.
// Fails with the recipe's file and line, the data file, the device or the folder that is at fault.
GM_API gm_status gm_trainer_create(gm_trainer **trainer, const gm_train_options *options);
GM_API void gm_trainer_destroy(gm_trainer **trainer);

typedef struct gm_train_network {
    const char *name;  // "generator"
    size_t parameters; // trainable values
} gm_train_network;

// What is trained, and what it takes. Strings and arrays belong to the trainer.
typedef struct gm_train_info {
    const char *name;   // the recipe's
    const char *folder; // the run folder; NULL without one
    const char *recipe; // the resolved recipe, YAML
    const char *device, *data;
    const char *noun; // what is learned from, for people: "images", "points"
    uint64_t seed;
    uint64_t step, steps;                       // generator steps taken and wanted
    uint64_t pretrained, pretraining_steps;     // of pretraining, before the first of those; 0: there are none
    size_t batch, batches;                      // real images in a batch, and batches in a generator step
    size_t data_count, channels, height, width; // of the data; vectors of d values are d x 1 x 1
    size_t frames;                              // of one item, a clip; 0: it is none
    bool resident;                              // the data set lies on the device
    const gm_train_network *networks;
    size_t network_count;
    gm_plan_statistics statistics; // of the training plan
    double step_flop;              // of a step's GEMMs and convolutions: each phase as often as a step runs it
    double step_launches;          // likewise; an average, where regularisers are lazy
    double step_commands;          // that enqueued these, as far as they have run: fewer where they were recorded
    const char *variants;          // the choices of kernel variants that it uses (gm_tuning_write); NULL without tuning
    size_t monitor_interval;       // steps between measurements of the monitor; 0: none
    double monitor_share;          // of the time of gm_trainer_run so far, spent on them
    double waiting_share;          // likewise, spent waiting until the next batch was read and decoded; what the device
                                   // had still to do meanwhile went on, so it lost that much at most
    const char *from;              // the run that weights were taken from; NULL: none were
    uint64_t from_step;            // of its checkpoint
    size_t taken_count;            // variables
    const char *taken, *not_taken; // their names with commas; of the others a line each that says why, NULL: all were
    const char *ended;             // why the run is at its end before its last step, in words (monitor.patience); NULL:
                                   // it is not
    const char *privacy;  // of private training, a sentence: the epsilon that it will have spent at its last step,
                          // and on which terms; NULL: it is not private. Holds until the next call
    const char *pictured; // what pictures show: "generate", samples; "reconstruct", data; NULL: there are none
} gm_train_info;
GM_API void gm_trainer_get_info(const gm_trainer *trainer, gm_train_info *info);

// Every key of a recipe, every layer and optimiser, with type, default, range and what it is for. The caller frees it.
GM_API gm_status gm_train_keys(char **text);

// A number that training shows, such as "generator_loss"; `label` is short, for a line of them.
typedef struct gm_train_number {
    const char *name, *label;
    double value;
} gm_train_number;

// How training goes.
typedef struct gm_train_progress {
    uint64_t step, steps;
    uint64_t pretrained, pretraining_steps; // while it is being pretrained, at step 0; else 0
    double seconds;                         // since gm_trainer_run began
    double items_per_second, seconds_left;  // items: real ones drawn, which gm_train_info's noun names
    bool tick;                              // the numbers below are of this very step, and were written to log.jsonl
    const gm_train_number *numbers;         // as of the latest tick: losses, and what else the model shows
    size_t number_count;                    // 0 before the first tick
    double waiting; // the share of the time between the two latest ticks that was spent waiting for data, 0 to 1
    bool measured;  // the figures below are of this very step
    const gm_train_number *figures; // as of the latest measurement of the recipe's `monitor`; NaN: none could be had
    size_t figure_count;            // 0 before the first; a label may be NULL
    const char *alarm;              // what is wrong at this step: "coverage", "entropy", ...; NULL: nothing
    const char *moved;              // what monitor.steer has moved at this step, in words, or NULL
    const char *picture;            // the file of samples written at this step, or NULL
    const char *checkpoint;         // the checkpoint written at this step, or NULL
} gm_train_progress;

// The number or figure of that name; NaN where there is none.
GM_API double gm_train_number_find(const gm_train_progress *progress, const char *name);

// Called after every step; true asks to stop: the trainer then writes a checkpoint and returns GM_INTERRUPTED.
typedef bool (*gm_train_callback)(const gm_train_progress *progress, void *user);

// Trains up to the recipe's steps, with log lines, pictures and checkpoints as the recipe says. `callback` may be NULL.
// A loss, weight or sample that is no longer finite is GM_ERROR_STATE and names the last good checkpoint; so is an
// alarm of the monitor where the recipe wants to stop then.
GM_API gm_status gm_trainer_run(gm_trainer *trainer, gm_train_callback callback, void *user);

// For loops of one's own: one generator step with its discriminator steps, enqueued; no log, no files, no pretraining.
GM_API gm_status gm_trainer_step(gm_trainer *trainer);
// Waits for the device.
GM_API gm_status gm_trainer_wait(gm_trainer *trainer);
// Takes `steps` steps and writes kernels.txt (the share of waiting for data; per kernel time, GFLOP/s, GB/s and the
// share of the device's ceilings) and trace.json (for chrome://tracing or Perfetto) into the folder.
GM_API gm_status gm_trainer_profile(gm_trainer *trainer, const char *folder, size_t steps);
// Of a trainer on a described device (gm_device_open): writes what a step would consist of there into the folder, which
// is made if need be: program0.cl, … (their build options in the first line) and launches.json, {recipe, device,
// actions: [{phase, every (a step runs it once in so many), launches: [{kernel, label, global, local, flop, bytes}]}]}.
GM_API gm_status gm_trainer_write_programs(gm_trainer *trainer, const char *folder);
// Waits, and gives the numbers of the latest step.
GM_API gm_status gm_trainer_measure(gm_trainer *trainer, gm_train_progress *progress);
// Writes a checkpoint of the present step into the run folder.
GM_API gm_status gm_trainer_save(gm_trainer *trainer);
// The variables, for reading and writing weights by name.
GM_API gm_state *gm_trainer_state(gm_trainer *trainer);

#ifdef __cplusplus
}
#endif
#endif
