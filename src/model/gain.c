// GAIN as a kind of model: what it suits, and what a trained one is for.
#include "model/gain.h"

#include "base/base.h"
#include "graph/graph.h"

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    if (format->table)
        return GM_OK;
    return gm_fail(
        GM_ERROR_ARGUMENT,
        "%s: GAIN fills in tables, but %s holds %s: of a table of numbers without a header say data.columns: "
        "{}",
        gm_recipe_file(recipe), data->name, format->kind->noun);
}

// ---- Uses ----

// Completed rows, in which nothing is missing. masked: cells are given that shall be filled in, and noise; else what
// is missing in the rows is, by the mean of all noise.
static gm_status add_completed(gm_use *use, bool masked) {
    const gm_gain_settings *g = gm_gain_of(use->recipe);
    gm_tensor *rows = gm_use_add_data(use), *x, *known, *noise;
    const gm_sample format = use->format;
    gm_network *generator;
    gm_arena arena = {0};
    gm_gain_layout l;
    gm_status status;
    GM_TRY_DONE(gm_use_add_network(use, "generator", &g->generator, g->initializer, &g->average, &generator));
    GM_TRY_DONE(gm_gain_layout_init(&l, &format, &arena));
    gm_gain_split(&l, &format, rows, &x, &known);
    noise = gm_full(use->graph, *gm_tensor_shape(x), g->noise / 2);
    if (masked) {
        gm_tensor *mask = gm_use_add_input(use, "mask", GM_FLOAT32, &GM_SHAPE(l.columns));
        gm_tensor *open = gm_equal(gm_gain_pick(mask, l.column, l.values), gm_constant(use->graph, 0));
        known = gm_multiply(known, open);
        noise = gm_scale(gm_use_add_input(use, "noise", GM_FLOAT32, &GM_SHAPE(l.values)), g->noise);
    }
    gm_tensor *made = gm_network_apply(generator, gm_gain_input(x, known, noise), GM_MODE_INFERENCE, NULL);
    GM_TRY_DONE(gm_graph_status(use->graph));
    if (!gm_shape_equal(gm_tensor_shape(made), gm_tensor_shape(x)))
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "the generator makes %s of %s", gm_model_sample_text(made).text,
                            gm_model_sample_text(x).text));
    gm_tensor *shares = gm_gain_pick(gm_gain_complete(x, known, made), l.back, l.codes);
    gm_use_add_samples(use, gm_offset(gm_scale(shares, format.high - format.low), format.low));
    use->format = format;
done:
    gm_arena_finish(&arena);
    return status;
}

static gm_status build_impute(gm_use *use) {
    return add_completed(use, true);
}

static gm_status build_reconstruct(gm_use *use) {
    return add_completed(use, false);
}

// ---- The row ----

static const char *const marks[] = {"gain", NULL};
static const gm_use_row uses[] = {
    {.name = "impute", .build = build_impute},
    {.name = "reconstruct", .build = build_reconstruct},
};

const gm_model_kind gm_gain_kind = {
    .name = "gain",
    .description = "a GAIN (a generator that fills in missing cells)",
    .marks = marks,
    .section = &gm_gain_section,
    .check = check,
    .build = gm_gain_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
