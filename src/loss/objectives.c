// The table of GAN objectives: what each player's means are of, element by element in the logit l; and how their rows
// are put to use. A row's functions are losses: f-GAN's gains T and -f* come with the opposite sign.
#include "loss/loss.h"

#include "graph/build.h"

#include <math.h>
#include <string.h>

// ---- Functions of the logit ----

static gm_tensor *identity(gm_tensor *l) {
    return l;
}

// -ln sigmoid(l)
static gm_tensor *cross_entropy_real(gm_tensor *l) {
    return gm_softplus(gm_negate(l));
}

static gm_tensor *half_square(gm_tensor *l) {
    return gm_scale(gm_square(l), 0.5);
}

static gm_tensor *half_square_from_one(gm_tensor *l) {
    return half_square(gm_offset(l, -1));
}

static gm_tensor *hinge_real(gm_tensor *l) {
    return gm_relu(gm_offset(gm_negate(l), 1));
}

static gm_tensor *hinge_fake(gm_tensor *l) {
    return gm_relu(gm_offset(l, 1));
}

static gm_tensor *exponential(gm_tensor *x) {
    return gm_exp_continued(x, gm_exponent_limit);
}

// f-GAN: -T and f*(T)
static gm_tensor *minus_one(gm_tensor *l) {
    return gm_offset(l, -1);
}

static gm_tensor *kl_fake(gm_tensor *l) {
    return exponential(minus_one(l));
}

static gm_tensor *reverse_kl_real(gm_tensor *l) {
    return exponential(gm_negate(l));
}

static gm_tensor *pearson_fake(gm_tensor *l) {
    return gm_add(gm_scale(gm_square(l), 0.25), l);
}

static gm_tensor *hellinger_real(gm_tensor *l) {
    return minus_one(exponential(gm_negate(l)));
}

static gm_tensor *hellinger_fake(gm_tensor *l) {
    return minus_one(exponential(l));
}

static gm_tensor *jensen_shannon_real(gm_tensor *l) {
    return gm_offset(cross_entropy_real(l), -log(2));
}

static gm_tensor *jensen_shannon_fake(gm_tensor *l) {
    return gm_offset(gm_softplus(l), -log(2));
}

// ---- ln p/q. Least squares and Pearson's row have logits that no ratio belongs to: from 1/100 on lines lead there
// ----

static const double ratio_limit = 0.01;

// D's best output is p/(p + q).
static gm_tensor *least_squares_log_ratio(gm_tensor *l) {
    gm_tensor *rest = gm_offset(gm_negate(l), 1);
    return gm_subtract(gm_log_continued(l, ratio_limit), gm_log_continued(rest, ratio_limit));
}

static gm_tensor *pearson_log_ratio(gm_tensor *l) {
    return gm_log_continued(gm_offset(gm_scale(l, 0.5), 1), ratio_limit);
}

static gm_tensor *hellinger_log_ratio(gm_tensor *l) {
    return gm_scale(l, 2);
}

// ---- The table ----

