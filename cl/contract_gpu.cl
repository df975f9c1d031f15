// Contractions on GPUs: tiles in local memory, weights read where they are. A template: see contract.cl.

#ifndef GM_EPILOGUE_PARAMS
#define GM_EPILOGUE_PARAMS
#endif
#ifndef GM_EPILOGUE8
#define GM_EPILOGUE8(v, h, w, n, k) (v)
#endif
#ifndef GM_EPILOGUE1
#define GM_EPILOGUE1(v, h, w, n, k) (v)
#endif

// How elements lie in memory: float, or an instance's own: half.
#ifndef GM_X
#define GM_X float
#endif
#ifndef GM_W
#define GM_W float
#endif
#ifndef GM_Y
#define GM_Y float
#endif

#ifndef GM_GPU_BLOCK // an instance's own: 8
#define GM_GPU_BLOCK 4
#endif

#ifndef GM_CONTRACT_GPU_ONCE
#define GM_CONTRACT_GPU_ONCE
// A work-group of 16 x 16 items makes a square of GM_GPU_TILE results, GM_GPU_BLOCK squared an item. It walks along the
// contraction in steps of GM_GPU_DEPTH words of GM_GPU_PACK values. With matrix.cl in the program words are what that
// says and matrix units multiply; else they are floats.
//   GM_GPU_ROW(e), GM_GPU_COLUMN(e)  where the sum e of an item lies in the tile
//   GM_GPU_<section>_LINE, _WORD     how far apart rows and words lie in local memory: items that are neighbours in
//                                    global memory store side by side, and lines are padded against bank conflicts
#define GM_GPU_TILE (16 * GM_GPU_BLOCK)
#define GM_GPU_SUMS (GM_GPU_BLOCK * GM_GPU_BLOCK)
#define GM_GPU_DEPTH 16
#ifdef GM_MATRIX_PACK

#define GM_GPU_PACK GM_MATRIX_PACK
#define GM_GPU_STEP (GM_GPU_DEPTH * GM_GPU_PACK)
#define GM_GPU_ROWS_LINE (GM_GPU_DEPTH + 4)
#define GM_GPU_ROWS_WORD 1
#define GM_GPU_OUTER_LINE 1
#define GM_GPU_OUTER_WORD (GM_GPU_TILE + 8)
#define GM_GPU_WORDS (GM_GPU_TILE * (GM_GPU_DEPTH + 4))
#define GM_GPU_ROW(e) gm_matrix_row(item, e)
#define GM_GPU_COLUMN(e) gm_matrix_column(item, e)
#define GM_GPU_LOCAL GM_MATRIX_LOCAL(exchange)
#define GM_GPU_ATTRIBUTE GM_MATRIX_ATTRIBUTE
#define gm_gpu_word gm_matrix_word
#define gm_gpu_multiply(a, b, line, word, item, sum, exchange) \
    gm_matrix_multiply(a, b, line, word, GM_GPU_DEPTH, item, sum, exchange)
typedef uint gm_gpu_operand;

#else

// An item's sums lie 16 apart, so that neighbours read neighbouring local memory and write neighbouring results.
#define GM_GPU_PACK 1
#define GM_GPU_STEP GM_GPU_DEPTH
#define GM_GPU_ROWS_LINE 1
#define GM_GPU_ROWS_WORD (GM_GPU_TILE + 1)
#define GM_GPU_OUTER_LINE GM_GPU_ROWS_LINE
#define GM_GPU_OUTER_WORD GM_GPU_ROWS_WORD
#define GM_GPU_WORDS (GM_GPU_DEPTH * (GM_GPU_TILE + 1))
#define GM_GPU_ROW(e) (item / 16 + (e) / GM_GPU_BLOCK * 16)
#define GM_GPU_COLUMN(e) (item % 16 + (e) % GM_GPU_BLOCK * 16)
#define GM_GPU_LOCAL local float *exchange = 0
#define GM_GPU_ATTRIBUTE
#define gm_gpu_word(value) ((value)[0])
typedef float gm_gpu_operand;

