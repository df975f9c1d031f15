// The training step of a translation as a graph; its phases are those of adversarial.h.
//   G minimises 2 l1 E|G(x) - y| + adversarial loss(D(x, G(x))) + features sum_t E|t(x, G(x)) - t(x, y)|, t the values
//   of D's taps; black to white is 1: in [-1, 1] the first is l1 E|G(x) - y|
// The discriminator sees x and y, or x and G(x), side by side as channels.
#include "model/translation.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/adversarial.h"
#include "model/distance.h"
#include "model/objective.h"

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_translation_settings *settings;
    const gm_model_source *source;
    gm_tensor *counter, *x, *y, *made;
} step_builder;

static gm_status check_labels(const step_builder *s) {
    for (size_t i = 0; i < s->model->network_count; i++)
        if (gm_network_needs_labels(s->model->networks[i]))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: a translation has no labels: remove the layer of the %s that needs them",
                           gm_recipe_file(s->recipe), gm_network_name(s->model->networks[i]));
    return GM_OK;
}

// x at the size of y, pixels repeated.
static gm_status enlarge(const step_builder *s, gm_tensor **x) {
    const gm_shape *from = gm_tensor_shape(s->x), *to = gm_tensor_shape(s->y);
    size_t factor = to->dim[2] / from->dim[2];
    if (factor == 0 || from->dim[2] * factor != to->dim[2] || from->dim[3] * factor != to->dim[3])
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a discriminator of pairs sees both images at one size, and %s is no multiple of %s: change "
                       "data.size, or leave the discriminator out",
                       s->settings->discriminator.layers[0].origin, gm_model_sample_text(s->y).text,
                       gm_model_sample_text(s->x).text);
    *x = factor == 1 ? s->x : gm_upsample(s->x, &(gm_upsample_params){.factor = {factor, factor}});
    return GM_OK;
}

static gm_status add_critic(const step_builder *s, gm_critic *critic, size_t *count) {
    const gm_translation_settings *t = s->settings;
    gm_tensor *x = NULL;
    *count = 0;
    if (t->discriminator.count == 0 || !(t->adversarial > 0))
        return GM_OK;
    GM_TRY(enlarge(s, &x));
    *critic = (gm_critic){.layers = &t->discriminator,
                          .real = gm_concat((gm_tensor *[]){x, s->y}, 2, 1),
                          .fake = gm_concat((gm_tensor *[]){x, s->made}, 2, 1)};
    *count = 1;
    GM_TRY(gm_model_add_network(s->model, "discriminator", &t->discriminator, (gm_weight_initializer)t->initializer,
                                &critic->network));
    return check_labels(s);
}

static gm_status build(step_builder *s) {
    const gm_translation_settings *t = s->settings;
    const gm_sample *format = &s->source->second->format;
    gm_network *generator;
    gm_critic critic;
    size_t critic_count;
    GM_TRY(
        gm_model_add_network(s->model, "generator", &t->generator, (gm_weight_initializer)t->initializer, &generator));
    GM_TRY(check_labels(s));
    s->counter = gm_objective_counter(s->model);
    s->x = gm_model_real_batch(s->model, s->source);
    s->y = gm_model_second_batch(s->model, s->source);
    GM_TRY(gm_model_apply(&s->made, generator, s->x, NULL, s->counter));
    GM_TRY(gm_adversarial_check_fit(s->made, s->y, &t->generator, "generator"));
    GM_TRY(add_critic(s, &critic, &critic_count));
    gm_tensor *l1 = gm_distance_l1(format, s->made, s->y);
    const gm_model_number numbers[] = {{"l1", "L1", l1, true},
                                       {"psnr", "PSNR", gm_distance_psnr(format, s->made, s->y), false}};
    GM_TRY(gm_adversarial_build(s->model, s->source,
                                &(gm_adversarial){.counter = s->counter,
                                                  .generators = &generator,
                                                  .generator_count = 1,
                                                  .critics = &critic,
                                                  .critic_count = critic_count,
                                                  .loss = t->loss,
                                                  .weight = t->adversarial,
                                                  .features = t->features,
                                                  .objective = gm_scale(l1, 2 * t->l1),
                                                  .numbers = numbers,
                                                  .number_count = GM_COUNT(numbers),
                                                  .generator = &t->optimizer.generator,
                                                  .discriminator = &t->optimizer.discriminator,
                                                  .accumulate = t->accumulate,
                                                  .average = &t->average},
                                NULL));
    return gm_graph_status(s->model->graph);
}

gm_status gm_translation_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {.model = model, .recipe = recipe, .settings = gm_translation_of(recipe), .source = source};
    return build(&s);
}
