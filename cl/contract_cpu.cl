// Contractions on CPUs: one work-item a work-group, explicit vectors, packed weights. A template: see contract.cl.
// Long because its sections are the kernels of one interface: an instance is one of them.

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

// One panel, a range of channels. Columns are often a power of two apart, where they evict one another from the cache:
// whole blocks of 16 are read along the memory and transposed in registers.
static void GM_NAME(GM_PLACE, global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
    int k0 = 16 * group.x, columns = min(16, K - k0), taps = R * S, chunks = (C + 15) / 16;
    int c = 16 * (int)((long)chunks * group.y / groups.y);
    int c_end = min(C, 16 * (int)((long)chunks * (group.y + 1) / groups.y));
    bool dense_taps = (S == 1 || ws == 1) && (R == 1 || wr == S), whole = wc == taps;
    w += w0 + (long)k0 * wk;
    packed += (long)k0 * taps * C;

    if (columns == 16 && taps == 1 && wk == 1) { // rows of a matrix: already in order
        for (; c < c_end; c++)
            vstore16(vload16(0, w + (long)c * wc), c, packed);
        return;
    }
    if (columns == 16 && dense_taps && (whole || taps >= 16)) { // a column's taps are contiguous, often its channels too
        for (int run = c; run < (whole ? c + 1 : c_end); run++) {
            global const float *from = w + (long)run * wc;
            int count = whole ? (c_end - c) * taps : taps, channel = run, tap = 0;
            for (int f = 0; f < count;) {
                int lines = min(16, count - f);
                float block[16 * 16], turned[16 * 16];
                if (lines == 16) {
                    for (int k = 0; k < 16; k++)
                        vstore16(vload16(0, from + (long)k * wk + f), k, block);
                    gm_transpose(block, turned);
                } else {
                    for (int i = 0; i < lines; i++)
                        for (int k = 0; k < 16; k++)
                            turned[i * 16 + k] = from[(long)k * wk + f + i];
                }
                for (int i = 0; i < lines; i++) { // f + i = channel taps + tap, counted on instead of divided
                    vstore16(vload16(i, turned), (long)tap * C + channel, packed);
                    tap = tap + 1 < taps ? tap + 1 : 0;
                    channel += tap == 0;
                }
                f += lines;
            }
        }
        return;
    }
    for (; c < c_end; c++)
        for (int tap = 0; tap < taps; tap++) {
            global const float *at = w + (long)c * wc + (long)(tap / S) * wr + (long)(tap % S) * ws;
            global float *to = packed + ((long)tap * C + c) * 16;
            if (columns == 16 && wk == 1) {
                vstore16(vload16(0, at), 0, to);
                continue;
            }
            for (int k = 0; k < 16; k++)
                to[k] = k < columns ? at[(long)k * wk] : 0.0f;
        }
}
#endif // GM_CONTRACT_PACK

#ifdef GM_CONTRACT_PACK_THIN

