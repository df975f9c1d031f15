// The static graph: tensors are symbols with a type and a shape; functions append nodes and know no device.
//
// A constructor that gets impossible arguments (or the poison tensor) returns the graph's poison tensor and records
// the first fault with names and shapes; gm_graph_status and gm_plan_create return it once. So model code needs no
// checks. Tensors belong to their graph. A graph is used by one thread at a time. Equal nodes are made once.
#ifndef GANYMEDE_GRAPH_H
#define GANYMEDE_GRAPH_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_graph gm_graph;
typedef struct gm_tensor gm_tensor;
typedef struct gm_phase gm_phase;

typedef enum gm_type { GM_TYPE_INVALID = 0, GM_FLOAT32, GM_INT32, GM_UINT8 } gm_type;

GM_API size_t gm_type_size(gm_type type);            // bytes per element; 0 for GM_TYPE_INVALID
GM_API size_t gm_shape_count(const gm_shape *shape); // product of the dimensions; 1 for a scalar
GM_API bool gm_shape_equal(const gm_shape *a, const gm_shape *b);

GM_API gm_status gm_graph_create(gm_graph **graph);
GM_API void gm_graph_destroy(gm_graph **graph);
// GM_OK, or the first fault of any constructor (message set again on each call).
GM_API gm_status gm_graph_status(const gm_graph *graph);

GM_API gm_type gm_tensor_type(const gm_tensor *x);
GM_API const gm_shape *gm_tensor_shape(const gm_tensor *x);
GM_API gm_graph *gm_tensor_graph(const gm_tensor *x);
GM_API const char *gm_tensor_name(const gm_tensor *x); // of variables, inputs and random nodes; else the operation's

// ---- Leaves ----

typedef enum gm_initializer_kind {
    GM_INITIALIZER_CONSTANT = 0, // every element = a (so the zeroed struct means zeros)
    GM_INITIALIZER_UNIFORM,      // U(a, b)
    GM_INITIALIZER_NORMAL,       // N(mean a, standard deviation b)
} gm_initializer_kind;

// How a state fills a variable that it does not hold yet; random ones by the state's seed and the variable's name.
typedef struct gm_initializer {
    gm_initializer_kind kind;
    double a, b;
} gm_initializer;

// A tensor whose value persists in a gm_state (weights, moments, running statistics, the step).
// Declaring a name again returns the same tensor; with another type or shape it is a fault.
GM_API gm_tensor *gm_variable(gm_graph *graph, const char *name, gm_type type, gm_shape shape,
                              gm_initializer initializer);
// The variable of that name, or NULL.
GM_API gm_tensor *gm_variable_find(const gm_graph *graph, const char *name);
// Optimisers multiply their learning rate by `factor` for this variable, 1 at first; 0 freezes it: it keeps its value
// bit for bit. Updates appended before are not changed. Fails when x is no variable or the factor is negative.
GM_API void gm_variable_set_rate(gm_tensor *x, double factor);
GM_API double gm_variable_rate(const gm_tensor *x);
// A value that the host writes (gm_plan_write) and that stays until written again; zeros before.
GM_API gm_tensor *gm_input(gm_graph *graph, const char *name, gm_type type, gm_shape shape);
GM_API gm_tensor *gm_constant(gm_graph *graph, double value);             // float32 scalar
GM_API gm_tensor *gm_constant_int(gm_graph *graph, int32_t value);        // int32 scalar
GM_API gm_tensor *gm_full(gm_graph *graph, gm_shape shape, double value); // float32, every element = value
// Numbers that are part of the graph, row-major, of the type's size each: copied.
GM_API gm_tensor *gm_constant_array(gm_graph *graph, gm_type type, gm_shape shape, const void *values);

// Random numbers, Philox4x32-10: element i of the row-major result is word i%4 of block
// (i/4, hash of `name`, counter[0], counter[1]) under the state's seed as key. `counter` is int32 of shape (2)
// (step, sub-step), NULL for (0, 0). Two random nodes of one graph with one name are the same node or a fault.
GM_API gm_tensor *gm_random_uniform(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter); // [0, 1)
GM_API gm_tensor *gm_random_normal(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter);
GM_API gm_tensor *gm_random_bernoulli(gm_graph *graph, const char *name, gm_shape shape, double probability,
                                      gm_tensor *counter); // 1 with the probability, else 0

