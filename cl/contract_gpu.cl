// Contractions on GPUs: tiles of results in registers, their operands in local memory. A template: see contract.cl.
// Long because both forms are one loop: what differs is where an item finds what it loads.

#ifndef GM_CONTRACT_GPU_ONCE
#define GM_CONTRACT_GPU_ONCE
// A work-group makes a tile of GM_GPU_ROWS x GM_GPU_COLUMNS results. It walks along the contraction in steps of
// GM_GPU_DEPTH words of GM_GPU_PACK values: while it multiplies one step's operands, which lie in local memory, its items
// load the next one's into registers. With matrix.cl in the program words are what that says and matrix units multiply;
// else they are floats.
//
// An item has GM_GPU_HIGH x GM_GPU_WIDE sums. Of a small tile that leaves too few items: there GM_GPU_SLICES of them have
// the same sums, each over its share of a step's words, and add them up in the end, each a share of the rows.
//
// Items load units of four words, GM_GPU_PACK vectors v of four values. A unit lies along the contraction (four words of
// one line, a line being a row of a or a column of b) or along the lines (a word of each of four): as the operand does
// in memory, so that a vector is one access where the operand is aligned to four elements.
#ifdef GM_MATRIX_PACK

#define GM_GPU_PACK GM_MATRIX_PACK
#define GM_GPU_DEPTH GM_MATRIX_DEPTH
#define GM_GPU_WORDS(lines) (GM_GPU_DEPTH * (lines))
#define GM_GPU_EXCHANGE GM_MATRIX_EXCHANGE
typedef uint gm_gpu_operand;

static uint gm_gpu_word(const float *values)
{
    return gm_matrix_word(values);
}

// Where the word lies in a tile in local memory.
static int gm_gpu_place(const bool is_b, const int lines, int line, int word)
{
    return is_b ? gm_matrix_place_b(line, word) : gm_matrix_place_a(line, word);
}

#else

#define GM_GPU_PACK 1
#define GM_GPU_DEPTH (8 * GM_GPU_LONG)
#define GM_GPU_PAD 4 // lines that keep neighbouring words off one bank
#define GM_GPU_WORDS(lines) (GM_GPU_DEPTH * ((lines) + GM_GPU_PAD))
#define GM_GPU_EXCHANGE 0
typedef float gm_gpu_operand;

static float gm_gpu_word(const float *values)
{
    return values[0];
}

static int gm_gpu_place(const bool is_b, const int lines, int line, int word)
{
    return word * (lines + GM_GPU_PAD) + line;
}

#endif
#define GM_GPU_STEP (GM_GPU_DEPTH * GM_GPU_PACK)
#define GM_GPU_SUMS (GM_GPU_HIGH * GM_GPU_WIDE)
#define GM_GPU_PLACES (GM_GPU_ROWS * GM_GPU_COLUMNS / GM_GPU_SUMS) // items with sums of their own
#define GM_GPU_ITEMS (GM_GPU_PLACES * GM_GPU_SLICES)
#define GM_GPU_A_UNITS (GM_GPU_ROWS * GM_GPU_DEPTH / 4 / GM_GPU_ITEMS) // for an item
#define GM_GPU_B_UNITS (GM_GPU_COLUMNS * GM_GPU_DEPTH / 4 / GM_GPU_ITEMS)
// The first line and word of an item's unit u: neighbours load neighbouring memory.
#define GM_GPU_LINE(along, u)                                                                                           \
    ((along) ? 4 * (item % (GM_GPU_ITEMS / GM_GPU_DEPTH) + (u) * (GM_GPU_ITEMS / GM_GPU_DEPTH))                         \
             : item / (GM_GPU_DEPTH / 4) + (u) * (GM_GPU_ITEMS * 4 / GM_GPU_DEPTH))
#define GM_GPU_WORD(along) ((along) ? item / (GM_GPU_ITEMS / GM_GPU_DEPTH) : item % (GM_GPU_DEPTH / 4) * 4)

