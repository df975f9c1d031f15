// Neighbours on GPUs: an item has a row of x, and the work-group walks over y in tiles that lie in local memory. A
// template like neighbors_cpu.cl, with the same instance macros. Points are read where they are, through strides.
//
// Parameters: x and its view, y and its view, the radii and their view (not the nearest), the result and its offset,
// sizes. Local size 64, global [N/64].
#ifndef GM_NEIGHBORS_ITEMS
#define GM_NEIGHBORS_ITEMS 64
#define GM_NEIGHBORS_POINTS 32 // rows of a tile of y
#define GM_NEIGHBORS_DEPTH 16  // columns of a tile
// Lines of tiles are padded against bank conflicts: items that are neighbours store down a line.
#define GM_NEIGHBORS_LINE_X (GM_NEIGHBORS_ITEMS + 1)
#define GM_NEIGHBORS_LINE_Y (GM_NEIGHBORS_POINTS + 4)
#endif

#ifdef GM_NEIGHBORS_MAXIMUM
#define GM_NEIGHBORS_GROW(s, difference) as_float(max(as_int(s), as_int(fabs(difference))))
#define GM_NEIGHBORS_JOIN(s, part) as_float(max(as_int(s), as_int(part)))
#define GM_NEIGHBORS_DISTANCE(s) (s)
#define GM_NEIGHBORS_IS_EUCLIDEAN 0
#else
#define GM_NEIGHBORS_GROW(s, difference) fma(difference, difference, s)
#define GM_NEIGHBORS_JOIN(s, part) ((s) + (part))
#define GM_NEIGHBORS_DISTANCE(s) sqrt(s)
#define GM_NEIGHBORS_IS_EUCLIDEAN 1
#endif

#ifdef GM_NEIGHBORS_COUNT
kernel __attribute__((reqd_work_group_size(GM_NEIGHBORS_ITEMS, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict y, global const float *restrict radius, global int *restrict result, int x0, int xn,
    int xc, int y0, int yn, int yc, int r0, int rn, int result0, int N, int M, int D, int limits, int strict,
    int exclude)
#else
kernel __attribute__((reqd_work_group_size(GM_NEIGHBORS_ITEMS, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict y, global float *restrict result, int x0, int xn, int xc, int y0, int yn, int yc,
    int result0, int N, int M, int D, int k, int exclude)
#endif
{
    local float rows[GM_NEIGHBORS_DEPTH * GM_NEIGHBORS_LINE_X], points[GM_NEIGHBORS_DEPTH * GM_NEIGHBORS_LINE_Y];
    local float sums[GM_NEIGHBORS_POINTS * GM_NEIGHBORS_ITEMS]; // each item its own: indexed by what is no constant
    const int item = (int)get_local_id(0), i = (int)get_global_id(0), i0 = i - item;
    const int column = item % GM_NEIGHBORS_DEPTH, line = item / GM_NEIGHBORS_DEPTH;
#ifdef GM_NEIGHBORS_COUNT
    local float limit_of[GM_NEIGHBORS_POINTS];
    const float own = limits || i >= N ? -1.0f :
        gm_neighbors_limit(radius[r0 + (long)i * rn], strict, GM_NEIGHBORS_IS_EUCLIDEAN);
    int inside = 0;
#else
    global float *list = result + result0 + (long)min(i, N - 1) * k;
    float limit = i < N ? INFINITY : -1.0f;
    for (int e = 0; e < k && i < N; e++)
        list[e] = INFINITY;
#endif
    for (int j0 = 0; j0 < M; j0 += GM_NEIGHBORS_POINTS) {
        float sum[GM_NEIGHBORS_POINTS];
#pragma unroll
        for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
            sum[p] = 0.0f;
        for (int c0 = 0; c0 < D; c0 += GM_NEIGHBORS_CHUNK) {
            float part[GM_NEIGHBORS_POINTS];
#pragma unroll
            for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
                part[p] = 0.0f;
            for (int d = c0; d < min(c0 + GM_NEIGHBORS_CHUNK, D); d += GM_NEIGHBORS_DEPTH) {
                const int depth = min(GM_NEIGHBORS_DEPTH, D - d);
                if (column < depth) {
                    const long c = d + column;
                    for (int l = line; l < GM_NEIGHBORS_ITEMS; l += GM_NEIGHBORS_ITEMS / GM_NEIGHBORS_DEPTH)
                        rows[column * GM_NEIGHBORS_LINE_X + l] = x[x0 + (long)min(i0 + l, N - 1) * xn + c * xc];
                    for (int l = line; l < GM_NEIGHBORS_POINTS; l += GM_NEIGHBORS_ITEMS / GM_NEIGHBORS_DEPTH)
                        points[column * GM_NEIGHBORS_LINE_Y + l] =
                            j0 + l < M ? y[y0 + (long)(j0 + l) * yn + c * yc] : NAN;
                }
                barrier(CLK_LOCAL_MEM_FENCE);
                for (int e = 0; e < depth; e++) {
                    const float value = rows[e * GM_NEIGHBORS_LINE_X + item];
#pragma unroll
                    for (int p = 0; p < GM_NEIGHBORS_POINTS; p++) {
                        const float difference = value - points[e * GM_NEIGHBORS_LINE_Y + p];
                        part[p] = GM_NEIGHBORS_GROW(part[p], difference);
                    }
                }
                barrier(CLK_LOCAL_MEM_FENCE);
            }
#pragma unroll
            for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
                sum[p] = GM_NEIGHBORS_JOIN(sum[p], part[p]);
        }
#pragma unroll
        for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
            sums[p * GM_NEIGHBORS_ITEMS + item] = exclude && j0 + p == i ? INFINITY : sum[p];
#ifdef GM_NEIGHBORS_COUNT
        if (limits) {
            if (item < GM_NEIGHBORS_POINTS)
                limit_of[item] = j0 + item < M ?
                    gm_neighbors_limit(radius[r0 + (long)(j0 + item) * rn], strict, GM_NEIGHBORS_IS_EUCLIDEAN) : -1.0f;
            barrier(CLK_LOCAL_MEM_FENCE); // the next write to limit_of lies behind the tiles' barriers
        }
        for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
            inside += sums[p * GM_NEIGHBORS_ITEMS + item] <= (limits ? limit_of[p] : own);
#else
        for (int p = 0; p < GM_NEIGHBORS_POINTS; p++)
            if (sums[p * GM_NEIGHBORS_ITEMS + item] < limit)
                limit = gm_neighbors_insert(list, k, sums[p * GM_NEIGHBORS_ITEMS + item]);
#endif
    }
    if (i >= N)
        return;
#ifdef GM_NEIGHBORS_COUNT
    result[result0 + i] = inside;
#else
    for (int e = 0; e < k; e++)
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
