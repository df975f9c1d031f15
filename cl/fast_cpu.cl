// Fast convolutions on CPUs: fewer multiplications by Toom-Cook algorithms (src/kernels/toom.h). A template as
// contract_cpu.cl is, after contract.cl. Long because its sections are kernels of one interface, which share the transform.
//
// A convolution of stride s is the sum of s x s phases of its input, each a correlation of stride 1; a transposed one of
// stride s has s x s phases of its output, each a correlation of stride 1. So with `in` phases along each axis of the
// input and `out` phases of the output, one of the two 1, all are
//     y[out (M t + i) + po] = sum over pi, j of  x[in (M t + i + j) + pi + first(po)] w[tap(po, pi, j)]
//     first(po) = (po + shift) / out + base,  tap(po, pi, j) = (po + shift) % out + pi + tap_base + j tap_step
// for tiles t of M results (i) and J taps (j), which take N = M + J - 1 values of a phase along each axis.
//
// Instance macros beside those of contract.cl: GM_FAST_M, GM_FAST_J, GM_FAST_N; FAST_PACK: GM_FAST_R (taps of the
// whole kernel along an axis); functions (from, stride, to, stride) of vectors:
//   GM_FAST_DATA  N values -> N    GM_FAST_TAPS  J taps -> N    GM_FAST_RESULT  N products -> M
//   and their transposes, for gradients to weights:  GM_FAST_SPREAD  M gradients -> N    GM_FAST_GATHER  N sums -> J
//
// FAST_PACK fast_pack (w, packed, w0,wk,wc,wr,ws, C,K, in,out, shift_h,shift_w, tap_base,tap_step)
//     packed[out out][N N][K/16][in in C * 16 + 16]: the transformed weights. global (K/16, G, 1): G groups of channels.
// FAST_ROWS_CPU fast_rows (x, packed, scratch, y, x0,xh,xw,xn, IH,IW, y0,yh,yw,yn, OH,OW, N,C,K, TH,TW, in,out,
//                          shift_h,shift_w, base_h,base_w, block  GM_EPILOGUE_PARAMS)
//     C and K are multiples of 16, channels lie side by side in x and y. TH, TW: tiles. global (P, G, out out): P groups
//     of panels of 16 outputs, G groups of rows, which are (tile, image); block: as many rows, a multiple of 12, are
//     transformed at a time. scratch: for each of P G out out groups N N block (80 [in in C / 64] +
//     16 [K/16/P] + 16) + 256 M M floats.
// FAST_OUTER_CPU fast_outer (x, g, scratch, y, x0,xh,xw,xn, IH,IW, g0,gh,gw,gn, OH,OW, N,C,K, TH,TW, R, in, base_h,
//                            base_w, block,together, y0,yp,yr,ys,yc  GM_EPILOGUE_PARAMS)
//     A gradient to the weights of a convolution: the products of transformed x and transformed g, summed over the rows,
//     are the transformed gradient, in rectangles of 48 channels (of all phases) by 64 outputs. global (P, G, 1): P groups
//     of the rectangles' columns; G groups of rows, which write at y0 + group yp; yk = 1. block: as many rows are
//     transformed at a time. scratch: for each of P G groups N N (block (48 B + 64 A) + S (48 64 + 16)) + 256 J J
//     floats, B = [in in C / 48], A = [[K/64] / P], S = 1 where a group's rows are one block, else A B.

#define GM_FAST_POINTS (GM_FAST_N * GM_FAST_N)
#define GM_FAST_RUN 16 // vectors that are transformed along one axis, then along the other
#define GM_FAST_WIDTH (GM_FAST_RUN * 16) // their channels

// Where in an image the FROM x FROM values lie whose first is at (h0, w0), `step` apart; keep: 0 for those outside, which
// are read at the image's first and become 0. No branches: they would cost the compiler seconds.
#define GM_FAST_OFFSETS(offset, keep, FROM, h0, w0, step, H, W, sh, sw)                                                \
    int offset[(FROM) * (FROM)], keep[(FROM) * (FROM)];                                                                \
    for (int p = 0; p < (FROM) * (FROM); p++) {                                                                        \
        const int h = (h0) + (step) * (p / (FROM)), w = (w0) + (step) * (p % (FROM));                                  \
        keep[p] = -(h >= 0 && h < H && w >= 0 && w < W);                                                               \
        offset[p] = keep[p] & (h * sh + w * sw);                                                                       \
    }

