// Fast convolutions on GPUs: the transforms around products that contract_gpu.cl makes. A template as that is, after
// contract.cl; fast_cpu.cl tells how a convolution of any stride becomes correlations of stride 1, with whose names:
//     values, taps -> GM_FAST_FROM x GM_FAST_FROM of them to points (FAST_POINTS) -> one product for each point (ROWS_GPU)
//     -> GM_FAST_FROM x GM_FAST_FROM points to results, or to gradients of taps (FAST_RESULTS)
// What is transformed together lies in a plane for each point: matrices of `lines` rows, so many channels wide. The points
// of the output's phases lie beside one another along both axes: plane (po_h N + p_h) out N + po_w N + p_w.
//
// Instance macros: GM_FAST_FROM, GM_FAST_TO, GM_FAST_AXIS (from, stride, to, stride): FROM floats -> TO;
//   GM_FAST_LINES  1: neighbouring items have neighbouring lines; 0: neighbouring channels
//
// FAST_POINTS  (x, v, x0,xh,xw,xn,xc, H,W,N,C, TW,lines, in,out, tile_step,step, h0,h1,w0,w1, vl,vd,plane)
//     Line l is image l % N of tile l / N, TW of them beside one another; channel d is c = d % C of the input's phase d / C.
//     It reads, zeros outside,
//       x[tile_h tile_step + pi_h + first_h + i step, tile_w tile_step + pi_w + first_w + j step, n, c],
//     first_h being h0 or h1, first_w w0 or w1, by the output's phase. Of taps a line is an output.
//     global ([lines in in C / 64] 64, out out, 1)
// FAST_RESULTS (v, y, y0,yh,yw,yn,yk, H,W,N,K, TW,lines,out, tile_step,step, vl,vk,plane  GM_EPILOGUE_PARAMS)
//     Writes, where it lies inside, y[tile_h tile_step + po_h + i step, tile_w tile_step + po_w + j step, n, k]. Of
//     gradients of taps a tile is a phase of the input, and n a channel. global ([lines K / 64] 64, out out, 1)

#if defined(GM_FAST_POINTS_GPU) || defined(GM_FAST_RESULTS_GPU)

// Along one axis, then along the other.
static void GM_GPU_OWN(_transform)(float *s, float *t)
{
    float room[GM_FAST_FROM * GM_FAST_TO];
#pragma unroll
    for (int i = 0; i < GM_FAST_FROM; i++)
        GM_FAST_AXIS(s + i * GM_FAST_FROM, 1, room + i * GM_FAST_TO, 1);
#pragma unroll
    for (int j = 0; j < GM_FAST_TO; j++)
        GM_FAST_AXIS(room + j, GM_FAST_TO, t + j, GM_FAST_TO);
}

#endif

#ifdef GM_FAST_POINTS_GPU

GM_FUNCTION void GM_NAME(GM_PLACE, global const GM_X *restrict x, global float *restrict v, int x0, int xh, int xw,
    int xn, int xc, int H, int W, int N, int C, int TW, int lines, int in, int out, int tile_step, int step, int h0, int h1,
    int w0, int w1, int vl, int vd, int plane)
{
    const int item = GM_ITEM, D = in * in * C, po_h = group.y / out, po_w = group.y % out;
    if (item >= lines * D)
        return;
    const int l = GM_FAST_LINES ? item % lines : item / D, d = GM_FAST_LINES ? item / lines : item % D;
    const int pi = d / C, tile = l / N;
    const int h = tile / TW * tile_step + pi / in + (po_h == 0 ? h0 : h1);
    const int w = tile % TW * tile_step + pi % in + (po_w == 0 ? w0 : w1);
    const int at = x0 + (l - tile * N) * xn + (d - pi * C) * xc + h * xh + w * xw;
    float s[GM_FAST_FROM * GM_FAST_FROM], t[GM_FAST_TO * GM_FAST_TO];
#pragma unroll
    for (int i = 0; i < GM_FAST_FROM; i++)
#pragma unroll
        for (int j = 0; j < GM_FAST_FROM; j++) {
            const bool there = (uint)(h + i * step) < (uint)H && (uint)(w + j * step) < (uint)W;
            s[i * GM_FAST_FROM + j] = there ? GM_LOAD(GM_X, x, at + i * step * xh + j * step * xw) : 0.0f;
        }
    GM_GPU_OWN(_transform)(s, t);
    v += (po_h * out * GM_FAST_TO + po_w) * GM_FAST_TO * plane + l * vl + d * vd;
#pragma unroll
    for (int i = 0; i < GM_FAST_TO; i++)
#pragma unroll
        for (int j = 0; j < GM_FAST_TO; j++)
            v[(i * out * GM_FAST_TO + j) * plane] = t[i * GM_FAST_TO + j];
}
#endif // GM_FAST_POINTS_GPU

#ifdef GM_FAST_RESULTS_GPU

GM_FUNCTION void GM_NAME(GM_PLACE, global const float *restrict v, global GM_Y *restrict y, int y0, int yh, int yw, int yn,
    int yk, int H, int W, int N, int K, int TW, int lines, int out, int tile_step, int step, int vl, int vk,
    int plane GM_EPILOGUE_PARAMS)
{
    const int item = GM_ITEM, po_h = group.y / out, po_w = group.y % out;
    if (item >= lines * K)
        return;
    const int l = GM_FAST_LINES ? item % lines : item / K, k = GM_FAST_LINES ? item / lines : item % K;
    const int tile = l / N, n = l - tile * N;
    float s[GM_FAST_FROM * GM_FAST_FROM], t[GM_FAST_TO * GM_FAST_TO];
    v += (po_h * out * GM_FAST_FROM + po_w) * GM_FAST_FROM * plane + l * vl + k * vk;
#pragma unroll
    for (int i = 0; i < GM_FAST_FROM; i++)
#pragma unroll
        for (int j = 0; j < GM_FAST_FROM; j++)
            s[i * GM_FAST_FROM + j] = v[(i * out * GM_FAST_FROM + j) * plane];
    GM_GPU_OWN(_transform)(s, t);
#pragma unroll
    for (int i = 0; i < GM_FAST_TO; i++)
#pragma unroll
        for (int j = 0; j < GM_FAST_TO; j++) {
            const int h = tile / TW * tile_step + po_h + i * step, w = tile % TW * tile_step + po_w + j * step;
            const float value = t[i * GM_FAST_TO + j];
            if (h < H && w < W)
                GM_STORE(GM_Y, y, y0 + (long)h * yh + (long)w * yw + (long)n * yn + (long)k * yk,
                    GM_EPILOGUE1(value, h, w, n, k));
        }
}
#endif // GM_FAST_RESULTS_GPU

#undef GM_FAST_POINTS_GPU
#undef GM_FAST_RESULTS_GPU
#undef GM_FAST_FROM
#undef GM_FAST_TO
#undef GM_FAST_AXIS
#undef GM_FAST_LINES
#undef GM_X
#undef GM_Y
#undef GM_NAME
#undef GM_EPILOGUE_PARAMS
#undef GM_EPILOGUE1
