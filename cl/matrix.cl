// Products of tiles on matrix units: sum += a b with operands of a lower precision and sums in float32. Long because each
// instruction has its own layouts, said twice.
//
// The program's options name the operands, GM_MATRIX_TF32 (11 significant bits) or GM_MATRIX_BF16 (8), and the
// instruction: one of the sections below. GM_MATRIX_EMULATED has any device compute what the instruction does (for
// tests: it is slow). A driver may compile an instruction and yet compute something else: gm_device_matrix runs
// matrix_probe first.
//
// A word is what a 32-bit register holds of an operand: GM_MATRIX_PACK values that are neighbours along the
// contraction, the first in the low bits. A fragment is a matrix spread over the items of a sub-group, which are
// GM_MATRIX_ITEMS work-items whose linear local ids begin with a multiple of that. An instruction multiplies fragments
// a (GM_MATRIX_ROWS, 8 words) and b (8 words, GM_MATRIX_COLUMNS). Its section says how many registers of each an item
// has, GM_MATRIX_A, _B and _SUMS, and how many fragments of a and of b a sub-group multiplies with one another,
// GM_MATRIX_DOWN and _ACROSS, so that an item has 64 sums; then
//     GM_MATRIX_A_PLACE, _B_PLACE      of row i or column j and word w: where it lies in local memory, which holds
//                                      fragments in the order in which items read them: slots of an item's registers
//     GM_MATRIX_A_SLOT, _B_SLOT        of `lane`, the item in its sub-group: the slot that it reads (default: its own)
//     GM_MATRIX_SUM_ROW, _SUM_COLUMN   of lane and register r: where in the matrix a sum lies; GM_MATRIX_HIGH: in how
//                                      many rows
// and for the emulation, by the instruction's description alone, so that either checks the other: of i, j and w,
//     GM_MATRIX_A_AT, _B_AT, _SUM_AT   which register of which item holds it

#if defined(GM_MATRIX_MMA) && !defined(GM_MATRIX_EMULATED) && !defined(__NV_CL_C_VERSION)
#error "no NVIDIA compiler"
#endif

#ifdef GM_MATRIX_BF16
#define GM_MATRIX_PACK 2
#define GM_MATRIX_KEPT 0xffff0000u
#else
#define GM_MATRIX_PACK 1
#define GM_MATRIX_KEPT 0xffffe000u
#endif
#define GM_MATRIX_WORDS 8
#define GM_MATRIX_DEPTH (16 / GM_MATRIX_PACK) // words of a step
#define GM_MATRIX_SUMS (GM_MATRIX_ROWS * GM_MATRIX_COLUMNS / GM_MATRIX_ITEMS)
#define GM_MATRIX_AT(item, r) ((GM_MATRIX_A + GM_MATRIX_B) * (item) + (r))
#define GM_MATRIX_2(x) (x)[0], (x)[1]
#define GM_MATRIX_4(x) (x)[0], (x)[1], (x)[2], (x)[3]
#define GM_MATRIX_8(x) GM_MATRIX_4(x), (x)[4], (x)[5], (x)[6], (x)[7]

#if defined(GM_MATRIX_MMA)
// NVIDIA, warps of 32: mma.m16n8k8 (tf32) and mma.m16n8k16 (bf16) of the PTX ISA. Counted in words, their layouts are
// one and the same.
#define GM_MATRIX_ITEMS 32
#define GM_MATRIX_ROWS 16
#define GM_MATRIX_COLUMNS 8
#define GM_MATRIX_A 4
#define GM_MATRIX_B 2
#define GM_MATRIX_DOWN 4
#define GM_MATRIX_ACROSS 4
#define GM_MATRIX_A_PLACE ((i % 8 * 4 + w % 4) * 4 + i / 8 + w / 4 * 2)
#define GM_MATRIX_B_PLACE ((j * 4 + w % 4) * 2 + w / 4)
#define GM_MATRIX_HIGH 2
#define GM_MATRIX_SUM_ROW (lane / 4 + r / 2 * 8)
#define GM_MATRIX_SUM_COLUMN (lane % 4 * 2 + r % 2)
#define GM_MATRIX_A_AT GM_MATRIX_AT(i % 8 * 4 + w % 4, i / 8 + w / 4 * 2)
#define GM_MATRIX_B_AT GM_MATRIX_AT(j * 4 + w % 4, w / 4)
#define GM_MATRIX_SUM_AT GM_MATRIX_AT(i % 8 * 4 + j / 2, i / 8 * 2 + j % 2)
#ifdef GM_MATRIX_BF16
#define GM_MATRIX_PTX "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define GM_MATRIX_PTX "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#endif

