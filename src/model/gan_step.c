// The training step of a GAN as a graph.
//   N = batch; x real, z latent, G(z) fake, l = D's logit.
//
// Phases, in the order in which a step runs them:
//   pretrain       in steps of their own, before the first: an update of G by maximum likelihood on a real batch
//   start          once before the first step: the averages begin as the generator
//   substep        advances the sub-step, wherever the next phase shall draw fresh noise
//   discriminator  one update of D on a real batch and on G(z): as two training batches, as in the DCGAN paper, where D
//                  looks across samples (batch norm), else as one of twice the size. The statistics network of the
//                  entropy term learns here, too
//   penalty.NAME   an update down a penalty alone, every so many discriminator steps (lazy regularisation)
//   generator      one update of G on the same G(z), judged by the D just updated; step + 1, sub-step = 0
//   average        the averaged generator follows
// With several batches to an update, gather phases add up the gradients of all but the last.
//
// Running statistics: G's are stored once per generator step. D's see the real, then the fake batch of D's phase; the
// statistics of the fakes that D judges again in G's phase are dropped, so that both kinds weigh the same.
// (PyTorch's layers would add them; nothing but D in inference, which training never uses, could tell.)
#include "model/gan_step.h"

#include "base/base.h"
#include "graph/graph.h"
#include "model/balance.h"

#include <stdlib.h>

static const double least_rate = 1e-12; // at 0 a network would stand still

// ---- Checks that need shapes ----

static gm_status check_fit(const gm_gan_step *g) {
    const gm_gan_settings *gan = g->settings;
    if (gm_gan_has(g, GM_REGULARIZER_AUGMENT) && gm_tensor_shape(g->real)->rank != 4)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: augment takes images, which these data (%s a sample) are not",
                       gan->regularizers.origin[GM_REGULARIZER_AUGMENT], gm_model_sample_text(g->real).text);
    gm_shape real = *gm_tensor_shape(g->real);
    real.dim[0] = g->source->batch; // in private there is room for more
    if (gm_shape_equal(&real, gm_tensor_shape(g->fake)))
        return GM_OK;
    size_t last = gan->generator.count - 1;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the generator makes %s, but the data are %s: change its layers or data.size",
                   gan->generator.layers[last].origin, gm_model_sample_text(g->fake).text,
                   gm_model_sample_text(g->real).text);
}

static gm_status check_labels(const gm_gan_step *g, const gm_dataset_info *data) {
    const gm_gan_settings *gan = g->settings;
    const gm_layer *labelled;
    size_t classes = gm_gan_classes(gan, &labelled);
    if (data->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s needs labels, but %s has none", labelled->origin,
                       labelled->type->name, data->name);
    if (classes < data->class_count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s has %zu classes, but %s knows only %zu: raise its `classes`",
                       labelled->origin, data->name, data->class_count, labelled->type->name, classes);
    if (gm_gan_has(g, GM_REGULARIZER_PACKING))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: packed samples have no single label: packing and labels exclude each "
                       "other",
                       gan->regularizers.origin[GM_REGULARIZER_PACKING]);
    return GM_OK;
}

// ---- What D says of both ----

// What D's head makes of the samples judged last, from number `begin` on.
static void listen(gm_gan_step *g, size_t begin) {
    gm_tensor *told =
        gm_gan_code_count(g->settings) > 0 ? gm_network_output(g->discriminator, g->settings->codes.head) : NULL;
    g->told = begin > 0 && told ? gm_gan_part(told, begin, g->source->batch) : told;
}

