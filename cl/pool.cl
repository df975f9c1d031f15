// Pooling. x: the input, y: the result, k: the saved index (h*W + w of the first maximum); strides in N, C, H, W order.
// Work-items: (groups of `per` channels, groups of `rows` batch rows, positions of the result).
//
// A template: for each function define GM_POOL_<operation>, GM_NAME (its name), and GM_X and GM_Y (how the elements of
// x and y lie in memory, see common.cl), then include this text, which undefines at its end what it was given.
#ifndef GM_POOL_ONCE
#define GM_POOL_ONCE
#define GM_POOL_VIEW(p) const int p##0, const int p##N, const int p##C, const int p##H, const int p##W
#define GM_POOL_GEOMETRY                                                                                               \
    const int IH, const int OH, const int KH, const int SH, const int PH, const int IW, const int OW, const int KW,    \
        const int SW, const int PW, const int C, const int per, const int N, const int rows
#define GM_POOL_EACH_ROW for (int n = group.y * rows, n_end = min(n + rows, N); n < n_end; n++)
#define GM_POOL_EACH_CHANNEL for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++)
#define GM_POOL_AT(p, n, c, h, w) (p##0 + (n)*p##N + (c)*p##C + (h)*p##H + (w)*p##W)

// The windows (first..last of the map) that cover image position i.
static int gm_pool_first(int i, int kernel_size, int stride, int padding) {
    const int t = i + padding - kernel_size + stride; // the first o with o*stride + kernel > i + padding, rounded up
    return t < 0 ? 0 : t / stride;
}

static int gm_pool_last(int i, int stride, int padding, int count) {
    return min((i + padding) / stride, count - 1);
}

// Channels that lie side by side, eight at a time: for as many as there are whole eights, sums of the positions that
// (h, w) goes through; then the others.
#define GM_POOL_AVERAGE(h, h0, h1, w, w0, w1, at_h, at_w)                                                              \
    GM_POOL_EACH_ROW {                                                                                                 \
        int c = GM_ITEM * per;                                                                                         \
        const int last = min(c + per, C);                                                                              \
        if (xC == 1 && yC == 1)                                                                                        \
            for (; c + 8 <= last; c += 8) {                                                                            \
                float8 sum = (float8)(0.0f);                                                                           \
                for (int h = h0; h < h1; h++)                                                                          \
                    for (int w = w0; w < w1; w++)                                                                      \
                        sum += GM_LOAD8(GM_X, x + GM_POOL_AT(x, n, c, h, w));                                          \
                GM_STORE8(GM_Y, y + GM_POOL_AT(y, n, c, at_h, at_w), sum / (float)(KH * KW));                          \
            }                                                                                                          \
        for (; c < last; c++) {                                                                                        \
            float sum = 0.0f;                                                                                          \
            for (int h = h0; h < h1; h++)                                                                              \
                for (int w = w0; w < w1; w++)                                                                          \
                    sum += GM_LOAD(GM_X, x, GM_POOL_AT(x, n, c, h, w));                                                \
            GM_STORE(GM_Y, y, GM_POOL_AT(y, n, c, at_h, at_w), sum / (float)(KH * KW));                                \
        }                                                                                                              \
    }
#endif // GM_POOL_ONCE

#ifdef GM_POOL_average_pool
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                    GM_POOL_GEOMETRY) {
    const int oh = group.z / OW, ow = group.z % OW;
    const int h0 = max(oh * SH - PH, 0), h1 = min(oh * SH - PH + KH, IH);
    const int w0 = max(ow * SW - PW, 0), w1 = min(ow * SW - PW + KW, IW);
    GM_POOL_AVERAGE(h, h0, h1, w, w0, w1, oh, ow) // padding counts as zeros
}
#endif

#ifdef GM_POOL_average_pool_input
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                    GM_POOL_GEOMETRY) {
    const int h = group.z / IW, w = group.z % IW;
    const int h0 = gm_pool_first(h, KH, SH, PH), h1 = gm_pool_last(h, SH, PH, OH);
    const int w0 = gm_pool_first(w, KW, SW, PW), w1 = gm_pool_last(w, SW, PW, OW);
    GM_POOL_AVERAGE(oh, h0, h1 + 1, ow, w0, w1 + 1, h, w)
}
#endif

#ifdef GM_POOL_max_pool_index
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global int *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                    GM_POOL_GEOMETRY) {
    const int oh = group.z / OW, ow = group.z % OW;
    const int h0 = max(oh * SH - PH, 0), h1 = min(oh * SH - PH + KH, IH);
    const int w0 = max(ow * SW - PW, 0), w1 = min(ow * SW - PW + KW, IW);
    GM_POOL_EACH_ROW GM_POOL_EACH_CHANNEL {
        int best = h0 * IW + w0;
        float most = GM_LOAD(GM_X, x, GM_POOL_AT(x, n, c, h0, w0));
        for (int h = h0; h < h1; h++)
            for (int w = w0; w < w1; w++) {
                const float v = GM_LOAD(GM_X, x, GM_POOL_AT(x, n, c, h, w));
                if (v > most || (v != v && most == most)) { // the first maximum; a NaN beats every number
                    most = v;
                    best = h * IW + w;
                }
            }
        y[GM_POOL_AT(y, n, c, oh, ow)] = best;
    }
}
#endif

#ifdef GM_POOL_max_pool
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global const int *k, __global GM_Y *y, GM_POOL_VIEW(x),
                    GM_POOL_VIEW(k), GM_POOL_VIEW(y), GM_POOL_GEOMETRY) {
    const int oh = group.z / OW, ow = group.z % OW;
    GM_POOL_EACH_ROW GM_POOL_EACH_CHANNEL {
        const int at = k[GM_POOL_AT(k, n, c, oh, ow)];
        GM_STORE(GM_Y, y, GM_POOL_AT(y, n, c, oh, ow), GM_LOAD(GM_X, x, GM_POOL_AT(x, n, c, at / IW, at % IW)));
    }
}
#endif

#ifdef GM_POOL_max_pool_input
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global const int *k, __global GM_Y *y, GM_POOL_VIEW(x),
                    GM_POOL_VIEW(k), GM_POOL_VIEW(y), GM_POOL_GEOMETRY) {
    const int h = group.z / IW, w = group.z % IW;
    const int h0 = gm_pool_first(h, KH, SH, PH), h1 = gm_pool_last(h, SH, PH, OH);
    const int w0 = gm_pool_first(w, KW, SW, PW), w1 = gm_pool_last(w, SW, PW, OW);
    GM_POOL_EACH_ROW GM_POOL_EACH_CHANNEL {
        float sum = 0.0f;
        for (int oh = h0; oh <= h1; oh++)
            for (int ow = w0; ow <= w1; ow++)
                if (k[GM_POOL_AT(k, n, c, oh, ow)] == h * IW + w)
                    sum += GM_LOAD(GM_X, x, GM_POOL_AT(x, n, c, oh, ow));
        GM_STORE(GM_Y, y, GM_POOL_AT(y, n, c, h, w), sum);
    }
}
#endif

#undef GM_POOL_average_pool
#undef GM_POOL_average_pool_input
#undef GM_POOL_max_pool_index
#undef GM_POOL_max_pool
#undef GM_POOL_max_pool_input
#undef GM_NAME
#undef GM_X
#undef GM_Y
