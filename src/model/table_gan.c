// GANs of the rows of a table as a kind of model: what they suit, and what a trained one is for.
#include "model/table_gan.h"

#include "base/base.h"

#include <math.h>

static gm_status check(const gm_recipe *recipe, const gm_dataset_info *data, const gm_sample *format) {
    gm_row_codes codes;
    (void)data;
    gm_status status = gm_row_codes_init(&codes, format, gm_recipe_origin(recipe, "table_gan"));
    gm_row_codes_finish(&codes);
    return status;
}

// ---- Samples ----

static const gm_table_schema *table_of(const gm_recipe *recipe) {
    return gm_common_of(recipe)->data.columns;
}

static void fill_latent(const gm_recipe *recipe, uint64_t seed, const float *codes, float *latent) {
    const gm_table_gan_settings *t = gm_table_gan_of(recipe);
    const gm_table_schema *table = table_of(recipe);
    uint64_t run_seed = gm_common_of(recipe)->seed;
    size_t conditions = gm_table_gan_conditions(table);
    gm_latent_fill(&t->latent, run_seed, seed, latent);
    if (conditions == 0)
        return;
    size_t condition =
        codes && !isnan(codes[0]) ? (size_t)codes[0] : gm_table_gan_draw_condition(table, run_seed, seed);
    for (size_t i = 0; i < conditions; i++)
        latent[t->latent.size + i] = i == condition ? 1 : 0;
}

static gm_status check_codes(const gm_recipe *recipe, const float *codes, size_t count) {
    size_t conditions = gm_table_gan_conditions(table_of(recipe));
    if (conditions == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "this generator's table has no categories: it takes no conditions");
    for (size_t i = 0; i < count; i++)
        if (!isnan(codes[i]) && !(codes[i] >= 0 && codes[i] < (float)conditions && codes[i] <= floorf(codes[i])))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "condition %g is none of this generator's, 0 to %zu: ask for a category by --where",
                           (double)codes[i], conditions - 1);
    return GM_OK;
}

static bool ask(const gm_recipe *recipe, size_t column, size_t category, float *codes) {
    const gm_table_schema *table = table_of(recipe);
    size_t condition = gm_table_gan_condition(table, column, category);
    codes[0] = (float)condition;
    return condition < gm_table_gan_conditions(table);
}

static gm_status add_rows(gm_use *use, const gm_row_codes *codes) {
    const gm_table_gan_settings *t = gm_table_gan_of(use->recipe);
    size_t conditions = gm_table_gan_conditions(codes->format->table);
    gm_network *generator;
    GM_TRY(gm_use_add_network(use, "generator", &t->generator, t->initializer, &t->average, &generator));
    gm_tensor *z = gm_use_add_input(use, "latent", GM_FLOAT32, &GM_SHAPE(t->latent.size + conditions));
    gm_use_sample_from(use, generator);
    gm_tensor *made = gm_network_apply(generator, z, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(use->graph));
    GM_TRY(gm_table_gan_check_made(t, codes, made));
    gm_tensor *uniform = gm_use_draw(use, "draw.choices", *gm_tensor_shape(made));
    gm_use_add_samples(use, gm_row_values(codes, gm_table_gan_rows(t, codes, made, uniform)));
    use->noise = t->latent;
    use->fill_latent = fill_latent;
    use->check_codes = check_codes;
    use->categorical_codes = conditions > 0;
    use->ask = conditions > 0 ? ask : NULL;
    return GM_OK;
}

static gm_status build_generate(gm_use *use) {
    const gm_common *common = gm_common_of(use->recipe);
    if (!common->data.columns)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: knows no columns: a table GAN makes rows of the table it was trained on",
                       gm_recipe_file(use->recipe));
    const gm_sample format = gm_sample_of_table(common->data.columns, common->data.range.low, common->data.range.high);
    gm_row_codes codes;
    GM_TRY(gm_row_codes_init(&codes, &format, gm_recipe_origin(use->recipe, "table_gan")));
    gm_status status = add_rows(use, &codes);
    gm_row_codes_finish(&codes);
    return status;
}

// ---- The row ----

static const char *const marks[] = {"table_gan", NULL};
static const gm_use_row uses[] = {{.name = "generate", .build = build_generate}};

const gm_model_kind gm_table_gan_kind = {
    .name = "table_gan",
    .description = "a table GAN (a generator of rows, and a discriminator)",
    .marks = marks,
    .section = &gm_table_gan_section,
    .monitored = true,
    .check = check,
    .build = gm_table_gan_build,
    .uses = uses,
    .use_count = GM_COUNT(uses),
};
