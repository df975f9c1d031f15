// Evaluating conditional generators: what a classifier of the real images says of their samples.
#include "use/conditional_evaluate.h"

#include "base/base.h"
#include "ganymede/measure.h"
#include "use/compare.h"

#include <math.h>

bool gm_is_conditional(const gm_recipe *recipe) {
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
         gm_share_error(class->fidelity, class->asked)},
        {"real_fidelity", "real", "of its real images, as much", class->real_named,
         gm_share_error(class->real_named, class->real)},
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

gm_status gm_conditional_evaluate(gm_evaluation *evaluation, const gm_trained *trained, const char *run,
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