// ---- Element-wise: shapes broadcast as in NumPy; float32, and int32 where marked (i) ----

GM_API gm_tensor *gm_add(gm_tensor *a, gm_tensor *b);      // (i)
GM_API gm_tensor *gm_subtract(gm_tensor *a, gm_tensor *b); // (i)
GM_API gm_tensor *gm_multiply(gm_tensor *a, gm_tensor *b); // (i)
GM_API gm_tensor *gm_divide(gm_tensor *a, gm_tensor *b);   // (i) truncates
GM_API gm_tensor *gm_minimum(gm_tensor *a, gm_tensor *b);  // (i) gradient to the smaller, half to each when equal
GM_API gm_tensor *gm_maximum(gm_tensor *a, gm_tensor *b);  // (i) NaN wins in both
// Comparisons give float32 1 or 0; no gradient.
GM_API gm_tensor *gm_less(gm_tensor *a, gm_tensor *b);                    // (i)
GM_API gm_tensor *gm_less_equal(gm_tensor *a, gm_tensor *b);              // (i)
GM_API gm_tensor *gm_greater(gm_tensor *a, gm_tensor *b);                 // (i)
GM_API gm_tensor *gm_greater_equal(gm_tensor *a, gm_tensor *b);           // (i)
GM_API gm_tensor *gm_equal(gm_tensor *a, gm_tensor *b);                   // (i)
GM_API gm_tensor *gm_not_equal(gm_tensor *a, gm_tensor *b);               // (i)
GM_API gm_tensor *gm_select(gm_tensor *mask, gm_tensor *a, gm_tensor *b); // mask != 0 ? a : b; mask float32
GM_API gm_tensor *gm_negate(gm_tensor *x);                                // (i)
GM_API gm_tensor *gm_abs(gm_tensor *x);                                   // (i) gradient 0 at 0
GM_API gm_tensor *gm_sign(gm_tensor *x);                                  // -1, 0, 1; no gradient
GM_API gm_tensor *gm_floor(gm_tensor *x);                                 // no gradient
GM_API gm_tensor *gm_exp(gm_tensor *x);
GM_API gm_tensor *gm_log(gm_tensor *x);
GM_API gm_tensor *gm_sqrt(gm_tensor *x);
GM_API gm_tensor *gm_rsqrt(gm_tensor *x); // 1 / sqrt(x)
GM_API gm_tensor *gm_square(gm_tensor *x);
GM_API gm_tensor *gm_sin(gm_tensor *x);
GM_API gm_tensor *gm_cos(gm_tensor *x);
GM_API gm_tensor *gm_tanh(gm_tensor *x);
GM_API gm_tensor *gm_sigmoid(gm_tensor *x);
GM_API gm_tensor *gm_softplus(gm_tensor *x);                 // ln(1 + e^x), without overflow
GM_API gm_tensor *gm_relu(gm_tensor *x);                     // x <= 0 ? 0 : x, so NaN passes; gradient 0 at 0
GM_API gm_tensor *gm_leaky_relu(gm_tensor *x, double slope); // x <= 0 ? slope x : x, slope > 0
GM_API gm_tensor *gm_scale(gm_tensor *x, double factor);     // x * factor
GM_API gm_tensor *gm_offset(gm_tensor *x, double term);      // x + term
// To float32: the value. To int32: truncated. uint8 converts to the others only. Gradient between floats only.
GM_API gm_tensor *gm_cast(gm_tensor *x, gm_type type);
GM_API gm_tensor *gm_stop_gradient(gm_tensor *x);

// ---- Shape ----

GM_API gm_tensor *gm_reshape(gm_tensor *x, gm_shape shape);                        // same count, row-major order
GM_API gm_tensor *gm_transpose(gm_tensor *x, const size_t *axes);                  // y's axis i is x's axes[i]
GM_API gm_tensor *gm_broadcast(gm_tensor *x, gm_shape shape);                      // NumPy rules
GM_API gm_tensor *gm_slice(gm_tensor *x, const size_t *begin, const size_t *size); // rank entries each
GM_API gm_tensor *gm_flip(gm_tensor *x, uint32_t axes); // a set of axes, as in reductions: each runs backwards
GM_API gm_tensor *gm_pad(gm_tensor *x, const size_t *before, const size_t *after); // with zeros
GM_API gm_tensor *gm_concat(gm_tensor *const *xs, size_t count, size_t axis);

