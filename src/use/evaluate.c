// Evaluating a run on data that it has not seen: its kind of model says what there is to tell.
#include "ganymede/evaluate.h"

#include "use/complete_evaluate.h"
#include "use/conditional_evaluate.h"
#include "use/cycle_evaluate.h"
#include "use/translate_evaluate.h"

// The part that was not trained on, or the data that are asked for; as training saw it, or at its own size.
static gm_status open_data(gm_dataset **data, const gm_common *common, const gm_checkpoint_info *checkpoint,
                           const char *asked, bool own_size) {
    gm_dataset_options options = gm_common_other_split(common);
    const char *source = asked ? asked : common->data.source;
    options.whole = options.adapted = asked != NULL; // whoever names data says that they are others
    options.scale_figures = checkpoint->scale_figures;
    options.scale_channels = checkpoint->scale_channels;
    options.item_names = true; // pairs have the same
    if (asked)
        options.folder = NULL;
    if (own_size)
        options.size[0] = options.size[1] = 0;
    gm_status status = gm_dataset_open(data, source, &options);
    if (status != GM_OK)
        return asked ? status : gm_fail(status, "%s; or name other data (evaluate: --data)", gm_error_message());
    if (gm_dataset_get_info(*data)->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the data set is empty", source);
    if (asked)
        return GM_OK;
    gm_dataset *trained;
    options.split = (gm_split)common->data.split;
    GM_TRY(gm_dataset_open(&trained, source, &options));
    status = gm_dataset_check_held_out(*data, trained);
    gm_dataset_close(&trained);
    return status == GM_OK ? GM_OK : gm_fail(status, "%s: name others by --data", gm_error_message());
}

// What is told of a use, where its kind of model says nothing itself or a search is asked for, and of how many items
// unless it is said.
typedef struct use_evaluator {
    const char *use;
    bool search;
    size_t count;
    gm_status (*evaluate)(gm_evaluation *evaluation, const gm_evaluation_source *source, const gm_trained *trained,
                          const char *run);
} use_evaluator;

static const use_evaluator of_uses[] = {
    {"complete", false, GM_COMPLETE_EVALUATED, gm_complete_evaluate},
    {"translate_back", false, GM_CYCLE_EVALUATED, gm_cycle_evaluate},
    {"translate", false, GM_TRANSLATE_EVALUATED, gm_translate_evaluate},
    {"generate", true, GM_SEARCH_EVALUATED, gm_complete_evaluate},
};

static const use_evaluator *find_evaluator(const gm_recipe *recipe, bool search) {
    for (size_t i = 0; i < GM_COUNT(of_uses); i++)
        if (of_uses[i].search == search && gm_use_find(recipe, of_uses[i].use))
            return &of_uses[i];
    return NULL;
}

static gm_status evaluate(gm_evaluation *evaluation, const gm_trained *trained, gm_dataset **data, const char *run,
                          const gm_evaluation_options *options) {
    const gm_common *common = gm_common_of(trained->recipe);
    const gm_model_kind *kind = gm_model_kind_of(trained->recipe);
    bool by_kind = kind->evaluate && !options->search;
    const use_evaluator *other = by_kind ? NULL : find_evaluator(trained->recipe, options->search);
    evaluation->info.step = trained->step;
    if (!by_kind && !other && options->samples == 0 && gm_is_conditional(trained->recipe) && !options->search)
        return gm_conditional_evaluate(evaluation, trained, run, options);
    if (!by_kind && !other && options->search)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, which has no latents to search", run,
                       kind->description);
    if (!by_kind && !other)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: this run's model is %s, of which held-out data tell nothing by themselves: compare its "
                       "samples with data (ganymede measure)",
                       run, kind->description);
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(trained->checkpoint);
    gm_status status = open_data(data, common, checkpoint, options->data, options->search);
    if (status != GM_OK && options->search) // images that have no size in common
        status = open_data(data, common, checkpoint, options->data, false);
    GM_TRY(status);
    const gm_dataset_info *info = gm_dataset_get_info(*data);
    size_t wanted = options->count || !other ? options->count : other->count;
    evaluation->info.count = wanted ? GM_MIN(wanted, info->count) : info->count;
    const gm_evaluation_source held_out = {
        .recipe = trained->recipe,
        .data = *data,
        .format = gm_dataset_format(info, common->data.range.low, common->data.range.high),
        .count = evaluation->info.count,
        .search = options->search,
        .restarts = options->restarts,
        .samples = options->samples,
        .class_names = checkpoint->class_names,
        .class_count = checkpoint->class_count,
        .state = trained->state,
    };
    return other ? other->evaluate(evaluation, &held_out, trained, run) : kind->evaluate(evaluation, &held_out);
}

gm_status gm_evaluation_create(gm_evaluation **evaluation, const char *run, const gm_evaluation_options *options) {
    static const gm_evaluation_options standard = {0};
    gm_trained trained = {0};
    gm_dataset *data = NULL;
    gm_evaluation *made = NULL;
    gm_status status;
    *evaluation = NULL;
    options = options ? options : &standard;
    GM_TRY_DONE(gm_alloc(&made, 1, sizeof *made, "an evaluation"));
    GM_TRY_DONE(gm_trained_open(&trained, run, options->opened, options->device));
    status = evaluate(made, &trained, &data, run, options);
done:
    gm_dataset_close(&data);
    gm_trained_close(&trained);
    if (status != GM_OK)
        gm_evaluation_destroy(&made);
    *evaluation = made;
    return status;
}
