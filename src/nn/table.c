// The table of layers: what a recipe may say. Adding a layer is adding its parameters, its apply function and a row.
// Long because these three stand together for every layer.
#include "nn/layers.h"

#include "graph/graph.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MAX_UNITS = 1 << 24, MAX_CHANNELS = 1 << 16, MAX_KERNEL = 1 << 10, MAX_CLASSES = 1 << 20 };

// ---- What the rows do ----

static gm_weight_initializer chosen(const gm_layer_context *context, gm_weight_initializer own) {
    return own != GM_WEIGHTS_DEFAULT ? own : context->initializer;
}

// Only Kaiming's rule is about the activation that follows; an explicit gain wins.
static double chosen_gain(const gm_layer_context *context, gm_weight_initializer initializer, double own) {
    bool kaiming = initializer == GM_WEIGHTS_KAIMING_NORMAL || initializer == GM_WEIGHTS_KAIMING_UNIFORM;
    return own > 0 || !kaiming ? own : context->gain;
}

static gm_spectral_norm_params chosen_norm(const gm_layer_context *context, gm_spectral_norm_params own) {
    return (gm_spectral_norm_params){own.on, context->mode, context->statistics};
}

static gm_dense_params dense_params(const gm_layer_context *context, gm_dense_params params) {
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return params;
}

static gm_tensor *apply_dense(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_dense_params params = dense_params(context, layer->params.dense);
    return gm_dense_layer(x, context->name, &params);
}

static gm_tensor *apply_maxout(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_maxout_params params = {dense_params(context, layer->params.maxout.dense), layer->params.maxout.pieces};
    return gm_maxout_layer(x, context->name, &params);
}

static gm_conv_params conv_params(const gm_layer_context *context, const gm_layer *layer) {
    gm_conv_params params = layer->params.conv;
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return params;
}

static gm_tensor *apply_conv(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_conv_params params = conv_params(context, layer);
    return gm_conv_layer(x, context->name, &params);
}

static gm_tensor *apply_conv_transpose(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_conv_params params = conv_params(context, layer);
    return gm_conv_transpose_layer(x, context->name, &params);
}

static gm_tensor *apply_average_pool(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_average_pool_layer(x, &layer->params.pool);
}

static gm_tensor *apply_max_pool(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_max_pool_layer(x, &layer->params.pool);
}

static gm_tensor *apply_upsample(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_upsample_layer(x, &layer->params.upsample);
}

static gm_tensor *apply_batch_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_batch_norm_params params = layer->params.batch_norm;
    params.initializer = chosen(context, params.initializer);
    return gm_batch_norm_layer(x, context->name, context->mode, context->statistics, &params);
}

static gm_tensor *apply_layer_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_layer_norm_layer(x, context->name, &layer->params.sample_norm);
}

static gm_tensor *apply_instance_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_instance_norm_layer(x, context->name, &layer->params.sample_norm);
}

static gm_tensor *apply_group_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_group_norm_layer(x, context->name, &layer->params.sample_norm);
}

static gm_tensor *apply_adain(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_adain_params params = layer->params.adain;
    params.initializer = chosen(context, params.initializer);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return gm_adain_layer(x, gm_network_output(context->network, params.style), context->name, &params);
}

static gm_tensor *apply_modulated_conv(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_modulated_conv_params params = layer->params.modulated_conv;
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
    return gm_modulated_conv_layer(x, gm_network_output(context->network, params.style), context->name, &params);
}

static gm_tensor *apply_pixel_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_pixel_norm_layer(x, layer->params.pixel_norm.epsilon);
}

static gm_tensor *apply_constant(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_constant_layer(x, context->name, layer->params.reshape.shape);
}

static gm_tensor *apply_minibatch_stddev(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_minibatch_stddev_layer(x, &layer->params.minibatch_stddev);
}

static gm_tensor *apply_pad(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_pad_samples_layer(x, &layer->params.padding);
}

static gm_tensor *apply_pixel_shuffle(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_pixel_shuffle_layer(x, layer->params.pixel_shuffle.factor);
}

static gm_tensor *apply_pixel_unshuffle(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_pixel_unshuffle_layer(x, layer->params.pixel_shuffle.factor);
}

// Masks and shifts of different applications must differ, so the stream's name counts them.
static const char *stream(gm_graph *graph, const gm_layer_context *context, const gm_layer *layer) {
    return gm_graph_printf(graph, "%s.%s.%zu", context->name, layer->type->name, context->application);
}

static gm_tensor *apply_phase_shuffle(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_phase_shuffle_layer(x, stream(gm_tensor_graph(x), context, layer), context->mode, context->counter,
                                  layer->params.phase_shuffle.reach);
}

static gm_tensor *apply_attention(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_attention_params params = layer->params.attention;
    params.initializer = chosen(context, params.initializer);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return gm_attention_layer(x, context->name, &params);
}

static gm_tensor *apply_positions(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_positions_layer(x, context->name, &layer->params.positions);
}

static gm_recurrent_params recurrent_params(const gm_layer_context *context, const gm_layer *layer) {
    gm_recurrent_params params = layer->params.recurrent;
    params.initializer = chosen(context, params.initializer);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return params;
}