// As one batch, which is faster, unless a layer looks across samples and real and fake ones must not see each other.
static gm_status judge_both(gm_gan_step *g, bool apart, gm_tensor *const x[2], gm_tensor *logits[2]) {
    gm_tensor *both, *labels = NULL;
    if (apart) {
        GM_TRY(gm_gan_judge(g, x[0], &logits[0]));
        GM_TRY(gm_gan_judge(g, x[1], &logits[1]));
        listen(g, 0);
        return GM_OK;
    }
    if (g->labels)
        labels = gm_concat((gm_tensor *[]){g->labels, g->labels}, 2, 0);
    GM_TRY(gm_model_apply(&both, g->discriminator, gm_concat(x, 2, 0), labels, g->counter));
    const gm_shape *shape = gm_tensor_shape(both);
    size_t count = gm_tensor_shape(x[0])->rank > 0 ? gm_tensor_shape(x[0])->dim[0] : 0;
    for (size_t i = 0; i < 2; i++) // anything but a batch of results is refused by gm_gan_check_logit
        logits[i] = shape->rank > 0 && shape->dim[0] == 2 * count ? gm_gan_part(both, i * count, count) : both;
    listen(g, count);
    return GM_OK;
}

// ---- The entropy term ----

// A bound on I(z; G(z)) through the statistics network T: pairs that belong together against pairs that do not, each z
// beside its neighbour's sample.
static gm_status information_bound(const gm_gan_step *g, gm_tensor **bound, gm_tensor **product) {
    const gm_gan_settings *gan = g->settings;
    size_t N = g->source->batch, values = gm_shape_count(gm_tensor_shape(g->fake)) / N;
    gm_tensor *x = gm_reshape(g->fake, GM_SHAPE(N, values)), *T[2];
    gm_tensor *shifted = gm_concat((gm_tensor *[]){gm_gan_part(g->z, 1, N - 1), gm_gan_part(g->z, 0, 1)}, 2, 0);
    gm_tensor *latents[2] = {g->z, shifted};
    for (size_t i = 0; i < 2; i++) {
        gm_tensor *pairs = gm_concat((gm_tensor *[]){x, latents[i]}, 2, 1);
        GM_TRY(gm_model_apply(&T[i], g->statistics, pairs, NULL, g->counter));
        GM_TRY(gm_gan_check_logit(T[i], &gan->entropy_term.network, N, "statistics network"));
    }
    *product = T[1];
    *bound = gm_mutual_information_bound(T[0], T[1], (gm_mutual_information_bound_kind)(gan->entropy_term.bound + 1),
                                         g->log_average);
    return GM_OK;
}

// ---- The two players ----

static gm_gan_loss_params loss_params(const gm_gan_step *g, bool discriminator) {
    bool smooth = discriminator && gm_gan_has(g, GM_REGULARIZER_LABEL_SMOOTHING);
    // A generated sample has the label that it was made with; a relativistic pair is weighed once.
    bool labelled = gm_network_needs_labels(g->generator) && !g->settings->loss->generator_needs_real;
    return (gm_gan_loss_params){.weight_real = g->weights,
                                .weight_fake = labelled ? g->weights : NULL,
                                .real_target = smooth ? g->settings->regularizers.label_smoothing.real : 0,
                                .alternative = !discriminator && g->settings->alternative};
}

// The phase that adds up gradients of all batches but the last; NULL when there is one.
static gm_phase *gather_phase(const gm_gan_step *g, const char *name) {
    return g->settings->accumulate > 1 ? gm_phase_create(g->graph, name) : NULL;
}

static gm_status descend(const gm_gan_step *g, gm_phase *phase, gm_phase *gather, gm_network *network, gm_tensor *loss,
                         gm_tensor *updates) {
    gm_optimizer optimizer = gm_gan_optimizer(g->settings, network != g->generator);
    if (network == g->statistics)
        optimizer.weight_clip = 0; // it needs no Lipschitz bound
    const char *rate = network == g->generator ? "optimizer.generator.rate" : "optimizer.discriminator.rate";
    optimizer.moving_rate = gm_model_offer(g->model, rate, optimizer.rate, least_rate, 1000).variable;
    return gm_model_descend(&(gm_model_descent){
        .phase = phase,
        .gather = gather,
        .micro_batches = g->settings->accumulate,
        .network = network,
        .loss = loss,
        .scale = gm_model_loss_scale(g->source),
        .optimizer = &optimizer,
        .prefix = gm_graph_printf(g->graph, "optimizer.%s", gm_network_name(network)),
        .updates = updates,
    });
}

