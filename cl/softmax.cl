// Softmax, its logarithm and the place of the maximum along one axis of n values. x: the input, y: the result, xn and yn:
// their strides along the axis. A NaN and an infinity need no care in the first two: either comes out of the sum of the
// exponentials as NaN. Sums go in blocks, so that the rounding error grows with the block and the number of blocks, not
// with their product.
//
// A template: for each function define GM_SOFTMAX_<operation>, GM_SOFTMAX_<form>, GM_NAME (its name), GM_KEPT (further
// parameters) and GM_SOFTMAX_FIND(i) (moves x and y to row i of the other axes), then include this text, which undefines
// at its end what it was given. The forms:
//   ROWS     CPU: the axis is contiguous; rows group.x * per and on, 16 values side by side
//   ASIDE    CPU: any strides; units of up to 16 rows side by side, along the innermost of the other axes
//   SHARED   GPU: the items of a work-group share row group.x
//   SINGLE   GPU: an item per row
#ifndef GM_SOFTMAX_ONCE
#define GM_SOFTMAX_ONCE
enum { GM_SOFTMAX_BLOCK = 64, GM_SOFTMAX_ITEMS = 64 };

#define GM_SOFTMAX_STORE(T)                                                                                            \
    static void gm_softmax_store_##T(const T##16 x, __global T *p, const int stride, const int m) {                    \
        if (m == 16 && stride == 1) {                                                                                  \
            vstore16(x, 0, p);                                                                                         \
            return;                                                                                                    \
        }                                                                                                              \
        T v[16];                                                                                                       \
        vstore16(x, 0, v);                                                                                             \
        for (int j = 0; j < m; j++)                                                                                    \
            p[j * stride] = v[j];                                                                                      \
    }
GM_SOFTMAX_STORE(float)
GM_SOFTMAX_STORE(int)

// 16 values, of which the first m are there; the others are `rest`.
static float16 gm_softmax_load(__global const float *p, const int stride, const int m, const float rest) {
    if (m == 16 && stride == 1)
        return vload16(0, p);
    float v[16];
    vstore16((float16)(rest), 0, v);
    for (int j = 0; j < m; j++)
        v[j] = p[j * stride];
    return vload16(0, v);
}

// Whether value v at index i comes before value w at j: the largest, the first of equals; a NaN beats every number.
static int gm_argmax_before(const float v, const int i, const float w, const int j) {
    return v != v ? w == w || i < j : v > w || (v == w && i < j);
}

// Whether v beats the w of a smaller index, lane by lane.
#define GM_ARGMAX_BEATS(v, w) (((v) > (w)) | (((v) != (v)) & ((w) == (w))))
#define GM_SOFTMAX_LARGER(w, v) select(w, v, (v) > (w))
// Halves, element by element: Oclgrind takes what .lo and .hi leave for uninitialised.
#define GM_SOFTMAX_LOW(x) (float8)(x.s0, x.s1, x.s2, x.s3, x.s4, x.s5, x.s6, x.s7)
#define GM_SOFTMAX_HIGH(x) (float8)(x.s8, x.s9, x.sa, x.sb, x.sc, x.sd, x.se, x.sf)
#define GM_SOFTMAX_IOTA (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#endif // GM_SOFTMAX_ONCE

#ifdef GM_SOFTMAX_argmax
#define GM_SOFTMAX_Y int
#else
#define GM_SOFTMAX_Y float
#endif
#if defined(GM_SOFTMAX_ROWS) || defined(GM_SOFTMAX_ASIDE)
#define GM_SOFTMAX_T float16
#else
#define GM_SOFTMAX_T float
#endif
#ifdef GM_SOFTMAX_log_softmax
#define GM_SOFTMAX_KEEPS 0 // the exponentials in y, once they are there
#define GM_SOFTMAX_TOTAL(sum) log(sum)
#define GM_SOFTMAX_NUMBER(x, most, total) (((x) - (most)) - (total))
#else
#define GM_SOFTMAX_KEEPS 1
#define GM_SOFTMAX_TOTAL(sum) (1.0f / (sum))
#define GM_SOFTMAX_NUMBER(x, most, total) (exp((x) - (most)) * (total))
#endif
// One NaN for all: which of two comes out of a product is the compiler's choice.
#define GM_SOFTMAX_RESULT(value, total) select(value, (GM_SOFTMAX_T)(NAN), (total) != (total))
#define GM_SOFTMAX_OF(x, most, total) GM_SOFTMAX_RESULT(GM_SOFTMAX_NUMBER(x, most, total), total)
#define GM_SOFTMAX_PLACE                                                                                               \
    __global const float *from, __global GM_SOFTMAX_Y *to, const int from0, const int to0, const int xn, const int yn, \
        const int n, const int rows, const int per GM_KEPT

