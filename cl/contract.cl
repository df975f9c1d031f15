// Contractions: every convolution, transposed convolution, their gradients, and matrix products.
//
// One map from an output position to an input position covers all of them (along each axis, here the height):
//     th = oh*ah + bh + r*dh,   valid iff th >= 0, th % qh == 0, th/qh < IH;   ih = th/qh
//     convolution            a = stride, b = -padding, d = dilation,  q = 1
//     transposed / dL/dx     a = 1,      b = padding,  d = -dilation, q = stride; they have no common factor
//     matrix product         every spatial size 1, a = q = 1, b = d = 0; n = row, c = contraction, k = column
//     P of them              every spatial size P, a = 1, b = 0, d = P - 1, q = P: position p meets tap p alone, at p
//   contract_rows, contract_thin    y[oh,ow,n,k]   = sum over valid r,s and c  of x[ih,iw,n,c] w[r,s,c,k]
//   contract_outer                  y[r,s,c,k]     = sum over valid oh,ow and n of x[ih,iw,n,c] g[oh,ow,n,k]
// Every operand has run-time strides (in elements, any sign or order). Channels innermost (stride 1) is what is fast.
//
// HOW TO USE. This text comes once in a program. Then, for each kernel: define GM_CONTRACT_<SECTION> and the instance
// macros, then include the section's file, which undefines at its end everything it was given: weights_cpu.cl (PACK,
// SUM), thin_cpu.cl and thin_gpu.cl (what has THIN in its name), contract_cpu.cl, outer_cpu.cl and contract_gpu.cl.
//   GM_NAME               the kernel's name
//   GM_EPILOGUE_PARAMS    further kernel parameters, beginning with a comma, or nothing
//   GM_EPILOGUE8(v,h,w,n,k) the float8 to store for outputs k..k+7 (k + 8 <= K always) of pixel (h,w), row n
//   GM_EPILOGUE1(v,h,w,n,k) the same for one output. In the outer family (h,w,n,k) = (r,s,c,k).
//   All arguments of the epilogues but v are int expressions. The GPU family uses GM_EPILOGUE1 only.
//   GM_CONTRACT_BATCH     defined, of PACK, ROWS_CPU and ROWS_GPU: P of the products above along each axis, whose taps
//                         need not be searched for
//   GM_X, GM_W, GM_Y      GPU: how the elements of x, of w or g, and of y lie in memory: float or half
//
// SECTIONS, parameters in order ("int" unless a pointer), work sizes. [a/b] rounds up. Local size (1,1,1) on CPU.
//
// PACK     contract_pack (w, packed, w0,wk,wc,wr,ws, C,K,R,S)
//     packed[K/16][R][S][C][16], the last panel filled with zeros: [K/16]*16*R*S*C floats.
//     global ([K/16], G, 1): G >= 1 groups of channels, any number; choose [C/64].
//     BATCH: packed[R][S][K/16][C][16]. global ([K/16], G, R*S)
// PACK_THIN contract_pack_thin (w, packed, w0,wk,wc,wr,ws, C,K,R,S)
//     packed[K][R][S][C8], C8 = C rounded up to 8, filled with zeros: K*R*S*C8 floats. global (K, 1, 1)
// ROWS_CPU  contract_rows_cpu (x, packed, y, x0,xh,xw,xn,xc, IH,IW, y0,yh,yw,yn,yk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw  GM_EPILOGUE_PARAMS)
//     global ([K/32], G, OH*OW): G >= 1 groups of rows. Choose G = [N/96], more (up to [N/6]) only where there
//     are fewer than 16 work-groups in all. Weights from contract_pack.
//     GM_CONTRACT_OWN_PANELS, of a BATCH: the most channels, of which each work-group packs what it needs itself. w
//     stands for packed, and w0,wk,wc,wr,ws follow IW. GM_CONTRACT_IN_PLACE: nothing is packed; wk = 1, K = 16 panels.
// THIN_CPU  contract_thin_cpu: the parameters of ROWS_CPU, weights from contract_pack_thin; x needs xc = 1.
//     For K < 8 and C >= 8. global (G, OH*OW, 1): G >= 1 groups of rows, as for ROWS_CPU, up to [N/4].
// OUTER_CPU contract_outer_cpu (x, g, y, x0,xh,xw,xn,xc, IH,IW, g0,gh,gw,gn,gk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw, y0,yp,yr,ys,yc,yk  GM_EPILOGUE_PARAMS)
//     global ([K/64], M, P): M = R*S*[C/64] if C >= 8, else [R*S*C/64] (tiles then span taps).
//     P >= 1 splits of the rows; split p writes at y0 + p*yp. P = 1 writes the result itself. Else y is a scratch
//     buffer of P*R*S*C*K floats, y0 = 0, yp = R*S*C*K, yr = S*C*K, ys = C*K, yc = K, yk = 1, and SUM follows. Scratch
//     and SUM also pay with P = 1 when neither yk nor yc is 1 (row-major convolution weights). The epilogue belongs to
//     the last of the two. Choose P = 1 where there are 16 work-groups without it, else [16/groups], at most
//     [OH*OW*N/256]; more where there are more than four cores.
//     Swap where yc = 1 and yk != 1 (a dense layer's row-major (K,C) gradient), and where K < 8 <= C and OH*OW > 1: x
//     and g change places with their strides, C and K too, yc and yk, (IH,IW) and (OH,OW), and the map becomes its
//     inverse, (a,b,d,q) = (stride,-pad,dilation,1) <-> (1,pad,-dilation,stride).
// OUTER_THIN_CPU: the parameters of OUTER_CPU; needs xc = 1. For K < 8 and C >= 8 where a tap meets one position
//     (OH*OW = 1): nothing is packed, the result is written itself. global (K, R*S*[C/64], 1)
// SUM_CPU   contract_sum_cpu (partial, y, P, C,K,R,S, y0,yr,ys,yc,yk  GM_EPILOGUE_PARAMS)
//     y = the partials [P][R][S][C][K] added in order. global ([K/16], C, 1): neighbours read side by side
//
// GPU family: tiles of GM_GPU_ROWS x GM_GPU_COLUMNS results, 128 x 128, 128 x 64 or 64 x 64; 64 x 32 or 32 x 32 not with
// matrix.cl. GM_GPU_SLICES items have the same GM_GPU_HIGH x GM_GPU_WIDE of them. Weights are read where they are, through strides: no packing. In a
// program that has matrix.cl before it, ROWS and OUTER round their operands as that says and multiply on
// matrix units. An instance says how its operands a (x) and b (w, or g) lie, whatever the strides are:
//   GM_GPU_A_LINES, GM_GPU_B_LINES     1: items load along a's rows, b's columns; 0: along the contraction. OUTER: 1.
//                                      ROWS: a's only for products (a phase has one pixel, which meets one tap)
//   GM_GPU_A_VECTORS, GM_GPU_B_VECTORS 1: that axis has stride 1, and its length, the other strides and the offset are
//                                      multiples of 4
//   GM_GPU_PADDED                      0: of products, which have no padding
//   GM_GPU_EVEN, GM_GPU_DEEP           1: C is a multiple of a step; and a contraction is so long that steps of 32 do
//   GM_GPU_SPANS                       defined: OUTER's rows, or the contraction of ROWS, span taps, for C < 8; ROWS: both
//                                      operands along the contraction
// local (L, 1, 1), L = GM_GPU_SLICES GM_GPU_ROWS GM_GPU_COLUMNS / (GM_GPU_HIGH GM_GPU_WIDE).
// ROWS_GPU  contract_rows_gpu (x, w, y, x0,xh,xw,xn,xc, IH,IW, w0,wk,wc,wr,ws, y0,yh,yw,yn,yk, OH,OW, N,C,K,R,S,
//                              ah,bh,dh,qh, aw,bw,dw,qw  GM_EPILOGUE_PARAMS); where q > 1, a = 1
//     global (L [K/COLUMNS], [[OH/qh] [OW/qw] N / ROWS], qh qw): phases of the output's pixels. OH*OW*N < 2^31.
// THIN_GPU  contract_thin_gpu (thin_gpu.cl): the parameters of ROWS_GPU. For K < 8 and C >= 8: a sum along channels by
//     neighbours, in float32 always. GM_THIN_K: K; of the above GM_GPU_A_VECTORS and GM_GPU_B_VECTORS, along the
//     contraction. global (256, [[OH/qh] [OW/qw] N / 64], qh qw), local (256, 1, 1)
// OUTER_GPU contract_outer_gpu: the parameters of OUTER_CPU. global (L [K/COLUMNS], M, P)
//     M = R*S*[C/ROWS], or [R*S*C/ROWS] where GM_GPU_SPANS is defined; P and the scratch as for OUTER_CPU (P so that
//     there are a few groups for every compute unit); swap likewise.
// SUM_GPU   contract_sum_gpu: the parameters of SUM_CPU. global (K rounded up to 64, C, R*S), local (64, 1, 1)

