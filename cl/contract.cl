// Contractions: every convolution, transposed convolution, their gradients, and matrix products.
//
// One map from an output position to an input position covers all of them (along each axis, here the height):
//     th = oh*ah + bh + r*dh,   valid iff th >= 0, th % qh == 0, th/qh < IH;   ih = th/qh
//     convolution            a = stride, b = -padding, d = 1,  q = 1
//     transposed / dL/dx     a = 1,      b = padding,  d = -1, q = stride
//     matrix product         every spatial size 1, a = q = 1, b = d = 0; n = row, c = contraction, k = column
//   contract_rows, contract_thin    y[oh,ow,n,k]   = sum over valid r,s and c  of x[ih,iw,n,c] w[r,s,c,k]
//   contract_outer                  y[r,s,c,k]     = sum over valid oh,ow and n of x[ih,iw,n,c] g[oh,ow,n,k]
// Every operand has run-time strides (in floats, any sign or order). Channels innermost (stride 1) is what is fast.
//
// HOW TO INCLUDE. Define one GM_CONTRACT_<SECTION>, optionally the instance macros, then this text; repeat as often as
// wanted in one program. The text undefines at its end everything it was given.
//   GM_NAME               the kernel's name (default: the section's name in lower case, as below)
//   GM_EPILOGUE_PARAMS    further kernel parameters, beginning with a comma (default: none)
//   GM_EPILOGUE8(v,h,w,n,k) the float8 to store for outputs k..k+7 (k + 8 <= K always) of pixel (h,w), row n
//   GM_EPILOGUE1(v,h,w,n,k) the same for one output. Both default to v. In the outer family (h,w,n,k) = (r,s,c,k).
//   All arguments of the epilogues but v are int expressions. The GPU family uses GM_EPILOGUE1 only.
//
// SECTIONS, parameters in order ("int" unless a pointer), work sizes. [a/b] rounds up. Local size (1,1,1) on CPU.
//
// PACK     contract_pack (w, packed, w0,wk,wc,wr,ws, C,K,R,S)
//     packed[K/16][R][S][C][16], the last panel filled with zeros: [K/16]*16*R*S*C floats.
//     global ([K/16], G, 1): G >= 1 groups of channels, any number; choose [C/64].
// PACK_THIN contract_pack_thin (w, packed, w0,wk,wc,wr,ws, C,K,R,S)
//     packed[K][R][S][C8], C8 = C rounded up to 8, filled with zeros: K*R*S*C8 floats. global (K, 1, 1)
// ROWS_CPU  contract_rows_cpu (x, packed, y, x0,xh,xw,xn,xc, IH,IW, y0,yh,yw,yn,yk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw  GM_EPILOGUE_PARAMS)
//     global ([K/16], G, OH*OW): G >= 1 groups of rows, any number <= [N/6]. Choose G = [N/96], more only where
//     there are fewer than 16 work-groups in all.
// THIN_CPU  contract_thin_cpu: the parameters of ROWS_CPU, weights from contract_pack_thin; x needs xc = 1.
//     For K < 8 and C >= 8. global (G, OH*OW, 1): G >= 1 groups of rows, any number <= [N/4]; as for ROWS_CPU.
// OUTER_CPU contract_outer_cpu (x, g, y, x0,xh,xw,xn,xc, IH,IW, g0,gh,gw,gn,gk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw, y0,yp,yr,ys,yc,yk  GM_EPILOGUE_PARAMS)
//     global ([K/64], M, P): M = R*S*[C/64] if C >= 8, else [R*S*C/64] (tiles then span taps).
//     P >= 1 splits of the rows; split p writes at y0 + p*yp. P = 1 writes the result itself. Else y is a scratch buffer of
//     P*R*S*C*K floats, y0 = 0, yp = R*S*C*K, yr = S*C*K, ys = C*K, yc = K, yk = 1, and SUM follows. Scratch and SUM
//     with P = 1 also pay when the result's yk != 1 (row-major convolution weights).
//     Where K < 8 <= C and OH*OW > 1, swap: x and g change places, C and K too (yc and yk with them), (IH,IW) and
//     (OH,OW) too, and the map becomes its inverse: (a,b,d,q) = (stride,-pad,1,1) <-> (1,pad,-1,stride).
// SUM_CPU   contract_sum_cpu (partial, y, P, C,K,R,S, y0,yr,ys,yc,yk  GM_EPILOGUE_PARAMS)
//     y = the partials [P][R][S][C][K] added in order. global ([K/16], C, 1)
//
// GPU family: local memory tiles; weights are read where they are, through strides: no packing.
// ROWS_GPU  contract_rows_gpu (x, w, y, x0,xh,xw,xn,xc, IH,IW, w0,wk,wc,wr,ws, y0,yh,yw,yn,yk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw  GM_EPILOGUE_PARAMS)
//     global (16*[K/64], 16*[OH*OW*N/64]), local (16, 16)
// OUTER_GPU contract_outer_gpu: the parameters of OUTER_CPU. global (16*[K/64], 16*M, P), local (16, 16, 1)
// SUM_GPU   contract_sum_gpu: the parameters of SUM_CPU. global (R*S*C*K rounded up to 64), local (64)

#ifndef GM_CONTRACT_ONCE
#define GM_CONTRACT_ONCE

