// Products of tiles on matrix units: sum += a b with operands of a lower precision and sums in float32.
//
// The program's options name the operands, GM_MATRIX_TF32 (11 significant bits) or GM_MATRIX_BF16 (8), and who
// multiplies: GM_MATRIX_NVIDIA, or GM_MATRIX_EMULATED, which any device can run (for tests: it is slow). A device's
// driver may compile the former and yet compute something else: gm_device_matrix runs matrix_probe first.
//
// A word is what a 32-bit register holds of an operand: GM_MATRIX_PACK values that are neighbours along the
// contraction, the first in the low bits. A fragment is a matrix spread over the 32 items of a sub-group, the items
// whose linear local ids begin with a multiple of 32:
//     a     16 rows x 8 words, 4 to an item
//     b      8 words x 8 columns, 2 to an item
//     sum   16 rows x 8 columns, 4 to an item: number d at gm_matrix_row(item, d), gm_matrix_column(item, d)
// Counted in words, the layouts of PTX's mma.m16n8k8 (tf32) and mma.m16n8k16 (bf16) are one and the same.
//
// gm_matrix_multiply is collective: every item of the work-group calls it, in the same order.
// GM_MATRIX_LOCAL(name, items) among a kernel's declarations makes the local memory that it may need.

#if defined(GM_MATRIX_NVIDIA) && !defined(__NV_CL_C_VERSION)
#error "no NVIDIA compiler"
#endif

#ifdef GM_MATRIX_BF16
#define GM_MATRIX_PACK 2
#define GM_MATRIX_KEPT 0xffff0000u
#else
#define GM_MATRIX_PACK 1
#define GM_MATRIX_KEPT 0xffffe000u
#endif
#define GM_MATRIX_ITEMS 32
#define GM_MATRIX_ROWS 16
#define GM_MATRIX_COLUMNS 8
#define GM_MATRIX_WORDS 8

// x to the nearest number of that precision, ties to even, as float32's bits. The addition carries into the exponent
// and makes infinity of what lies beyond the largest number, but would wrap a NaN.
static uint gm_matrix_round(float x)
{
    uint bits = as_uint(x), lowest = ~GM_MATRIX_KEPT + 1;
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (bits | 0x00400000u) & GM_MATRIX_KEPT;
    return (bits + lowest / 2 - 1 + ((bits & lowest) != 0)) & GM_MATRIX_KEPT;
}

static uint gm_matrix_word(const float value[GM_MATRIX_PACK])
{
#if GM_MATRIX_PACK == 2
    return gm_matrix_round(value[0]) >> 16 | gm_matrix_round(value[1]);
#else
    return gm_matrix_round(value[0]);
#endif
}

static int gm_matrix_row(int item, int d)
{
    return item % GM_MATRIX_ITEMS / 4 + 8 * (d / 2);
}

static int gm_matrix_column(int item, int d)
{
    return item % 4 * 2 + d % 2;
}

// Row i, word w of the matrix lies at tile[i * row_step + w * word_step].
static uint4 gm_matrix_load_a(local const uint *tile, int row_step, int word_step, int item)
{
    local const uint *p = tile + item % GM_MATRIX_ITEMS / 4 * row_step + item % 4 * word_step;
    return (uint4)(p[0], p[8 * row_step], p[4 * word_step], p[8 * row_step + 4 * word_step]);
}

// Word w, column j lies at tile[j * column_step + w * word_step].
static uint2 gm_matrix_load_b(local const uint *tile, int column_step, int word_step, int item)
{
    local const uint *p = tile + item % GM_MATRIX_ITEMS / 4 * column_step + item % 4 * word_step;
    return (uint2)(p[0], p[4 * word_step]);
}

#ifdef GM_MATRIX_NVIDIA

#ifdef GM_MATRIX_BF16
#define GM_MATRIX_PTX "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define GM_MATRIX_PTX "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#endif
#define GM_MATRIX_LOCAL(name, items) local uint *name = 0

static float4 gm_matrix_multiply(uint4 a, uint2 b, float4 sum, int item, local uint *exchange)
{
    float s0 = sum.x, s1 = sum.y, s2 = sum.z, s3 = sum.w;
    asm volatile(GM_MATRIX_PTX " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(s0), "+f"(s1), "+f"(s2), "+f"(s3)
                 : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y));
    return (float4)(s0, s1, s2, s3);
}

#else // GM_MATRIX_EMULATED

#define GM_MATRIX_LOCAL(name, items) local uint name[6 * (items)]

static float gm_matrix_value(uint word, int p)
{
    return as_float(GM_MATRIX_PACK == 1 ? word : p == 0 ? word << 16 : word & 0xffff0000u);
}