static gm_tensor *apply_gru(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    const gm_recurrent_params params = recurrent_params(context, layer);
    return context->memory != NULL ? gm_gru_position_layer(x, context->name, &params, context->memory)
                                   : gm_gru_layer(x, context->name, &params);
}

static gm_tensor *apply_lstm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    const gm_recurrent_params params = recurrent_params(context, layer);
    return context->memory != NULL ? gm_lstm_position_layer(x, context->name, &params, context->memory)
                                   : gm_lstm_layer(x, context->name, &params);
}

static gm_tensor *apply_dropout(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_dropout_layer(x, stream(gm_tensor_graph(x), context, layer), context->mode, context->counter,
                            layer->params.dropout.rate);
}

static gm_tensor *apply_softmax(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_softmax(x, layer->params.softmax.axis);
}

static gm_tensor *apply_log_softmax(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_log_softmax(x, layer->params.softmax.axis);
}

static gm_tensor *apply_gumbel_softmax(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    const gm_shape *shape = gm_tensor_shape(x);
    if (context->mode == GM_MODE_INFERENCE && context->draw && !gm_is_poison(x))
        return gm_gumbel_softmax_layer(x, context->name, context->mode, NULL,
                                       gm_gumbel_noise_of(context->draw(context->user, context->name, *shape)),
                                       &layer->params.gumbel_softmax);
    // As dropout's in training. A graph that draws batches of several sizes has noise of each.
    const char *name =
        context->mode == GM_MODE_TRAINING
            ? gm_graph_printf(graph, "%s.gumbel.%zu", context->name, context->application)
            : gm_graph_printf(graph, "%s.gumbel.inference.%zu", context->name, shape->rank > 0 ? shape->dim[0] : 0);
    return gm_gumbel_softmax_layer(x, name, context->mode, context->counter, NULL, &layer->params.gumbel_softmax);
}

static gm_tensor *apply_flatten(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_flatten_layer(x);
}

static gm_tensor *apply_reshape(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_reshape_samples_layer(x, layer->params.reshape.shape);
}

static gm_tensor *apply_pca(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_pca_layer(x, context->name, &layer->params.components);
}

static gm_tensor *apply_pca_inverse(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_pca_inverse_layer(x, layer->params.reshape.shape);
}

static gm_tensor *apply_embed(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_embed_layer(x, context->labels, context->name, &layer->params.embed);
}

static gm_tensor *apply_embedding(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    return gm_embedding_layer(x, context->name, &layer->params.embedding);
}

static gm_tensor *apply_projection(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_projection_params params = layer->params.projection;
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
    params.spectral_norm = chosen_norm(context, params.spectral_norm);
    return gm_projection_layer(x, context->labels, context->name, &params);
}

static gm_tensor *apply_relu(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_relu(x);
}

static gm_tensor *apply_leaky_relu(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    const double slope = layer->params.activation.slope;
    return slope > 0 ? gm_leaky_relu(x, slope) : gm_relu(x);
}

static gm_tensor *apply_tanh(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_tanh(x);
}

static gm_tensor *apply_sigmoid(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_sigmoid(x);
}

static gm_tensor *apply_softplus(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_softplus(x);
}

static double gain_relu(const gm_layer *layer) {
    (void)layer;
    return sqrt(2);
}

static double gain_leaky_relu(const gm_layer *layer) {
    const double slope = layer->params.activation.slope;
    return sqrt(2 / (1 + slope * slope));
}

static double gain_tanh(const gm_layer *layer) {
    (void)layer;
    return 5.0 / 3;
}

static double gain_one(const gm_layer *layer) {
    (void)layer;
    return 1;
}

// ---- What the rows take ----

#define INITIALIZER(type)                                                                                              \
    {                                                                                                                  \
        .key = "initializer", .kind = GM_PARAMETER_CHOICE, .offset = offsetof(type, initializer),                      \
        .choices = gm_weight_initializer_names, .help = "how the weights start; default: the network's initializer"    \
    }
#define GAIN(type)                                                                                                     \
    {                                                                                                                  \
        .key = "gain", .kind = GM_PARAMETER_NUMBER, .offset = offsetof(type, gain), .maximum = 1000,                   \
        .help = "factor of Xavier's and Kaiming's weights; 0: Xavier 1, Kaiming by the activation that follows"        \
    }
#define BIAS(type)                                                                                                     \
    {                                                                                                                  \
        .key = "bias", .kind = GM_PARAMETER_BOOLEAN, .offset = offsetof(type, no_bias), .initial = 1, .negated = true, \
        .help = "add a trainable bias per output"                                                                      \
    }

#define SPECTRAL_NORM(type)                                                                                            \
    {                                                                                                                  \
        .key = "spectral_norm", .kind = GM_PARAMETER_BOOLEAN, .offset = offsetof(type, spectral_norm.on),              \
        .help = "divide the weight by its largest singular value, estimated by one power iteration per application"    \
    }