// Rows of a CPU register tile, by GM_WIDTH, the floats that a register of the device holds. 16: there are enough for two
// panels of 16 columns side by side, 8 x 32 sums, where each value loaded serves two multiply-adds, which 8 x 16 leave
// waiting for one another; 8 divides the usual batches. 8: 6 x 16 sums fill AVX2's sixteen. 4: 6 x 16 fit ARM's
// thirty-two, 2 x 16 the sixteen of old x86. An instance of ROWS_CPU may bring its own, GM_ROWS_TILE and GM_ROWS_EACH.
#define GM_EACH_2(F) F(0) F(1)
#define GM_EACH_6(F) F(0) F(1) F(2) F(3) F(4) F(5)
#define GM_EACH_8(F) GM_EACH_6(F) F(6) F(7)
#define GM_EACH_12(F) GM_EACH_8(F) F(8) F(9) F(10) F(11)
#if GM_WIDTH == 16
#define GM_CONTRACT_TILE 8
#define GM_EACH_ROW GM_EACH_8
#define GM_CONTRACT_WIDE
#elif GM_WIDTH == 4 && !defined(__aarch64__)
#define GM_CONTRACT_TILE 2
#define GM_EACH_ROW GM_EACH_2
#else
#define GM_CONTRACT_TILE 6
#define GM_EACH_ROW GM_EACH_6
#endif

