// The section `privacy` of a recipe, and what else in a recipe would tell of the data.
#include "model/privacy.h"

#include "base/base.h"
#include "model/common.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_NUMBER(gm_privacy_settings, "privacy.epsilon", epsilon, 0, GM_PRIVATE_MOST_EPSILON, 0,
           "the budget: what a run may tell of any one item of the data; training ends where it is spent, but a survey's is spent "
           "before the first step. Without "
           "privacy.noise that is found, for all the steps. 0: none"),
    GM_ROW_NUMBER(gm_privacy_settings, "privacy.noise", noise, 0, 1000000, 0,
           "deviation of the noise on the sum of what is clipped, as a multiple of privacy.clip; 0: as "
           "privacy.epsilon wants it, and without that: training is not private"),
    GM_ROW_NUMBER(gm_privacy_settings, "privacy.delta", delta, 1e-30, 1, 1e-5,
           "probability that the bound may not hold; at most 1 / items"),
    GM_ROW_NUMBER(gm_privacy_settings, "privacy.clip", clip, 1e-9, 1000000, 1,
           "largest norm of an item's gradient over all of the discriminator's weights, or of its features where moments are "
           "matched; longer ones are shortened to it"),
    GM_ROW_BOOLEAN(gm_privacy_settings, "privacy.reproducible", reproducible, 0,
           "take the noise from the seed, not from the operating system's secure source: repeatable, and not private at "
           "all, since anybody can compute it"),
};
// clang-format on

static gm_status refuse(const gm_recipe *recipe, const char *key, const char *what) {
    return gm_fail(GM_ERROR_FORMAT, "%s: %s: %s in private training", gm_recipe_origin(recipe, key), key, what);
}

// What reads the data beside the clipped updates, and would have to be paid for.
static gm_status check_others(const gm_recipe *recipe) {
    const gm_common *common = gm_common_of(recipe);
    if (common->from)
        return refuse(recipe, "from", "what other weights were learnt from is not accounted for: leave it out");
    if (common->data.balance != GM_BALANCE_NONE)
        return refuse(recipe, "data.balance", "how many items a class has is not told: set it to none");
    if (common->data.scale != 0)
        return refuse(recipe, "data.scale", "values of the data would set the scale: set it to type");
    if (common->data.columns)
        return refuse(recipe, "data.columns",
                      "ranges, means and categories of columns are not accounted for: give a table of plain numbers");
    return GM_OK;
}

static gm_status resolve(gm_recipe *recipe, void *settings) {
    (void)settings;
    if (gm_privacy_of(recipe))
        return check_others(recipe);
    if (gm_recipe_find(recipe, "privacy") && !gm_recipe_find(recipe, "privacy.epsilon") &&
        !gm_recipe_find(recipe, "privacy.noise"))
        return gm_fail(GM_ERROR_FORMAT, "%s: privacy needs epsilon, the budget, or noise",
                       gm_recipe_origin(recipe, "privacy"));
    return GM_OK;
}

const gm_recipe_section gm_privacy_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_privacy_settings), .resolve = resolve};

const gm_privacy_settings *gm_privacy_of(const gm_recipe *recipe) {
    const gm_privacy_settings *privacy = gm_recipe_settings(recipe, &gm_privacy_section);
    return privacy && (privacy->epsilon > 0 || privacy->noise > 0) ? privacy : NULL;
}

gm_status gm_privacy_check_data(const gm_recipe *recipe, const gm_dataset_info *data) {
    if (!gm_privacy_of(recipe) || (!data->table && !data->text))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: %s is a %s would become part of the run: private training takes images, and tables of plain "
                   "numbers",
                   gm_recipe_origin(recipe, "privacy"), data->name,
                   data->table ? "table of several types, whose ranges, means and categories"
                               : "text, whose symbols and their counts");
}

gm_status gm_privacy_plan(const gm_recipe *recipe, const gm_dataset_info *data, size_t batch, gm_private_plan *plan) {
    const gm_privacy_settings *p = gm_privacy_of(recipe);
    const char *origin = gm_recipe_origin(recipe, "privacy");
    GM_TRY(gm_privacy_check_data(recipe, data));
    *plan = (gm_private_plan){.count = data->count,
                              .batch = batch,
                              .epsilon = p->epsilon,
                              .delta = p->delta,
                              .clip = p->clip,
                              .reproducible = p->reproducible,
                              .noise = p->noise};
    gm_status status = gm_private_plan_settle(plan);
    return status == GM_OK ? GM_OK : gm_fail(status, "%s: %s", origin, gm_error_message());
}