#elif defined(GM_MATRIX_MFMA)
// AMD CDNA, waves of 64: v_mfma_f32_16x16x16_bf16 (gfx90a and later) and v_mfma_f32_16x16x8_xf32 (gfx940 to gfx942), by
// AMD's matrix instruction calculator. An item holds neighbouring words; counted in those, the layouts are the same.
#define GM_MATRIX_ITEMS 64
#define GM_MATRIX_ROWS 16
#define GM_MATRIX_COLUMNS 16
#define GM_MATRIX_A 2
#define GM_MATRIX_B 2
#define GM_MATRIX_DOWN 4
#define GM_MATRIX_ACROSS 4
#define GM_MATRIX_A_PLACE ((w / 2 * 16 + i) * 2 + w % 2)
#define GM_MATRIX_B_PLACE ((w / 2 * 16 + j) * 2 + w % 2)
#define GM_MATRIX_HIGH 4
#define GM_MATRIX_SUM_ROW (lane / 16 * 4 + r)
#define GM_MATRIX_SUM_COLUMN (lane % 16)
#define GM_MATRIX_A_AT GM_MATRIX_AT(w / 2 * 16 + i, w % 2)
#define GM_MATRIX_B_AT GM_MATRIX_AT(w / 2 * 16 + j, w % 2)
#define GM_MATRIX_SUM_AT GM_MATRIX_AT(i / 4 * 16 + j, i % 4)
#ifdef GM_MATRIX_BF16
#define GM_MATRIX_PRODUCT(a, b, sum) __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(as_short4((uint2)(GM_MATRIX_2(a))), \
    as_short4((uint2)(GM_MATRIX_2(b))), (float4)(GM_MATRIX_4(sum)), 0, 0, 0)
#else
#define GM_MATRIX_PRODUCT(a, b, sum) __builtin_amdgcn_mfma_f32_16x16x8_xf32(as_float2((uint2)(GM_MATRIX_2(a))), \
    as_float2((uint2)(GM_MATRIX_2(b))), (float4)(GM_MATRIX_4(sum)), 0, 0, 0)
#endif

#elif defined(GM_MATRIX_WMMA)
// AMD RDNA 3, waves of 32: v_wmma_f32_16x16x16_bf16, by AMD's "How to accelerate AI applications on RDNA 3 using WMMA".
// Both halves of a wave must hold all of a and b: the emulation reads either's.
#define GM_MATRIX_ITEMS 32
#define GM_MATRIX_ROWS 16
#define GM_MATRIX_COLUMNS 16
#define GM_MATRIX_A 8
#define GM_MATRIX_B 8
#define GM_MATRIX_DOWN 4
#define GM_MATRIX_ACROSS 2
#define GM_MATRIX_A_PLACE (i * 8 + w)
#define GM_MATRIX_B_PLACE (j * 8 + w)
#define GM_MATRIX_A_SLOT (lane % 16)
#define GM_MATRIX_B_SLOT (lane % 16)
#define GM_MATRIX_HIGH 8
#define GM_MATRIX_SUM_ROW (r * 2 + lane / 16)
#define GM_MATRIX_SUM_COLUMN (lane % 16)
#define GM_MATRIX_A_AT GM_MATRIX_AT(j / 8 * 16 + i, w)
#define GM_MATRIX_B_AT GM_MATRIX_AT(i % 2 * 16 + j, w)
#define GM_MATRIX_SUM_AT GM_MATRIX_AT(i % 2 * 16 + j, i / 2)
#define GM_MATRIX_PRODUCT(a, b, sum) __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(as_short16((uint8)(GM_MATRIX_8(a))), \
    as_short16((uint8)(GM_MATRIX_8(b))), (float8)(GM_MATRIX_8(sum)))

