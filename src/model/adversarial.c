// The step of kinds of model that make samples from samples, with critics or without.
//   x real, y made of it, l = a critic's logits of one of them.
#include "model/adversarial.h"

#include "base/base.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

typedef struct builder {
    gm_model *model;
    const gm_model_source *source;
    const gm_adversarial *a;
    gm_graph *graph;
    gm_tensor *step, *substep;
    gm_phase *advance; // the phase `substep`; NULL: none is needed
    bool begun;        // a phase of the step is in it already
} builder;

gm_status gm_adversarial_check_fit(const gm_tensor *made, const gm_tensor *wanted, const gm_layer_list *layers,
                                   const char *noun) {
    if (gm_shape_equal(gm_tensor_shape(made), gm_tensor_shape(wanted)))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT, "%s: the %s makes %s, but the data are %s: change its layers or data.size",
                   layers->layers[layers->count - 1].origin, noun, gm_model_sample_text(made).text,
                   gm_model_sample_text(wanted).text);
}

// ---- What critics say ----

static gm_status check_logits(const gm_critic *critic, const gm_tensor *logits, size_t batch) {
    const gm_shape *shape = gm_tensor_shape(logits);
    const gm_layer *last = &critic->layers->layers[critic->layers->count - 1];
    if (shape->rank > 1 && shape->dim[0] == batch && shape->dim[1] == 1)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the %s must end in one logit per sample or in a map of one channel, but it gives %s: end it "
                   "with `dense: 1` or a `conv` of one channel",
                   last->origin, gm_network_name(critic->network), gm_model_sample_text(logits).text);
}

static gm_status judge_both(const builder *b, const gm_critic *critic, gm_tensor *logits[2]) {
    gm_tensor *const x[2] = {critic->real, critic->fake};
    GM_TRY(gm_model_apply_both(logits, critic->network, x, b->a->counter));
    return check_logits(critic, logits[0], b->source->batch);
}

// Their mean probability of being real where they are log ratios, else their mean.
static gm_tensor *score(const gm_gan_loss *loss, gm_tensor *logits) {
    return gm_mean_all(loss->log_ratio ? gm_sigmoid(logits) : logits);
}

static gm_tensor *add_to(gm_tensor *sum, gm_tensor *term) {
    return sum ? gm_add(sum, term) : term;
}

static gm_status add_scores(const builder *b, gm_phase *phase, gm_tensor *const sums[2]) {
    bool ratio = b->a->loss->log_ratio != NULL;
    const gm_model_number numbers[2] = {
        {ratio ? "real_score" : "real_logit", ratio ? "D(x)" : "l(x)", NULL, false},
        {ratio ? "fake_score" : "fake_logit", ratio ? "D(G)" : "l(G)", NULL, false},
    };
    for (size_t i = 0; i < 2; i++) {
        gm_model_number number = numbers[i];
        number.x = gm_scale(sums[i], 1 / (double)b->a->critic_count);
        GM_TRY(gm_model_add_number(b->model, phase, number));
    }
    return GM_OK;
}

// ---- The players ----

// The phase that adds up gradients of all batches but the last; NULL when there is one.
static gm_phase *gather_phase(const builder *b, const char *name) {
    return b->a->accumulate > 1 ? gm_phase_create(b->graph, name) : NULL;
}

static gm_status descend(const builder *b, gm_phase *phase, gm_phase *gather, gm_network *network, gm_tensor *loss,
                         const gm_optimizer *optimizer) {
    GM_TRY(gm_model_descend(&(gm_model_descent){
        .phase = phase,
        .gather = gather,
        .micro_batches = b->a->accumulate,
        .network = network,
        .loss = loss,
        .scale = gm_model_loss_scale(b->source),
        .optimizer = optimizer,
        .prefix = gm_graph_printf(b->graph, "optimizer.%s", gm_network_name(network)),
        .updates = b->step,
    }));
    gm_network_assign_statistics(network, phase);
    return GM_OK;
}

