// Layers and networks: functions that append nodes to a graph. Nothing here knows a device.
//
// Layers are plain functions of tensors that declare their variables by name; a gm_network is a list of layers, as a
// recipe holds it. Faults (a wrong shape, a forbidden value) are recorded in the graph, so that model code needs no
// checks: gm_graph_status and gm_plan_create return the first one.
#ifndef GANYMEDE_NN_H
#define GANYMEDE_NN_H

#include "ganymede/graph.h"
#include "ganymede/parameter.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gm_mode {
    GM_MODE_INVALID = 0,
    GM_MODE_TRAINING,  // batch norm uses the batch's statistics, dropout drops
    GM_MODE_INFERENCE, // batch norm uses the running statistics, dropout passes: image k depends on no other image
} gm_mode;

// How weights start. fan_in and fan_out are counted as PyTorch's torch.nn.init does.
typedef enum gm_weight_initializer {
    GM_WEIGHTS_DEFAULT = 0,     // the network's choice; GM_WEIGHTS_PYTORCH when that is the default, too
    GM_WEIGHTS_PYTORCH,         // what PyTorch's layers do: weight and bias U(-b, b), b = 1/sqrt(fan_in)
    GM_WEIGHTS_DCGAN,           // N(0, .02), batch norm's weight N(1, .02) (Radford et al. 2015)
    GM_WEIGHTS_XAVIER_UNIFORM,  // U(-b, b), b = gain sqrt(6 / (fan_in + fan_out))
    GM_WEIGHTS_XAVIER_NORMAL,   // N(0, gain sqrt(2 / (fan_in + fan_out)))
    GM_WEIGHTS_KAIMING_UNIFORM, // U(-b, b), b = gain sqrt(3 / fan_in)
    GM_WEIGHTS_KAIMING_NORMAL,  // N(0, gain / sqrt(fan_in))
} gm_weight_initializer;        // biases: zero, except GM_WEIGHTS_PYTORCH

// The initialiser of that name as recipes write it (pytorch, dcgan, xavier_uniform, ...; "default" too).
GM_API gm_status gm_weight_initializer_find(const char *name, gm_weight_initializer *initializer);
GM_API extern const char *const gm_weight_initializer_names[]; // by enum value, NULL-terminated

// ---- Layers as functions. `name` prefixes the layer's variables; zeroed fields mean the defaults ----

// gain: 0 chooses sqrt(2) (for ReLU) with Kaiming and 1 with Xavier; the others ignore it.
typedef struct gm_dense_params {
    size_t units;
    bool no_bias;
    gm_weight_initializer initializer;
    double gain;
} gm_dense_params;
// x (N, M) -> x w + b (N, units); variables NAME.weight (M, units), NAME.bias (units).
GM_API gm_tensor *gm_dense(gm_tensor *x, const char *name, const gm_dense_params *params);

typedef struct gm_conv_params {
    size_t channels;
    size_t kernel[2], stride[2], padding[2]; // {height, width}; a stride of 0 means 1
    size_t output_padding[2];                // gm_conv_transpose alone
    bool no_bias;
    gm_weight_initializer initializer;
    double gain;
} gm_conv_params;
// x (N, C, H, W) -> (N, channels, OH, OW), as gm_conv2d; variables NAME.weight (channels, C, R, S), NAME.bias
// (channels).
GM_API gm_tensor *gm_conv(gm_tensor *x, const char *name, const gm_conv_params *params);
// x (N, C, H, W) -> (N, channels, OH, OW), as gm_conv2d_transpose; variables NAME.weight (C, channels, R, S),
// NAME.bias (channels). As in PyTorch, fan_in counts the weight's second dimension: channels R S.
GM_API gm_tensor *gm_conv_transpose(gm_tensor *x, const char *name, const gm_conv_params *params);

// Updates of running statistics that wait to be stored. Each batch norm in training appends to them: a layer applied
// twice (to real, then to fake images) starts its second update from the first one's result.
typedef struct gm_statistics gm_statistics;
GM_API gm_status gm_statistics_create(gm_statistics **statistics);
GM_API void gm_statistics_destroy(gm_statistics **statistics);
// Store every pending update at the end of the phase; nothing is pending afterwards.
GM_API void gm_statistics_assign(gm_statistics *statistics, gm_phase *phase);
GM_API void gm_statistics_drop(gm_statistics *statistics); // forget what is pending

typedef struct gm_batch_norm_params {
    double momentum;                   // weight of the new batch in the running statistics; 0 means .1
    double epsilon;                    // 0 means 1e-5
    gm_weight_initializer initializer; // dcgan: weight from N(1, .02); all others: 1
    bool no_affine;                    // neither weight nor bias
} gm_batch_norm_params;
// x (N, C) or (N, C, H, W) -> (x - mean) / sqrt(variance + epsilon) weight + bias, per channel, as PyTorch's BatchNorm.
// Variables NAME.weight, NAME.bias, NAME.running_mean, NAME.running_variance (unbiased), each (C). `statistics`
// receives the update (NULL: none) and is not used in inference. Training needs more than one value per channel.
GM_API gm_tensor *gm_batch_norm(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                                const gm_batch_norm_params *params);

