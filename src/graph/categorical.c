// Discrete choices by logits: the index of the largest logit with Gumbel noise, and its relaxation.
#include "graph/build.h"

#include <math.h>

// The uniform numbers are multiples of 2^-24, 0 among them: half of one in its place keeps both logarithms finite.
gm_tensor *gm_gumbel_noise_of(gm_tensor *uniform) {
    if (!uniform || gm_is_poison(uniform))
        return uniform;
    return gm_negate(gm_log(gm_negate(gm_log(gm_maximum(uniform, gm_constant(uniform->graph, 0x1p-25))))));
}

gm_tensor *gm_gumbel_noise(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter) {
    return gm_gumbel_noise_of(gm_random_uniform(graph, name, shape, counter));
}

gm_tensor *gm_categorical(gm_tensor *logits, const char *name, gm_tensor *counter, size_t axis) {
    gm_tensor *poison;
    if (!gm_axis_usable("categorical", "logits", logits, axis, &poison))
        return poison;
    return gm_argmax(gm_add(logits, gm_gumbel_noise(logits->graph, name, logits->shape, counter)), axis);
}

// 1 at the largest of x along the axis, the first of equals, else 0.
static gm_tensor *one_hot_of_largest(gm_tensor *x, size_t axis) {
    return gm_equal(gm_argmax(x, axis), gm_indices_along(x->graph, x->shape.rank, axis, x->shape.dim[axis]));
}

gm_tensor *gm_gumbel_softmax_of(gm_tensor *logits, gm_tensor *noise, double temperature, bool hard, size_t axis) {
    gm_tensor *poison, *inputs[] = {logits, noise};
    if (!gm_axis_usable("gumbel_softmax", "logits", logits, axis, &poison) ||
        !gm_usable("gumbel_softmax", inputs, 2, &poison))
        return poison;
    if (!gm_shape_equal(&logits->shape, &noise->shape))
        return gm_fault(logits->graph, "gumbel_softmax: logits %s and noise %s must have one shape",
                        gm_describe(logits), gm_describe(noise));
    if (!(temperature > 0 && isfinite((float)(1 / temperature))))
        return gm_fault(logits->graph, "gumbel_softmax: the temperature %g must be above 0", temperature);
    gm_tensor *x = gm_scale(gm_add(logits, noise), 1 / temperature), *soft = gm_softmax(x, axis);
    if (!hard)
        return soft;
    // The difference is exactly 0 and has the soft one's gradient.
    return gm_add(one_hot_of_largest(x, axis), gm_subtract(soft, gm_stop_gradient(soft)));
}

gm_tensor *gm_gumbel_softmax(gm_tensor *logits, const char *name, gm_tensor *counter, double temperature, bool hard,
                             size_t axis) {
    gm_tensor *poison;
    if (!gm_axis_usable("gumbel_softmax", "logits", logits, axis, &poison))
        return poison;
    return gm_gumbel_softmax_of(logits, gm_gumbel_noise(logits->graph, name, logits->shape, counter), temperature, hard,
                                axis);
}