// Updates of D made before this one.
static gm_tensor *discriminator_updates(const gm_gan_step *g) {
    if (g->updates)
        return g->updates;
    gm_tensor *per_step = gm_constant_int(g->graph, (int32_t)g->settings->discriminator_steps);
    gm_tensor *within = gm_divide(g->substep, gm_constant_int(g->graph, (int32_t)g->settings->accumulate));
    return gm_add(gm_multiply(g->step, per_step), within);
}

// NULL: every operation on every image.
static gm_tensor *augment_probability(const gm_gan_step *g) {
    const gm_augment_settings *settings = &g->settings->regularizers.augment;
    if (settings->adaptive)
        return gm_variable(g->graph, "augment.probability", GM_FLOAT32, GM_SCALAR,
                           (gm_initializer){.a = settings->probability});
    gm_tensor *moving = gm_model_offer(g->model, "augment.probability", settings->probability, 0, 1).variable;
    return moving ? moving : settings->probability < 1 ? gm_constant(g->graph, settings->probability) : NULL;
}

static gm_status adapt_augmentation(const gm_gan_step *g, gm_phase *phase, gm_tensor *logit) {
    const gm_augment_settings *settings = &g->settings->regularizers.augment;
    gm_adaptive_params params = {
        .target = settings->target, .images = settings->images, .batch = g->source->batch * g->settings->accumulate};
    if (!gm_gan_has(g, GM_REGULARIZER_AUGMENT) || !settings->adaptive)
        return GM_OK;
    gm_phase_assign(phase, g->probability, gm_augment_probability(g->probability, logit, &params));
    return gm_model_add_number(g->model, phase,
                               (gm_model_number){"augment_probability", "augment", g->probability, false});
}

static gm_tensor *code_term(const gm_gan_step *g, gm_tensor *bound) {
    gm_model_dial weight = gm_model_offer(g->model, "codes.weight", g->settings->codes.weight, 0, 1e6);
    return gm_model_turn(&weight, gm_scale(bound, weight.constant));
}

// Builds D's phases; logits[0] are those of real samples.
static gm_status build_discriminator(gm_gan_step *g, gm_phase **phase, gm_phase **gather, gm_tensor *logits[2]) {
    const gm_gan_settings *gan = g->settings;
    gm_tensor *inputs[2] = {gm_gan_seen(g, g->real, "real"), gm_gan_seen(g, g->fake, "fake")};
    GM_TRY(judge_both(g, gm_network_across_samples(g->discriminator), inputs, logits));
    GM_TRY(gm_gan_check_logit(logits[0], &gan->discriminator, g->source->batch / gm_gan_packed(g), "discriminator"));
    *gather = gather_phase(g, "discriminator.gather");
    *phase = gm_phase_create(g->graph, "discriminator");
    gm_network_assign_statistics(g->discriminator, *phase);
    gm_gan_loss_params params = loss_params(g, true);
    gm_tensor *loss = gm_gan_loss_discriminator(gan->loss, logits[0], logits[1], &params);
    GM_TRY(gm_model_add_number(g->model, *phase, (gm_model_number){"discriminator_loss", "D", loss, true}));
    for (size_t i = 0; i < GM_GAN_PENALTIES; i++)
        if (gm_gan_penalty_every(g, i) == 1) {
            gm_tensor *penalty;
            GM_TRY(gm_gan_penalty(g, i, &penalty));
            loss = gm_add(loss, penalty);
        }
    if (gm_gan_code_count(gan) > 0) {
        gm_tensor *bound;
        GM_TRY(gm_codes_bound(gan, gm_recipe_origin(g->recipe, "codes"), g->z, g->told, &bound));
        loss = gm_subtract(loss, code_term(g, bound));
        GM_TRY(
            gm_model_add_number(g->model, *phase, (gm_model_number){"code_information", "I(c;G(z)) >=", bound, false}));
    }
    GM_TRY(descend(g, *phase, *gather, g->discriminator, loss, discriminator_updates(g)));
    if (g->updates)
        gm_phase_assign(*phase, g->updates, gm_add(g->updates, gm_constant_int(g->graph, 1)));
    return adapt_augmentation(g, *phase, logits[0]);
}

