// Regularisers of a discriminator. Norms are taken per sample over all axes but the first, under a root that has a
// gradient at 0.
#include "ganymede/penalty.h"

#include "graph/build.h"

#include <math.h>

static const double norm_epsilon = 1e-12;

static gm_tensor *gradient_square(const char *what, gm_tensor *logit, gm_tensor *x) {
    gm_tensor *inputs[] = {logit, x}, *gradient, *poison;
    if (!gm_usable(what, inputs, 2, &poison))
        return poison;
    if (logit->shape.rank == 0 || x->shape.rank == 0 || logit->shape.dim[0] != x->shape.dim[0])
        return gm_fault(x->graph, "%s: the logits %s and the input %s must be of the same samples", what,
                        gm_describe(logit), gm_describe(x));
    gm_tensor *sum = gm_sum_all(logit); // sample i's input reaches sample i's logits alone
    gm_grad(sum, &x, 1, &gradient);
    if (gm_known_equal(gradient, 0))
        return gm_fault(x->graph, "%s: the logits %s do not depend on the input %s", what, gm_describe(logit),
                        gm_describe(x));
    gm_tensor *square = gm_sum(gm_square(gradient), gm_all_axes(x->shape.rank) & ~GM_AXIS(0));
    return gm_reshape(square, (gm_shape){2, {x->shape.dim[0], 1}});
}

static bool number_usable(const char *what, const char *name, double value, gm_tensor *x) {
    if (value >= 0 && isfinite((float)value))
        return true;
    gm_fault(gm_tensor_graph(x), "%s: the %s %g must be finite and not below 0", what, name, value);
    return false;
}

static gm_tensor *poison_of(gm_tensor *x) {
    return x != NULL ? x->graph->nodes[0] : NULL;
}

gm_tensor *gm_gradient_square(gm_tensor *logit, gm_tensor *x) {
    return gradient_square("gradient_square", logit, x);
}

gm_tensor *gm_gradient_penalty(gm_tensor *logit, gm_tensor *x, double weight, double centre) {
    static const char what[] = "gradient_penalty";
    if (!number_usable(what, "weight", weight, x) || !number_usable(what, "centre", centre, x))
        return poison_of(x);
    gm_tensor *norm = gm_sqrt(gm_offset(gradient_square(what, logit, x), norm_epsilon));
    return gm_scale(gm_mean_all(gm_square(gm_offset(norm, -centre))), weight);
}

gm_tensor *gm_squared_gradient_penalty(gm_tensor *logit, gm_tensor *x, double gamma) {
    static const char what[] = "squared_gradient_penalty";
    if (!number_usable(what, "gamma", gamma, x))
        return poison_of(x);
    return gm_scale(gm_mean_all(gradient_square(what, logit, x)), gamma / 2);
}

// ---- Where the gradient is taken ----

gm_tensor *gm_interpolate(gm_tensor *real, gm_tensor *fake, gm_tensor *uniform) {
    gm_tensor *inputs[] = {real, fake, uniform}, *poison;
    if (!gm_usable("interpolate", inputs, 3, &poison))
        return poison;
    if (!gm_shape_equal(&real->shape, &fake->shape))
        return gm_fault(real->graph, "interpolate: real %s and fake %s must have one shape", gm_describe(real),
                        gm_describe(fake));
    gm_shape column = {.rank = real->shape.rank, .dim = {real->shape.dim[0]}};
    if (column.rank == 0 || gm_shape_count(&uniform->shape) != column.dim[0])
        return gm_fault(real->graph, "interpolate: uniform %s must hold one number for each sample of %s",
                        gm_describe(uniform), gm_describe(real));
    for (size_t i = 1; i < column.rank; i++)
        column.dim[i] = 1;
    return gm_add(fake, gm_multiply(gm_reshape(uniform, column), gm_subtract(real, fake)));
}

// x + factor noise with noise of x's own shape: smaller noise would be the same for several values.
static gm_tensor *add_noise(const char *what, gm_tensor *x, gm_tensor *noise, gm_tensor *factor) {
    gm_tensor *inputs[] = {x, noise, factor}, *poison;
    if (!gm_usable(what, inputs, 3, &poison))
        return poison;
    if (!gm_shape_equal(&x->shape, &noise->shape))
        return gm_fault(x->graph, "%s: the noise %s must have the shape of x %s", what, gm_describe(noise),
                        gm_describe(x));
    if (gm_shape_count(&factor->shape) != 1)
        return gm_fault(x->graph, "%s: its strength %s must be a scalar", what, gm_describe(factor));
    return gm_add(x, gm_multiply(gm_reshape(factor, GM_SCALAR), noise));
}

gm_tensor *gm_dragan_neighbours(gm_tensor *x, gm_tensor *uniform) {
    gm_tensor *variance = gm_variance(x, gm_all_axes(gm_tensor_shape(x)->rank));
    gm_tensor *deviation = gm_stop_gradient(gm_sqrt(variance));
    return add_noise("dragan_neighbours", x, uniform, gm_scale(deviation, 0.5));
}

gm_tensor *gm_instance_noise(gm_tensor *x, gm_tensor *noise, gm_tensor *sigma) {
    return add_noise("instance_noise", x, noise, sigma);
}
