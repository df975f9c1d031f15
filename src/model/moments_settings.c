// The recipe's section of generators that match moments.
#include "model/moments.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_LATENT_ROWS(gm_moments_settings),
    GM_ROW_TYPED(gm_moments_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "the layers from z (N, size) to samples; with a layer that needs labels, moments are those of each class"),
    GM_ROW_TYPED(gm_moments_settings, "moments.features", moments.features, gm_recipe_optional_layers_type, "[]", false,
         "layers of random weights, never trained, from the data to features whose means are matched: what they end in, and "
         "each of their taps; []: none"),
    GM_ROW_INTEGER(gm_moments_settings, "moments.products", moments.products, 0, 512, 0,
         "of so many of an image's lowest cosine coefficients, or of so many of a point's values, the products of each with "
         "each are features, too: means and covariances; 0: none"),
    GM_INITIALIZER_ROW(gm_moments_settings),
    GM_ROW_TYPED(gm_moments_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 1e-3}}", false, "the generator's update rule"),
    GM_AVERAGE_ROWS(gm_moments_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    const gm_moments_settings *m = settings;
    double low;
    gm_natural_low(&m->generator, &low);
    gm_common_default_range(recipe, low);
    if (!gm_common_is_unranged(gm_common_of(recipe)))
        GM_TRY(gm_common_check_range(recipe, &m->generator, "generator"));
    if (m->moments.features.count == 0 && m->moments.products == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: moments of nothing: give moments.features, moments.products or both",
                       gm_recipe_origin(recipe, "moments"));
    if (gm_common_of(recipe)->data.augment.origin)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.augment: each item is looked at once: leave it out",
                       gm_recipe_origin(recipe, "data.augment"));
    if (gm_common_of(recipe)->data.balance != GM_BALANCE_NONE)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.balance: moments are those of each class already: leave it out",
                       gm_recipe_origin(recipe, "data.balance"));
    return GM_OK;
}

const gm_recipe_section gm_moments_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_moments_settings), .resolve = resolve};

const gm_moments_settings *gm_moments_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_moments_section);
}

size_t gm_moments_classes(const gm_moments_settings *settings) {
    const gm_layer *layer = NULL;
    size_t classes = SIZE_MAX;
    gm_find_classes(&settings->generator, &classes, &layer);
    return layer ? classes : 1;
}
