// Fast convolutions on CPUs: fewer multiplications by Toom-Cook algorithms (src/kernels/toom.h). A template as
// contract_cpu.cl is, after contract.cl.
//
// A convolution of stride s is the sum of s x s phases of its input, each a correlation of stride 1; a transposed one of
// stride s has s x s phases of its output, each a correlation of stride 1. So with `in` phases along each axis of the
// input and `out` phases of the output, one of the two 1, all are
//     y[out (M t + i) + po] = sum over pi, j of  x[in (M t + i + j) + pi + first(po)] w[tap(po, pi, j)]
//     first(po) = (po + shift) / out + base,  tap(po, pi, j) = (po + shift) % out + pi + tap_base + j tap_step
// for tiles t of M results (i) and J taps (j), which take N = M + J - 1 values of a phase along each axis.
//
// Instance macros beside those of contract.cl: GM_FAST_M, GM_FAST_J, GM_FAST_N; FAST_PACK: GM_FAST_R (taps of the
// whole kernel along an axis); FAST_ROWS_CPU: GM_FAST_DEPTH (a multiple of 16); functions (from, stride, to, stride) of vectors:
//   GM_FAST_DATA  N values -> N    GM_FAST_TAPS  J taps -> N    GM_FAST_RESULT  N products -> M
//   and their transposes, for gradients to weights:  GM_FAST_SPREAD  M gradients -> N    GM_FAST_GATHER  N sums -> J
//
// FAST_PACK fast_pack (w, packed, w0,wk,wc,wr,ws, C,K, in,out, shift_h,shift_w, tap_base,tap_step)
//     packed[out out][K/16][N N][in in C * 16 + 16]: the transformed weights. global (K/16, G, out out): G groups of
//     channels.
// FAST_ROWS_CPU fast_rows (x, packed, scratch, y, x0,xh,xw,xn, IH,IW, y0,yh,yw,yn, OH,OW, N,C,K, TH,TW, in,out,
//                          shift_h,shift_w, base_h,base_w, block  GM_EPILOGUE_PARAMS)
//     C and K are multiples of 16, channels lie side by side in x and y. TH, TW: tiles. global (P, G, out out): P groups
//     of panels of 16 outputs, G groups of rows, which are (tile, image); block: as many rows, a multiple of 12, are
//     transformed at a time. scratch: for each of P G out out groups N N block (LD [in in C / GM_FAST_DEPTH] + 32) floats.

// FAST_OUTER_CPU fast_outer (x, g, scratch, y, x0,xh,xw,xn, IH,IW, g0,gh,gw,gn, OH,OW, N,C,K, TH,TW, R, in, base_h,
//                            base_w, parts, y0,yp,yr,ys,yc  GM_EPILOGUE_PARAMS)
//     A gradient to the weights of a convolution: the products of transformed x and transformed g, summed over the rows,
//     are the transformed gradient. Blocks of 64 channels of a phase by 64 outputs; `parts` parts of the rows, which write
//     at y0 + part yp; yk = 1. global (G, 1, 1): G groups that share blocks and parts. scratch: for each of them N N (64 64
//     + 2 64 GM_FAST_BLOCK) floats.

#ifndef GM_EPILOGUE_PARAMS
#define GM_EPILOGUE_PARAMS
#endif
#ifndef GM_EPILOGUE8
#define GM_EPILOGUE8(v, h, w, n, k) (v)
#endif

#define GM_FAST_POINTS (GM_FAST_N * GM_FAST_N)

// Transforms d, from x from vectors, along both axes into to x to vectors; e is room for to x from.
#define GM_FAST_BOTH(TRANSFORM, d, e, from, to)                                                                        \
    _Pragma("unroll") for (int j = 0; j < (from); j++) TRANSFORM((d) + j, from, (e) + j, from);                        \
    _Pragma("unroll") for (int j = 0; j < (to); j++) TRANSFORM((e) + j * (from), 1, (d) + j * (to), 1);

