// Windows of a volume's depth as channels, and their sums. Volumes (N, C, D, H, W) and images (N, C, H, W), where the
// depth's stride is 0; x: the input, y: the result. Window i of so many begins at slice i*step - padding, and channel
// b*C + c of its image is a sum of factors times channel c of its slices, zeros where there are none: GM_UNFOLD_FIRST
// tells where the terms of a block b begin, GM_UNFOLD_FROM their slices, GM_UNFOLD_FACTOR their factors; for fold, the
// adjoint, those of a slice and their blocks.
// Work-items: (groups of `per` channels of the result, groups of `rows` of its images, positions H*W).
//
// A template: for each function define GM_UNFOLD_<operation>, GM_NAME (its name), GM_X and GM_Y (how the elements of
// x and y lie in memory, see common.cl), GM_UNFOLD_BLOCKS and GM_UNFOLD_SLOTS (slices of a window), these three and, for
// vectors of channels, GM_UNFOLD_TERMS (of the longest sum), then include this text, which undefines at its end what it
// was given.
#ifndef GM_UNFOLD_ONCE
#define GM_UNFOLD_ONCE
#define GM_UNFOLD_VIEW(p)                                                                                              \
    const int p##0, const int p##N, const int p##C, const int p##D, const int p##H, const int p##W
#define GM_UNFOLD_GEOMETRY                                                                                             \
    const int depth, const int count, const int step, const int padding, const int C, const int W, const int per,      \
        const int images, const int rows
#define GM_UNFOLD_EACH_IMAGE for (int image = group.y * rows, end = min(image + rows, images); image < end; image++)
#define GM_UNFOLD_EACH_TERM(row, i) for (int i = GM_UNFOLD_FIRST[row]; i < GM_UNFOLD_FIRST[row + 1]; i++)
// What eight channels at a time are sums of, found once for all channels.
#define GM_UNFOLD_LIST(list, factors, terms)                                                                           \
    __global const GM_X *list[GM_UNFOLD_TERMS];                                                                        \
    float factors[GM_UNFOLD_TERMS];                                                                                    \
    int terms = 0;
#define GM_UNFOLD_APPEND(list, factors, terms, place, factor)                                                          \
    {                                                                                                                  \
        list[terms] = place;                                                                                           \
        factors[terms++] = factor;                                                                                     \
    }
#define GM_UNFOLD_SUM8(list, factors, terms, to, k)                                                                    \
    {                                                                                                                  \
        float8 sum = (float8)(0.0f);                                                                                   \
        for (int i = 0; i < terms; i++)                                                                                \
            sum += factors[i] * GM_LOAD8(GM_X, list[i] + k);                                                           \
        GM_STORE8(GM_Y, to + k, sum);                                                                                  \
    }
#endif // GM_UNFOLD_ONCE

#ifdef GM_UNFOLD_unfold
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_UNFOLD_VIEW(x), GM_UNFOLD_VIEW(y),
                    GM_UNFOLD_GEOMETRY) {
    const int h = group.z / W, w = group.z % W;
    GM_UNFOLD_EACH_IMAGE {
        const int n = image / count, first = image % count * step - padding;
        const int from = x0 + n * xN + first * xD + h * xH + w * xW, to = y0 + image * yN + h * yH + w * yW;
        int k = GM_ITEM * per;
        const int last = min(k + per, GM_UNFOLD_BLOCKS * C);
        while (k < last) { // the channels of one block at a time
            const int block = k / C, begin = block * C, end = min(begin + C, last);
#ifdef GM_UNFOLD_TERMS
            if (xC == 1 && yC == 1) {
                GM_UNFOLD_LIST(list, factors, terms)
                GM_UNFOLD_EACH_TERM(block, i) {
                    const int slot = GM_UNFOLD_FROM[i], d = first + slot;
                    if (d >= 0 && d < depth)
                        GM_UNFOLD_APPEND(list, factors, terms, x + from + slot * xD - begin, GM_UNFOLD_FACTOR[i])
                }
                for (; k + 8 <= end; k += 8)
                    GM_UNFOLD_SUM8(list, factors, terms, y + to, k)
            }
#endif
            for (; k < end; k++) {
                float sum = 0.0f;
                GM_UNFOLD_EACH_TERM(block, i) {
                    const int slot = GM_UNFOLD_FROM[i], d = first + slot;
                    if (d >= 0 && d < depth)
                        sum += GM_UNFOLD_FACTOR[i] * GM_LOAD(GM_X, x, from + slot * xD + (k - begin) * xC);
                }
                GM_STORE(GM_Y, y, to + k * yC, sum);
            }
        }
    }
}
#endif

#ifdef GM_UNFOLD_fold
// The windows that have a slice are a range: i*step <= d + padding < i*step + GM_UNFOLD_SLOTS.
static void GM_NAME(GM_PLACE, __global const GM_X *x, __global GM_Y *y, GM_UNFOLD_VIEW(x), GM_UNFOLD_VIEW(y),
                    GM_UNFOLD_GEOMETRY) {
    const int h = group.z / W, w = group.z % W;
    GM_UNFOLD_EACH_IMAGE {
        const int n = image / depth, d = image % depth, at = d + padding, before = at + 1 - GM_UNFOLD_SLOTS;
        const int first = before > 0 ? (before + step - 1) / step : 0, end = min(at / step + 1, count);
        const int from = x0 + n * count * xN + h * xH + w * xW, to = y0 + n * yN + d * yD + h * yH + w * yW;
        int c = GM_ITEM * per;
        const int last = min(c + per, C);
#ifdef GM_UNFOLD_TERMS
        if (xC == 1 && yC == 1) {
            GM_UNFOLD_LIST(list, factors, terms)
            for (int window = first; window < end; window++)
                GM_UNFOLD_EACH_TERM(at - window * step, i)
                    GM_UNFOLD_APPEND(list, factors, terms, x + from + window * xN + GM_UNFOLD_FROM[i] * C,
                        GM_UNFOLD_FACTOR[i])
            for (; c + 8 <= last; c += 8)
                GM_UNFOLD_SUM8(list, factors, terms, y + to, c)
        }
#endif
        for (; c < last; c++) {
            float sum = 0.0f;
            for (int window = first; window < end; window++)
                GM_UNFOLD_EACH_TERM(at - window * step, i)
                    sum += GM_UNFOLD_FACTOR[i] *
                        GM_LOAD(GM_X, x, from + window * xN + (GM_UNFOLD_FROM[i] * C + c) * xC);
            GM_STORE(GM_Y, y, to + c * yC, sum);
        }
    }
}
#endif

#undef GM_UNFOLD_BLOCKS
#undef GM_UNFOLD_SLOTS
#undef GM_UNFOLD_FIRST
#undef GM_UNFOLD_FROM
#undef GM_UNFOLD_FACTOR
#undef GM_UNFOLD_TERMS
#undef GM_UNFOLD_unfold
#undef GM_UNFOLD_fold
#undef GM_NAME
#undef GM_X
#undef GM_Y