#elif defined(GM_MATRIX_DPAS8) || defined(GM_MATRIX_DPAS16)
// Intel, sub-groups of 8 (Xe-HPG: bf16) or 16 (Xe-HPC, Xe2: both), by Khronos' extensions
// cl_intel_subgroup_matrix_multiply_accumulate and ..._tf32. An item holds a column of b and of the sums. Of a row of
// a, 8 items hold a word each, 16 half a word each (bf16); or 16 hold two rows (tf32).
#define GM_MATRIX_ROWS 8
#define GM_MATRIX_COLUMNS GM_MATRIX_ITEMS
#define GM_MATRIX_B 8
#define GM_MATRIX_DOWN 4
#define GM_MATRIX_ACROSS 2
#define GM_MATRIX_B_PLACE (j * 8 + w)
#define GM_MATRIX_HIGH 8
#define GM_MATRIX_SUM_ROW r
#define GM_MATRIX_SUM_COLUMN lane
#define GM_MATRIX_B_AT GM_MATRIX_AT(j, w)
#define GM_MATRIX_SUM_AT GM_MATRIX_AT(j, i)
#ifdef GM_MATRIX_DPAS8
#define GM_MATRIX_ITEMS 8
#define GM_MATRIX_A 8
#define GM_MATRIX_A_PLACE (w * 8 + i)
#define GM_MATRIX_A_AT GM_MATRIX_AT(w, i)
#define GM_MATRIX_PRODUCT(a, b, sum) intel_sub_group_bf16_bf16_matrix_mad_k16((int8)(GM_MATRIX_8(a)), \
    (int8)(GM_MATRIX_8(b)), (float8)(GM_MATRIX_8(sum)))
#elif defined(GM_MATRIX_BF16)
#define GM_MATRIX_ITEMS 16
#define GM_MATRIX_A 8
#define GM_MATRIX_A_PLACE (w * 8 + i)
#define GM_MATRIX_A_SLOT (lane / 2)
#define GM_MATRIX_A_AT GM_MATRIX_AT(w * 2, i)
#define GM_MATRIX_HALVES // of a word of a: the first is the register's low bits in an even item, the second in the next
#define GM_MATRIX_PRODUCT(a, b, sum) intel_sub_group_bf16_bf16_matrix_mad_k16(convert_short8((uint8)(GM_MATRIX_8(a))), \
    (int8)(GM_MATRIX_8(b)), (float8)(GM_MATRIX_8(sum)))
#else
#define GM_MATRIX_ITEMS 16
#define GM_MATRIX_A 4
#define GM_MATRIX_A_PLACE ((i % 2 * 8 + w) * 4 + i / 2)
#define GM_MATRIX_A_AT GM_MATRIX_AT(i % 2 * 8 + w, i / 2)
#define GM_MATRIX_PRODUCT(a, b, sum) intel_sub_group_tf32_tf32_matrix_mad_k8(as_float4((uint4)(GM_MATRIX_4(a))), \
    as_float8((uint8)(GM_MATRIX_8(b))), (float8)(GM_MATRIX_8(sum)))
#endif
#ifndef GM_MATRIX_EMULATED
#define GM_MATRIX_ATTRIBUTE __attribute__((intel_reqd_sub_group_size(GM_MATRIX_ITEMS)))
#endif
#endif

#ifndef GM_MATRIX_ATTRIBUTE
#define GM_MATRIX_ATTRIBUTE // of kernels that multiply
#endif
#ifndef GM_MATRIX_A_SLOT
#define GM_MATRIX_A_SLOT lane
#endif
#ifndef GM_MATRIX_B_SLOT
#define GM_MATRIX_B_SLOT lane
#endif

#if defined(GM_MATRIX_MMA) && !defined(GM_MATRIX_EMULATED)

static uint gm_matrix_word(const float value[GM_MATRIX_PACK])
{
    uint word;
#ifdef GM_MATRIX_BF16
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(value[1]), "f"(value[0]));
#else
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(value[0]));
#endif
    return word;
}

