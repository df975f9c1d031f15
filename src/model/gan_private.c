// A GAN whose discriminator learns in private (Abadi et al. 2016; Xie et al. 2018; Bie et al. 2023, "Private GANs,
// revisited"). D alone sees the data; what it has learnt, and so all that the generator learns of it, is as private as
// D's updates are.
//
//   g = the gradient of one sample's loss over all of D's weights, shortened to the clip
//   D's gradient = (sum of g over real samples + noise + sum of g over generated ones) / N
//
// An update draws the real samples by Poisson sampling, N on average; the divisor is fixed, and places behind the batch
// are masked. Generated samples are clipped, too, so that both kinds weigh the same; nothing of the data is in them, or
// in their labels, which are drawn evenly. No number of the real samples is shown.
#include "model/gan_step.h"

#include "base/base.h"
#include "graph/graph.h"

#include <stdlib.h>

// Norms and sums come out of different kernels: their rounding must not make a contribution longer than the clip.
static const double margin = 1 - 1e-3;

// ---- The batch ----

bool gm_gan_is_private(const gm_gan_step *g) {
    return g->model->privacy.plan.capacity > 0;
}

// Evenly of all classes: how often the data have each is not told.
static gm_tensor *draw_labels(const gm_gan_step *g) {
    const double classes = (double)g->source->data->class_count;
    gm_tensor *u = gm_random_uniform(g->graph, "labels", GM_SHAPE(g->source->batch), g->counter);
    return gm_cast(gm_minimum(gm_floor(gm_scale(u, classes)), gm_constant(g->graph, classes - 1)), GM_INT32);
}

gm_status gm_gan_private_batch(gm_gan_step *g, bool labelled) {
    gm_model_privacy *p = &g->model->privacy;
    gm_model_source padded = *g->source;
    padded.batch = p->plan.capacity;
    g->real = gm_model_real_batch(g->model, &padded);
    p->mask = gm_input(g->graph, "privacy.mask", GM_FLOAT32, GM_SHAPE(p->plan.capacity));
    if (labelled) {
        g->real_labels = gm_model_real_labels(g->model, &padded);
        g->labels = draw_labels(g);
    }
    return gm_graph_status(g->graph);
}

// ---- The update ----

// The sums of the clipped gradients of the losses of samples, which D judges.
typedef struct part {
    gm_tensor *logits, *losses;
    gm_tensor **sums;
} part;

static gm_status judge(const gm_gan_step *g, gm_tensor *x, gm_tensor *labels, size_t samples, part *p) {
    GM_TRY(gm_model_apply(&p->logits, g->discriminator, x, labels, g->counter));
    GM_TRY(gm_gan_check_logit(p->logits, &g->settings->discriminator, samples, "discriminator"));
    p->logits = gm_reshape(p->logits, GM_SHAPE(samples));
    return GM_OK;
}

// The noise on the parameters' sums lies in one input, one behind the other.
static gm_status descend(const gm_gan_step *g, gm_phase *phase, part parts[2], gm_tensor *updates) {
    gm_model_privacy *p = &g->model->privacy;
    size_t count, at = 0;
    gm_tensor *const *parameters = gm_network_parameters(g->discriminator, &count);
    if (count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "the discriminator has no layer with weights, so there is nothing to train");
    p->values = gm_model_parameter_count(g->discriminator);
    p->noise = gm_input(g->graph, "privacy.noise", GM_FLOAT32, GM_SHAPE(p->values));
    gm_tensor *bound = gm_constant(g->graph, margin * p->plan.clip);
    for (size_t k = 0; k < 2; k++) {
        GM_TRY(gm_alloc(&parts[k].sums, count, sizeof(gm_tensor *), "gradients"));
        gm_grad_clipped(parts[k].losses, bound, parameters, count, parts[k].sums);
    }
    for (size_t i = 0; i < count; i++) {
        const gm_shape *shape = gm_tensor_shape(parameters[i]);
        const size_t values = gm_shape_count(shape);
        gm_tensor *noisy = gm_add(parts[0].sums[i], gm_reshape(gm_slice(p->noise, &at, &values), *shape));
        parts[0].sums[i] = gm_scale(gm_add(noisy, parts[1].sums[i]), 1 / (double)g->source->batch);
        at += values;
    }
    gm_optimizer optimizer = gm_gan_optimizer(g->settings, true);
    gm_optimizer_apply(phase, &optimizer, gm_graph_printf(g->graph, "optimizer.%s", gm_network_name(g->discriminator)),
                       updates, parameters, parts[0].sums, count);
    return GM_OK;
}

gm_status gm_gan_private_discriminator(gm_gan_step *g, gm_tensor *updates, gm_phase **phase) {
    const gm_model_privacy *p = &g->model->privacy;
    const gm_gan_loss *loss = g->settings->loss;
    part parts[2] = {{0}, {0}}, *real = &parts[0], *fake = &parts[1];
    GM_TRY(judge(g, gm_gan_seen(g, g->real, "real"), g->real_labels, p->plan.capacity, real));
    GM_TRY(judge(g, gm_given(gm_gan_seen(g, g->fake, "fake")), g->labels, g->source->batch, fake));
    real->losses = gm_multiply(loss->real(real->logits), p->mask);
    fake->losses = loss->fake(fake->logits);
    *phase = gm_phase_create(g->graph, "discriminator");
    gm_status status = descend(g, *phase, parts, updates);
    for (size_t k = 0; k < 2; k++)
        free(parts[k].sums);
    GM_TRY(status);
    gm_network_assign_statistics(g->discriminator, *phase);
    // Of generated samples alone: what D says of the data is not told.
    GM_TRY(gm_model_add_number(
        g->model, *phase, (gm_model_number){"discriminator_fake_loss", "D fake", gm_mean_all(fake->losses), true}));
    return gm_model_add_number(g->model, *phase, gm_gan_score(g, fake->logits, false));
}
