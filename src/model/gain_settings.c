// GAIN's section of the recipe. Defaults are those of the authors' program.
#include "model/gain.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_gain_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "GAIN's layers from a row's values, and for each whether it is known, to its values in [0, 1]"),
    GM_ROW_TYPED(gm_gain_settings, "discriminator", discriminator, gm_recipe_layers_type, NULL, true,
         "GAIN's layers from a completed row and the hints to a logit for each of its values: whether it was known"),
    GM_ROW_NUMBER(gm_gain_settings, "gain.alpha", alpha, 0, 1000000, 100, "weight of the mean squared distance from the known values"),
    GM_ROW_NUMBER(gm_gain_settings, "gain.hint", hint, 0, 1, 0.9, "the share of cells of which the discriminator is told that they are known"),
    GM_ROW_NUMBER(gm_gain_settings, "gain.noise", noise, 0, 1, 0.01, "in place of missing values the generator sees uniform noise below this"),
    GM_ROW_NUMBER(gm_gain_settings, "gain.drop", drop, 0, 0.95, 0,
         "the share of known cells, drawn anew in every step, that the generator does not see and is to find again; as published: none"),
    GM_ROW_NUMBER(gm_gain_settings, "gain.hide", hide, 0, 0.95, 0,
         "the share of known cells that training does not see, always the same ones, so that hidden_rmse can be told; needs data.resident"),
    GM_INITIALIZER_ROW(gm_gain_settings),
    GM_ROW_TYPED(gm_gain_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 1e-3}}", false, "the generator's update rule"),
    GM_ROW_TYPED(gm_gain_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 1e-3}}", false, "the discriminator's update rule"),
    GM_AVERAGE_ROWS(gm_gain_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    (void)settings;
    gm_common_default_range(recipe, 0);
    return GM_OK;
}

const gm_recipe_section gm_gain_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_gain_settings), .resolve = resolve};

const gm_gain_settings *gm_gain_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_gain_section);
}
