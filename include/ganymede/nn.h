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

// ---- What training keeps beside the weights ----

// Updates of running statistics (batch norm's means, spectral norm's vectors) that wait to be stored. Each application
// in training appends to them: a layer applied twice (to real, then to fake images) starts its second update from the
// first one's result.
typedef struct gm_statistics gm_statistics;
GM_API gm_status gm_statistics_create(gm_statistics **statistics);
GM_API void gm_statistics_destroy(gm_statistics **statistics);
// Store every pending update at the end of the phase; nothing is pending afterwards.
GM_API void gm_statistics_assign(gm_statistics *statistics, gm_phase *phase);
GM_API void gm_statistics_drop(gm_statistics *statistics); // forget what is pending

// Spectral normalisation of a layer's weight (Miyato et al. 2018). A network fills in mode and statistics by itself.
typedef struct gm_spectral_norm_params {
    bool on;
    gm_mode mode;              // training: one power iteration
    gm_statistics *statistics; // receives the vector's update; NULL: none
} gm_spectral_norm_params;
// weight -> weight / sigma, sigma = u.(W v), W = the weight as the matrix (its `axis`, all else), as PyTorch's
// torch.nn.utils.spectral_norm with one power iteration: v = W'u / |W'u|, u = W v / |W v|; the gradient takes u and v
// as constants. Variable NAME.spectral_u (dim[axis]), of any length, which starts from N(0, 1). Inference uses it as it
// is, so that sigma = |W'u|, and stores nothing. (PyTorch keeps v as well; the two agree once the iteration has
// converged.) `on` is not read.
GM_API gm_tensor *gm_spectral_norm(gm_tensor *weight, const char *name, size_t axis,
                                   const gm_spectral_norm_params *params);

// ---- Layers as functions. `name` prefixes the layer's variables; zeroed fields mean the defaults ----

// gain: 0 chooses sqrt(2) (for ReLU) with Kaiming and 1 with Xavier; the others ignore it.
typedef struct gm_dense_params {
    size_t units;
    bool no_bias;
    gm_weight_initializer initializer;
    double gain;
    gm_spectral_norm_params spectral_norm;
} gm_dense_params;
// x (N, M) -> x w + b (N, units); variables NAME.weight (M, units), NAME.bias (units).
GM_API gm_tensor *gm_dense(gm_tensor *x, const char *name, const gm_dense_params *params);

typedef struct gm_maxout_params {
    gm_dense_params dense; // units: of the result
    size_t pieces;
} gm_maxout_params;
// x (N, M) -> (N, units): unit j is the maximum of the `pieces` outputs j, j + units, j + 2 units, ... of a dense layer
// (Goodfellow et al. 2013); variables NAME.weight (M, pieces units), NAME.bias (pieces units).
GM_API gm_tensor *gm_maxout(gm_tensor *x, const char *name, const gm_maxout_params *params);

#define GM_MAX_CONV_GROUPS 256

typedef struct gm_conv_params {
    size_t channels;
    // One number per spatial axis in the order of the axes, GM_NO_AXIS or 0 behind the last. 0 of stride and
    // dilation: 1.
    size_t kernel[GM_SPATIAL_AXES], stride[GM_SPATIAL_AXES], padding[GM_SPATIAL_AXES], dilation[GM_SPATIAL_AXES];
    size_t output_padding[GM_SPATIAL_AXES]; // gm_conv_transpose alone
    bool same;        // instead of both paddings: those with which L becomes L / stride, rounded up, or L stride
    size_t groups;    // 0 means 1; divides C and channels; each is a convolution of its own
    int padding_mode; // gm_padding_mode; gm_conv alone
    bool no_bias;
    gm_weight_initializer initializer;
    double gain;
    gm_spectral_norm_params spectral_norm;
} gm_conv_params;
// x (N, C, ...) -> (N, channels, ...), as gm_convolution; variables NAME.weight (channels, C / groups, kernel...),
// NAME.bias (channels). Group i maps the i-th part of the channels to the i-th part of the result's.
GM_API gm_tensor *gm_conv(gm_tensor *x, const char *name, const gm_conv_params *params);
// x (N, C, ...) -> (N, channels, ...), as gm_convolution_transpose; variables NAME.weight (C, channels / groups,
// kernel...), NAME.bias (channels). As in PyTorch, fan_in counts the weight's second dimension and its kernel.
GM_API gm_tensor *gm_conv_transpose(gm_tensor *x, const char *name, const gm_conv_params *params);

