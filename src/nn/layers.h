// What the files of src/nn share: layers without their name in front of faults, and what a network tells its layers.
#ifndef GM_NN_LAYERS_H
#define GM_NN_LAYERS_H

#include "base/base.h"
#include "ganymede/nn.h"

// One application of one layer, as its network sees it.
typedef struct gm_layer_context {
    gm_network *network;
    const char *name; // NETWORK.INDEX, of inner layers NETWORK.INDEX.INDEX: prefix of variables and random streams
    gm_mode mode;
    gm_statistics *statistics;
    gm_tensor *counter, *labels;       // each may be NULL
    gm_tensor *given;                  // what `feedback` reads in place of what it draws; NULL: it draws
    gm_network_draw draw;              // in inference; NULL: nodes of the graph
    void *user;                        // its
    gm_tensor *truncation;             // (N, 1), in inference; NULL: 1
    const gm_network_memory *memory;   // in inference; NULL: sequences are walked whole
    size_t application;                // training applications of the network before this one
    gm_weight_initializer initializer; // for layers that name none
    double gain;                       // Kaiming's, from the activation that follows
    double rate;                       // of the layer and all around it
} gm_layer_context;

// The rows that hold layers or name values (compose.c).
gm_tensor *gm_residual_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
gm_tensor *gm_tap_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
gm_tensor *gm_head_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
gm_tensor *gm_concat_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
gm_tensor *gm_slice_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
// The row that draws noise for a layer's positions (style.c).
gm_tensor *gm_noise_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);

// The row whose running mean is what samples are drawn to (norm.c).
gm_tensor *gm_truncation_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);
// The row that writes position by position (feedback.c).
gm_tensor *gm_feedback_apply(gm_layer_context *context, const gm_layer *layer, gm_tensor *x);

// Applies inner layers, named NAME.INDEX; the rest of the context is the outer layer's. No layers: x itself.
gm_tensor *gm_layers_apply(const gm_layer_context *context, const char *name, const gm_layer_list *list, gm_tensor *x);
// Names a value of the present application, for gm_network_output.
void gm_network_set_output(gm_network *network, const char *name, gm_tensor *value);

// A deep copy in the arena, origins included.
gm_status gm_layers_copy(gm_arena *arena, const gm_layer_list *from, gm_layer_list *to);
// Whether the test holds for a layer's type, inner layers included.
bool gm_layers_any(const gm_layer_list *list, bool (*test)(const gm_layer_type *type));
// What gm_network_create promises to check. Writes the names of taps and heads into `names` in the order in which an
// application sets them: at most `capacity`, returns how many in *count.
gm_status gm_layers_check(const gm_layer_list *list, const char *network, const char **names, size_t capacity,
                          size_t *count);

// What the latest training application made of a variable: its pending value, or the variable.
gm_tensor *gm_statistics_latest(const gm_statistics *statistics, gm_tensor *variable);
void gm_statistics_update(gm_statistics *statistics, gm_tensor *variable, gm_tensor *value);

// Fails unless the layers, inner ones included, make of a position nothing but that position and the memory of those
// before it. noun: whose they are, "a language model".
gm_status gm_layers_check_positions(const gm_layer_list *list, const char *noun);

// Zeros as numbers, which nothing folds: the first step of a recurrence is like the others, and runs their kernels.
gm_tensor *gm_layer_zeros(gm_graph *graph, const gm_shape *shape);

// A variable NAME.PART of a layer.
gm_tensor *gm_layer_variable(gm_graph *graph, const char *name, const char *part, gm_shape shape, gm_initializer start);

// Whether x (N, C, ...) has at least one and at most so many (2 or 3) axes behind its channels: a fault, if not.
bool gm_positions_usable(gm_tensor *x, size_t most_axes);
// Whether a layer's numbers, one per spatial axis as GM_PARAMETER_AXES has them, are as many as x (N, C, ...) has axes
// behind its channels: a fault, if not.
bool gm_axes_usable(gm_tensor *x, const char *key, const size_t *numbers);

// Part `index` of `parts` equal ones along an axis.
gm_tensor *gm_part_of(gm_tensor *x, size_t axis, size_t index, size_t parts);

// The functions of ganymede/nn.h behind their prefix of faults: a network has a better one.
gm_tensor *gm_spectral_norm_layer(gm_tensor *weight, const char *name, size_t axis,
                                  const gm_spectral_norm_params *params);