static gm_status build_statistics(gm_gan_step *g, gm_phase *phase, gm_phase *gather) {
    static const double rate = .01; // of the moving average, as in MINE
    gm_tensor *bound, *product;
    if (g->settings->entropy_term.bound + 1 == GM_MUTUAL_INFORMATION_DONSKER_VARADHAN)
        g->log_average = gm_variable(g->graph, "statistics.log_average", GM_FLOAT32, GM_SCALAR, (gm_initializer){0});
    GM_TRY(gm_model_add_network(g->model, "statistics", &g->settings->entropy_term.network,
                                (gm_weight_initializer)g->settings->initializer, &g->statistics));
    GM_TRY(information_bound(g, &bound, &product));
    if (g->log_average)
        gm_phase_assign(phase, g->log_average, gm_log_moving_average(g->log_average, gm_log_mean_exp(product), rate));
    GM_TRY(descend(g, phase, gather, g->statistics, gm_negate(bound), discriminator_updates(g)));
    GM_TRY(gm_model_add_number(g->model, phase, (gm_model_number){"information_bound", "I(z;G(z)) >=", bound, false}));
    return GM_OK;
}

static gm_status build_lazy_penalties(gm_gan_step *g, gm_phase *lazy[GM_GAN_PENALTIES]) {
    for (size_t i = 0; i < GM_GAN_PENALTIES; i++) {
        lazy[i] = NULL;
        if (gm_gan_penalty_every(g, i) <= 1)
            continue;
        gm_tensor *penalty;
        GM_TRY(gm_gan_penalty(g, i, &penalty));
        lazy[i] = gm_phase_create(g->graph, gm_gan_penalty_phase(i));
        GM_TRY(descend(g, lazy[i], NULL, g->discriminator, penalty, discriminator_updates(g)));
    }
    return GM_OK;
}

// On top of the loss: what the generator wants from D's logit, from the statistics network and from D's head.
static gm_status add_terms(gm_gan_step *g, gm_tensor *judged, const gm_gan_loss_params *params, gm_tensor **loss) {
    const gm_gan_settings *gan = g->settings;
    gm_tensor *bound, *product;
    if (gan->kl_term.weight > 0) { // a pack's divergence is the sum of its samples'
        gm_kl_direction direction = (gm_kl_direction)(gan->kl_term.direction + 1);
        gm_tensor *term = gm_kl_term(gan->loss, judged, direction, params);
        gm_model_dial weight = gm_model_offer(g->model, "kl_term.weight", gan->kl_term.weight, 0, 1e6);
        *loss = gm_add(*loss, gm_model_turn(&weight, gm_scale(term, weight.constant / (double)gm_gan_packed(g))));
    }
    if (g->statistics) {
        GM_TRY(information_bound(g, &bound, &product));
        gm_model_dial weight = gm_model_offer(g->model, "entropy_term.weight", gan->entropy_term.weight, 0, 1e6);
        *loss = gm_subtract(*loss, gm_model_turn(&weight, gm_scale(bound, weight.constant)));
    }
    if (gm_gan_code_count(gan) > 0) {
        GM_TRY(gm_codes_bound(gan, gm_recipe_origin(g->recipe, "codes"), g->z, g->told, &bound));
        *loss = gm_subtract(*loss, code_term(g, bound));
    }
    return GM_OK;
}