typedef struct gm_batch_norm_params {
    double momentum;                   // weight of the new batch in the running statistics; 0 means .1
    double epsilon;                    // 0 means 1e-5
    gm_weight_initializer initializer; // dcgan: weight from N(1, .02); all others: 1
    bool no_affine;                    // neither weight nor bias
} gm_batch_norm_params;
// x (N, C), (N, C, L), (N, C, H, W) or (N, C, D, H, W) -> (x - mean) / sqrt(variance + epsilon) weight + bias, per
// channel, as PyTorch's BatchNorm.
// Variables NAME.weight, NAME.bias, NAME.running_mean, NAME.running_variance (unbiased), each (C). `statistics`
// receives the update (NULL: none) and is not used in inference. Training needs more than one value per channel.
GM_API gm_tensor *gm_batch_norm(gm_tensor *x, const char *name, gm_mode mode, gm_statistics *statistics,
                                const gm_batch_norm_params *params);

// Norms of each sample by itself, (x - mean) / sqrt(variance + epsilon) weight + bias, with no running statistics:
// training and inference are the same. The variance is biased; more than one value must share it. x is vectors (N, C),
// sequences (N, C, L), images (N, C, H, W) or volumes (N, C, D, H, W).
typedef enum gm_norm_over { GM_NORM_OVER_SAMPLE = 0, GM_NORM_OVER_CHANNELS } gm_norm_over;
typedef struct gm_sample_norm_params {
    size_t groups;  // gm_group_norm alone
    int over;       // gm_norm_over; gm_layer_norm alone
    double epsilon; // 0 means 1e-5
    bool no_affine; // neither weight nor bias
} gm_sample_norm_params;
// Over all of a sample's values, as PyTorch's LayerNorm of the sample's shape: variables NAME.weight, NAME.bias, each
// of one sample's shape. Or over the channels at each position by itself, as transformers do: variables (C).
GM_API gm_tensor *gm_layer_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params);
// Over all that lies behind the channels, as PyTorch's InstanceNorm1d to 3d; not of vectors. Variables NAME.weight,
// NAME.bias, each (C).
GM_API gm_tensor *gm_instance_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params);
// Over each of `groups` equal parts of the channels, as PyTorch's GroupNorm. Variables NAME.weight, NAME.bias, each
// (C).
GM_API gm_tensor *gm_group_norm(gm_tensor *x, const char *name, const gm_sample_norm_params *params);

typedef struct gm_adain_params {
    char style[GM_NAME_SIZE]; // of layers in a network: the tap or head that is the style
    double epsilon;           // 0 means 1e-5
    gm_weight_initializer initializer;
    double gain;
    gm_spectral_norm_params spectral_norm;
} gm_adain_params;
// Adaptive instance norm (Huang & Belongie 2017): the instance norm of x, without variables of its own, times 1 + s
// plus b, where a dense layer makes s and b, a number per channel each, of style (N, M), as in StyleGAN (Karras et al.
// 2019). Variables NAME.weight (M, 2 C), NAME.bias (2 C), first those of s.
GM_API gm_tensor *gm_adaptive_instance_norm(gm_tensor *x, gm_tensor *style, const char *name,
                                            const gm_adain_params *params);

typedef struct gm_modulated_conv_params {
    char style[GM_NAME_SIZE]; // of layers in a network: the tap or head that is the style
    size_t channels;
    size_t kernel[GM_SPATIAL_AXES]; // odd
    bool no_demodulate, no_bias;
    gm_weight_initializer initializer;
    double gain;
} gm_modulated_conv_params;
// The modulated convolution of StyleGAN2 (Karras et al. 2020): x (N, C, ...) -> (N, channels, ...) of the same size. A
// dense layer makes a scale 1 + s for each input channel of style (N, M), by which each sample's weights are
// multiplied, and unless no_demodulate they are then divided by their norm, which leaves their gain out of the result.
// Variables NAME.style.weight (M, C), NAME.style.bias (C), NAME.weight (channels, C, kernel...), NAME.bias (channels).
GM_API gm_tensor *gm_modulated_conv(gm_tensor *x, gm_tensor *style, const char *name,
                                    const gm_modulated_conv_params *params);