static void gm_gpu_store(local gm_gpu_operand *tile, const bool is_b, const int lines, const bool along, int line,
    int word, const float4 *v)
{
    float value[4 * GM_GPU_PACK];
#pragma unroll
    for (int p = 0; p < GM_GPU_PACK; p++)
        vstore4(v[p], p, value);
#ifndef GM_MATRIX_PACK
    if (along) {
        *(local float4 *)(tile + gm_gpu_place(is_b, lines, line, word)) = v[0];
        return;
    }
#endif
#pragma unroll
    for (int e = 0; e < 4; e++) {
        float own[GM_GPU_PACK];
#pragma unroll
        for (int p = 0; p < GM_GPU_PACK; p++)
            own[p] = value[along ? 4 * p + e : GM_GPU_PACK * e + p];
        tile[along ? gm_gpu_place(is_b, lines, line + e, word) : gm_gpu_place(is_b, lines, line, word + e)] =
            gm_gpu_word(own);
    }
}

// The outputs o that a tap, with b the map's b + r d, has valid inputs for: first, first + step, ...
static gm_taps gm_gpu_outputs(int a, int b, int q, int inputs, int outputs)
{
    gm_taps t = {0, 0, q, 0, q > 1 ? 1 : a};
    t.first = b < 0 ? (-b + a - 1) / a : 0;
    while (q > 1 && (t.first * a + b) % q != 0)
        t.first++;
    const int rest = (inputs - 1) * q - b; // o a is at most this
    const int last = rest < 0 ? -1 : min(outputs - 1, rest / a);
    t.count = last < t.first ? 0 : (last - t.first) / q + 1;
    t.in = (t.first * a + b) / q;
    return t;
}

#endif // GM_CONTRACT_GPU_ONCE

#ifndef GM_CONTRACT_SUM_GPU

// Slices share a step: one of them has more words, so that loading costs no more. Pairs of taps and channels have too
// many places to find for that.
#if GM_GPU_SLICES == 1 || defined(GM_GPU_SPANS)
#define GM_GPU_LONG 1
#elif GM_GPU_SLICES == 4 && GM_GPU_DEEP
#define GM_GPU_LONG 4
#else
#define GM_GPU_LONG 2
#endif

// sum += a b of a step. An item's results lie in GM_GPU_RESULT_ROWS rows: result j of row i is GM_GPU_RESULT(i, j) of
// the sums, and of GM_GPU_ROW(i) and GM_GPU_COLUMN(j). After GM_GPU_ADD_SLICES it has GM_GPU_RESULT_ROWS /
// GM_GPU_SLICES of them, which are those from GM_GPU_FIRST_ROW on.
#ifdef GM_MATRIX_PACK

#define GM_GPU_ACROSS (GM_GPU_COLUMNS / (GM_MATRIX_ACROSS * GM_MATRIX_COLUMNS)) // sub-groups beside one another
#define GM_GPU_RESULT_ROWS GM_MATRIX_RESULT_ROWS
#define GM_GPU_RESULT(i, j) gm_matrix_result(i, j)
#define GM_GPU_ROW(i) gm_matrix_row(item, GM_GPU_ACROSS, i)
#define GM_GPU_COLUMN(j) gm_matrix_column(item, GM_GPU_ACROSS, j)
#define GM_GPU_MULTIPLY(a, b) gm_matrix_multiply(a, b, GM_GPU_ACROSS, item, sum, exchange)
#define GM_GPU_FIRST_ROW 0
#define GM_GPU_ADD_SLICES(sum, a)
#define GM_GPU_EXCHANGED 0

#else

// Vectors of four that lie apart, so that neighbours read neighbouring vectors.
#define GM_GPU_ITEM_LINE(lines, own, place, i) ((i) / 4 * ((lines) / ((own) / 4)) + 4 * (place) + (i) % 4)
#define GM_GPU_RESULT_ROWS GM_GPU_HIGH
#define GM_GPU_RESULT(i, j) ((i) * GM_GPU_WIDE + (j))
#define GM_GPU_ROW(i)                                                                                                   \
    GM_GPU_ITEM_LINE(GM_GPU_ROWS, GM_GPU_HIGH, GM_GPU_PLACE / (GM_GPU_COLUMNS / GM_GPU_WIDE), i)
#define GM_GPU_COLUMN(j) GM_GPU_ITEM_LINE(GM_GPU_COLUMNS, GM_GPU_WIDE, item % (GM_GPU_COLUMNS / GM_GPU_WIDE), j)
#define GM_GPU_MULTIPLY(a, b) GM_GPU_OWN(_multiply)(a, b, item, sum)
#define GM_GPU_SLICE_DEPTH (GM_GPU_DEPTH / GM_GPU_SLICES)
#define GM_GPU_SHARE (GM_GPU_SUMS / GM_GPU_SLICES)
#define GM_GPU_EXCHANGED ((GM_GPU_SLICES - 1) * GM_GPU_SUMS * GM_GPU_PLACES)
#define GM_GPU_EXCHANGED_AT(from, to, e)                                                                                \
    ((((to) * (GM_GPU_SLICES - 1) + (from) - ((from) > (to))) * GM_GPU_SHARE + (e)) * GM_GPU_PLACES + GM_GPU_PLACE)