gm_tensor *gm_dense_layer(gm_tensor *x, const char *name, const gm_dense_params *params);
gm_tensor *gm_maxout_layer(gm_tensor *x, const char *name, const gm_maxout_params *params);
gm_tensor *gm_conv_layer(gm_tensor *x, const char *name, const gm_conv_params *params);
gm_tensor *gm_conv_transpose_layer(gm_tensor *x, const char *name, const gm_conv_params *params);
gm_tensor *gm_batch_norm_layer(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                               const gm_batch_norm_params *params);
gm_tensor *gm_layer_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params);
gm_tensor *gm_instance_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params);
gm_tensor *gm_group_norm_layer(gm_tensor *x, const char *name, const gm_sample_norm_params *params);
gm_tensor *gm_adain_layer(gm_tensor *x, gm_tensor *style, const char *name, const gm_adain_params *params);
gm_tensor *gm_modulated_conv_layer(gm_tensor *x, gm_tensor *style, const char *name,
                                   const gm_modulated_conv_params *params);
gm_tensor *gm_pixel_norm_layer(gm_tensor *x, double epsilon);
// A trained sample of that shape in the place of each of x's.
gm_tensor *gm_constant_layer(gm_tensor *x, const char *name, gm_shape shape);
// A number before and behind each axis after the channels.
gm_tensor *gm_pad_layer(gm_tensor *x, const size_t *before, const size_t *after, int mode);
gm_tensor *gm_pad_samples_layer(gm_tensor *x, const gm_padding_params *params);
// What a convolution does before it: pads both ends alike and sets `padding` to 0, but leaves zeros to the convolution.
gm_tensor *gm_pad_before_layer(gm_tensor *x, gm_convolution_params *params, int mode);
gm_tensor *gm_pixel_shuffle_layer(gm_tensor *x, size_t factor);
gm_tensor *gm_pixel_unshuffle_layer(gm_tensor *x, size_t factor);
gm_tensor *gm_phase_shuffle_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, size_t reach);
gm_tensor *gm_minibatch_stddev_layer(gm_tensor *x, const gm_minibatch_stddev_params *params);
gm_tensor *gm_average_pool_layer(gm_tensor *x, const gm_pool_params *params);
gm_tensor *gm_max_pool_layer(gm_tensor *x, const gm_pool_params *params);
gm_tensor *gm_gru_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params);
gm_tensor *gm_lstm_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params);
// One position x (N, C, 1) of the layer -> (N, H, 1), with its state in the memory.
gm_tensor *gm_gru_position_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params,
                                 const gm_network_memory *memory);
gm_tensor *gm_lstm_position_layer(gm_tensor *x, const char *name, const gm_recurrent_params *params,
                                  const gm_network_memory *memory);
gm_tensor *gm_upsample_layer(gm_tensor *x, const gm_upsample_params *params);
gm_tensor *gm_embed_layer(gm_tensor *x, gm_tensor *labels, const char *name, const gm_embed_params *params);
gm_tensor *gm_embedding_layer(gm_tensor *x, const char *name, const gm_embedding_params *params);
gm_tensor *gm_projection_layer(gm_tensor *x, gm_tensor *labels, const char *name, const gm_projection_params *params);
gm_tensor *gm_attention_layer(gm_tensor *x, const char *name, const gm_attention_params *params);
gm_tensor *gm_positions_layer(gm_tensor *x, const char *name, const gm_positions_params *params);
gm_tensor *gm_dropout_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate);
// noise: in inference; NULL: drawn.
gm_tensor *gm_gumbel_softmax_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, gm_tensor *noise,
                                   const gm_gumbel_softmax_params *params);
gm_tensor *gm_flatten_layer(gm_tensor *x);
gm_tensor *gm_pca_layer(gm_tensor *x, const char *name, const gm_components_params *params);
gm_tensor *gm_pca_inverse_layer(gm_tensor *x, gm_shape shape);
gm_tensor *gm_reshape_samples_layer(gm_tensor *x, gm_shape shape);

// A whole number from `least` on, of `choices` equally likely ones, from each u of [0, 1) (augment.c).
gm_tensor *gm_draw_whole(gm_tensor *u, int32_t least, size_t choices);

// Names the layer in the graph's first fault if it appeared since `before` = gm_graph_status; returns y.
gm_tensor *gm_fault_prefix(gm_graph *graph, gm_status before, gm_tensor *y, const char *format, ...) GM_PRINTF(4, 5);
// The status without setting the message again.
gm_status gm_graph_fault(const gm_graph *graph);

// Variables whose name begins with `prefix` and ends in one of the suffixes (NULL-terminated), in order of declaration;
// as gm_trainable.
size_t gm_variables_named(const gm_graph *graph, const char *prefix, const char *const *suffixes, gm_tensor **variables,
                          size_t capacity);

// Multiplies the learning rate of every variable whose name begins with PREFIX and a dot.
void gm_variables_set_rate(const gm_graph *graph, const char *prefix, double factor);

// How a weight with these fans starts; gain 0: the initialiser's own default.
gm_initializer gm_weight_start(gm_weight_initializer initializer, size_t fan_in, size_t fan_out, double gain);
gm_initializer gm_bias_start(gm_weight_initializer initializer, size_t fan_in);

#endif