// ---- Reductions: `axes` is a set of axes (GM_AXIS(0) | GM_AXIS(2)), kept with size 1 in the result ----

#define GM_AXIS(axis) (1u << (axis))
GM_API gm_tensor *gm_sum(gm_tensor *x, uint32_t axes);
GM_API gm_tensor *gm_mean(gm_tensor *x, uint32_t axes);
GM_API gm_tensor *gm_max(gm_tensor *x, uint32_t axes);      // gradient shared equally among ties; NaN wins
GM_API gm_tensor *gm_variance(gm_tensor *x, uint32_t axes); // mean of (x - mean)^2: no cancellation
GM_API gm_tensor *gm_sum_all(gm_tensor *x);                 // scalar (rank 0)
GM_API gm_tensor *gm_mean_all(gm_tensor *x);                // scalar (rank 0)

// ---- Along one axis, x float32 of any rank from 1 ----

// e^x / sum e^x over the axis, less the maximum first, so that nothing overflows. -inf gives 0, as masks need; a NaN,
// a +inf or nothing but -inf gives NaN all along the axis, as in PyTorch.
GM_API gm_tensor *gm_softmax(gm_tensor *x, size_t axis);
// ln of the softmax: finite where the softmax underflows. -inf gives -inf, NaN as above.
GM_API gm_tensor *gm_log_softmax(gm_tensor *x, size_t axis);
// int32, the axis kept with size 1: the index of the first maximum, of the first NaN where there is one. No gradient.
GM_API gm_tensor *gm_argmax(gm_tensor *x, size_t axis);

// ---- Discrete choices: an index of an axis, by float32 logits of any rank from 1 ----

// Noise of the standard Gumbel distribution, -ln(-ln u), between -2.9 and 16.7; name, shape and counter as those of
// gm_random_uniform, whose u it takes (2^-25 for 0).
GM_API gm_tensor *gm_gumbel_noise(gm_graph *graph, const char *name, gm_shape shape, gm_tensor *counter);
GM_API gm_tensor *gm_gumbel_noise_of(gm_tensor *uniform); // of multiples of 2^-24 from 0 on and below 1
// A draw from softmax(logits) -> int32, the axis kept with size 1: the argmax of logits + noise (the Gumbel-max trick,
// Maddison et al. 2014). A logit of -inf is drawn only where there is no other; no gradient.
GM_API gm_tensor *gm_categorical(gm_tensor *logits, const char *name, gm_tensor *counter, size_t axis);
// The draw relaxed, of the logits' shape: softmax((logits + noise) / temperature), temperature > 0 (Jang et al. 2017,
// Maddison et al. 2017). hard: in value exactly one-hot, 1 where the argmax is; the gradient stays that of the soft one
// (straight-through).
GM_API gm_tensor *gm_gumbel_softmax(gm_tensor *logits, const char *name, gm_tensor *counter, double temperature,
                                    bool hard, size_t axis);
// The same with noise that is given, float32 of the logits' shape.
GM_API gm_tensor *gm_gumbel_softmax_of(gm_tensor *logits, gm_tensor *noise, double temperature, bool hard, size_t axis);

// ---- Matrix product, convolution, pooling ----

typedef struct gm_gemm_params {
    bool transpose_a, transpose_b;
} gm_gemm_params;
// op(a) (..., M, K) times op(b) (..., K, N) -> (..., M, N): a product, or one for each place of the leading axes, which
// are the same in a and b. op transposes the last two axes, or nothing. params may be NULL.
GM_API gm_tensor *gm_gemm(gm_tensor *a, gm_tensor *b, const gm_gemm_params *params);

// One number per spatial axis in the order of the axes: one of a sequence (N, C, L), two of an image (N, C, H, W),
// three of a volume (N, C, D, H, W). A stride or dilation of 0 means 1; they may have no common factor.
typedef struct gm_convolution_params {
    size_t stride[GM_SPATIAL_AXES], padding[GM_SPATIAL_AXES]; // zeros before and after
    size_t extra_padding[GM_SPATIAL_AXES];                    // further zeros after
    size_t dilation[GM_SPATIAL_AXES];                         // distance of the kernel's values
    size_t output_padding[GM_SPATIAL_AXES];                   // the transposed form alone, < stride
} gm_convolution_params;
// Correlation, as in PyTorch's Conv1d, Conv2d and Conv3d: x (N, C, ...), w (K, C, ...) with the kernel's sizes R
// -> (N, K, ...); of each axis
//   L' = (L + 2 padding + extra_padding - (R - 1) dilation - 1) / stride + 1
GM_API gm_tensor *gm_convolution(gm_tensor *x, gm_tensor *w, const gm_convolution_params *params);
// Its adjoint, as in PyTorch's ConvTranspose1d to 3d: x (N, K, ...), w (K, C, ...) -> (N, C, ...); of each axis
//   L' = (L - 1) stride - 2 padding - extra_padding + (R - 1) dilation + 1 + output_padding
GM_API gm_tensor *gm_convolution_transpose(gm_tensor *x, gm_tensor *w, const gm_convolution_params *params);