// In training: each element is dropped with probability `rate`, the others are scaled by 1/(1 - rate). `name` is the
// random stream's: one per application. `counter` int32 (2) (see gm_random_uniform) must change with each step.
GM_API gm_tensor *gm_dropout(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate);

// (N, ...) -> (N, product of the rest), row-major.
GM_API gm_tensor *gm_flatten(gm_tensor *x);
// (N, ...) -> (N, shape).
GM_API gm_tensor *gm_reshape_samples(gm_tensor *x, gm_shape shape);

// The trainable variables declared so far whose name begins with `prefix`: those that end in ".weight" or ".bias", in
// order of declaration. Writes at most `capacity` of them and returns how many there are.
GM_API size_t gm_trainable(const gm_graph *graph, const char *prefix, gm_tensor **variables, size_t capacity);

// ---- Layers as data: what a recipe's list holds ----

typedef struct gm_activation_params {
    double slope; // leaky_relu alone
} gm_activation_params;

typedef struct gm_dropout_params {
    double rate;
} gm_dropout_params;

typedef struct gm_reshape_params {
    gm_shape shape; // of one sample
} gm_reshape_params;

typedef gm_parameter gm_layer_parameter;
struct gm_layer;
struct gm_layer_context; // src/nn/layers.h

// A row of the table of layers.
typedef struct gm_layer_type {
    const char *name, *help;
    const gm_layer_parameter *parameters; // of the struct gm_layer.params
    size_t parameter_count;
    gm_tensor *(*apply)(struct gm_layer_context *context, const struct gm_layer *layer, gm_tensor *x);
    double (*gain)(const struct gm_layer *layer); // activations: the gain that weights before them want; else NULL
    bool weighted;                                // has weights that an initialiser fills
    bool across_samples;                          // in training a sample's result depends on the rest of its batch
} gm_layer_type;

typedef struct gm_layer {
    const gm_layer_type *type;
    union {
        gm_dense_params dense;
        gm_conv_params conv; // conv_transpose, too
        gm_pool2d_params pool;
        gm_batch_norm_params batch_norm;
        gm_dropout_params dropout;
        gm_activation_params activation;
        gm_reshape_params reshape;
    } params;
} gm_layer;

GM_API const gm_layer_type *gm_layer_types(size_t *count);
// NULL when there is no such layer.
GM_API const gm_layer_type *gm_layer_type_find(const char *name);
// The type with every parameter at its default.
GM_API void gm_layer_default(gm_layer *layer, const gm_layer_type *type);
// Set a parameter by key; key NULL sets the positional one (`dense: 128`). The message names layer, key and range.
GM_API gm_status gm_layer_set_text(gm_layer *layer, const char *key, const char *text);
GM_API gm_status gm_layer_set_list(gm_layer *layer, const char *key, const char *const *items, size_t count);
GM_API gm_status gm_layer_set_number(gm_layer *layer, const char *key, double value);
// Fails when a required parameter was not set.
GM_API gm_status gm_layer_check(const gm_layer *layer);

// ---- Networks ----

typedef struct gm_network gm_network;

// A list of layers, copied. `name` starts the variables' names: NAME.INDEX.weight, ..., INDEX = the layer's place in
// the list from 0 (messages count alike); 1 to 64 letters, digits, '_' and '-'. `initializer` is for layers that name
// none.
GM_API gm_status gm_network_create(gm_network **network, const char *name, const gm_layer *layers, size_t count,
                                   gm_weight_initializer initializer);
GM_API void gm_network_destroy(gm_network **network);

// Append the layers to x's graph, which the network is bound to from then on (for another graph, create another network
// from the same layers). Every application shares the variables. counter: see gm_dropout; NULL where nothing drops.
// Kaiming's gain follows the next activation: sqrt(2 / (1 + slope^2)) for (leaky) ReLU, 5/3 for tanh, 1 for sigmoid and
// for none.
GM_API gm_tensor *gm_network_apply(gm_network *network, gm_tensor *x, gm_mode mode, gm_tensor *counter);
// Store the running statistics of the training applications since the last assignment; or forget them.
GM_API void gm_network_assign_statistics(gm_network *network, gm_phase *phase);
GM_API void gm_network_drop_statistics(gm_network *network);
// The trainable variables, layer by layer; and the running statistics. Empty before the first application. The arrays
// belong to the network.
GM_API gm_tensor *const *gm_network_parameters(const gm_network *network, size_t *count);
GM_API gm_tensor *const *gm_network_statistics(const gm_network *network, size_t *count);
GM_API const char *gm_network_name(const gm_network *network);
GM_API const gm_layer *gm_network_layers(const gm_network *network, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
