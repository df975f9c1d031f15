// Evaluating a run on data that it has not seen: its kind of model says what there is to tell.
#include "ganymede/evaluate.h"

#include "base/base.h"
#include "ganymede/measure.h"
#include "use/trained.h"

#include <math.h>

// The part that was not trained on, or the data that are asked for.
static gm_status open_data(gm_dataset **data, const gm_common *common, const gm_checkpoint_info *checkpoint,
                           const char *asked) {
    gm_dataset_options options = gm_common_other_split(common);
    const char *source = asked ? asked : common->data.source;
    options.whole = options.adapted = asked != NULL; // whoever names data says that they are others
    options.scale_figures = checkpoint->scale_figures;
    options.scale_channels = checkpoint->scale_channels;
    if (asked)
        options.folder = NULL;
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

// ---- Conditional generators: what a classifier says of their samples ----

static bool is_conditional(const gm_recipe *recipe) {
    const gm_use_row *generate = gm_use_find(recipe, "generate");
    gm_use use = {0};
    if (!generate || gm_use_init(&use, generate, recipe, NULL) != GM_OK)
        return false;
    bool told = use.classes > 0;
    gm_use_finish(&use);
    return told;
}

static gm_status add_class(gm_evaluation *evaluation, const gm_class_figure *class, size_t which, const char *name) {
    const struct {
        const char *key, *label, *help;
        double value, error;
    } figures[] = {
        {"label_fidelity", "fidelity", "of its samples a classifier names as asked", class->fidelity,
         sqrt(class->fidelity * (1 - class->fidelity) / (double)class->asked)},
        {"real_fidelity", "real", "of its real images, as much", class->real_named,
         sqrt(class->real_named * (1 - class->real_named) / (double)class->real)},
        {"spread", "spread", "of its samples around their mean, among the classifier's features", class->spread, NAN},
        {"real_spread", "real spread", "of its real images", class->real_spread, NAN},
    };
    return gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = figures[which].key,
                                                                .label = figures[which].label,
                                                                .of = name,
                                                                .value = figures[which].value,
                                                                .error = figures[which].error,
                                                                .help = figures[which].help});
}

static gm_status add_classes(gm_evaluation *evaluation, gm_comparison *comparison) {
    enum { KEYS = 4 };
    const gm_class_figure *classes;
    const gm_figure *distance;
    size_t count, one;
    GM_TRY(gm_comparison_measure(comparison, "frechet", &distance, &one));
    GM_TRY(gm_comparison_classes(comparison, &classes, &count));
    const char **names = gm_arena_alloc(&evaluation->arena, count * sizeof *names);
    for (size_t k = 0; names && k < count; k++)
        if (!(names[k] = gm_arena_string(&evaluation->arena, classes[k].name)))
            names = NULL;
    if (!names)
        return gm_fail_memory(count * sizeof *names, "an evaluation");
    GM_TRY(gm_evaluation_add(evaluation, (gm_evaluation_figure){.key = "frechet",
                                                                .label = "frechet",
                                                                .value = distance->value.value,
                                                                .error = NAN,
                                                                .help = "distance on the classifier's features"}));
    for (size_t which = 0; which < KEYS; which++)
        for (size_t k = 0; k < count; k++)
            if (classes[k].asked > 0)
                GM_TRY(add_class(evaluation, &classes[k], which, names[k]));
    return GM_OK;
}

static gm_status evaluate_labels(gm_evaluation *evaluation, const gm_trained *trained, const char *run,
                                 const gm_evaluation_options *options) {
    const char *data = options->data ? options->data : gm_common_of(trained->recipe)->data.source;
    gm_comparison *comparison;
    gm_comparison_info info;
    gm_comparison_options compare = {
        .opened = trained->device, .samples = options->count, .features = GM_COMPARISON_CLASSIFIER};
    GM_TRY(gm_comparison_open(&comparison, data, run, &compare));
    gm_comparison_get_info(comparison, &info);
    evaluation->info.count = info.fake_count;
    evaluation->info.what = "samples";
    evaluation->info.unit = "shares of each class, chance is one of all classes";
    gm_status status = add_classes(evaluation, comparison);
    gm_comparison_close(&comparison);
    return status;
}

// ---- Whatever kind it is ----

static gm_status evaluate(gm_evaluation *evaluation, const gm_trained *trained, gm_dataset **data, const char *run,
                          const gm_evaluation_options *options) {
    const gm_common *common = gm_common_of(trained->recipe);
    const gm_model_kind *kind = gm_model_kind_of(trained->recipe);
    evaluation->info.step = trained->step;
    if (!kind->evaluate && options->samples == 0 && is_conditional(trained->recipe))
        return evaluate_labels(evaluation, trained, run, options);
    if (!kind->evaluate)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: this run's model is %s, of which held-out data tell nothing by themselves: compare its "
                       "samples with data (ganymede measure)",
                       run, kind->description);
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(trained->checkpoint);
    GM_TRY(open_data(data, common, checkpoint, options->data));
    const gm_dataset_info *info = gm_dataset_get_info(*data);
    evaluation->info.count = options->count ? GM_MIN(options->count, info->count) : info->count;
    return kind->evaluate(evaluation,
                          &(gm_evaluation_source){
                              .recipe = trained->recipe,
                              .data = *data,
                              .format = gm_dataset_format(info, common->data.range.low, common->data.range.high),
                              .count = evaluation->info.count,
                              .samples = options->samples,
                              .class_names = checkpoint->class_names,
                              .class_count = checkpoint->class_count,
                              .state = trained->state,
                          });
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