// The gradient of the convolution of images to its weights: x (N, C, H, W), dy (N, K, OH, OW)
// -> (K, C, kernel[0], kernel[1]).
GM_API gm_tensor *gm_convolution_weight(gm_tensor *x, gm_tensor *dy, const size_t kernel[2],
                                        const gm_convolution_params *params);

// One number per spatial axis; a stride of 0 means the kernel's size; padding <= kernel / 2.
typedef struct gm_pool_params {
    size_t kernel[GM_SPATIAL_AXES], stride[GM_SPATIAL_AXES], padding[GM_SPATIAL_AXES];
} gm_pool_params;
// Sequences, images or volumes (N, C, ...) -> (N, C, ...); of each axis L' = (L + 2 padding - kernel) / stride + 1. The
// average counts padding as zeros (PyTorch's default); the maximum ignores it, and its gradient goes to the first
// maximum in row-major order.
GM_API gm_tensor *gm_average_pool(gm_tensor *x, const gm_pool_params *params);
GM_API gm_tensor *gm_max_pool(gm_tensor *x, const gm_pool_params *params);

// ---- Rows by index ----

// table (R, ...), indices int32 (N) -> (N, ...): row indices[i]; an index outside the table gives zeros.
GM_API gm_tensor *gm_gather(gm_tensor *table, gm_tensor *indices);
// Its adjoint: rows (N, ...), indices int32 (N) -> (count, ...): sums of the rows with each index, in order of i.
GM_API gm_tensor *gm_scatter_add(gm_tensor *rows, gm_tensor *indices, size_t count);
// indices int32 (N) -> float32 (N, count): 1 in column indices[i], else 0; a row of zeros for any other index.
GM_API gm_tensor *gm_one_hot(gm_tensor *indices, size_t count);

// ---- Images by offset ----

// Each image moved down and to the right by its own number of pixels (negative: up, left), zeros where it was:
//   x (N, C, H, W), offsets int32 (N, 2) -> y (N, C, H, W), y[n, c, h, w] = x[n, c, h - offsets[n, 0], w - offsets[n,
//   1]]
// Its adjoint is the shift by the opposite offsets.
GM_API gm_tensor *gm_shift2d(gm_tensor *x, gm_tensor *offsets);

// ---- Images with a border ----

typedef enum gm_padding_mode {
    GM_PADDING_ZERO = 0,
    GM_PADDING_REFLECT,   // what lies inside the edge, mirrored at it: c b | a b c | b a; fewer values than there are
    GM_PADDING_REPLICATE, // the edge repeated: a a | a b c | c c
} gm_padding_mode;

// x (N, C, H, W) -> (N, C, before[0] + H + after[0], before[1] + W + after[1]), differentiable any number of times.
GM_API gm_tensor *gm_pad2d(gm_tensor *x, const size_t before[2], const size_t after[2], gm_padding_mode mode);

// ---- Images by place ----

// Images read between their pixels, bilinearly, wherever the places say; pixels outside of an image are zeros:
//   x (N, C, H, W), places (N, 2, A, B): row and column in pixels, the middle of the first pixel being 0 -> (N, C, A,
//   B)
// A place that is not a number lies outside. Differentiable, also with respect to the places (at a pixel: to the right
// of it; Jaderberg et al. 2015, "Spatial transformer networks").
GM_API gm_tensor *gm_warp2d(gm_tensor *x, gm_tensor *places);
// Its adjoint: y (N, C, A, B) -> (N, C, height, width), in which each value is added to the four pixels that it would
// be read from.
GM_API gm_tensor *gm_warp2d_adjoint(gm_tensor *y, gm_tensor *places, size_t height, size_t width);

// ---- Neighbours: distances between the rows of x (N, D) and of y (M, D); no gradient ----

