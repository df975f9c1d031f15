// The section of a GAN of rows in the recipe.
#include "model/table_gan.h"

#include "base/base.h"
#include "recipe/value.h"

#include <stddef.h>

// clang-format off
static const gm_recipe_row rows[] = {
    GM_LATENT_ROWS(gm_table_gan_settings),
    GM_ROW_TYPED(gm_table_gan_settings, "generator", generator, gm_recipe_layers_type, NULL, true,
         "a table GAN's layers from z and a condition (N, latent.size + the categories of all columns) to a value for each of "
         "the table's codes: places before a tanh, logits of what is chosen"),
    GM_ROW_TYPED(gm_table_gan_settings, "discriminator", discriminator, gm_recipe_layers_type, NULL, true,
         "a table GAN's layers from packed rows with their conditions to one logit"),
    GM_ROW_NUMBER(gm_table_gan_settings, "table_gan.temperature", table_gan.temperature, 0.01, 100, 0.2,
         "of the relaxed choices (Gumbel softmax) that the discriminator sees"),
    GM_ROW_INTEGER(gm_table_gan_settings, "table_gan.packing", table_gan.packing, 1, 1024, 10,
         "rows that the discriminator judges together, against collapse; data.batch is a multiple of it"),
    GM_ROW_NUMBER(gm_table_gan_settings, "table_gan.penalty", table_gan.penalty, 0, 1000000, 10,
         "weight of the gradient penalty (WGAN-GP)"),
    GM_ROW_NUMBER(gm_table_gan_settings, "table_gan.condition", table_gan.condition, 0, 1000000, 1,
         "weight, in the generator's loss, of making the category that was asked for"),
    GM_INITIALIZER_ROW(gm_table_gan_settings),
    GM_ROW_TYPED(gm_table_gan_settings, "optimizer.generator", optimizer.generator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5, beta2: 0.9, weight_decay: 1e-6}}", false, "the generator's update rule"),
    GM_ROW_TYPED(gm_table_gan_settings, "optimizer.discriminator", optimizer.discriminator, gm_recipe_optimizer_type,
         "{adam: {rate: 2e-4, beta1: 0.5, beta2: 0.9}}", false, "the discriminator's update rule"),
    GM_ROW_INTEGER(gm_table_gan_settings, "discriminator_steps", discriminator_steps, 1, 1000, 1, "discriminator steps per generator step"),
    GM_AVERAGE_ROWS(gm_table_gan_settings),
};
// clang-format on

static gm_status resolve(gm_recipe *recipe, void *settings) {
    const gm_table_gan_settings *t = settings;
    size_t batch = gm_common_of(recipe)->data.batch;
    gm_common_default_range(recipe, -1);
    if (batch % t->table_gan.packing > 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: table_gan.packing is %zu, but data.batch %zu is no multiple of it",
                       gm_recipe_origin(recipe, "table_gan.packing"), t->table_gan.packing, batch);
    return GM_OK;
}

const gm_recipe_section gm_table_gan_section = {
    .rows = rows, .row_count = GM_COUNT(rows), .size = sizeof(gm_table_gan_settings), .resolve = resolve};

const gm_table_gan_settings *gm_table_gan_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_table_gan_section);
}
