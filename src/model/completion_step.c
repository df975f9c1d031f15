// The training step of a completion as a graph; its phases are those of adversarial.h.
//   G minimises l1 E_hidden|y - x| + known E_known|y - x| + adversarial loss(D(completed, m))
//               + features sum_t E|t(completed, m) - t(x, m)|, t the values of D's taps
// A discriminator sees a completed image, or the real one, and the mask; the local one a square around the hole.
#include "model/completion.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/adversarial.h"
#include "model/objective.h"

enum { MOST_CRITICS = 2 };

typedef struct step_builder {
    gm_model *model;
    const gm_recipe *recipe;
    const gm_completion_settings *settings;
    const gm_model_source *source;
    gm_graph *graph;
    gm_tensor *counter, *real, *mask, *made, *completed;
} step_builder;

gm_tensor *gm_completion_input(gm_tensor *x, gm_tensor *mask) {
    gm_tensor *known = gm_multiply(x, gm_offset(gm_negate(mask), 1));
    return gm_concat((gm_tensor *[]){known, mask}, 2, 1);
}

// ---- Distances ----

// The mean of x over the pixels whose weight is 1, in every channel; 0 where there are none.
static gm_tensor *mean_over(gm_tensor *x, gm_tensor *weight, uint32_t axes) {
    double channels = (double)gm_tensor_shape(x)->dim[1];
    gm_tensor *count = gm_maximum(gm_scale(gm_sum(weight, axes), channels), gm_constant(gm_tensor_graph(x), 1));
    return gm_divide(gm_sum(gm_multiply(x, weight), axes), count);
}

// The objective, and the figures of the hidden part: its L1 and its mean PSNR in dB, black to white being 1.
static gm_tensor *build_objective(const step_builder *s, gm_model_number numbers[2]) {
    const uint32_t pixels = GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3), all = pixels | GM_AXIS(0);
    const double white = s->source->format.high - s->source->format.low, per_ln = 10 / 2.302585092994046, least = 1e-10;
    gm_tensor *off = gm_scale(gm_subtract(s->made, s->real), 1 / white), *error = gm_abs(off);
    gm_tensor *hidden = gm_reshape(mean_over(error, s->mask, all), GM_SCALAR);
    gm_tensor *known = gm_reshape(mean_over(error, gm_offset(gm_negate(s->mask), 1), all), GM_SCALAR);
    gm_tensor *squares = mean_over(gm_square(off), s->mask, pixels);
    gm_tensor *psnr = gm_scale(gm_mean_all(gm_log(gm_offset(squares, least))), -per_ln);
    numbers[0] = (gm_model_number){"l1", "L1", hidden, true};
    numbers[1] = (gm_model_number){"psnr", "PSNR", psnr, false};
    return gm_add(gm_scale(hidden, s->settings->l1), gm_scale(known, s->settings->known));
}

// ---- Discriminators ----

// The square of `size` whose middle is the mask's, moved into the image.
static gm_tensor *crop(const step_builder *s, gm_tensor *x, size_t size) {
    const gm_shape *shape = gm_tensor_shape(x);
    const uint32_t all = GM_AXIS(1) | GM_AXIS(2) | GM_AXIS(3);
    gm_tensor *count = gm_maximum(gm_sum(s->mask, all), gm_constant(s->graph, 1)), *offset[2];
    for (size_t i = 0; i < 2; i++) {
        size_t side = shape->dim[2 + i];
        gm_tensor *middle = gm_divide(gm_sum(gm_multiply(s->mask, gm_masks_along(s->graph, side, 2 + i)), all), count);
        gm_tensor *first = gm_floor(gm_offset(middle, 1 - (double)size / 2));
        first = gm_minimum(gm_maximum(first, gm_constant(s->graph, 0)), gm_constant(s->graph, (double)(side - size)));
        offset[i] = gm_negate(gm_cast(gm_reshape(first, GM_SHAPE(shape->dim[0], 1)), GM_INT32));
    }
    gm_tensor *moved = gm_shift2d(x, gm_concat(offset, 2, 1));
    return gm_slice(moved, (size_t[4]){0}, (size_t[]){shape->dim[0], shape->dim[1], size, size});
}

