// Rows by index. x: (rows, length), k: indices, y: a row per index, MAP of its values. Work-items: (chunks of `per`
// columns, rows of y).
#define GM_GATHER(NAME, T, Y, MAP)                                                                                     \
    static void NAME(GM_PLACE, __global const T *x, __global const int *k, __global Y *y, const int x0, const int k0,          \
                       const int kn, const int y0, const int rows, const int length, const int per) {                  \
        const int i = group.y, row = k[k0 + i * kn], begin = GM_ITEM * per;                          \
        const int end = min(begin + per, length), inside = row >= 0 && row < rows;                                     \
        __global const T *from = x + x0 + (size_t)(inside ? row : 0) * length;                                         \
        __global Y *to = y + y0 + (size_t)i * length;                                                                  \
        for (int j = begin; j < end; j++)                                                                              \
            GM_STORE(Y, to, j, MAP((T)(inside ? from[j] : 0)));                                                        \
    }
GM_GATHER(gather_float, float, float, GM_AS_IT_IS)
GM_GATHER(gather_int, int, int, GM_AS_IT_IS)
GM_GATHER(gather_uchar, uchar, uchar, GM_AS_IT_IS)

// y row i = sum of the rows j of x with k[j] == i, in order of j.
static void scatter_add(GM_PLACE, __global const float *x, __global const int *k, __global float *y, const int x0, const int k0,
                          const int kn, const int y0, const int rows, const int length, const int per) {
    const int i = group.y, begin = GM_ITEM * per, end = min(begin + per, length);
    __global float *to = y + y0 + (size_t)i * length;
    for (int j = begin; j < end; j++)
        to[j] = 0.0f;
    for (int row = 0; row < rows; row++)
        if (k[k0 + row * kn] == i)
            for (int j = begin; j < end; j++)
                to[j] += x[x0 + (size_t)row * length + j];
}