#if GM_GPU_SLICES == 1
#define GM_GPU_PLACE item
#define GM_GPU_FIRST_ROW 0
#define GM_GPU_ADD_SLICES(sum, a)
#else
#define GM_GPU_PLACE (item % GM_GPU_PLACES)
#define GM_GPU_FIRST_ROW (item / GM_GPU_PLACES * (GM_GPU_HIGH / GM_GPU_SLICES))
#define GM_GPU_ADD_SLICES(sum, a) GM_GPU_OWN(_add_slices)(sum, a, item)
#endif

static void GM_GPU_OWN(_multiply)(local const float *a, local const float *b, int item, float *sum)
{
    const int first = GM_GPU_SLICES == 1 ? 0 : item / GM_GPU_PLACES * GM_GPU_SLICE_DEPTH;
#pragma unroll GM_GPU_UNROLL
    for (int d = first; d < first + GM_GPU_SLICE_DEPTH; d++) {
        float u[4], v[GM_GPU_WIDE];
#pragma unroll
        for (int j = 0; j < GM_GPU_WIDE; j += 4)
            vstore4(*(local const float4 *)(b + gm_gpu_place(true, GM_GPU_COLUMNS, GM_GPU_COLUMN(j), d)), j / 4, v);
        // Along diagonals: instructions of AMD's that multiply twice (gfx11) want no operand in common.
#pragma unroll
        for (int i = 0; i < GM_GPU_HIGH; i += 4) {
            vstore4(*(local const float4 *)(a + gm_gpu_place(false, GM_GPU_ROWS, GM_GPU_ROW(i), d)), 0, u);
#pragma unroll
            for (int e = 0; e < 4 * GM_GPU_WIDE; e++) {
                const int column = (e + e / 4) % GM_GPU_WIDE, at = GM_GPU_RESULT(i + e % 4, column);
                sum[at] = fma(u[e % 4], v[column], sum[at]);
            }
        }
    }
}

#if GM_GPU_SLICES > 1
// Of every slice's sums those of its rows, in the order of the slices, to the front of them. `a`: GM_GPU_EXCHANGED floats.
static void GM_GPU_OWN(_add_slices)(float *sum, local float *a, int item)
{
    const int slice = item / GM_GPU_PLACES;
#pragma unroll
    for (int to = 0; to < GM_GPU_SLICES; to++)
        if (to != slice)
#pragma unroll
            for (int e = 0; e < GM_GPU_SHARE; e++)
                a[GM_GPU_EXCHANGED_AT(slice, to, e)] = sum[to * GM_GPU_SHARE + e];
    barrier(CLK_LOCAL_MEM_FENCE);
    float own[GM_GPU_SHARE];
#pragma unroll
    for (int to = 0; to < GM_GPU_SLICES; to++)
        if (to == slice)
#pragma unroll
            for (int e = 0; e < GM_GPU_SHARE; e++) {
                own[e] = to == 0 ? sum[e] : a[GM_GPU_EXCHANGED_AT(0, to, e)];
#pragma unroll
                for (int from = 1; from < GM_GPU_SLICES; from++)
                    own[e] += from == to ? sum[to * GM_GPU_SHARE + e] : a[GM_GPU_EXCHANGED_AT(from, to, e)];
            }
#pragma unroll
    for (int e = 0; e < GM_GPU_SHARE; e++)
        sum[e] = own[e];
}
#endif

#endif

GM_GPU_LOADER(GM_GPU_OWN(_load_a), GM_X, GM_GPU_A_VECTORS)
GM_GPU_LOADER(GM_GPU_OWN(_load_b), GM_W, GM_GPU_B_VECTORS)

