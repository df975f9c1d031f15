// The graph of a latent search.
//   N = rows of a batch, a row for each start of each target
#include "use/latent_graph.h"

#include "base/base.h"
#include "ganymede/optim.h"
#include "plan/state.h"

#include <stdlib.h>
#include <string.h>

static const char own[] = "search."; // what the names of variables that no model has begin with

// ---- Variables ----

// The model's weights, the classifier's, and zeros of what is the search's own.
static gm_status value_of(void *user, const char *name, gm_type type, const gm_shape *shape, const void **values) {
    gm_latent_search *s = user;
    const gm_feature_source *of = s->options.of;
    if (strncmp(name, own, strlen(own)) == 0) {
        free(s->made);
        GM_TRY(gm_alloc(&s->made, gm_shape_count(shape), gm_type_size(type), name));
        *values = s->made;
        return GM_OK;
    }
    const gm_network *classifier = s->features.networks[0];
    const char *prefix = classifier ? gm_network_name(classifier) : NULL;
    if (prefix && strncmp(name, prefix, strlen(prefix)) == 0 && name[strlen(prefix)] == '.')
        return of->value(of->user, name, type, shape, values);
    return gm_checkpoint_value(s->sampler->trained.checkpoint, name, type, shape, values);
}

// ---- Terms of the loss ----

// (N, ...) -> the sum of each row (N)
static gm_tensor *sum_rows(gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    size_t N = shape->dim[0];
    return gm_reshape(gm_sum(gm_reshape(x, GM_SHAPE(N, gm_shape_count(shape) / N)), GM_AXIS(1)), GM_SHAPE(N));
}

// The classifier's view of x, which comes from the run's range into its own.
static gm_status add_features(gm_latent_search *s, gm_use *use, gm_tensor *x, gm_tensor **features) {
    const gm_feature_source *of = s->options.of;
    const gm_sample *format = &s->sampler->use.format;
    const gm_use_row *classify = gm_use_find(of->recipe, "classify");
    double scale = (of->high - of->low) / (format->high - format->low);
    gm_sample taken = *format;
    taken.low = of->low;
    taken.high = of->high;
    if (!classify)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: features are a classifier's, which this run's model is not",
                       gm_recipe_file(of->recipe));
    const gm_use_given given = {"data", gm_offset(gm_scale(x, scale), of->low - scale * format->low)};
    GM_TRY(gm_use_append(use, classify, of->recipe, &taken, &given, 1));
    const gm_use_port *named = gm_use_find_output(use, "features");
    *features = named ? named->x : gm_use_find_output(use, "logits")->x;
    return GM_OK;
}

static gm_status add_feature_loss(gm_latent_search *s, gm_tensor *samples) {
    gm_tensor *of_samples, *of_targets;
    if (s->options.features <= 0)
        return GM_OK;
    GM_TRY(add_features(s, &s->features, samples, &of_samples));
    GM_TRY(add_features(s, &s->wanted, s->target, &of_targets));
    gm_phase_fetch(s->prepare, of_targets); // found once for all steps
    gm_tensor *distance = sum_rows(gm_square(gm_subtract(of_samples, of_targets)));
    gm_tensor *norm = gm_offset(sum_rows(gm_square(of_targets)), 1e-12);
    s->loss = gm_add(s->loss, gm_scale(gm_divide(distance, norm), s->options.features));
    return GM_OK;
}

static gm_status add_realism(gm_latent_search *s, gm_tensor *samples) {
    const gm_recipe *recipe = s->sampler->trained.recipe;
    const gm_use_row *score = gm_use_find(recipe, "score");
    const gm_use_given given[] = {{"data", samples}, {"labels", s->labels}};
    if (s->options.realism <= 0)
        return GM_OK;
    if (!score)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: this run's model is %s, without a critic of single samples to search by",
                       gm_common_of(recipe)->name, gm_model_kind_of(recipe)->description);
    GM_TRY(gm_use_append(&s->score, score, recipe, &s->sampler->use.format, given, s->labels ? 2 : 1));
    gm_tensor *doubt = gm_softplus(gm_negate(gm_use_find_output(&s->score, "score")->x));
    s->loss = gm_add(s->loss, gm_scale(doubt, s->options.realism));
    return GM_OK;
}

// ---- The whole ----

static gm_status add_inputs(gm_latent_search *s, gm_tensor **latent) {
    const size_t N = GM_USE_BATCH;
    const gm_use *use = &s->sampler->use;
    const gm_shape batch = gm_sample_batch(&use->format, N);
    s->z = gm_variable(s->graph, "search.z", GM_FLOAT32, GM_SHAPE(N, s->noise), (gm_initializer){0});
    s->target = gm_input(s->graph, "target", GM_FLOAT32, batch);
    s->weights = gm_input(s->graph, "weights", GM_FLOAT32, batch);
    *latent = s->z;
    if (s->values > s->noise) {
        s->codes = gm_input(s->graph, "codes", GM_FLOAT32, GM_SHAPE(N, s->values - s->noise));
        *latent = gm_concat((gm_tensor *[]){s->z, s->codes}, 2, 1);
    }
    if (use->classes > 0)
        s->labels = gm_input(s->graph, "labels", GM_INT32, GM_SHAPE(N));
    return GM_OK;
}

static gm_status build(gm_latent_search *s) {
    const gm_use *use = &s->sampler->use;
    const gm_latent_search_options *o = &s->options;
    gm_tensor *latent, *gradient;
    GM_TRY(gm_graph_create(&s->graph));
    GM_TRY(add_inputs(s, &latent));
    const gm_use_given given[] = {{"latent", latent}, {"labels", s->labels}};
    GM_TRY(gm_use_append(&s->generate, use->row, use->recipe, NULL, given, s->labels ? 2 : 1));
    s->prepare = gm_phase_create(s->graph, "prepare");
    gm_tensor *samples = gm_use_find_output(&s->generate, "samples")->x;
    gm_tensor *difference = gm_scale(gm_subtract(samples, s->target), 1 / s->reach);
    difference = o->absolute ? gm_abs(difference) : gm_square(difference);
    s->loss = sum_rows(gm_multiply(s->weights, difference));
    GM_TRY(add_feature_loss(s, samples));
    GM_TRY(add_realism(s, samples));
    gm_tensor *all = gm_sum_all(s->loss); // rows have nothing in common, so the gradient is each one's own
    gm_grad(all, &s->z, 1, &gradient);
    gm_optimizer adam = GM_ADAM_DEFAULTS;
    adam.rate = o->rate;
    adam.schedule = (gm_schedule){.kind = GM_SCHEDULE_COSINE, .factor = 0.05, .period = o->steps};
    adam.weight_clip = use->noise.distribution == GM_LATENT_UNIFORM ? 1 : 0;
    s->descend = gm_phase_create(s->graph, "descend");
    gm_optimizer_apply(s->descend, &adam, "search.adam", NULL, &s->z, &gradient, 1);
    s->judge = gm_phase_create(s->graph, "judge");
    gm_phase_fetch(s->judge, s->loss);
    return gm_graph_status(s->graph);
}

gm_status gm_latent_graph_init(gm_latent_search *s) {
    GM_TRY(build(s));
    GM_TRY(gm_state_create(&s->state, s->sampler->trained.device, gm_common_of(s->sampler->use.recipe)->seed));
    gm_state_set_source(s->state, value_of, s);
    return gm_plan_create(&s->plan, s->graph, s->state, NULL);
}