static gm_status build_critics(const builder *b, gm_phase **phase, gm_phase **gather) {
    const gm_adversarial *a = b->a;
    gm_tensor *sum = NULL, *scores[2] = {NULL, NULL};
    *gather = gather_phase(b, "discriminator.gather");
    *phase = gm_phase_create(b->graph, "discriminator");
    for (size_t i = 0; i < a->critic_count; i++) {
        gm_tensor *logits[2];
        GM_TRY(judge_both(b, &a->critics[i], logits));
        gm_tensor *loss = gm_gan_loss_discriminator(a->loss, logits[0], logits[1], NULL);
        sum = add_to(sum, loss);
        for (size_t k = 0; k < 2; k++)
            scores[k] = add_to(scores[k], score(a->loss, logits[k]));
        GM_TRY(descend(b, *phase, *gather, a->critics[i].network, loss, a->discriminator));
    }
    GM_TRY(gm_model_add_number(b->model, *phase, (gm_model_number){"discriminator_loss", "D", sum, true}));
    return add_scores(b, *phase, scores);
}

// The mean distance between the values of two applications, the latest one's being b, summed over the taps; NULL: none.
static gm_tensor *distance_of_taps(gm_tensor *const *a, const gm_network *network) {
    size_t count;
    gm_tensor *const *b = gm_network_outputs(network, &count), *sum = NULL;
    for (size_t i = 0; i < count; i++)
        sum = add_to(sum, gm_mean_all(gm_abs(gm_subtract(a[i], b[i]))));
    return sum;
}

// What the generators make of a critic: applied anew, since it was updated. The statistics of what it judges here are
// dropped, so that real and made samples weigh the same.
static gm_status persuade(const builder *b, const gm_critic *critic, gm_tensor **loss, gm_tensor **distance) {
    const gm_adversarial *a = b->a;
    gm_tensor *real = NULL, *made, **taps = NULL;
    size_t count;
    gm_status status = GM_OK;
    GM_TRY(gm_model_apply(&made, critic->network, critic->judged ? critic->judged : critic->fake, NULL, a->counter));
    gm_tensor *const *outputs = gm_network_outputs(critic->network, &count);
    bool matched = a->features > 0 && count > 0;
    if (matched) {
        GM_TRY(gm_alloc(&taps, count, sizeof *taps, "taps"));
        memcpy(taps, outputs, count * sizeof *taps);
    }
    if (matched || a->loss->generator_needs_real)
        GM_TRY_DONE(gm_model_apply(&real, critic->network, critic->real, NULL, a->counter));
    gm_network_drop_statistics(critic->network);
    gm_tensor *logit_real = a->loss->generator_needs_real ? real : NULL;
    *loss = add_to(*loss, gm_gan_loss_generator(a->loss, logit_real, made, NULL));
    if (matched)
        *distance = add_to(*distance, distance_of_taps(taps, critic->network));
done:
    free(taps);
    return status;
}

// Told before work: a distance of taps where none is.
static gm_status check_taps(const gm_adversarial *a) {
    size_t taps = 0, count;
    for (size_t i = 0; i < a->critic_count; i++) {
        gm_network_outputs(a->critics[i].network, &count);
        taps += count;
    }
    if (!(a->features > 0) || a->critic_count == 0 || taps > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the %s names none of its values, whose distance shall be made small: add `tap: NAME` behind a "
                   "layer of it, or leave out the weight `features`",
                   a->critics[0].layers->layers[0].origin, gm_network_name(a->critics[0].network));
}