// Points that lie `plane` apart, all of them there.
#define GM_FAST_PLANES(offset, keep, FROM, plane)                                                                      \
    int offset[(FROM) * (FROM)], keep[(FROM) * (FROM)];                                                                \
    for (int p = 0; p < (FROM) * (FROM); p++)                                                                          \
        offset[p] = p * (plane), keep[p] = -1;

// NAME: transforms C channels of so many rows: FROM x FROM values, at from + n stride + c + offset[], to TO x TO.
// Channel c of row n becomes channel at = first + c, which lies at to + at / place.x place.y + at % place.x / 16 place.z +
// n place.w, and `plane` further on for each point. Axis by axis, since the vectors of both are more than registers;
// and along few rows of an image at a time, since pixels are often powers of two apart, where they evict one another
// from the cache before prefetched ones are read.
#define GM_FAST_TRANSFORM(NAME, AXIS, FROM, TO)                                                                        \
    static void NAME(global const float *restrict from, const int stride, const int *offset, const int *keep,          \
                     const int rows, const int C, global float *restrict to, const int4 place, const long plane,       \
                     const int first) {                                                                                \
        int c = 0, n = 0;                                                                                              \
        for (int begin = 0; begin < rows * (C / 16); begin += GM_FAST_RUN) {                                           \
            const int run = min(GM_FAST_RUN, rows * (C / 16) - begin);                                                 \
            int source[GM_FAST_RUN], target[GM_FAST_RUN];                                                              \
            float16 room[(FROM) * (TO) * GM_FAST_RUN], s[FROM], t[TO];                                                 \
            for (int v = 0; v < run; v++) {                                                                            \
                const int at = first + c;                                                                              \
                source[v] = n * stride + c;                                                                            \
                target[v] = at / place.x * place.y + at % place.x / 16 * place.z + n * place.w;                        \
                c += 16;                                                                                               \
                n += c == C;                                                                                           \
                c = c == C ? 0 : c;                                                                                    \
            }                                                                                                          \
            for (int i = 0; i < (FROM); i++)                                                                           \
                for (int v = 0; v < run; v++) {                                                                        \
                    _Pragma("unroll") for (int j = 0; j < (FROM); j++) {                                               \
                        const int p = i * (FROM) + j;                                                                  \
                        s[j] = as_float16(as_int16(vload16(0, from + source[v] + offset[p])) & (int16)keep[p]);        \
                        GM_PREFETCH(from + source[v] + offset[i + 1 < (FROM) ? p + (FROM) : p]);                       \
                    }                                                                                                  \
                    AXIS(s, 1, t, 1);                                                                                  \
                    _Pragma("unroll") for (int j = 0; j < (TO); j++) room[(i * (TO) + j) * GM_FAST_RUN + v] = t[j];    \
                }                                                                                                      \
            for (int j = 0; j < (TO); j++)                                                                             \
                for (int v = 0; v < run; v++) {                                                                        \
                    _Pragma("unroll") for (int i = 0; i < (FROM); i++) s[i] = room[(i * (TO) + j) * GM_FAST_RUN + v];  \
                    AXIS(s, 1, t, 1);                                                                                  \
                    _Pragma("unroll") for (int i = 0; i < (TO); i++)                                                   \
                        vstore16(t[i], 0, to + target[v] + (i * (TO) + j) * plane);                                    \
                }                                                                                                      \
        }                                                                                                              \
    }

// The name of a function of the instance.
#define GM_FAST_JOIN_(a, b) a##b
#define GM_FAST_JOIN(a, b) GM_FAST_JOIN_(a, b)
#define GM_FAST_VALUES GM_FAST_JOIN(GM_NAME, _values)
#define GM_FAST_GRADIENTS GM_FAST_JOIN(GM_NAME, _gradients)
#define GM_FAST_RESULTS GM_FAST_JOIN(GM_NAME, _results)