// Where in an image the values of the tile whose first is at (h0, w0) lie; keep: 0 for those outside, which are read at
// the image's first and become 0. No branches: they would cost the compiler seconds.
#define GM_FAST_OFFSETS(offset, keep, h0, w0)                                                                          \
    int offset[GM_FAST_POINTS], keep[GM_FAST_POINTS];                                                                  \
    for (int p = 0; p < GM_FAST_POINTS; p++) {                                                                         \
        int h = h0 + in * (p / GM_FAST_N), w = w0 + in * (p % GM_FAST_N);                                              \
        keep[p] = -(h >= 0 && h < IH && w >= 0 && w < IW);                                                             \
        offset[p] = keep[p] & (h * xh + w * xw);                                                                       \
    }

// Those values of 16 channels, transformed.
#define GM_FAST_VALUES(d, from, offset, keep)                                                                          \
    float16 d[GM_FAST_POINTS], d##_room[GM_FAST_POINTS];                                                               \
    _Pragma("unroll") for (int p = 0; p < GM_FAST_POINTS; p++) d[p] =                                                  \
        as_float16(as_int16(vload16(0, (from) + offset[p])) & (int16)keep[p]);                                         \
    GM_FAST_BOTH(GM_FAST_DATA, d, d##_room, GM_FAST_N, GM_FAST_N)

#ifdef GM_FAST_PACK

static void GM_NAME(GM_PLACE, global const float *restrict w, global float *restrict packed, int w0, int wk, int wc,
    int wr, int ws, int C, int K, int in, int out, int shift_h, int shift_w, int tap_base, int tap_step)
{
    const int k0 = 16 * group.x, D = in * in * C, c_end = (int)((long)C * (group.y + 1) / groups.y);
    const int row0 = (group.z / out + shift_h) % out + tap_base, column0 = (group.z % out + shift_w) % out + tap_base;
    const bool dense = ws == 1 && wr == GM_FAST_R;
    const long point = (long)D * 16 + 16;
    float16 tap[GM_FAST_R * GM_FAST_R];
    packed += (group.z * groups.x + group.x) * GM_FAST_POINTS * point;
    for (int c = (int)((long)C * group.y / groups.y); c < c_end; c++) {
        global const float *from = w + w0 + (long)k0 * wk + (long)c * wc;
#if GM_FAST_R == 4
        if (dense) {
            for (int k = 0; k < 16; k++)
                tap[k] = vload16(0, from + (long)k * wk);
            gm_transpose(tap);
        } else
#endif
        {
            float block[GM_FAST_R * GM_FAST_R * 16];
            for (int k = 0; k < 16; k++)
                for (int r = 0; r < GM_FAST_R; r++)
                    for (int s = 0; s < GM_FAST_R; s++)
                        block[(r * GM_FAST_R + s) * 16 + k] = from[(long)k * wk + (long)r * wr + (long)s * ws];
            for (int t = 0; t < GM_FAST_R * GM_FAST_R; t++)
                tap[t] = vload16(t, block);
        }
        for (int phase = 0; phase < in * in; phase++) {
            float16 u[GM_FAST_POINTS], e[GM_FAST_N * GM_FAST_J];
            for (int i = 0; i < GM_FAST_J; i++)
                for (int j = 0; j < GM_FAST_J; j++) {
                    int r = row0 + phase / in + i * tap_step, s = column0 + phase % in + j * tap_step;
                    bool there = r >= 0 && r < GM_FAST_R && s >= 0 && s < GM_FAST_R;
                    u[i * GM_FAST_J + j] = there ? tap[r * GM_FAST_R + s] : (float16)0.0f;
                }
            GM_FAST_BOTH(GM_FAST_TAPS, u, e, GM_FAST_J, GM_FAST_N)
            for (int p = 0; p < GM_FAST_POINTS; p++)
                vstore16(u[p], phase * C + c, packed + p * point);
        }
    }
}
#endif // GM_FAST_PACK

#ifdef GM_FAST_ROWS_CPU

// Rows are GM_FAST_LD floats apart, a constant: more pointers than registers would halve the speed. Not a power of two,
// where rows would evict one another from the cache.
#define GM_FAST_LD (GM_FAST_DEPTH + 16)
#ifdef GM_CONTRACT_WIDE
#define GM_FAST_TILE 12
#define GM_FAST_EACH GM_EACH_12
#define GM_FAST_PANELS 2
#else
#define GM_FAST_TILE GM_CONTRACT_TILE
#define GM_FAST_EACH GM_EACH_ROW
#define GM_FAST_PANELS 1
#endif

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *restrict scratch, global float *restrict y, int x0, int xh,
    int xw, int xn, int IH, int IW, int y0, int yh, int yw, int yn, int OH, int OW, int N, int C, int K, int TH, int TW,
    int in, int out, int shift_h, int shift_w, int base_h, int base_w, int block GM_EPILOGUE_PARAMS)
{
    const int panels = K / 16, groups = (int)get_num_groups(1), D = in * in * C;
    const int panel_begin = (int)((long)panels * get_group_id(0) / get_num_groups(0));
    const int panel_end = (int)((long)panels * (get_group_id(0) + 1) / get_num_groups(0));
    const int po_h = (int)get_group_id(2) / out, po_w = (int)get_group_id(2) % out;
    const int first_h = (po_h + shift_h) / out + base_h, first_w = (po_w + shift_w) / out + base_w;
    const int rows = TH * TW * N, tiles = (rows + GM_FAST_TILE - 1) / GM_FAST_TILE;
    const int begin = (int)((long)tiles * get_group_id(1) / groups) * GM_FAST_TILE;
    const int end = min(rows, (int)((long)tiles * (get_group_id(1) + 1) / groups) * GM_FAST_TILE);
    const int chunk = block * GM_FAST_LD, plane = (D + GM_FAST_DEPTH - 1) / GM_FAST_DEPTH * chunk;
    const long point = (long)D * 16 + 16;
    global float *values = scratch + ((get_group_id(2) * groups + get_group_id(1)) * get_num_groups(0) + get_group_id(0)) *
        GM_FAST_POINTS * ((long)plane + block * 32);
    global float *products = values + GM_FAST_POINTS * (long)plane;
    packed += get_group_id(2) * panels * GM_FAST_POINTS * point;

    for (int row0 = begin; row0 < end; row0 += block) {
        const int count = min(block, end - row0);
        for (int i = 0; i < count; i++) {
            const int t = (row0 + i) / N, n = (row0 + i) % N;
            for (int phase = 0; phase < in * in; phase++) {
                const int h0 = in * GM_FAST_M * (t / TW) + phase / in + first_h;
                const int w0 = in * GM_FAST_M * (t % TW) + phase % in + first_w;
                global const float *from = x + x0 + (long)n * xn;
                GM_FAST_OFFSETS(offset, keep, h0, w0)
                for (int c = 0; c < C; c += 16) {
                    GM_FAST_VALUES(d, from + c, offset, keep)
                    const int at = phase * C + c;
                    global float *to = values + at / GM_FAST_DEPTH * chunk + i * GM_FAST_LD + at % GM_FAST_DEPTH;
#pragma unroll
                    for (int p = 0; p < GM_FAST_POINTS; p++)
                        vstore16(d[p], 0, to + p * (long)plane);
                }
            }
        }

        for (int panel = panel_begin; panel < panel_end; panel += GM_FAST_PANELS) {
            const int panels_here = min(GM_FAST_PANELS, panel_end - panel); // a second one that is not there: the first
            for (int p = 0; p < GM_FAST_POINTS; p++) {
                for (int i = 0; i < count; i += GM_FAST_TILE) {
                    global const float *b = packed + (panel * GM_FAST_POINTS + p) * point;
#define GM_ROW(r) float16 sum##r = (float16)0.0f;
                    GM_FAST_EACH(GM_ROW)
#undef GM_ROW
#if GM_FAST_PANELS == 2
                    const long next = panels_here == 2 ? GM_FAST_POINTS * point : 0;
#define GM_ROW(r) float16 more##r = (float16)0.0f;
                    GM_FAST_EACH(GM_ROW)
#undef GM_ROW
#endif
                    for (int c0 = 0; c0 < D; c0 += GM_FAST_DEPTH) {
                        global const float *a = values + p * (long)plane + c0 / GM_FAST_DEPTH * chunk + i * GM_FAST_LD;
                        const int depth = min(GM_FAST_DEPTH, D - c0);
                        for (int c = 0; c < depth; c++) {
                            const float16 u = vload16(0, b);
#if GM_FAST_PANELS == 2
                            const float16 v = vload16(0, b + next);
#define GM_ROW(r) \
    sum##r = fma((float16)a[r * GM_FAST_LD + c], u, sum##r), more##r = fma((float16)a[r * GM_FAST_LD + c], v, more##r);
#else
#define GM_ROW(r) sum##r = fma((float16)a[r * GM_FAST_LD + c], u, sum##r);
#endif
                            GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                            b += 16;
                        }
                    }
                    global float *to = products + ((long)p * block + i) * GM_FAST_PANELS * 16;
#if GM_FAST_PANELS == 2
#define GM_ROW(r) vstore16(sum##r, 2 * r, to), vstore16(more##r, 2 * r + 1, to);
#else
#define GM_ROW(r) vstore16(sum##r, r, to);
#endif
                    GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                }
            }
            for (int part = 0; part < count * panels_here; part++) {
                const int i = part / panels_here, q = part % panels_here, k = 16 * (panel + q);
                const int t = (row0 + i) / N, n = (row0 + i) % N;
                float16 d[GM_FAST_POINTS], e[GM_FAST_M * GM_FAST_N];
#pragma unroll
                for (int p = 0; p < GM_FAST_POINTS; p++)
                    d[p] = vload16((p * block + i) * GM_FAST_PANELS + q, products);
                GM_FAST_BOTH(GM_FAST_RESULT, d, e, GM_FAST_N, GM_FAST_M)
                float results[GM_FAST_M * GM_FAST_M * 16];
#pragma unroll
                for (int p = 0; p < GM_FAST_M * GM_FAST_M; p++)
                    vstore16(d[p], p, results);
                for (int p = 0; p < GM_FAST_M * GM_FAST_M; p++) {
                    const int h = out * (GM_FAST_M * (t / TW) + p / GM_FAST_M) + po_h;
                    const int w = out * (GM_FAST_M * (t % TW) + p % GM_FAST_M) + po_w;
                    if (h < OH && w < OW) {
                        global float *to = y + y0 + (long)h * yh + (long)w * yw + (long)n * yn + k;
                        float8 low = vload8(2 * p, results), high = vload8(2 * p + 1, results);
                        vstore8(GM_EPILOGUE8(low, h, w, n, k), 0, to);
                        vstore8(GM_EPILOGUE8(high, h, w, n, (k + 8)), 1, to);
                    }
                }
            }
        }
    }
}
#undef GM_FAST_LD
#undef GM_FAST_TILE
#undef GM_FAST_EACH
#undef GM_FAST_PANELS
#endif // GM_FAST_ROWS_CPU