static gm_status build_generators(const builder *b, gm_phase **phase, gm_phase **gather) {
    const gm_adversarial *a = b->a;
    gm_tensor *persuasion = NULL, *distance = NULL, *loss = a->objective;
    for (size_t i = 0; i < a->critic_count; i++)
        GM_TRY(persuade(b, &a->critics[i], &persuasion, &distance));
    *gather = gather_phase(b, "generator.gather");
    *phase = gm_phase_create(b->graph, "generator");
    if (*gather)
        gm_phase_isolate(*phase); // sub-steps lie between the critics' phase and this one
    if (persuasion) {
        gm_tensor *weighed = gm_scale(persuasion, a->weight);
        loss = loss ? gm_add(loss, weighed) : weighed;
        GM_TRY(gm_model_add_number(b->model, *phase, (gm_model_number){"generator_loss", "G", persuasion, true}));
    }
    if (distance) {
        loss = gm_add(loss, gm_scale(distance, a->features));
        GM_TRY(gm_model_add_number(b->model, *phase, (gm_model_number){"features", "features", distance, true}));
    }
    for (size_t i = 0; i < a->number_count; i++)
        GM_TRY(gm_model_add_number(b->model, *phase, a->numbers[i]));
    for (size_t i = 0; i < a->generator_count; i++)
        GM_TRY(descend(b, *phase, *gather, a->generators[i], loss, a->generator));
    gm_tensor *next = gm_add(b->step, gm_constant_int(b->graph, 1));
    gm_phase_assign(*phase, a->counter, gm_model_pair(next, gm_constant_int(b->graph, 0)));
    return GM_OK;
}

// ---- The step ----

// `accumulate` runs, all but the last of the gathering phase. With one batch to an update, the generators see that of
// the critics.
static gm_status add_player(builder *b, gm_phase *phase, gm_phase *gather) {
    size_t accumulate = b->a->accumulate;
    for (size_t i = 0; i < accumulate; i++) {
        bool fresh = !b->begun || accumulate > 1;
        if (b->begun && fresh)
            GM_TRY(gm_model_add_action(b->model, (gm_model_action){.phase = b->advance, .every = 1}));
        b->begun = true;
        gm_phase *run = i + 1 < accumulate ? gather : phase;
        GM_TRY(gm_model_add_action(b->model, (gm_model_action){.phase = run, .fresh = fresh, .every = 1}));
    }
    return GM_OK;
}

static gm_status build_averages(const builder *b) {
    const gm_averaging *average = b->a->average;
    gm_phase *phase = gm_phase_create(b->graph, "average");
    gm_average_params params = {.decay = average->decay, .step = average->warmup ? b->step : NULL};
    for (size_t i = 0; i < b->a->generator_count; i++)
        GM_TRY(gm_model_average(b->a->generators[i], phase, b->model->start, &params));
    return gm_model_add_action(b->model, (gm_model_action){.phase = phase, .every = 1});
}

gm_status gm_adversarial_build(gm_model *model, const gm_model_source *source, const gm_adversarial *a,
                               gm_adversarial_phases *phases) {
    builder b = {.model = model, .source = source, .a = a, .graph = model->graph};
    gm_phase *critics = NULL, *generators, *gather[2];
    b.step = gm_model_element(a->counter, 0);
    b.substep = gm_model_element(a->counter, 1);
    if (a->average->decay > 0)
        model->start = gm_phase_create(b.graph, "start");
    if (a->accumulate > 1) {
        b.advance = gm_phase_create(b.graph, "substep");
        gm_phase_assign(b.advance, a->counter, gm_model_pair(b.step, gm_add(b.substep, gm_constant_int(b.graph, 1))));
    }
    GM_TRY(check_taps(a));
    if (a->critic_count > 0) {
        GM_TRY(build_critics(&b, &critics, &gather[0]));
        GM_TRY(add_player(&b, critics, gather[0]));
    }
    GM_TRY(build_generators(&b, &generators, &gather[1]));
    GM_TRY(add_player(&b, generators, gather[1]));
    if (phases)
        *phases = (gm_adversarial_phases){critics, generators};
    return a->average->decay > 0 ? build_averages(&b) : GM_OK;
}