static void GM_GPU_OWN(_store)(local gm_gpu_operand *a, local gm_gpu_operand *b, int item,
    const float4 (*next_a)[GM_GPU_PACK], const float4 (*next_b)[GM_GPU_PACK])
{
#pragma unroll
    for (int u = 0; u < GM_GPU_A_UNITS; u++)
        gm_gpu_store(a, false, GM_GPU_ROWS, GM_GPU_A_LINES, GM_GPU_LINE(GM_GPU_A_LINES, u), GM_GPU_WORD(GM_GPU_A_LINES),
            next_a[u]);
#pragma unroll
    for (int u = 0; u < GM_GPU_B_UNITS; u++)
        gm_gpu_store(b, true, GM_GPU_COLUMNS, GM_GPU_B_LINES, GM_GPU_LINE(GM_GPU_B_LINES, u), GM_GPU_WORD(GM_GPU_B_LINES),
            next_b[u]);
}

#define GM_GPU_CLEAR(sum)                                                                                               \
    float sum[GM_GPU_SUMS];                                                                                             \
    _Pragma("unroll") for (int e = 0; e < GM_GPU_SUMS; e++) sum[e] = 0

#define GM_GPU_OWN_ROWS (GM_GPU_RESULT_ROWS / GM_GPU_SLICES)

// Two steps' operands; what items exchange, if anything.
#define GM_GPU_A_WORDS GM_GPU_WORDS(GM_GPU_ROWS)
#define GM_GPU_B_WORDS GM_GPU_WORDS(GM_GPU_COLUMNS)
#define GM_GPU_TILE_WORDS (2 * (GM_GPU_A_WORDS + GM_GPU_B_WORDS))
enum {
    GM_GPU_OWN(_local) = (GM_GPU_TILE_WORDS > GM_GPU_EXCHANGED ? GM_GPU_TILE_WORDS : GM_GPU_EXCHANGED) + GM_GPU_EXCHANGE
};
#define GM_GPU_TILES                                                                                                    \
    local gm_gpu_operand *a = (local gm_gpu_operand *)l, *b = a + 2 * GM_GPU_A_WORDS;                                   \
    local gm_gpu_operand *exchange = b + 2 * GM_GPU_B_WORDS

#endif // !GM_CONTRACT_SUM_GPU

#ifdef GM_CONTRACT_ROWS_GPU

// A quarter of an item's rows of results: Intel's compiler unrolls no longer loops where the epilogue reads two values, and
// sums that a loop counts through lie in memory. With a `continue` in it pocl 3.1 computes wrong results, at times.
#define GM_GPU_STORE_ROWS(begin, end)                                                                                  \
    _Pragma("unroll") for (int i = GM_GPU_OWN_ROWS * begin / 4; i < GM_GPU_OWN_ROWS * end / 4; i++)                    \
    {                                                                                                                  \
        const int m = m0 + GM_GPU_ROW(GM_GPU_FIRST_ROW + i), n = m % N;                                                \
        const int oh = phase_h + m / N / PW * qh, ow = phase_w + m / N % PW * qw;                                      \
        _Pragma("unroll") for (int j = 0; j < GM_GPU_SUMS / GM_GPU_RESULT_ROWS; j++)                                   \
        {                                                                                                              \
            const int k = k0 + GM_GPU_COLUMN(j);                                                                       \
            float value = sum[GM_GPU_RESULT(i, j)];                                                                    \
            if (m < total && k < K)                                                                                    \
                GM_STORE(GM_Y, y, oh * yh + ow * yw + n * yn + k * yk, GM_EPILOGUE1(value, oh, ow, n, k));             \
        }                                                                                                              \
    }

#define GM_GPU_INSIDE(h, w) (!GM_GPU_PADDED || ((uint)(h) < (uint)IH && (uint)(w) < (uint)IW))