// Rows of a CPU register tile, 16 columns wide. The 6 x 16 sums fill AVX2's registers (a float16 is two of them); with
// 512-bit registers 8 x 16 leaves room for folded broadcasts and divides the usual batches.
#ifndef GM_CONTRACT_TILE
#ifdef __AVX512VL__
#define GM_CONTRACT_TILE 8
#else
#define GM_CONTRACT_TILE 6
#endif
#endif
#if GM_CONTRACT_TILE == 8
#define GM_EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#else
#define GM_EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5)
#endif

// The valid taps of one output position along one axis: taps first, first + step, ... read positions in, in + in_step,
// ... They are an arithmetic progression, since th is linear in the tap.
typedef struct {
    int first, count, step, in, in_step;
} gm_taps;

static gm_taps gm_valid_taps(int o, int a, int b, int d, int q, int inputs, int taps)
{
    gm_taps t = {0, 0, 1, 0, 0};
    for (int r = 0; r < taps; r++) {
        int th = o * a + b + r * d;
        if (th < 0 || th % q != 0 || th / q >= inputs)
            continue;
        if (t.count == 0) {
            t.first = r;
            t.in = th / q;
        } else if (t.count == 1) {
            t.step = r - t.first;
            t.in_step = th / q - t.in;
        }
        t.count++;
    }
    return t;
}

// The input position of an output position and a tap, or -1.
static int gm_input_at(int o, int r, int a, int b, int d, int q, int inputs)
{
    int th = o * a + b + r * d;
    return th < 0 || th % q != 0 || th / q >= inputs ? -1 : th / q;
}

static float16 gm_interleave_low(float16 a, float16 b)
{
    return (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3,
                     a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);
}

static float16 gm_interleave_high(float16 a, float16 b)
{
    return (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb,
                     a.sc, b.sc, a.sd, b.sd, a.se, b.se, a.sf, b.sf);
}

// Transposes a 16 x 16 block in registers: four rounds of interleaving vectors i and i + 8.
static void gm_transpose(float16 v[16])
{
    float16 t[16];
#pragma unroll
    for (int round = 0; round < 4; round++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            t[2 * i] = gm_interleave_low(v[i], v[i + 8]);
            t[2 * i + 1] = gm_interleave_high(v[i], v[i + 8]);
        }
#pragma unroll
        for (int i = 0; i < 16; i++)
            v[i] = t[i];
    }
}

#endif // GM_CONTRACT_ONCE

#ifndef GM_EPILOGUE_PARAMS
#define GM_EPILOGUE_PARAMS
#endif
#ifndef GM_EPILOGUE8
#define GM_EPILOGUE8(v, h, w, n, k) (v)
#endif
#ifndef GM_EPILOGUE1
#define GM_EPILOGUE1(v, h, w, n, k) (v)
#endif

#ifdef GM_CONTRACT_PACK
#ifndef GM_NAME
#define GM_NAME contract_pack
#endif

// One panel, a range of channels. Columns are often a power of two apart, where they evict one another from the cache:
// whole blocks of 16 are read along the memory and transposed in registers.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
    int k0 = 16 * (int)get_group_id(0), columns = min(16, K - k0), taps = R * S, chunks = (C + 15) / 16;
    int c = 16 * (int)((long)chunks * get_group_id(1) / get_num_groups(1));
    int c_end = min(C, 16 * (int)((long)chunks * (get_group_id(1) + 1) / get_num_groups(1)));
    bool dense_taps = (S == 1 || ws == 1) && (R == 1 || wr == S);
    float16 v[16];
    w += w0 + (long)k0 * wk;
    packed += (long)k0 * taps * C;

    if (columns == 16 && dense_taps && wc == taps) { // a column's (channel, tap) pairs are contiguous
        int f = c * taps, f_end = c_end * taps;
        for (; f + 16 <= f_end; f += 16) {
            for (int k = 0; k < 16; k++)
                v[k] = vload16(0, w + (long)k * wk + f);
            gm_transpose(v);
            for (int i = 0; i < 16; i++)
                vstore16(v[i], (long)((f + i) % taps) * C + (f + i) / taps, packed);
        }
        for (; f < f_end; f++)
            for (int k = 0; k < 16; k++)
                packed[((long)(f % taps) * C + f / taps) * 16 + k] = w[(long)k * wk + f];
        return;
    }
    for (; c < c_end; c++) {
        global const float *from = w + (long)c * wc;
        int tap = 0;
        if (columns == 16 && dense_taps)
            for (; tap + 16 <= taps; tap += 16) {
                for (int k = 0; k < 16; k++)
                    v[k] = vload16(0, from + (long)k * wk + tap);
                gm_transpose(v);
                for (int i = 0; i < 16; i++)
                    vstore16(v[i], (long)(tap + i) * C + c, packed);
            }
        for (; tap < taps; tap++) {
            global const float *at = from + (long)(tap / S) * wr + (long)(tap % S) * ws;
            global float *to = packed + ((long)tap * C + c) * 16;
            if (columns == 16 && wk == 1) {
                vstore16(vload16(0, at), 0, to);
                continue;
            }
            for (int k = 0; k < 16; k++)
                to[k] = k < columns ? at[(long)k * wk] : 0.0f;
        }
    }
}
#endif // GM_CONTRACT_PACK

