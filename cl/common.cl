// Where a function of a work-group finds its place: one group of so many. Generated kernels call such functions.
#define GM_PLACE const int4 group, const int4 groups
// A function that AMD's compiler shall not call, with its arguments on a stack, where several kernels have it.
#ifdef __AMDGCN__
#define GM_FUNCTION static __attribute__((always_inline))
#else
#define GM_FUNCTION static
#endif
// A work-group's local memory, declared as the array l. pocl, up to 3.1 at least, leaves one array to all work-groups that
// run at the same time where its optimiser has made constants of addresses in it: an index of 0 that it cannot know.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define GM_LOCAL(l) ((__local float *)(l) + get_work_dim() / 4)
#else
#define GM_LOCAL(l) ((__local float *)(l))
#endif
#define GM_ITEM (group.x * (int)get_local_size(0) + (int)get_local_id(0))

// vloadN and vstoreN as one access each. Some builtin libraries build them of accesses of two and four elements, which the
// compiler then spends its time on joining, and does not always.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define GM_ACCESS(T, N, SPACE)                                                                                         \
    static T##N __attribute__((overloadable, always_inline)) gm_vload##N(const size_t i, SPACE const T *p) {           \
        typedef T##N __attribute__((aligned(sizeof(T)))) unaligned;                                                    \
        return *(SPACE const unaligned *)(p + N * i);                                                                  \
    }                                                                                                                  \
    static void __attribute__((overloadable, always_inline)) gm_vstore##N(const T##N x, const size_t i, SPACE T *p) {  \
        typedef T##N __attribute__((aligned(sizeof(T)))) unaligned;                                                    \
        *(SPACE unaligned *)(p + N * i) = x;                                                                           \
    }
#define GM_ACCESSES(T, SPACE) GM_ACCESS(T, 2, SPACE) GM_ACCESS(T, 4, SPACE) GM_ACCESS(T, 8, SPACE) GM_ACCESS(T, 16, SPACE)
GM_ACCESSES(float, __global)
GM_ACCESSES(float, __private)
GM_ACCESSES(int, __global)
GM_ACCESSES(int, __private)
GM_ACCESSES(uint, __private)
GM_ACCESSES(uchar, __global)
#define vload2 gm_vload2
#define vload4 gm_vload4
#define vload8 gm_vload8
#define vload16 gm_vload16
#define vstore2 gm_vstore2
#define vstore4 gm_vstore4
#define vstore8 gm_vstore8
#define vstore16 gm_vstore16
#endif

// GM_PREFETCH asks for the cache line of an address, which need not be one. GM_STREAM16 stores a float16 past the caches,
// at a multiple of 64 bytes: for what is more than a cache, or read much later.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define GM_PREFETCH(p) __builtin_prefetch(p, 0, 2)
#define GM_STREAM16(x, p) __builtin_nontemporal_store(x, (__global float16 *)(p))
#else
#define GM_PREFETCH(p)
#define GM_STREAM16(x, p) vstore16(x, 0, p)
#endif

// Elements that lie in memory as T, float or half, and are computed with as floats.
#define GM_LOAD(T, p, i) GM_LOAD_AS(T, p, i)
#define GM_STORE(T, p, i, x) GM_STORE_AS(T, p, i, x)
#define GM_LOAD_AS(T, p, i) GM_LOAD_##T(p, i) // T may be a macro
#define GM_STORE_AS(T, p, i, x) GM_STORE_##T(p, i, x)
#define GM_LOAD_float(p, i) (p)[i]
#define GM_STORE_float(p, i, x) (p)[i] = (x)
#define GM_STORE_int(p, i, x) (p)[i] = (x)
#define GM_STORE_uchar(p, i, x) (p)[i] = (x)
#define GM_LOAD_half(p, i) vload_half(i, p)
#define GM_STORE_half(p, i, x) vstore_half_rte(x, i, p)
#define GM_AS_IT_IS(x) (x)
// Eight side by side.
#define GM_LOAD8(T, p) GM_LOAD8_AS(T, p)
#define GM_STORE8(T, p, x) GM_STORE8_AS(T, p, x)
#define GM_LOAD8_AS(T, p) GM_LOAD8_##T(p)
#define GM_STORE8_AS(T, p, x) GM_STORE8_##T(p, x)
#define GM_LOAD8_float(p) vload8(0, p)
#define GM_STORE8_float(p, x) vstore8(x, 0, p)
#define GM_LOAD8_half(p) vload_half8(0, p)
#define GM_STORE8_half(p, x) vstore_half8_rte(x, 0, p)

// Helpers of generated kernels: vectors of eight of which `m` lanes are valid, strided vectors, lane folds.
#define GM_LANES(T)                                                                                                    \
    static T##8 gm_load_##T(__global const T *p, const int m) {                                                        \
        T v[8] = {0};                                                                                                  \
        for (int j = 0; j < m; j++)                                                                                    \
            v[j] = p[j];                                                                                               \
        return (T##8)(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);                                                 \
    }                                                                                                                  \
    static T##8 gm_gather_##T(__global const T *p, const int stride, const int m) {                                    \
        if (m >= 8)                                                                                                    \
            return (T##8)(p[0], p[stride], p[2 * stride], p[3 * stride], p[4 * stride], p[5 * stride], p[6 * stride],  \
                          p[7 * stride]);                                                                              \
        T v[8] = {0};                                                                                                  \
        for (int j = 0; j < m; j++)                                                                                    \
            v[j] = p[j * stride];                                                                                      \
        return (T##8)(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);                                                 \
    }                                                                                                                  \
    static void gm_scatter_##T(__global T *p, const int stride, const int m, const T##8 x) {                           \
        const T v[8] = {x.s0, x.s1, x.s2, x.s3, x.s4, x.s5, x.s6, x.s7};                                               \
        for (int j = 0; j < min(m, 8); j++)                                                                            \
            p[j * stride] = v[j];                                                                                      \
    }                                                                                                                  \
    static void gm_store_##T(__global T *p, const int m, const T##8 x) {                                               \
        if (m >= 8)                                                                                                    \
            vstore8(x, 0, p);                                                                                          \
        else                                                                                                           \
            gm_scatter_##T(p, 1, m, x);                                                                                \
    }
GM_LANES(float)
GM_LANES(int)
GM_LANES(uchar)

// x with the lanes from m on replaced by the reduction's neutral value.
static float8 gm_keep_float(const float8 x, const int m, const float neutral) {
    return select((float8)(neutral), x, (int8)(0, 1, 2, 3, 4, 5, 6, 7) < (int8)(m));
}

static float gm_sum_float(const float8 x) {
    return ((x.s0 + x.s1) + (x.s2 + x.s3)) + ((x.s4 + x.s5) + (x.s6 + x.s7));
}

static float gm_larger(const float a, const float b) {
    return b > a || b != b ? b : a;
}

static float gm_max_float(const float8 x) {
    return gm_larger(gm_larger(gm_larger(x.s0, x.s1), gm_larger(x.s2, x.s3)),
                     gm_larger(gm_larger(x.s4, x.s5), gm_larger(x.s6, x.s7)));
}
