// The table of layers: what a recipe may say. Adding a layer is adding its parameters, its apply function and a row.
#include "nn/layers.h"

#include <math.h>
#include <string.h>

enum { MAX_UNITS = 1 << 24, MAX_CHANNELS = 1 << 16, MAX_KERNEL = 1 << 10 };

// ---- What the rows do ----

static gm_weight_initializer chosen(const gm_layer_context *context, gm_weight_initializer own) {
    return own != GM_WEIGHTS_DEFAULT ? own : context->initializer;
}

// Only Kaiming's rule is about the activation that follows; an explicit gain wins.
static double chosen_gain(const gm_layer_context *context, gm_weight_initializer initializer, double own) {
    bool kaiming = initializer == GM_WEIGHTS_KAIMING_NORMAL || initializer == GM_WEIGHTS_KAIMING_UNIFORM;
    return own > 0 || !kaiming ? own : context->gain;
}

static gm_tensor *apply_dense(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_dense_params params = layer->params.dense;
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
    return gm_dense_layer(x, context->name, &params);
}

static gm_conv_params conv_params(const gm_layer_context *context, const gm_layer *layer) {
    gm_conv_params params = layer->params.conv;
    params.initializer = chosen(context, params.initializer);
    params.gain = chosen_gain(context, params.initializer, params.gain);
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
    return gm_average_pool2d(x, &layer->params.pool);
}

static gm_tensor *apply_max_pool(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_max_pool2d(x, &layer->params.pool);
}

static gm_tensor *apply_batch_norm(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_batch_norm_params params = layer->params.batch_norm;
    params.initializer = chosen(context, params.initializer);
    return gm_batch_norm_layer(x, context->name, context->mode, context->statistics, &params);
}

static gm_tensor *apply_dropout(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    gm_graph *graph = gm_tensor_graph(x);
    // Masks of different applications must differ, so the stream's name counts them.
    const char *name = gm_graph_printf(graph, "%s.dropout.%zu", context->name, context->application);
    return gm_dropout_layer(x, name, context->mode, context->counter, layer->params.dropout.rate);
}

static gm_tensor *apply_flatten(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context, (void)layer;
    return gm_flatten_layer(x);
}