#ifdef GM_FAST_OUTER_CPU

#define GM_FAST_BLOCK 48 // rows transformed at a time
#ifdef GM_CONTRACT_WIDE
#define GM_FAST_COLUMNS 32
#else
#define GM_FAST_COLUMNS 16
#endif
#if defined(GM_CONTRACT_WIDE)
#define GM_FAST_LINES 8
#define GM_FAST_EACH GM_EACH_8
#elif GM_CONTRACT_TILE >= 4
#define GM_FAST_LINES 4
#define GM_FAST_EACH(F) F(0) F(1) F(2) F(3)
#else
#define GM_FAST_LINES 2
#define GM_FAST_EACH GM_EACH_2
#endif

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *restrict scratch, global float *restrict y, int x0, int xh, int xw,
    int xn, int IH, int IW, int g0, int gh, int gw, int gn, int OH, int OW, int N, int C, int K, int TH, int TW, int R,
    int in, int base_h, int base_w, int parts, int y0, int yp, int yr, int ys, int yc GM_EPILOGUE_PARAMS)
{
    const int across = (K + 63) / 64, down = (C + 63) / 64, blocks = across * down * in * in, rows = TH * TW * N;
    global float *sums = scratch + get_group_id(0) * GM_FAST_POINTS * (long)(64 * 64 + 2 * 64 * GM_FAST_BLOCK);
    global float *values = sums + GM_FAST_POINTS * 64 * 64, *gradients = values + GM_FAST_POINTS * 64 * GM_FAST_BLOCK;

    for (int job = (int)get_group_id(0); job < blocks * parts; job += (int)get_num_groups(0)) {
        const int part = job / blocks, phase = job % blocks / (across * down);
        const int c0 = job % (across * down) / across * 64, k0 = job % across * 64;
        const int channels = min(64, C - c0), columns = min(64, K - k0);
        const int begin = (int)((long)rows * part / parts), end = (int)((long)rows * (part + 1) / parts);
        for (int p = 0; p < GM_FAST_POINTS; p++)
            for (int i = 0; i < channels * 4; i++)
                vstore16((float16)0.0f, p * 256 + i, sums);

        for (int row0 = begin; row0 < end; row0 += GM_FAST_BLOCK) {
            const int count = min(GM_FAST_BLOCK, end - row0);
            for (int i = 0; i < count; i++) {
                const int t = (row0 + i) / N, n = (row0 + i) % N;
                const int h0 = in * GM_FAST_M * (t / TW) + phase / in + base_h;
                const int w0 = in * GM_FAST_M * (t % TW) + phase % in + base_w;
                global const float *from = x + x0 + (long)n * xn + c0;
                GM_FAST_OFFSETS(offset, keep, h0, w0)
                for (int c = 0; c < channels; c += 16) {
                    GM_FAST_VALUES(d, from + c, offset, keep)
#pragma unroll
                    for (int p = 0; p < GM_FAST_POINTS; p++)
                        vstore16(d[p], 0, values + (p * GM_FAST_BLOCK + i) * 64 + c);
                }
                const int oh = GM_FAST_M * (t / TW), ow = GM_FAST_M * (t % TW);
                global const float *by = g + g0 + (long)n * gn + (long)oh * gh + (long)ow * gw + k0;
                for (int k = 0; k < columns; k += 16) {
                    float16 d[GM_FAST_POINTS], e[GM_FAST_N * GM_FAST_M];
#pragma unroll
                    for (int p = 0; p < GM_FAST_M * GM_FAST_M; p++) {
                        const int h = p / GM_FAST_M, w = p % GM_FAST_M;
                        d[p] = oh + h < OH && ow + w < OW ? vload16(0, by + (long)h * gh + (long)w * gw + k)
                                                          : (float16)0.0f;
                    }
                    GM_FAST_BOTH(GM_FAST_SPREAD, d, e, GM_FAST_M, GM_FAST_N)
#pragma unroll
                    for (int p = 0; p < GM_FAST_POINTS; p++)
                        vstore16(d[p], 0, gradients + (p * GM_FAST_BLOCK + i) * 64 + k);
                }
            }
            for (int p = 0; p < GM_FAST_POINTS; p++)
                for (int k = 0; k < columns; k += GM_FAST_COLUMNS)
                    for (int c = 0; c < channels; c += GM_FAST_LINES) {
                        global const float *a = values + p * GM_FAST_BLOCK * 64 + c;
                        global const float *b = gradients + p * GM_FAST_BLOCK * 64 + k;
                        global float *to = sums + p * 64 * 64 + c * 64 + k;
                        // Two panels where registers are wide; of an odd number the last has a second of no column, which
                        // goes nowhere.
#ifdef GM_CONTRACT_WIDE
#define GM_ROW(r) float16 sum##r = vload16(0, to + r * 64), more##r = vload16(1, to + r * 64);
#else
#define GM_ROW(r) float16 sum##r = vload16(0, to + r * 64);
#endif
                        GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                        for (int i = 0; i < count; i++) {
#ifdef GM_CONTRACT_WIDE
                            const float16 u = vload16(0, b), v = vload16(1, b);
#define GM_ROW(r) sum##r = fma((float16)a[r], u, sum##r), more##r = fma((float16)a[r], v, more##r);
#else
                            const float16 u = vload16(0, b);
#define GM_ROW(r) sum##r = fma((float16)a[r], u, sum##r);
#endif
                            GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                            a += 64;
                            b += 64;
                        }
#ifdef GM_CONTRACT_WIDE
#define GM_ROW(r) vstore16(sum##r, 0, to + r * 64), vstore16(more##r, 1, to + r * 64);
#else
#define GM_ROW(r) vstore16(sum##r, 0, to + r * 64);
#endif
                        GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                    }
        }

        for (int c = 0; c < channels; c++)
            for (int k = 0; k < columns; k += 16) {
                float16 d[GM_FAST_POINTS], e[GM_FAST_J * GM_FAST_N];
#pragma unroll
                for (int p = 0; p < GM_FAST_POINTS; p++)
                    d[p] = vload16(0, sums + p * 64 * 64 + c * 64 + k);
                GM_FAST_BOTH(GM_FAST_GATHER, d, e, GM_FAST_N, GM_FAST_J)
                float results[GM_FAST_J * GM_FAST_J * 16];
#pragma unroll
                for (int p = 0; p < GM_FAST_J * GM_FAST_J; p++)
                    vstore16(d[p], p, results);
                for (int p = 0; p < GM_FAST_J * GM_FAST_J; p++) {
                    const int r = phase / in + in * (p / GM_FAST_J), s = phase % in + in * (p % GM_FAST_J);
                    if (r < R && s < R) {
                        global float *to = y + y0 + (long)part * yp + (long)r * yr + (long)s * ys + (long)(c0 + c) * yc +
                            k0 + k;
                        float8 low = vload8(2 * p, results), high = vload8(2 * p + 1, results);
                        vstore8(GM_EPILOGUE8(low, r, s, (c0 + c), (k0 + k)), 0, to);
                        vstore8(GM_EPILOGUE8(high, r, s, (c0 + c), (k0 + k + 8)), 1, to);
                    }
                }
            }
    }
}
#undef GM_FAST_BLOCK
#undef GM_FAST_COLUMNS
#undef GM_FAST_LINES
#undef GM_FAST_EACH
#endif // GM_FAST_OUTER_CPU

#undef GM_FAST_POINTS
#undef GM_FAST_BOTH
#undef GM_FAST_OFFSETS
#undef GM_FAST_VALUES
#undef GM_FAST_PACK
#undef GM_FAST_ROWS_CPU
#undef GM_FAST_OUTER_CPU
#undef GM_FAST_M
#undef GM_FAST_J
#undef GM_FAST_N
#undef GM_FAST_R
#undef GM_FAST_DEPTH
#undef GM_FAST_DATA
#undef GM_FAST_TAPS
#undef GM_FAST_RESULT
#undef GM_FAST_SPREAD
#undef GM_FAST_GATHER
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
