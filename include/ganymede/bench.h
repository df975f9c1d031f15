// Measuring a device: single operations as a plan runs them, and the ceilings to compare them with.
//
// A figure is the median of several samples; each sample runs the operation until it has lasted some milliseconds and
// waits once at its end. Packing of operands, split sums and whatever else an operation needs is part of its time.
#ifndef GANYMEDE_BENCH_H
#define GANYMEDE_BENCH_H

#include "ganymede/device.h"
#include "ganymede/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_bench_result {
    double median_ms;
    double gflops;           // arithmetic of the operation's definition per second; 0 where bytes count instead
    double gbps;             // bytes read and written once each, per second
    double fraction_of_peak; // of the ceiling measured in the same call: multiply-adds in registers, or triad for
                             // bytes; operations are counted as the direct algorithm's: a fast one may exceed it
} gm_bench_result;

// The device's ceilings.
typedef struct gm_bench_peak {
    double fma_gflops;  // independent fused multiply-adds in registers
    double gemm_gflops; // the matrix kernel on operands that lie packed in the cache
    double triad_gbps;  // x = y + s z over `bytes` in all
} gm_bench_peak;
// `bytes`: of the triad's three arrays together; 0: 192 MiB.
GM_API gm_status gm_bench_peak_measure(gm_device *device, size_t bytes, gm_bench_peak *peak);

typedef enum gm_bench_constant {
    GM_BENCH_CONSTANT_NONE = 0,
    GM_BENCH_CONSTANT_A,
    GM_BENCH_CONSTANT_B
} gm_bench_constant;

// op(a) (M, K) times op(b) (K, N), or `batch` such products in one. A constant operand stays the same over many
// products, as weights do in a step, so that packing it counts only once for all of them.
typedef struct gm_bench_gemm {
    size_t m, n, k;
    size_t batch; // 0: a product of matrices without a batch's axis
    bool transpose_a, transpose_b;
    bool gradients; // those to both operands, too
    gm_bench_constant constant;
} gm_bench_gemm;
GM_API gm_status gm_bench_gemm_measure(gm_device *device, const gm_bench_gemm *gemm, gm_bench_result *result);

typedef enum gm_bench_direction {
    GM_BENCH_FORWARD = 0, // y = conv(x, w)
    GM_BENCH_INPUT,       // the gradient to x
    GM_BENCH_WEIGHT,      // the gradient to w
} gm_bench_direction;

// conv2d of x (N, C, H, W) with w (K, C, R, S), or with `transposed` conv2d_transpose of x (N, C, H, W) with
// w (C, K, R, S).
typedef struct gm_bench_conv {
    size_t n, c, h, w, k, r, s, stride, padding;
    bool transposed;
    gm_bench_direction direction;
    const char *variant; // of the kernels, as `ganymede tune` names them; NULL: the default
} gm_bench_conv;
GM_API gm_status gm_bench_conv_measure(gm_device *device, const gm_bench_conv *conv, gm_bench_result *result);

// Layers as a recipe has them, "conv: { channels: 8, kernel: 3 }" or a list in [], on an input (N, ...): the training
// forward pass and, but with `forward`, the gradients to the input and to all weights. Operations are those of products
// and convolutions; bytes those of input, output and weights, and of their gradients. With `channels_last` the
// input and the result's gradient lie as convolutions leave them to each other within a network, (..., N, C).
typedef struct gm_bench_layers {
    const char *layers;
    gm_shape input;
    bool forward, channels_last;
} gm_bench_layers;
GM_API gm_status gm_bench_layers_measure(gm_device *device, const gm_bench_layers *layers, gm_bench_result *result);

// z = x + s y over three arrays, or the sum of x over all but its `channels` last values a row; `bytes` in all.
GM_API gm_status gm_bench_elementwise_measure(gm_device *device, size_t bytes, gm_bench_result *result);
GM_API gm_status gm_bench_reduce_measure(gm_device *device, size_t bytes, size_t channels, gm_bench_result *result);

#ifdef __cplusplus
}
#endif
#endif