// x (N, C, ...) / sqrt(mean of its squares over the channels + epsilon); 0 means 1e-8 (Karras et al. 2018).
GM_API gm_tensor *gm_pixel_norm(gm_tensor *x, double epsilon);
typedef struct gm_pixel_norm_params {
    double epsilon;
} gm_pixel_norm_params;
// The layer `truncation`: x (N, C, ...), left as it is, with a running mean NAME.running_mean (C) of what training has
// brought there: gm_network_set_truncation.
typedef struct gm_truncation_params {
    double momentum; // weight of the new batch in the mean
} gm_truncation_params;

typedef struct gm_attention_params {
    size_t heads; // 0 means 1
    size_t key;   // channels of the queries, and of the keys, of all heads together; 0: an eighth of the
                  // input's, at least one a head
    size_t value; // of the values; 0: as many as of the keys
    bool causal;  // a position reads itself and earlier ones alone
    bool no_scale;
    bool no_gate;
    bool bias; // of all four maps
    gm_weight_initializer initializer;
    gm_spectral_norm_params spectral_norm;
} gm_attention_params;
// Self-attention, x (N, C, H, W) or (N, C, L) -> x + gate y of the same shape; positions of images count row by row.
//   y = output(softmax(query(x) key(x)' scale) value(x)), over all positions of a sample, for each head with its part
//   of the channels; query, key, value and output are linear maps of the channels.
// For images as Zhang et al. 2019 (SAGAN): they use one head, key and value C / 8, a gate that starts at 0, spectral
// norm, no scale and no bias. scale = 1 / sqrt(key / heads) is from Vaswani et al. 2017, whose heads these are; it
// keeps what goes into the softmax of order 1 for any width, and is the default for both. With no_gate the result is y
// alone. Variables NAME.query.weight and NAME.key.weight (key, C, 1, 1), NAME.value.weight (value, C, 1, 1),
// NAME.output.weight (C, value, 1, 1), with `bias` NAME.query.bias, ..., and NAME.gate.weight (1).
GM_API gm_tensor *gm_attention(gm_tensor *x, const char *name, const gm_attention_params *params);

typedef enum gm_positions_kind { GM_POSITIONS_LEARNED = 0, GM_POSITIONS_SINUSOIDAL } gm_positions_kind;
typedef struct gm_positions_params {
    int kind; // gm_positions_kind
} gm_positions_params;
// x (N, C, L) or (N, C, H, W) -> x + p, where p tells positions apart. Learned: NAME.weight of one sample's shape,
// which starts from N(0, .02) (as in Devlin et al. 2019). Sinusoidal (Vaswani et al. 2017): channel 2 i is sin(l /
// 10000^(2 i / C)), channel 2 i + 1 the cosine; of images the first half of the channels tells the row in that way, the
// other the column.
GM_API gm_tensor *gm_positions(gm_tensor *x, const char *name, const gm_positions_params *params);

#define GM_MAX_RECURRENT_POSITIONS 1024

typedef struct gm_recurrent_params {
    size_t units, layers;              // layers: stacked, each reads the one below; 0 means 1
    bool bidirectional;                // each layer also walks from the last position to the first
    bool last;                         // the state after the walk instead of every position's
    gm_weight_initializer initializer; // GM_WEIGHTS_PYTORCH: weights and biases U(-b, b), b = 1/sqrt(units)
    gm_spectral_norm_params spectral_norm;
} gm_recurrent_params;
// Gated recurrent units (Cho et al. 2014) as PyTorch's GRU, from a state of zeros: x (N, C, L) -> (N, H, L), or the
// last state (N, H); H = units. Both ways: (N, 2 H, L), those that walk backwards second (`last`: their state at
// position 0). Variables NAME.ih_lK.weight (3 H, C), NAME.hh_lK.weight (3 H, H), NAME.ih_lK.bias, NAME.hh_lK.bias, each
// (3 H), of layer K from 0, gates in the order r, z, n; of the way backwards ih_lK_reverse, hh_lK_reverse. Each
// position is a step of its own in the graph: at most GM_MAX_RECURRENT_POSITIONS.
GM_API gm_tensor *gm_gru(gm_tensor *x, const char *name, const gm_recurrent_params *params);
// Long short-term memory (Hochreiter & Schmidhuber 1997) as PyTorch's LSTM: as gm_gru, but four gates i, f, g, o.
GM_API gm_tensor *gm_lstm(gm_tensor *x, const char *name, const gm_recurrent_params *params);
// One position of the same layer, with the same variables: x (N, C) and the state before it -> the state after it.
// The state is (layers, N, H) and begins with zeros, its last row is the layer's output; of the LSTM (2 layers, N, H),
// where row layers - 1 is the output and the cells come second. Fails with bidirectional or last.
GM_API gm_tensor *gm_gru_step(gm_tensor *x, gm_tensor *state, const char *name, const gm_recurrent_params *params);
GM_API gm_tensor *gm_lstm_step(gm_tensor *x, gm_tensor *state, const char *name, const gm_recurrent_params *params);

