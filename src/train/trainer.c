// Making a trainer: recipe, data, device, plans, run folder; and its one step.
//
// The folder is made last, when everything else has proved to work, so that a failed start leaves nothing behind.
#include "train/trainer.h"

#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Tuning ----

// For the CPU's kernels there is a rule from measurements, and compiling others takes longer than they could save: they
// are timed when asked for.
static gm_status open_tuning(gm_trainer *trainer, gm_train_tuning how) {
    const double brief = 5;
    const bool estimated = gm_emitter_wants_gpu(gm_device_get_info(trainer->device));
    const char *chosen = trainer->resumed ? gm_checkpoint_get_info(trainer->resumed)->variants : NULL;
    if (how == GM_TRAIN_TUNE_NOT || (chosen && !*chosen)) // a run that began without tuning goes on without
        return GM_OK;
    return gm_tuning_create(&trainer->tuning, trainer->device,
                            &(gm_tuning_options){.mode = how == GM_TRAIN_TUNE_THOROUGHLY ? GM_TUNING_ALL
                                                         : estimated                     ? GM_TUNING_NEW
                                                                                         : GM_TUNING_STORED,
                                                 .seconds = how == GM_TRAIN_TUNE_THOROUGHLY ? 0 : brief,
                                                 .choices = chosen});
}

static gm_status plan_step(gm_trainer *trainer) {
    GM_TRY(gm_plan_create(
        &trainer->plan, trainer->model.graph, trainer->state,
        &(gm_plan_options){.precision = (gm_precision)trainer->settings->precision, .tuning = trainer->tuning}));
    if (!trainer->tuning)
        return GM_OK;
    if (gm_tuning_save(trainer->tuning) != GM_OK)
        gm_warn("%s: the next start tunes again", gm_error_message());
    return gm_tuning_write(trainer->tuning, true, &trainer->variants);
}

// With one variant for all that has it.
static gm_status plan_variant(gm_trainer *trainer, const char *variant) {
    GM_TRY(gm_tuning_create(&trainer->tuning, trainer->device, &(gm_tuning_options){.choices = ""}));
    trainer->tuning->forced = variant;
    gm_status status = plan_step(trainer);
    trainer->tuning->forced = NULL; // the caller's
    return status != GM_OK || trainer->tuning->forced_used
               ? status
               : gm_fail(GM_ERROR_ARGUMENT, "no operation of this step has a kernel variant '%s' on %s", variant,
                         gm_device_get_info(trainer->device)->name);
}

// ---- The trainer ----

static gm_status check_options(const gm_train_options *options, const gm_train_given *given) {
    if (!options->recipe && !options->resume && !given->recipe_text)
        return gm_fail(GM_ERROR_ARGUMENT, "training needs a recipe, or a run to go on with");
    if (options->resume && (options->out || options->no_folder))
        return gm_fail(GM_ERROR_ARGUMENT, "a resumed run stays in its folder: `resume` excludes `out` and dry runs");
    if (options->variant && !options->no_folder)
        return gm_fail(GM_ERROR_ARGUMENT, "`variant` is for measurements, without a run folder");
    if (options->from && !options->resume)
        return gm_fail(GM_ERROR_ARGUMENT, "only a resumed run goes back: `from` needs `resume`");
    return GM_OK;
}

static gm_status open_device(gm_trainer *trainer, const gm_train_options *options) {
    if (!options->opened)
        GM_TRY(gm_device_open(&trainer->opened_device, options->device));
    trainer->device = options->opened ? options->opened : trainer->opened_device;
    const gm_device_info *info = gm_device_get_info(trainer->device);
    if (info->described && (!options->no_folder || options->tuning != GM_TRAIN_TUNE_NOT))
        return gm_fail(GM_ERROR_DEVICE,
                       "%s is only a description of a device, nothing can be trained or timed on it: choose one that "
                       "`ganymede devices` lists, or look at its plan with `train --dry-run`",
                       info->driver_version);
    return GM_OK;
}

