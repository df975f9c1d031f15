// Images moved by a whole number of pixels each. x: the input, y: the result, with strides in N, C, H, W order; k: each
// sample's offsets, down and right. Work-items: (groups of `per` pairs of a sample and a channel, positions).
static void shift(GM_PLACE, __global const float *x, __global const int *k, __global float *y, const int x0,
                  const int xN, const int xC, const int xH, const int xW, const int y0, const int yN, const int yC,
                  const int yH, const int yW, const int k0, const int kN, const int kA, const int N, const int C,
                  const int H, const int W, const int per) {
    const int h = group.y / W, w = group.y % W;
    const int first = GM_ITEM * per, last = min(first + per, N * C);
    y += y0 + h * yH + w * yW;
    for (int i = first, n = first / C, c = first % C; i < last; i++) {
        // Unsigned, so that any offset is either inside or not: what is above or left of the image wraps to far below.
        const uint from_h = (uint)h - (uint)k[k0 + n * kN], from_w = (uint)w - (uint)k[k0 + n * kN + kA];
        const int inside = from_h < (uint)H && from_w < (uint)W;
        const int at = inside ? x0 + n * xN + c * xC + (int)from_h * xH + (int)from_w * xW : 0;
        y[n * yN + c * yC] = inside ? x[at] : 0.0f;
        if (++c == C) {
            c = 0;
            n++;
        }
    }
}
