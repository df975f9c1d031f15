// The trainer's inner interface: trainer.c makes it and runs a step, sources.c reads its data, loop.c runs the schedule
// around it with what picture.c draws and save.c keeps, begin.c its recipe and folder at the start; profile.c says
// where the time goes. None of them knows what is trained.
#ifndef GM_TRAIN_TRAINER_H
#define GM_TRAIN_TRAINER_H

#include "data/loader.h"
#include "ganymede/train.h"
#include "model/kinds.h"
#include "run/run.h"
#include "train/monitor.h"
#include "train/private.h"
#include "train/settings.h"
#include "train/steer.h"
#include "train/survey.h"

// Data that training reads.
typedef struct gm_trainer_source {
    const gm_common *common; // whose data section it is
    gm_dataset *opened;
    const gm_dataset *data; // that, or the caller's
    gm_sample format;       // of its items
    gm_order order;         // in which they are read; of pairs the first source's
    bool resident;
    gm_loader *loader; // NULL when resident
} gm_trainer_source;

// What was taken from another run, and what was not, a line each.
typedef struct gm_transfer {
    uint64_t step; // of the checkpoint
    size_t taken_count, left_count;
    gm_text taken, left;
} gm_transfer;

struct gm_trainer {
    gm_recipe *recipe;
    gm_text recipe_text; // as resolved
    const gm_common *common;
    const gm_train_settings *settings;
    const gm_monitor_settings *monitoring; // NULL: models of this kind are not monitored
    gm_trainer_source sources[GM_MODEL_SOURCES];
    size_t source_count;
    size_t *class_counts;              // items of each class of the first source; NULL without labels
    gm_device *opened_device, *device; // as with the data
    gm_tuning *tuning;                 // NULL: default kernel variants
    char *variants;                    // the choices in use
    gm_checkpoint *resumed;            // from which a run goes on, until it is loaded
    gm_state *state;
    gm_model model;
    gm_plan *plan;
    gm_use pictured; // what makes the pictures; without a row: nothing does
    gm_plan *picture_plan;
    int32_t *indices;                             // of one batch
    gm_trainer_privacy privacy;                   // of private training
    gm_run *run;                                  // NULL without a folder
    gm_transfer transfer;                         // zeroed: nothing
    char *profile_folder;                         // NULL without a profile
    gm_train_network networks[GM_MODEL_NETWORKS]; // for gm_train_info
    gm_train_number *numbers;                     // of the model, for gm_train_progress, as of the latest tick
    bool surveyed;                                // what the model learns of the data before the first step is there
    uint64_t step, cursor;                        // generator steps taken, items of the data set drawn
    uint64_t good_step;                           // of the newest checkpoint that we wrote or read
    uint64_t pretrained, good_pretrained;         // steps of pretraining taken, and by that checkpoint
    gm_monitor *monitor;                          // NULL before the first measurement
    size_t monitor_interval;                      // steps between them; 0: none
    gm_watch watch;
    gm_model_moving moving[GM_STEER_RULES]; // for the model
    gm_steered steered[GM_STEER_RULES];     // settings that the figures move
    size_t steered_count;
    gm_text moves;   // at the latest measurement, in words
    char ended[300]; // why the run is at its end before its last step; empty: it is not
    gm_train_number figures[GM_FIGURE_COUNT + GM_STEER_RULES]; // as of the latest measurement
    double monitor_seconds, run_seconds;                       // spent measuring, and in gm_trainer_run
    double run_waited;                                         // in gm_trainer_run, for data
};

// What a caller inside the library has at hand already; zeroed: nothing.
typedef struct gm_train_given {
    const char *recipe_name, *recipe_text; // in place of a file
    const gm_dataset *data;                // must outlive the trainer
} gm_train_given;
// ---- Data (sources.c) ----