// Files are read, and often inflated, while the driver begins.
static gm_status open_device_and_data(gm_trainer *trainer, const gm_train_options *options,
                                      const gm_train_given *given) {
    gm_thread reading = {0};
    if (!given->data)
        GM_TRY(gm_thread_start(&reading, gm_trainer_read_sources, trainer, "reading data"));
    gm_status status = open_device(trainer, options);
    gm_thread_wait(&reading);
    GM_TRY(status);
    GM_TRY(gm_thread_finish(&reading));
    return gm_trainer_use_sources(trainer, given);
}

static gm_status build_model(gm_trainer *trainer) {
    const gm_recipe *recipe = trainer->recipe;
    const gm_use_row *pictured = gm_use_of_pictures(recipe);
    gm_model_source sources[GM_MODEL_SOURCES];
    if (trainer->monitoring)
        trainer->steered_count = gm_steer_moving(&trainer->monitoring->steer, trainer->moving);
    for (size_t i = 0; i < trainer->source_count; i++)
        sources[i] = (gm_model_source){
            .data = gm_dataset_get_info(trainer->sources[i].data),
            .format = trainer->sources[i].format,
            .batch = trainer->common->data.batch,
            .resident = trainer->sources[i].resident,
            .half_storage = trainer->settings->precision == GM_PRECISION_HALF_STORAGE,
            .class_counts = trainer->class_counts,
            .few_passes = gm_emitter_wants_gpu(gm_device_get_info(trainer->device)),
            .moving = trainer->moving,
            .moving_count = trainer->steered_count,
            .second = i + 1 < trainer->source_count ? &sources[i + 1] : NULL,
        };
    GM_TRY(gm_model_init(&trainer->model, recipe, &sources[0]));
    if (trainer->steered_count > 0)
        GM_TRY(gm_steer_begin(&trainer->monitoring->steer, &trainer->model, trainer->steered));
    for (size_t i = 0; i < trainer->model.network_count; i++)
        trainer->networks[i] = (gm_train_network){gm_network_name(trainer->model.networks[i]),
                                                  gm_model_parameter_count(trainer->model.networks[i])};
    GM_TRY(gm_alloc(&trainer->numbers, trainer->model.number_count + 1, sizeof *trainer->numbers, "numbers"));
    if (!pictured)
        return GM_OK;
    GM_TRY(gm_use_init(&trainer->pictured, pictured, recipe, &trainer->sources[0].format));
    return gm_use_choose_classes(&trainer->pictured, sources[0].data->class_names, sources[0].data->class_count);
}

