// What a kind of model is: the row that it has in the table of kinds (kinds.h).
#ifndef GM_MODEL_KIND_H
#define GM_MODEL_KIND_H

#include "model/common.h"
#include "model/evaluation.h"
#include "model/model.h"
#include "model/use.h"

// What a kind learns from.
typedef enum gm_model_sources {
    GM_SOURCES_ONE = 0,
    GM_SOURCES_PAIRED,   // two, item i of one with item i of the other
    GM_SOURCES_UNPAIRED, // two, each in an order of its own
} gm_model_sources;

// How a kind is trained in private.
typedef enum gm_model_private {
    GM_PRIVATE_NOT = 0,
    GM_PRIVATE_UPDATES, // by the sums over the batches of its updates
    GM_PRIVATE_SURVEY,  // by one sum over all items, in its survey
} gm_model_private;

typedef struct gm_model_kind {
    const char *name;         // "gan"
    const char *description;  // for messages: "a GAN (generator and discriminator)"
    const char *const *marks; // keys that make a recipe one of this kind (gm_recipe_kind)
    const gm_recipe_section *section;
    gm_model_sources sources;
    bool monitored;           // it makes samples that are to be like the data
    gm_model_private private; // it keeps to model->privacy.plan
    bool weighs;              // its loss counts samples by their class (gm_classes_weigh)
    // Fails where the recipe does not suit data of this format. NULL: it takes all.
    gm_status (*check)(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format);
    // The training step. Fails with the recipe's line when a layer does not fit, and when the networks do not fit the
    // data. model->graph is there, empty.
    gm_status (*build)(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
    const gm_use_row *uses; // `generate`, else `reconstruct` or `translate`, makes the pictures of a run
    size_t use_count;
    // What can be said of a trained model on held-out data. NULL: nothing.
    gm_status (*evaluate)(gm_evaluation *evaluation, const gm_evaluation_source *source);
} gm_model_kind;

#endif