#define GM_GPU_MULTIPLY_FLOATS

#endif
#endif // GM_CONTRACT_GPU_ONCE

#if defined(GM_GPU_MULTIPLY_FLOATS) && !defined(GM_CONTRACT_SUM_GPU)
#define GM_GPU_JOIN(a, b) a##b
#define GM_GPU_JOINED(a, b) GM_GPU_JOIN(a, b)
#define GM_GPU_MULTIPLY GM_GPU_JOINED(GM_NAME, _multiply)

static void GM_GPU_MULTIPLY(local const float *a, local const float *b, int line, int word, int item,
    float sum[GM_GPU_SUMS], local float *exchange)
{
    for (int c = 0; c < GM_GPU_DEPTH; c++) {
        float u[GM_GPU_BLOCK], v[GM_GPU_BLOCK];
#pragma unroll
        for (int i = 0; i < GM_GPU_BLOCK; i++) {
            u[i] = a[c * word + (item / 16 + 16 * i) * line];
            v[i] = b[c * word + (item % 16 + 16 * i) * line];
        }
#pragma unroll
        for (int i = 0; i < GM_GPU_BLOCK; i++)
#pragma unroll
            for (int j = 0; j < GM_GPU_BLOCK; j++)
                sum[i * GM_GPU_BLOCK + j] = fma(u[i], v[j], sum[i * GM_GPU_BLOCK + j]);
    }
}
#else
#define GM_GPU_MULTIPLY gm_gpu_multiply
#endif

#ifdef GM_CONTRACT_ROWS_GPU

// Rows are (pixel, n) pairs. A tap is skipped where the whole tile lies in the padding (looked at for tiles of up to
// four pixels; every item decides alike, so the barriers stay uniform), else its invalid rows are zeros.
kernel __attribute__((reqd_work_group_size(16, 16, 1))) GM_GPU_ATTRIBUTE void GM_NAME(
    global const GM_X *restrict x, global const GM_W *restrict w, global GM_Y *y, int x0, int xh, int xw, int xn, int xc,
    int IH, int IW,
    int w0, int wk, int wc, int wr, int ws, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K,
    int R, int S, int ah, int bh, int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    local gm_gpu_operand a[GM_GPU_WORDS], b[GM_GPU_WORDS];
    GM_GPU_LOCAL;
    float sum[GM_GPU_SUMS];
    int item = 16 * (int)get_local_id(1) + (int)get_local_id(0);
    int k0 = GM_GPU_TILE * (int)get_group_id(0), m0 = GM_GPU_TILE * (int)get_group_id(1), total = OH * OW * N;
    int pixel0 = m0 / N, pixel1 = (min(m0 + GM_GPU_TILE, total) - 1) / N;
    bool x_rows = xc != 1, w_columns = wk <= wc; // which index neighbouring items take: the one closer in memory

    int row[GM_GPU_BLOCK], row_h[GM_GPU_BLOCK], row_w[GM_GPU_BLOCK]; // the rows this item loads
    long row_at[GM_GPU_BLOCK];
#pragma unroll
    for (int e = 0; e < GM_GPU_SUMS; e++)
        sum[e] = 0;
#pragma unroll
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
                used = gm_input_at(p / OW, r, ah, bh, dh, qh, IH) >= 0 &&
                       gm_input_at(p % OW, s, aw, bw, dw, qw, IW) >= 0;
            if (!used)
                continue;
            bool valid[GM_GPU_BLOCK];
            long at[GM_GPU_BLOCK];
#pragma unroll
            for (int i = 0; i < GM_GPU_BLOCK; i++) {
                int ih = row_h[i] < 0 ? -1 : gm_input_at(row_h[i], r, ah, bh, dh, qh, IH);
                int iw = gm_input_at(row_w[i], s, aw, bw, dw, qw, IW);
                valid[i] = ih >= 0 && iw >= 0;
                at[i] = row_at[i] + (long)ih * xh + (long)iw * xw;
            }
            for (int c0 = 0; c0 < C; c0 += GM_GPU_STEP) {
#pragma unroll
                for (int i = 0; i < GM_GPU_BLOCK; i++) {
                    float u[GM_GPU_PACK], v[GM_GPU_PACK];
                    int word = x_rows ? item / GM_GPU_TILE + 256 / GM_GPU_TILE * i : item % GM_GPU_DEPTH;
#pragma unroll
                    for (int p = 0; p < GM_GPU_PACK; p++) {
                        int c = c0 + word * GM_GPU_PACK + p;
                        u[p] = valid[i] && c < C ? GM_LOAD(GM_X, x, at[i] + (long)c * xc) : 0.0f;
                    }
                    a[word * GM_GPU_ROWS_WORD + row[i] * GM_GPU_ROWS_LINE] = gm_gpu_word(u);
                    word = w_columns ? item / GM_GPU_TILE + 256 / GM_GPU_TILE * i : item % GM_GPU_DEPTH;
                    int column = w_columns ? item % GM_GPU_TILE : item / GM_GPU_DEPTH + 16 * i, k = k0 + column;
#pragma unroll
                    for (int p = 0; p < GM_GPU_PACK; p++) {
                        int c = c0 + word * GM_GPU_PACK + p;
                        v[p] = c < C && k < K ?
                            GM_LOAD(GM_W, w, w0 + (long)k * wk + (long)c * wc + (long)r * wr + (long)s * ws) : 0.0f;
                    }
                    b[word * GM_GPU_ROWS_WORD + column * GM_GPU_ROWS_LINE] = gm_gpu_word(v);
                }
                barrier(CLK_LOCAL_MEM_FENCE);
                GM_GPU_MULTIPLY(a, b, GM_GPU_ROWS_LINE, GM_GPU_ROWS_WORD, item, sum, exchange);
                barrier(CLK_LOCAL_MEM_FENCE);
            }
        }
