// Neighbours on CPUs: a work-group takes a block of rows of x, four at a time against a panel of 16 rows of y, so that
// the sums stay in registers and a panel in the cache. A template, for each operation and norm:
//   GM_NAME                   the function's name
//   GM_NEIGHBORS_COUNT        counts within a radius; else the nearest
//   GM_NEIGHBORS_MAXIMUM      the norm; else Euclidean
// Everything it was given is undefined at its end.
//
// Parameters: x and its view, packed points (neighbors_pack), radii of x and their view (not the nearest), the result
// and its offset; sizes, then `block` rows of x to a work-group (a multiple of 4, at most GM_NEIGHBORS_ROWS).
#ifndef GM_NEIGHBORS_ROWS
#define GM_NEIGHBORS_ROWS 64
#define GM_NEIGHBORS_EACH(F) F(0) F(1) F(2) F(3)
#endif

#ifdef GM_NEIGHBORS_MAXIMUM
#define GM_NEIGHBORS_GROW(s, difference) as_float16(max(as_int16(s), as_int16(fabs(difference))))
#define GM_NEIGHBORS_JOIN(s, part) as_float16(max(as_int16(s), as_int16(part)))
#define GM_NEIGHBORS_DISTANCE(s) (s)
#define GM_NEIGHBORS_IS_EUCLIDEAN 0
#else
#define GM_NEIGHBORS_GROW(s, difference) fma(difference, difference, s)
#define GM_NEIGHBORS_JOIN(s, part) ((s) + (part))
#define GM_NEIGHBORS_DISTANCE(s) sqrt(s)
#define GM_NEIGHBORS_IS_EUCLIDEAN 1
#endif

#ifdef GM_NEIGHBORS_COUNT
static void GM_NAME(GM_PLACE, global const float *restrict x, global const float *restrict packed,
    global const float *restrict radius, global int *restrict result, const int x0, const int xn, const int xc,
    const int r0, const int rn, const int result0, const int N, const int M, const int D, const int limits,
    const int strict, const int exclude, const int block)
#else
static void GM_NAME(GM_PLACE, global const float *restrict x, global const float *restrict packed,
    global float *restrict result, const int x0, const int xn, const int xc, const int result0, const int N,
    const int M, const int D, const int k, const int exclude, const int block)
#endif
{
    const int begin = group.x * block, rows = min(block, N - begin);
    float16 sum[GM_NEIGHBORS_ROWS];
    float limit[GM_NEIGHBORS_ROWS]; // the sums that matter are below it, or for counts not above
#ifdef GM_NEIGHBORS_COUNT
    int16 inside[GM_NEIGHBORS_ROWS];
    for (int i = 0; i < GM_NEIGHBORS_ROWS; i++) {
        inside[i] = 0;
        limit[i] = limits || i >= rows ? -1.0f :
            gm_neighbors_limit(radius[r0 + (long)(begin + i) * rn], strict, GM_NEIGHBORS_IS_EUCLIDEAN);
    }
#else
    const int limits = 0;
    global float *list = result + result0 + (long)begin * k;
    for (long e = 0; e < (long)rows * k; e++)
        list[e] = INFINITY;
    for (int i = 0; i < GM_NEIGHBORS_ROWS; i++)
        limit[i] = i < rows ? INFINITY : -1.0f;
#endif
    for (int j0 = 0; j0 < M; j0 += GM_NEIGHBORS_PANEL) {
        global const float *panel = packed + (long)(j0 / GM_NEIGHBORS_PANEL) * (D + limits) * GM_NEIGHBORS_PANEL;
        for (int c0 = 0; c0 < D; c0 += GM_NEIGHBORS_CHUNK) {
            const int depth = min(GM_NEIGHBORS_CHUNK, D - c0), last = c0 + depth == D;
            for (int i = 0; i < rows; i += 4) {
                global const float *b = panel + c0 * GM_NEIGHBORS_PANEL;
#define GM_ROW(r)                                                                                      \
    global const float *a##r = x + x0 + (long)(begin + min(i + r, rows - 1)) * xn + (long)c0 * xc;     \
    float16 s##r = (float16)0.0f;
                GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                for (int c = 0; c < depth; c++) {
                    const float16 point = vload16(c, b);
#define GM_ROW(r)                                                      \
    {                                                                  \
        const float16 difference = (float16)a##r[(long)c * xc] - point; \
        s##r = GM_NEIGHBORS_GROW(s##r, difference);                    \
    }
                    GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                }
                if (c0 > 0) {
#define GM_ROW(r) s##r = GM_NEIGHBORS_JOIN(sum[i + r], s##r);
                    GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                }
                if (!last) {
#define GM_ROW(r) sum[i + r] = s##r;
                    GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                    continue;
                }
                if (exclude && begin + i < j0 + GM_NEIGHBORS_PANEL && begin + i + 4 > j0) {
                    const int16 point = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) + j0;
#define GM_ROW(r) s##r = select(s##r, (float16)INFINITY, point == (int16)(begin + i + r));
                    GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                }
#ifdef GM_NEIGHBORS_COUNT
                const float16 own = limits ? vload16(D, panel) : (float16)0.0f;
#define GM_ROW(r) inside[i + r] -= s##r <= (limits ? own : (float16)limit[i + r]);
                GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
#else
#define GM_ROW(r) const int16 near##r = s##r < (float16)limit[i + r];
                GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
                if (!any((near0 | near1) | (near2 | near3)))
                    continue;
#define GM_ROW(r)                                                                                      \
    if (any(near##r)) {                                                                                \
        float candidate[GM_NEIGHBORS_PANEL];                                                           \
        vstore16(s##r, 0, candidate);                                                                  \
        for (int l = 0; l < GM_NEIGHBORS_PANEL; l++)                                                   \
            if (candidate[l] < limit[i + r])                                                           \
                limit[i + r] = gm_neighbors_insert(list + (long)(i + r) * k, k, candidate[l]);         \
    }
                GM_NEIGHBORS_EACH(GM_ROW)
#undef GM_ROW
#endif
            }
        }
    }
#ifdef GM_NEIGHBORS_COUNT
    for (int i = 0; i < rows; i++) {
        int lane[GM_NEIGHBORS_PANEL], count = 0;
        vstore16(inside[i], 0, lane);
        for (int l = 0; l < GM_NEIGHBORS_PANEL; l++)
            count += lane[l];
        result[result0 + begin + i] = count;
    }
#else
    for (long e = 0; e < (long)rows * k; e++)
        list[e] = GM_NEIGHBORS_DISTANCE(list[e]);
#endif
}

#undef GM_NAME
#undef GM_NEIGHBORS_COUNT
#undef GM_NEIGHBORS_MAXIMUM
#undef GM_NEIGHBORS_GROW
#undef GM_NEIGHBORS_JOIN
#undef GM_NEIGHBORS_DISTANCE
#undef GM_NEIGHBORS_IS_EUCLIDEAN
