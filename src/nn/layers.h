// What the files of src/nn share: layers without their name in front of faults, and what a network tells its layers.
#ifndef GM_NN_LAYERS_H
#define GM_NN_LAYERS_H

#include "base/base.h"
#include "ganymede/nn.h"

// One application of one layer, as its network sees it.
typedef struct gm_layer_context {
    const char *name; // NETWORK.INDEX: prefix of variables and random streams
    gm_mode mode;
    gm_statistics *statistics;
    gm_tensor *counter;
    size_t application;                // training applications of the network before this one
    gm_weight_initializer initializer; // for layers that name none
    double gain;                       // Kaiming's, from the activation that follows
} gm_layer_context;

// The functions of ganymede/nn.h behind their prefix of faults: a network has a better one.
gm_tensor *gm_dense_layer(gm_tensor *x, const char *name, const gm_dense_params *params);
gm_tensor *gm_conv_layer(gm_tensor *x, const char *name, const gm_conv_params *params);
gm_tensor *gm_conv_transpose_layer(gm_tensor *x, const char *name, const gm_conv_params *params);
gm_tensor *gm_batch_norm_layer(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                               const gm_batch_norm_params *params);
gm_tensor *gm_dropout_layer(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate);
gm_tensor *gm_flatten_layer(gm_tensor *x);
gm_tensor *gm_reshape_samples_layer(gm_tensor *x, gm_shape shape);

// Names the layer in the graph's first fault if it appeared since `before` = gm_graph_status; returns y.
gm_tensor *gm_fault_prefix(gm_graph *graph, gm_status before, gm_tensor *y, const char *format, ...) GM_PRINTF(4, 5);
// Text in the graph's arena; NULL (and a fault) when memory is exhausted.
const char *gm_graph_printf(gm_graph *graph, const char *format, ...) GM_PRINTF(2, 3);
// The status without setting the message again.
gm_status gm_graph_fault(const gm_graph *graph);

// Variables whose name begins with `prefix` and ends in one of two suffixes, in order of declaration; as gm_trainable.
size_t gm_variables_named(const gm_graph *graph, const char *prefix, const char *const suffixes[2],
                          gm_tensor **variables, size_t capacity);

// How a weight with these fans starts; gain 0: the initialiser's own default.
gm_initializer gm_weight_start(gm_weight_initializer initializer, size_t fan_in, size_t fan_out, double gain);
gm_initializer gm_bias_start(gm_weight_initializer initializer, size_t fan_in);

#endif
