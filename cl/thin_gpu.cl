// Contractions on GPUs to few outputs: bound by reading x, which tiles of outputs would read for padding. A template: see
// contract.cl.

#ifndef GM_THIN_GPU_ONCE
#define GM_THIN_GPU_ONCE
// A work-group of 256 items makes 64 rows of GM_THIN_K results: 16 neighbours share a row, so that they read its channels
// side by side, and each has GM_THIN_ROWS rows. Their sums meet in local memory.
#define GM_THIN_LANES 16
#define GM_THIN_ROWS 4
#endif // GM_THIN_GPU_ONCE

enum { GM_GPU_OWN(_local) = GM_THIN_ROWS * GM_THIN_K * 256 };
GM_GPU_LOADER(GM_GPU_OWN(_load_x), GM_X, GM_GPU_A_VECTORS)
GM_GPU_LOADER(GM_GPU_OWN(_load_w), GM_W, GM_GPU_B_VECTORS)

GM_FUNCTION void GM_NAME(GM_PLACE, local float *l, global const GM_X *restrict x, global const GM_W *restrict w,
    global GM_Y *restrict y, int x0, int xh, int xw, int xn, int xc, int IH, int IW, int w0, int wk, int wc, int wr,
    int ws, int y0, int yh, int yw, int yn, int yk, int OH, int OW, int N, int C, int K, int R, int S, int ah, int bh,
    int dh, int qh, int aw, int bw, int dw, int qw GM_EPILOGUE_PARAMS)
{
    const int item = (int)get_local_id(0), lane = item % GM_THIN_LANES, own = item / GM_THIN_LANES;
    const int m0 = 256 / GM_THIN_LANES * GM_THIN_ROWS * group.y, phase_h = group.z / qw, phase_w = group.z % qw;
    const int PW = (OW - phase_w + qw - 1) / qw, total = (OH - phase_h + qh - 1) / qh * PW * N;
    if (m0 >= total)
        return;
    const gm_gpu_taps taps_h = gm_gpu_phase_taps(phase_h, ah, bh, dh, qh, R);
    const gm_gpu_taps taps_w = gm_gpu_phase_taps(phase_w, aw, bw, dw, qw, S);
    int row_h[GM_THIN_ROWS], row_w[GM_THIN_ROWS], at[GM_THIN_ROWS];
    float sum[GM_THIN_ROWS][GM_THIN_K];
#pragma unroll
    for (int i = 0; i < GM_THIN_ROWS; i++) {
        const int m = min(m0 + own + 256 / GM_THIN_LANES * i, total - 1); // beyond the last: the last, not stored
        row_h[i] = m / N / PW * taps_h.a + taps_h.base;
        row_w[i] = m / N % PW * taps_w.a + taps_w.base;
        at[i] = x0 + m % N * xn + row_h[i] * xh + row_w[i] * xw;
#pragma unroll
        for (int k = 0; k < GM_THIN_K; k++)
            sum[i][k] = 0;
    }
    for (int t_h = 0; t_h < taps_h.count; t_h++)
        for (int t_w = 0; t_w < taps_w.count; t_w++)
            for (int c = 4 * lane; c < C; c += 4 * GM_THIN_LANES) {
                float4 v[GM_THIN_K];
#pragma unroll
                for (int k = 0; k < GM_THIN_K; k++)
                    v[k] = GM_GPU_OWN(_load_w)(w + (w0 + k * wk + c * wc + (taps_h.first + t_h * qh) * wr +
                        (taps_w.first + t_w * qw) * ws), wc, C - c);
#pragma unroll
                for (int i = 0; i < GM_THIN_ROWS; i++) {
                    const bool valid = (uint)(row_h[i] + t_h * dh) < (uint)IH && (uint)(row_w[i] + t_w * dw) < (uint)IW;
                    const float4 u =
                        GM_GPU_OWN(_load_x)(x + (at[i] + t_h * dh * xh + t_w * dw * xw + c * xc), xc, valid ? C - c : 0);
#pragma unroll
                    for (int k = 0; k < GM_THIN_K; k++)
                        sum[i][k] = fma(u.x, v[k].x, fma(u.y, v[k].y, fma(u.z, v[k].z, fma(u.w, v[k].w, sum[i][k]))));
                }
            }
#pragma unroll
    for (int i = 0; i < GM_THIN_ROWS; i++)
#pragma unroll
        for (int k = 0; k < GM_THIN_K; k++)
            l[(i * GM_THIN_K + k) * 256 + item] = sum[i][k];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = item; e < 256 / GM_THIN_LANES * GM_THIN_ROWS * GM_THIN_K; e += 256) {
        const int r = e % (256 / GM_THIN_LANES), ik = e / (256 / GM_THIN_LANES), k = ik % GM_THIN_K;
        const int m = m0 + r + 256 / GM_THIN_LANES * (ik / GM_THIN_K);
        if (m >= total)
            continue;
        float value = 0;
        for (int j = 0; j < GM_THIN_LANES; j++) // each row begins elsewhere, at another bank
            value += l[ik * 256 + r * GM_THIN_LANES + (j + r) % GM_THIN_LANES];
        const int n = m % N, oh = phase_h + m / N / PW * qh, ow = phase_w + m / N % PW * qw;
        GM_STORE(GM_Y, y, y0 + (long)oh * yh + (long)ow * yw + (long)n * yn + (long)k * yk,
            GM_EPILOGUE1(value, oh, ow, n, k));
    }
}

#undef GM_X
#undef GM_W
#undef GM_Y
#undef GM_THIN_K
#undef GM_GPU_A_VECTORS
#undef GM_GPU_B_VECTORS
#undef GM_CONTRACT_THIN_GPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
