// A convolution by a Toom-Cook algorithm, as the kernels for CPUs and for GPUs share it.
#ifndef GM_KERNELS_FAST_H
#define GM_KERNELS_FAST_H

#include "kernels/contraction.h"
#include "kernels/toom.h"

// The names are those of cl/fast_cpu.cl.
typedef struct gm_fast {
    gm_toom toom;
    int64_t in, out, shift[2], base[2], tap_base, tap_step;
    size_t tiles[2], depth, points; // depth: channels of all phases of the input; points: of both axes
} gm_fast;

gm_fast gm_fast_describe(const gm_contraction *contraction);
// The function GM_FAST_<WHAT> of an instance, of values of a type: t = matrix s (`transposed`: its transpose).
void gm_fast_transform(gm_text *text, const char *type, const char *what, const double (*matrix)[GM_TOOM_MOST],
                       size_t rows, size_t columns, bool transposed);

#endif
