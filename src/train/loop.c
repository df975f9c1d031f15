// The schedule around the step: log lines, measurements, pictures, checkpoints, and stopping.
//
// Numbers are read back only at ticks; until then steps are enqueued one behind the other.
#include "train/trainer.h"

#include "device/device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROFILED_STEPS 50

// ---- Measuring ----

static gm_status diverged(gm_trainer *trainer, const char *what) {
    return gm_trainer_fail(trainer, "diverged", what, trainer->good_step);
}

gm_status gm_trainer_measure(gm_trainer *trainer, gm_train_progress *progress) {
    const bool before = trainer->step == 0 && trainer->pretrained > 0;
    if (trainer->step == 0 && !before)
        return gm_fail(GM_ERROR_STATE, "there is nothing to measure before the first step");
    progress->numbers = trainer->numbers;
    progress->number_count = 0;
    for (size_t i = 0; i < trainer->model.number_count; i++) {
        const gm_model_number *number = &trainer->model.numbers[i];
        float value;
        if (gm_model_is_before(&trainer->model, i) != before)
            continue;
        GM_TRY(gm_plan_read(trainer->plan, number->x, &value, sizeof value));
        trainer->numbers[progress->number_count++] = (gm_train_number){number->name, number->label, (double)value};
    }
    if (gm_trainer_is_private(trainer)) {
        gm_train_number *spent = &trainer->numbers[progress->number_count++];
        *spent = (gm_train_number){.name = gm_trainer_private_name(trainer), .label = gm_trainer_private_name(trainer)};
        GM_TRY(gm_trainer_private_spent(trainer, &spent->value));
    }
    progress->step = trainer->step;
    progress->steps = trainer->common->steps;
    progress->tick = true;
    return GM_OK;
}

double gm_train_number_find(const gm_train_progress *progress, const char *name) {
    for (size_t i = 0; i < progress->number_count; i++)
        if (strcmp(progress->numbers[i].name, name) == 0)
            return progress->numbers[i].value;
    for (size_t i = 0; i < progress->figure_count; i++)
        if (strcmp(progress->figures[i].name, name) == 0)
            return progress->figures[i].value;
    return NAN;
}

static bool due(uint64_t step, size_t every) {
    return every > 0 && step % every == 0;
}

static gm_status write_log(gm_trainer *trainer, const gm_train_progress *progress) {
    if (!trainer->run)
        return GM_OK;
    gm_log_line line = {0};
    gm_log_begin(&line);
    gm_log_integer(&line, "step", (int64_t)progress->step);
    if (progress->pretraining_steps > 0)
        gm_log_integer(&line, "pretraining", (int64_t)progress->pretrained);
    gm_log_integer(&line, "images", (int64_t)trainer->cursor);
    for (size_t i = 0; i < progress->number_count; i++)
        gm_log_number(&line, progress->numbers[i].name, progress->numbers[i].value);
    if (progress->measured) {
        for (size_t i = 0; i < progress->figure_count; i++)
            gm_log_number(&line, progress->figures[i].name, progress->figures[i].value);
        gm_log_string(&line, "monitor_features", gm_monitor_features(trainer->monitor));
        gm_log_integer(&line, "monitor_columns", (int64_t)gm_monitor_columns(trainer->monitor));
        gm_log_string(&line, "monitor_real", gm_monitor_real(trainer->monitor));
        gm_log_string(&line, "monitor_judge", gm_monitor_judge(trainer->monitor));
        if (progress->alarm)
            gm_log_string(&line, "alarm", progress->alarm);
        if (progress->moved)
            gm_log_string(&line, "moved", progress->moved);
    }
    gm_log_number(&line, "seconds", progress->seconds);
    gm_status status = gm_run_log(trainer->run, &line);
    gm_log_finish(&line);
    return status;
}

// When gm_trainer_run began, and its two latest ticks: the rate is that since the earlier one, so that the queue, which
// is empty right after a tick, does not make it jump.
typedef struct gm_pace {
    double start, time[2];
    uint64_t step[2], items[2];
    gm_moment tick; // the latest
} gm_pace;

