// Classifiers: one network from the data to a logit per class.
#ifndef GM_MODEL_CLASSIFIER_H
#define GM_MODEL_CLASSIFIER_H

#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/training.h"
#include "recipe/value.h"

typedef struct gm_classifier_settings {
    gm_layer_list classifier; // a layer `tap: features` in it names what the use `classify` gives beside the logits
    int initializer;          // gm_weight_initializer
    struct {
        gm_optimizer classifier;
    } optimizer;
    gm_recipe_list class_weights; // by label; empty: all 1, or as data.balance says
    size_t accumulate;            // batches whose mean gradient makes one update
    gm_averaging average;
} gm_classifier_settings;

extern const gm_recipe_section gm_classifier_section;
const gm_classifier_settings *gm_classifier_of(const gm_recipe *recipe); // NULL: the model is of another kind

gm_status gm_classifier_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
// Classes taken for the items of a data set: the accuracy, the recall of each class, the confusion matrix.
gm_status gm_classifier_evaluate(gm_evaluation *evaluation, const gm_evaluation_source *source);
// The class with the largest of the logits of one item; GM_NO_ANSWER where one is NaN.
#define GM_NO_ANSWER SIZE_MAX
size_t gm_classifier_answer(const float *logits, size_t count);
// The use `classify`, for whoever runs it on samples of its own.
extern const gm_use_row gm_classifier_classify;

extern const gm_model_kind gm_classifier_kind;

#endif