// The valid taps of one output position along one axis: taps first, first + step, ... read positions in, in + in_step,
// ... They are an arithmetic progression, since th is linear in the tap.
typedef struct {
    int first, count, step, in, in_step;
} gm_taps;

// Whether all taps of position o, whose first is at a o + b and the others d apart, lie inside.
static bool gm_all_inside(int o, int a, int b, int d, int inputs, int taps)
{
    int first = a * o + b, last = first + d * (taps - 1);
    return min(first, last) >= 0 && max(first, last) < inputs;
}

static gm_taps gm_valid_taps(int o, int a, int b, int d, int q, int inputs, int taps)
{
    gm_taps t = {0, 0, 1, 0, 0};
    for (int r = 0; r < taps; r++) {
        int th = o * a + b + r * d;
        if (th < 0 || th % q != 0 || th / q >= inputs)
            continue;
        if (t.count == 0) {
            t.first = r;
            t.in = th / q;
        } else if (t.count == 1) {
            t.step = r - t.first;
            t.in_step = th / q - t.in;
        }
        t.count++;
    }
    return t;
}

// The input position of an output position and a tap, or -1.
static int gm_input_at(int o, int r, int a, int b, int d, int q, int inputs)
{
    int th = o * a + b + r * d;
    return th < 0 || th % q != 0 || th / q >= inputs ? -1 : th / q;
}

// The sum over each vector's elements.
static float4 gm_sum_each(float8 a, float8 b, float8 c, float8 d)
{
    float4 p = a.lo + a.hi, q = b.lo + b.hi, r = c.lo + c.hi, s = d.lo + d.hi;
    return (float4)(p.x + p.z, q.x + q.z, r.x + r.z, s.x + s.z) + (float4)(p.y + p.w, q.y + q.w, r.y + r.w, s.y + s.w);
}

static float8 gm_interleave_low(float8 a, float8 b)
{
    return (float8)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3);
}

static float8 gm_interleave_high(float8 a, float8 b)
{
    return (float8)(a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);
}

// Transposes a 16 x 16 block, by blocks of 8 x 8 in registers: three rounds of interleaving vectors i and i + 4. A loop,
// since as straight text it took compilers seconds.
static void gm_transpose(const float *from, float *to)
{
#pragma unroll 1
    for (int part = 0; part < 4; part++) {
        const int row = part / 2 * 8, column = part % 2;
        float8 v[8], t[8];
#pragma unroll
        for (int i = 0; i < 8; i++)
            v[i] = vload8(2 * (row + i) + column, from);
#pragma unroll
        for (int round = 0; round < 3; round++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                t[2 * i] = gm_interleave_low(v[i], v[i + 4]);
                t[2 * i + 1] = gm_interleave_high(v[i], v[i + 4]);
            }
#pragma unroll
            for (int i = 0; i < 8; i++)
                v[i] = t[i];
        }
#pragma unroll
        for (int i = 0; i < 8; i++)
            vstore8(v[i], 2 * (8 * column + i) + row / 8, to);
    }
}