#ifdef GM_CONTRACT_PACK_THIN
#ifndef GM_NAME
#define GM_NAME contract_pack_thin
#endif

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
    int k = (int)get_group_id(0), padded = (C + 7) / 8 * 8;
    for (int r = 0; r < R; r++)
        for (int s = 0; s < S; s++) {
            global const float *from = w + w0 + (long)k * wk + (long)r * wr + (long)s * ws;
            global float *to = packed + (((long)k * R + r) * S + s) * padded;
            for (int c = 0; c < padded; c++)
                to[c] = c < C ? from[(long)c * wc] : 0.0f;
        }
}
#endif // GM_CONTRACT_PACK_THIN

#ifdef GM_CONTRACT_ROWS_CPU
#ifndef GM_NAME
#define GM_NAME contract_rows_cpu
#endif

// One output pixel, one panel of 16 columns, one group of rows. All rows share the pixel's valid taps, so padding
// costs nothing. Rows past N repeat row N - 1 and are not stored.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH,
    int IW, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh,
    int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    int oh = (int)get_group_id(2) / OW, ow = (int)get_group_id(2) % OW, k0 = 16 * (int)get_group_id(0);
    int tiles = (N + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE;
    int groups = (int)get_num_groups(1), group = (int)get_group_id(1);
    int n_begin = (int)((long)tiles * group / groups) * GM_CONTRACT_TILE;
    int n_end = min(N, (int)((long)tiles * (group + 1) / groups) * GM_CONTRACT_TILE);
    gm_taps tr = gm_valid_taps(oh, ah, bh, dh, qh, IH, R), ts = gm_valid_taps(ow, aw, bw, dw, qw, IW, S);
    x += x0 + (long)tr.in * xh + (long)ts.in * xw;
    y += y0 + (long)oh * yh + (long)ow * yw;
    packed += ((((long)k0 / 16) * R + tr.first) * S + ts.first) * C * 16;
    long xi = (long)tr.in_step * xh, xj = (long)ts.in_step * xw;
    long pi = (long)tr.step * S * C * 16, pj = (long)ts.step * C * 16;

    for (int n0 = n_begin; n0 < n_end; n0 += GM_CONTRACT_TILE) {
#define GM_ROW(i)                                 \
    long at##i = (long)min(n0 + i, N - 1) * xn;   \
    float16 sum##i = (float16)0.0f;
        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
        for (int i = 0; i < tr.count; i++)
            for (int j = 0; j < ts.count; j++) {
                global const float *a = x + i * xi + j * xj, *b = packed + i * pi + j * pj;
                for (int c = 0; c < C; c++) {
                    float16 column = vload16(0, b);
#define GM_ROW(i) sum##i = fma((float16)a[at##i], column, sum##i);
                    GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                    a += xc;
                    b += 16;
                }
            }
        float tile[GM_CONTRACT_TILE * 16];
#define GM_ROW(i) vstore16(sum##i, i, tile);
        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
        int rows = min(GM_CONTRACT_TILE, n_end - n0);
        for (int i = 0; i < rows; i++) {
            int n = n0 + i;
            global float *to = y + (long)n * yn;
            for (int part = 0; part < 16 && k0 + part < K; part += 8) {
                int k = k0 + part;
                if (yk == 1 && k + 8 <= K) {
                    float8 value = vload8(0, tile + i * 16 + part);
                    vstore8(GM_EPILOGUE8(value, oh, ow, n, k), 0, to + k);
                } else {
                    for (int l = 0; l < 8 && k + l < K; l++) {
                        float value = tile[i * 16 + part + l];
                        to[(long)(k + l) * yk] = GM_EPILOGUE1(value, oh, ow, n, (k + l));
                    }
                }
            }
        }
    }
}
#endif // GM_CONTRACT_ROWS_CPU

#ifdef GM_CONTRACT_THIN_CPU
#ifndef GM_NAME
#define GM_NAME contract_thin_cpu
#endif

