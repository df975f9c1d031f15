// How a run begins: with its recipe, and in its folder, or from what is in it.
#include "data/classes.h"
#include "model/columns.h"
#include "train/trainer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- Recipe ----

// "KEY='PATH'": quoted, so that any path is the YAML text that it looks like.
static gm_status path_setting(gm_text *setting, const char *key, const char *source) {
    gm_text_printf(setting, "%s='", key);
    for (const char *c = source; *c; c++) {
        const char letter[3] = {*c, *c == '\'' ? '\'' : '\0', '\0'};
        gm_text_append(setting, letter);
    }
    gm_text_append(setting, "'");
    return setting->failed ? gm_fail_memory(strlen(source), "a setting") : GM_OK;
}

static gm_status parse(gm_trainer *trainer, const char *path, const char *text, const char *const *settings,
                       size_t count) {
    return text ? gm_train_recipe_parse(&trainer->recipe, path, text, strlen(text), settings, count)
                : gm_train_recipe_read(&trainer->recipe, path, settings, count);
}

// text: of the recipe, when `path` is but its name; NULL: it is a file's.
static gm_status read_recipe(gm_trainer *trainer, const char *path, const char *text, const gm_train_options *options) {
    gm_status status = GM_OK;
    gm_text source = {0}, from = {0};
    gm_codec_texts codec = {0};
    const char **settings = NULL;
    size_t count = options->setting_count;
    GM_TRY_DONE(gm_alloc(&settings, count + 2 + GM_COUNT(codec.part), sizeof *settings, "settings"));
    if (count > 0)
        memcpy(settings, options->settings, count * sizeof *settings);
    if (options->data) {
        GM_TRY_DONE(path_setting(&source, "data.source", options->data));
        settings[count++] = source.data;
    }
    if (options->weights) {
        GM_TRY_DONE(path_setting(&from, "from", options->weights));
        settings[count++] = from.data;
    }
    GM_TRY_DONE(parse(trainer, path, text, settings, count));
    GM_TRY_DONE(gm_trainer_read_codec(trainer->recipe, &codec));
    for (size_t i = 0; i < GM_COUNT(codec.part); i++)
        if (codec.part[i].length > 0)
            settings[count++] = codec.part[i].data;
    if (codec.part[0].length > 0) {
        gm_recipe_destroy(&trainer->recipe);
        GM_TRY_DONE(parse(trainer, path, text, settings, count));
    }
    trainer->common = gm_common_of(trainer->recipe);
    trainer->settings = gm_train_settings_of(trainer->recipe);
    trainer->monitoring = gm_monitor_settings_of(trainer->recipe);
    status = gm_recipe_write(trainer->recipe, &trainer->recipe_text);
done:
    free(settings);
    gm_text_finish(&source);
    gm_text_finish(&from);
    gm_codec_texts_finish(&codec);
    return status;
}

// A recipe given beside the run that is resumed changes nothing, and should not seem to.
static gm_status compare_recipes(const gm_trainer *trainer, const gm_train_options *options) {
    gm_trainer given = {0};
    gm_status status = read_recipe(&given, options->recipe, NULL, options);
    const gm_table_schema *found = trainer->common->data.columns;
    const gm_text_schema *text = &trainer->common->data.text;
    if (status == GM_OK && gm_columns_agree(given.common->data.columns, found)) { // what the run has found beside
        gm_common_set_columns(given.recipe, found);
        if (text->count > 0 && given.common->data.text.count == 0)
            gm_common_set_symbols(given.recipe, text);
        gm_common_set_sound_found(given.recipe, &trainer->common->data.sound);
        gm_text_finish(&given.recipe_text);
        status = gm_recipe_write(given.recipe, &given.recipe_text);
    }
    if (status == GM_OK && strcmp(given.recipe_text.data, trainer->recipe_text.data) != 0)
        gm_warn("%s differs from the recipe of %s, which governs: change its keys with --set", options->recipe,
                gm_run_path(trainer->run));
    gm_text_finish(&given.recipe_text);
    gm_recipe_destroy(&given.recipe);
    return status;
}

// A run killed in its first instant may lack its recipe; then the caller's stands in.
static gm_status open_run(gm_trainer *trainer, const gm_train_options *options) {
    struct stat info;
    GM_TRY(gm_run_open(&trainer->run, options->resume, true));
    const char *path = gm_run_recipe_path(trainer->run);
    if (!options->recipe)
        return read_recipe(trainer, path, NULL, options);
    if (stat(path, &info) != 0 && errno == ENOENT)
        return read_recipe(trainer, options->recipe, NULL, options);
    GM_TRY(read_recipe(trainer, path, NULL, options));
    return compare_recipes(trainer, options);
}