static gm_status add_critic(const step_builder *s, const char *name, const gm_layer_list *layers, size_t size,
                            gm_critic *critic) {
    *critic = (gm_critic){.layers = layers};
    gm_tensor *images[2] = {s->real, s->completed};
    for (size_t i = 0; i < 2; i++) {
        images[i] = gm_concat((gm_tensor *[]){images[i], s->mask}, 2, 1);
        if (size > 0)
            images[i] = crop(s, images[i], size);
    }
    critic->real = images[0];
    critic->fake = images[1];
    return gm_model_add_network(s->model, name, layers, (gm_weight_initializer)s->settings->initializer,
                                &critic->network);
}

static gm_status add_critics(const step_builder *s, gm_critic *critics, size_t *count) {
    const gm_completion_settings *c = s->settings;
    const gm_shape *shape = gm_tensor_shape(s->real);
    *count = 0;
    if (!(c->adversarial > 0))
        return GM_OK;
    if (c->discriminator.count > 0)
        GM_TRY(add_critic(s, "discriminator", &c->discriminator, 0, &critics[(*count)++]));
    if (c->local.discriminator.count == 0)
        return GM_OK;
    if (c->local.size > GM_MIN(shape->dim[2], shape->dim[3]))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: completion.local_size is %zu, but the images are %s",
                       gm_recipe_origin(s->recipe, "completion.local_size"), c->local.size,
                       gm_model_sample_text(s->real).text);
    return add_critic(s, "local_discriminator", &c->local.discriminator, c->local.size, &critics[(*count)++]);
}

// ---- The step ----

static gm_status check_labels(const step_builder *s) {
    for (size_t i = 0; i < s->model->network_count; i++)
        if (gm_network_needs_labels(s->model->networks[i]))
            return gm_fail(GM_ERROR_ARGUMENT,
                           "%s: a completion has no labels: remove the layer of the %s that needs them",
                           gm_recipe_file(s->recipe), gm_network_name(s->model->networks[i]));
    return GM_OK;
}

static gm_status build(step_builder *s) {
    const gm_completion_settings *c = s->settings;
    gm_network *generator;
    gm_critic critics[MOST_CRITICS];
    gm_model_number numbers[2];
    size_t critic_count;
    GM_TRY(
        gm_model_add_network(s->model, "generator", &c->generator, (gm_weight_initializer)c->initializer, &generator));
    GM_TRY(check_labels(s));
    s->counter = gm_objective_counter(s->model);
    s->real = gm_model_real_batch(s->model, s->source);
    const gm_shape *shape = gm_tensor_shape(s->real);
    GM_TRY(gm_masks_draw(&c->masks, s->recipe, s->graph, shape->dim[0], shape->dim[2], shape->dim[3], s->counter,
                         &s->mask));
    GM_TRY(gm_model_apply(&s->made, generator, gm_completion_input(s->real, s->mask), NULL, s->counter));
    GM_TRY(gm_adversarial_check_fit(s->made, s->real, &c->generator, "generator"));
    s->completed = gm_add(s->real, gm_multiply(s->mask, gm_subtract(s->made, s->real)));
    gm_tensor *objective = build_objective(s, numbers);
    GM_TRY(add_critics(s, critics, &critic_count));
    GM_TRY(check_labels(s));
    GM_TRY(gm_adversarial_build(s->model, s->source,
                                &(gm_adversarial){.counter = s->counter,
                                                  .generators = &generator,
                                                  .generator_count = 1,
                                                  .critics = critics,
                                                  .critic_count = critic_count,
                                                  .loss = c->loss,
                                                  .weight = c->adversarial,
                                                  .features = c->features,
                                                  .objective = objective,
                                                  .numbers = numbers,
                                                  .number_count = 2,
                                                  .generator = &c->optimizer.generator,
                                                  .discriminator = &c->optimizer.discriminator,
                                                  .accumulate = c->accumulate,
                                                  .average = &c->average},
                                NULL));
    return gm_graph_status(s->graph);
}

gm_status gm_completion_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    step_builder s = {.model = model,
                      .recipe = recipe,
                      .settings = gm_completion_of(recipe),
                      .source = source,
                      .graph = model->graph};
    return build(&s);
}
