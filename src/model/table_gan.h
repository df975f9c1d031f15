// A GAN of the rows of a table (CTGAN, Xu et al. 2019): its settings, and the conditions that its networks are given.
#ifndef GM_MODEL_TABLE_GAN_H
#define GM_MODEL_TABLE_GAN_H

#include "ganymede/optim.h"
#include "model/kind.h"
#include "model/latent.h"
#include "model/row_codes.h"
#include "model/training.h"

typedef struct gm_table_gan_settings {
    gm_latent latent;
    gm_layer_list generator, discriminator;
    struct {
        double temperature; // of the choices that the generator makes
        size_t packing;     // rows that the discriminator judges together
        double penalty;     // weight of the gradient penalty
        double condition;   // weight of the condition in the generator's loss
    } table_gan;
    int initializer; // gm_weight_initializer
    struct {
        gm_optimizer generator, discriminator;
    } optimizer;
    size_t discriminator_steps;
    gm_averaging average;
} gm_table_gan_settings;

extern const gm_recipe_section gm_table_gan_section;
const gm_table_gan_settings *gm_table_gan_of(const gm_recipe *recipe); // NULL: the recipe's model is of another kind

// ---- Conditions (table_gan_conditions.c) ----

// Each category of each column of categories is a condition; a row is given one, one-hot.
//   D = columns of categories, C = conditions, the categories of all of them
size_t gm_table_gan_conditions(const gm_table_schema *table); // C
// The number of the condition; C where the column has none.
size_t gm_table_gan_condition(const gm_table_schema *table, size_t column, size_t category);
// The condition of a sample that is given none: a column at random, and its categories as often as the table has them.
size_t gm_table_gan_draw_condition(const gm_table_schema *table, uint64_t run_seed, uint64_t seed);

// Of rows (N, codes) a condition each, which they meet: (N, C). The column is drawn as rows are (data.balance). NULL:
// there are no conditions.
gm_tensor *gm_table_gan_condition_of(const gm_row_codes *codes, bool balanced, gm_tensor *rows, gm_tensor *counter);
// -ln of the probability that what a generator makes (N, codes) meets its condition, the batch's mean.
gm_tensor *gm_table_gan_condition_loss(const gm_row_codes *codes, gm_tensor *made, gm_tensor *condition);

// ---- The step (table_gan_step.c), the kind (table_gan.c) ----

// What the generator makes of its result: normal codes, choices relaxed by uniform numbers (N, codes).
gm_tensor *gm_table_gan_rows(const gm_table_gan_settings *t, const gm_row_codes *codes, gm_tensor *made,
                             gm_tensor *uniform);
// Fails, with the layer's line, unless the generator gave what rows take.
gm_status gm_table_gan_check_made(const gm_table_gan_settings *t, const gm_row_codes *codes, gm_tensor *made);
gm_status gm_table_gan_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);
extern const gm_model_kind gm_table_gan_kind;

#endif