typedef enum gm_norm {
    GM_NORM_EUCLIDEAN = 1, // squares are floats: differences below 1e-19 count as 0, above 1e19 as infinite
    GM_NORM_MAXIMUM,       // of the absolute differences
} gm_norm;

typedef struct gm_nearest_params {
    size_t k; // at least 1
    gm_norm norm;
    bool exclude_same; // y's row i is no neighbour of x's row i (N = M)
} gm_nearest_params;
// -> (N, k): the distances from each row of x to its k nearest rows of y, ascending. A row with a value that is not
// finite is no row's neighbour and has none: its distances are infinite.
GM_API gm_tensor *gm_nearest(gm_tensor *x, gm_tensor *y, const gm_nearest_params *params);

typedef struct gm_within_params {
    gm_norm norm;
    bool exclude_same;
    bool strict;      // distance < radius, else <=; by the very floats that gm_nearest gives for the same rows
    bool radius_of_y; // each row of y has its radius, else each row of x
} gm_within_params;
// radius (N), or (M) -> int32 (N): how many rows of y lie within the radius. Infinite distances are within none.
GM_API gm_tensor *gm_count_within(gm_tensor *x, gm_tensor *y, gm_tensor *radius, const gm_within_params *params);

// ---- Differentiation ----

// dxs[i] = gradient of the one-element float32 tensor y with respect to xs[i], of xs[i]'s shape; zeros where y does
// not depend on it. Made of graph operations, so it can be differentiated again.
GM_API void gm_grad(gm_tensor *y, gm_tensor *const *xs, size_t count, gm_tensor **dxs);

// ---- Gradients per example: of losses (N) float32 of which each depends on its own example alone ----
//
// What differentially private training clips (Abadi et al., Deep Learning with Differential Privacy, 2016), without the
// memory that N gradients take: norms by Goodfellow (2015), Li et al. (2022) and Bu et al. (2022), the sums by scaling
// what the norms have been found from. Clipping, noise and division by the batch are the caller's:
//   factors = gm_grad_clipped(losses, bound, xs, count, sums);
//   gradient of x = (sum + bound noise_multiplier normal) / batch
// The examples lie along one axis of every value between the xs and the losses. A value that all examples share, such
// as an x, may be used by gm_gemm, gm_convolution, gm_convolution_transpose, gm_gather or a broadcast, several times,
// by way of views and element-wise operations. Where examples meet (batch norm, statistics of a batch) or an operation
// is unknown here, the functions fail with the name of the x and the operation. With N = 1 they are those of gm_grad.

// x, whose part for each example counts as that example's own, whatever it is made of: batch norm, say. No gradient
// goes on to that. Of private examples the claim would be wrong; of samples that hold nothing of them it may be made.
GM_API gm_tensor *gm_given(gm_tensor *x);
// The squared norm (N) of each example's gradient over all the xs.
GM_API gm_tensor *gm_grad_norms(gm_tensor *losses, gm_tensor *const *xs, size_t count);
// sums[i] = the sum over n of weights[n] times losses[n]'s gradient with respect to xs[i]; weights (N). They are taken
// as given: the sum is no gradient of them.
GM_API void gm_grad_weighted(gm_tensor *losses, gm_tensor *weights, gm_tensor *const *xs, size_t count,
                             gm_tensor **sums);
// Both: returns the factors (N), min(1, bound / norm), and their weighted sums. bound: float32 with one element.
GM_API gm_tensor *gm_grad_clipped(gm_tensor *losses, gm_tensor *bound, gm_tensor *const *xs, size_t count,
                                  gm_tensor **sums);

// ---- Phases: what a plan can run, each on its own, listed in the order in which a step runs them ----

GM_API gm_phase *gm_phase_create(gm_graph *graph, const char *name);
// Keep x's value readable (gm_plan_read) after the phase ran.
GM_API void gm_phase_fetch(gm_phase *phase, gm_tensor *x);
// The phase takes no value that an earlier one computed and leaves none to later ones: for phases that a step runs on
// several batches, one after the other.
GM_API void gm_phase_isolate(gm_phase *phase);
// Store `value` in `variable` at the end of the phase; same type and shape; once per variable and phase.
GM_API void gm_phase_assign(gm_phase *phase, gm_tensor *variable, gm_tensor *value);

#ifdef __cplusplus
}
#endif
#endif