#else

// x to the nearest number of that precision, as float32's bits; what lies halfway goes to the even one (bf16) or away
// from zero (tf32), as NVIDIA's instructions have it. The addition carries into the exponent and makes infinity of what
// lies beyond the largest number, but would wrap a NaN.
static uint gm_matrix_round(float x)
{
    uint bits = as_uint(x), lowest = ~GM_MATRIX_KEPT + 1, half_way = lowest / 2;
#ifdef GM_MATRIX_BF16
    half_way -= (bits & lowest) == 0;
#endif
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (bits | 0x00400000u) & GM_MATRIX_KEPT;
    return (bits + half_way) & GM_MATRIX_KEPT;
}

static uint gm_matrix_word(const float value[GM_MATRIX_PACK])
{
#if GM_MATRIX_PACK == 2
    return gm_matrix_round(value[0]) >> 16 | gm_matrix_round(value[1]);
#else
    return gm_matrix_round(value[0]);
#endif
}

#endif

// A fragment of a has GM_MATRIX_ROWS rows of words, one of b as many columns of them; each takes so many words of local
// memory. A step's words are fragments side by side.
#define GM_MATRIX_A_WORDS (GM_MATRIX_ROWS * GM_MATRIX_WORDS)
#define GM_MATRIX_B_WORDS (GM_MATRIX_COLUMNS * GM_MATRIX_WORDS)
#define GM_MATRIX_PARTS (GM_MATRIX_DEPTH / GM_MATRIX_WORDS)

// Where word `word` of a's row `row`, or of b's column, lies in a step's tile in local memory.
static int gm_matrix_place_a(int row, int word)
{
    const int i = row % GM_MATRIX_ROWS, w = word % GM_MATRIX_WORDS;
    return (row / GM_MATRIX_ROWS * GM_MATRIX_PARTS + word / GM_MATRIX_WORDS) * GM_MATRIX_A_WORDS + GM_MATRIX_A_PLACE;
}

static int gm_matrix_place_b(int column, int word)
{
    const int j = column % GM_MATRIX_COLUMNS, w = word % GM_MATRIX_WORDS;
    return (column / GM_MATRIX_COLUMNS * GM_MATRIX_PARTS + word / GM_MATRIX_WORDS) * GM_MATRIX_B_WORDS +
        GM_MATRIX_B_PLACE;
}

// An item's registers of a fragment, as vectors.
static void gm_matrix_load(uint *to, const int registers, local const uint *slot)
{
    if (registers == 2)
        vstore2(*(local const uint2 *)slot, 0, to);
#pragma unroll
    for (int r = 0; r + 4 <= registers; r += 4)
        vstore4(*(local const uint4 *)(slot + r), 0, to + r);
}

#ifndef GM_MATRIX_EMULATED

#define GM_MATRIX_EXCHANGE 0

static void gm_matrix_instruction(const uint a[GM_MATRIX_A], const uint b[GM_MATRIX_B], float sum[GM_MATRIX_SUMS],
    int item, local uint *exchange)
{
#ifdef GM_MATRIX_MMA
    asm volatile(GM_MATRIX_PTX " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    union {
#if GM_MATRIX_ROWS * GM_MATRIX_COLUMNS / GM_MATRIX_ITEMS == 4
        float4 all;
#else
        float8 all;
#endif
        float number[GM_MATRIX_SUMS];
    } result;
    result.all = GM_MATRIX_PRODUCT(a, b, sum);
#pragma unroll
    for (int r = 0; r < GM_MATRIX_SUMS; r++)
        sum[r] = result.number[r];
#endif
}

#else

// Words of local memory where up to 256 items publish their registers of a and b, a sub-group's one after another.
#define GM_MATRIX_EXCHANGE GM_MATRIX_AT(256, 0)

static float gm_matrix_value(uint word, int p)
{
    return as_float(GM_MATRIX_PACK == 1 ? word : p == 0 ? word << 16 : word & 0xffff0000u);
}