// In training: each element is dropped with probability `rate`, the others are scaled by 1/(1 - rate). `name` is the
// random stream's: one per application. `counter` int32 (2) (see gm_random_uniform) must change with each step.
GM_API gm_tensor *gm_dropout(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, double rate);

// (N, ...) -> (N, product of the rest), row-major.
GM_API gm_tensor *gm_flatten(gm_tensor *x);
// (N, ...) -> (N, shape).
GM_API gm_tensor *gm_reshape_samples(gm_tensor *x, gm_shape shape);

typedef struct gm_padding_params {
    gm_shape size;  // at both ends of each axis behind the channels: one number for all, or one for each
    gm_shape after; // at the far ends, where that differs; rank 0: as size
    int mode;       // gm_padding_mode
} gm_padding_params;
// x (N, C, L), (N, C, H, W) or (N, C, D, H, W) -> the same with longer axes behind the channels, as PyTorch's
// ReflectionPad1d, ReplicationPad2d, ... Axis by axis, so that corners are padded in both ways.
GM_API gm_tensor *gm_pad_samples(gm_tensor *x, const gm_padding_params *params);

#define GM_MAX_PIXEL_SHUFFLE 64

// x (N, C r^2, H, W) -> (N, C, H r, W r), r = factor: channel c r^2 + i r + j has the pixels of row i and column j of
// each block of r x r, as PyTorch's PixelShuffle (Shi et al. 2016). The second is the inverse, (N, C, H r, W r) ->
// (N, C r^2, H, W).
GM_API gm_tensor *gm_pixel_shuffle(gm_tensor *x, size_t factor);
GM_API gm_tensor *gm_pixel_unshuffle(gm_tensor *x, size_t factor);

// In training: each sequence of x (N, C, L) is moved by its own whole number of positions, all of -reach to reach being
// equally likely, and filled by reflection at the edge, reach < L (Donahue et al. 2019; their program draws one number
// for a batch). `name` and `counter`: as gm_dropout.
GM_API gm_tensor *gm_phase_shuffle(gm_tensor *x, const char *name, gm_mode mode, gm_tensor *counter, size_t reach);

typedef struct gm_minibatch_stddev_params {
    size_t group; // samples that are compared; 0 means 4
} gm_minibatch_stddev_params;
// x (N, C, ...) -> (N, C + 1, ...): a channel more, the mean over all values of their standard deviations among the
// samples of a group (Karras et al. 2018; groups and the 1e-8 under the root as in StyleGAN2). A group has `group`
// samples, or as many as the largest number below that divides N; of N = M group, sample i is in group i mod M.
GM_API gm_tensor *gm_minibatch_stddev(gm_tensor *x, const gm_minibatch_stddev_params *params);

#define GM_MAX_UPSAMPLE 16

typedef enum gm_upsample_mode { GM_UPSAMPLE_NEAREST = 0, GM_UPSAMPLE_BILINEAR } gm_upsample_mode;
typedef struct gm_upsample_params {
    size_t factor[GM_SPATIAL_AXES]; // one per spatial axis, each 1 to GM_MAX_UPSAMPLE
    int mode;                       // gm_upsample_mode
} gm_upsample_params;
// Sequences, images or volumes (N, C, L, ...) -> (N, C, L factor[0], ...), as PyTorch's Upsample (align_corners =
// false); bilinear is linear on sequences and trilinear on volumes.
GM_API gm_tensor *gm_upsample(gm_tensor *x, const gm_upsample_params *params);

