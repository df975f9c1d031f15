// What evaluating a trained model on held-out data gives: figures, and for classes a confusion matrix.
#ifndef GM_MODEL_EVALUATION_H
#define GM_MODEL_EVALUATION_H

#include "base/base.h"
#include "data/decode.h"
#include "ganymede/evaluate.h"
#include "ganymede/plan.h"
#include "recipe/recipe.h"

struct gm_evaluation {
    gm_evaluation_info info;
    gm_evaluation_figure *figures;
    size_t figure_count, figure_capacity;
    gm_confusion confusion; // classes: 0: none
    gm_arena arena;         // texts, and the matrix
};

// A trained model and the data that it is held against.
typedef struct gm_evaluation_source {
    const gm_recipe *recipe;
    const gm_dataset *data;
    gm_sample format;
    size_t count;                   // of the data's items, the first ones
    bool search;                    // see gm_evaluation_options, as `restarts`
    size_t restarts;                //
    size_t samples;                 // draws per item; 0: as many as the kind takes, which may be none
    const char *const *class_names; // of the data that were trained on, class_count of them; 0: not known
    size_t class_count;
    gm_state *state; // with the checkpoint's values
} gm_evaluation_source;

gm_status gm_evaluation_add(gm_evaluation *evaluation, gm_evaluation_figure figure);

#endif
