// Windows of a volume's depth as channels, and their sums. Volumes (N, C, D, H, W) and images (N, C, H, W), where the
// depth's stride is 0; x: the input, y: the result. Window i of so many has the slices i*step + t*dilation - padding,
// t < size, and channel t*C + c of its image is channel c of slice t.
// Work-items: (groups of `per` channels of the result, groups of `rows` of its images, positions H*W).
//
// A template: for each function define GM_UNFOLD_<operation>, GM_NAME (its name), and GM_X and GM_Y (how the elements of
// x and y lie in memory, see common.cl), then include this text, which undefines at its end what it was given.
#ifndef GM_UNFOLD_ONCE
#define GM_UNFOLD_ONCE
#define GM_UNFOLD_VIEW(p)                                                                                              \
    const int p##0, const int p##N, const int p##C, const int p##D, const int p##H, const int p##W
#define GM_UNFOLD_GEOMETRY                                                                                             \
    const int depth, const int count, const int size, const int step, const int padding, const int dilation,          \
        const int C, const int W, const int per, const int images, const int rows
#define GM_UNFOLD_EACH_IMAGE for (int image = group.y * rows, end = min(image + rows, images); image < end; image++)
#endif // GM_UNFOLD_ONCE

#ifdef GM_UNFOLD_unfold
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_UNFOLD_VIEW(x), GM_UNFOLD_VIEW(y),
                    GM_UNFOLD_GEOMETRY) {
    const int h = group.z / W, w = group.z % W;
    GM_UNFOLD_EACH_IMAGE {
        const int n = image / count, first = image % count * step - padding;
        const int from = x0 + n * xN + h * xH + w * xW, to = y0 + image * yN + h * yH + w * yW;
        int k = GM_ITEM * per;
        const int last = min(k + per, size * C);
        while (k < last) { // the channels of one slice at a time
            const int t = k / C, begin = t * C, d = first + t * dilation, end = min(begin + C, last);
            const int at = from + d * xD - begin * xC;
            if (d < 0 || d >= depth) {
                for (; k < end; k++)
                    GM_STORE(GM_Y, y, to + k * yC, 0.0f);
                continue;
            }
            if (xC == 1 && yC == 1)
                for (; k + 8 <= end; k += 8)
                    GM_STORE8(GM_Y, y + to + k, GM_LOAD8(GM_X, x + at + k));
            for (; k < end; k++)
                GM_STORE(GM_Y, y, to + k * yC, GM_LOAD(GM_X, x, at + k * xC));
        }
    }
}
#endif

#ifdef GM_UNFOLD_fold
// The windows that have a slice are a range: t*dilation + i*step = d + padding, 0 <= t < size.
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_UNFOLD_VIEW(x), GM_UNFOLD_VIEW(y),
                    GM_UNFOLD_GEOMETRY) {
    const int h = group.z / W, w = group.z % W;
    GM_UNFOLD_EACH_IMAGE {
        const int n = image / depth, d = image % depth, at = d + padding, before = at - (size - 1) * dilation;
        const int first = before > 0 ? (before + step - 1) / step : 0, end = min(at / step + 1, count);
        const int from = x0 + n * count * xN + h * xH + w * xW, to = y0 + n * yN + d * yD + h * yH + w * yW;
        int c = GM_ITEM * per;
        const int last = min(c + per, C);
        if (xC == 1 && yC == 1)
            for (; c + 8 <= last; c += 8) {
                float8 sum = (float8)(0.0f);
                for (int i = first; i < end; i++)
                    if ((at - i * step) % dilation == 0)
                        sum += GM_LOAD8(GM_X, x + from + i * xN + (at - i * step) / dilation * C + c);
                GM_STORE8(GM_Y, y + to + c, sum);
            }
        for (; c < last; c++) {
            float sum = 0.0f;
            for (int i = first; i < end; i++)
                if ((at - i * step) % dilation == 0)
                    sum += GM_LOAD(GM_X, x, from + i * xN + ((at - i * step) / dilation * C + c) * xC);
            GM_STORE(GM_Y, y, to + c * yC, sum);
        }
    }
}
#endif

#undef GM_UNFOLD_unfold
#undef GM_UNFOLD_fold
#undef GM_NAME
#undef GM_X
#undef GM_Y
