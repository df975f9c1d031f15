// Pooling. x: the input, y: the result, k: the saved index (h*W + w of the first maximum); strides in N, C, H, W order.
// Work-items: (groups of `per` channels, batch rows, positions of the result).
#define GM_POOL_VIEW(p) const int p##0, const int p##N, const int p##C, const int p##H, const int p##W
#define GM_POOL_GEOMETRY                                                                                               \
    const int IH, const int OH, const int KH, const int SH, const int PH, const int IW, const int OW, const int KW,    \
        const int SW, const int PW, const int C, const int per
#define GM_POOL_AT(p, n, c, h, w) p[p##0 + (n)*p##N + (c)*p##C + (h)*p##H + (w)*p##W]

// The windows (first..last of the map) that cover image position i.
static int gm_pool_first(int i, int kernel_size, int stride, int padding) {
    const int t = i + padding - kernel_size + stride; // the first o with o*stride + kernel > i + padding, rounded up
    return t < 0 ? 0 : t / stride;
}

static int gm_pool_last(int i, int stride, int padding, int count) {
    return min((i + padding) / stride, count - 1);
}

static void average_pool(GM_PLACE, __global const float *x, __global float *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                           GM_POOL_GEOMETRY) {
    const int n = group.y, oh = group.z / OW, ow = group.z % OW;
    const int h0 = max(oh * SH - PH, 0), h1 = min(oh * SH - PH + KH, IH);
    const int w0 = max(ow * SW - PW, 0), w1 = min(ow * SW - PW + KW, IW);
    for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++) {
        float sum = 0.0f;
        for (int h = h0; h < h1; h++)
            for (int w = w0; w < w1; w++)
                sum += GM_POOL_AT(x, n, c, h, w);
        GM_POOL_AT(y, n, c, oh, ow) = sum / (float)(KH * KW); // padding counts as zeros
    }
}

static void average_pool_input(GM_PLACE, __global const float *x, __global float *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                                 GM_POOL_GEOMETRY) {
    const int n = group.y, h = group.z / IW, w = group.z % IW;
    const int h0 = gm_pool_first(h, KH, SH, PH), h1 = gm_pool_last(h, SH, PH, OH);
    const int w0 = gm_pool_first(w, KW, SW, PW), w1 = gm_pool_last(w, SW, PW, OW);
    for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++) {
        float sum = 0.0f;
        for (int oh = h0; oh <= h1; oh++)
            for (int ow = w0; ow <= w1; ow++)
                sum += GM_POOL_AT(x, n, c, oh, ow);
        GM_POOL_AT(y, n, c, h, w) = sum / (float)(KH * KW);
    }
}

static void max_pool_index(GM_PLACE, __global const float *x, __global int *y, GM_POOL_VIEW(x), GM_POOL_VIEW(y),
                             GM_POOL_GEOMETRY) {
    const int n = group.y, oh = group.z / OW, ow = group.z % OW;
    const int h0 = max(oh * SH - PH, 0), h1 = min(oh * SH - PH + KH, IH);
    const int w0 = max(ow * SW - PW, 0), w1 = min(ow * SW - PW + KW, IW);
    for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++) {
        int best = h0 * IW + w0;
        float most = GM_POOL_AT(x, n, c, h0, w0);
        for (int h = h0; h < h1; h++)
            for (int w = w0; w < w1; w++) {
                const float v = GM_POOL_AT(x, n, c, h, w);
                if (v > most || (v != v && most == most)) { // the first maximum; a NaN beats every number
                    most = v;
                    best = h * IW + w;
                }
            }
        GM_POOL_AT(y, n, c, oh, ow) = best;
    }
}

static void max_pool(GM_PLACE, __global const float *x, __global const int *k, __global float *y, GM_POOL_VIEW(x),
                       GM_POOL_VIEW(k), GM_POOL_VIEW(y), GM_POOL_GEOMETRY) {
    const int n = group.y, oh = group.z / OW, ow = group.z % OW;
    for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++) {
        const int at = GM_POOL_AT(k, n, c, oh, ow);
        GM_POOL_AT(y, n, c, oh, ow) = GM_POOL_AT(x, n, c, at / IW, at % IW);
    }
}

static void max_pool_input(GM_PLACE, __global const float *x, __global const int *k, __global float *y, GM_POOL_VIEW(x),
                             GM_POOL_VIEW(k), GM_POOL_VIEW(y), GM_POOL_GEOMETRY) {
    const int n = group.y, h = group.z / IW, w = group.z % IW;
    const int h0 = gm_pool_first(h, KH, SH, PH), h1 = gm_pool_last(h, SH, PH, OH);
    const int w0 = gm_pool_first(w, KW, SW, PW), w1 = gm_pool_last(w, SW, PW, OW);
    for (int c = GM_ITEM * per, last = min(c + per, C); c < last; c++) {
        float sum = 0.0f;
        for (int oh = h0; oh <= h1; oh++)
            for (int ow = w0; ow <= w1; ow++)
                if (GM_POOL_AT(k, n, c, oh, ow) == h * IW + w)
                    sum += GM_POOL_AT(x, n, c, oh, ow);
        GM_POOL_AT(y, n, c, h, w) = sum;
    }
}