static gm_tensor *apply_reshape(gm_layer_context *context, const gm_layer *layer, gm_tensor *x) {
    (void)context;
    return gm_reshape_samples_layer(x, layer->params.reshape.shape);
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

static const gm_parameter dense_parameters[] = {
    {.key = "units",
     .kind = GM_PARAMETER_INTEGER,
     .offset = offsetof(gm_dense_params, units),
     .minimum = 1,
     .maximum = MAX_UNITS,
     .required = true,
     .positional = true,
     .help = "width of the output"},
    BIAS(gm_dense_params),
    INITIALIZER(gm_dense_params),
    GAIN(gm_dense_params),
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
         .kind = GM_PARAMETER_PAIR,                                                                                    \
         .offset = offsetof(gm_conv_params, kernel),                                                                   \
         .minimum = 1,                                                                                                 \
         .maximum = MAX_KERNEL,                                                                                        \
         .required = true,                                                                                             \
         .help = "size of the kernel"},                                                                                \
        {.key = "stride",                                                                                              \
         .kind = GM_PARAMETER_PAIR,                                                                                    \
         .offset = offsetof(gm_conv_params, stride),                                                                   \
         .initial = 1,                                                                                                 \
         .minimum = 1,                                                                                                 \
         .maximum = MAX_KERNEL,                                                                                        \
         .help = "step of the kernel (conv_transpose: of the output)"},                                                \
        {.key = "padding",                                                                                             \
         .kind = GM_PARAMETER_PAIR,                                                                                    \
         .offset = offsetof(gm_conv_params, padding),                                                                  \
         .maximum = MAX_KERNEL,                                                                                        \
         .help = "zeros around the image (conv_transpose: cut from the output)"},                                      \
        BIAS(gm_conv_params), INITIALIZER(gm_conv_params), GAIN(gm_conv_params)

static const gm_parameter conv_parameters[] = {CONV_PARAMETERS};

static const gm_parameter conv_transpose_parameters[] = {
    CONV_PARAMETERS,
    {.key = "output_padding",
     .kind = GM_PARAMETER_PAIR,
     .offset = offsetof(gm_conv_params, output_padding),
     .maximum = MAX_KERNEL - 1,
     .help = "rows and columns added to the output's end, fewer than the stride"},
};

static const gm_parameter pool_parameters[] = {
    {.key = "kernel",
     .kind = GM_PARAMETER_PAIR,
     .offset = offsetof(gm_pool2d_params, kernel),
     .minimum = 1,
     .maximum = MAX_KERNEL,
     .required = true,
     .positional = true,
     .help = "size of the window"},
    {.key = "stride",
     .kind = GM_PARAMETER_PAIR,
     .offset = offsetof(gm_pool2d_params, stride),
     .maximum = MAX_KERNEL,
     .help = "step of the window; 0: the window's size"},
    {.key = "padding",
     .kind = GM_PARAMETER_PAIR,
     .offset = offsetof(gm_pool2d_params, padding),
     .maximum = MAX_KERNEL / 2,
     .help = "border around the image, at most half the window"},
};

static const gm_parameter batch_norm_parameters[] = {
    {.key = "momentum",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_batch_norm_params, momentum),
     .initial = 0.1,
     .minimum = 1e-6,
     .maximum = 1,
     .help = "weight of the new batch in the running statistics"},
    {.key = "epsilon",
     .kind = GM_PARAMETER_NUMBER,
     .offset = offsetof(gm_batch_norm_params, epsilon),
     .initial = 1e-5,
     .minimum = 1e-12,
     .maximum = 1,
     .help = "added to the variance"},
    {.key = "affine",
     .kind = GM_PARAMETER_BOOLEAN,
     .offset = offsetof(gm_batch_norm_params, no_affine),
     .initial = 1,
     .negated = true,
     .help = "scale and shift each channel by trainable values"},
    INITIALIZER(gm_batch_norm_params),
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

// ---- The rows ----

#define PARAMETERS(rows) .parameters = rows, .parameter_count = GM_COUNT(rows)

static const gm_layer_type layer_types[] = {
    {.name = "dense",
     .help = "x w + b on vectors",
     PARAMETERS(dense_parameters),
     .apply = apply_dense,
     .weighted = true},
    {.name = "conv",
     .help = "two-dimensional convolution",
     PARAMETERS(conv_parameters),
     .apply = apply_conv,
     .weighted = true},
    {.name = "conv_transpose",
     .help = "transposed convolution: stride 2 doubles the image",
     PARAMETERS(conv_transpose_parameters),
     .apply = apply_conv_transpose,
     .weighted = true},
    {.name = "average_pool", .help = "mean of each window", PARAMETERS(pool_parameters), .apply = apply_average_pool},
    {.name = "max_pool", .help = "maximum of each window", PARAMETERS(pool_parameters), .apply = apply_max_pool},
    {.name = "batch_norm",
     .help = "normalise each channel over the batch",
     PARAMETERS(batch_norm_parameters),
     .apply = apply_batch_norm,
     .across_samples = true},
    {.name = "dropout",
     .help = "drop values at random in training",
     PARAMETERS(dropout_parameters),
     .apply = apply_dropout},
    {.name = "flatten", .help = "images to vectors", .apply = apply_flatten},
    {.name = "reshape", .help = "vectors to images", PARAMETERS(reshape_parameters), .apply = apply_reshape},
    {.name = "relu", .help = "max(x, 0)", .apply = apply_relu, .gain = gain_relu},
    {.name = "leaky_relu",
     .help = "x, or slope x where x is negative",
     PARAMETERS(leaky_relu_parameters),
     .apply = apply_leaky_relu,
     .gain = gain_leaky_relu},
    {.name = "tanh", .help = "hyperbolic tangent, to [-1, 1]", .apply = apply_tanh, .gain = gain_tanh},
    {.name = "sigmoid", .help = "1 / (1 + exp(-x)), to [0, 1]", .apply = apply_sigmoid, .gain = gain_one},
    {.name = "softplus", .help = "ln(1 + exp(x))", .apply = apply_softplus, .gain = gain_one},
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

// ---- Layers as data ----

void gm_layer_default(gm_layer *layer, const gm_layer_type *type) {
    memset(layer, 0, sizeof *layer);
    layer->type = type;
    gm_parameter_defaults(type->parameters, type->parameter_count, &layer->params);
}

static gm_status unknown_key(const gm_layer_type *type, const char *key) {
    if (type->parameter_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s takes no parameters, not even '%s'", type->name,
                       key != NULL ? key : "a value");
    gm_text known = {0};
    for (size_t i = 0; i < type->parameter_count; i++)
        gm_text_printf(&known, "%s%s", i > 0 ? ", " : "", type->parameters[i].key);
    const char *keys = known.data != NULL ? known.data : "";
    gm_status status = key == NULL
                           ? gm_fail(GM_ERROR_ARGUMENT, "%s needs its parameters by name: %s", type->name, keys)
                           : gm_fail(GM_ERROR_ARGUMENT, "%s has no parameter '%s'; it takes %s", type->name, key, keys);
    gm_text_finish(&known);
    return status;
}

static const gm_parameter *row_of(const gm_layer *layer, const char *key) {
    return gm_parameter_find(layer->type->parameters, layer->type->parameter_count, key);
}

gm_status gm_layer_set_text(gm_layer *layer, const char *key, const char *text) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_text(row, &layer->params, text);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

gm_status gm_layer_set_list(gm_layer *layer, const char *key, const char *const *items, size_t count) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_list(row, &layer->params, items, count);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

gm_status gm_layer_set_number(gm_layer *layer, const char *key, double value) {
    const gm_parameter *row = row_of(layer, key);
    if (row == NULL)
        return unknown_key(layer->type, key);
    gm_status status = gm_parameter_set_number(row, &layer->params, value);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", layer->type->name);
}

// A required value is never zero once set: its minimum is 1 (or its rank at least 1).
static bool is_set(const gm_parameter *row, const void *values) {
    const void *value = (const char *)values + row->offset;
    switch (row->kind) {
    case GM_PARAMETER_INTEGER:
    case GM_PARAMETER_PAIR:
        return *(const size_t *)value != 0;
    case GM_PARAMETER_SHAPE:
        return ((const gm_shape *)value)->rank != 0;
    default:
        return true;
    }
}

gm_status gm_layer_check(const gm_layer *layer) {
    for (size_t i = 0; i < layer->type->parameter_count; i++) {
        const gm_parameter *row = &layer->type->parameters[i];
        if (!row->required || is_set(row, &layer->params))
            continue;
        char allowed[256];
        gm_parameter_allowed(row, allowed, sizeof allowed);
        return gm_fail(GM_ERROR_ARGUMENT, "%s needs '%s': %s", layer->type->name, row->key, allowed);
    }
    return GM_OK;
}
