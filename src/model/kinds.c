// The table of kinds of model, and what is asked of whichever kind a recipe has.
#include "model/kinds.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/autoencoder.h"
#include "model/classifier.h"
#include "model/completion.h"
#include "model/cycle.h"
#include "model/gain.h"
#include "model/gan.h"
#include "model/language.h"
#include "model/moments.h"
#include "model/privacy.h"
#include "model/table_gan.h"
#include "model/translation.h"

#include <string.h>

enum { MOST_ADDED = 8 };

static const gm_model_kind *const built_in[] = {
    &gm_gan_kind,   &gm_autoencoder_kind, &gm_classifier_kind, &gm_completion_kind, &gm_translation_kind,
    &gm_cycle_kind, &gm_language_kind,    &gm_table_gan_kind,  &gm_gain_kind,       &gm_moments_kind};
static const gm_model_kind *added[MOST_ADDED];
static size_t added_count;

const gm_model_kind *gm_model_kind_at(size_t index) {
    if (index < GM_COUNT(built_in))
        return built_in[index];
    return index - GM_COUNT(built_in) < added_count ? added[index - GM_COUNT(built_in)] : NULL;
}

gm_status gm_model_kind_add(const gm_model_kind *kind) {
    if (added_count == MOST_ADDED)
        return gm_fail(GM_ERROR_STATE, "at most %d kinds of model can be added", MOST_ADDED);
    added[added_count++] = kind;
    return GM_OK;
}

const gm_model_kind *gm_model_kind_of(const gm_recipe *recipe) {
    const char *name = gm_recipe_get_kind(recipe)->name;
    for (size_t i = 0; gm_model_kind_at(i); i++)
        if (strcmp(gm_model_kind_at(i)->name, name) == 0)
            return gm_model_kind_at(i);
    return NULL; // no recipe is of a kind that is not in the table
}

gm_status gm_model_init(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    const gm_model_kind *kind = gm_model_kind_of(recipe);
    *model = (gm_model){0};
    gm_status status = gm_graph_create(&model->graph);
    if (status == GM_OK)
        model->graph->few_passes = source->few_passes;
    gm_model_source complete = *source, second;
    complete.augment = &gm_common_of(recipe)->data.augment;
    if (source->second) { // of a pair both are augmented alike
        second = *source->second;
        second.augment = complete.augment;
        complete.second = &second;
    }
    model->moving = source->moving;
    model->moving_count = source->moving_count;
    if (status == GM_OK && gm_privacy_of(recipe))
        status = gm_privacy_plan(recipe, source->data,
                                 kind->private == GM_PRIVATE_SURVEY ? source->data->count : source->batch,
                                 &model->privacy.plan);
    if (status == GM_OK)
        status = kind->build(model, recipe, &complete);
    if (status != GM_OK)
        gm_model_finish(model);
    return status;
}

const gm_use_row *gm_use_find(const gm_recipe *recipe, const char *name) {
    const gm_model_kind *kind = gm_model_kind_of(recipe);
    for (size_t i = 0; i < kind->use_count; i++)
        if (strcmp(kind->uses[i].name, name) == 0 && (!kind->uses[i].offered || kind->uses[i].offered(recipe)))
            return &kind->uses[i];
    return NULL;
}

const gm_use_row *gm_use_of_pictures(const gm_recipe *recipe) {
    static const char *const names[] = {"generate", "reconstruct", "translate"};
    const gm_use_row *found = NULL;
    for (size_t i = 0; i < GM_COUNT(names) && !found; i++)
        found = gm_use_find(recipe, names[i]);
    return found;
}