// Up to 16 columns of a matrix as a panel, the last filled with zeros.
static void gm_pack_panel(global const float *w, int wk, int wc, int C, int columns, float *panel)
{
    int c = 0;
    if (columns == 16 && wc == 1)
        for (; c + 16 <= C; c += 16) {
            float block[16 * 16];
            for (int k = 0; k < 16; k++)
                vstore16(vload16(0, w + (long)k * wk + c), k, block);
            gm_transpose(block, panel + 16 * c);
        }
    for (; c < C; c++) {
        global const float *at = w + (long)c * wc;
        if (columns == 16 && wk == 1)
            vstore16(vload16(0, at), c, panel);
        else
            for (int k = 0; k < 16; k++)
                panel[16 * c + k] = k < columns ? at[(long)k * wk] : 0.0f;
    }
}

// ---- GPUs ----

// An instance's function of that name.
#define GM_GPU_JOIN(a, b) a##b
#define GM_GPU_JOINED(a, b) GM_GPU_JOIN(a, b)
#define GM_GPU_OWN(function) GM_GPU_JOINED(GM_NAME, function)

// Of kernels with these functions: items that run in step, where a compiler has the choice and its own would not do.
#if defined(GM_MATRIX_ATTRIBUTE)
#define GM_GPU_ATTRIBUTE GM_MATRIX_ATTRIBUTE
#elif defined(GM_GPU_SUBGROUP)
#define GM_GPU_ATTRIBUTE __attribute__((intel_reqd_sub_group_size(GM_GPU_SUBGROUP)))
#else
#define GM_GPU_ATTRIBUTE
#endif
#ifdef GM_GPU_SUBGROUP
#define GM_GPU_UNROLL 2 // fewer values at a time, where registers are few
#else
#define GM_GPU_UNROLL GM_GPU_DEPTH
#endif
#ifndef GM_GPU_FEW_REGISTERS
#define GM_GPU_FEW_REGISTERS 0
#endif

// Four neighbours, aligned.
#define GM_GPU_LOAD4(T, p) GM_GPU_LOAD4_AS(T, p)
#define GM_GPU_LOAD4_AS(T, p) GM_GPU_LOAD4_##T(p)
#define GM_GPU_LOAD4_float(p) (*(global const float4 *)(p))
#define GM_GPU_LOAD4_half(p) vload_half4(0, p)

// The taps of one phase of outputs o = phase + q i along an axis: first, first + q, ... Tap t of them reads
// a i + base + d t.
typedef struct {
    int first, count, a, base;
} gm_gpu_taps;

static gm_gpu_taps gm_gpu_phase_taps(int phase, int a, int b, int d, int q, int taps)
{
    gm_gpu_taps t = {0, taps, a, b};
    if (q > 1) { // then a is 1
        while (t.first < taps && (phase + b + t.first * d) % q != 0)
            t.first++;
        t.count = (taps - t.first + q - 1) / q;
        t.base = (phase + b + t.first * d) / q;
    }
    return t;
}

// Of those, (first, end) which the outputs i0 to i1 need: others meet padding alone.
static int2 gm_gpu_used_taps(gm_gpu_taps t, int d, int i0, int i1, int inputs)
{
    int2 used = (int2)(t.count, 0);
    for (int k = 0; k < t.count; k++)
        if (i1 * t.a + t.base + d * k >= 0 && i0 * t.a + t.base + d * k < inputs)
            used = (int2)(min(used.x, k), k + 1);
    return used;
}

// Four elements so far apart, zeros from `count` on; where vectors can be loaded, all are there or none.
#define GM_GPU_LOADER(NAME, T, vectors)                                                                                 \
    static float4 NAME(global const T *from, int stride, int count)                                                     \
    {                                                                                                                   \
        if (vectors)                                                                                                    \
            return count > 0 ? GM_GPU_LOAD4(T, from) : (float4)(0.0f);                                                  \
        return (float4)(count > 0 ? GM_LOAD(T, from, 0) : 0.0f, count > 1 ? GM_LOAD(T, from, stride) : 0.0f,            \
            count > 2 ? GM_LOAD(T, from, 2 * stride) : 0.0f, count > 3 ? GM_LOAD(T, from, 3 * stride) : 0.0f);          \
    }