// What the instruction does, by its description alone: each item publishes its registers and gathers those that hold
// its rows and columns. A word of `a` at (i, w) is register i/8 + 2(w/4) of item 4(i%8) + w%4, of `b` at (w, j)
// register w/4 of item 4j + w%4; sums are added in the order of the contraction.
static float4 gm_matrix_multiply(uint4 a, uint2 b, float4 sum, int item, local uint *exchange)
{
    local const uint *group = exchange + 6 * (item - item % GM_MATRIX_ITEMS);
    float result[4] = {sum.x, sum.y, sum.z, sum.w};
    vstore4(a, 0, exchange + 6 * item);
    vstore2(b, 0, exchange + 6 * item + 4);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int d = 0; d < 4; d++) {
        int i = item % GM_MATRIX_ITEMS / 4 + d / 2 * 8, j = 2 * (item % 4) + d % 2;
        for (int w = 0; w < GM_MATRIX_WORDS; w++) {
            uint u = group[6 * (4 * (i % 8) + w % 4) + i / 8 + 2 * (w / 4)];
            uint v = group[6 * (4 * j + w % 4) + 4 + w / 4];
            for (int p = 0; p < GM_MATRIX_PACK; p++)
                result[d] = fma(gm_matrix_value(u, p), gm_matrix_value(v, p), result[d]);
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return (float4)(result[0], result[1], result[2], result[3]);
}

#endif

#ifdef GM_MATRIX_PROBE
// y[g] = a[g] b[g] for each of the work-group's sub-groups g: a (16, K), b (K, 8), row-major, K whole fragments; laid
// out and launched as cl/contract_gpu.cl does, so that what it relies on is what is tried.
#define GM_PROBE_DEPTH (GM_MATRIX_WORDS * GM_MATRIX_PACK)
#define GM_PROBE_GROUPS (256 / GM_MATRIX_ITEMS)

kernel __attribute__((reqd_work_group_size(16, 16, 1))) void matrix_probe(global const float *a, global const float *b,
    global float *y, int K)
{
    local uint u[GM_PROBE_GROUPS * GM_MATRIX_ROWS * GM_MATRIX_WORDS];
    local uint v[GM_PROBE_GROUPS * GM_MATRIX_COLUMNS * GM_MATRIX_WORDS];
    GM_MATRIX_LOCAL(exchange, 256);
    int item = 16 * (int)get_local_id(1) + (int)get_local_id(0), lane = item % GM_MATRIX_ITEMS;
    int group = item / GM_MATRIX_ITEMS;
    local uint *own_u = u + group * GM_MATRIX_ROWS * GM_MATRIX_WORDS;
    local uint *own_v = v + group * GM_MATRIX_COLUMNS * GM_MATRIX_WORDS;
    float4 sum = 0;
    a += group * GM_MATRIX_ROWS * K;
    b += group * GM_MATRIX_COLUMNS * K;
    y += group * GM_MATRIX_ROWS * GM_MATRIX_COLUMNS;
    for (int k0 = 0; k0 < K; k0 += GM_PROBE_DEPTH) {
        for (int e = lane; e < GM_MATRIX_ROWS * GM_MATRIX_WORDS; e += GM_MATRIX_ITEMS) {
            float value[GM_MATRIX_PACK];
            for (int p = 0; p < GM_MATRIX_PACK; p++)
                value[p] = a[e / GM_MATRIX_WORDS * K + k0 + e % GM_MATRIX_WORDS * GM_MATRIX_PACK + p];
            own_u[e] = gm_matrix_word(value);
        }
        for (int e = lane; e < GM_MATRIX_COLUMNS * GM_MATRIX_WORDS; e += GM_MATRIX_ITEMS) {
            float value[GM_MATRIX_PACK];
            for (int p = 0; p < GM_MATRIX_PACK; p++)
                value[p] = b[(k0 + e / GM_MATRIX_COLUMNS * GM_MATRIX_PACK + p) * GM_MATRIX_COLUMNS +
                             e % GM_MATRIX_COLUMNS];
            own_v[e] = gm_matrix_word(value);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = gm_matrix_multiply(gm_matrix_load_a(own_u, GM_MATRIX_WORDS, 1, item),
                                 gm_matrix_load_b(own_v, 1, GM_MATRIX_COLUMNS, item), sum, item, exchange);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    float result[4] = {sum.x, sum.y, sum.z, sum.w};
    for (int d = 0; d < 4; d++)
        y[gm_matrix_row(item, d) * GM_MATRIX_COLUMNS + gm_matrix_column(item, d)] = result[d];
}
#endif // GM_MATRIX_PROBE