// Of the layer, behind its params.
#define RATE                                                                                                           \
    {                                                                                                                  \
        .key = "rate", .kind = GM_PARAMETER_NUMBER, .offset = offsetof(gm_layer, rate) - offsetof(gm_layer, params),   \
        .initial = 1, .maximum = 1000,                                                                                 \
        .help = "factor of the optimizer's learning rate for what the layer trains; 0: it keeps its values"            \
    }

// Of gm_dense_params, wherever a struct begins with them.
#define DENSE_PARAMETERS                                                                                               \
    {.key = "units",                                                                                                   \
     .kind = GM_PARAMETER_INTEGER,                                                                                     \
     .offset = offsetof(gm_dense_params, units),                                                                       \
     .minimum = 1,                                                                                                     \
     .maximum = MAX_UNITS,                                                                                             \
     .required = true,                                                                                                 \
     .positional = true,                                                                                               \
     .help = "width of the output"},                                                                                   \
        BIAS(gm_dense_params), INITIALIZER(gm_dense_params), GAIN(gm_dense_params), SPECTRAL_NORM(gm_dense_params),    \
        RATE

static const gm_parameter dense_parameters[] = {DENSE_PARAMETERS};

static_assert(offsetof(gm_maxout_params, dense) == 0, "maxout's rows are those of dense and its own");
static const gm_parameter maxout_parameters[] = {
    DENSE_PARAMETERS,
    {.key = "pieces",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_maxout_params, pieces),
     .minimum = 1,
     .maximum = 1024,
     .required = true,
     .help = "linear outputs of which each unit takes the maximum"},
};

#define CONV_PARAMETERS                                                                                                \
    {.key = "channels",                                                                                                \
     .kind = GM_PARAMETER_INTEGER,                                                                                     \
     .offset = offsetof(gm_conv_params, channels),                                                                     \
     .minimum = 1,                                                                                                     \
     .maximum = MAX_CHANNELS,                                                                                          \
     .required = true,                                                                                                 \
     .positional = true,                                                                                               \
     .help = "channels of the output"},                                                                                \
        {.key = "kernel",                                                                                              \
         .kind = GM_PARAMETER_AXES,                                                                                    \
         .offset = offsetof(gm_conv_params, kernel),                                                                   \
         .minimum = 1,                                                                                                 \
         .maximum = MAX_KERNEL,                                                                                        \
         .required = true,                                                                                             \
         .help = "size of the kernel"},                                                                                \
        {.key = "stride",                                                                                              \
         .kind = GM_PARAMETER_AXES,                                                                                    \
         .offset = offsetof(gm_conv_params, stride),                                                                   \
         .initial = 1,                                                                                                 \
         .minimum = 1,                                                                                                 \
         .maximum = MAX_KERNEL,                                                                                        \
         .help = "step of the kernel (conv_transpose: of the output)"},                                                \
        {.key = "padding",                                                                                             \
         .kind = GM_PARAMETER_AXES,                                                                                    \
         .offset = offsetof(gm_conv_params, padding),                                                                  \
         .maximum = MAX_KERNEL,                                                                                        \
         .help = "zeros at both ends of an axis (conv_transpose: cut from the output)"},                               \
        {.key = "dilation",                                                                                            \
         .kind = GM_PARAMETER_AXES,                                                                                    \
         .offset = offsetof(gm_conv_params, dilation),                                                                 \
         .initial = 1,                                                                                                 \
         .minimum = 1,                                                                                                 \
         .maximum = MAX_KERNEL,                                                                                        \
         .help = "distance of the kernel's values; it has no factor in common with the stride"},                       \
        {.key = "same",                                                                                                \
         .kind = GM_PARAMETER_BOOLEAN,                                                                                 \
         .offset = offsetof(gm_conv_params, same),                                                                     \
         .help = "pad so that the size is divided (conv_transpose: multiplied) by the stride alone"},                  \
        {.key = "groups",                                                                                              \
         .kind = GM_PARAMETER_INTEGER,                                                                                 \
         .offset = offsetof(gm_conv_params, groups),                                                                   \
         .initial = 1,                                                                                                 \
         .minimum = 1,                                                                                                 \
         .maximum = GM_MAX_CONV_GROUPS,                                                                                \
         .help = "parts of the channels, each convolved to its part of the output alone"},                             \
        BIAS(gm_conv_params), INITIALIZER(gm_conv_params), GAIN(gm_conv_params), SPECTRAL_NORM(gm_conv_params), RATE

static const char *const padding_modes[] = {"zero", "reflect", "replicate", NULL}; // gm_padding_mode

static const gm_parameter conv_parameters[] = {
    CONV_PARAMETERS,
    {.key = "padding_mode",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_conv_params, padding_mode),
     .choices = padding_modes,
     .help = "what the padding is: zeros, the inside mirrored at the edge, or the edge repeated"},
};

static const gm_parameter pad_parameters[] = {
    {.key = "size",
     .kind = GM_PARAMETER_SHAPE,
     .offset = offsetof(gm_padding_params, size),
     .maximum = MAX_KERNEL,
     .required = true,
     .positional = true,
     .help = "values at both ends of each axis behind the channels: one number, or one for each axis"},
    {.key = "after",
     .kind = GM_PARAMETER_SHAPE,
     .offset = offsetof(gm_padding_params, after),
     .maximum = MAX_KERNEL,
     .help = "values at the far ends where they are not as many; []: size"},
    {.key = "mode",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_padding_params, mode),
     .choices = padding_modes,
     .help = "zeros, the inside mirrored at the edge, or the edge repeated"},
};

