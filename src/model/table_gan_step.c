// The training step of a GAN of rows as a graph (CTGAN, Xu et al. 2019).
//   N = batch, p = packing; x real rows and c their conditions, G(z, c) generated ones with the same conditions.
//
// Phases, in the order in which a step runs them:
//   start          once before the first step: the averages begin as the generator
//   discriminator  one update of D on N / p packs of p rows each, with their conditions (PacGAN, Lin et al. 2018): the
//                  Wasserstein loss with a gradient penalty (Gulrajani et al. 2017)
//   substep        between two of them: fresh noise
//   generator      one update of G on the latents of the last of these, and for meeting the conditions; step + 1
//   average        the averaged generator follows
#include "model/table_gan.h"

#include "base/base.h"
#include "ganymede/penalty.h"
#include "graph/graph.h"

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_table_gan_settings *settings;
    const gm_model_source *source;
    gm_graph *graph;
    gm_row_codes codes;
    gm_network *generator, *discriminator;
    gm_tensor *counter, *step, *substep;
    gm_tensor *condition; // NULL: there are none
    gm_tensor *real, *fake, *made;
} step_builder;

gm_tensor *gm_table_gan_rows(const gm_table_gan_settings *t, const gm_row_codes *codes, gm_tensor *made,
                             gm_tensor *uniform) {
    const double reach = 4; // of places, in deviations
    gm_tensor *places = gm_row_places(codes, made);
    if (places)
        places = gm_scale(gm_tanh(places), reach);
    return gm_row_join(codes, places, gm_row_choose(codes, made, uniform, t->table_gan.temperature));
}

gm_status gm_table_gan_check_made(const gm_table_gan_settings *t, const gm_row_codes *codes, gm_tensor *made) {
    const gm_shape *shape = gm_tensor_shape(made);
    if (shape->rank == 2 && shape->dim[1] == codes->count)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the generator must end in a value for each of the table's %zu codes, but it gives %s: end it "
                   "with `dense: %zu`",
                   t->generator.layers[t->generator.count - 1].origin, codes->count, gm_model_sample_text(made).text,
                   codes->count);
}

// Rows with their conditions, packed.
static gm_tensor *pack(const step_builder *s, gm_tensor *rows) {
    size_t p = s->settings->table_gan.packing;
    gm_tensor *both = s->condition ? gm_concat((gm_tensor *[]){rows, s->condition}, 2, 1) : rows;
    const gm_shape *shape = gm_tensor_shape(both);
    return gm_reshape(both, GM_SHAPE(shape->dim[0] / p, p * shape->dim[1]));
}

static gm_status judge(const step_builder *s, gm_tensor *packs, gm_tensor **logit) {
    const gm_layer_list *layers = &s->settings->discriminator;
    GM_TRY(gm_model_apply(logit, s->discriminator, packs, NULL, s->counter));
    const gm_shape *shape = gm_tensor_shape(*logit);
    if (shape->rank > 0 && shape->dim[0] == gm_tensor_shape(packs)->dim[0] && gm_shape_count(shape) == shape->dim[0])
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the discriminator must end in one logit per pack of rows, but it gives %s values: end it with "
                   "`dense: 1`",
                   layers->layers[layers->count - 1].origin, gm_model_sample_text(*logit).text);
}

static gm_status descend(const step_builder *s, gm_phase *phase, gm_network *network, gm_tensor *loss,
                         const gm_optimizer *optimizer, gm_tensor *updates) {
    return gm_model_descend(
        &(gm_model_descent){.phase = phase,
                            .micro_batches = 1,
                            .network = network,
                            .loss = loss,
                            .scale = gm_model_loss_scale(s->source),
                            .optimizer = optimizer,
                            .prefix = gm_graph_printf(s->graph, "optimizer.%s", gm_network_name(network)),
                            .updates = updates});
}

static gm_status build_discriminator(step_builder *s, gm_phase **phase) {
    const gm_table_gan_settings *t = s->settings;
    gm_tensor *packs[2] = {pack(s, s->real), pack(s, gm_stop_gradient(s->fake))}, *logits[3];
    size_t count = gm_tensor_shape(packs[0])->dim[0];
    gm_tensor *between =
        gm_interpolate(packs[0], packs[1], gm_random_uniform(s->graph, "penalty", GM_SHAPE(count, 1), s->counter));
    for (size_t i = 0; i < 2; i++)
        GM_TRY(judge(s, packs[i], &logits[i]));
    GM_TRY(judge(s, between, &logits[2]));
    gm_network_drop_statistics(s->discriminator);
    gm_tensor *loss = gm_subtract(gm_mean_all(logits[1]), gm_mean_all(logits[0]));
    *phase = gm_phase_create(s->graph, "discriminator");
    GM_TRY(gm_model_add_number(s->model, *phase, (gm_model_number){"discriminator_loss", "D", loss, true}));
    if (t->table_gan.penalty > 0)
        loss = gm_add(loss, gm_gradient_penalty(logits[2], between, t->table_gan.penalty, 1));
    gm_tensor *updates =
        gm_add(gm_multiply(s->step, gm_constant_int(s->graph, (int32_t)t->discriminator_steps)), s->substep);
    return descend(s, *phase, s->discriminator, loss, &t->optimizer.discriminator, updates);
}