// Few outputs: dot products along the channels, four rows at a time.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH,
    int IW, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh,
    int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    int oh = (int)get_group_id(1) / OW, ow = (int)get_group_id(1) % OW, padded = (C + 7) / 8 * 8, whole = C / 8 * 8;
    int tiles = (N + 3) / 4, groups = (int)get_num_groups(0), group = (int)get_group_id(0);
    int n_begin = (int)((long)tiles * group / groups) * 4;
    int n_end = min(N, (int)((long)tiles * (group + 1) / groups) * 4);
    gm_taps tr = gm_valid_taps(oh, ah, bh, dh, qh, IH, R), ts = gm_valid_taps(ow, aw, bw, dw, qw, IW, S);
    x += x0 + (long)tr.in * xh + (long)ts.in * xw;
    y += y0 + (long)oh * yh + (long)ow * yw;
    packed += ((long)tr.first * S + ts.first) * padded;

    for (int n0 = n_begin; n0 < n_end; n0 += 4) {
        long at0 = (long)n0 * xn, at1 = (long)min(n0 + 1, N - 1) * xn;
        long at2 = (long)min(n0 + 2, N - 1) * xn, at3 = (long)min(n0 + 3, N - 1) * xn;
        for (int k = 0; k < K; k++) {
            float8 s0 = (float8)0.0f, s1 = (float8)0.0f, s2 = (float8)0.0f, s3 = (float8)0.0f;
            float4 rest = (float4)0.0f;
            for (int i = 0; i < tr.count; i++)
                for (int j = 0; j < ts.count; j++) {
                    global const float *a = x + (long)i * tr.in_step * xh + (long)j * ts.in_step * xw;
                    global const float *b = packed + (((long)k * R + i * tr.step) * S + j * ts.step) * padded;
                    for (int c = 0; c < whole; c += 8) {
                        float8 v = vload8(0, b + c);
                        s0 = fma(vload8(0, a + at0 + c), v, s0);
                        s1 = fma(vload8(0, a + at1 + c), v, s1);
                        s2 = fma(vload8(0, a + at2 + c), v, s2);
                        s3 = fma(vload8(0, a + at3 + c), v, s3);
                    }
                    for (int c = whole; c < C; c++)
                        rest = fma((float4)(a[at0 + c], a[at1 + c], a[at2 + c], a[at3 + c]), (float4)b[c], rest);
                }
            float4 t0 = s0.lo + s0.hi, t1 = s1.lo + s1.hi, t2 = s2.lo + s2.hi, t3 = s3.lo + s3.hi;
            rest += (float4)(t0.x + t0.z + (t0.y + t0.w), t1.x + t1.z + (t1.y + t1.w), t2.x + t2.z + (t2.y + t2.w),
                             t3.x + t3.z + (t3.y + t3.w));
            float sums[4];
            vstore4(rest, 0, sums);
            int rows = min(4, n_end - n0);
            for (int i = 0; i < rows; i++) {
                int n = n0 + i;
                float value = sums[i];
                y[(long)n * yn + (long)k * yk] = GM_EPILOGUE1(value, oh, ow, n, k);
            }
        }
    }
}
#endif // GM_CONTRACT_THIN_CPU

#ifdef GM_CONTRACT_OUTER_CPU
#ifndef GM_NAME
#define GM_NAME contract_outer_cpu
#endif

// A block of 64 x 64 results, kept in private memory while 256 rows after 256 rows are added to it. Where both operands
// are dense the tiles read them in place; else they are packed into panels first: ragged or strided operands, tiles
// that span taps, short runs of rows, and rows a large power of two apart, which would evict one another.
#define GM_OUTER_ROWS 256
#define GM_OUTER_TILES ((64 + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE)

// Adds `count` rows to one tile; a and b advance by GM_A and GM_B floats a row.
#define GM_OUTER_ADD(a, b, count, GM_A, GM_B)                                         \
    for (int i = 0; i < (count); i++) {                                                \
        float16 column = vload16(0, (b));                                              \
        GM_EACH_ROW(GM_OUTER_ROW)                                                      \
        (a) += (GM_A);                                                                 \
        (b) += (GM_B);                                                                 \
    }
