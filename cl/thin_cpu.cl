// Contractions with fewer outputs than a vector has lanes, on CPUs. A template: see contract.cl.

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

#undef GM_CONTRACT_PACK_THIN
#undef GM_CONTRACT_THIN_CPU
#undef GM_CONTRACT_OUTER_THIN_CPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