static void set_pace(gm_pace *pace, const gm_trainer *trainer, gm_train_progress *progress) {
    double now = gm_seconds(), taken = GM_MAX(now - pace->time[0], 1e-9);
    progress->step = trainer->step;
    progress->seconds = now - pace->start;
    progress->items_per_second = (double)(trainer->cursor - pace->items[0]) / taken;
    const uint64_t step = trainer->pretrained + trainer->step,
                   steps = progress->pretraining_steps > 0 ? progress->pretraining_steps
                                                           : trainer->pretrained + trainer->common->steps;
    progress->seconds_left = (double)(steps - step) * taken / GM_MAX((double)(step - pace->step[0]), 1e-9);
    if (progress->tick) {
        progress->waiting = gm_trainer_waiting_since(trainer, &pace->tick);
        pace->tick = gm_trainer_moment(trainer);
        pace->time[0] = pace->time[1];
        pace->step[0] = pace->step[1];
        pace->items[0] = pace->items[1];
        pace->items[1] = trainer->cursor;
        pace->time[1] = now;
        pace->step[1] = step;
    }
}

// ---- Monitoring ----

static gm_status make_monitor(gm_trainer *trainer) {
    if (!trainer->picture_plan)
        GM_TRY(gm_plan_create(&trainer->picture_plan, trainer->pictured.graph, trainer->state, NULL));
    gm_status status = gm_monitor_create(&trainer->monitor, &(gm_monitor_source){
                                                                .recipe = trainer->recipe,
                                                                .settings = trainer->monitoring,
                                                                .device = trainer->device,
                                                                .state = trainer->state,
                                                                .data = trainer->sources[0].data,
                                                                .format = trainer->sources[0].format,
                                                                .generate = &trainer->pictured,
                                                                .plan = trainer->picture_plan,
                                                            });
    if (status != GM_ERROR_ARGUMENT)
        return status;
    gm_warn("training is not monitored: %s", gm_error_message());
    trainer->monitor_interval = 0;
    return GM_OK;
}

static gm_status measure_figures(gm_trainer *trainer, gm_train_progress *progress, gm_alarm *alarm) {
    const gm_monitor_settings *settings = trainer->monitoring;
    gm_figures figures;
    if (!trainer->monitor)
        GM_TRY(make_monitor(trainer));
    if (!trainer->monitor)
        return GM_OK;
    GM_TRY(gm_monitor_measure(trainer->monitor, &figures));
    gm_watch_terms terms = gm_trainer_watch_terms(trainer);
    GM_TRY(gm_watch_add(&trainer->watch, &terms, trainer->step, &figures, alarm));
    trainer->moves.length = 0;
    if (trainer->step > settings->warmup)
        GM_TRY(gm_steer_move(trainer->steered, trainer->steered_count, trainer->state, &figures, &trainer->moves));
    progress->measured = true;
    progress->figures = trainer->figures;
    progress->figure_count = 0;
    for (size_t i = 0; i < GM_FIGURE_COUNT; i++)
        if (figures.present[i])
            trainer->figures[progress->figure_count++] = (gm_train_number){
                gm_figure_name((gm_monitor_figure)i), gm_figure_label((gm_monitor_figure)i), (double)figures.value[i]};
    progress->moved = trainer->moves.length > 0 ? trainer->moves.data : NULL;
    for (size_t i = 0; i < trainer->steered_count; i++) {
        const gm_steered *s = &trainer->steered[i];
        trainer->figures[progress->figure_count++] =
            (gm_train_number){gm_tensor_name(s->setting->variable), s->setting->name, s->value};
    }
    progress->alarm = settings->alarm == GM_MONITOR_OFF ? NULL : alarm->name;
    if (progress->alarm && settings->alarm == GM_MONITOR_WARN && alarm->rises)
        gm_warn("step %llu: alarm: %s", (unsigned long long)trainer->step, alarm->text);
    return GM_OK;
}

// Behind a tick's numbers, so that the device has nothing left to do and the time is that of the monitor alone.
static gm_status monitor(gm_trainer *trainer, gm_train_progress *progress, gm_alarm *alarm) {
    if (!due(trainer->step, trainer->monitor_interval))
        return GM_OK;
    double start = gm_seconds();
    gm_status status = measure_figures(trainer, progress, alarm);
    trainer->monitor_seconds += gm_seconds() - start;
    return status;
}

