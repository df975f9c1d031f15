// Matching moments as a kind of model: its section of the recipe, what it suits, and what a trained one is for.
#include "model/moments.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// ---- Keys ----

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

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (data->table || data->text)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: %s is a %s: moments are matched of images, and of tables of plain numbers",
                       gm_recipe_file(recipe), data->name, data->table ? "table of several types" : "text");
    return gm_sample_is_scaled(format) ? gm_common_check_range(recipe, &gm_moments_of(recipe)->generator, "generator")
                                       : GM_OK;
}

// ---- Uses ----

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    (void)codes;
    gm_latent_fill(&gm_moments_of(recipe)->latent, gm_common_of(recipe)->seed, seed, latent);
}

static gm_status build_samples(gm_use *use, bool blended) {
    const gm_moments_settings *m = gm_moments_of(use->recipe);
    gm_network *generator;
    gm_tensor *labels = NULL;
    GM_TRY(gm_use_add_network(use, "generator", &m->generator, m->initializer, &m->average, &generator));
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(m->latent.size));
    if (gm_network_needs_labels(generator)) {
        use->classes = gm_moments_classes(m);
        labels = blended ? gm_use_add_input(use, "classes", GM_FLOAT32, &GM_SHAPE(use->classes))
                         : gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    }
    gm_use_sample_from(use, generator);
    gm_use_add_samples(use, gm_network_apply_labelled(generator, z, labels, GM_MODE_INFERENCE, NULL));
    use->noise = m->latent;
    use->fill_latent = fill_latent;
    return GM_OK;
}

static gm_status build_generate(gm_use *use) {
    return build_samples(use, false);
}

static gm_status build_blend(gm_use *use) {
    return build_samples(use, true);
}

static gm_status build_first_layer(gm_use *use) {
    const gm_moments_settings *m = gm_moments_of(use->recipe);
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(m->latent.size));
    gm_tensor *labels = gm_use_add_input(use, "labels", GM_INT32, &GM_SCALAR);
    return gm_use_add_first_layer(use, "generator", &m->generator, m->initializer, &m->average, z, labels);
}

static bool is_told_classes(const gm_recipe *recipe) {
    return gm_moments_classes(gm_moments_of(recipe)) > 1;
}

// ---- The row ----

static const char *const marks[] = {"moments", NULL};
static const gm_use_row uses[] = {
    {.name = "generate", .build = build_generate},
    {.name = "blend", .offered = is_told_classes, .build = build_blend},
    {.name = "first_layer", .build = build_first_layer},
};

const gm_model_kind gm_moments_kind = {
    .name = "moments",
    .description = "a generator that matches moments",
    .marks = marks,
    .section = &gm_moments_section,
    .monitored = true,
    .private = GM_PRIVATE_SURVEY,
    .check = check,
    .build = gm_moments_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