static gm_status build_generator(step_builder *s, gm_phase **phase) {
    const gm_table_gan_settings *t = s->settings;
    gm_tensor *logit, *loss;
    GM_TRY(judge(s, pack(s, s->fake), &logit));
    gm_network_drop_statistics(s->discriminator);
    loss = gm_negate(gm_mean_all(logit));
    *phase = gm_phase_create(s->graph, "generator");
    GM_TRY(gm_model_add_number(s->model, *phase, (gm_model_number){"generator_loss", "G", loss, true}));
    if (s->condition && t->table_gan.condition > 0) {
        gm_tensor *unmet = gm_table_gan_condition_loss(&s->codes, s->made, s->condition);
        GM_TRY(gm_model_add_number(s->model, *phase, (gm_model_number){"condition_loss", "-ln p(c)", unmet, false}));
        loss = gm_add(loss, gm_scale(unmet, t->table_gan.condition));
    }
    GM_TRY(descend(s, *phase, s->generator, loss, &t->optimizer.generator, s->step));
    gm_network_assign_statistics(s->generator, *phase);
    gm_tensor *next = gm_add(s->step, gm_constant_int(s->graph, 1));
    gm_phase_assign(*phase, s->counter, gm_model_pair(next, gm_constant_int(s->graph, 0)));
    return GM_OK;
}

static gm_status add_actions(step_builder *s, gm_phase *discriminator, gm_phase *generator) {
    size_t steps = s->settings->discriminator_steps;
    gm_phase *substep = steps > 1 ? gm_phase_create(s->graph, "substep") : NULL;
    if (substep)
        gm_phase_assign(substep, s->counter, gm_model_pair(s->step, gm_add(s->substep, gm_constant_int(s->graph, 1))));
    for (size_t i = 0; i < steps; i++) {
        if (i > 0)
            GM_TRY(gm_model_add_action(s->model, (gm_model_action){.phase = substep, .every = 1}));
        GM_TRY(gm_model_add_action(s->model, (gm_model_action){.phase = discriminator, .fresh = true, .every = 1}));
    }
    return gm_model_add_action(s->model, (gm_model_action){.phase = generator, .every = 1});
}

static gm_status add_average(step_builder *s) {
    const gm_averaging *average = &s->settings->average;
    if (!(average->decay > 0))
        return GM_OK;
    s->model->start = gm_phase_create(s->graph, "start");
    gm_phase *phase = gm_phase_create(s->graph, "average");
    gm_average_params params = {.decay = average->decay, .step = average->warmup ? s->step : NULL};
    GM_TRY(gm_model_average(s->generator, phase, s->model->start, &params));
    return gm_model_add_action(s->model, (gm_model_action){.phase = phase, .every = 1});
}

static gm_status build(step_builder *s) {
    const gm_table_gan_settings *t = s->settings;
    gm_weight_initializer initializer = (gm_weight_initializer)t->initializer;
    bool balanced = gm_common_of(s->recipe)->data.balance == GM_BALANCE_COLUMNS;
    gm_phase *discriminator, *generator;
    GM_TRY(gm_row_codes_init(&s->codes, &s->source->format, gm_recipe_origin(s->recipe, "table_gan")));
    GM_TRY(gm_model_add_network(s->model, "generator", &t->generator, initializer, &s->generator));
    GM_TRY(gm_model_add_network(s->model, "discriminator", &t->discriminator, initializer, &s->discriminator));
    s->counter = gm_model_counter(s->model);
    s->step = gm_model_element(s->counter, 0);
    s->substep = gm_model_element(s->counter, 1);
    s->real = gm_row_normal(&s->codes, gm_model_real_batch(s->model, s->source));
    GM_TRY(gm_graph_status(s->graph));
    s->condition = gm_table_gan_condition_of(&s->codes, balanced, s->real, s->counter);
    gm_tensor *z = gm_latent_batch(&t->latent, s->graph, s->source->batch, s->counter);
    if (s->condition)
        z = gm_concat((gm_tensor *[]){z, s->condition}, 2, 1);
    GM_TRY(gm_model_apply(&s->made, s->generator, z, NULL, s->counter));
    GM_TRY(gm_table_gan_check_made(t, &s->codes, s->made));
    gm_tensor *uniform = gm_random_uniform(s->graph, "choices", *gm_tensor_shape(s->made), s->counter);
    s->fake = gm_table_gan_rows(t, &s->codes, s->made, uniform);
    GM_TRY(build_discriminator(s, &discriminator));
    GM_TRY(build_generator(s, &generator));
    GM_TRY(add_actions(s, discriminator, generator));
    GM_TRY(add_average(s));
    return gm_graph_status(s->graph);
}

gm_status gm_table_gan_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {
        .model = model, .recipe = recipe, .settings = gm_table_gan_of(recipe), .source = source, .graph = model->graph};
    gm_status status = build(&s);
    gm_row_codes_finish(&s.codes);
    return status;
}
