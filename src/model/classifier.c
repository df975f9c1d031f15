// Classifiers as a kind of model: one network, which learns the labels of the data by cross-entropy.
#include "model/classifier.h"

#include "base/base.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    (void)format;
    if (data->class_count >= 2)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: a classifier learns labels of two classes or more, but %s has %s",
                   gm_recipe_file(recipe), data->name, data->class_count == 0 ? "none" : "one class alone");
}

static const char *const marks[] = {"classifier", NULL};

const gm_model_kind gm_classifier_kind = {
    .name = "classifier",
    .description = "a classifier",
    .marks = marks,
    .section = &gm_classifier_section,
    .weighs = true,
    .check = check,
    .build = gm_classifier_build,
    .uses = &gm_classifier_classify,
    .use_count = 1,
    .evaluate = gm_classifier_evaluate,
};