// Rows are (pixel, n) of one phase of the output's pixels, so that all of a tile have the same taps. Taps that meet
// padding alone are left out; rows that do, are zeros.
GM_FUNCTION void GM_NAME(GM_PLACE, local float *l, global const GM_X *restrict x, global const GM_W *restrict w,
    global GM_Y *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW, int w0, int wk, int wc, int wr,
    int ws, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh,
    int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    GM_GPU_TILES;
    const int item = (int)get_local_id(0);
    const int k0 = GM_GPU_COLUMNS * group.x, m0 = GM_GPU_ROWS * group.y;
    const int phase_h = group.z / qw, phase_w = group.z % qw;
    const int PW = (OW - phase_w + qw - 1) / qw, total = (OH - phase_h + qh - 1) / qh * PW * N;
    if (m0 >= total)
        return;
#ifdef GM_CONTRACT_BATCH // product p meets tap p alone, at p
    const gm_gpu_taps taps_h = {phase_h, 1, 1, phase_h}, taps_w = {phase_w, 1, 1, phase_w};
#else
    const gm_gpu_taps taps_h = gm_gpu_phase_taps(phase_h, ah, bh, dh, qh, R);
    const gm_gpu_taps taps_w = gm_gpu_phase_taps(phase_w, aw, bw, dw, qw, S);
#endif
    const int pixel0 = m0 / N, pixel1 = (min(m0 + GM_GPU_ROWS, total) - 1) / N;
    const bool line = pixel0 / PW == pixel1 / PW;
    const int2 used_h = gm_gpu_used_taps(taps_h, dh, pixel0 / PW, pixel1 / PW, IH);
    const int2 used_w = gm_gpu_used_taps(taps_w, dw, line ? pixel0 % PW : 0, line ? pixel1 % PW : PW - 1, IW);

    // What this item loads: of a rows, at their first tap, and of b columns. Lines beyond the last are whatever the last
    // is: what becomes of them is not stored.
    int at_a[GM_GPU_A_UNITS], row_h[GM_GPU_A_UNITS], row_w[GM_GPU_A_UNITS], at_b[GM_GPU_B_UNITS];
#ifdef GM_GPU_SPANS
    const int c_a = 0, c_b = 0;
#else
    const int c_a = GM_GPU_PACK * GM_GPU_WORD(GM_GPU_A_LINES), c_b = GM_GPU_PACK * GM_GPU_WORD(GM_GPU_B_LINES);
#endif
#pragma unroll
    for (int u = 0; u < GM_GPU_A_UNITS; u++) {
        const int m = min(m0 + GM_GPU_LINE(GM_GPU_A_LINES, u), total - (GM_GPU_A_LINES && GM_GPU_A_VECTORS ? 4 : 1));
        row_h[u] = m / N / PW * taps_h.a + taps_h.base;
        row_w[u] = m / N % PW * taps_w.a + taps_w.base;
        at_a[u] = x0 + m % N * xn + row_h[u] * xh + row_w[u] * xw + c_a * xc;
    }
#pragma unroll
    for (int u = 0; u < GM_GPU_B_UNITS; u++) {
        const int k = min(k0 + GM_GPU_LINE(GM_GPU_B_LINES, u), K - (GM_GPU_B_LINES && GM_GPU_B_VECTORS ? 4 : 1));
        at_b[u] = w0 + k * wk + c_b * wc;
    }
#ifdef GM_GPU_SPANS // the contraction is over (tap, channel) pairs, all of one pass
    const int depth = taps_h.count * taps_w.count * C, taps = 1, steps = (depth + GM_GPU_STEP - 1) / GM_GPU_STEP;
    const bool late = false;
#else
    const int width = max(used_w.y - used_w.x, 0), taps = max(used_h.y - used_h.x, 0) * width;
    const int steps = (C + GM_GPU_STEP - 1) / GM_GPU_STEP;
    int t_h = taps > 0 ? used_h.x : 0, t_w = taps > 0 ? used_w.x : 0;
    const bool late = GM_GPU_FEW_REGISTERS; // b is loaded after a step's sums, whose operands have left registers by then
#endif

    GM_GPU_CLEAR(sum);
    // A pass walks one tap over the channels. One more step, after the last pass, has nothing to load.
    for (int pass = 0, step = -1; pass <= taps; pass++) {
#ifndef GM_GPU_SPANS
        int walk_a = t_h * dh * xh + t_w * dw * xw;
        int walk_b = taps > 0 ? (taps_h.first + t_h * qh) * wr + (taps_w.first + t_w * qw) * ws : 0;
        const int tap_h = t_h * dh, tap_w = t_w * dw;
        int from_a[GM_GPU_A_UNITS], from_b[GM_GPU_B_UNITS]; // where registers are few found anew every step
        bool valid[GM_GPU_A_UNITS];
#pragma unroll
        for (int u = 0; u < GM_GPU_A_UNITS; u++) {
            from_a[u] = at_a[u] + walk_a;
            valid[u] = GM_GPU_INSIDE(row_h[u] + tap_h, row_w[u] + tap_w);
        }
#pragma unroll
        for (int u = 0; u < GM_GPU_B_UNITS; u++)
            from_b[u] = at_b[u] + walk_b;
        if (pass + 1 < taps && ++t_w == used_w.y) { // else the last once more
            t_w = used_w.x;
            t_h++;
        }
#endif
        for (int i = 0; i < (pass < taps ? steps : 1); i++, step++) {
            float4 next_a[GM_GPU_A_UNITS][GM_GPU_PACK], next_b[GM_GPU_B_UNITS][GM_GPU_PACK];
#ifdef GM_GPU_SPANS
#pragma unroll
            for (int e = 0; e < 4 * GM_GPU_PACK; e++) {
                const int d = (step + 1) * GM_GPU_STEP + GM_GPU_PACK * GM_GPU_WORD(0) + e, tap = d / C, c = d % C;
                const int t_h = tap / max(taps_w.count, 1), t_w = tap % max(taps_w.count, 1);
                const int walk_a = t_h * dh * xh + t_w * dw * xw + c * xc;
                const int walk_b = c * wc + (taps_h.first + t_h * qh) * wr + (taps_w.first + t_w * qw) * ws;
#pragma unroll
                for (int u = 0; u < GM_GPU_A_UNITS; u++) {
                    const bool valid = GM_GPU_INSIDE(row_h[u] + t_h * dh, row_w[u] + t_w * dw);
                    ((float *)next_a[u])[e] = d < depth && valid ? GM_LOAD(GM_X, x, at_a[u] + walk_a) : 0.0f;
                }
#pragma unroll
                for (int u = 0; u < GM_GPU_B_UNITS; u++)
                    ((float *)next_b[u])[e] = d < depth ? GM_LOAD(GM_W, w, at_b[u] + walk_b) : 0.0f;
            }
#else
            const int rest = C - i * GM_GPU_STEP;
#pragma unroll
            for (int u = 0; u < GM_GPU_A_UNITS; u++) {
                const bool inside = late ? GM_GPU_INSIDE(row_h[u] + tap_h, row_w[u] + tap_w) : valid[u];
                const int from = late ? at_a[u] + walk_a : from_a[u];
#pragma unroll
                for (int p = 0; p < GM_GPU_PACK; p++) {
                    const int at = GM_GPU_A_LINES ? p : 4 * p, left = GM_GPU_EVEN ? 4 : rest - c_a - at;
                    const int lines = GM_GPU_A_VECTORS ? 4 : total - m0 - GM_GPU_LINE(GM_GPU_A_LINES, u);
                    next_a[u][p] = GM_GPU_OWN(_load_a)(x + (from + at * xc), GM_GPU_A_LINES ? xn : xc,
                        inside ? GM_GPU_A_LINES && left > 0 ? lines : left : 0);
                }
                from_a[u] += GM_GPU_STEP * xc;
            }
            walk_a += GM_GPU_STEP * xc;
            if (late && step >= 0)
                GM_GPU_MULTIPLY(a + (step & 1) * GM_GPU_A_WORDS, b + (step & 1) * GM_GPU_B_WORDS);
#pragma unroll
            for (int u = 0; u < GM_GPU_B_UNITS; u++) {
                const int from = late ? at_b[u] + walk_b : from_b[u];
#pragma unroll
                for (int p = 0; p < GM_GPU_PACK; p++) {
                    const int at = GM_GPU_B_LINES ? p : 4 * p, left = GM_GPU_EVEN ? 4 : rest - c_b - at;
                    const int lines = GM_GPU_B_VECTORS ? 4 : K - k0 - GM_GPU_LINE(GM_GPU_B_LINES, u);
                    next_b[u][p] = GM_GPU_OWN(_load_b)(w + (from + at * wc), GM_GPU_B_LINES ? wk : wc,
                        GM_GPU_B_LINES && left > 0 ? lines : left);
                }
                from_b[u] += GM_GPU_STEP * wc;
            }
            walk_b += GM_GPU_STEP * wc;
#endif
            if (!late && step >= 0)
                GM_GPU_MULTIPLY(a + (step & 1) * GM_GPU_A_WORDS, b + (step & 1) * GM_GPU_B_WORDS);
            GM_GPU_OWN(_store)(a + (~step & 1) * GM_GPU_A_WORDS, b + (~step & 1) * GM_GPU_B_WORDS, item, next_a, next_b);
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }

    GM_GPU_ADD_SLICES(sum, (local float *)l);
    y += y0;
    GM_GPU_STORE_ROWS(0, 1);
    GM_GPU_STORE_ROWS(1, 2);
    GM_GPU_STORE_ROWS(2, 3);
    GM_GPU_STORE_ROWS(3, 4);
}
#endif // GM_CONTRACT_ROWS_GPU

#ifdef GM_CONTRACT_OUTER_GPU

// An item loads from one place (oh, ow, n) a step (and its neighbour, where a word is two values), found by counting.
GM_FUNCTION void GM_NAME(GM_PLACE, local float *l, global const GM_X *restrict x, global const GM_W *restrict g,
    global GM_Y *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW, int g0, int gh, int gw, int gn,
    int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh, int qh, int aw, int bw, int dw,
    int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    GM_GPU_TILES;
    const int item = (int)get_local_id(0), split = group.z;
    const int k0 = GM_GPU_COLUMNS * group.x, block = group.y;
#ifdef GM_GPU_SPANS // m counts (tap, channel) pairs
    const int m0 = GM_GPU_ROWS * block, m_end = R * S * C;
    const gm_taps th = {0, OH, 1, 0, 0}, tw = {0, OW, 1, 0, 0};
    int span_h[GM_GPU_A_UNITS][4], span_w[GM_GPU_A_UNITS][4], span_at[GM_GPU_A_UNITS][4];
#pragma unroll
    for (int u = 0; u < GM_GPU_A_UNITS; u++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const int m = m0 + GM_GPU_LINE(true, u) + e;
            span_h[u][e] = bh + m / C / S * dh;
            span_w[u][e] = bw + m / C % S * dw;
            span_at[u][e] = m < m_end ? x0 + m % C * xc : -1;
        }
#else // a tile lies within one tap
    const int blocks = (C + GM_GPU_ROWS - 1) / GM_GPU_ROWS, tap = block / blocks;
    const int m0 = GM_GPU_ROWS * (block % blocks), m_end = C;
    const gm_taps th = gm_gpu_outputs(ah, bh + tap / S * dh, qh, IH, OH);
    const gm_taps tw = gm_gpu_outputs(aw, bw + tap % S * dw, qw, IW, OW);
#endif
    const int total = th.count * tw.count * N;
    const int begin = (int)((long)total * split / groups.z);
    const int end = (int)((long)total * (split + 1) / groups.z);
    const int steps = (end - begin + GM_GPU_STEP - 1) / GM_GPU_STEP;
    int row = begin + GM_GPU_PACK * GM_GPU_WORD(true), n = row % N;
    int o = row / N % max(tw.count, 1), h = row / N / max(tw.count, 1);
    int at_a[GM_GPU_A_UNITS], at_b[GM_GPU_B_UNITS]; // lines beyond the last are whatever the last is
#pragma unroll
    for (int u = 0; u < GM_GPU_A_UNITS; u++)
        at_a[u] = x0 + min(m0 + GM_GPU_LINE(true, u), m_end - (GM_GPU_A_VECTORS ? 4 : 1)) * xc;
#pragma unroll
    for (int u = 0; u < GM_GPU_B_UNITS; u++)
        at_b[u] = g0 + min(k0 + GM_GPU_LINE(true, u), K - (GM_GPU_B_VECTORS ? 4 : 1)) * gk;

    GM_GPU_CLEAR(sum);
    for (int step = -1; step < steps; step++) {
        float4 next_a[GM_GPU_A_UNITS][GM_GPU_PACK], next_b[GM_GPU_B_UNITS][GM_GPU_PACK];
#pragma unroll
        for (int p = 0; p < GM_GPU_PACK; p++) {
            const bool there = step + 1 < steps && row + p < end;
            const int oh = th.first + h * th.step, ow = tw.first + o * tw.step;
#pragma unroll
            for (int u = 0; u < GM_GPU_A_UNITS; u++) {
#ifdef GM_GPU_SPANS
                float value[4];
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    const int ih = gm_input_at(oh, 0, ah, span_h[u][e], 0, qh, IH);
                    const int iw = gm_input_at(ow, 0, aw, span_w[u][e], 0, qw, IW);
                    value[e] = there && ih >= 0 && iw >= 0 && span_at[u][e] >= 0 ?
                        GM_LOAD(GM_X, x, span_at[u][e] + ih * xh + iw * xw + n * xn) : 0.0f;
                }
                next_a[u][p] = vload4(0, value);
#else
                const int ih = th.in + h * th.in_step, iw = tw.in + o * tw.in_step;
                next_a[u][p] = GM_GPU_OWN(_load_a)(x + (at_a[u] + ih * xh + iw * xw + n * xn), xc,
                    !there ? 0 : GM_GPU_A_VECTORS ? 4 : m_end - m0 - GM_GPU_LINE(true, u));
#endif
            }
#pragma unroll
            for (int u = 0; u < GM_GPU_B_UNITS; u++) {
                next_b[u][p] = GM_GPU_OWN(_load_b)(g + (at_b[u] + oh * gh + ow * gw + n * gn), gk,
                    !there ? 0 : GM_GPU_B_VECTORS ? 4 : K - k0 - GM_GPU_LINE(true, u));
            }
            for (n += p + 1 < GM_GPU_PACK ? 1 : GM_GPU_STEP - p; n >= N; n -= N)
                if (++o == tw.count) {
                    o = 0;
                    h++;
                }
        }
        row += GM_GPU_STEP;
        if (step >= 0)
            GM_GPU_MULTIPLY(a + (step & 1) * GM_GPU_A_WORDS, b + (step & 1) * GM_GPU_B_WORDS);
        GM_GPU_OWN(_store)(a + (~step & 1) * GM_GPU_A_WORDS, b + (~step & 1) * GM_GPU_B_WORDS, item, next_a, next_b);
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    GM_GPU_ADD_SLICES(sum, (local float *)l);
    y += y0 + (long)split * yp;
#pragma unroll
    for (int i = 0; i < GM_GPU_OWN_ROWS; i++) {
        const int m = m0 + GM_GPU_ROW(GM_GPU_FIRST_ROW + i);
#ifdef GM_GPU_SPANS
        const int c = m % C, tap = m / C;
#else
        const int c = m;
#endif
        const int r = tap / S, s = tap % S;
#pragma unroll
        for (int j = 0; j < GM_GPU_SUMS / GM_GPU_RESULT_ROWS; j++) {
            const int k = k0 + GM_GPU_COLUMN(j);
            float value = sum[GM_GPU_RESULT(i, j)];
            if (m < m_end && k < K)
                GM_STORE(GM_Y, y, r * yr + s * ys + c * yc + k * yk, GM_EPILOGUE1(value, r, s, c, k));
        }
    }
}
#endif // GM_CONTRACT_OUTER_GPU

#ifdef GM_CONTRACT_SUM_GPU

GM_FUNCTION void GM_NAME(GM_PLACE, global const float *restrict partial, global GM_Y *y, int P, int C, int K, int R,
    int S, int y0, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    const int k = GM_ITEM, c = group.y, tap = group.z, r = tap / S, s = tap % S;
    if (k >= K)
        return;
    const int e = (tap * C + c) * K + k;
    float value = partial[e];
    for (int p = 1; p < P; p++)
        value += partial[(long)p * R * S * C * K + e];
    GM_STORE(GM_Y, y, y0 + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk, GM_EPILOGUE1(value, r, s, c, k));
}
#endif // GM_CONTRACT_SUM_GPU

#undef GM_X
#undef GM_W
#undef GM_Y
#undef GM_GPU_ROWS
#undef GM_GPU_COLUMNS
#undef GM_GPU_HIGH
#undef GM_GPU_WIDE
#undef GM_GPU_SLICES
#undef GM_GPU_A_LINES
#undef GM_GPU_B_LINES
#undef GM_GPU_A_VECTORS
#undef GM_GPU_B_VECTORS
#undef GM_GPU_SPANS
#undef GM_GPU_PADDED
#undef GM_GPU_EVEN
#undef GM_GPU_DEEP
#undef GM_GPU_MULTIPLY
#undef GM_GPU_FIRST_ROW
#undef GM_GPU_ADD_SLICES
#undef GM_GPU_SLICE_DEPTH
#undef GM_GPU_LONG
#undef GM_GPU_SHARE
#undef GM_GPU_EXCHANGED
#undef GM_GPU_EXCHANGED_AT
#undef GM_GPU_TILE_WORDS
#undef GM_GPU_PLACE
#undef GM_GPU_OWN_ROWS
#undef GM_GPU_CLEAR
#undef GM_GPU_A_WORDS
#undef GM_GPU_B_WORDS
#undef GM_GPU_ACROSS
#undef GM_GPU_ITEM_LINE
#undef GM_GPU_RESULT_ROWS
#undef GM_GPU_RESULT
#undef GM_GPU_ROW
#undef GM_GPU_COLUMN
#undef GM_GPU_TILES
#undef GM_GPU_STORE_ROWS
#undef GM_GPU_INSIDE
#undef GM_CONTRACT_BATCH
#undef GM_CONTRACT_ROWS_GPU
#undef GM_CONTRACT_OUTER_GPU
#undef GM_CONTRACT_SUM_GPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