static const gm_gan_loss losses[] = {
    {.name = "minimax",
     .help = "the GAN's value function for both players; the generator's gradient saturates",
     .real = cross_entropy_real,
     .fake = gm_softplus,
     .log_ratio = identity,
     .label_smoothing = true},
    {.name = "non_saturating",
     .help = "the generator maximises the logarithm of D(G(z))",
     .real = cross_entropy_real,
     .fake = gm_softplus,
     .generator = cross_entropy_real,
     .log_ratio = identity,
     .label_smoothing = true},
    {.name = "least_squares",
     .help = "squared distance of the logits from 1 (real) and 0 (generated)",
     .real = half_square_from_one,
     .fake = half_square,
     .generator = half_square_from_one,
     .log_ratio = least_squares_log_ratio},
    {.name = "wasserstein",
     .help = "difference of the critic's means; it needs a gradient penalty or weight clipping",
     .real = gm_negate,
     .fake = identity},
    {.name = "hinge",
     .help = "the discriminator wants logits beyond 1 (real) and -1 (generated), the generator high ones",
     .real = hinge_real,
     .fake = hinge_fake,
     .generator = gm_negate},
    {.name = "relativistic",
     .help = "cross-entropy of the difference of a real and a generated sample's logits",
     .real = cross_entropy_real,
     .generator = cross_entropy_real,
     .log_ratio = identity,
     .log_ratio_shifted = true,
     .generator_needs_real = true},
    {.name = "f_kl",
     .help = "f-GAN of the Kullback-Leibler divergence of the data from the generator",
     .real = gm_negate,
     .fake = kl_fake,
     .log_ratio = minus_one,
     .divergence = "KL(p||q)"},
    {.name = "f_reverse_kl",
     .help = "f-GAN of the Kullback-Leibler divergence of the generator from the data",
     .real = reverse_kl_real,
     .fake = minus_one,
     .log_ratio = identity,
     .divergence = "KL(q||p)"},
    {.name = "f_pearson",
     .help = "f-GAN of Pearson's chi-squared divergence",
     .real = gm_negate,
     .fake = pearson_fake,
     .log_ratio = pearson_log_ratio,
     .divergence = "Pearson chi^2"},
    {.name = "f_hellinger",
     .help = "f-GAN of the squared Hellinger distance",
     .real = hellinger_real,
     .fake = hellinger_fake,
     .log_ratio = hellinger_log_ratio,
     .divergence = "squared Hellinger distance"},
    {.name = "f_jensen_shannon",
     .help = "f-GAN of the Jensen-Shannon divergence",
     .real = jensen_shannon_real,
     .fake = jensen_shannon_fake,
     .log_ratio = identity,
     .divergence = "2 JSD"},
    {.name = "f_gan",
     .help = "f-GAN of the GAN's own divergence: minimax, whose generator may take the alternative",
     .real = cross_entropy_real,
     .fake = gm_softplus,
     .log_ratio = identity,
     .divergence = "2 JSD - 2 ln 2"},
};

const gm_gan_loss *gm_gan_losses(size_t *count) {
    *count = GM_COUNT(losses);
    return losses;
}

const gm_gan_loss *gm_gan_loss_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(losses); i++)
        if (strcmp(losses[i].name, name) == 0)
            return &losses[i];
    return NULL;
}

// ---- Means ----

static const gm_gan_loss_params none;

// One weight per sample, shaped to broadcast against the logits (N, ...).
static gm_tensor *weights_for(const gm_gan_loss *loss, gm_tensor *logit, gm_tensor *weight) {
    const gm_shape *shape = &logit->shape;
    gm_tensor *inputs[] = {logit, weight}, *poison;
    if (!gm_usable(loss->name, inputs, 2, &poison))
        return poison;
    gm_shape column = {.rank = shape->rank, .dim = {shape->dim[0]}};
    for (size_t i = 1; i < shape->rank; i++)
        column.dim[i] = 1;
    if (shape->rank == 0 || weight->type != GM_FLOAT32 || gm_shape_count(&weight->shape) != shape->dim[0])
        return gm_fault(logit->graph,
                        "%s: the weights are %s %s but must be float32, one for each sample of the logits %s",
                        loss->name, gm_type_text(weight->type), gm_describe(weight), gm_describe(logit));
    return gm_reshape(weight, column);
}

// E[x], or sum(w x)/sum(w); a batch without weight has the value 0.
static gm_tensor *expectation(gm_tensor *x, gm_tensor *weight) {
    if (weight == NULL)
        return gm_mean_all(x);
    gm_tensor *w = gm_broadcast(weight, *gm_tensor_shape(x));
    gm_tensor *total = gm_maximum(gm_sum_all(w), gm_constant(gm_tensor_graph(x), 1e-30));
    return gm_divide(gm_sum_all(gm_multiply(w, x)), total);
}

// E[function(l)] under the weights of l's samples, or NULL for none.
static gm_tensor *mean_of(const gm_gan_loss *loss, gm_logit_function *function, gm_tensor *l, gm_tensor *weight) {
    return expectation(function(l), weight == NULL ? NULL : weights_for(loss, l, weight));
}

// ---- Relativistic: pairs of a real and a generated sample ----

static gm_tensor *pair_mean(const gm_gan_loss *loss, gm_logit_function *function, gm_tensor *own, gm_tensor *other,
                            const gm_gan_loss_params *params) {
    gm_tensor *weight = params->weight_real != NULL ? params->weight_real : params->weight_fake;
    if (!gm_shape_equal(&own->shape, &other->shape)) // the difference would broadcast
        return gm_fault(own->graph, "%s: it pairs real and generated samples, but their logits are %s and %s",
                        loss->name, gm_describe(own), gm_describe(other));
    if (params->weight_real != NULL && params->weight_fake != NULL)
        weight = gm_multiply(weights_for(loss, own, params->weight_real), weights_for(loss, own, params->weight_fake));
    return mean_of(loss, function, gm_subtract(own, other), weight);
}

