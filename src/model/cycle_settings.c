// A cycle's section of the recipe.
#include "model/cycle.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_cycle_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "a cycle's layers from an image of data to one like those of data.second; dropout in them is for training alone"),
    GM_ROW_TYPED(gm_cycle_settings, "reverse_generator", reverse_generator, gm_recipe_optional_layers_type, "[]", false,
         "layers of the way back; []: the same, with weights of their own"),
    GM_ROW_TYPED(gm_cycle_settings, "discriminator", discriminator, gm_recipe_layers_type, NULL, true,
         "a cycle's layers from an image like those of data.second to one logit, or to a map of them, one for each patch"),
    GM_ROW_TYPED(gm_cycle_settings, "reverse_discriminator", reverse_discriminator, gm_recipe_optional_layers_type, "[]", false,
         "the same for images like those of data; []: the same layers, with weights of their own"),
    GM_ROW_NUMBER(gm_cycle_settings, "cycle.consistency", consistency, 0, 1000000, 10,
         "weight of the mean distance between an image and what there and back again makes of it, as in [-1, 1], whatever "
         "data.range is"),
    GM_ROW_NUMBER(gm_cycle_settings, "cycle.identity", identity, 0, 1000000, 0.5,
         "weight, as a share of that, of the distance between an image of the other side and what is made of it; 0: none"),
    GM_ROW_NUMBER(gm_cycle_settings, "cycle.adversarial", adversarial, 0, 1000000, 2,
         "weight of the generators' losses; 2 with least_squares is as published, whose squares are not halved"),
    GM_ROW_INTEGER(gm_cycle_settings, "cycle.pool", pool, 0, GM_POOL_MOST, 50,
         "earlier results that are kept for each discriminator, which sees them in half of its places; 0: none"),
    GM_ROW_TYPED(gm_cycle_settings, "loss", loss, gm_gan_loss_type, "least_squares", false,
         "what the discriminators and, beside the distances, the generators minimise"),
    GM_INITIALIZER_ROW(gm_cycle_settings),
    GM_ROW_TYPED(gm_cycle_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the generators' update rule"),
    GM_ROW_TYPED(gm_cycle_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the discriminators' update rule"),
    GM_ACCUMULATE_ROW(gm_cycle_settings),
    GM_AVERAGE_ROWS(gm_cycle_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    const gm_cycle_settings *c = settings;
    double low;
    gm_natural_low(&c->generator, &low);
    gm_common_default_range(recipe, low);
    if (!(c->adversarial > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: cycle.adversarial must be above 0: nothing else leads to the other side",
                       gm_recipe_origin(recipe, "cycle.adversarial"));
    return GM_OK;
}

const gm_recipe_section gm_cycle_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_cycle_settings), .resolve = resolve};

const gm_cycle_settings *gm_cycle_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_cycle_section);
}