#define GM_OUTER_ROW(i) sum##i = fma((float16)a[i], column, sum##i);
#define GM_OUTER_LOAD(i) float16 sum##i = vload16(i, to);
#define GM_OUTER_STORE(i) vstore16(sum##i, i, to);

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
    int g0, int gh, int gw, int gn, int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh,
    int qh, int aw, int bw, int dw, int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    float a_pack[GM_OUTER_TILES * GM_OUTER_ROWS * GM_CONTRACT_TILE], b_pack[4 * GM_OUTER_ROWS * 16];
    float sums[GM_OUTER_TILES * GM_CONTRACT_TILE * 64];
    long x_at[GM_OUTER_ROWS], g_at[GM_OUTER_ROWS]; // runs of rows in one output position
    int run_h[GM_OUTER_ROWS], run_w[GM_OUTER_ROWS], length[GM_OUTER_ROWS];

    int k0 = 64 * (int)get_group_id(0), columns = min(64, K - k0), panels = (columns + 15) / 16;
    // m counts (tap, channel) pairs; a block lies within one tap unless there are few channels.
    bool spans = C < 8;
    int blocks = (C + 63) / 64, block = (int)get_group_id(1);
    int tap = spans ? 0 : block / blocks, m0 = spans ? block * 64 : block % blocks * 64;
    int channels = min(64, (spans ? R * S * C : C) - m0), tiles = (channels + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE;
    bool dense = !spans && xc == 1 && gk == 1 && channels >= GM_CONTRACT_TILE && columns >= 16 && N >= 16 &&
                 (xn <= 512 || xn % 128 != 0) && (gn <= 512 || gn % 128 != 0);
    // In place a ragged last tile or panel is moved back to end at the edge, and repeats some results.
    int last_m = dense ? channels - GM_CONTRACT_TILE : (tiles - 1) * GM_CONTRACT_TILE;
    int last_k = dense ? columns - 16 : (panels - 1) * 16;
    x += x0 + (spans ? 0 : (long)m0 * xc);
    g += g0 + (long)k0 * gk;

    // th is linear in the output position as it is in the tap: the valid positions of a tap are a progression too.
    gm_taps all_h = {0, OH, 1, 0, 0}, all_w = {0, OW, 1, 0, 0};
    gm_taps ph = spans ? all_h : gm_valid_taps(tap / S, dh, bh, ah, qh, IH, OH);
    gm_taps pw = spans ? all_w : gm_valid_taps(tap % S, dw, bw, aw, qw, IW, OW);
    long total = (long)ph.count * pw.count * N, split = get_group_id(2), splits = get_num_groups(2);
    long row = total * split / splits, row_end = total * (split + 1) / splits;
    int n = 0, h = 0, w = 0;
    if (row < row_end) {
        n = (int)(row % N);
        h = (int)(row / N / pw.count);
        w = (int)(row / N % pw.count);
    }

    for (int i = 0; i < tiles * GM_CONTRACT_TILE * 64; i++)
        sums[i] = 0;
    if (!dense) { // the padding of ragged panels
        for (int i = (tiles - 1) * GM_OUTER_ROWS * GM_CONTRACT_TILE; i < tiles * GM_OUTER_ROWS * GM_CONTRACT_TILE; i++)
            a_pack[i] = 0;
        for (int i = (panels - 1) * GM_OUTER_ROWS * 16; i < panels * GM_OUTER_ROWS * 16; i++)
            b_pack[i] = 0;
    }

    while (row < row_end) {
        int depth = (int)min((long)GM_OUTER_ROWS, row_end - row), runs = 0;
        for (int filled = 0; filled < depth; filled += length[runs++]) {
            int run = min(depth - filled, N - n);
            run_h[runs] = ph.first + h * ph.step;
            run_w[runs] = pw.first + w * pw.step;
            length[runs] = run;
            x_at[runs] = (long)(ph.in + h * ph.in_step) * xh + (long)(pw.in + w * pw.in_step) * xw + (long)n * xn;
            g_at[runs] = (long)run_h[runs] * gh + (long)run_w[runs] * gw + (long)n * gn;
            if (spans)
                x_at[runs] = (long)n * xn;
            n += run;
            if (n == N) {
                n = 0;
                w++;
            }
            if (w == pw.count) {
                w = 0;
                h++;
            }
        }
        row += depth;

        if (dense) {
            for (int p = 0; p < panels; p++)
                for (int t = 0; t < tiles; t++) {
                    float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16;
                    GM_EACH_ROW(GM_OUTER_LOAD)
                    for (int q = 0; q < runs; q++) {
                        global const float *a = x + x_at[q] + min(t * GM_CONTRACT_TILE, last_m);
                        global const float *b = g + g_at[q] + min(p * 16, last_k);
                        GM_OUTER_ADD(a, b, length[q], xn, gn)
                    }
                    GM_EACH_ROW(GM_OUTER_STORE)
                }
            continue;
        }

        for (int q = 0, filled = 0; q < runs; filled += length[q++]) {
            global const float *from = g + g_at[q];
            int k = 0, m = 0;
            if (gk == 1) { // row by row, so that whole lines are read
                k = columns / 16 * 16;
                for (int i = 0; i < length[q]; i++)
                    for (int p = 0; p < columns / 16; p++)
                        vstore16(vload16(p, from + (long)i * gn), p * GM_OUTER_ROWS + filled + i, b_pack);
            }
            for (; k < columns; k++) {
                float *to = b_pack + (k / 16 * GM_OUTER_ROWS + filled) * 16 + k % 16;
                for (int i = 0; i < length[q]; i++)
                    to[i * 16] = from[(long)i * gn + (long)k * gk];
            }
            if (!spans && xc == 1) {
                m = channels / GM_CONTRACT_TILE * GM_CONTRACT_TILE;
                for (int i = 0; i < length[q]; i++)
                    for (int t = 0; t < channels / GM_CONTRACT_TILE; t++) {
                        global const float *a = x + x_at[q] + (long)i * xn + t * GM_CONTRACT_TILE;
                        float *to = a_pack + (t * GM_OUTER_ROWS + filled + i) * GM_CONTRACT_TILE;
#if GM_CONTRACT_TILE == 8
                        vstore8(vload8(0, a), 0, to);
#else
                        vstore4(vload4(0, a), 0, to);
                        vstore2(vload2(2, a), 2, to);
#endif
                    }
            }
            for (; m < channels; m++) {
                float *to = a_pack + (m / GM_CONTRACT_TILE * GM_OUTER_ROWS + filled) * GM_CONTRACT_TILE +
                            m % GM_CONTRACT_TILE;
                global const float *a = x + x_at[q];
                bool valid = true;
                if (spans) {
                    int ih = gm_input_at(run_h[q], (m0 + m) / C / S, ah, bh, dh, qh, IH);
                    int iw = gm_input_at(run_w[q], (m0 + m) / C % S, aw, bw, dw, qw, IW);
                    valid = ih >= 0 && iw >= 0;
                    a += (long)ih * xh + (long)iw * xw + (long)((m0 + m) % C) * xc;
                } else {
                    a += (long)m * xc;
                }
                if (valid)
                    for (int i = 0; i < length[q]; i++)
                        to[i * GM_CONTRACT_TILE] = a[(long)i * xn];
                else
                    for (int i = 0; i < length[q]; i++)
                        to[i * GM_CONTRACT_TILE] = 0;
            }
        }
        for (int p = 0; p < panels; p++)
            for (int t = 0; t < tiles; t++) {
                const float *a = a_pack + t * GM_OUTER_ROWS * GM_CONTRACT_TILE, *b = b_pack + p * GM_OUTER_ROWS * 16;
                float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16;
                GM_EACH_ROW(GM_OUTER_LOAD)
                GM_OUTER_ADD(a, b, depth, GM_CONTRACT_TILE, 16)
                GM_EACH_ROW(GM_OUTER_STORE)
            }
    }

    y += y0 + (long)split * yp;
    for (int m = 0; m < channels; m++) {
        int r = (spans ? (m0 + m) / C : tap) / S, s = (spans ? (m0 + m) / C : tap) % S, c = spans ? (m0 + m) % C : m0 + m;
        int t = m / GM_CONTRACT_TILE, line = m - min(t * GM_CONTRACT_TILE, last_m);
        global float *to = y + (long)r * yr + (long)s * ys + (long)c * yc;
        for (int part = 0; part < columns; part += 8) {
            int k = k0 + part, p = part / 16;
            const float *from = sums + ((p * tiles + t) * GM_CONTRACT_TILE + line) * 16 + part - min(p * 16, last_k);
            if (yk == 1 && part + 8 <= columns) {
                float8 value = vload8(0, from);
                vstore8(GM_EPILOGUE8(value, r, s, c, k), 0, to + k);
            } else {
                for (int l = 0; l < 8 && part + l < columns; l++) {
                    float value = from[l];
                    to[(long)(k + l) * yk] = GM_EPILOGUE1(value, r, s, c, (k + l));
                }
            }
        }
    }
}
#undef GM_OUTER_TILES
#undef GM_OUTER_ADD
#undef GM_OUTER_ROW
#undef GM_OUTER_LOAD
#undef GM_OUTER_STORE
#undef GM_OUTER_ROWS
#endif // GM_CONTRACT_OUTER_CPU

