// What the discriminator sees of samples, and what it says of them.
#include "model/gan_step.h"

#include "ganymede/penalty.h"
#include "graph/graph.h"

bool gm_gan_has(const gm_gan_step *g, gm_regularizer which) {
    return g->settings->regularizers.origin[which] != NULL;
}

gm_tensor *gm_gan_part(gm_tensor *x, size_t begin, size_t count) {
    gm_shape shape = *gm_tensor_shape(x);
    shape.dim[0] = count;
    return gm_slice(x, (size_t[GM_MAX_RANK]){begin}, shape.dim);
}

size_t gm_gan_packed(const gm_gan_step *g) {
    return gm_gan_has(g, GM_REGULARIZER_PACKING) ? g->settings->regularizers.packing.samples : 1;
}

gm_tensor *gm_gan_seen(const gm_gan_step *g, gm_tensor *x, const char *name) {
    const gm_regularizers *r = &g->settings->regularizers;
    if (gm_gan_has(g, GM_REGULARIZER_AUGMENT))
        x = gm_augment(x, gm_graph_printf(g->graph, "augment.%s", name), &r->augment.operations, g->probability,
                       g->counter);
    if (gm_gan_has(g, GM_REGULARIZER_INSTANCE_NOISE)) {
        gm_tensor *variance = gm_constant(g->graph, 1);
        if (r->instance_noise.until > 0) {
            gm_tensor *until = gm_constant_int(g->graph, (int32_t)r->instance_noise.until);
            gm_tensor *left = gm_maximum(gm_subtract(until, g->step), gm_constant_int(g->graph, 0));
            variance = gm_scale(gm_cast(left, GM_FLOAT32), 1.0 / (double)r->instance_noise.until); // 0 without rounding
        }
        gm_model_dial deviation =
            gm_model_offer(g->model, "instance_noise.deviation", r->instance_noise.deviation, 0, 1e3);
        const char *stream = gm_graph_printf(g->graph, "noise.%s", name);
        x = gm_instance_noise(x, gm_random_normal(g->graph, stream, *gm_tensor_shape(x), g->counter),
                              gm_model_turn(&deviation, gm_scale(gm_sqrt(variance), deviation.constant)));
    }
    return gm_gan_packed(g) > 1 ? gm_pack(x, gm_gan_packed(g)) : x;
}

gm_status gm_gan_judge(const gm_gan_step *g, gm_tensor *x, gm_tensor **logit) {
    return gm_model_apply(logit, g->discriminator, x, g->labels, g->counter);
}

gm_status gm_gan_check_logit(const gm_tensor *logit, const gm_layer_list *layers, size_t expected,
                             const char *network) {
    const gm_shape *shape = gm_tensor_shape(logit);
    if (shape->rank > 0 && shape->dim[0] == expected && gm_shape_count(shape) == expected)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: the %s must end in one logit per sample, but it gives %s values: end it with `dense: 1`",
                   layers->layers[layers->count - 1].origin, network, gm_model_sample_text(logit).text);
}

gm_model_number gm_gan_score(const gm_gan_step *g, gm_tensor *logit, bool real) {
    if (!g->settings->loss->log_ratio)
        return (gm_model_number){real ? "real_logit" : "fake_logit", real ? "l(x)" : "l(G(z))", gm_mean_all(logit),
                                 false};
    return (gm_model_number){real ? "real_score" : "fake_score", real ? "D(x)" : "D(G(z))",
                             gm_mean_all(gm_sigmoid(logit)), false};
}
