// Images read between their pixels, and the sums of what was read. x: images (N, C, H, W), p: places (N, 2, A, B) in
// pixels, y: (N, C, A, B); strides in that order.

// The pixel before a place along an axis of `length`, and the weight of the one behind it. A place that no pixel is near
// to, or that is no number, is before them all.
static int warp_before(const float place, const int length, float *behind) {
    const float inside = fmin(fmax(place, -2.0f), (float)length), below = floor(inside);
    *behind = inside - below;
    return (int)below;
}

// Work-items: (groups of `per` places, images).
static void warp(GM_PLACE, __global const float *x, __global const float *p, __global float *y, const int x0,
                 const int xN, const int xC, const int xH, const int xW, const int y0, const int yN, const int yC,
                 const int yA, const int yB, const int p0, const int pN, const int pK, const int pA, const int pB,
                 const int C, const int H, const int W, const int A, const int B, const int per) {
    const int n = group.y, first = GM_ITEM * per, last = min(first + per, A * B);
    x += x0 + n * xN;
    p += p0 + n * pN;
    y += y0 + n * yN;
    for (int i = first, a = first / B, b = first % B; i < last; i++) {
        float t, u;
        const int h = warp_before(p[a * pA + b * pB], H, &t), w = warp_before(p[pK + a * pA + b * pB], W, &u);
        const int in_h[2] = {h >= 0 && h < H, h >= -1 && h < H - 1}, in_w[2] = {w >= 0 && w < W, w >= -1 && w < W - 1};
        const float by_h[2] = {1.0f - t, t}, by_w[2] = {1.0f - u, u};
        for (int c = 0; c < C; c++) {
            float sum = 0.0f;
            for (int k = 0; k < 4; k++)
                if (in_h[k >> 1] && in_w[k & 1])
                    sum += by_h[k >> 1] * by_w[k & 1] * x[c * xC + (h + (k >> 1)) * xH + (w + (k & 1)) * xW];
            y[c * yC + a * yA + b * yB] = sum;
        }
        if (++b == B) {
            b = 0;
            a++;
        }
    }
}

// y: what to sum, x: the images. In order of the places. Work-items: (groups of `per` rows, channels of images).
static void warp_adjoint(GM_PLACE, __global const float *y, __global const float *p, __global float *x, const int y0,
                         const int yN, const int yC, const int yA, const int yB, const int x0, const int xN,
                         const int xC, const int xH, const int xW, const int p0, const int pN, const int pK,
                         const int pA, const int pB, const int C, const int H, const int W, const int A, const int B,
                         const int per) {
    const int n = group.y / C, c = group.y % C, first = GM_ITEM * per, last = min(first + per, H);
    x += x0 + n * xN + c * xC;
    p += p0 + n * pN;
    y += y0 + n * yN + c * yC;
    for (int h = first; h < last; h++)
        for (int w = 0; w < W; w++)
            x[h * xH + w * xW] = 0.0f;
    for (int a = 0; a < A && first < last; a++)
        for (int b = 0; b < B; b++) {
            float t, u;
            const int h = warp_before(p[a * pA + b * pB], H, &t);
            if (h + 1 < first || h >= last)
                continue;
            const int w = warp_before(p[pK + a * pA + b * pB], W, &u);
            const float by_h[2] = {1.0f - t, t}, by_w[2] = {1.0f - u, u}, value = y[a * yA + b * yB];
            for (int k = 0; k < 4; k++) {
                const int to_h = h + (k >> 1), to_w = w + (k & 1);
                if (to_h >= first && to_h < last && to_w >= 0 && to_w < W)
                    x[to_h * xH + to_w * xW] += by_h[k >> 1] * by_w[k & 1] * value;
            }
        }
}