static void GM_NAME(GM_PLACE, global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
    int k = group.x, padded = (C + 7) / 8 * 8;
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
#ifndef GM_ROWS_TILE
#define GM_ROWS_TILE GM_CONTRACT_TILE
#define GM_ROWS_EACH GM_EACH_ROW
#endif

// One output pixel, two panels of 16 columns, one group of rows. All rows share the pixel's valid taps, so padding costs
// nothing. Rows past N repeat row N - 1 and are not stored.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *y, int x0, int xh, int xw, int xn, int xc, int IH,
    int IW, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh,
    int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    int oh = (int)get_group_id(2) / OW, ow = (int)get_group_id(2) % OW, k0 = 32 * (int)get_group_id(0);
    int columns = min(32, K - k0);
    int tiles = (N + GM_ROWS_TILE - 1) / GM_ROWS_TILE;
    int groups = (int)get_num_groups(1), group = (int)get_group_id(1);
    int n_begin = (int)((long)tiles * group / groups) * GM_ROWS_TILE;
    int n_end = min(N, (int)((long)tiles * (group + 1) / groups) * GM_ROWS_TILE);
    gm_taps tr = gm_valid_taps(oh, ah, bh, dh, qh, IH, R), ts = gm_valid_taps(ow, aw, bw, dw, qw, IW, S);
    x += x0 + (long)tr.in * xh + (long)ts.in * xw;
    y += y0 + (long)oh * yh + (long)ow * yw;
    packed += ((((long)k0 / 16) * R + tr.first) * S + ts.first) * C * 16;
    long xi = (long)tr.in_step * xh, xj = (long)ts.in_step * xw, panel = (long)R * S * C * 16;
    long pi = (long)tr.step * S * C * 16, pj = (long)ts.step * C * 16;

    for (int n0 = n_begin; n0 < n_end; n0 += GM_ROWS_TILE) {
        float tile[GM_ROWS_TILE * 32];
#define GM_ROW(i) long at##i = (long)min(n0 + i, N - 1) * xn;
        GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
#ifdef GM_CONTRACT_WIDE
        if (columns > 16) {
#define GM_ROW(i) float16 sum##i = (float16)0.0f, more##i = (float16)0.0f;
            GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
            for (int i = 0; i < tr.count; i++)
                for (int j = 0; j < ts.count; j++) {
                    global const float *a = x + i * xi + j * xj, *b = packed + i * pi + j * pj;
                    for (int c = 0; c < C; c++) {
                        float16 column = vload16(0, b), next = vload16(0, b + panel), value;
#define GM_ROW(i) value = (float16)a[at##i], sum##i = fma(value, column, sum##i), more##i = fma(value, next, more##i);
                        GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
                        a += xc;
                        b += 16;
                    }
                }
#define GM_ROW(i) vstore16(sum##i, 2 * i, tile), vstore16(more##i, 2 * i + 1, tile);
            GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
        } else
#endif
        for (int q = 0; 16 * q < columns; q++) {
#define GM_ROW(i) float16 sum##i = (float16)0.0f;
            GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
            for (int i = 0; i < tr.count; i++)
                for (int j = 0; j < ts.count; j++) {
                    global const float *a = x + i * xi + j * xj, *b = packed + q * panel + i * pi + j * pj;
                    for (int c = 0; c < C; c++) {
                        float16 column = vload16(0, b);
#define GM_ROW(i) sum##i = fma((float16)a[at##i], column, sum##i);
                        GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
                        a += xc;
                        b += 16;
                    }
                }
#define GM_ROW(i) vstore16(sum##i, 2 * i + q, tile);
            GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
        }
        int rows = min(GM_ROWS_TILE, n_end - n0);
        for (int i = 0; i < rows; i++) {
            int n = n0 + i;
            global float *to = y + (long)n * yn;
            for (int part = 0; part < columns; part += 8) {
                int k = k0 + part;
                if (yk == 1 && k + 8 <= K) {
                    float8 value = vload8(0, tile + i * 32 + part);
                    vstore8(GM_EPILOGUE8(value, oh, ow, n, k), 0, to + k);
                } else {
                    for (int l = 0; l < 8 && k + l < K; l++) {
                        float value = tile[i * 32 + part + l];
                        to[(long)(k + l) * yk] = GM_EPILOGUE1(value, oh, ow, n, (k + l));
                    }
                }
            }
        }
    }
}
#endif // GM_CONTRACT_ROWS_CPU

#ifdef GM_CONTRACT_THIN_CPU

