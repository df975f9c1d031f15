// Toom-Cook (Winograd) algorithms: m results of a correlation with r taps by m + r - 1 multiplications instead of m r.
//     y[i] = sum over j < r of d[i + j] g[j]  =  sum over p of result[i][p] (data[p] . d) (taps[p] . g)
// Both factors are polynomials' values at m + r - 2 points and at infinity (Cook); in this form, with data and results
// in each other's place, it is Winograd's F(m, r).
#ifndef GM_KERNELS_TOOM_H
#define GM_KERNELS_TOOM_H

#include <stddef.h>

enum { GM_TOOM_MOST = 6 }; // points, one of them infinity

typedef struct gm_toom {
    size_t results, taps, points;
    double result[GM_TOOM_MOST][GM_TOOM_MOST]; // (results, points)
    double data[GM_TOOM_MOST][GM_TOOM_MOST];   // (points, points), whole numbers
    double tap[GM_TOOM_MOST][GM_TOOM_MOST];    // (points, taps)
} gm_toom;

// results + taps - 1 is at least 2 and at most GM_TOOM_MOST.
gm_toom gm_toom_create(size_t results, size_t taps);

#endif