// Labels are int32 (N), one per sample, 0 to classes - 1; any other is a class whose vector is zero and stays so. Or
// they are float32 (N, K), K <= classes, the share that each class has in a sample: its vector is their sum in these
// shares.
typedef struct gm_embed_params {
    size_t classes, size;
} gm_embed_params;
// x (N, M) or (N, M, ...), labels -> (N, M + size, ...): x, then, at every position, the label's row of NAME.weight
// (classes, size), which starts from N(0, 1) as PyTorch's Embedding.
GM_API gm_tensor *gm_embed(gm_tensor *x, gm_tensor *labels, const char *name, const gm_embed_params *params);

typedef struct gm_projection_params {
    size_t classes;
    gm_weight_initializer initializer; // of NAME.weight
    double gain;
    gm_spectral_norm_params spectral_norm; // of both weights
} gm_projection_params;
// The last layer of a projection discriminator (Miyato & Koyama 2018): x (N, F), labels -> x w + b + e_label . x (N,
// 1). Variables NAME.weight (F, 1), NAME.bias (1), NAME.embedding.weight (classes, F), which starts as Xavier's
// uniform.
GM_API gm_tensor *gm_projection(gm_tensor *x, gm_tensor *labels, const char *name, const gm_projection_params *params);

typedef struct gm_embedding_params {
    size_t symbols, size;
} gm_embedding_params;
// Symbols of sequences, int32 (N, L) -> (N, size, L), or one of each sample, (N) -> (N, size): the symbol's row of
// NAME.weight (symbols, size), which starts from N(0, 1) as PyTorch's Embedding; zeros for any other number. As a layer
// of a network it takes the symbols as float32 (N, L), or shares of them (N, symbols, L) as a softmax or one-hot codes
// have them, of which it makes the sum of their rows in these shares.
GM_API gm_tensor *gm_embedding(gm_tensor *indices, const char *name, const gm_embedding_params *params);

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

typedef struct gm_softmax_params {
    size_t axis; // 1: the channels; the samples' is 0
} gm_softmax_params;

// A choice among the channels of x (N, C, ...) by Gumbel noise, gm_gumbel_softmax along axis 1: in training soft, or
// hard with the gradient of the soft one; in inference hard. Training needs a counter; inference without one draws the
// same noise for the same place of every batch, but where gm_network_set_draw gives it.
typedef struct gm_gumbel_softmax_params {
    double temperature; // above 0
    bool hard;
} gm_gumbel_softmax_params;

typedef struct gm_reshape_params {
    gm_shape shape; // of one sample
} gm_reshape_params;

// pca: to the places along the data's axes of largest variance, in deviations; pca_inverse: back, to samples of a shape
// (gm_reshape_params). The axes are variables of the graph, "pca.mean" (1, d), "pca.axes" (components, d) and
// "pca.variance" (1, components), which whoever trains fits to the data.
typedef struct gm_components_params {
    size_t components; // 1 to 128
} gm_components_params;

// y = f(x) + shortcut(x); an empty shortcut is x itself.
typedef struct gm_residual_params {
    gm_layer_list layers, shortcut;
} gm_residual_params;

typedef struct gm_pixel_shuffle_params {
    size_t factor;
} gm_pixel_shuffle_params;

typedef struct gm_phase_shuffle_params {
    size_t reach;
} gm_phase_shuffle_params;

// The present value, then the one named `from` along the channels: shapes agree but for these.
typedef struct gm_concat_params {
    char from[GM_NAME_SIZE];
} gm_concat_params;

// Of the present value the channels first to first + count - 1.
typedef struct gm_slice_params {
    size_t first, count; // count 0: to the last
} gm_slice_params;

// x (N, M) -> sequences (N, symbols, length), written position by position: the layers see the symbol before (one-hot;
// zeros at the first position) and x, (N, symbols + M, 1), a map to a logit per symbol follows by itself, and the
// symbol is drawn by Gumbel noise, exactly one-hot, in training with the gradient of the soft choice. Layers must see
// one position at a time, as gru and lstm do. Variables NAME.weight (symbols, H), NAME.bias, and those of the layers.
// Noise: as gm_gumbel_softmax_params.
typedef struct gm_feedback_params {
    size_t symbols, length;
    double temperature; // of the soft choice; above 0
    gm_layer_list layers;
} gm_feedback_params;

// Names the present value, which goes on unchanged.
typedef struct gm_tap_params {
    char name[GM_NAME_SIZE];
} gm_tap_params;