#ifdef GM_SOFTMAX_ROWS
static void GM_NAME(GM_PLACE, GM_SOFTMAX_PLACE) {
    const int whole = n / 16 * 16, rest = n - whole;
    for (int row = group.x * per, last = min(row + per, rows); row < last; row++) {
        __global const float *x = from + from0;
        __global GM_SOFTMAX_Y *y = to + to0;
        GM_SOFTMAX_FIND(row)
        float16 most = (float16)(-INFINITY);
#ifdef GM_SOFTMAX_argmax
        float lane[16];
        int16 place = GM_SOFTMAX_IOTA;
        for (int i = 0; i < n; i += 16) {
            const float16 v = gm_softmax_load(x + i, 1, min(n - i, 16), -INFINITY);
            const int16 beats = GM_ARGMAX_BEATS(v, most);
            most = select(most, v, beats);
            place = select(place, GM_SOFTMAX_IOTA + i, beats);
        }
        int at[16], first = 0;
        vstore16(most, 0, lane);
        vstore16(place, 0, at);
        for (int j = 1; j < 16; j++)
            first = gm_argmax_before(lane[j], at[j], lane[first], at[first]) ? j : first;
        y[0] = at[first];
#else
        const float16 end = rest > 0 ? gm_softmax_load(x + whole, 1, rest, -INFINITY) : (float16)(-INFINITY);
        for (int i = 0; i < whole; i += 16) {
            const float16 v = vload16(0, x + i);
            most = GM_SOFTMAX_LARGER(most, v);
        }
        most = GM_SOFTMAX_LARGER(most, end);
        const float greatest = gm_max_float(GM_SOFTMAX_LARGER(GM_SOFTMAX_LOW(most), GM_SOFTMAX_HIGH(most)));
        float16 sum = rest > 0 ? exp(end - greatest) : (float16)(0.0f);
        for (int block = 0; block < whole; block += 16 * GM_SOFTMAX_BLOCK) {
            float16 part = (float16)(0.0f);
            for (int i = block, stop = min(block + 16 * GM_SOFTMAX_BLOCK, whole); i < stop; i += 16) {
                const float16 e = exp(vload16(0, x + i) - greatest);
                if (GM_SOFTMAX_KEEPS)
                    vstore16(e, 0, y + i);
                part += e;
            }
            sum += part;
        }
        const float16 total = (float16)(GM_SOFTMAX_TOTAL(gm_sum_float(GM_SOFTMAX_LOW(sum) + GM_SOFTMAX_HIGH(sum))));
        for (int i = 0; i < whole; i += 16)
            vstore16(GM_SOFTMAX_KEEPS ? GM_SOFTMAX_RESULT(vload16(0, y + i) * total, total)
                                      : GM_SOFTMAX_OF(vload16(0, x + i), greatest, total),
                     0, y + i);
        if (rest > 0)
            gm_softmax_store_float(GM_SOFTMAX_OF(end, greatest, total), y + whole, 1, rest);
#endif
    }
}
#endif // GM_SOFTMAX_ROWS

#ifdef GM_SOFTMAX_ASIDE
// m rows side by side, whose elements lie xc and yc apart.
static __attribute__((always_inline)) void GM_SOFTMAX_UNIT(__global const float *x, __global GM_SOFTMAX_Y *y,
                                                           const int xn, const int yn, const int n, const int xc,
                                                           const int yc, const int m) {
    float16 most = (float16)(-INFINITY);
#ifdef GM_SOFTMAX_argmax
    int16 place = (int16)(0);
    for (int i = 0; i < n; i++) {
        const float16 v = gm_softmax_load(x + i * xn, xc, m, 0.0f);
        const int16 beats = GM_ARGMAX_BEATS(v, most);
        most = select(most, v, beats);
        place = select(place, (int16)(i), beats);
    }
    gm_softmax_store_int(place, y, yc, m);
#else
    for (int i = 0; i < n; i++) {
        const float16 v = gm_softmax_load(x + i * xn, xc, m, 0.0f);
        most = GM_SOFTMAX_LARGER(most, v);
    }
    float16 sum = (float16)(0.0f);
    for (int block = 0; block < n; block += GM_SOFTMAX_BLOCK) {
        float16 part = (float16)(0.0f);
        for (int i = block, stop = min(block + GM_SOFTMAX_BLOCK, n); i < stop; i++)
            part += exp(gm_softmax_load(x + i * xn, xc, m, 0.0f) - most);
        sum += part;
    }
    const float16 total = GM_SOFTMAX_TOTAL(sum);
    for (int i = 0; i < n; i++) {
        const float16 v = gm_softmax_load(x + i * xn, xc, m, 0.0f);
        gm_softmax_store_float(GM_SOFTMAX_OF(v, most, total), y + i * yn, yc, m);
    }
#endif
}

static void GM_NAME(GM_PLACE, GM_SOFTMAX_PLACE, const int columns, const int xc, const int yc) {
    const int blocks = (columns + 15) / 16;
    for (int unit = group.x * per, last = min(unit + per, rows * blocks); unit < last; unit++) {
        const int column = unit % blocks * 16, m = min(columns - column, 16);
        __global const float *x = from + from0 + column * xc;
        __global GM_SOFTMAX_Y *y = to + to0 + column * yc;
        GM_SOFTMAX_FIND(unit / blocks)
        if (m == 16 && xc == 1 && yc == 1) // by far the fastest
            GM_SOFTMAX_UNIT(x, y, xn, yn, n, 1, 1, 16);
        else
            GM_SOFTMAX_UNIT(x, y, xn, yn, n, xc, yc, m);
    }
}
#endif // GM_SOFTMAX_ASIDE

