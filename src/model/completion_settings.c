// A completion's section of the recipe.
#include "model/completion.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_ROW_TYPED(gm_completion_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "a completion's layers from the image, its hidden pixels 0, and the mask as a further channel to the image"),
    GM_ROW_TYPED(gm_completion_settings, "discriminator", discriminator, gm_recipe_optional_layers_type, "[]", false,
         "a completion's layers from an image and its mask to one logit, or to a map of logits, one for each patch"),
    GM_ROW_TYPED(gm_completion_settings, "local_discriminator", local.discriminator, gm_recipe_optional_layers_type, "[]", false,
         "layers of a discriminator that sees a square around the hole alone, in place of the other or beside it"),
    GM_ROW_NUMBER(gm_completion_settings, "completion.l1", l1, 0, 1000000, 1,
         "weight of the mean distance from the hidden pixels, black to white being 1"),
    GM_ROW_NUMBER(gm_completion_settings, "completion.known", known, 0, 1000000, 0, "weight of the mean distance from the known pixels"),
    GM_ROW_NUMBER(gm_completion_settings, "completion.adversarial", adversarial, 0, 1000000, 0.001,
         "weight of the generator's loss beside these; 0, and without a discriminator: there is none"),
    GM_ROW_NUMBER(gm_completion_settings, "completion.features", features, 0, 1000000, 0,
         "weight of the mean distance between what the discriminators' taps give of the true and of the completed image"),
    GM_ROW_INTEGER(gm_completion_settings, "completion.local_size", local.size, 1, 4096, 16, "height and width of the local discriminator's square"),
    GM_MASKS_ROWS(gm_completion_settings),
    GM_ROW_TYPED(gm_completion_settings, "loss", loss, gm_gan_loss_type, "non_saturating", false,
         "what the discriminator and, beside the distances, the generator minimise"),
    GM_INITIALIZER_ROW(gm_completion_settings),
    GM_ROW_TYPED(gm_completion_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the generator's update rule"),
    GM_ROW_TYPED(gm_completion_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5}}", false, "the discriminators' update rule"),
    GM_ACCUMULATE_ROW(gm_completion_settings),
    GM_AVERAGE_ROWS(gm_completion_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    gm_completion_settings *c = settings;
    bool judged = c->discriminator.count + c->local.discriminator.count > 0;
    double low;
    gm_natural_low(&c->generator, &low);
    gm_common_default_range(recipe, low);
    GM_TRY(gm_masks_check(&c->masks, recipe));
    const gm_yaml *weight = gm_recipe_find(recipe, "completion.adversarial");
    if (!judged && !weight)
        c->adversarial = 0;
    if (!judged && c->adversarial > 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: completion.adversarial needs a discriminator or a local_discriminator",
                       weight->origin);
    if (c->features > 0 && !(c->adversarial > 0))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: completion.features compares what a discriminator sees: set completion.adversarial above 0",
                       gm_recipe_origin(recipe, "completion.features"));
    if (!(c->adversarial + c->l1 > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: nothing is minimised over the hidden pixels: set completion.l1 above 0",
                       gm_recipe_origin(recipe, "completion.l1"));
    return GM_OK;
}

const gm_recipe_section gm_completion_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_completion_settings), .resolve = resolve};

const gm_completion_settings *gm_completion_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_completion_section);
}
