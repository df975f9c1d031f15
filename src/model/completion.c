// Completions as a kind of model: what they suit, and what a trained one is for.
#include "model/completion.h"

#include "base/base.h"
#include "graph/graph.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (format->item.rank != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a completion learns images, but %s holds %s", gm_recipe_file(recipe),
                       data->name, format->kind->noun);
    if (data->alpha)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: opacity says which pixels are hidden when pictures are completed, so that it cannot be "
                       "learned: set data.alpha to blend",
                       gm_recipe_origin(recipe, "data.alpha"));
    return gm_sample_is_scaled(format)
               ? gm_common_check_range(recipe, &gm_completion_of(recipe)->generator, "generator")
               : GM_OK;
}

// ---- Uses ----

// The known pixels are the data's own, bit for bit.
static gm_status add_completed(gm_use *use, gm_tensor *x, gm_tensor *mask) {
    const gm_completion_settings *c = gm_completion_of(use->recipe);
    gm_network *generator;
    GM_TRY(gm_use_add_network(use, "generator", &c->generator, c->initializer, &c->average, &generator));
    gm_tensor *made = gm_network_apply(generator, gm_completion_input(x, mask), GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(use->graph));
    if (!gm_shape_equal(gm_tensor_shape(made), gm_tensor_shape(x)))
        return gm_fail(GM_ERROR_ARGUMENT, "the generator makes %s of %s", gm_model_sample_text(made).text,
                       gm_model_sample_text(x).text);
    gm_sample format = use->format;
    gm_use_add_samples(use, gm_select(mask, made, x));
    use->format = format;
    return GM_OK;
}

static gm_status build_complete(gm_use *use) {
    gm_tensor *x = gm_use_add_data(use);
    const gm_shape *item = &use->format.item;
    return add_completed(use, x, gm_use_add_input(use, "mask", GM_FLOAT32, &GM_SHAPE(1, item->dim[1], item->dim[2])));
}

// What training shows: the middle of each image anew.
static gm_status build_reconstruct(gm_use *use) {
    gm_tensor *x = gm_use_add_data(use);
    const gm_shape *item = &use->format.item;
    gm_tensor *mask = gm_masks_centre(use->graph, item->dim[1], item->dim[2]);
    return add_completed(use, x, gm_broadcast(mask, GM_SHAPE(use->batch, 1, item->dim[1], item->dim[2])));
}

// ---- The row ----

static const char *const marks[] = {"completion", NULL};
static const gm_use_row uses[] = {
    {.name = "complete", .build = build_complete},
    {.name = "reconstruct", .build = build_reconstruct},
};

const gm_model_kind gm_completion_kind = {
    .name = "completion",
    .description = "a completion (a generator that fills in what a mask hides)",
    .marks = marks,
    .section = &gm_completion_section,
    .check = check,
    .build = gm_completion_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