#ifdef GM_SOFTMAX_SINGLE
static void GM_NAME(GM_PLACE, GM_SOFTMAX_PLACE) {
    const int row = GM_ITEM;
    if (row >= rows)
        return;
    __global const float *x = from + from0;
    __global GM_SOFTMAX_Y *y = to + to0;
    GM_SOFTMAX_FIND(row)
    float most = -INFINITY;
#ifdef GM_SOFTMAX_argmax
    int place = 0;
    for (int i = 0; i < n; i++) {
        const float v = x[i * xn];
        const int beats = GM_ARGMAX_BEATS(v, most);
        most = beats ? v : most;
        place = beats ? i : place;
    }
    y[0] = place;
#else
    for (int i = 0; i < n; i++)
        most = GM_SOFTMAX_LARGER(most, x[i * xn]);
    float sum = 0.0f;
    for (int block = 0; block < n; block += GM_SOFTMAX_BLOCK) {
        float part = 0.0f;
        for (int i = block, stop = min(block + GM_SOFTMAX_BLOCK, n); i < stop; i++)
            part += exp(x[i * xn] - most);
        sum += part;
    }
    const float total = GM_SOFTMAX_TOTAL(sum);
    for (int i = 0; i < n; i++)
        y[i * yn] = GM_SOFTMAX_OF(x[i * xn], most, total);
#endif
}
#endif // GM_SOFTMAX_SINGLE

#ifdef GM_SOFTMAX_SHARED
static void GM_NAME(GM_PLACE, __local float *l, GM_SOFTMAX_PLACE) {
    const int item = (int)get_local_id(0);
    __global const float *x = from + from0;
    __global GM_SOFTMAX_Y *y = to + to0;
    __local float *sums = l + GM_SOFTMAX_ITEMS;
    GM_SOFTMAX_FIND(group.x)
    float most = -INFINITY;
#ifdef GM_SOFTMAX_argmax
    __local int *places = (__local int *)sums;
    int place = item;
    for (int i = item; i < n; i += GM_SOFTMAX_ITEMS) {
        const float v = x[i * xn];
        const int beats = GM_ARGMAX_BEATS(v, most);
        most = beats ? v : most;
        place = beats ? i : place;
    }
    l[item] = most;
    places[item] = place;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int width = GM_SOFTMAX_ITEMS / 2; width > 0; width /= 2) {
        if (item < width && gm_argmax_before(l[item + width], places[item + width], l[item], places[item])) {
            l[item] = l[item + width];
            places[item] = places[item + width];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0)
        y[0] = places[0];
#else
    for (int i = item; i < n; i += GM_SOFTMAX_ITEMS)
        most = GM_SOFTMAX_LARGER(most, x[i * xn]);
    l[item] = most;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int width = GM_SOFTMAX_ITEMS / 2; width > 0; width /= 2) {
        if (item < width)
            l[item] = GM_SOFTMAX_LARGER(l[item], l[item + width]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    most = l[0];
    float sum = 0.0f;
    for (int block = item; block < n; block += GM_SOFTMAX_ITEMS * GM_SOFTMAX_BLOCK) {
        float part = 0.0f;
        for (int i = block, stop = min(block + GM_SOFTMAX_ITEMS * GM_SOFTMAX_BLOCK, n); i < stop; i += GM_SOFTMAX_ITEMS)
            part += exp(x[i * xn] - most);
        sum += part;
    }
    sums[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int width = GM_SOFTMAX_ITEMS / 2; width > 0; width /= 2) {
        if (item < width)
            sums[item] += sums[item + width];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float total = GM_SOFTMAX_TOTAL(sums[0]);
    for (int i = item; i < n; i += GM_SOFTMAX_ITEMS)
        y[i * yn] = GM_SOFTMAX_OF(x[i * xn], most, total);
#endif
}
#endif // GM_SOFTMAX_SHARED

#undef GM_SOFTMAX_softmax
#undef GM_SOFTMAX_log_softmax
#undef GM_SOFTMAX_argmax
#undef GM_SOFTMAX_ROWS
#undef GM_SOFTMAX_ASIDE
#undef GM_SOFTMAX_SINGLE
#undef GM_SOFTMAX_SHARED
#undef GM_SOFTMAX_Y
#undef GM_SOFTMAX_T
#undef GM_SOFTMAX_TOTAL
#undef GM_SOFTMAX_NUMBER
#undef GM_SOFTMAX_RESULT
#undef GM_SOFTMAX_KEEPS
#undef GM_SOFTMAX_OF
#undef GM_SOFTMAX_PLACE
#undef GM_SOFTMAX_FIND
#undef GM_SOFTMAX_UNIT
#undef GM_KEPT
#undef GM_NAME
