// Ceilings. fma: independent multiply-adds in registers, 12 chains of GM_WIDTH floats a work-item. triad: x = y + s z.
#if GM_WIDTH == 4
typedef float4 gm_wide;
#elif GM_WIDTH == 8
typedef float8 gm_wide;
#else
typedef float16 gm_wide;
#endif
#define GM_PEAK_TWELVE(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)

__kernel void peak_fma(__global float *y, const float a, const float b, const int count) {
#define GM_PEAK_START(i) gm_wide c##i = (gm_wide)((float)get_global_id(0) + (float)i);
#define GM_PEAK_STEP(i)  c##i = fma(c##i, (gm_wide)(a), (gm_wide)(b));
#define GM_PEAK_ADD(i)   c0 += c##i;
    GM_PEAK_TWELVE(GM_PEAK_START)
    for (int i = 0; i < count; i++) {
        GM_PEAK_TWELVE(GM_PEAK_STEP)
    }
    GM_PEAK_TWELVE(GM_PEAK_ADD)
    union {
        gm_wide all;
        float one[GM_WIDTH];
    } c = {c0};
    float sum = 0;
    for (int i = 0; i < GM_WIDTH; i++)
        sum += c.one[i];
    y[get_global_id(0)] = sum;
}

// Work-items: `per` vectors of eight each, `step` vectors apart (1: a work-item's vectors lie together).
__kernel void peak_triad(__global float *x, __global const float *y, __global const float *z, const float s,
                         const int count, const int per, const int step) {
    const int first = step == 1 ? get_global_id(0) * per : get_global_id(0);
    for (int j = 0, i = first; j < per && i < count; j++, i += step)
        vstore8(fma((float8)(s), vload8(i, z), vload8(i, y)), i, x);
}