// What the instruction does, by its description alone: each item publishes its registers and gathers those that hold
// its sums' rows and columns. Products are added in the order of the contraction. A sum that by SUM_AT is another's is
// made NaN.
static void gm_matrix_instruction(const uint a[GM_MATRIX_A], const uint b[GM_MATRIX_B], float sum[GM_MATRIX_SUMS],
    int item, local uint *exchange)
{
    int lane = item % GM_MATRIX_ITEMS;
    local uint *own = exchange + GM_MATRIX_AT(item, 0), *group = exchange + GM_MATRIX_AT(item - lane, 0);
    for (int r = 0; r < GM_MATRIX_A; r++)
        own[r] = a[r];
    for (int r = 0; r < GM_MATRIX_B; r++)
        own[GM_MATRIX_A + r] = b[r];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = 0; r < GM_MATRIX_SUMS; r++) {
        int i = GM_MATRIX_SUM_ROW, j = GM_MATRIX_SUM_COLUMN;
        for (int w = 0; w < GM_MATRIX_WORDS; w++) {
            uint u = group[GM_MATRIX_A_AT], v = group[GM_MATRIX_B_AT + GM_MATRIX_A];
#ifdef GM_MATRIX_HALVES
            u = u | group[GM_MATRIX_A_AT + GM_MATRIX_AT(1, 0)] << 16;
#endif
            for (int p = 0; p < GM_MATRIX_PACK; p++)
                sum[r] = fma(gm_matrix_value(u, p), gm_matrix_value(v, p), sum[r]);
        }
        if (GM_MATRIX_SUM_AT != GM_MATRIX_AT(lane, r))
            sum[r] = NAN;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

#endif

// Sub-groups share a tile's product, `across` beside one another. Of an item's fragments the sums lie in rows that go on
// from fragment to fragment: GM_MATRIX_HIGH of a fragment, of GM_MATRIX_SUMS / GM_MATRIX_HIGH sums each.
#define GM_MATRIX_TILE_SUMS (GM_MATRIX_DOWN * GM_MATRIX_ACROSS * GM_MATRIX_SUMS)
#define GM_MATRIX_WIDE (GM_MATRIX_SUMS / GM_MATRIX_HIGH)
#define GM_MATRIX_RESULT_ROWS (GM_MATRIX_DOWN * GM_MATRIX_HIGH)

// The number of the sum in row i and column j of an item's.
static int gm_matrix_result(const int i, const int j)
{
    return (i / GM_MATRIX_HIGH * GM_MATRIX_ACROSS + j / GM_MATRIX_WIDE) * GM_MATRIX_SUMS +
        i % GM_MATRIX_HIGH * GM_MATRIX_WIDE + j % GM_MATRIX_WIDE;
}

// Where those rows and columns lie in the tile.
static int gm_matrix_row(int item, const int across, const int i)
{
    const int lane = item % GM_MATRIX_ITEMS, r = i % GM_MATRIX_HIGH * GM_MATRIX_WIDE;
    return (item / GM_MATRIX_ITEMS / across * GM_MATRIX_DOWN + i / GM_MATRIX_HIGH) * GM_MATRIX_ROWS +
        GM_MATRIX_SUM_ROW;
}

static int gm_matrix_column(int item, const int across, const int j)
{
    const int lane = item % GM_MATRIX_ITEMS, r = j % GM_MATRIX_WIDE;
    return (item / GM_MATRIX_ITEMS % across * GM_MATRIX_ACROSS + j / GM_MATRIX_WIDE) * GM_MATRIX_COLUMNS +
        GM_MATRIX_SUM_COLUMN;
}

// sum += a b of a step, GM_MATRIX_DEPTH words, laid out as gm_matrix_place_a and _b say. Collective: every item of the
// work-group calls it, in the same order. `exchange` has GM_MATRIX_EXCHANGE words.
static void gm_matrix_multiply(local const uint *a, local const uint *b, const int across, int item,
    float sum[GM_MATRIX_TILE_SUMS], local uint *exchange)
{
    const int lane = item % GM_MATRIX_ITEMS, group = item / GM_MATRIX_ITEMS;
    a += group / across * GM_MATRIX_DOWN * GM_MATRIX_PARTS * GM_MATRIX_A_WORDS + GM_MATRIX_A_SLOT * GM_MATRIX_A;
    b += group % across * GM_MATRIX_ACROSS * GM_MATRIX_PARTS * GM_MATRIX_B_WORDS + GM_MATRIX_B_SLOT * GM_MATRIX_B;
#pragma unroll
    for (int part = 0; part < GM_MATRIX_PARTS; part++) {
        uint u[GM_MATRIX_DOWN][GM_MATRIX_A], v[GM_MATRIX_ACROSS][GM_MATRIX_B];
#pragma unroll
        for (int i = 0; i < GM_MATRIX_DOWN; i++) {
            gm_matrix_load(u[i], GM_MATRIX_A, a + (i * GM_MATRIX_PARTS + part) * GM_MATRIX_A_WORDS);
#ifdef GM_MATRIX_HALVES
#pragma unroll
            for (int r = 0; r < GM_MATRIX_A; r++)
                u[i][r] = u[i][r] >> lane % 2 * 16 & 0xffffu;
#endif
        }
#pragma unroll
        for (int j = 0; j < GM_MATRIX_ACROSS; j++)
            gm_matrix_load(v[j], GM_MATRIX_B, b + (j * GM_MATRIX_PARTS + part) * GM_MATRIX_B_WORDS);
#pragma unroll
        for (int f = 0; f < GM_MATRIX_DOWN * GM_MATRIX_ACROSS; f++)
            gm_matrix_instruction(u[f / GM_MATRIX_ACROSS], v[f % GM_MATRIX_ACROSS], sum + f * GM_MATRIX_SUMS, item,
                exchange);
    }
}

#ifdef GM_MATRIX_PROBE
// y = a b: a (64, K), b (K, 64), row-major, K a multiple of 32, by one work-group; laid out as cl/contract_gpu.cl does,
// so that what it relies on is what is tried.
#define GM_PROBE_TILE 64

kernel __attribute__((reqd_work_group_size(64, 1, 1))) GM_MATRIX_ATTRIBUTE void matrix_probe(global const float *a,
    global const float *b, global float *y, int K)
{
    local uint __attribute__((aligned(16))) u[GM_PROBE_TILE * GM_MATRIX_DEPTH], v[GM_PROBE_TILE * GM_MATRIX_DEPTH];
    local uint exchange[GM_MATRIX_EXCHANGE + 1];
    const int across = GM_PROBE_TILE / (GM_MATRIX_ACROSS * GM_MATRIX_COLUMNS);
    float sum[GM_MATRIX_TILE_SUMS];
    int item = (int)get_local_id(0);
#pragma unroll
    for (int e = 0; e < GM_MATRIX_TILE_SUMS; e++)
        sum[e] = 0;
    for (int k0 = 0; k0 < K; k0 += GM_MATRIX_DEPTH * GM_MATRIX_PACK) {
        for (int e = item; e < GM_PROBE_TILE * GM_MATRIX_DEPTH; e += 64) {
            int line = e / GM_MATRIX_DEPTH, word = e % GM_MATRIX_DEPTH, k = k0 + word * GM_MATRIX_PACK;
            float row[GM_MATRIX_PACK], column[GM_MATRIX_PACK];
            for (int p = 0; p < GM_MATRIX_PACK; p++) {
                row[p] = a[line * K + k + p];
                column[p] = b[(k + p) * GM_PROBE_TILE + line];
            }
            u[gm_matrix_place_a(line, word)] = gm_matrix_word(row);
            v[gm_matrix_place_b(line, word)] = gm_matrix_word(column);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        gm_matrix_multiply(u, v, across, item, sum, exchange);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (int i = 0; i < GM_MATRIX_RESULT_ROWS; i++)
#pragma unroll
        for (int j = 0; j < GM_MATRIX_TILE_SUMS / GM_MATRIX_RESULT_ROWS; j++)
            y[gm_matrix_row(item, across, i) * GM_PROBE_TILE + gm_matrix_column(item, across, j)] =
                sum[gm_matrix_result(i, j)];
}
#endif // GM_MATRIX_PROBE