static const gm_parameter pixel_shuffle_parameters[] = {
    {.key = "factor",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_pixel_shuffle_params, factor),
     .initial = 2,
     .minimum = 1,
     .maximum = GM_MAX_PIXEL_SHUFFLE,
     .positional = true,
     .help = "how many times as high and wide the larger images are; their channels are factor squared times fewer"},
};

static const gm_parameter phase_shuffle_parameters[] = {
    {.key = "reach",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_phase_shuffle_params, reach),
     .initial = 2,
     .maximum = MAX_KERNEL,
     .positional = true,
     .help = "largest shift either way, in positions"},
};

static const gm_parameter minibatch_stddev_parameters[] = {
    {.key = "group",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_minibatch_stddev_params, group),
     .initial = 4,
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .positional = true,
     .help = "samples that are compared: this many, or the largest number below that divides the batch"},
};

static const gm_parameter conv_transpose_parameters[] = {
    CONV_PARAMETERS,
    {.key = "output_padding",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_conv_params, output_padding),
     .maximum = MAX_KERNEL - 1,
     .help = "values added at the output's end, fewer than the stride"},
};

static const gm_parameter pool_parameters[] = {
    {.key = "kernel",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_pool_params, kernel),
     .minimum = 1,
     .maximum = MAX_KERNEL,
     .required = true,
     .positional = true,
     .help = "size of the window"},
    {.key = "stride",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_pool_params, stride),
     .maximum = MAX_KERNEL,
     .help = "step of the window; 0: the window's size"},
    {.key = "padding",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_pool_params, padding),
     .maximum = MAX_KERNEL / 2,
     .help = "border at both ends of an axis, at most half the window"},
};

static const char *const upsample_modes[] = {"nearest", "bilinear", NULL}; // gm_upsample_mode

static const gm_parameter upsample_parameters[] = {
    {.key = "factor",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_upsample_params, factor),
     .initial = 2,
     .minimum = 1,
     .maximum = GM_MAX_UPSAMPLE,
     .positional = true,
     .help = "how many times as long, high and wide"},
    {.key = "mode",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_upsample_params, mode),
     .choices = upsample_modes,
     .help = "nearest repeats values; bilinear interpolates between them along each axis, the edges repeated"},
};

#define EPSILON(type)                                                                                                  \
    {                                                                                                                  \
        .key = "epsilon", .kind = GM_PARAMETER_NUMBER, .offset = offsetof(type, epsilon), .initial = 1e-5,             \
        .minimum = 1e-12, .maximum = 1, .help = "added to the variance"                                                \
    }
#define AFFINE(type, standard, text)                                                                                   \
    {                                                                                                                  \
        .key = "affine", .kind = GM_PARAMETER_BOOLEAN, .offset = offsetof(type, no_affine), .initial = standard,       \
        .negated = true, .help = text                                                                                  \
    }

static const gm_parameter batch_norm_parameters[] = {
    {.key = "momentum",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_batch_norm_params, momentum),
     .initial = 0.1,
     .minimum = 1e-6,
     .maximum = 1,
     .help = "weight of the new batch in the running statistics"},
    EPSILON(gm_batch_norm_params),
    AFFINE(gm_batch_norm_params, 1, "scale and shift each channel by trainable values"),
    INITIALIZER(gm_batch_norm_params),
    RATE,
};

static const char *const norm_overs[] = {"sample", "channels", NULL}; // gm_norm_over

static const gm_parameter layer_norm_parameters[] = {
    {.key = "over",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_sample_norm_params, over),
     .choices = norm_overs,
     .help = "what shares a mean: all values of a sample, or the channels of each position"},
    EPSILON(gm_sample_norm_params),
    AFFINE(gm_sample_norm_params, 1, "scale and shift each value of a sample, or channel, by trainable ones"),
    RATE,
};

static const gm_parameter instance_norm_parameters[] = {
    EPSILON(gm_sample_norm_params),
    AFFINE(gm_sample_norm_params, 0, "scale and shift each channel by trainable values"),
    RATE,
};

static const gm_parameter group_norm_parameters[] = {
    {.key = "groups",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_sample_norm_params, groups),
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .required = true,
     .positional = true,
     .help = "equal parts of the channels, each normalised by itself"},
    EPSILON(gm_sample_norm_params),
    AFFINE(gm_sample_norm_params, 1, "scale and shift each channel by trainable values"),
    RATE,
};