// A further output: the layers applied to the value named `from` (empty: the present one), which goes on unchanged.
typedef struct gm_head_params {
    char name[GM_NAME_SIZE], from[GM_NAME_SIZE];
    gm_layer_list layers;
} gm_head_params;

typedef gm_parameter gm_layer_parameter;
struct gm_layer_context; // src/nn/layers.h

// A row of the table of layers.
typedef struct gm_layer_type {
    const char *name, *help;
    const gm_layer_parameter *parameters; // of the struct gm_layer.params, and gm_layer.rate behind it
    size_t parameter_count;
    gm_tensor *(*apply)(struct gm_layer_context *context, const struct gm_layer *layer, gm_tensor *x);
    double (*gain)(const struct gm_layer *layer); // activations: the gain that weights before them want; else NULL
    bool weighted;                                // has weights that an initialiser fills
    bool across_samples;                          // in training a sample's result depends on the rest of its batch
    bool penalised;                               // gradient penalties are taken through it even so, as published
    bool labelled;                                // needs labels
} gm_layer_type;

typedef struct gm_layer {
    const gm_layer_type *type;
    const char *origin; // where it is written, "samples/dcgan.yaml:12", to begin messages about it with; or NULL
    union {
        gm_dense_params dense;
        gm_maxout_params maxout;
        gm_conv_params conv; // conv_transpose, too
        gm_pool_params pool;
        gm_upsample_params upsample;
        gm_batch_norm_params batch_norm;
        gm_sample_norm_params sample_norm; // layer_norm, instance_norm, group_norm
        gm_attention_params attention;
        gm_positions_params positions;
        gm_recurrent_params recurrent; // gru, lstm
        gm_dropout_params dropout;
        gm_softmax_params softmax; // log_softmax, too
        gm_gumbel_softmax_params gumbel_softmax;
        gm_activation_params activation;
        gm_reshape_params reshape;       // constant, pca_inverse, too
        gm_components_params components; // pca
        gm_embed_params embed;
        gm_embedding_params embedding;
        gm_projection_params projection;
        gm_residual_params residual;
        gm_feedback_params feedback;
        gm_padding_params padding;
        gm_pixel_shuffle_params pixel_shuffle; // pixel_unshuffle, too
        gm_phase_shuffle_params phase_shuffle;
        gm_minibatch_stddev_params minibatch_stddev;
        gm_adain_params adain;
        gm_modulated_conv_params modulated_conv;
        gm_pixel_norm_params pixel_norm;
        gm_truncation_params truncation;
        gm_concat_params concat;
        gm_slice_params slice;
        gm_tap_params tap;
        gm_head_params head;
    } params;
    double rate; // factor of the optimiser's learning rate for its variables, those of layers inside included
} gm_layer;

GM_API const gm_layer_type *gm_layer_types(size_t *count);
// NULL when there is no such layer.
GM_API const gm_layer_type *gm_layer_type_find(const char *name);
// The type with every parameter at its default; the rate 1.
GM_API void gm_layer_default(gm_layer *layer, const gm_layer_type *type);
// Set a parameter by key; key NULL sets the positional one (`dense: 128`). The message names layer, key and range.
GM_API gm_status gm_layer_set_text(gm_layer *layer, const char *key, const char *text);
GM_API gm_status gm_layer_set_list(gm_layer *layer, const char *key, const char *const *items, size_t count);
GM_API gm_status gm_layer_set_number(gm_layer *layer, const char *key, double value);
// Gives a layer its inner layers, which must live as long as it does (a network copies them all).
GM_API gm_status gm_layer_set_layers(gm_layer *layer, const char *key, const gm_layer *layers, size_t count);
// Fails when a required parameter was not set. Inner layers are not looked at.
GM_API gm_status gm_layer_check(const gm_layer *layer);
// The layers inside: the list that parameter `index` of the type holds, NULL when it is not of that kind.
GM_API const gm_layer_list *gm_layer_inner(const gm_layer *layer, size_t index);

// ---- Networks ----

typedef struct gm_network gm_network;

#define GM_LAYER_DEPTH 3 // layers may lie in layers in layers in a network's list