#ifdef GM_CONTRACT_SUM_CPU
#ifndef GM_NAME
#define GM_NAME contract_sum_cpu
#endif

// Sixteen columns of one channel. Up to 16 taps are gathered before they are written, because in row-major weights a
// column's taps are one cache line, and lines a power of two apart evict one another.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict partial,
    global float *restrict y, int P, int C, int K, int R, int S, int y0, int yr, int ys, int yc,
    int yk GM_EPILOGUE_PARAMS)
{
    float block[16 * 16];
    int k0 = 16 * (int)get_group_id(0), c = (int)get_group_id(1), columns = min(16, K - k0);
    long plane = (long)C * K, whole = plane * R * S;
    partial += (long)c * K + k0;
    y += y0 + (long)c * yc;
    for (int tap0 = 0; tap0 < R * S; tap0 += 16) {
        int taps = min(16, R * S - tap0);
        for (int t = 0; t < taps; t++) {
            global const float *from = partial + (tap0 + t) * plane;
            float *to = block + t * 16;
            if (columns == 16) {
                float16 sum = vload16(0, from);
                for (int p = 1; p < P; p++)
                    sum += vload16(0, from + p * whole);
                vstore16(sum, 0, to);
            } else {
                for (int k = 0; k < columns; k++) {
                    float sum = from[k];
                    for (int p = 1; p < P; p++)
                        sum += from[p * whole + k];
                    to[k] = sum;
                }
            }
        }
        if (yk == 1)
            for (int t = 0; t < taps; t++) {
                int r = (tap0 + t) / S, s = (tap0 + t) % S;
                global float *to = y + (long)r * yr + (long)s * ys;
                for (int part = 0; part < columns; part += 8) {
                    int k = k0 + part;
                    if (part + 8 <= columns) {
                        float8 value = vload8(0, block + t * 16 + part);
                        vstore8(GM_EPILOGUE8(value, r, s, c, k), 0, to + k);
                    } else {
                        for (int l = 0; part + l < columns; l++) {
                            float value = block[t * 16 + part + l];
                            to[k + l] = GM_EPILOGUE1(value, r, s, c, (k + l));
                        }
                    }
                }
            }
        else
            for (int l = 0; l < columns; l++) // a column's taps are one line of row-major weights
                for (int t = 0; t < taps; t++) {
                    int r = (tap0 + t) / S, s = (tap0 + t) % S;
                    float value = block[t * 16 + l];
                    y[(long)r * yr + (long)s * ys + (long)(k0 + l) * yk] = GM_EPILOGUE1(value, r, s, c, (k0 + l));
                }
    }
}
#endif // GM_CONTRACT_SUM_CPU

#if defined(GM_CONTRACT_ROWS_GPU) || defined(GM_CONTRACT_OUTER_GPU)
#ifndef GM_CONTRACT_GPU_ONCE
#define GM_CONTRACT_GPU_ONCE
// A work-group of 16 x 16 items makes a square of results; each item a square of GM_GPU_BLOCK, 16 apart, so that
// neighbours read neighbouring local memory and write neighbouring results. Lines are padded against bank conflicts.
#define GM_GPU_BLOCK 4
#define GM_GPU_TILE (16 * GM_GPU_BLOCK)
#define GM_GPU_LINE (GM_GPU_TILE + 1)
#define GM_GPU_DEPTH 16