static const gm_parameter attention_parameters[] = {
    {.key = "heads",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_attention_params, heads),
     .initial = 1,
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .help = "parts of the keys and values, each with weights of its own for what is read"},
    {.key = "key",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_attention_params, key),
     .maximum = MAX_CHANNELS,
     .help = "channels of the queries, and of the keys, of all heads together; 0: an eighth of the input's, at least "
             "one a head"},
    {.key = "value",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_attention_params, value),
     .maximum = MAX_CHANNELS,
     .help = "channels of the values of all heads together; 0: as many as of the keys"},
    {.key = "causal",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_attention_params, causal),
     .help = "a position reads itself and earlier ones alone"},
    {.key = "scale",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_attention_params, no_scale),
     .initial = 1,
     .negated = true,
     .help = "divide by the root of a head's key channels what goes into the softmax (Vaswani et al.); false: SAGAN's"},
    {.key = "gate",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_attention_params, no_gate),
     .initial = 1,
     .negated = true,
     .help = "x + gate y, the gate a trainable number that starts at 0; false: y alone, as inside `residual`"},
    {.key = "bias",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_attention_params, bias),
     .help = "add a trainable bias to queries, keys, values and the output"},
    INITIALIZER(gm_attention_params),
    SPECTRAL_NORM(gm_attention_params),
    RATE,
};

static const char *const positions_kinds[] = {"learned", "sinusoidal", NULL}; // gm_positions_kind

static const gm_parameter positions_parameters[] = {
    {.key = "kind",
     .kind = GM_PARAMETER_CHOICE,
     .offset = offsetof(gm_positions_params, kind),
     .choices = positions_kinds,
     .positional = true,
     .help = "learned: a trainable value each; sinusoidal: sines and cosines of rising length"},
    RATE,
};

static const gm_parameter recurrent_parameters[] = {
    {.key = "units",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_recurrent_params, units),
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .required = true,
     .positional = true,
     .help = "width of the state: channels of the output; the sequence has at most 1024 positions"},
    {.key = "layers",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_recurrent_params, layers),
     .initial = 1,
     .minimum = 1,
     .maximum = 64,
     .help = "stacked, each reads the one below"},
    {.key = "bidirectional",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_recurrent_params, bidirectional),
     .help = "walk from the end to the beginning, too: as many channels again"},
    {.key = "last",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_recurrent_params, last),
     .help = "the state after the last position alone, as a vector"},
    INITIALIZER(gm_recurrent_params),
    SPECTRAL_NORM(gm_recurrent_params),
    RATE,
};

static const gm_parameter embedding_parameters[] = {
    {.key = "size",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_embedding_params, size),
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .required = true,
     .positional = true,
     .help = "length of a symbol's vector: channels of the output"},
    {.key = "symbols",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_embedding_params, symbols),
     .maximum = MAX_UNITS,
     .help = "how many there are; 0: the channels of one-hot input, and in language models what the text has"},
    RATE,
};

static const gm_parameter dropout_parameters[] = {
    {.key = "rate",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_dropout_params, rate),
     .initial = 0.5,
     .maximum = 0.999,
     .positional = true,
     .help = "share of the values that training drops"},
};

static const gm_parameter softmax_parameters[] = {
    {.key = "axis",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_softmax_params, axis),
     .initial = 1,
     .minimum = 1,
     .maximum = GM_MAX_RANK - 1,
     .positional = true,
     .help = "along which the values sum to 1: 1 is the channels', 2 the first of the positions'"},
};

static const gm_parameter gumbel_softmax_parameters[] = {
    {.key = "temperature",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_gumbel_softmax_params, temperature),
     .initial = 1,
     .minimum = 1e-3,
     .maximum = 1e3,
     .positional = true,
     .help = "near 0 the choice is nearly hard and its gradient noisy"},
    {.key = "hard",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_gumbel_softmax_params, hard),
     .help = "in training, too, exactly one-hot, with the gradient of the soft choice"},
};

static const gm_parameter leaky_relu_parameters[] = {
    {.key = "slope",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_activation_params, slope),
     .initial = 0.2,
     .maximum = 1,
     .positional = true,
     .help = "factor of negative values"},
};

static const gm_parameter reshape_parameters[] = {
    {.key = "shape",
     .kind = GM_PARAMETER_SHAPE,
     .offset = offsetof(gm_reshape_params, shape),
     .minimum = 1,
     .maximum = MAX_UNITS,
     .required = true,
     .positional = true,
     .help = "shape of one sample, [C, H, W] for images"},
};

static const gm_parameter components_parameters[] = {
    {.key = "components",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_components_params, components),
     .minimum = 1,
     .maximum = 128,
     .required = true,
     .positional = true,
     .help = "how many axes"},
};

#define CLASSES(type)                                                                                                  \
    {                                                                                                                  \
        .key = "classes", .kind = GM_PARAMETER_INTEGER, .offset = offsetof(type, classes), .minimum = 1,               \
        .maximum = MAX_CLASSES, .required = true, .help = "number of classes: labels are 0 to classes - 1"             \
    }

static const gm_parameter embed_parameters[] = {
    CLASSES(gm_embed_params),
    {.key = "size",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_embed_params, size),
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .required = true,
     .help = "values per class, each N(0, 1) at the start; few beside those of z, or the generator learns one picture "
             "of each class by heart"},
    RATE,
};

static const gm_parameter projection_parameters[] = {
    CLASSES(gm_projection_params),
    INITIALIZER(gm_projection_params),
    GAIN(gm_projection_params),
    SPECTRAL_NORM(gm_projection_params),
    RATE,
};

