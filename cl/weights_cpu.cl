// Between weights in any order and panels, on CPUs: packing before a contraction, summing after one. A template: see
// contract.cl.

#ifdef GM_CONTRACT_PACK

// One panel, a range of channels. Columns are often a power of two apart, where they evict one another from the cache:
// whole blocks of 16 are read along the memory and transposed in registers.
static void GM_NAME(GM_PLACE, global const float *restrict w,
    global float *restrict packed, int w0, int wk, int wc, int wr, int ws, int C, int K, int R, int S)
{
#ifdef GM_CONTRACT_BATCH // a matrix a tap, one after the other
    w += (long)(group.z / S) * wr + (long)(group.z % S) * ws;
    packed += (long)group.z * groups.x * 16 * C;
    R = S = 1;
#endif
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

#undef GM_CONTRACT_BATCH
#undef GM_CONTRACT_PACK
#undef GM_CONTRACT_SUM_CPU
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE8
#undef GM_EPILOGUE1