static void gm_gpu_multiply(local const float *a, local const float *b, int ty, int tx,
    float sum[GM_GPU_BLOCK * GM_GPU_BLOCK])
{
    for (int c = 0; c < GM_GPU_DEPTH; c++) {
        float u[GM_GPU_BLOCK], v[GM_GPU_BLOCK];
#pragma unroll
        for (int i = 0; i < GM_GPU_BLOCK; i++) {
            u[i] = a[c * GM_GPU_LINE + ty + 16 * i];
            v[i] = b[c * GM_GPU_LINE + tx + 16 * i];
        }
#pragma unroll
        for (int i = 0; i < GM_GPU_BLOCK; i++)
#pragma unroll
            for (int j = 0; j < GM_GPU_BLOCK; j++)
                sum[i * GM_GPU_BLOCK + j] = fma(u[i], v[j], sum[i * GM_GPU_BLOCK + j]);
    }
}
#endif // GM_CONTRACT_GPU_ONCE
#endif

#ifdef GM_CONTRACT_ROWS_GPU
#ifndef GM_NAME
#define GM_NAME contract_rows_gpu
#endif

// Rows are (pixel, n) pairs. A tap is skipped where the whole tile lies in the padding (looked at for tiles of up to
// four pixels; every item decides alike, so the barriers stay uniform), else its invalid rows are zeros.
kernel __attribute__((reqd_work_group_size(16, 16, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict w, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
    int w0, int wk, int wc, int wr, int ws, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K,
    int R, int S, int ah, int bh, int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    local float a[GM_GPU_DEPTH * GM_GPU_LINE], b[GM_GPU_DEPTH * GM_GPU_LINE];
    float sum[GM_GPU_BLOCK * GM_GPU_BLOCK];
    int tx = (int)get_local_id(0), ty = (int)get_local_id(1), item = 16 * ty + tx;
    int k0 = GM_GPU_TILE * (int)get_group_id(0), m0 = GM_GPU_TILE * (int)get_group_id(1), total = OH * OW * N;
    int pixel0 = m0 / N, pixel1 = (min(m0 + GM_GPU_TILE, total) - 1) / N;
    bool x_rows = xc != 1, w_columns = wk <= wc; // which index neighbouring items take: the one closer in memory

    int row[GM_GPU_BLOCK], row_h[GM_GPU_BLOCK], row_w[GM_GPU_BLOCK]; // the rows this item loads
    long row_at[GM_GPU_BLOCK];
    for (int i = 0; i < GM_GPU_BLOCK * GM_GPU_BLOCK; i++)
        sum[i] = 0;
    for (int i = 0; i < GM_GPU_BLOCK; i++) {
        row[i] = x_rows ? item % GM_GPU_TILE : item / GM_GPU_DEPTH + 16 * i;
        int m = m0 + row[i], pixel = m / N;
        row_h[i] = m < total ? pixel / OW : -1;
        row_w[i] = pixel % OW;
        row_at[i] = x0 + (long)(m % N) * xn;
    }
    for (int r = 0; r < R; r++)
        for (int s = 0; s < S; s++) {
            bool used = pixel1 - pixel0 >= 4;
            for (int p = pixel0; p <= pixel1 && !used; p++)
                used = gm_input_at(p / OW, r, ah, bh, dh, qh, IH) >= 0 && gm_input_at(p % OW, s, aw, bw, dw, qw, IW) >= 0;
            if (!used)
                continue;
            bool valid[GM_GPU_BLOCK];
            long at[GM_GPU_BLOCK];
            for (int i = 0; i < GM_GPU_BLOCK; i++) {
                int ih = row_h[i] < 0 ? -1 : gm_input_at(row_h[i], r, ah, bh, dh, qh, IH);
                int iw = gm_input_at(row_w[i], s, aw, bw, dw, qw, IW);
                valid[i] = ih >= 0 && iw >= 0;
                at[i] = row_at[i] + (long)ih * xh + (long)iw * xw;
            }
            for (int c0 = 0; c0 < C; c0 += GM_GPU_DEPTH) {
                for (int i = 0; i < GM_GPU_BLOCK; i++) {
                    int c = x_rows ? item / GM_GPU_TILE + 256 / GM_GPU_TILE * i : item % GM_GPU_DEPTH;
                    a[c * GM_GPU_LINE + row[i]] = valid[i] && c0 + c < C ? x[at[i] + (long)(c0 + c) * xc] : 0.0f;
                    int bc = w_columns ? item / GM_GPU_TILE + 256 / GM_GPU_TILE * i : item % GM_GPU_DEPTH;
                    int bk = w_columns ? item % GM_GPU_TILE : item / GM_GPU_DEPTH + 16 * i;
                    b[bc * GM_GPU_LINE + bk] = c0 + bc < C && k0 + bk < K ? w[w0 + (long)(k0 + bk) * wk +
                        (long)(c0 + bc) * wc + (long)r * wr + (long)s * ws] : 0.0f;
                }
                barrier(CLK_LOCAL_MEM_FENCE);
                gm_gpu_multiply(a, b, ty, tx, sum);
                barrier(CLK_LOCAL_MEM_FENCE);
            }
        }
    for (int i = 0; i < GM_GPU_BLOCK; i++)
        for (int j = 0; j < GM_GPU_BLOCK; j++) {
            int m = m0 + ty + 16 * i, k = k0 + tx + 16 * j;
            if (m >= total || k >= K)
                continue;
            int n = m % N, oh = m / N / OW, ow = m / N % OW;
            float value = sum[i * GM_GPU_BLOCK + j];
            y[y0 + (long)oh * yh + (long)ow * yw + (long)n * yn + (long)k * yk] = GM_EPILOGUE1(value, oh, ow, n, k);
        }
}
#endif // GM_CONTRACT_ROWS_GPU

#ifdef GM_CONTRACT_OUTER_GPU
#ifndef GM_NAME
#define GM_NAME contract_outer_gpu
#endif

// Each item loads one row of both operands per step, so a row's position is found once.
kernel __attribute__((reqd_work_group_size(16, 16, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
    int g0, int gh, int gw, int gn, int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh,
    int qh, int aw, int bw, int dw, int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    local float a[GM_GPU_DEPTH * GM_GPU_LINE], b[GM_GPU_DEPTH * GM_GPU_LINE];
    float sum[GM_GPU_BLOCK * GM_GPU_BLOCK];
    int tx = (int)get_local_id(0), ty = (int)get_local_id(1);
    int k0 = GM_GPU_TILE * (int)get_group_id(0), block = (int)get_group_id(1), split = (int)get_group_id(2);
    bool spans = C < 8; // m counts (tap, channel) pairs; a block lies within one tap unless there are few channels
    int blocks = (C + GM_GPU_TILE - 1) / GM_GPU_TILE, tap = spans ? 0 : block / blocks;
    int m0 = GM_GPU_TILE * (spans ? block : block % blocks), m_end = spans ? R * S * C : C;
    gm_taps all_h = {0, OH, 1, 0, 0}, all_w = {0, OW, 1, 0, 0};
    // th is linear in the output position too: the same progression with the roles of tap and position exchanged.
    gm_taps th = spans ? all_h : gm_valid_taps(tap / S, dh, bh, ah, qh, IH, OH);
    gm_taps tw = spans ? all_w : gm_valid_taps(tap % S, dw, bw, aw, qw, IW, OW);
    int total = th.count * tw.count * N;
    int begin = (int)((long)total * split / (long)get_num_groups(2));
    int end = (int)((long)total * (split + 1) / (long)get_num_groups(2));

    for (int i = 0; i < GM_GPU_BLOCK * GM_GPU_BLOCK; i++)
        sum[i] = 0;
    for (int row0 = begin; row0 < end; row0 += GM_GPU_DEPTH) {
        int row = row0 + ty, pixel = row / N, n = row % N, h = pixel / max(tw.count, 1), v = pixel % max(tw.count, 1);
        int oh = th.first + h * th.step, ow = tw.first + v * tw.step;
        for (int i = 0; i < GM_GPU_BLOCK; i++) {
            int l = tx + 16 * i, m = m0 + l, c = m, ih = th.in + h * th.in_step, iw = tw.in + v * tw.in_step;
            if (spans) {
                c = m % C;
                ih = gm_input_at(oh, m / C / S, ah, bh, dh, qh, IH);
                iw = gm_input_at(ow, m / C % S, aw, bw, dw, qw, IW);
            }
            a[ty * GM_GPU_LINE + l] = row < end && m < m_end && ih >= 0 && iw >= 0 ?
                x[x0 + (long)ih * xh + (long)iw * xw + (long)n * xn + (long)c * xc] : 0.0f;
            b[ty * GM_GPU_LINE + l] = row < end && k0 + l < K ?
                g[g0 + (long)oh * gh + (long)ow * gw + (long)n * gn + (long)(k0 + l) * gk] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        gm_gpu_multiply(a, b, ty, tx, sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int i = 0; i < GM_GPU_BLOCK; i++)
        for (int j = 0; j < GM_GPU_BLOCK; j++) {
            int m = m0 + ty + 16 * i, k = k0 + tx + 16 * j;
            if (m >= m_end || k >= K)
                continue;
            int c = spans ? m % C : m, r = (spans ? m / C : tap) / S, s = (spans ? m / C : tap) % S;
            float value = sum[i * GM_GPU_BLOCK + j];
            y[y0 + (long)split * yp + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk] =
                GM_EPILOGUE1(value, r, s, c, k);
        }
}
#endif // GM_CONTRACT_OUTER_GPU

#ifdef GM_CONTRACT_SUM_GPU
#ifndef GM_NAME
#define GM_NAME contract_sum_gpu
#endif

kernel __attribute__((reqd_work_group_size(64, 1, 1))) void GM_NAME(global const float *restrict partial,
    global float *restrict y, int P, int C, int K, int R, int S, int y0, int yr, int ys, int yc,
    int yk GM_EPILOGUE_PARAMS)
{
    int e = (int)get_global_id(0), whole = R * S * C * K;
    if (e >= whole)
        return;
    int k = e % K, c = e / K % C, s = e / K / C % S, r = e / K / C / S;
    float value = partial[e];
    for (int p = 1; p < P; p++)
        value += partial[(long)p * whole + e];
    y[y0 + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk] = GM_EPILOGUE1(value, r, s, c, k);
}
#endif // GM_CONTRACT_SUM_GPU

#undef GM_CONTRACT_PACK
#undef GM_CONTRACT_PACK_THIN
#undef GM_CONTRACT_ROWS_CPU
#undef GM_CONTRACT_THIN_CPU
#undef GM_CONTRACT_OUTER_CPU
#undef GM_CONTRACT_SUM_CPU
#undef GM_CONTRACT_ROWS_GPU
#undef GM_CONTRACT_OUTER_GPU
#undef GM_CONTRACT_SUM_GPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