// Few outputs: dot products along the channels, four rows at a time.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *y, int x0, int xh, int xw, int xn, int xc, int IH,
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
        int rows = min(4, n_end - n0);
        for (int k = 0; k < K; k += 3) {
            // Three columns share a row's values; K = 1 and a last single column go alone.
            int wide = min(3, K - k);
            float sums[3 * 4];
            long b1 = wide > 1 ? (long)R * S * padded : 0, b2 = wide > 2 ? 2 * b1 : b1;
            float8 p0 = (float8)0.0f, p1 = p0, p2 = p0, p3 = p0, q0 = p0, q1 = p0, q2 = p0, q3 = p0;
            float8 r0 = p0, r1 = p0, r2 = p0, r3 = p0;
            float4 p = (float4)0.0f, q = p, r = p; // the channels after the last whole eight
            for (int i = 0; i < tr.count; i++)
                for (int j = 0; j < ts.count; j++) {
                    global const float *a = x + (long)i * tr.in_step * xh + (long)j * ts.in_step * xw;
                    global const float *b = packed + (((long)k * R + i * tr.step) * S + j * ts.step) * padded;
                    if (wide == 1)
                        for (int c = 0; c < whole; c += 8) {
                            float8 u = vload8(0, b + c);
#define GM_ROW(i) p##i = fma(vload8(0, a + at##i + c), u, p##i);
                            GM_ROW(0) GM_ROW(1) GM_ROW(2) GM_ROW(3)
#undef GM_ROW
                        }
                    else
                        for (int c = 0; c < whole; c += 8) {
                            float8 u = vload8(0, b + c), v = vload8(0, b + b1 + c), w = vload8(0, b + b2 + c), t;
#define GM_ROW(i) t = vload8(0, a + at##i + c), p##i = fma(t, u, p##i), q##i = fma(t, v, q##i), r##i = fma(t, w, r##i);
                            GM_ROW(0) GM_ROW(1) GM_ROW(2) GM_ROW(3)
#undef GM_ROW
                        }
                    for (int c = whole; c < C; c++) {
                        float4 t = (float4)(a[at0 + c], a[at1 + c], a[at2 + c], a[at3 + c]);
                        p = fma(t, (float4)b[c], p);
                        q = fma(t, (float4)b[b1 + c], q);
                        r = fma(t, (float4)b[b2 + c], r);
                    }
                }
            vstore4(p + gm_sum_each(p0, p1, p2, p3), 0, sums);
            if (wide > 1) {
                vstore4(q + gm_sum_each(q0, q1, q2, q3), 1, sums);
                vstore4(r + gm_sum_each(r0, r1, r2, r3), 2, sums);
            }
            for (int i = 0; i < rows; i++)
                for (int l = 0; l < wide; l++) {
                    int n = n0 + i;
                    float value = sums[l * 4 + i];
                    y[(long)n * yn + (long)(k + l) * yk] = GM_EPILOGUE1(value, oh, ow, n, (k + l));
                }
        }
    }
}
#endif // GM_CONTRACT_THIN_CPU

#ifdef GM_CONTRACT_OUTER_CPU

// A block of 64 x 64 results, kept in private memory while GM_OUTER_ROWS rows at a time are added to it: as many as the
// first cache holds of the columns of a tile. Where both operands are dense the tiles read them in place; else they are
// packed into panels first: ragged or strided operands, tiles that span taps, short runs of rows, and rows a large power
// of two apart, which would evict one another.
#ifdef GM_CONTRACT_WIDE
#define GM_OUTER_ROWS 128
#else
#define GM_OUTER_ROWS 256
#endif
#define GM_OUTER_TILES ((64 + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE)

// Adds `count` rows to one tile, or to two side by side; a, b and b2 advance by GM_A and GM_B floats a row.
#define GM_OUTER_ADD(a, b, count, GM_A, GM_B)                                                                          \
    for (int i = 0; i < (count); i++, (a) += (GM_A), (b) += (GM_B)) {                                                  \
        float16 column = vload16(0, (b));                                                                              \
        GM_EACH_ROW(GM_OUTER_ROW)                                                                                      \
    }
#define GM_OUTER_ADD_WIDE(a, b, b2, count, GM_A, GM_B)                                                                 \
    for (int i = 0; i < (count); i++, (a) += (GM_A), (b) += (GM_B), (b2) += (GM_B)) {                                  \
        float16 column = vload16(0, (b)), next = vload16(0, (b2)), value;                                              \
        GM_EACH_ROW(GM_OUTER_ROW_WIDE)                                                                                 \
    }
#define GM_OUTER_ROW(i) sum##i = fma((float16)a[i], column, sum##i);
#define GM_OUTER_ROW_WIDE(i) value = (float16)a[i], sum##i = fma(value, column, sum##i), more##i = fma(value, next, more##i);
#define GM_OUTER_LOAD(i) float16 sum##i = vload16(i, to);
#define GM_OUTER_LOAD_MORE(i) float16 more##i = vload16(i, to2);
#define GM_OUTER_STORE(i) vstore16(sum##i, i, to);
#define GM_OUTER_STORE_MORE(i) vstore16(more##i, i, to2);

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
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
            int p = 0;
