// The training step of a cycle as a graph; its phases are those of adversarial.h.
//   Both generators minimise  w (loss(D_y(G(x))) + loss(D_x(F(y))))
//     + 2 c (E|F(G(x)) - x| + E|G(F(y)) - y|) + 2 c i (E|G(y) - y| + E|F(x) - x|), black to white being 1
// In their own update, discriminators see results out of a pool of earlier ones.
#include "model/cycle.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/adversarial.h"
#include "model/distance.h"
#include "model/objective.h"

enum { SIDES = 2 }; // 0: what leads to y, and is judged beside y; 1: the other way

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_cycle_settings *settings;
    const gm_model_source *source;
    gm_network *generators[SIDES];
    gm_tensor *counter, *real[SIDES], *made[SIDES]; // x and y; F(y) and G(x), each like the real one of its number
    gm_tensor *same[SIDES];                         // F(x) and G(y); NULL without identity
    gm_critic critics[SIDES];
    gm_pool pools[SIDES];
} step_builder;

static const gm_sample *format_of(const step_builder *s, size_t source) {
    return source == 0 ? &s->source->format : &s->source->second->format;
}

// The layers of a way, which are the other way's where it has none.
static const gm_layer_list *generator_of(const gm_cycle_settings *c, size_t side) {
    return side == 1 && c->reverse_generator.count > 0 ? &c->reverse_generator : &c->generator;
}

static const gm_layer_list *discriminator_of(const gm_cycle_settings *c, size_t side) {
    return side == 1 && c->reverse_discriminator.count > 0 ? &c->reverse_discriminator : &c->discriminator;
}

// ---- Generators ----

static gm_status add_generators(step_builder *s) {
    static const char *const names[SIDES] = {"generator", "reverse_generator"};
    for (size_t side = 0; side < SIDES; side++) {
        GM_TRY(gm_model_add_network(s->model, names[side], generator_of(s->settings, side),
                                    (gm_weight_initializer)s->settings->initializer, &s->generators[side]));
        if (gm_network_needs_labels(s->generators[side]))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: a cycle has no labels: remove the layer that needs them",
                           generator_of(s->settings, side)->layers[0].origin);
    }
    return GM_OK;
}

// By way `side`: of images of its source ones like those of the other; with identity also, in one batch, of those of
// the other, which should stay as they are.
static gm_status lead(step_builder *s, size_t side) {
    static const char *const nouns[SIDES] = {"generator", "reverse_generator"};
    gm_tensor *results[SIDES] = {NULL, NULL};
    if (s->settings->identity > 0)
        GM_TRY(gm_model_apply_both(results, s->generators[side], s->real, s->counter));
    else
        GM_TRY(gm_model_apply(&results[side], s->generators[side], s->real[side], NULL, s->counter));
    s->made[1 - side] = results[side];
    s->same[1 - side] = results[1 - side];
    return gm_adversarial_check_fit(results[side], s->real[1 - side], generator_of(s->settings, side), nouns[side]);
}

static gm_status lead_both_ways(step_builder *s) {
    if (s->settings->identity > 0 && !gm_shape_equal(gm_tensor_shape(s->real[0]), gm_tensor_shape(s->real[1])))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: cycle.identity takes images of one size, but the sources have %s and %s: set it to 0",
                       gm_recipe_origin(s->recipe, "cycle.identity"), gm_model_sample_text(s->real[0]).text,
                       gm_model_sample_text(s->real[1]).text);
    for (size_t side = 0; side < SIDES; side++)
        GM_TRY(lead(s, side));
    return GM_OK;
}

static gm_tensor *add_to(gm_tensor *sum, gm_tensor *term) {
    return sum ? gm_add(sum, term) : term;
}