#define NAME(word, type, field, must, text)                                                                            \
    {                                                                                                                  \
        .key = word, .kind = GM_PARAMETER_NAME, .offset = offsetof(type, field), .required = must, .positional = must, \
        .help = text                                                                                                   \
    }
#define LAYERS(word, type, field, must, text)                                                                          \
    { .key = word, .kind = GM_PARAMETER_LAYERS, .offset = offsetof(type, field), .required = must, .help = text }

static const gm_parameter residual_parameters[] = {
    {.key = "layers",
     .kind = GM_PARAMETER_LAYERS,
     .offset = offsetof(gm_residual_params, layers),
     .required = true,
     .positional = true,
     .help = "f in f(x) + shortcut(x)"},
    LAYERS("shortcut", gm_residual_params, shortcut, false, "the way past them; none: x itself"),
    RATE,
};

static const gm_parameter feedback_parameters[] = {
    {.key = "symbols",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_feedback_params, symbols),
     .minimum = 2,
     .maximum = MAX_CHANNELS,
     .required = true,
     .help = "how many there are to choose from: channels of the output"},
    {.key = "length",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_feedback_params, length),
     .minimum = 2,
     .maximum = GM_MAX_RECURRENT_POSITIONS,
     .required = true,
     .help = "positions of the output"},
    {.key = "temperature",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_feedback_params, temperature),
     .initial = 1,
     .minimum = 1e-3,
     .maximum = 1e3,
     .help = "of the soft choice whose gradient training takes: near 0 it is nearly the hard one's, and noisy"},
    LAYERS("layers", gm_feedback_params, layers, true,
           "what sees the symbol before and the input; a map to a logit for each symbol follows by itself"),
    RATE,
};

static const gm_parameter adain_parameters[] = {
    NAME("style", gm_adain_params, style, true, "the tap or head with the vectors that make the scales"),
    EPSILON(gm_adain_params),
    INITIALIZER(gm_adain_params),
    GAIN(gm_adain_params),
    SPECTRAL_NORM(gm_adain_params),
    RATE,
};

static const gm_parameter modulated_conv_parameters[] = {
    NAME("style", gm_modulated_conv_params, style, true, "the tap or head with the vectors that make the scales"),
    {.key = "channels",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_modulated_conv_params, channels),
     .minimum = 1,
     .maximum = MAX_CHANNELS,
     .required = true,
     .help = "channels of the output"},
    {.key = "kernel",
     .kind = GM_PARAMETER_AXES,
     .offset = offsetof(gm_modulated_conv_params, kernel),
     .initial = 3,
     .minimum = 1,
     .maximum = MAX_KERNEL,
     .help = "size of the kernel, odd: the output is as large as the input"},
    {.key = "demodulate",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_modulated_conv_params, no_demodulate),
     .initial = 1,
     .negated = true,
     .help = "divide each sample's weights by their norm; false: for the last layer, to colours"},
    BIAS(gm_modulated_conv_params),
    INITIALIZER(gm_modulated_conv_params),
    GAIN(gm_modulated_conv_params),
    RATE,
};

static const gm_parameter pixel_norm_parameters[] = {
    {.key = "epsilon",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_pixel_norm_params, epsilon),
     .initial = 1e-8,
     .minimum = 1e-12,
     .maximum = 1,
     .help = "added to the mean of the squares"},
};

static const gm_parameter truncation_parameters[] = {
    {.key = "momentum",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_truncation_params, momentum),
     .positional = true,
     .initial = 0.005,
     .minimum = 1e-6,
     .maximum = 1,
     .help = "weight of the new batch in the running mean"},
};

static const gm_parameter noise_parameters[] = {RATE};

static const gm_parameter constant_parameters[] = {
    {.key = "shape",
     .kind = GM_PARAMETER_SHAPE,
     .offset = offsetof(gm_reshape_params, shape),
     .minimum = 1,
     .maximum = MAX_UNITS,
     .required = true,
     .positional = true,
     .help = "shape of one sample, [C, H, W] for images"},
    RATE,
};

static const gm_parameter concat_parameters[] = {
    NAME("from", gm_concat_params, from, true, "the tap or head whose channels are appended"),
};

enum { MOST_CHANNELS = 1 << 20 };

static const gm_parameter slice_parameters[] = {
    {.key = "first",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_slice_params, first),
     .maximum = MOST_CHANNELS,
     .positional = true,
     .help = "channel that becomes the first, from 0"},
    {.key = "count",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_slice_params, count),
     .maximum = MOST_CHANNELS,
     .help = "how many follow, itself among them; 0: all"},
};

static const gm_parameter tap_parameters[] = {
    NAME("name", gm_tap_params, name, true, "of the value, for heads and losses"),
};

static const gm_parameter head_parameters[] = {
    NAME("name", gm_head_params, name, true, "of the output"),
    NAME("from", gm_head_params, from, false, "the tap or head whose value it begins with; empty: the present one"),
    LAYERS("layers", gm_head_params, layers, true, "from there to the output"),
    RATE,
};

// ---- The rows ----