#ifdef GM_FAST_PACK

static void GM_NAME(GM_PLACE, global const float *restrict w, global float *restrict packed, int w0, int wk, int wc,
    int wr, int ws, int C, int K, int in, int out, int shift_h, int shift_w, int tap_base, int tap_step)
{
    const int k0 = 16 * group.x, D = in * in * C, c_end = (int)((long)C * (group.y + 1) / groups.y);
    const bool dense = ws == 1 && wr == GM_FAST_R;
    const long point = groups.x * ((long)D * 16 + 16);
    float block[GM_FAST_R * GM_FAST_R * 16];
    packed += group.x * ((long)D * 16 + 16);
    for (int c = (int)((long)C * group.y / groups.y); c < c_end; c++) {
        global const float *from = w + w0 + (long)k0 * wk + (long)c * wc;
#if GM_FAST_R == 4
        if (dense) {
            float columns[16 * 16];
            for (int k = 0; k < 16; k++) {
                vstore16(vload16(0, from + (long)k * wk), k, columns);
                GM_PREFETCH(from + wc + (long)k * wk);
            }
            gm_transpose(columns, block);
        } else
#endif
            for (int k = 0; k < 16; k++)
                for (int r = 0; r < GM_FAST_R; r++)
                    for (int s = 0; s < GM_FAST_R; s++)
                        block[(r * GM_FAST_R + s) * 16 + k] = from[(long)k * wk + (long)r * wr + (long)s * ws];
        for (int phase = 0; phase < out * out * in * in; phase++) {
            const int po = phase / (in * in), pi = phase % (in * in);
            const int row0 = (po / out + shift_h) % out + pi / in + tap_base;
            const int column0 = (po % out + shift_w) % out + pi % in + tap_base;
            float16 u[GM_FAST_POINTS], e[GM_FAST_N * GM_FAST_J];
            for (int i = 0; i < GM_FAST_J; i++)
                for (int j = 0; j < GM_FAST_J; j++) {
                    int r = row0 + i * tap_step, s = column0 + j * tap_step;
                    bool there = r >= 0 && r < GM_FAST_R && s >= 0 && s < GM_FAST_R;
                    u[i * GM_FAST_J + j] = there ? vload16(r * GM_FAST_R + s, block) : (float16)0.0f;
                }
            for (int j = 0; j < GM_FAST_J; j++)
                GM_FAST_TAPS(u + j, GM_FAST_J, e + j, GM_FAST_J);
            for (int i = 0; i < GM_FAST_N; i++)
                GM_FAST_TAPS(e + i * GM_FAST_J, 1, u + i * GM_FAST_N, 1);
            for (int p = 0; p < GM_FAST_POINTS; p++)
                GM_STREAM16(u[p], packed + (po * GM_FAST_POINTS + p) * point + (pi * C + c) * 16);
        }
    }
}
#endif // GM_FAST_PACK

#ifdef GM_FAST_ROWS_CPU

// Values lie in chunks of so many channels, whose rows are GM_FAST_LD floats apart, a constant: more pointers than
// registers would halve the speed. Not a power of two, where rows would evict one another from the cache.
#define GM_FAST_DEPTH 64
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

