// An index space with the strides of every view in it, its dimensions ordered and merged as far as all views allow.
#ifndef GM_KERNELS_SPACE_H
#define GM_KERNELS_SPACE_H

#include "kernels/kernels.h"

enum { GM_MAX_VIEWS = 2 * GM_MAX_OPERANDS + GM_MAX_RESULTS };

typedef struct gm_space {
    size_t rank; // at least 1; the last dimension is the innermost
    size_t dim[GM_MAX_RANK];
    bool reduced[GM_MAX_RANK];
    size_t view_count;
    int64_t stride[GM_MAX_VIEWS][GM_MAX_RANK];
    bool aligned; // vectors along the innermost dimension are accessed at multiples of their size
} gm_space;

// The views of a space: the operands', those that `after` has beside the results, the targets'.
const gm_view *gm_space_view(const gm_fused *fused, size_t v);
size_t gm_space_reads(const gm_fused *fused); // how many are read: the first
// Axes in `reduced` are never merged with others; pass 0 for none.
void gm_space_create(gm_space *space, const gm_fused *fused, uint32_t reduced);
size_t gm_space_count(const gm_space *space, size_t from, size_t to); // product of dimensions from..to-1

// Appends to a kernel's parameter list the pointers and the integers that address view `v` in dimensions
// first..rank-1: "__global const float *a0" and "int o0, int a0_1, …".
void gm_space_parameters(gm_text *text, const gm_space *space, const gm_fused *fused);
void gm_space_arguments(gm_launch_builder *builder, const gm_space *space, const gm_fused *fused);
// "a0 + o0 + i0*a0_0 + …" over the outer dimensions (all but the innermost).
void gm_space_row_pointer(gm_text *text, const gm_space *space, size_t view);
// Appends "const int i<d> = …" splitting `index` into the listed dimensions, innermost of them last.
void gm_space_split(gm_text *text, const char *index, const size_t *dims, size_t count, const char *indent);
// The element of view `v` at inner position `i`: its load, "p0[i];\n" or what half needs, and a store of a result in
// it.
void gm_space_load(gm_text *text, const gm_space *space, const gm_fused *fused, size_t v);
void gm_space_store(gm_text *text, const gm_space *space, const gm_fused *fused, size_t v, const gm_step_input *result,
                    const char *indent);
// Loads of all operands at inner position `i` (width 1), or `width` of them, `m` of which are valid (NULL: all).
void gm_space_loads(gm_text *text, const gm_space *space, const gm_fused *fused, size_t width, const char *m,
                    const char *indent);

#endif