static gm_status create(gm_trainer *trainer, const gm_train_options *options, const gm_train_given *given) {
    GM_TRY(check_options(options, given));
    GM_TRY(gm_trainer_read_recipe(trainer, options, given));
    const gm_common *common = trainer->common;
    GM_TRY(open_device_and_data(trainer, options, given));
    GM_TRY(gm_trainer_place_sources(trainer));
    GM_TRY(build_model(trainer));
    GM_TRY(gm_state_create(&trainer->state, trainer->device, common->seed));
    if (options->resume)
        GM_TRY(gm_trainer_open_checkpoint(trainer, options->from));
    if (options->variant) {
        GM_TRY(plan_variant(trainer, options->variant));
    } else {
        GM_TRY(open_tuning(trainer, options->tuning));
        GM_TRY(plan_step(trainer));
    }
    gm_plan_statistics statistics;
    gm_plan_get_statistics(trainer->plan, &statistics);
    trainer->monitor_interval =
        gm_monitor_interval(trainer->recipe, &statistics, gm_device_get_info(trainer->device)->type == GM_DEVICE_CPU);
    if (!options->no_folder && trainer->pictured.row)
        GM_TRY(gm_plan_create(&trainer->picture_plan, trainer->pictured.graph, trainer->state, NULL));
    if (trainer->model.start && !trainer->resumed && !gm_device_get_info(trainer->device)->described)
        GM_TRY(gm_plan_run(trainer->plan, trainer->model.start));
    if (!trainer->resumed && !gm_device_get_info(trainer->device)->described)
        GM_TRY(gm_trainer_take_codec(trainer));
    if (common->from && !trainer->resumed && !gm_device_get_info(trainer->device)->described)
        GM_TRY(gm_trainer_transfer(trainer));
    GM_TRY(gm_alloc(&trainer->indices, common->data.batch, sizeof *trainer->indices, "a batch's indices"));
    if (options->profile) {
        GM_TRY(gm_folder_create(options->profile));
        GM_TRY(gm_alloc(&trainer->profile_folder, strlen(options->profile) + 1, 1, "a folder's name"));
        memcpy(trainer->profile_folder, options->profile, strlen(options->profile) + 1);
    }
    if (options->resume) {
        GM_TRY(gm_trainer_resume(trainer, options->from));
        GM_TRY(gm_trainer_private_check(trainer));
        GM_TRY(gm_steer_read(trainer->steered, trainer->steered_count, trainer->state));
        return gm_trainer_send_sources(trainer);
    }
    GM_TRY(gm_trainer_private_begin(trainer));
    GM_TRY(gm_trainer_send_sources(trainer));
    return options->no_folder ? GM_OK : gm_trainer_start(trainer, options);
}

gm_status gm_trainer_create_given(gm_trainer **trainer, const gm_train_options *options, const gm_train_given *given) {
    *trainer = NULL;
    gm_trainer *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a trainer"));
    gm_status status = create(made, options, given);
    if (status != GM_OK)
        gm_trainer_destroy(&made);
    *trainer = made;
    return status;
}

gm_status gm_trainer_create(gm_trainer **trainer, const gm_train_options *options) {
    return gm_trainer_create_given(trainer, options, &(gm_train_given){0});
}

void gm_trainer_destroy(gm_trainer **trainer) {
    if (!trainer || !*trainer)
        return;
    gm_trainer *old = *trainer;
    gm_trainer_close_loaders(old);
    gm_monitor_destroy(&old->monitor);
    gm_watch_finish(&old->watch);
    gm_plan_destroy(&old->picture_plan);
    gm_plan_destroy(&old->plan);
    gm_tuning_destroy(&old->tuning);
    gm_checkpoint_close(&old->resumed);
    free(old->variants);
    gm_use_finish(&old->pictured);
    gm_model_finish(&old->model);
    gm_state_destroy(&old->state);
    gm_device_close(&old->opened_device);
    for (size_t i = 0; i < GM_MODEL_SOURCES; i++) {
        gm_order_finish(&old->sources[i].order);
        gm_dataset_close(&old->sources[i].opened);
    }
    gm_run_close(&old->run);
    gm_text_finish(&old->transfer.taken);
    gm_text_finish(&old->transfer.left);
    gm_text_finish(&old->recipe_text);
    gm_recipe_destroy(&old->recipe);
    free(old->class_counts);
    free(old->indices);
    gm_trainer_private_finish(old);
    free(old->numbers);
    free(old->profile_folder);
    gm_text_finish(&old->moves);
    free(old);
    *trainer = NULL;
}

// A lazy action runs in one of `every` of its places.
static void count_step_work(const gm_trainer *trainer, gm_train_info *info) {
    for (size_t i = 0; i < trainer->model.action_count; i++) {
        const gm_model_action *action = &trainer->model.actions[i];
        if (action->before)
            continue;
        gm_phase_work work = gm_plan_phase_work(trainer->plan, action->phase);
        info->step_flop += work.flop / (double)action->every;
        info->step_launches += (double)work.launches / (double)action->every;
        info->step_commands += (double)work.commands / (double)action->every;
    }
}