// How far there and back again leads from the image, and, with identity, an image from itself.
static gm_status build_distances(const step_builder *s, gm_tensor **cycle, gm_tensor **identity) {
    *cycle = *identity = NULL;
    for (size_t side = 0; side < SIDES; side++) {
        gm_tensor *back;
        GM_TRY(gm_model_apply(&back, s->generators[1 - side], s->made[1 - side], NULL, s->counter));
        *cycle = add_to(*cycle, gm_distance_l1(format_of(s, side), back, s->real[side]));
        if (s->same[side])
            *identity = add_to(*identity, gm_distance_l1(format_of(s, side), s->same[side], s->real[side]));
    }
    return GM_OK;
}

// ---- Discriminators ----

static gm_status add_critics(step_builder *s) {
    static const char *const names[SIDES] = {"discriminator", "reverse_discriminator"};
    static const char *const pools[SIDES] = {"pool", "reverse_pool"};
    const gm_cycle_settings *c = s->settings;
    if (c->pool > 0 && c->pool < s->source->batch)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: cycle.pool is %zu, but a batch has %zu images: make it as large, or 0",
                       gm_recipe_origin(s->recipe, "cycle.pool"), c->pool, s->source->batch);
    for (size_t side = 0; side < SIDES; side++) {
        size_t like = 1 - side; // the source whose images it knows
        gm_tensor *made = s->made[like];
        s->critics[side] = (gm_critic){.layers = discriminator_of(c, side), .real = s->real[like], .judged = made};
        s->critics[side].fake = c->pool ? gm_pool_draw(&s->pools[side], pools[side], c->pool, made, s->counter) : made;
        GM_TRY(gm_model_add_network(s->model, names[side], discriminator_of(c, side),
                                    (gm_weight_initializer)c->initializer, &s->critics[side].network));
        if (gm_network_needs_labels(s->critics[side].network))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: a cycle has no labels: remove the layer that needs them",
                           discriminator_of(c, side)->layers[0].origin);
    }
    return gm_graph_status(s->model->graph);
}

// ---- The step ----

static gm_status build(step_builder *s) {
    const gm_cycle_settings *c = s->settings;
    gm_adversarial_phases phases;
    gm_tensor *cycle, *identity;
    GM_TRY(add_generators(s));
    s->counter = gm_objective_counter(s->model);
    s->real[0] = gm_model_real_batch(s->model, s->source);
    s->real[1] = gm_model_second_batch(s->model, s->source);
    GM_TRY(lead_both_ways(s));
    GM_TRY(build_distances(s, &cycle, &identity));
    GM_TRY(add_critics(s));
    gm_tensor *objective = gm_scale(cycle, 2 * c->consistency);
    if (identity)
        objective = gm_add(objective, gm_scale(identity, 2 * c->consistency * c->identity));
    const gm_model_number numbers[] = {{"cycle_l1", "cycle", gm_scale(cycle, .5), true},
                                       {"identity_l1", "identity", identity ? gm_scale(identity, .5) : NULL, true}};
    GM_TRY(gm_adversarial_build(s->model, s->source,
                                &(gm_adversarial){.counter = s->counter,
                                                  .generators = s->generators,
                                                  .generator_count = SIDES,
                                                  .critics = s->critics,
                                                  .critic_count = SIDES,
                                                  .loss = c->loss,
                                                  .weight = c->adversarial,
                                                  .objective = objective,
                                                  .numbers = numbers,
                                                  .number_count = identity ? 2 : 1,
                                                  .generator = &c->optimizer.generator,
                                                  .discriminator = &c->optimizer.discriminator,
                                                  .accumulate = c->accumulate,
                                                  .average = &c->average},
                                &phases));
    for (size_t side = 0; side < SIDES && c->pool > 0; side++)
        gm_phase_assign(phases.discriminator, s->pools[side].images, s->pools[side].next);
    return gm_graph_status(s->model->graph);
}

gm_status gm_cycle_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {.model = model, .recipe = recipe, .settings = gm_cycle_of(recipe), .source = source};
    return build(&s);
}
