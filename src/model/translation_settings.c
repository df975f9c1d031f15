// A translation's section of the recipe.
#include "model/translation.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_translation_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "a translation's layers from an image of data to its counterpart in data.second; dropout in them is for "
         "training alone, so that a result depends on the image and nothing else"),
    GM_ROW_TYPED(gm_translation_settings, "discriminator", discriminator, gm_recipe_optional_layers_type, "[]", false,
         "a translation's layers from both images, the first's channels before the second's, to one logit, or to a map of "
         "logits, one for each patch; []: there is none"),
    GM_ROW_NUMBER(gm_translation_settings, "translation.l1", l1, 0, 1000000, 100,
         "weight of the mean distance from the true counterpart, as in [-1, 1], whatever data.range is"),
    GM_ROW_NUMBER(gm_translation_settings, "translation.adversarial", adversarial, 0, 1000000, 1,
         "weight of the generator's loss beside it; 0, and without a discriminator: there is none"),
    GM_ROW_NUMBER(gm_translation_settings, "translation.features", features, 0, 1000000, 0,
         "weight of the mean distance between what the discriminator's taps give of the true counterpart and of the result"),
    GM_ROW_TYPED(gm_translation_settings, "loss", loss, gm_gan_loss_type, "non_saturating", false,
         "what the discriminator and, beside the distance, the generator minimise"),
    GM_INITIALIZER_ROW(gm_translation_settings),
    GM_ROW_TYPED(gm_translation_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the generator's update rule"),
    GM_ROW_TYPED(gm_translation_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the discriminator's update rule"),
    GM_ACCUMULATE_ROW(gm_translation_settings),
    GM_AVERAGE_ROWS(gm_translation_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    gm_translation_settings *t = settings;
    const gm_yaml *weight = gm_recipe_find(recipe, "translation.adversarial");
    double low;
    gm_natural_low(&t->generator, &low);
    gm_common_default_range(recipe, low);
    if (t->discriminator.count == 0 && weight && t->adversarial > 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: translation.adversarial needs a discriminator", weight->origin);
    if (t->discriminator.count == 0)
        t->adversarial = 0;
    if (t->features > 0 && !(t->adversarial > 0))
        return gm_fail(
            GM_ERROR_FORMAT,
            "%s: translation.features compares what a discriminator sees: set translation.adversarial above 0",
            gm_recipe_origin(recipe, "translation.features"));
    if (!(t->adversarial + t->l1 > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: nothing is minimised: set translation.l1 above 0",
                       gm_recipe_origin(recipe, "translation.l1"));
    return GM_OK;
}

const gm_recipe_section gm_translation_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_translation_settings), .resolve = resolve};

const gm_translation_settings *gm_translation_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_translation_section);
}
