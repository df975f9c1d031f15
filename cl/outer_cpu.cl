// Outer sums on CPUs: one work-item a work-group, explicit vectors. A template: see contract.cl.

// A block of 64 x 64 results, kept in private memory while GM_OUTER_ROWS rows at a time are added to it: as many as the
// first cache holds of the columns of a tile. Where both operands are dense the tiles read them in place; else they are
// packed into panels first: ragged or strided operands, short runs of rows, and rows a large power of two apart, which
// would evict one another. Tiles that span taps read both in place where all taps of a position lie inside.
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
// The same where row i of the tile begins at near##i, and its values are `step` apart.
#define GM_OUTER_ADD_NEAR(step, b, count, GM_B)                                                                        \
    for (int i = 0; i < (count); i++, (b) += (GM_B)) {                                                                 \
        const int at = i * (step);                                                                                     \
        float16 column = vload16(0, (b));                                                                              \
        GM_EACH_ROW(GM_OUTER_ROW_NEAR)                                                                                 \
    }
#define GM_OUTER_ADD_NEAR_WIDE(step, b, b2, count, GM_B)                                                               \
    for (int i = 0; i < (count); i++, (b) += (GM_B), (b2) += (GM_B)) {                                                 \
        const int at = i * (step);                                                                                     \
        float16 column = vload16(0, (b)), next = vload16(0, (b2)), value;                                              \
        GM_EACH_ROW(GM_OUTER_ROW_NEAR_WIDE)                                                                            \
    }
#define GM_OUTER_NEAR(i) global const float *near##i = x + x_at[q] + pair_at[t * GM_CONTRACT_TILE + i];
#define GM_OUTER_ROW_NEAR(i) sum##i = fma((float16)near##i[at], column, sum##i);
#define GM_OUTER_ROW_NEAR_WIDE(i)                                                                                      \
    value = (float16)near##i[at], sum##i = fma(value, column, sum##i), more##i = fma(value, next, more##i);
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
    int run_h[GM_OUTER_ROWS], run_w[GM_OUTER_ROWS], length[GM_OUTER_ROWS], start[GM_OUTER_ROWS];
    bool inside[GM_OUTER_ROWS];
    int pair_at[GM_OUTER_TILES * GM_CONTRACT_TILE];

    int k0 = 64 * (int)get_group_id(0), columns = min(64, K - k0), panels = (columns + 15) / 16;
    // m counts (tap, channel) pairs; a block lies within one tap unless there are few channels.
    bool spans = C < 8;
    int blocks = (C + 63) / 64, block = (int)get_group_id(1);
    int tap = spans ? 0 : block / blocks, m0 = spans ? block * 64 : block % blocks * 64;
    int channels = min(64, (spans ? R * S * C : C) - m0), tiles = (channels + GM_CONTRACT_TILE - 1) / GM_CONTRACT_TILE;
    bool dense = !spans && xc == 1 && gk == 1 && channels >= GM_CONTRACT_TILE && columns >= 16 && N >= 16 &&
                 (xn <= 512 || xn % 128 != 0) && (gn <= 512 || gn % 128 != 0);
    bool near = spans && qh == 1 && qw == 1 && gk == 1 && columns >= 16;
    // In place a ragged last tile or panel is moved back to end at the edge, and repeats some results.
    int last_m = dense ? channels - GM_CONTRACT_TILE : (tiles - 1) * GM_CONTRACT_TILE;
    int last_k = dense || near ? columns - 16 : (panels - 1) * 16;
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
    if (near) // a ragged last tile repeats the last pair
        for (int m = 0; m < tiles * GM_CONTRACT_TILE; m++) {
            int pair = m0 + min(m, channels - 1);
            pair_at[m] = pair / C / S * dh * xh + pair / C % S * dw * xw + pair % C * xc;
        }
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
            start[runs] = filled;
            inside[runs] = near && gm_all_inside(run_h[runs], ah, bh, dh, IH, R) &&
                           gm_all_inside(run_w[runs], aw, bw, dw, IW, S);
            if (spans)
                x_at[runs] = (long)n * xn;
            if (inside[runs])
                x_at[runs] += (long)(ah * run_h[runs] + bh) * xh + (long)(aw * run_w[runs] + bw) * xw;
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
            int k = near ? columns : 0, m = inside[q] ? channels : 0;
            if (gk == 1 && !near) { // row by row, so that whole lines are read
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
        if (near) {
#ifdef GM_CONTRACT_WIDE
            for (; p + 1 < panels; p += 2)
                for (int t = 0; t < tiles; t++) {
                    float *to = sums + (p * tiles + t) * GM_CONTRACT_TILE * 16, *to2 = to + tiles * GM_CONTRACT_TILE * 16;
                    GM_EACH_ROW(GM_OUTER_LOAD)
                    GM_EACH_ROW(GM_OUTER_LOAD_MORE)
                    for (int q = 0; q < runs; q++) {
                        global const float *b = g + g_at[q] + p * 16, *b2 = g + g_at[q] + min(p * 16 + 16, last_k);
                        if (inside[q]) {
                            GM_EACH_ROW(GM_OUTER_NEAR)
                            GM_OUTER_ADD_NEAR_WIDE(xn, b, b2, length[q], gn)
                        } else {
                            const float *a = a_pack + (t * GM_OUTER_ROWS + start[q]) * GM_CONTRACT_TILE;
                            GM_OUTER_ADD_WIDE(a, b, b2, length[q], GM_CONTRACT_TILE, gn)
                        }
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
                        global const float *b = g + g_at[q] + min(p * 16, last_k);
                        if (inside[q]) {
                            GM_EACH_ROW(GM_OUTER_NEAR)
                            GM_OUTER_ADD_NEAR(xn, b, length[q], gn)
                        } else {
                            const float *a = a_pack + (t * GM_OUTER_ROWS + start[q]) * GM_CONTRACT_TILE;
                            GM_OUTER_ADD(a, b, length[q], GM_CONTRACT_TILE, gn)
                        }
                    }
                    GM_EACH_ROW(GM_OUTER_STORE)
                }
            continue;
        }
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
#undef GM_OUTER_ADD_NEAR
#undef GM_OUTER_ADD_NEAR_WIDE
#undef GM_OUTER_NEAR
#undef GM_OUTER_ROW
#undef GM_OUTER_ROW_WIDE
#undef GM_OUTER_ROW_NEAR
#undef GM_OUTER_ROW_NEAR_WIDE
#undef GM_OUTER_LOAD
#undef GM_OUTER_LOAD_MORE
#undef GM_OUTER_STORE
#undef GM_OUTER_STORE_MORE
#undef GM_OUTER_ROWS

#undef GM_CONTRACT_OUTER_CPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
