// Layers that behave differently in training: batch norm, dropout, choices by Gumbel noise.
#include "nn/layers.h"

#include "graph/graph.h"

// variable <- (1 - momentum) latest + momentum batch, where the latest value may itself be pending.
static void update(gm_statistics *statistics, gm_tensor *variable, gm_tensor *batch, double momentum) {
    gm_tensor *latest = gm_statistics_latest(statistics, variable);
    gm_statistics_update(statistics, variable, gm_add(gm_scale(latest, 1 - momentum), gm_scale(batch, momentum)));
}

// The values of one layer's channels, shaped to broadcast over (N, C, ...).
static gm_tensor *per_channel(gm_tensor *x, const gm_tensor *like) {
    gm_shape shape = {gm_tensor_shape(like)->rank - 1, {gm_tensor_shape(like)->dim[1]}};
    for (size_t i = 1; i < shape.rank; i++)
        shape.dim[i] = 1;
    return gm_reshape(x, shape);
}

static gm_tensor *channel_variable(gm_tensor *x, const char *name, const char *part, gm_initializer start) {
    return gm_layer_variable(gm_tensor_graph(x), name, part, (gm_shape){1, {gm_tensor_shape(x)->dim[1]}}, start);
}

static gm_initializer constant(double value) {
    return (gm_initializer){GM_INITIALIZER_CONSTANT, value, 0};
}

gm_tensor *gm_batch_norm_layer(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                               const gm_batch_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (gm_is_poison(x))
        return x;
    if (shape->rank < 2 || shape->rank > 5)
        return gm_fault(graph, "it takes (N, C), (N, C, L), (N, C, H, W) or (N, C, D, H, W), not %s",
                        gm_shape_text(shape));
    const double momentum = params->momentum > 0 ? params->momentum : 0.1;
    const double epsilon = params->epsilon > 0 ? params->epsilon : 1e-5;
    const bool dcgan = params->initializer == GM_WEIGHTS_DCGAN;
    gm_tensor *running_mean = NULL, *running_variance = NULL, *weight = NULL, *bias = NULL;
    if (!params->no_affine) {
        weight =
            channel_variable(x, name, "weight", dcgan ? (gm_initializer){GM_INITIALIZER_NORMAL, 1, 0.02} : constant(1));
        bias = channel_variable(x, name, "bias", constant(0));
    }
    running_mean = channel_variable(x, name, "running_mean", constant(0));
    running_variance = channel_variable(x, name, "running_variance", constant(1));

    gm_tensor *mean, *variance;
    if (mode == GM_MODE_TRAINING) {
        const uint32_t axes = ((1u << shape->rank) - 1) & ~GM_AXIS(1);
        const size_t channels = shape->dim[1], values = gm_shape_count(shape) / GM_MAX(channels, 1);
        if (values < 2)
            return gm_fault(graph, "%s has one value per channel, which has no variance: use a larger batch",
                            gm_shape_text(shape));
        mean = gm_mean(x, axes);
        variance = gm_variance(x, axes);
        if (statistics != NULL) {
            const gm_shape flat = {1, {channels}};
            const double unbiased = (double)values / (double)(values - 1);
            update(statistics, running_mean, gm_reshape(mean, flat), momentum);
            update(statistics, running_variance, gm_scale(gm_reshape(variance, flat), unbiased), momentum);
        }
    } else if (mode == GM_MODE_INFERENCE) {
        mean = per_channel(running_mean, x);
        variance = per_channel(running_variance, x);
    } else {
        return gm_fault(graph, "the mode must be GM_MODE_TRAINING or GM_MODE_INFERENCE");
    }

    // The mean is taken off first: folding it into the bias would cancel digits when |mean| is large.
    gm_tensor *factor = gm_rsqrt(gm_offset(variance, epsilon));
    if (weight != NULL)
        factor = gm_multiply(factor, per_channel(weight, x));
    gm_tensor *y = gm_multiply(gm_subtract(x, mean), factor);
    return bias != NULL ? gm_add(y, per_channel(bias, x)) : y;
}

gm_tensor *gm_truncation_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    const gm_shape *shape = gm_tensor_shape(x);
    const double momentum = layer->params.truncation.momentum;
    if (gm_is_poison(x))
        return x;
    if (shape->rank < 2)
        return gm_fault(gm_tensor_graph(x), "it takes (N, C) or (N, C, ...), not %s", gm_shape_text(shape));
    gm_tensor *running_mean = channel_variable(x, context->name, "running_mean", constant(0));
    if (context->mode == GM_MODE_TRAINING && context->statistics != NULL)
        update(context->statistics, running_mean,
               gm_reshape(gm_mean(x, ((1u << shape->rank) - 1) & ~GM_AXIS(1)), (gm_shape){1, {shape->dim[1]}}),
               momentum);
    if (context->mode != GM_MODE_INFERENCE || context->truncation == NULL)
        return x;
    gm_tensor *mean = per_channel(running_mean, x);
    gm_shape spread = {.rank = shape->rank, .dim = {shape->dim[0]}};
    for (size_t i = 1; i < spread.rank; i++)
        spread.dim[i] = 1;
    return gm_add(mean, gm_multiply(gm_reshape(context->truncation, spread), gm_subtract(x, mean)));
}

gm_tensor *gm_dropout_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    if (!(rate >= 0 && rate < 1))
        return gm_fault(graph, "rate must be at least 0 and below 1, not %g", rate);
    if (mode == GM_MODE_INFERENCE || !(rate > 0))
        return x;
    if (mode != GM_MODE_TRAINING)
        return gm_fault(graph, "the mode must be GM_MODE_TRAINING or GM_MODE_INFERENCE");
    if (counter == NULL)
        return gm_fault(graph, "dropout in training needs a counter: without one it drops the same values every step");
    gm_tensor *kept = gm_random_bernoulli(graph, name, *gm_tensor_shape(x), 1 - rate, counter);
    return gm_multiply(x, gm_scale(kept, 1 / (1 - rate)));
}

gm_tensor *gm_gumbel_softmax_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, gm_tensor *noise,
                                   const gm_gumbel_softmax_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    if (gm_is_poison(x))
        return x;
    if (gm_tensor_shape(x)->rank < 2)
        return gm_fault(graph, "it takes (N, C) or (N, C, ...), not %s", gm_shape_text(gm_tensor_shape(x)));
    if (mode != GM_MODE_TRAINING && mode != GM_MODE_INFERENCE)
        return gm_fault(graph, "the mode must be GM_MODE_TRAINING or GM_MODE_INFERENCE");
    if (mode == GM_MODE_TRAINING && counter == NULL)
        return gm_fault(graph, "choices in training need a counter: without one the noise is the same every step");
    bool hard = params->hard || mode == GM_MODE_INFERENCE;
    return noise ? gm_gumbel_softmax_of(x, noise, params->temperature, hard, 1)
                 : gm_gumbel_softmax(x, name, counter, params->temperature, hard, 1);
}

gm_tensor *gm_batch_norm(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                         const gm_batch_norm_params *params) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    gm_tensor *y = gm_batch_norm_layer(x, name, mode, statistics, params);
    return gm_fault_prefix(graph, before, y, "%s (batch_norm)", name);
}

gm_tensor *gm_dropout(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate) {
    gm_graph *graph = gm_tensor_graph(x);
    gm_status before = gm_graph_fault(graph);
    return gm_fault_prefix(graph, before, gm_dropout_layer(x, name, mode, counter, rate), "%s (dropout)", name);
}
