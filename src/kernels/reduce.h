// One pass of a reduction: between reduce.c, which says how many there are, and reduce_text.c, which writes the
// kernels.
#ifndef GM_KERNELS_REDUCE_H
#define GM_KERNELS_REDUCE_H

#include "kernels/space.h"

enum {
    COLUMNS = 256,
    GPU_LOCAL = 256, // GM_FOLD_ITEMS of subgroup.cl, GPU_COLUMNS times GPU_LANES
    GPU_COLUMNS = 32,
    GPU_LANES = 8,
    VECTOR = 8
};

typedef struct gm_reduction {
    gm_emitter *emitter;
    const gm_fused *fused;
    gm_space space;
    bool maximum, column, gpu;
    size_t kept[GM_MAX_RANK], kept_count;        // outer kept dimensions
    size_t walked[GM_MAX_RANK], walked_count;    // outer reduced dimensions
    size_t kept_total, rows, inner;              // products of those, and the innermost dimension
    size_t parts, rows_per_part, inner_per_part; // row kernels split rows or, where there is one, the inner dimension
} gm_reduction;

void gm_reduction_text(gm_text *text, const gm_reduction *r);

#endif