#pragma unroll
    for (int e = 0; e < GM_GPU_SUMS; e++) {
        int m = m0 + GM_GPU_ROW(e), k = k0 + GM_GPU_COLUMN(e);
        if (m >= total || k >= K)
            continue;
        int n = m % N, oh = m / N / OW, ow = m / N % OW;
        float value = sum[e];
        GM_STORE(GM_Y, y, y0 + (long)oh * yh + (long)ow * yw + (long)n * yn + (long)k * yk,
            GM_EPILOGUE1(value, oh, ow, n, k));
    }
}
#endif // GM_CONTRACT_ROWS_GPU

#ifdef GM_CONTRACT_OUTER_GPU

// Each item loads one word of both operands per step and column, so a row's position is found once.
kernel __attribute__((reqd_work_group_size(16, 16, 1))) GM_GPU_ATTRIBUTE void GM_NAME(
    global const GM_X *restrict x, global const GM_W *restrict g, global GM_Y *y, int x0, int xh, int xw, int xn, int xc,
    int IH, int IW,
    int g0, int gh, int gw, int gn, int gk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh, int dh,
    int qh, int aw, int bw, int dw, int qw, int y0, int yp, int yr, int ys, int yc, int yk GM_EPILOGUE_PARAMS)
{
    local gm_gpu_operand a[GM_GPU_WORDS], b[GM_GPU_WORDS];
    GM_GPU_LOCAL;
    float sum[GM_GPU_SUMS];
    int tx = (int)get_local_id(0), ty = (int)get_local_id(1), item = 16 * ty + tx;
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

#pragma unroll
    for (int e = 0; e < GM_GPU_SUMS; e++)
        sum[e] = 0;
    for (int row0 = begin; row0 < end; row0 += GM_GPU_STEP) {
        float u[GM_GPU_BLOCK][GM_GPU_PACK], v[GM_GPU_BLOCK][GM_GPU_PACK];
#pragma unroll
        for (int p = 0; p < GM_GPU_PACK; p++) {
            int row = row0 + ty * GM_GPU_PACK + p, pixel = row / N, n = row % N;
            int h = pixel / max(tw.count, 1), o = pixel % max(tw.count, 1);
            int oh = th.first + h * th.step, ow = tw.first + o * tw.step;
#pragma unroll
            for (int i = 0; i < GM_GPU_BLOCK; i++) {
                int l = tx + 16 * i, m = m0 + l, c = m, ih = th.in + h * th.in_step, iw = tw.in + o * tw.in_step;
                if (spans) {
                    c = m % C;
                    ih = gm_input_at(oh, m / C / S, ah, bh, dh, qh, IH);
                    iw = gm_input_at(ow, m / C % S, aw, bw, dw, qw, IW);
                }
                u[i][p] = row < end && m < m_end && ih >= 0 && iw >= 0 ?
                    GM_LOAD(GM_X, x, x0 + (long)ih * xh + (long)iw * xw + (long)n * xn + (long)c * xc) : 0.0f;
                v[i][p] = row < end && k0 + l < K ?
                    GM_LOAD(GM_W, g, g0 + (long)oh * gh + (long)ow * gw + (long)n * gn + (long)(k0 + l) * gk) : 0.0f;
            }
        }
#pragma unroll
        for (int i = 0; i < GM_GPU_BLOCK; i++) {
            int at = ty * GM_GPU_OUTER_WORD + (tx + 16 * i) * GM_GPU_OUTER_LINE;
            a[at] = gm_gpu_word(u[i]);
            b[at] = gm_gpu_word(v[i]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        GM_GPU_MULTIPLY(a, b, GM_GPU_OUTER_LINE, GM_GPU_OUTER_WORD, item, sum, exchange);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int e = 0; e < GM_GPU_SUMS; e++) {
        int m = m0 + GM_GPU_ROW(e), k = k0 + GM_GPU_COLUMN(e);
        if (m >= m_end || k >= K)
            continue;
        int c = spans ? m % C : m, r = (spans ? m / C : tap) / S, s = (spans ? m / C : tap) % S;
        float value = sum[e];
        GM_STORE(GM_Y, y, y0 + (long)split * yp + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk,
            GM_EPILOGUE1(value, r, s, c, k));
    }
}
#endif // GM_CONTRACT_OUTER_GPU

#ifdef GM_CONTRACT_SUM_GPU

kernel __attribute__((reqd_work_group_size(64, 1, 1))) void GM_NAME(global const float *restrict partial,
    global GM_Y *y, int P, int C, int K, int R, int S, int y0, int yr, int ys, int yc,
    int yk GM_EPILOGUE_PARAMS)
{
    int e = (int)get_global_id(0), whole = R * S * C * K;
    if (e >= whole)
        return;
    int k = e % K, c = e / K % C, s = e / K / C % S, r = e / K / C / S;
    float value = partial[e];
    for (int p = 1; p < P; p++)
        value += partial[(long)p * whole + e];
    GM_STORE(GM_Y, y, y0 + (long)r * yr + (long)s * ys + (long)c * yc + (long)k * yk, GM_EPILOGUE1(value, r, s, c, k));
}
#endif // GM_CONTRACT_SUM_GPU

#undef GM_X
#undef GM_W
#undef GM_Y
#undef GM_GPU_BLOCK
#undef GM_GPU_JOIN
#undef GM_GPU_JOINED
#undef GM_GPU_MULTIPLY
#undef GM_CONTRACT_ROWS_GPU
#undef GM_CONTRACT_OUTER_GPU
#undef GM_CONTRACT_SUM_GPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