#ifdef GM_CONTRACT_WIDE
            for (; p + 1 < panels; p += 2)
                for (int t = 0; t < tiles; t++) {
                    float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16, *to2 = to + tiles * GM_CONTRACT_TILE * 16;
                    GM_EACH_ROW(GM_OUTER_LOAD)
                    GM_EACH_ROW(GM_OUTER_LOAD_MORE)
                    for (int q = 0; q < runs; q++) {
                        global const float *a = x + x_at[q] + min(t * GM_CONTRACT_TILE, last_m);
                        global const float *b = g + g_at[q] + p * 16, *b2 = g + g_at[q] + min(p * 16 + 16, last_k);
                        GM_OUTER_ADD_WIDE(a, b, b2, length[q], xn, gn)
                    }
                    GM_EACH_ROW(GM_OUTER_STORE)
                    GM_EACH_ROW(GM_OUTER_STORE_MORE)
                }
#endif
            for (; p < panels; p++)
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
#define GM_ROW(i) to[i] = a[i];
                        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
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
        int p = 0;
#ifdef GM_CONTRACT_WIDE
        for (; p + 1 < panels; p += 2)
            for (int t = 0; t < tiles; t++) {
                const float *a = a_pack + t * GM_OUTER_ROWS * GM_CONTRACT_TILE, *b = b_pack + p * GM_OUTER_ROWS * 16;
                const float *b2 = b + GM_OUTER_ROWS * 16;
                float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16, *to2 = to + tiles * GM_CONTRACT_TILE * 16;
                GM_EACH_ROW(GM_OUTER_LOAD)
                GM_EACH_ROW(GM_OUTER_LOAD_MORE)
                GM_OUTER_ADD_WIDE(a, b, b2, depth, GM_CONTRACT_TILE, 16)
                GM_EACH_ROW(GM_OUTER_STORE)
                GM_EACH_ROW(GM_OUTER_STORE_MORE)
            }
#endif
        for (; p < panels; p++)
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
        int r = (spans ? (m0 + m) / C : tap) / S, s = (spans ? (m0 + m) / C : tap) % S;
        int c = spans ? (m0 + m) % C : m0 + m;
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
#undef GM_OUTER_ADD_WIDE
#undef GM_OUTER_ROW
#undef GM_OUTER_ROW_WIDE
#undef GM_OUTER_LOAD
#undef GM_OUTER_LOAD_MORE
#undef GM_OUTER_STORE
#undef GM_OUTER_STORE_MORE
#undef GM_OUTER_ROWS
#endif // GM_CONTRACT_OUTER_CPU

#ifdef GM_CONTRACT_OUTER_THIN_CPU

// One column k: 64 channels of one tap, each a sum of x along the rows, scaled by single numbers of g.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *y, int x0, int xh, int xw, int xn, int xc, int IH, int IW,
    int g0, int gh, int gw, int gn, int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh,
    int qh, int aw, int bw, int dw, int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    int k = (int)get_group_id(0), blocks = (C + 63) / 64, tap = (int)get_group_id(1) / blocks;
    int c0 = (int)get_group_id(1) % blocks * 64, channels = min(64, C - c0), r = tap / S, s = tap % S;
    gm_taps ph = gm_valid_taps(r, dh, bh, ah, qh, IH, OH), pw = gm_valid_taps(s, dw, bw, aw, qw, IW, OW);
    float sums[64];
    float16 sum0 = (float16)0.0f, sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int c = 0; c < 64; c++)
        sums[c] = 0.0f;
    for (int h = 0; h < ph.count; h++)
        for (int w = 0; w < pw.count; w++) {
            global const float *from = x + x0 + (long)(ph.in + h * ph.in_step) * xh +
                (long)(pw.in + w * pw.in_step) * xw + c0;
            global const float *by = g + g0 + (long)(ph.first + h * ph.step) * gh +
                (long)(pw.first + w * pw.step) * gw + (long)k * gk;
            for (int n = 0; n < N; n++, from += xn, by += gn) {
                if (channels < 64) {
                    for (int c = 0; c < channels; c++)
                        sums[c] = fma(by[0], from[c], sums[c]);
                    continue;
                }
                float16 scale = (float16)by[0];
                sum0 = fma(scale, vload16(0, from), sum0);
                sum1 = fma(scale, vload16(1, from), sum1);
                sum2 = fma(scale, vload16(2, from), sum2);
                sum3 = fma(scale, vload16(3, from), sum3);
            }
        }
    if (channels == 64) {
        vstore16(sum0, 0, sums);
        vstore16(sum1, 1, sums);
        vstore16(sum2, 2, sums);
        vstore16(sum3, 3, sums);
    }
    for (int i = 0; i < channels; i++) {
        int c = c0 + i;
        y[y0 + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk] = GM_EPILOGUE1(sums[i], r, s, c, k);
    }
}
#endif // GM_CONTRACT_OUTER_THIN_CPU

