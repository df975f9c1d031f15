// The section `privacy` of a recipe: training whose result tells little of any one item of the data (Abadi et al.
// 2016). A kind of model that has it (gm_model_kind.private) clips what each item contributes to an update; whoever
// trains draws the batches and the noise.
#ifndef GM_MODEL_PRIVACY_H
#define GM_MODEL_PRIVACY_H

#include "ganymede/data.h"
#include "privacy/plan.h"
#include "recipe/recipe.h"

typedef struct gm_privacy_settings {
    double epsilon, noise, delta, clip; // as in gm_private_plan
    bool reproducible;
} gm_privacy_settings;

extern const gm_recipe_section gm_privacy_section;
const gm_privacy_settings *gm_privacy_of(const gm_recipe *recipe); // NULL: training is not private

// Fails for data of which more than their items would become part of a run.
gm_status gm_privacy_check_data(const gm_recipe *recipe, const gm_dataset_info *data);
// The terms for these data, settled but for the noise. Fails, with the recipe's line, where they are not to be had.
// batch: how many items a sum is over, on average.
gm_status gm_privacy_plan(const gm_recipe *recipe, const gm_dataset_info *data, size_t batch, gm_private_plan *plan);

#endif
