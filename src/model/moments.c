// Matching moments as a kind of model: what it suits, and what a trained one is for.
#include "model/moments.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

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