// D is applied anew, so that its dropout draws again; without dropout and augmentation these are the same nodes,
// computed again because D's variables were assigned.
static gm_status build_generator(gm_gan_step *g, gm_phase **phase, gm_phase **gather, gm_tensor *real_logit) {
    const gm_gan_settings *gan = g->settings;
    gm_tensor *judged;
    GM_TRY(
        gm_gan_judge(g, gm_gan_seen(g, g->fake, gm_gan_has(g, GM_REGULARIZER_AUGMENT) ? "judged" : "fake"), &judged));
    listen(g, 0);
    gm_network_drop_statistics(g->discriminator);
    *gather = gather_phase(g, "generator.gather");
    *phase = gm_phase_create(g->graph, "generator");
    if (*gather)
        gm_phase_isolate(*phase); // sub-steps lie between D's phase and this one
    gm_gan_loss_params params = loss_params(g, false);
    gm_tensor *loss =
        gm_gan_loss_generator(gan->loss, gan->loss->generator_needs_real ? real_logit : NULL, judged, &params);
    GM_TRY(gm_model_add_number(g->model, *phase, (gm_model_number){"generator_loss", "G", loss, true}));
    GM_TRY(add_terms(g, judged, &params, &loss));
    if (gan->pretrain.weight > 0) {
        gm_tensor *likelihood;
        GM_TRY(gm_gan_likelihood(g, &likelihood));
        GM_TRY(gm_model_add_number(g->model, *phase, (gm_model_number){"likelihood_loss", "-ln p", likelihood, true}));
        loss = gm_add(loss, gm_scale(likelihood, gan->pretrain.weight));
    }
    GM_TRY(descend(g, *phase, *gather, g->generator, loss, g->step));
    gm_network_assign_statistics(g->generator, *phase);
    gm_tensor *next = gm_add(g->step, gm_constant_int(g->graph, 1));
    gm_phase_assign(*phase, g->counter, gm_model_pair(next, gm_constant_int(g->graph, 0)));
    return GM_OK;
}

// ---- The step ----

// The networks around the GAN, which nothing trains, belong to its state.
static gm_status encode(gm_gan_step *g) {
    const gm_gan_settings *gan = g->settings;
    gm_network *encoder, *decoder;
    gm_tensor *back;
    if (gan->latent_of && gan->frozen.encoder.count == 0)
        return gm_fail(GM_ERROR_STATE, "%s: latent_of: its layers are not there: train reads them",
                       gm_recipe_origin(g->recipe, "latent_of"));
    if (gan->frozen.encoder.count == 0)
        return GM_OK;
    const gm_shape data = *gm_tensor_shape(g->real);
    GM_TRY(gm_model_add_network(g->model, "encoder", &gan->frozen.encoder, GM_WEIGHTS_DEFAULT, &encoder));
    GM_TRY(gm_model_add_network(g->model, "decoder", &gan->frozen.decoder, GM_WEIGHTS_DEFAULT, &decoder));
    GM_TRY(gm_gan_code(gan, encoder, g->real, &g->real));
    back = gm_network_apply(decoder, g->real, GM_MODE_INFERENCE, NULL);
    GM_TRY(gm_graph_status(g->graph));
    if (gm_shape_equal(gm_tensor_shape(back), &data))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the decoder makes %s of the data's codes, but the data are otherwise: %s",
                   gan->frozen.decoder.layers[gan->frozen.decoder.count - 1].origin, gm_model_sample_text(back).text,
                   "change its layers or data.size");
}

static gm_status read_batch(gm_gan_step *g) {
    const gm_recipe_list *weights = &g->settings->class_weights;
    const bool labelled = gm_network_needs_labels(g->generator) || gm_network_needs_labels(g->discriminator) ||
                          gm_classes_are_weighed(g->recipe, weights);
    if (labelled) {
        GM_TRY(gm_classes_check(g->recipe, weights, g->source->data));
        GM_TRY(check_labels(g, g->source->data));
    }
    if (gm_gan_is_private(g))
        return gm_gan_private_batch(g, labelled);
    g->real = gm_model_real_batch(g->model, g->source);
    GM_TRY(encode(g));
    if (!labelled)
        return GM_OK;
    g->labels = g->real_labels = gm_model_real_labels(g->model, g->source);
    return gm_classes_weigh(g->recipe, weights, g->source, g->labels, &g->weights);
}