void gm_trainer_get_info(const gm_trainer *trainer, gm_train_info *info) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    const gm_use_row *pictured = trainer->pictured.row;
    *info = (gm_train_info){
        .name = trainer->common->name,
        .folder = trainer->run ? gm_run_path(trainer->run) : NULL,
        .recipe = trainer->recipe_text.data,
        .device = gm_device_get_info(trainer->device)->name,
        .data = data->name,
        .noun = trainer->sources[0].format.kind->noun,
        .seed = trainer->common->seed,
        .step = trainer->step,
        .steps = trainer->common->steps,
        .pretrained = trainer->pretrained,
        .pretraining_steps = trainer->model.pretraining.steps,
        .batch = trainer->common->data.batch,
        .batches = trainer->model.batches,
        .data_count = data->count,
        .channels = data->channels,
        .height = data->height,
        .width = data->width,
        .frames = data->frames,
        .resident = gm_trainer_is_resident(trainer),
        .variants = trainer->variants,
        .networks = trainer->networks,
        .network_count = trainer->model.network_count,
        .monitor_interval = trainer->monitor_interval,
        .pictured = pictured ? pictured->name : NULL,
        .from = trainer->transfer.taken_count > 0 ? trainer->common->from : NULL,
        .from_step = trainer->transfer.step,
        .taken_count = trainer->transfer.taken_count,
        .taken = trainer->transfer.taken.data,
        .not_taken = trainer->transfer.left.data,
        .monitor_share = trainer->run_seconds > 0 ? trainer->monitor_seconds / trainer->run_seconds : 0,
        .privacy = gm_trainer_private_outlook((gm_trainer *)trainer),
        .ended = trainer->ended[0] ? trainer->ended : NULL,
        .waiting_share = trainer->run_seconds > 0 ? trainer->run_waited / trainer->run_seconds : 0,
    };
    gm_plan_get_statistics(trainer->plan, &info->statistics);
    count_step_work(trainer, info);
}

gm_state *gm_trainer_state(gm_trainer *trainer) {
    return trainer->state;
}

// ---- The step ----

// Whether a setting that moves leaves this action out of the step.
static bool is_left_out(const gm_trainer *trainer, const gm_model_action *action) {
    for (size_t i = 0; action->counted && i < trainer->steered_count; i++)
        if (strcmp(trainer->steered[i].setting->name, action->counted) == 0)
            return action->index >= (size_t)lround(trainer->steered[i].value);
    return false;
}

static gm_status run_actions(gm_trainer *trainer, bool before) {
    for (size_t i = 0; i < trainer->model.action_count; i++) {
        const gm_model_action *action = &trainer->model.actions[i];
        if (action->before != before)
            continue;
        if ((trainer->step * action->per_step + action->index) % action->every != 0 || is_left_out(trainer, action))
            continue;
        if (action->fresh)
            GM_TRY(gm_trainer_next_batch(trainer));
        GM_TRY(gm_plan_run(trainer->plan, action->phase));
    }
    return GM_OK;
}

gm_status gm_trainer_step(gm_trainer *trainer) {
    bool enough;
    GM_TRY(gm_trainer_survey(trainer)); // of a trainer without a folder: a dry run has no need of it
    GM_TRY(gm_trainer_private_pay(trainer, &enough));
    if (!enough)
        return gm_fail(GM_ERROR_STATE, "the privacy budget is spent: no step can follow");
    GM_TRY(run_actions(trainer, false));
    trainer->step++;
    return GM_OK;
}

gm_status gm_trainer_pretrain_step(gm_trainer *trainer) {
    GM_TRY(run_actions(trainer, true));
    trainer->pretrained++;
    return GM_OK;
}

gm_status gm_trainer_wait(gm_trainer *trainer) {
    return gm_plan_finish(trainer->plan);
}

gm_status gm_train_keys(char **text) {
    gm_text keys = {0};
    gm_status status = gm_recipe_documentation(gm_train_schema(), &keys);
    if (status != GM_OK)
        gm_text_finish(&keys);
    *text = keys.data;
    return status;
}
