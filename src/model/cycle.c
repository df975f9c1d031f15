// Cycles as a kind of model: what they suit, and what a trained one is for.
#include "model/cycle.h"

#include "base/base.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    const gm_cycle_settings *c = gm_cycle_of(recipe);
    if (format->item.rank != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a cycle learns images, but %s holds %s", gm_recipe_file(recipe),
                       data->name, format->kind->noun);
    if (!gm_sample_is_scaled(format))
        return GM_OK;
    if (c->reverse_generator.count > 0)
        GM_TRY(gm_common_check_range(recipe, &c->reverse_generator, "reverse generator"));
    return gm_common_check_range(recipe, &c->generator, "generator");
}

// ---- Uses ----

static gm_status translate(gm_use *use, const char *name, const gm_layer_list *layers) {
    const gm_cycle_settings *c = gm_cycle_of(use->recipe);
    gm_network *generator;
    GM_TRY(gm_use_add_network(use, name, layers, c->initializer, &c->average, &generator));
    gm_use_add_samples(use, gm_network_apply(generator, gm_use_add_data(use), GM_MODE_INFERENCE, NULL));
    return GM_OK;
}

static gm_status build_translate(gm_use *use) {
    return translate(use, "generator", &gm_cycle_of(use->recipe)->generator);
}

static gm_status build_translate_back(gm_use *use) {
    const gm_cycle_settings *c = gm_cycle_of(use->recipe);
    return translate(use, "reverse_generator", c->reverse_generator.count > 0 ? &c->reverse_generator : &c->generator);
}

// ---- The row ----

static const char *const marks[] = {"cycle", "reverse_generator", "reverse_discriminator", NULL};
static const gm_use_row uses[] = {
    {.name = "translate", .build = build_translate},
    {.name = "translate_back", .build = build_translate_back},
};

const gm_model_kind gm_cycle_kind = {
    .name = "cycle",
    .description = "a cycle (generators between two collections, learned without pairs)",
    .marks = marks,
    .section = &gm_cycle_section,
    .sources = GM_SOURCES_UNPAIRED,
    .check = check,
    .build = gm_cycle_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