static gm_status check_alarm(gm_trainer *trainer, const gm_train_progress *progress, const gm_alarm *alarm) {
    uint64_t *steps, good = GM_RUN_NO_STEP;
    size_t count;
    if (!progress->alarm || trainer->monitoring->alarm != GM_MONITOR_STOP)
        return GM_OK;
    if (trainer->run) {
        GM_TRY(gm_run_list_checkpoints(trainer->run, &steps, &count));
        good = gm_watch_last_good(&trainer->watch, steps, count);
        free(steps);
    }
    return gm_trainer_fail(trainer, "stopped by an alarm", alarm->text, good);
}

static gm_status check_losses(gm_trainer *trainer, const gm_train_progress *progress) {
    for (size_t i = 0; i < trainer->model.number_count; i++) {
        const gm_model_number *number = &trainer->model.numbers[i];
        double value = gm_train_number_find(progress, number->name);
        const bool shown = gm_model_is_before(&trainer->model, i) == (progress->pretraining_steps > 0);
        if (number->is_loss && shown && !isfinite(value)) {
            char what[80];
            snprintf(what, sizeof what, "%s is not finite", number->name);
            return diverged(trainer, what);
        }
    }
    return GM_OK;
}

// The line is written first: of a run that diverged, the log should show it.
static gm_status tick(gm_trainer *trainer, gm_pace *pace, gm_train_progress *progress) {
    gm_alarm alarm = {0};
    GM_TRY(gm_trainer_measure(trainer, progress));
    gm_status monitored = monitor(trainer, progress, &alarm);
    set_pace(pace, trainer, progress);
    GM_TRY(write_log(trainer, progress));
    GM_TRY(check_losses(trainer, progress));
    if (monitored == GM_ERROR_STATE) {
        char what[200];
        snprintf(what, sizeof what, "%s", gm_error_message());
        return diverged(trainer, what);
    }
    GM_TRY(monitored);
    GM_TRY(check_alarm(trainer, progress, &alarm));
    return progress->measured ? gm_trainer_check_patience(trainer) : GM_OK;
}

// ---- The loop ----

// What is due after a step: numbers, a picture, a checkpoint. In this order: a resumed run goes on behind its newest
// checkpoint, and what that step has to leave must be there by then.
static gm_status after_step(gm_trainer *trainer, gm_pace *pace, gm_train_progress *progress) {
    const gm_train_settings *settings = trainer->settings;
    GM_TRY(gm_trainer_private_check(trainer));
    bool last = trainer->step >= trainer->common->steps || trainer->ended[0];
    progress->tick = progress->measured = false;
    progress->picture = progress->checkpoint = progress->alarm = progress->moved = NULL;
    if (last || due(trainer->step, settings->log.every))
        GM_TRY(tick(trainer, pace, progress));
    else
        set_pace(pace, trainer, progress);
    if (!trainer->run)
        return GM_OK;
    last = last || trainer->ended[0];
    if (gm_trainer_has_pictures(trainer) && (last || due(trainer->step, settings->log.samples))) {
        GM_TRY(gm_trainer_sample_picture(trainer));
        progress->picture = gm_run_sample_path(trainer->run, trainer->step);
    }
    if (last || due(trainer->step, settings->log.checkpoint)) {
        GM_TRY(gm_trainer_save(trainer));
        progress->checkpoint = gm_run_checkpoint_path(trainer->run, trainer->step);
    }
    return GM_OK;
}

static gm_status interrupted(gm_trainer *trainer) {
    const bool before = gm_trainer_pretrains(trainer);
    const unsigned long long step = before ? trainer->pretrained : trainer->step;
    const char *of = before ? " of pretraining" : "";
    if (!trainer->run)
        return gm_fail(GM_INTERRUPTED, "stopped at step %llu%s", step, of);
    GM_TRY(gm_trainer_private_settle(trainer));
    if (trainer->good_step != trainer->step || trainer->good_pretrained != trainer->pretrained)
        GM_TRY(gm_trainer_save(trainer));
    return gm_fail(GM_INTERRUPTED, "stopped at step %llu%s; go on with: ganymede train --resume %s", step, of,
                   gm_run_path(trainer->run));
}