// Opens the sources that the recipe names. A thread's function, of a trainer.
gm_status gm_trainer_read_sources(void *trainer);
// Fails where they do not suit the model.
gm_status gm_trainer_use_sources(gm_trainer *trainer, const gm_train_given *given);
// Which of them live on the device, so that a step sends only the indices of its batch.
gm_status gm_trainer_place_sources(gm_trainer *trainer);
bool gm_trainer_is_resident(const gm_trainer *trainer); // all of them
// Gives the plan what is resident, and begins to load what is not, from the cursor on.
gm_status gm_trainer_send_sources(gm_trainer *trainer);
// The next batch of each.
gm_status gm_trainer_next_batch(gm_trainer *trainer);
void gm_trainer_close_loaders(gm_trainer *trainer);

// A moment of training, and how long it had waited for data by then.
typedef struct gm_moment {
    double seconds, waited;
} gm_moment;
gm_moment gm_trainer_moment(const gm_trainer *trainer);
// The share of the time since then, 0 to 1, that was spent waiting for data.
double gm_trainer_waiting_since(const gm_trainer *trainer, const gm_moment *start);

gm_status gm_trainer_create_given(gm_trainer **trainer, const gm_train_options *options, const gm_train_given *given);

// Whether steps of pretraining are still to be taken.
static inline bool gm_trainer_pretrains(const gm_trainer *trainer) {
    return trainer->step == 0 && trainer->pretrained < trainer->model.pretraining.steps;
}
// One of them, enqueued.
gm_status gm_trainer_pretrain_step(gm_trainer *trainer);

// A failure of training itself: "training HOW: WHAT at step N; ..." with `good`, the step of the checkpoint to go back
// to.
gm_status gm_trainer_fail(gm_trainer *trainer, const char *how, const char *what, uint64_t good);

// Reads the recipe that the options name: from its file, or out of the folder of the run that is resumed, which this
// opens.
gm_status gm_trainer_read_recipe(gm_trainer *trainer, const gm_train_options *options, const gm_train_given *given);
// Makes the folder of a new run, with its recipe, checkpoint 0 and first pictures.
gm_status gm_trainer_start(gm_trainer *trainer, const gm_train_options *options);
// The checkpoint that a resumed run goes on from, the newest or the one of step *from, into trainer->resumed; none
// where it was killed before its first.
gm_status gm_trainer_open_checkpoint(gm_trainer *trainer, const uint64_t *from);
// Loads it, and makes the folder that of a run which has just reached its step.
gm_status gm_trainer_resume(gm_trainer *trainer, const uint64_t *from);

// An autoencoder whose codes are learnt (codec.c): what it makes of the recipe, settings, which are empty where there
// is nothing to do; and its weights, into the state.
typedef struct gm_codec_texts {
    gm_text part[4];
} gm_codec_texts;
gm_status gm_trainer_read_codec(const gm_recipe *recipe, gm_codec_texts *texts);
void gm_codec_texts_finish(gm_codec_texts *texts);
gm_status gm_trainer_take_codec(gm_trainer *trainer);
// Fits what the model's layers want fitted to the data (components.c).
gm_status gm_trainer_fit_components(gm_trainer *trainer);
// The first items that training reads, as the networks see them; *count becomes how many. free(*values)
gm_status gm_trainer_first_items(const gm_trainer *trainer, size_t *count, float **values);

// Takes the weights of the run that the recipe begins from, and notes them in the log.
gm_status gm_trainer_transfer(gm_trainer *trainer);
gm_status gm_trainer_log_transfer(gm_trainer *trainer);

// Whether the recipe wants pictures of samples and the model makes some.
bool gm_trainer_has_pictures(const gm_trainer *trainer);
// The picture of real data, and the one of the fixed latents at the present step. For trainers with a folder.
gm_status gm_trainer_real_picture(gm_trainer *trainer);
gm_status gm_trainer_sample_picture(gm_trainer *trainer);
// How the recipe wants the figures watched.
gm_watch_terms gm_trainer_watch_terms(const gm_trainer *trainer);
// Sets trainer->ended where the monitor's patience is at its end.
gm_status gm_trainer_check_patience(gm_trainer *trainer);
// Removes the checkpoints that the recipe does not keep.
gm_status gm_trainer_prune(gm_trainer *trainer);
// Ends the profile that gm_profile_start began `steps` steps ago, at `start`, and writes it into the folder.
gm_status gm_trainer_write_profile(gm_trainer *trainer, const char *folder, uint64_t steps, const gm_moment *start);

#endif