#define PARAMETERS(rows) .parameters = rows, .parameter_count = GM_COUNT(rows)

static const gm_layer_type layer_types[] = {
    {.name = "dense",
     .help = "x w + b on vectors",
     PARAMETERS(dense_parameters),
     .apply = apply_dense,
     .weighted = true},
    {.name = "maxout",
     .help = "the largest of several linear outputs, on vectors (Goodfellow et al. 2013)",
     PARAMETERS(maxout_parameters),
     .apply = apply_maxout,
     .weighted = true},
    {.name = "conv",
     .help = "convolution of sequences, images or volumes",
     PARAMETERS(conv_parameters),
     .apply = apply_conv,
     .weighted = true},
    {.name = "conv_transpose",
     .help = "transposed convolution: stride 2 doubles every axis",
     PARAMETERS(conv_transpose_parameters),
     .apply = apply_conv_transpose,
     .weighted = true},
    {.name = "average_pool", .help = "mean of each window", PARAMETERS(pool_parameters), .apply = apply_average_pool},
    {.name = "max_pool", .help = "maximum of each window", PARAMETERS(pool_parameters), .apply = apply_max_pool},
    {.name = "upsample",
     .help = "enlarge sequences, images or volumes by whole factors",
     PARAMETERS(upsample_parameters),
     .apply = apply_upsample},
    {.name = "batch_norm",
     .help = "normalise each channel over the batch (Ioffe & Szegedy 2015)",
     PARAMETERS(batch_norm_parameters),
     .apply = apply_batch_norm,
     .across_samples = true},
    {.name = "layer_norm",
     .help = "normalise each sample over all of its values, or each position over its channels (Ba et al. 2016)",
     PARAMETERS(layer_norm_parameters),
     .apply = apply_layer_norm},
    {.name = "instance_norm",
     .help = "normalise each channel of each sample (Ulyanov et al. 2016)",
     PARAMETERS(instance_norm_parameters),
     .apply = apply_instance_norm},
    {.name = "group_norm",
     .help = "normalise groups of channels of each sample (Wu & He 2018)",
     PARAMETERS(group_norm_parameters),
     .apply = apply_group_norm},
    {.name = "adain",
     .help = "adaptive instance norm: normalise each channel of each sample, then scale and shift it as a style says "
             "(Huang & Belongie 2017)",
     PARAMETERS(adain_parameters),
     .apply = apply_adain},
    {.name = "modulated_conv",
     .help =
         "convolution whose weights a style scales for each sample, and whose gain is divided out (StyleGAN2, Karras "
         "et al. 2020)",
     PARAMETERS(modulated_conv_parameters),
     .apply = apply_modulated_conv,
     .weighted = true},
    {.name = "pixel_norm",
     .help = "divide by the root mean square of the channels (Karras et al. 2018)",
     PARAMETERS(pixel_norm_parameters),
     .apply = apply_pixel_norm},
    {.name = "truncation",
     .help = "vectors as they are; `sample --truncation` draws them to their running mean (Karras et al. 2019)",
     PARAMETERS(truncation_parameters),
     .apply = gm_truncation_apply},
    {.name = "noise",
     .help =
         "add noise, drawn for each position, times a trained strength that starts at 0 (StyleGAN, Karras et al. 2019)",
     PARAMETERS(noise_parameters),
     .apply = gm_noise_apply},
    {.name = "constant",
     .help = "a trained sample in the place of each: what comes here is left behind, but for its taps",
     PARAMETERS(constant_parameters),
     .apply = apply_constant},
    {.name = "minibatch_stddev",
     .help = "append a channel that says how much the samples of a batch differ, against mode collapse (Karras et al. "
             "2018)",
     PARAMETERS(minibatch_stddev_parameters),
     .apply = apply_minibatch_stddev,
     .across_samples = true,
     .penalised = true}, // by Karras et al. (2018, 2020)
    {.name = "pad", .help = "lengthen all axes behind the channels", PARAMETERS(pad_parameters), .apply = apply_pad},
    {.name = "pixel_shuffle",
     .help = "channels to pixels: images factor times as high and wide (Shi et al. 2016)",
     PARAMETERS(pixel_shuffle_parameters),
     .apply = apply_pixel_shuffle},
    {.name = "pixel_unshuffle",
     .help = "pixels to channels: the inverse of pixel_shuffle",
     PARAMETERS(pixel_shuffle_parameters),
     .apply = apply_pixel_unshuffle},
    {.name = "phase_shuffle",
     .help = "in training shift each sequence by a random number of positions, its ends filled by reflection "
             "(Donahue et al. 2019)",
     PARAMETERS(phase_shuffle_parameters),
     .apply = apply_phase_shuffle},
    {.name = "attention",
     .help = "each position reads from all others, by how its query fits their keys (Vaswani et al. 2017, Zhang et al. "
             "2019)",
     PARAMETERS(attention_parameters),
     .apply = apply_attention,
     .weighted = true},
    {.name = "positions",
     .help = "add to each position what tells it from the others, for attention (Vaswani et al. 2017)",
     PARAMETERS(positions_parameters),
     .apply = apply_positions},
    {.name = "gru",
     .help = "gated recurrent units along sequences (N, C, L) (Cho et al. 2014)",
     PARAMETERS(recurrent_parameters),
     .apply = apply_gru,
     .weighted = true},
    {.name = "lstm",
     .help = "long short-term memory along sequences (N, C, L) (Hochreiter & Schmidhuber 1997)",
     PARAMETERS(recurrent_parameters),
     .apply = apply_lstm,
     .weighted = true},
    {.name = "dropout",
     .help = "drop values at random in training (Srivastava et al. 2014)",
     PARAMETERS(dropout_parameters),
     .apply = apply_dropout},
    {.name = "flatten", .help = "images to vectors", .apply = apply_flatten},
    {.name = "reshape", .help = "vectors to images", PARAMETERS(reshape_parameters), .apply = apply_reshape},
    {.name = "pca",
     .help = "samples to their places along the data's axes of largest variance, in deviations; fitted to the data "
             "before the first step, and never trained: the first layer of a network that gets the data",
     PARAMETERS(components_parameters),
     .apply = apply_pca},
    {.name = "pca_inverse",
     .help = "from places along the axes of pca back to samples of that shape",
     PARAMETERS(reshape_parameters),
     .apply = apply_pca_inverse},
    {.name = "relu", .help = "max(x, 0)", .apply = apply_relu, .gain = gain_relu},
    {.name = "leaky_relu",
     .help = "x, or slope x where x is negative",
     PARAMETERS(leaky_relu_parameters),
     .apply = apply_leaky_relu,
     .gain = gain_leaky_relu},
    {.name = "tanh", .help = "hyperbolic tangent, to [-1, 1]", .apply = apply_tanh, .gain = gain_tanh},
    {.name = "sigmoid", .help = "1 / (1 + exp(-x)), to [0, 1]", .apply = apply_sigmoid, .gain = gain_one},
    {.name = "softmax",
     .help = "exp(x) / sum(exp(x)): probabilities of the channels",
     PARAMETERS(softmax_parameters),
     .apply = apply_softmax,
     .gain = gain_one},
    {.name = "log_softmax",
     .help = "the softmax's logarithm",
     PARAMETERS(softmax_parameters),
     .apply = apply_log_softmax,
     .gain = gain_one},
    {.name = "gumbel_softmax",
     .help = "a draw among the channels, relaxed in training, one-hot in inference (Jang et al. 2017, Maddison et al. "
             "2017)",
     PARAMETERS(gumbel_softmax_parameters),
     .apply = apply_gumbel_softmax,
     .gain = gain_one},
    {.name = "softplus", .help = "ln(1 + exp(x))", .apply = apply_softplus, .gain = gain_one},
    {.name = "embed",
     .help = "append a trained vector of the sample's class, for conditional generators",
     PARAMETERS(embed_parameters),
     .apply = apply_embed,
     .labelled = true},
    {.name = "embedding",
     .help = "a trained vector for each symbol of a sequence: of numbers (N, L), or of shares (N, symbols, L)",
     PARAMETERS(embedding_parameters),
     .apply = apply_embedding,
     .weighted = true},
    {.name = "projection",
     .help = "the last layer of a conditional discriminator: x w + b + e . x, e the vector of the sample's class "
             "(Miyato & Koyama 2018)",
     PARAMETERS(projection_parameters),
     .apply = apply_projection,
     .weighted = true,
     .labelled = true},
    {.name = "residual",
     .help = "layers with a way past them: f(x) + shortcut(x) (He et al. 2016)",
     PARAMETERS(residual_parameters),
     .apply = gm_residual_apply,
     .weighted = true},
    {.name = "feedback",
     .help = "write a sequence from a vector: each symbol is drawn (gumbel_softmax, hard) from what layers such as gru "
             "make of the one drawn before (Kusner & Hernandez-Lobato 2016)",
     PARAMETERS(feedback_parameters),
     .apply = gm_feedback_apply,
     .gain = gain_one,
     .weighted = true},
    {.name = "concat",
     .help = "append the channels of a tap or head, as U-Nets do (Ronneberger et al. 2015)",
     PARAMETERS(concat_parameters),
     .apply = gm_concat_apply},
    {.name = "slice",
     .help = "some of the channels, such as those of a latent that mean one thing (MoCoGAN, Tulyakov et al. 2018)",
     PARAMETERS(slice_parameters),
     .apply = gm_slice_apply},
    {.name = "tap",
     .help = "name the value here; it goes on unchanged",
     PARAMETERS(tap_parameters),
     .apply = gm_tap_apply},
    {.name = "head",
     .help = "layers to a further, named output; the value here goes on unchanged",
     PARAMETERS(head_parameters),
     .apply = gm_head_apply},
};

const gm_layer_type *gm_layer_types(size_t *count) {
    *count = GM_COUNT(layer_types);
    return layer_types;
}

const gm_layer_type *gm_layer_type_find(const char *name) {
    for (size_t i = 0; i < GM_COUNT(layer_types); i++)
        if (strcmp(layer_types[i].name, name) == 0)
            return &layer_types[i];
    return NULL;
}
