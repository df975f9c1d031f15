// Saving the state of a run: what is refused, and which checkpoints stay.
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

gm_status gm_trainer_fail(gm_trainer *trainer, const char *how, const char *what, uint64_t good) {
    char checkpoint[512] = "there is no checkpoint to go back to";
    if (trainer->run && good != GM_RUN_NO_STEP)
        snprintf(checkpoint, sizeof checkpoint, "the last good checkpoint is %s",
                 gm_run_checkpoint_path(trainer->run, good));
    bool before = gm_trainer_pretrains(trainer);
    return gm_fail(GM_ERROR_STATE, "training %s: %s at step %llu%s; %s; try a lower learning rate or another seed", how,
                   what, (unsigned long long)(before ? trainer->pretrained : trainer->step),
                   before ? " of pretraining" : "", checkpoint);
}

// A checkpoint with a NaN in it would poison every resumed run.
static gm_status check_finite(gm_trainer *trainer) {
    gm_status status = GM_OK;
    float *values = NULL;
    for (size_t i = 0; i < gm_state_count(trainer->state); i++) {
        const char *name;
        gm_type type;
        gm_shape shape;
        gm_state_entry(trainer->state, i, &name, &type, &shape);
        if (type != GM_FLOAT32)
            continue;
        size_t count = gm_shape_count(&shape);
        free(values);
        GM_TRY_DONE(gm_alloc(&values, count, sizeof *values, name));
        GM_TRY_DONE(gm_state_read(trainer->state, name, values, count * sizeof *values));
        for (size_t j = 0; j < count; j++)
            if (!isfinite(values[j])) {
                char what[200];
                snprintf(what, sizeof what, "%s is not finite", name);
                status = gm_trainer_fail(trainer, "diverged", what, trainer->good_step);
                goto done;
            }
    }
done:
    free(values);
    return status;
}

gm_watch_terms gm_trainer_watch_terms(const gm_trainer *trainer) {
    const gm_monitor_settings *m = trainer->monitoring;
    return m ? (gm_watch_terms){.warmup = m->warmup, .best = m->best} : (gm_watch_terms){0};
}

gm_status gm_trainer_check_patience(gm_trainer *trainer) {
    const gm_monitor_settings *m = trainer->monitoring;
    uint64_t best, *steps, kept = GM_RUN_NO_STEP;
    size_t count;
    if (!m || m->patience == 0 || gm_watch_stale(&trainer->watch, m->warmup, &best) < m->patience)
        return GM_OK;
    if (trainer->run) {
        GM_TRY(gm_run_list_checkpoints(trainer->run, &steps, &count));
        kept = gm_watch_best(&trainer->watch, steps, count);
        free(steps);
    }
    char checkpoint[200] = "";
    if (kept != GM_RUN_NO_STEP)
        snprintf(checkpoint, sizeof checkpoint, "; the best checkpoint is %s",
                 gm_run_checkpoint_path(trainer->run, kept));
    char since[40] = "";
    if (best != GM_RUN_NO_STEP)
        snprintf(since, sizeof since, " since step %llu", (unsigned long long)best);
    snprintf(trainer->ended, sizeof trainer->ended, "step %llu: %s has not got better%s (monitor.patience)%s",
             (unsigned long long)trainer->step, gm_judged_names[m->best], since, checkpoint);
    return GM_OK;
}

// The latest few stay, the best, the one that an alarm would name, and what pretraining left.
gm_status gm_trainer_prune(gm_trainer *trainer) {
    uint64_t *steps;
    size_t count;
    GM_TRY(gm_run_list_checkpoints(trainer->run, &steps, &count));
    const uint64_t start = trainer->model.pretraining.steps > 0 ? 0 : GM_RUN_NO_STEP; // to be measured beside the end
    const uint64_t kept[3] = {gm_watch_best(&trainer->watch, steps, count),
                              gm_watch_last_good(&trainer->watch, steps, count), start};
    free(steps);
    return gm_run_prune(trainer->run, trainer->settings->log.keep, kept, GM_COUNT(kept));
}

gm_status gm_trainer_save(gm_trainer *trainer) {
    if (!trainer->run)
        return gm_fail(GM_ERROR_STATE, "this trainer has no run folder to save into");
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    const char *claim = gm_trainer_private_claim(trainer);
    GM_TRY(check_finite(trainer));
    GM_TRY(gm_run_sync_log(trainer->run)); // a power cut must not leave a checkpoint without the lines that led to it
    GM_TRY(gm_checkpoint_write(gm_run_checkpoint_path(trainer->run, trainer->step), trainer->state,
                               &(gm_checkpoint_info){.step = trainer->step,
                                                     .class_names = data->class_names,
                                                     .class_count = data->class_count,
                                                     .scale_figures = data->scale_figures,
                                                     .scale_channels = data->scale_figures ? data->channels : 0,
                                                     .item = {data->channels, data->height, data->width},
                                                     .data_cursor = trainer->cursor,
                                                     .seed = trainer->common->seed,
                                                     .recipe = trainer->recipe_text.data,
                                                     .variants = trainer->variants,
                                                     .note = claim}));
    trainer->good_step = trainer->step;
    trainer->good_pretrained = trainer->pretrained;
    return gm_trainer_prune(trainer);
}
