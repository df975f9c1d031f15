// How a run begins, and how it goes on from what is in its folder.
#include "data/classes.h"
#include "train/trainer.h"

#include <stdlib.h>

gm_status gm_trainer_start(gm_trainer *trainer, const gm_train_options *options) {
    GM_TRY(gm_run_create(&trainer->run, options->out, trainer->common->name));
    GM_TRY(gm_run_write_recipe(trainer->run, trainer->recipe_text.data));
    GM_TRY(gm_trainer_real_picture(trainer));
    GM_TRY(gm_trainer_sample_picture(trainer));
    return gm_trainer_save(trainer);
}

// The labels must mean what they meant.
static gm_status check_classes(const gm_trainer *trainer, const gm_checkpoint_info *info) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->data);
    size_t *places;
    GM_TRY(gm_alloc(&places, data->class_count, sizeof *places, "classes"));
    gm_status status = gm_classes_match(data, info->class_names, info->class_count, places);
    for (size_t k = 0; k < data->class_count && status == GM_OK; k++)
        if (places[k] != k)
            status = gm_fail(GM_ERROR_ARGUMENT,
                             "%s: its class %zu is %s, which was class %zu when %s began: start a new run", data->name,
                             k, data->class_names[k], places[k], gm_run_path(trainer->run));
    free(places);
    return status;
}

static gm_status load_checkpoint(gm_trainer *trainer, const gm_checkpoint *checkpoint) {
    const gm_checkpoint_info *info = gm_checkpoint_get_info(checkpoint);
    if (info->seed != trainer->common->seed)
        return gm_fail(GM_ERROR_ARGUMENT, "%s was trained with seed %llu; its seed cannot become %zu: start a new run",
                       gm_run_path(trainer->run), (unsigned long long)info->seed, trainer->common->seed);
    GM_TRY(check_classes(trainer, info));
    GM_TRY(gm_checkpoint_load(checkpoint, trainer->state));
    trainer->step = trainer->good_step = info->step;
    trainer->cursor = info->data_cursor;
    return GM_OK;
}

// The checkpoint that a resumed run goes on from; none where it was killed before its first.
gm_status gm_trainer_open_checkpoint(gm_trainer *trainer, const uint64_t *from) {
    uint64_t *steps;
    size_t count;
    if (from)
        return gm_run_checkpoint_at(trainer->run, *from, &trainer->resumed);
    GM_TRY(gm_run_list_checkpoints(trainer->run, &steps, &count));
    free(steps);
    return count > 0 ? gm_run_newest_checkpoint(trainer->run, &trainer->resumed) : GM_OK;
}

static size_t warmup_of(const gm_trainer *trainer) {
    return trainer->monitoring ? trainer->monitoring->warmup : 0;
}

static gm_status replay_log(gm_trainer *trainer) {
    char *text;
    size_t bytes;
    GM_TRY(gm_run_log_read(trainer->run, &text, &bytes));
    gm_status status = gm_watch_replay(&trainer->watch, warmup_of(trainer), text, bytes);
    free(text);
    return status;
}

// Ticks fall on multiples of log.every, and on a run's last step: where training goes on, a line of the latter kind
// goes, so that the log of a resumed run is that of one that was never stopped.
gm_status gm_trainer_resume(gm_trainer *trainer, const uint64_t *from) {
    bool begun = trainer->resumed != NULL;
    if (begun)
        GM_TRY(load_checkpoint(trainer, trainer->resumed));
    gm_checkpoint_close(&trainer->resumed);
    bool finished = begun && trainer->step >= trainer->common->steps;
    if (!finished || from) {
        uint64_t line = finished ? trainer->step : trainer->step - trainer->step % trainer->settings->log.every;
        GM_TRY(gm_run_go_back(trainer->run, trainer->step, line, !from));
        GM_TRY(gm_run_write_recipe(trainer->run, trainer->recipe_text.data));
    }
    GM_TRY(replay_log(trainer));
    if (begun)
        return gm_trainer_prune(trainer);     // it may have been killed behind its checkpoint
    GM_TRY(gm_trainer_real_picture(trainer)); // killed before checkpoint 0: the seed gives the same start
    GM_TRY(gm_trainer_sample_picture(trainer));
    return gm_trainer_save(trainer);
}
