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
//   All arguments of the epilogues are int variables or expressions; v is evaluated once.
//
// SECTIONS, parameters in order ("int" unless a pointer), work sizes. [a/b] rounds up. Local size (1,1,1) on CPU.
//
// PACK     contract_pack (w, packed, w0,wk,wc,wr,ws, C,K,R,S)
//     packed[K/16][R][S][C][16], the last panel filled with zeros: [K/16]*16*R*S*C floats.
//     global ([K/16], [C/8], 1)
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

// One panel, eight channels. Reads follow each column's weights, which are close together in row-major (K,C,R,S).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
    float block[8 * 16];
    int k0 = 16 * (int)get_group_id(0), c0 = 8 * (int)get_group_id(1);
    int columns = min(16, K - k0), channels = min(8, C - c0);
    for (int i = 0; i < 8 * 16; i++)
        block[i] = 0;
    for (int r = 0; r < R; r++)
        for (int s = 0; s < S; s++) {
            global const float *from = w + w0 + (long)k0 * wk + (long)c0 * wc + (long)r * wr + (long)s * ws;
            global float *to = packed + ((((long)k0 / 16 * R + r) * S + s) * C + c0) * 16;
            if (wk == 1 && columns == 16) {
                for (int c = 0; c < channels; c++)
                    vstore16(vload16(0, from + (long)c * wc), c, to);
                continue;
            }
            for (int k = 0; k < columns; k++)
                for (int c = 0; c < channels; c++)
                    block[c * 16 + k] = from[(long)k * wk + (long)c * wc];
            for (int c = 0; c < channels; c++)
                vstore16(vload16(c, block), c, to);
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

// A block of 64 x 64 results. Blocks of 256 rows of x and g are packed into panels, so that the tile loop reads both
// from the first cache whatever their strides; the block's sums stay in private memory between the blocks of rows.
#define GM_OUTER_ROWS 256
#define GM_OUTER_PANELS ((64 + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE)

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
    int g0, int gh, int gw, int gn, int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh,
    int qh, int aw, int bw, int dw, int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    float a_pack[GM_OUTER_PANELS * GM_OUTER_ROWS * GM_CONTRACT_TILE];
    float b_pack[64 * GM_OUTER_ROWS];
    float sums[GM_OUTER_PANELS * GM_CONTRACT_TILE * 64];
    int k0 = 64 * (int)get_group_id(0), columns = min(64, K - k0), panels = (columns + 15) / 16;
    // m counts (tap, channel) pairs; a block lies within one tap unless there are few channels.
    bool spans = C < 8;
    int blocks = (C + 63) / 64, block = (int)get_group_id(1);
    int tap = spans ? 0 : block / blocks, m0 = spans ? block * 64 : block % blocks * 64;
    int m_count = min(64, (spans ? R * S * C : C) - m0), tiles = (m_count + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE;
    int tap_r = tap / S, tap_s = tap % S;
    x += x0;
    g += g0 + (long)k0 * gk;

    int valid_h = 0, valid_w = 0; // valid output positions of this tap
    for (int o = 0; o < OH; o++)
        valid_h += spans || gm_input_at(o, tap_r, ah, bh, dh, qh, IH) >= 0;
    for (int o = 0; o < OW; o++)
        valid_w += spans || gm_input_at(o, tap_s, aw, bw, dw, qw, IW) >= 0;
    long total = (long)valid_h * valid_w * N, split = get_group_id(2), splits = get_num_groups(2);
    long row = total * split / splits, row_end = total * (split + 1) / splits;

    for (int i = 0; i < tiles * GM_CONTRACT_TILE * 64; i++)
        sums[i] = 0;
    if (m_count % GM_CONTRACT_TILE != 0)
        for (int i = (tiles - 1) * GM_OUTER_ROWS * GM_CONTRACT_TILE; i < tiles * GM_OUTER_ROWS * GM_CONTRACT_TILE; i++)
            a_pack[i] = 0;
    if (columns % 16 != 0)
        for (int i = (panels - 1) * GM_OUTER_ROWS * 16; i < panels * GM_OUTER_ROWS * 16; i++)
            b_pack[i] = 0;

    // The output position of `row`: the (row / N)-th valid one.
    int n = total > 0 ? (int)(row % N) : 0, skip_h = 0, skip_w = 0, oh = 0, ow = 0;
    if (row < row_end) {
        skip_h = (int)(row / N / valid_w);
        skip_w = (int)(row / N % valid_w);
        while (!(spans || gm_input_at(oh, tap_r, ah, bh, dh, qh, IH) >= 0) || skip_h-- > 0)
            oh++;
        while (!(spans || gm_input_at(ow, tap_s, aw, bw, dw, qw, IW) >= 0) || skip_w-- > 0)
            ow++;
    }
    while (row < row_end) {
        int depth = (int)min((long)GM_OUTER_ROWS, row_end - row), filled = 0;
        while (filled < depth) {
            int run = min(depth - filled, N - n);
            global const float *from = g + (long)oh * gh + (long)ow * gw + (long)n * gn;
            // Row by row, so that strided operands are read a whole line at a time.
            if (gk == 1)
                for (int i = 0; i < run; i++)
                    for (int p = 0; p < columns / 16; p++)
                        vstore16(vload16(p, from + (long)i * gn), p * GM_OUTER_ROWS + filled + i, b_pack);
            for (int k = gk == 1 ? columns / 16 * 16 : 0; k < columns; k++) {
                float *to = b_pack + (k / 16 * GM_OUTER_ROWS + filled) * 16 + k % 16;
                for (int i = 0; i < run; i++)
                    to[i * 16] = from[(long)i * gn + (long)k * gk];
            }
            int m = 0;
            if (!spans && xc == 1) {
                int ih = gm_input_at(oh, tap_r, ah, bh, dh, qh, IH), iw = gm_input_at(ow, tap_s, aw, bw, dw, qw, IW);
                global const float *a = x + (long)ih * xh + (long)iw * xw + (long)n * xn + m0;
                int whole = m_count / GM_CONTRACT_TILE;
                for (int i = 0; i < run; i++)
                    for (int t = 0; t < whole; t++) {
                        float *to = a_pack + (t * GM_OUTER_ROWS + filled + i) * GM_CONTRACT_TILE;
                        global const float *tile = a + (long)i * xn + t * GM_CONTRACT_TILE;
#if GM_CONTRACT_TILE == 8
                        vstore8(vload8(0, tile), 0, to);
#else
                        vstore4(vload4(0, tile), 0, to);
                        vstore2(vload2(0, tile + 4), 0, to + 4);
#endif
                    }
                m = whole * GM_CONTRACT_TILE;
            }
            for (; m < m_count; m++) {
                float *to = a_pack + (m / GM_CONTRACT_TILE * GM_OUTER_ROWS + filled) * GM_CONTRACT_TILE +
                            m % GM_CONTRACT_TILE;
                int r = spans ? (m0 + m) / C / S : tap_r, s = spans ? (m0 + m) / C % S : tap_s;
                int c = spans ? (m0 + m) % C : m0 + m;
                int ih = gm_input_at(oh, r, ah, bh, dh, qh, IH), iw = gm_input_at(ow, s, aw, bw, dw, qw, IW);
                global const float *a = x + (long)ih * xh + (long)iw * xw + (long)n * xn + (long)c * xc;
                for (int i = 0; i < run; i++)
                    to[i * GM_CONTRACT_TILE] = ih < 0 || iw < 0 ? 0.0f : a[(long)i * xn];
            }
            filled += run;
            n += run;
            if (n == N && row + filled < row_end) {
                n = 0;
                do
                    ow++;
                while (ow < OW && !spans && gm_input_at(ow, tap_s, aw, bw, dw, qw, IW) < 0);
                if (ow >= OW) {
                    ow = 0;
                    while (!spans && gm_input_at(ow, tap_s, aw, bw, dw, qw, IW) < 0)
                        ow++;
                    do
                        oh++;
                    while (!spans && gm_input_at(oh, tap_r, ah, bh, dh, qh, IH) < 0);
                }
            }
        }
        row += depth;

        for (int p = 0; p < panels; p++)
            for (int t = 0; t < tiles; t++) {
                const float *a = a_pack + t * GM_OUTER_ROWS * GM_CONTRACT_TILE, *b = b_pack + p * GM_OUTER_ROWS * 16;
                float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16;
#define GM_ROW(i) float16 sum##i = vload16(i, to);
                GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                for (int i = 0; i < depth; i++) {
                    float16 column = vload16(0, b);
#define GM_ROW(i) sum##i = fma((float16)a[i], column, sum##i);
                    GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                    a += GM_CONTRACT_TILE;
                    b += 16;
                }
#define GM_ROW(i) vstore16(sum##i, i, to);
                GM_EACH_ROW(GM_ROW)
#undef GM_ROW
            }
    }

    y += y0 + (long)split * yp;
    for (int m = 0; m < m_count; m++) {
        int r = spans ? (m0 + m) / C / S : tap_r, s = spans ? (m0 + m) / C % S : tap_s;
        int c = spans ? (m0 + m) % C : m0 + m;
        global float *to = y + (long)r * yr + (long)s * ys + (long)c * yc;
        for (int part = 0; part < columns; part += 8) {
            int k = k0 + part;
            const float *from = sums + ((part / 16 * tiles + m / GM_CONTRACT_TILE) * GM_CONTRACT_TILE +
                                        m % GM_CONTRACT_TILE) * 16 + part % 16;
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
#undef GM_OUTER_ROWS
#undef GM_OUTER_PANELS
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
            for (int l = 0; l < columns; l++)
                for (int t = 0; t < taps; t++) {
                    int r = (tap0 + t) / S, s = (tap0 + t) % S;
                    float value = block[t * 16 + l];
                    y[(long)r * yr + (long)s * ys + (long)(k0 + l) * yk] = GM_EPILOGUE1(value, r, s, c, (k0 + l));
                }
    }
}
#endif // GM_CONTRACT_SUM_CPU

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
