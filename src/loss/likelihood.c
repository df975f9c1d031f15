// Log densities: element-wise terms, then one sum over all axes but the first.
#include "ganymede/likelihood.h"

#include "graph/build.h"

static const double log_two_pi = 1.8378770664093453;

// Fails unless x has samples and every other tensor has its shape (or is a scalar, where those may be).
static bool shapes_fit(const char *what, gm_tensor *const *tensors, size_t count, bool scalars, gm_tensor **poison) {
    if (!gm_usable(what, tensors, count, poison))
        return false;
    const gm_tensor *x = tensors[0];
    if (x->shape.rank == 0) {
        *poison = gm_fault(x->graph, "%s: it takes samples (N, ...), not one number", what);
        return false;
    }
    for (size_t i = 1; i < count; i++)
        if (!gm_shape_equal(&x->shape, &tensors[i]->shape) && !(scalars && tensors[i]->shape.rank == 0)) {
            *poison =
                gm_fault(x->graph, "%s: %s and %s must have one shape", what, gm_describe(x), gm_describe(tensors[i]));
            return false;
        }
    return true;
}

static gm_tensor *sum_of_samples(gm_tensor *x) {
    gm_tensor *sum = gm_sum(x, gm_all_axes(gm_tensor_shape(x)->rank) & ~GM_AXIS(0));
    return gm_reshape(sum, GM_SHAPE(gm_tensor_shape(x)->dim[0]));
}

gm_tensor *gm_reparametrize(gm_tensor *mean, gm_tensor *log_variance, gm_tensor *noise) {
    gm_tensor *inputs[] = {mean, log_variance, noise}, *poison;
    if (!shapes_fit("reparametrize", inputs, 3, false, &poison))
        return poison;
    return gm_add(mean, gm_multiply(gm_exp(gm_scale(log_variance, 0.5)), noise));
}

gm_tensor *gm_gaussian_divergence(gm_tensor *mean, gm_tensor *log_variance) {
    gm_tensor *inputs[] = {mean, log_variance}, *poison;
    if (!shapes_fit("gaussian_divergence", inputs, 2, false, &poison))
        return poison;
    gm_tensor *spread = gm_offset(gm_subtract(gm_exp(log_variance), log_variance), -1);
    return gm_scale(sum_of_samples(gm_add(gm_square(mean), spread)), 0.5);
}

gm_tensor *gm_gaussian_log_likelihood(gm_tensor *x, gm_tensor *mean, gm_tensor *log_variance) {
    gm_tensor *inputs[] = {x, mean, log_variance}, *poison;
    if (!shapes_fit("gaussian_log_likelihood", inputs, 3, true, &poison))
        return poison;
    gm_tensor *square = gm_multiply(gm_square(gm_subtract(x, mean)), gm_exp(gm_negate(log_variance)));
    return gm_scale(sum_of_samples(gm_add(square, gm_offset(log_variance, log_two_pi))), -0.5);
}

gm_tensor *gm_bernoulli_log_likelihood(gm_tensor *x, gm_tensor *logit) {
    gm_tensor *inputs[] = {x, logit}, *poison;
    if (!shapes_fit("bernoulli_log_likelihood", inputs, 2, false, &poison))
        return poison;
    // Both terms are positive: the shorter sp(l) - x l cancels for large logits.
    gm_tensor *one = gm_multiply(x, gm_softplus(gm_negate(logit)));
    gm_tensor *zero = gm_multiply(gm_offset(gm_negate(x), 1), gm_softplus(logit));
    return gm_negate(sum_of_samples(gm_add(one, zero)));
}

gm_tensor *gm_categorical_log_likelihood(gm_tensor *p, gm_tensor *logits) {
    gm_tensor *inputs[] = {p, logits}, *poison;
    if (!shapes_fit("categorical_log_likelihood", inputs, 2, false, &poison))
        return poison;
    if (gm_tensor_shape(p)->rank != 2)
        return gm_fault(p->graph, "categorical_log_likelihood: it takes (N, categories), not %s", gm_describe(p));
    return sum_of_samples(gm_multiply(p, gm_log_softmax(logits, 1)));
}