gm_status gm_trainer_read_recipe(gm_trainer *trainer, const gm_train_options *options, const gm_train_given *given) {
    if (options->resume)
        return open_run(trainer, options);
    if (given->recipe_text)
        return read_recipe(trainer, given->recipe_name, given->recipe_text, options);
    return read_recipe(trainer, options->recipe, NULL, options);
}

// ---- Run ----

gm_status gm_trainer_start(gm_trainer *trainer, const gm_train_options *options) {
    GM_TRY(gm_run_create(&trainer->run, options->out, trainer->common->name));
    GM_TRY(gm_run_write_recipe(trainer->run, trainer->recipe_text.data));
    GM_TRY(gm_trainer_private_settle(trainer));
    GM_TRY(gm_trainer_survey(trainer));
    GM_TRY(gm_trainer_log_transfer(trainer));
    GM_TRY(gm_trainer_real_picture(trainer));
    GM_TRY(gm_trainer_sample_picture(trainer));
    return gm_trainer_save(trainer);
}

// The labels must mean what they meant.
static gm_status check_classes(const gm_trainer *trainer, const gm_checkpoint_info *info) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    size_t *places;
    if (info->class_count > 0 && data->class_count != info->class_count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu classes, but had %zu when %s began: start a new run", data->name,
                       data->class_count, info->class_count, gm_run_path(trainer->run));
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
    GM_TRY(gm_checkpoint_load(checkpoint, trainer->state, GM_MODEL_SETTING)); // a run may begin to be steered
    trainer->step = trainer->good_step = info->step;
    trainer->cursor = info->data_cursor;
    trainer->surveyed = true;
    return GM_OK;
}

// The counter tells steps that ended from those that a recipe of more steps began.
static gm_status read_pretrained(gm_trainer *trainer) {
    const gm_model_pretraining *pretraining = &trainer->model.pretraining;
    int32_t done, counter[2];
    if (pretraining->steps == 0)
        return GM_OK;
    GM_TRY(gm_state_read(trainer->state, gm_tensor_name(pretraining->done), &done, sizeof done));
    GM_TRY(gm_state_read(trainer->state, gm_tensor_name(trainer->model.counter), counter, sizeof counter));
    trainer->pretrained = trainer->good_pretrained = (uint64_t)done;
    if (trainer->step == 0 && counter[1] != 0 && trainer->pretrained >= pretraining->steps)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %llu steps of pretraining are taken: pretrain.steps must be more",
                       gm_run_path(trainer->run), (unsigned long long)trainer->pretrained);
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

// With the note of a transfer where a run was killed before it could write it.
static gm_status replay_log(gm_trainer *trainer) {
    char *text;
    size_t bytes;
    GM_TRY(gm_run_log_read(trainer->run, &text, &bytes));
    gm_watch_terms terms = gm_trainer_watch_terms(trainer);
    gm_status status = bytes == 0 ? gm_trainer_log_transfer(trainer) : GM_OK;
    if (status == GM_OK)
        status = gm_watch_replay(&trainer->watch, &terms, text, bytes);
    free(text);
    return status == GM_OK ? gm_trainer_check_patience(trainer) : status;
}

// Ticks fall on multiples of log.every, and on a run's last step: where training goes on, a line of the latter kind
// goes, so that the log of a resumed run is that of one that was never stopped.
gm_status gm_trainer_resume(gm_trainer *trainer, const uint64_t *from) {
    bool begun = trainer->resumed != NULL;
    if (begun)
        GM_TRY(load_checkpoint(trainer, trainer->resumed));
    GM_TRY(gm_trainer_private_begin(trainer));
    gm_checkpoint_close(&trainer->resumed);
    if (begun)
        GM_TRY(read_pretrained(trainer));
    bool finished = begun && trainer->step >= trainer->common->steps;
    if (!finished || from) {
        uint64_t line = finished ? trainer->step : trainer->step - trainer->step % trainer->settings->log.every;
        GM_TRY(gm_run_go_back(trainer->run, trainer->step, line, !from));
        if (trainer->step == 0)
            GM_TRY(gm_run_log_cut_pretraining(trainer->run, gm_trainer_pretrains(trainer)
                                                                ? trainer->pretrained -
                                                                      trainer->pretrained % trainer->settings->log.every
                                                                : trainer->pretrained));
        GM_TRY(gm_run_write_recipe(trainer->run, trainer->recipe_text.data));
    }
    GM_TRY(replay_log(trainer));
    if (begun)
        return gm_trainer_prune(trainer); // it may have been killed behind its checkpoint
    GM_TRY(gm_trainer_private_settle(trainer));
    GM_TRY(gm_trainer_send_sources(trainer));
    GM_TRY(gm_trainer_survey(trainer));
    GM_TRY(gm_trainer_real_picture(trainer)); // killed before checkpoint 0: the seed gives the same start
    GM_TRY(gm_trainer_sample_picture(trainer));
    return gm_trainer_save(trainer);
}