// ---- Pretraining ----

static gm_status tick_before(gm_trainer *trainer, gm_pace *pace, gm_train_progress *progress) {
    GM_TRY(gm_trainer_measure(trainer, progress));
    set_pace(pace, trainer, progress);
    GM_TRY(write_log(trainer, progress));
    return check_losses(trainer, progress);
}

// Its checkpoints and its picture are those of step 0: what the first step begins from.
static gm_status after_pretraining_step(gm_trainer *trainer, gm_pace *pace, gm_train_progress *progress) {
    const gm_train_settings *settings = trainer->settings;
    const bool last = !gm_trainer_pretrains(trainer);
    progress->tick = false;
    progress->picture = progress->checkpoint = NULL;
    progress->pretrained = trainer->pretrained;
    if (last || due(trainer->pretrained, settings->log.every))
        GM_TRY(tick_before(trainer, pace, progress));
    else
        set_pace(pace, trainer, progress);
    if (!trainer->run)
        return GM_OK;
    if (last && gm_trainer_has_pictures(trainer)) {
        GM_TRY(gm_trainer_sample_picture(trainer));
        progress->picture = gm_run_sample_path(trainer->run, 0);
    }
    if (last || due(trainer->pretrained, settings->log.checkpoint)) {
        GM_TRY(gm_trainer_save(trainer));
        progress->checkpoint = gm_run_checkpoint_path(trainer->run, 0);
    }
    return GM_OK;
}

static gm_status pretrain(gm_trainer *trainer, gm_pace *pace, gm_train_callback callback, void *user) {
    gm_train_progress progress = {.steps = trainer->common->steps,
                                  .pretraining_steps = trainer->model.pretraining.steps};
    gm_status status = GM_OK;
    while (status == GM_OK && gm_trainer_pretrains(trainer)) {
        status = gm_trainer_pretrain_step(trainer);
        if (status == GM_OK)
            status = after_pretraining_step(trainer, pace, &progress);
        if (status == GM_OK && callback && callback(&progress, user))
            status = interrupted(trainer);
    }
    return status;
}

// ---- All of it ----

gm_status gm_trainer_run(gm_trainer *trainer, gm_train_callback callback, void *user) {
    const uint64_t first = trainer->step, steps = trainer->common->steps;
    const gm_moment begin = gm_trainer_moment(trainer);
    gm_pace pace = {.start = begin.seconds,
                    .time = {begin.seconds, begin.seconds},
                    .step = {trainer->pretrained + first, trainer->pretrained + first},
                    .items = {trainer->cursor, trainer->cursor},
                    .tick = begin};
    gm_train_progress progress = {.steps = steps};
    bool profiling = trainer->profile_folder != NULL;
    gm_status status = pretrain(trainer, &pace, callback, user);
    if (status == GM_OK && profiling)
        status = gm_profile_start(trainer->device);
    profiling = profiling && status == GM_OK;
    while (status == GM_OK && trainer->step < steps && !trainer->ended[0]) {
        status = gm_trainer_step(trainer);
        if (status == GM_OK)
            status = after_step(trainer, &pace, &progress);
        if (status == GM_OK && profiling && trainer->step - first == PROFILED_STEPS) {
            profiling = false;
            status = gm_trainer_write_profile(trainer, trainer->profile_folder, PROFILED_STEPS, &begin);
        }
        if (status == GM_OK && callback && callback(&progress, user) && trainer->step < steps && !trainer->ended[0])
            status = interrupted(trainer);
    }
    if (profiling && (status == GM_OK || status == GM_INTERRUPTED)) {
        gm_status written = gm_trainer_write_profile(trainer, trainer->profile_folder, trainer->step - first, &begin);
        status = written == GM_OK ? status : written;
    }
    const gm_moment end = gm_trainer_moment(trainer);
    trainer->run_seconds += end.seconds - begin.seconds;
    trainer->run_waited += end.waited - begin.waited;
    return status;
}
