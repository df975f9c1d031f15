// Contractions by rows on CPUs: one work-item a work-group, explicit vectors, packed weights. A template: see
// contract.cl.

#ifdef GM_CONTRACT_ROWS_CPU
#ifndef GM_ROWS_TILE
#define GM_ROWS_TILE GM_CONTRACT_TILE
#define GM_ROWS_EACH GM_EACH_ROW
#endif
#if defined(GM_CONTRACT_OWN_PANELS) || defined(GM_CONTRACT_IN_PLACE)
#define GM_ROWS_WEIGHTS , int w0, int wk, int wc, int wr, int ws
#else
#define GM_ROWS_WEIGHTS
#endif
#ifdef GM_CONTRACT_OWN_PANELS
#define GM_ROWS_SPACE private
#else
#define GM_ROWS_SPACE global
#endif
#ifdef GM_CONTRACT_IN_PLACE
#define GM_ROWS_STEP wc
#else
#define GM_ROWS_STEP 16
#endif

// One output pixel, two panels of 16 columns, one group of rows. All rows share the pixel's valid taps, so padding costs
// nothing. Rows past N repeat row N - 1 and are not stored.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void GM_NAME(global const float *restrict x,
    global const float *restrict packed, global float *y, int x0, int xh, int xw, int xn, int xc, int IH,
    int IW GM_ROWS_WEIGHTS, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S,
    int ah, int bh, int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    int oh = (int)get_group_id(2) / OW, ow = (int)get_group_id(2) % OW, k0 = 32 * (int)get_group_id(0);
    int columns = min(32, K - k0);
    int tiles = (N + GM_ROWS_TILE - 1) / GM_ROWS_TILE;
    int groups = (int)get_num_groups(1), group = (int)get_group_id(1);
    int n_begin = (int)((long)tiles * group / groups) * GM_ROWS_TILE;
    int n_end = min(N, (int)((long)tiles * (group + 1) / groups) * GM_ROWS_TILE);
#ifdef GM_CONTRACT_BATCH // product p meets tap p alone, at p
    gm_taps tr = {oh, 1, 1, oh, 0}, ts = {ow, 1, 1, ow, 0};
#else
    gm_taps tr = gm_valid_taps(oh, ah, bh, dh, qh, IH, R), ts = gm_valid_taps(ow, aw, bw, dw, qw, IW, S);
#endif
    x += x0 + (long)tr.in * xh + (long)ts.in * xw;
    y += y0 + (long)oh * yh + (long)ow * yw;
#ifdef GM_CONTRACT_OWN_PANELS
    long panel = (long)C * 16;
    float panels[2 * GM_CONTRACT_OWN_PANELS * 16];
    packed += w0 + (long)oh * wr + (long)ow * ws + (long)k0 * wk;
    for (int q = 0; 16 * q < columns; q++)
        gm_pack_panel(packed + 16L * q * wk, wk, wc, C, min(16, columns - 16 * q), panels + q * panel);
#elif defined(GM_CONTRACT_IN_PLACE)
    long panel = 16;
    global const float *panels = packed + w0 + (long)oh * wr + (long)ow * ws + k0;
#elif defined(GM_CONTRACT_BATCH)
    long panel = (long)C * 16;
    global const float *panels = packed + (((long)oh * OW + ow) * ((K + 15) / 16) + k0 / 16) * panel;
#else
    long panel = (long)R * S * C * 16;
    global const float *panels = packed + ((((long)k0 / 16) * R + tr.first) * S + ts.first) * C * 16;
#endif
    long xi = (long)tr.in_step * xh, xj = (long)ts.in_step * xw;
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
                    global const float *a = x + i * xi + j * xj;
                    GM_ROWS_SPACE const float *b = panels + i * pi + j * pj;
                    for (int c = 0; c < C; c++) {
                        float16 column = vload16(0, b), next = vload16(0, b + panel), value;
#define GM_ROW(i) value = (float16)a[at##i], sum##i = fma(value, column, sum##i), more##i = fma(value, next, more##i);
                        GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
                        a += xc;
                        b += GM_ROWS_STEP;
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
                    global const float *a = x + i * xi + j * xj;
                    GM_ROWS_SPACE const float *b = panels + q * panel + i * pi + j * pj;
                    for (int c = 0; c < C; c++) {
                        float16 column = vload16(0, b);
#define GM_ROW(i) sum##i = fma((float16)a[at##i], column, sum##i);
                        GM_ROWS_EACH(GM_ROW)
#undef GM_ROW
                        a += xc;
                        b += GM_ROWS_STEP;
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
#undef GM_ROWS_SPACE
#undef GM_ROWS_STEP
#undef GM_ROWS_WEIGHTS
#endif // GM_CONTRACT_ROWS_CPU

#undef GM_ROWS_TILE
#undef GM_ROWS_EACH
#undef GM_CONTRACT_BATCH
#undef GM_CONTRACT_OWN_PANELS
#undef GM_CONTRACT_IN_PLACE
#undef GM_CONTRACT_ROWS_CPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