// ---- The players ----

// Whether the settings are for this row.
static bool params_usable(const gm_gan_loss *loss, const gm_gan_loss_params *params, gm_graph *graph) {
    const double target = params->real_target;
    if (target != 0 && !loss->label_smoothing)
        gm_fault(graph, "%s: label smoothing is for minimax and non_saturating; set no target", loss->name);
    else if (!(target >= 0 && target <= 1))
        gm_fault(graph, "%s: the target %g of real samples must be above 0 and at most 1", loss->name, target);
    else if (params->alternative && loss->divergence == NULL)
        gm_fault(graph, "%s: only the objectives of f-GAN have an alternative for the generator", loss->name);
    else
        return true;
    return false;
}

gm_tensor *gm_gan_loss_discriminator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake,
                                     const gm_gan_loss_params *params) {
    gm_tensor *inputs[] = {logit_real, logit_fake}, *poison;
    params = params != NULL ? params : &none;
    if (!gm_usable(loss->name, inputs, 2, &poison) || !params_usable(loss, params, logit_real->graph))
        return poison;
    if (loss->generator_needs_real)
        return pair_mean(loss, loss->real, logit_real, logit_fake, params);
    gm_tensor *real = mean_of(loss, loss->real, logit_real, params->weight_real);
    if (params->real_target != 0) {
        gm_tensor *smooth = mean_of(loss, loss->fake, logit_real, params->weight_real);
        real = gm_add(gm_scale(real, params->real_target), gm_scale(smooth, 1 - params->real_target));
    }
    return gm_add(real, mean_of(loss, loss->fake, logit_fake, params->weight_fake));
}

gm_tensor *gm_gan_loss_generator(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake,
                                 const gm_gan_loss_params *params) {
    gm_tensor *inputs[] = {logit_fake, logit_real}, *poison;
    params = params != NULL ? params : &none;
    if (loss->generator_needs_real && logit_real == NULL)
        return gm_fault(gm_tensor_graph(logit_fake), "the generator's %s loss needs the logits of real samples, too",
                        loss->name);
    if (!gm_usable(loss->name, inputs, loss->generator_needs_real ? 2 : 1, &poison) ||
        !params_usable(loss, params, logit_fake->graph))
        return poison;
    if (loss->generator_needs_real)
        return pair_mean(loss, loss->generator, logit_fake, logit_real, params);
    if (params->alternative)
        return mean_of(loss, loss->real, logit_fake, params->weight_fake);
    if (loss->generator == NULL)
        return gm_negate(mean_of(loss, loss->fake, logit_fake, params->weight_fake));
    return mean_of(loss, loss->generator, logit_fake, params->weight_fake);
}

gm_tensor *gm_f_divergence_bound(const gm_gan_loss *loss, gm_tensor *logit_real, gm_tensor *logit_fake) {
    if (loss->divergence == NULL)
        return gm_fault(gm_tensor_graph(logit_real),
                        "%s bounds no divergence; take one of f-GAN's objectives (f_kl ...)", loss->name);
    return gm_negate(gm_gan_loss_discriminator(loss, logit_real, logit_fake, NULL));
}

// ---- KL terms ----

gm_tensor *gm_kl_term(const gm_gan_loss *loss, gm_tensor *logit_fake, gm_kl_direction direction,
                      const gm_gan_loss_params *params) {
    gm_tensor *weight = params != NULL ? params->weight_fake : NULL, *poison;
    if (!gm_usable("kl_term", &logit_fake, 1, &poison))
        return poison;
    if (loss->log_ratio == NULL)
        return gm_fault(logit_fake->graph,
                        "kl_term: the logit of %s is no log density ratio ln p/q; take another loss, such as "
                        "non_saturating",
                        loss->name);
    if (direction != GM_KL_REVERSE && direction != GM_KL_FORWARD)
        return gm_fault(logit_fake->graph, "kl_term: there is no direction %d", (int)direction);
    if (weight != NULL)
        weight = weights_for(loss, logit_fake, weight);
    gm_tensor *ratio = loss->log_ratio(logit_fake);
    if (direction == GM_KL_REVERSE)
        return gm_negate(expectation(ratio, weight));
    if (loss->log_ratio_shifted)
        ratio = gm_subtract(ratio, gm_stop_gradient(gm_log_mean_exp(ratio)));
    return gm_negate(expectation(gm_exp_continued(ratio, gm_kl_exponent_limit), weight));
}
