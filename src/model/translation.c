// Translations as a kind of model: what they suit, and what a trained one is for.
#include "model/translation.h"

#include "base/base.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (format->item.rank != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a translation learns images, but %s holds %s", gm_recipe_file(recipe),
                       data->name, format->kind->noun);
    return gm_sample_is_scaled(format)
               ? gm_common_check_range(recipe, &gm_translation_of(recipe)->generator, "generator")
               : GM_OK;
}

// ---- Uses ----

static gm_status build_translate(gm_use *use) {
    const gm_translation_settings *t = gm_translation_of(use->recipe);
    gm_network *generator;
    GM_TRY(gm_use_add_network(use, "generator", &t->generator, t->initializer, &t->average, &generator));
    gm_use_add_samples(use, gm_network_apply(generator, gm_use_add_data(use), GM_MODE_INFERENCE, NULL));
    return GM_OK;
}

// ---- The row ----

static const char *const marks[] = {"translation", NULL};
static const gm_use_row uses[] = {{.name = "translate", .build = build_translate}};

const gm_model_kind gm_translation_kind = {
    .name = "translation",
    .description = "a translation (a generator that makes an image's counterpart, learned from pairs)",
    .marks = marks,
    .section = &gm_translation_section,
    .sources = GM_SOURCES_PAIRED,
    .check = check,
    .build = gm_translation_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