GM_FAST_TRANSFORM(GM_FAST_VALUES, GM_FAST_DATA, GM_FAST_N, GM_FAST_N)
GM_FAST_TRANSFORM(GM_FAST_RESULTS, GM_FAST_RESULT, GM_FAST_N, GM_FAST_M)

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
    const int line = (panels + (int)get_num_groups(0) - 1) / (int)get_num_groups(0) * 16 + 16; // of products
    const long panel_size = (long)D * 16 + 16, point = panels * panel_size;
    global float *values = scratch + ((get_group_id(2) * groups + get_group_id(1)) * get_num_groups(0) + get_group_id(0)) *
        (GM_FAST_POINTS * ((long)plane + block * line) + GM_FAST_M * GM_FAST_M * GM_FAST_WIDTH);
    global float *products = values + GM_FAST_POINTS * (long)plane;
    global float *results = products + GM_FAST_POINTS * (long)block * line;
    packed += get_group_id(2) * GM_FAST_POINTS * point + panel_begin * panel_size;

    for (int row0 = begin; row0 < end; row0 += block) {
        const int count = min(block, end - row0), tiles_here = (count + GM_FAST_TILE - 1) / GM_FAST_TILE;
        for (int phase = 0; phase < in * in; phase++)
            for (int i = 0, images; i < count; i += images) {
                const int t = (row0 + i) / N, n = (row0 + i) % N;
                const int h0 = in * GM_FAST_M * (t / TW) + phase / in + first_h;
                const int w0 = in * GM_FAST_M * (t % TW) + phase % in + first_w;
                GM_FAST_OFFSETS(offset, keep, GM_FAST_N, h0, w0, in, IH, IW, xh, xw)
                images = min(count - i, N - n);
                GM_FAST_VALUES(x + x0 + (long)n * xn, xn, offset, keep, images, C, values + i * GM_FAST_LD,
                    (int4)(GM_FAST_DEPTH, chunk, 16, GM_FAST_LD), plane, phase * C);
            }

        // Point by point, whose values stay in the cache for all panels. A chunk of a panel stays for all rows, while
        // the next, which follows it in memory, is fetched: `step` bytes each time.
        const int step = 64 / tiles_here + 1;
        for (int p = 0; p < GM_FAST_POINTS; p++)
            for (int panel = 0; panel < panel_end - panel_begin; panel += GM_FAST_PANELS)
                for (int c0 = 0; c0 < D; c0 += GM_FAST_DEPTH) {
                    const int depth = min(GM_FAST_DEPTH, D - c0);
                    global const float *a = values + p * (long)plane + c0 / GM_FAST_DEPTH * chunk;
                    global float *to = products + (long)p * block * line + panel * 16;
                    global const float *weights = packed + p * point + panel * panel_size + c0 * 16;
                    global const char *ahead = (global const char *)(weights + depth * 16);
#if GM_FAST_PANELS == 2
                    const long next = panel + 1 < panel_end - panel_begin ? panel_size : 0; // none: the first again
#endif
                    for (int i = 0; i < tiles_here; i++) {
                        global const float *b = weights;
#define GM_ROW(r) float16 sum##r = c0 > 0 ? vload16(0, to + r * line) : (float16)0.0f;
                        GM_FAST_EACH(GM_ROW)
#undef GM_ROW
#if GM_FAST_PANELS == 2
#define GM_ROW(r) float16 more##r = c0 > 0 ? vload16(1, to + r * line) : (float16)0.0f;
                        GM_FAST_EACH(GM_ROW)
#undef GM_ROW
#endif
                        for (int c = 0; c < depth; c++) {
                            const float16 u = vload16(0, b);
                            GM_PREFETCH(ahead);
#if GM_FAST_PANELS == 2
                            const float16 v = vload16(0, b + next);
                            GM_PREFETCH(ahead + 4 * next);
#define GM_ROW(r) \
    sum##r = fma((float16)a[r * GM_FAST_LD + c], u, sum##r), more##r = fma((float16)a[r * GM_FAST_LD + c], v, more##r);
#else
#define GM_ROW(r) sum##r = fma((float16)a[r * GM_FAST_LD + c], u, sum##r);
#endif
                            GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                            b += 16;
                            ahead += step;
                        }
#if GM_FAST_PANELS == 2
#define GM_ROW(r) vstore16(sum##r, 0, to + r * line), vstore16(more##r, 1, to + r * line);
#else
#define GM_ROW(r) vstore16(sum##r, 0, to + r * line);
#endif
                        GM_FAST_EACH(GM_ROW)
#undef GM_ROW
                        a += GM_FAST_TILE * GM_FAST_LD;
                        to += GM_FAST_TILE * line;
                    }
                }

        GM_FAST_PLANES(offset, keep, GM_FAST_N, block * line)
        const int columns = (panel_end - panel_begin) * 16, k_begin = panel_begin * 16;
        for (int i = 0, images; i < count; i += images) {
            const int t = (row0 + i) / N, n0 = (row0 + i) % N;
            images = min(min(count - i, N - n0), max(GM_FAST_WIDTH / columns, 1));
            for (int k0 = 0; k0 < columns; k0 += GM_FAST_WIDTH) {
                const int width = min(GM_FAST_WIDTH, columns - k0);
                GM_FAST_RESULTS(products + i * line + k0, line, offset, keep, images, width, results,
                    (int4)(width, 0, 16, width), GM_FAST_WIDTH, 0);
                for (int p = 0; p < GM_FAST_M * GM_FAST_M; p++) {
                    const int h = out * (GM_FAST_M * (t / TW) + p / GM_FAST_M) + po_h;
                    const int w = out * (GM_FAST_M * (t % TW) + p % GM_FAST_M) + po_w;
                    for (int at = 0; at < (h < OH && w < OW ? images * width : 0); at += 8) {
                        const int n = n0 + at / width, k = k_begin + k0 + at % width;
                        const float8 v = vload8(0, results + p * GM_FAST_WIDTH + at);
                        vstore8(GM_EPILOGUE8(v, h, w, n, k), 0, y + y0 + (long)h * yh + (long)w * yw + (long)n * yn + k);
                    }
                }
            }
        }
    }
}
#undef GM_FAST_DEPTH
#undef GM_FAST_LD
#undef GM_FAST_TILE
#undef GM_FAST_EACH
#undef GM_FAST_PANELS
#endif // GM_FAST_ROWS_CPU