// A list of layers, copied. `name` starts the variables' names: NAME.INDEX.weight, ..., INDEX = the layer's place in
// the list from 0 (messages count alike); 1 to 64 letters, digits, '_' and '-'. Inner layers are NAME.INDEX.INDEX,
// those of a shortcut NAME.INDEX.shortcut.INDEX. `initializer` is for layers that name none.
// Fails when a layer lacks a required parameter, when two taps or heads have one name, when a layer refers to none that
// stands before it (as head, concat and adain do).
GM_API gm_status gm_network_create(gm_network **network, const char *name, const gm_layer *layers, size_t count,
                                   gm_weight_initializer initializer);
GM_API void gm_network_destroy(gm_network **network);

// Append the layers to x's graph, which the network is bound to from then on (for another graph, create another network
// from the same layers). Every application shares the variables. counter: see gm_dropout; NULL where nothing drops.
// Kaiming's gain follows the next activation: sqrt(2 / (1 + slope^2)) for (leaky) ReLU, 5/3 for tanh, 1 for sigmoid and
// for none.
GM_API gm_tensor *gm_network_apply(gm_network *network, gm_tensor *x, gm_mode mode, gm_tensor *counter);
// The same with labels, int32 (N), for the layers that need them (embed, projection): without any, those are a fault.
GM_API gm_tensor *gm_network_apply_labelled(gm_network *network, gm_tensor *x, gm_tensor *labels, gm_mode mode,
                                            gm_tensor *counter);
// Where layers that draw in inference (gumbel_softmax, noise) get uniform numbers, multiples of 2^-24 in [0, 1), for an
// input of theirs (N, ...): `name` is the layer's and lives as long as the graph. What a sample is then made of can
// come with it and not depend on its place in the batch.
typedef gm_tensor *(*gm_network_draw)(void *user, const char *name, gm_shape shape);
GM_API void gm_network_set_draw(gm_network *network, gm_network_draw draw, void *user);
// psi (N, 1), by which the layer `truncation` multiplies, in inference, how far each sample's vector is from the mean
// of all; NULL: 1. Whether there is such a layer, inner ones included.
GM_API void gm_network_set_truncation(gm_network *network, gm_tensor *psi);
GM_API bool gm_network_truncates(const gm_network *network);
// Where recurrent layers have their state, so that a network sees a sequence position by position: each application in
// inference then is one position (N, C, 1), and its layers begin with `recall` (of the shape of their state, (N, rows,
// units)) and leave the state behind it to `keep`. `name` is the layer's and lives as long as the
// graph.
typedef struct gm_network_memory {
    gm_tensor *(*recall)(void *user, const char *name, gm_shape shape);
    void (*keep)(void *user, const char *name, gm_tensor *state);
    void *user;
} gm_network_memory;
GM_API void gm_network_set_memory(gm_network *network, const gm_network_memory *memory);
// Texts (N, symbols, length), one-hot, that layers `feedback` read from the next application on in place of what they
// draw: they then give the logits of each symbol behind those before it, for training by maximum likelihood (Williams &
// Zipser 1989, "teacher forcing"). NULL: they draw again.
GM_API void gm_network_set_given(gm_network *network, gm_tensor *given);
// The value that the latest application gave the tap or head of that name; NULL when there is none.
GM_API gm_tensor *gm_network_output(const gm_network *network, const char *name);
// The values of all its taps and heads in the latest application, in the order in which an application sets them. The
// array belongs to the network, and the next application changes it.
GM_API gm_tensor *const *gm_network_outputs(const gm_network *network, size_t *count);
// Whether any layer, inner ones included, needs labels; or looks across samples in training (gm_layer_type).
GM_API bool gm_network_needs_labels(const gm_network *network);
GM_API bool gm_network_across_samples(const gm_network *network);
// Store the running statistics of the training applications since the last assignment; or forget them.
GM_API void gm_network_assign_statistics(gm_network *network, gm_phase *phase);
GM_API void gm_network_drop_statistics(gm_network *network);
// The trainable variables, layer by layer; and what else training changes: batch norm's running statistics, spectral
// norm's vectors. Networks of the same layers list theirs in the same order. Empty before the first application. The
// arrays belong to the network.
GM_API gm_tensor *const *gm_network_parameters(const gm_network *network, size_t *count);
GM_API gm_tensor *const *gm_network_statistics(const gm_network *network, size_t *count);
GM_API const char *gm_network_name(const gm_network *network);
GM_API const gm_layer *gm_network_layers(const gm_network *network, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