#ifdef GM_CONTRACT_SUM_CPU

// Sixteen columns of one channel, up to 16 taps at a time. In row-major weights a column's taps are contiguous and the
// columns far apart: such a block is transposed in registers and written line by line.
static void GM_NAME(GM_PLACE, global const float *restrict partial,
    global float *y, int P, int C, int K, int R, int S, int y0, int yr, int ys, int yc,
    int yk GM_EPILOGUE_PARAMS)
{
    int k0 = 16 * group.x, c = group.y, columns = min(16, K - k0);
    long plane = (long)C * K, whole = plane * R * S;
    bool dense_taps = (S == 1 || ys == 1) && (R == 1 || yr == S);
    float block[16 * 16] = {0};
    partial += (long)c * K + k0;
    y += y0 + (long)c * yc + (long)k0 * yk;
    for (int tap0 = 0; tap0 < R * S; tap0 += 16) {
        int taps = min(16, R * S - tap0);
        for (int t = 0; t < taps; t++) {
            global const float *from = partial + (tap0 + t) * plane;
            int r = (tap0 + t) / S, s = (tap0 + t) % S;
            global float *to = y + (long)r * yr + (long)s * ys;
            if (columns == 16) {
                float8 low = vload8(0, from), high = vload8(1, from);
                for (int p = 1; p < P; p++) {
                    low += vload8(0, from + p * whole);
                    high += vload8(1, from + p * whole);
                }
                low = GM_EPILOGUE8(low, r, s, c, k0);
                high = GM_EPILOGUE8(high, r, s, c, (k0 + 8));
                if (yk == 1) {
                    vstore8(low, 0, to);
                    vstore8(high, 1, to);
                } else {
                    vstore8(low, 2 * t, block);
                    vstore8(high, 2 * t + 1, block);
                }
            } else {
                for (int l = 0; l < columns; l++) {
                    float sum = from[l];
                    for (int p = 1; p < P; p++)
                        sum += from[p * whole + l];
                    to[(long)l * yk] = GM_EPILOGUE1(sum, r, s, c, (k0 + l));
                }
            }
        }
        if (columns < 16 || yk == 1)
            continue;
        if (taps >= 8 && dense_taps) {
            float turned[16 * 16];
            gm_transpose(block, turned);
            for (int l = 0; l < 16; l++) {
                global float *to = y + (long)l * yk + tap0;
                vstore8(vload8(2 * l, turned), 0, to);
                if (taps == 16)
                    vstore8(vload8(2 * l + 1, turned), 1, to);
                for (int t = 8; t < (taps == 16 ? 0 : taps); t++)
                    to[t] = turned[l * 16 + t];
            }
            continue;
        }
        for (int l = 0; l < 16; l++)
            for (int t = 0; t < taps; t++)
                y[(long)((tap0 + t) / S) * yr + (long)((tap0 + t) % S) * ys + (long)l * yk] = block[t * 16 + l];
    }
}
#endif // GM_CONTRACT_SUM_CPU

#undef GM_ROWS_TILE
#undef GM_ROWS_EACH
#undef GM_CONTRACT_PACK
#undef GM_CONTRACT_PACK_THIN
#undef GM_CONTRACT_ROWS_CPU
#undef GM_CONTRACT_THIN_CPU
#undef GM_CONTRACT_OUTER_CPU
#undef GM_CONTRACT_OUTER_THIN_CPU
#undef GM_CONTRACT_SUM_CPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
