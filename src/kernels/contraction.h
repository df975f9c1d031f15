// A contraction as cl/contract.cl computes it: an output (rows), or a weight gradient (outer), with an epilogue.
#ifndef GM_KERNELS_CONTRACTION_H
#define GM_KERNELS_CONTRACTION_H

#include "kernels/kernels.h"

// Factors of the default's work sizes, another tile, or CLBlast.
typedef struct gm_contract_variant {
    const char *name;
    bool gpu, rows, outer; // of which family, for which of the two forms
    bool clblast;          // products alone
    size_t fast;           // results that a Toom-Cook tile has along each axis; 0: the direct kernels
    size_t tile, columns;  // results that a tile has below and, on GPUs, beside one another; 0: the default
    double error;          // bound on rounding errors as a multiple of the direct kernels'; 0: 1
    double groups, parts;  // rows: groups of rows; outer: parts of the sum
} gm_contract_variant;

// How an output position maps to an input position along one axis: see contract.cl.
typedef struct gm_axis_map {
    int64_t a, b, d, q;
} gm_axis_map;

typedef struct gm_contraction {
    gm_emitter *emitter;
    gm_fused *epilogue; // a copy of the call's, its operands in the same axes as y
    const char *name;
    gm_view x, w, y; // x, y (rows, channels, height, width); w (outputs K, contraction C, R, S)
    size_t N, C, K, R, S, IH, IW, OH, OW;
    bool batch; // rows: products alone, one a position, which meets the tap of the same place
    gm_axis_map map[2];
    double flop, executed; // the direct algorithm's, and those that run; 0: the same
    const gm_contract_variant *variant;
} gm_contraction;

// The view with its first two axes in each other's place.
gm_view gm_swap_axes(const gm_view *view);

// Defines the epilogue's macros for both widths that CPUs' kernels store, or for the GPUs' one; NULL: to change
// nothing.
void gm_epilogue_append(gm_text *text, const gm_fused *epilogue, bool gpu);
// The operands, which follow a kernel's other arguments.
void gm_epilogue_arguments(gm_launch_builder *builder, const gm_fused *epilogue);

// ---- Tiles of GPUs (tile.c) ----

// Results of a work-group. Small tiles have few items of 64 sums each: as many slices of them share a contraction, or,
// where registers are few, as many items have a share of the sums.
typedef struct gm_gpu_tile {
    size_t rows, columns, slices;
    double pace; // as a share of the largest's
} gm_gpu_tile;

enum { GM_GPU_FULL_ITEMS = 256 }; // of a compute unit: they keep it busy

// Whether work-groups of the device can make tiles of that size.
bool gm_gpu_tile_runs(const gm_emitter *emitter, size_t rows, size_t columns);
// The variant's tile, or the one that is estimated to take least for `copies` matrices of so many rows and columns;
// crowded: what an item loads takes many registers.
const gm_gpu_tile *gm_gpu_tile_choose(const gm_contraction *contraction, size_t rows, size_t columns, size_t copies,
                                      bool crowded);
size_t gm_gpu_tile_items(const gm_gpu_tile *tile); // of a work-group
// Compute units that are kept busy by GM_GPU_FULL_ITEMS items each.
size_t gm_gpu_full_units(const gm_device_info *info);
// Of Intel's devices without a second register file.
bool gm_gpu_has_few_registers(const gm_device_info *info);

// ---- Launches ----

// Rows: y[oh,ow,n,k] = Σ x[ih,iw,n,c] w[r,s,c,k].
gm_status gm_emit_rows(const gm_contraction *contraction);
// By a Toom-Cook algorithm of variant->fast results (fast.c): whether it takes the contraction, which then
// needs channels side by side in all but the weights; rows and outer as below.
bool gm_fast_accepts(const gm_contraction *contraction, const gm_device_info *device);
// An estimate of its time, as rows or outer, as a share of the direct kernels'.
double gm_fast_cost(const gm_contraction *contraction, bool outer);
gm_status gm_emit_fast_rows(const gm_contraction *contraction);
gm_status gm_emit_fast_outer(const gm_contraction *contraction);
gm_status gm_emit_fast_rows_gpu(const gm_contraction *contraction);
gm_status gm_emit_fast_outer_gpu(const gm_contraction *contraction);
// Outer: y[r,s,c,k] = Σ x[ih,iw,n,c] w[oh,ow,n,k].
gm_status gm_emit_outer(gm_contraction *contraction);
// y = the partial results, (parts, R, S, C, K) in one storage, added in order.
gm_status gm_emit_outer_sum(const gm_contraction *contraction, uint32_t partial, size_t parts);

#endif