#ifdef GM_FAST_OUTER_CPU

// Rectangles of 48 channels, which hold whole tiles of any width, by 64 outputs.
#define GM_FAST_DOWN 48
#ifdef GM_CONTRACT_WIDE
#define GM_FAST_COLUMNS 32
#else
#define GM_FAST_COLUMNS 16
#endif

GM_FAST_TRANSFORM(GM_FAST_VALUES, GM_FAST_DATA, GM_FAST_N, GM_FAST_N)
GM_FAST_TRANSFORM(GM_FAST_GRADIENTS, GM_FAST_SPREAD, GM_FAST_M, GM_FAST_N)
GM_FAST_TRANSFORM(GM_FAST_RESULTS, GM_FAST_GATHER, GM_FAST_N, GM_FAST_J)

kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict g, global float *restrict scratch, global float *restrict y, int x0, int xh, int xw,
    int xn, int IH, int IW, int g0, int gh, int gw, int gn, int OH, int OW, int N, int C, int K, int TH, int TW, int R,
    int in, int base_h, int base_w, int block, int together, int y0, int yp, int yr, int ys, int yc GM_EPILOGUE_PARAMS)
{
    const int D = together * C, down = (D + GM_FAST_DOWN - 1) / GM_FAST_DOWN, across = (K + 63) / 64, rows = TH * TW * N;
    const int column_begin = (int)((long)across * get_group_id(0) / get_num_groups(0));
    const int column_end = (int)((long)across * (get_group_id(0) + 1) / get_num_groups(0));
    const int k_begin = column_begin * 64, k_end = min(K, column_end * 64);
    const int begin = (int)((long)rows * get_group_id(1) / get_num_groups(1));
    const int end = (int)((long)rows * (get_group_id(1) + 1) / get_num_groups(1));
    const int most_rows = (rows + (int)get_num_groups(1) - 1) / (int)get_num_groups(1);
    const int most_columns = (across + (int)get_num_groups(0) - 1) / (int)get_num_groups(0);
    const int blocks = (end - begin + block - 1) / block;
    const bool kept = most_rows > block; // sums between blocks of rows
    // A point of a rectangle: of the values, lines of 48 channels; of the gradients, four panels of 16.
    const int left_size = block * GM_FAST_DOWN, above_size = block * 64, sums_size = GM_FAST_DOWN * 64 + 16;
    const int4 left_place = (int4)(GM_FAST_DOWN, GM_FAST_POINTS * left_size, 16, GM_FAST_DOWN);
    const int4 above_place = (int4)(64, GM_FAST_POINTS * above_size, block * 16, 16);
    const long room = (long)left_size * down + above_size * most_columns + (long)sums_size * (kept ? down * most_columns : 1);
    global float *values = scratch + (get_group_id(1) * get_num_groups(0) + get_group_id(0)) *
        (GM_FAST_POINTS * room + GM_FAST_J * GM_FAST_J * GM_FAST_WIDTH);
    global float *gradients = values + GM_FAST_POINTS * (long)left_size * down;
    global float *all_sums = gradients + GM_FAST_POINTS * (long)above_size * most_columns;
    global float *results = values + GM_FAST_POINTS * room;

    // A tile may go on beyond the last channel, to sums that go nowhere.
    if (D % GM_FAST_DOWN != 0)
        for (int p = 0; p < GM_FAST_POINTS; p++)
            for (int i = 0; i < block; i++)
                vstore16((float16)0.0f, 0, values + ((down - 1) * GM_FAST_POINTS + p) * (long)left_size +
                    i * GM_FAST_DOWN + D % GM_FAST_DOWN);

    for (int job = 0; job < in * in / together * blocks; job++) {
        const int phase0 = job / blocks * together, row0 = begin + job % blocks * block;
        const int count = min(block, end - row0);
        for (int i = 0, images; i < count; i += images) {
            const int t = (row0 + i) / N, n = (row0 + i) % N, oh = GM_FAST_M * (t / TW), ow = GM_FAST_M * (t % TW);
            images = min(count - i, N - n);
            for (int phase = phase0; phase < phase0 + together; phase++) {
                const int h0 = in * oh + phase / in + base_h, w0 = in * ow + phase % in + base_w;
                GM_FAST_OFFSETS(offset, keep, GM_FAST_N, h0, w0, in, IH, IW, xh, xw)
                GM_FAST_VALUES(x + x0 + (long)n * xn, xn, offset, keep, images, C,
                    values + i * GM_FAST_DOWN, left_place, left_size, (phase - phase0) * C);
            }
            if (job >= blocks && blocks == 1)
                continue; // they are there
            GM_FAST_OFFSETS(offset, keep, GM_FAST_M, oh, ow, 1, OH, OW, gh, gw)
            GM_FAST_GRADIENTS(g + g0 + (long)n * gn + k_begin, gn, offset, keep, images, k_end - k_begin,
                gradients + i * 16, above_place, above_size, 0);
        }

        for (int rectangle = 0; rectangle < down * (column_end - column_begin); rectangle++) {
            const int c0 = rectangle % down * GM_FAST_DOWN, k0 = rectangle / down * 64;
            const int lines = min(GM_FAST_DOWN, D - c0), columns = min(64, k_end - k_begin - k0);
            global float *sums = all_sums + (kept ? rectangle * GM_FAST_POINTS * (long)sums_size : 0);
            for (int p = 0; p < GM_FAST_POINTS; p++) {
                global const float *left = values + (rectangle % down * GM_FAST_POINTS + p) * (long)left_size;
                global const float *above = gradients + (rectangle / down * GM_FAST_POINTS + p) * (long)above_size;
                for (int k = 0; k < columns; k += GM_FAST_COLUMNS) {
                    // The next point's values are fetched during the first half of the tiles, then its gradients: so many
                    // bytes for each row of a tile.
                    const int step = (GM_CONTRACT_TILE * GM_FAST_COLUMNS + 5) / 6;
                    global const char *ahead = (global const char *)(k < 32 ? left + left_size : above + above_size) +
                        k % 32 / GM_FAST_COLUMNS * (GM_FAST_DOWN / GM_CONTRACT_TILE) * count * step;
                    for (int c = 0; c < lines; c += GM_CONTRACT_TILE) {
                        global const float *a = left + c, *b = above + k * block;
                        global float *to = sums + p * sums_size + c * 64 + k;
                        // Two panels where registers are wide; of an odd number the last has itself as its second, whose
                        // columns go nowhere.
#define GM_ROW(r) float16 sum##r = row0 > begin ? vload16(0, to + r * 64) : (float16)0.0f;
                        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
#ifdef GM_CONTRACT_WIDE
                        const int next = k + 16 < columns ? block * 16 : 0;
#define GM_ROW(r) float16 more##r = row0 > begin ? vload16(1, to + r * 64) : (float16)0.0f;
                        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
#endif
                        // The next tile's sums.
#define GM_ROW(r) GM_PREFETCH(to + (GM_CONTRACT_TILE + r) * 64);
                        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                        for (int i = 0; i < count; i++) {
                            const float16 u = vload16(0, b);
                            GM_PREFETCH(ahead);
#ifdef GM_CONTRACT_WIDE
                            const float16 v = vload16(0, b + next);
#define GM_ROW(r) sum##r = fma((float16)a[r], u, sum##r), more##r = fma((float16)a[r], v, more##r);
#else
#define GM_ROW(r) sum##r = fma((float16)a[r], u, sum##r);
#endif
                            GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                            a += GM_FAST_DOWN;
                            b += 16;
                            ahead += step;
                        }
#ifdef GM_CONTRACT_WIDE
#define GM_ROW(r) vstore16(sum##r, 0, to + r * 64), vstore16(more##r, 1, to + r * 64);
#else
#define GM_ROW(r) vstore16(sum##r, 0, to + r * 64);
#endif
                        GM_EACH_ROW(GM_ROW)
#undef GM_ROW
                    }
                }
            }
            if (row0 + block < end) // more to come
                continue;
            GM_FAST_PLANES(offset, keep, GM_FAST_N, sums_size)
            for (int line = 0; line < lines; line += GM_FAST_WIDTH / 64) {
                const int some = min(GM_FAST_WIDTH / 64, lines - line);
                GM_FAST_RESULTS(sums + line * 64, 64, offset, keep, some, columns, results, (int4)(64, 0, 16, 64),
                    GM_FAST_WIDTH, 0);
                for (int part = 0; part < GM_FAST_J * GM_FAST_J * some; part++) {
                    const int p = part / some, i = part % some, at = c0 + line + i, phase = phase0 + at / C, c = at % C;
                    const int r = phase / in + in * (p / GM_FAST_J), s = phase % in + in * (p % GM_FAST_J);
                    for (int j = 0; j < (r < R && s < R ? columns : 0); j += 8) {
                        const int k = k_begin + k0 + j;
                        const float8 v = vload8(0, results + p * GM_FAST_WIDTH + i * 64 + j);
                        vstore8(GM_EPILOGUE8(v, r, s, c, k), 0, y + y0 + (long)get_group_id(1) * yp + (long)r * yr +
                            (long)s * ys + (long)c * yc + k);
                    }
                }
            }
        }
    }
}
#undef GM_FAST_DOWN
#undef GM_FAST_COLUMNS
#endif // GM_FAST_OUTER_CPU

#undef GM_FAST_POINTS
#undef GM_FAST_RUN
#undef GM_FAST_OFFSETS
#undef GM_FAST_TRANSFORM
#undef GM_FAST_JOIN_
#undef GM_FAST_JOIN
#undef GM_FAST_VALUES
#undef GM_FAST_GRADIENTS
#undef GM_FAST_RESULTS
#undef GM_FAST_PLANES
#undef GM_FAST_WIDTH
#undef GM_FAST_PACK
#undef GM_FAST_ROWS_CPU
#undef GM_FAST_OUTER_CPU
#undef GM_FAST_M
#undef GM_FAST_J
#undef GM_FAST_N
#undef GM_FAST_R
#undef GM_FAST_DATA
#undef GM_FAST_TAPS
#undef GM_FAST_RESULT
#undef GM_FAST_SPREAD
#undef GM_FAST_GATHER
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