static gm_status build_players(gm_gan_step *g, gm_gan_phases *phases) {
    gm_tensor *logits[2] = {NULL, NULL};
    if (gm_gan_is_private(g)) {
        GM_TRY(gm_gan_private_discriminator(g, discriminator_updates(g), &phases->discriminator));
        return build_generator(g, &phases->generator, &phases->gather[1], NULL);
    }
    GM_TRY(build_discriminator(g, &phases->discriminator, &phases->gather[0], logits));
    if (g->settings->entropy_term.weight > 0)
        GM_TRY(build_statistics(g, phases->discriminator, phases->gather[0]));
    GM_TRY(build_lazy_penalties(g, phases->lazy));
    GM_TRY(build_generator(g, &phases->generator, &phases->gather[1], logits[0]));
    GM_TRY(gm_model_add_number(g->model, phases->discriminator, gm_gan_score(g, logits[0], true)));
    return gm_model_add_number(g->model, phases->discriminator, gm_gan_score(g, logits[1], false));
}

static gm_status build(gm_gan_step *g) {
    const gm_gan_settings *gan = g->settings;
    gm_weight_initializer initializer = (gm_weight_initializer)gan->initializer;
    gm_phase *start = NULL;
    gm_gan_phases phases = {0};
    GM_TRY(gm_model_add_network(g->model, "generator", &gan->generator, initializer, &g->generator));
    GM_TRY(gm_model_add_network(g->model, "discriminator", &gan->discriminator, initializer, &g->discriminator));
    g->counter = gm_model_counter(g->model);
    g->step = gm_model_element(g->counter, 0);
    g->substep = gm_model_element(g->counter, 1);
    GM_TRY(read_batch(g));
    if (gm_gan_has(g, GM_REGULARIZER_AUGMENT))
        g->probability = augment_probability(g);
    g->z = gm_codes_append(gan, gm_latent_batch(&gan->latent, g->graph, g->source->batch, g->counter), g->counter);
    GM_TRY(gm_model_apply(&g->fake, g->generator, g->z, g->labels, g->counter));
    GM_TRY(check_fit(g));

    if (gan->average.decay > 0)
        g->model->start = start = gm_phase_create(g->graph, "start");
    GM_TRY(gm_gan_offer_steps(g));
    if (g->most_steps > 1 || gan->accumulate > 1) {
        phases.substep = gm_phase_create(g->graph, "substep");
        gm_phase_assign(phases.substep, g->counter,
                        gm_model_pair(g->step, gm_add(g->substep, gm_constant_int(g->graph, 1))));
    }
    GM_TRY(build_players(g, &phases));
    if (gan->pretrain.steps > 0)
        GM_TRY(gm_gan_add_pretraining(g));
    GM_TRY(gm_gan_add_players(g, &phases));
    if (start) {
        gm_phase *average = gm_phase_create(g->graph, "average");
        gm_average_params params = {.decay = gan->average.decay, .step = gan->average.warmup ? g->step : NULL};
        GM_TRY(gm_model_average(g->generator, average, start, &params));
        GM_TRY(gm_model_add_action(g->model, (gm_model_action){.phase = average, .every = 1}));
    }
    return gm_graph_status(g->graph);
}

gm_status gm_gan_build(gm_model *model, const gm_recipe *recipe, const gm_model_source *source) {
    gm_gan_step g = {
        .model = model, .recipe = recipe, .settings = gm_gan_of(recipe), .source = source, .graph = model->graph};
    return build(&g);
}
