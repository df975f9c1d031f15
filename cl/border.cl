// Images with a border of what lies inside them, and the adjoint. x: the input, y: the result, with strides in N, C, H,
// W order; of `pairs` of a sample and one of C channels, and the inside of H by W. before and after: the border's sizes,
// down (H) and right (W). reflect: mirrored at the edge, which is not repeated; else the edge repeated.
// Work-items: (groups of `per` pairs, positions of the result).
#define GM_BORDER_VIEW(p) const int p##0, const int p##N, const int p##C, const int p##H, const int p##W
#define GM_BORDER_GEOMETRY                                                                                             \
    const int pairs, const int C, const int H, const int W, const int beforeH, const int afterH, const int beforeW,    \
        const int afterW, const int reflect, const int per

// Where the border's value at i is from, of so many inside.
static int gm_border_from(const int i, const int length, const int reflect) {
    if (reflect)
        return i < 0 ? -i : i >= length ? 2 * (length - 1) - i : i;
    return clamp(i, 0, length - 1);
}

// What is from j: itself, then those of three ranges [x, y) that lie before, behind; positions count from the border's
// first.
static int2 gm_border_range(const int which, const int j, const int length, const int before, const int after,
                            const int reflect) {
    if (which == 0)
        return (int2)(before + j, before + j + 1);
    if (which == 1) {
        if (reflect)
            return j >= 1 && j <= before ? (int2)(before - j, before - j + 1) : (int2)(0, 0);
        return j == 0 ? (int2)(0, before) : (int2)(0, 0);
    }
    const int end = before + length, mirrored = before + 2 * (length - 1) - j;
    if (reflect)
        return mirrored >= end && mirrored < end + after ? (int2)(mirrored, mirrored + 1) : (int2)(0, 0);
    return j == length - 1 ? (int2)(end, end + after) : (int2)(0, 0);
}

// y = x or y += x for the pairs from `first` to before `last`; eight channels at a time where they lie in a row.
static void gm_border_take(__global const float *x, __global float *y, const int xN, const int xC, const int yN,
                           const int yC, const int C, const int first, const int last, const int add) {
    const int joined = xC == 1 && yC == 1 && xN == C && yN == C; // all pairs in one row
    for (int i = first; i < last;) {
        const int row = joined ? last - i : min(C - i % C, last - i);
        __global const float *from = x + i / C * xN + i % C * xC;
        __global float *to = y + i / C * yN + i % C * yC;
        int k = 0;
        if (xC == 1 && yC == 1)
            for (; k + 8 <= row; k += 8) {
                const float8 v = vload8(0, from + k);
                vstore8(add ? vload8(0, to + k) + v : v, 0, to + k);
            }
        for (; k < row; k++)
            to[k * yC] = add ? to[k * yC] + from[k * xC] : from[k * xC];
        i += row;
    }
}

static void border(GM_PLACE, __global const float *x, __global float *y, GM_BORDER_VIEW(x), GM_BORDER_VIEW(y),
                   GM_BORDER_GEOMETRY) {
    const int wide = beforeW + W + afterW, h = group.y / wide, w = group.y % wide;
    const int first = GM_ITEM * per, last = min(first + per, pairs);
    x += x0 + gm_border_from(h - beforeH, H, reflect) * xH + gm_border_from(w - beforeW, W, reflect) * xW;
    gm_border_take(x, y + y0 + h * yH + w * yW, xN, xC, yN, yC, C, first, last, 0);
}

static void border_adjoint(GM_PLACE, __global const float *x, __global float *y, GM_BORDER_VIEW(x), GM_BORDER_VIEW(y),
                           GM_BORDER_GEOMETRY) {
    const int h = group.y / W, w = group.y % W;
    const int first = GM_ITEM * per, last = min(first + per, pairs);
    int add = 0;
    x += x0;
    y += y0 + h * yH + w * yW;
    for (int down = 0; down < 3; down++) {
        const int2 rows = gm_border_range(down, h, H, beforeH, afterH, reflect);
        for (int r = rows.x; r < rows.y; r++)
            for (int right = 0; right < 3; right++) {
                const int2 columns = gm_border_range(right, w, W, beforeW, afterW, reflect);
                for (int c = columns.x; c < columns.y; c++) {
                    gm_border_take(x + r * xH + c * xW, y, xN, xC, yN, yC, C, first, last, add);
                    add = 1;
                }
            }
    }
}
