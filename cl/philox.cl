// Philox4x32-10 (Salmon et al. 2011); src/base/philox.c is the same on the host.
// y[i] comes from word i%4 of block (i/4, stream, counter[0], counter[1]). Work-items: groups of `per` blocks.
static uint4 gm_philox(uint4 c, const ulong key) {
    uint k0 = (uint)key, k1 = (uint)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint h0 = mul_hi(0xD2511F53u, c.x), l0 = 0xD2511F53u * c.x;
        const uint h1 = mul_hi(0xCD9E8D57u, c.z), l1 = 0xCD9E8D57u * c.z;
        c = (uint4)(h1 ^ c.y ^ k0, l1, h0 ^ c.w ^ k1, l0);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

static float gm_uniform(const uint word) {
    return (float)(word >> 8) * 0x1p-24f;
}

// Box-Muller: (0, 1] under the logarithm, so that it is finite.
static float2 gm_normal_pair(const uint a, const uint b) {
    const float radius = sqrt(-2.0f * log((float)((a >> 8) + 1u) * 0x1p-24f));
    const float angle = 6.2831853071795865f * gm_uniform(b);
    return (float2)(radius * cos(angle), radius * sin(angle));
}

#define GM_RANDOM(NAME, VALUES)                                                                                        \
    __kernel void NAME(__global float *y, __global const int *counter, const int y0, const int c0, const int cn,       \
                       const ulong key, const int stream, const float probability, const int count, const int per) {   \
        const uint step = cn < 0 ? 0u : (uint)counter[c0], substep = cn < 0 ? 0u : (uint)counter[c0 + cn];             \
        for (int block = get_global_id(0) * per, last = min(block + per, (count + 3) / 4); block < last; block++) {    \
            const uint4 word = gm_philox((uint4)((uint)block, (uint)stream, step, substep), key);                      \
            float v[4];                                                                                                \
            VALUES;                                                                                                    \
            for (int j = 0; j < 4 && 4 * block + j < count; j++)                                                       \
                y[y0 + 4 * block + j] = v[j];                                                                          \
        }                                                                                                              \
    }

GM_RANDOM(random_uniform, v[0] = gm_uniform(word.x); v[1] = gm_uniform(word.y); v[2] = gm_uniform(word.z);
          v[3] = gm_uniform(word.w))
GM_RANDOM(random_bernoulli, v[0] = gm_uniform(word.x) < probability; v[1] = gm_uniform(word.y) < probability;
          v[2] = gm_uniform(word.z) < probability; v[3] = gm_uniform(word.w) < probability)
GM_RANDOM(random_normal, const float2 a = gm_normal_pair(word.x, word.y);
          const float2 b = gm_normal_pair(word.z, word.w); v[0] = a.x; v[1] = a.y; v[2] = b.x; v[3] = b.y)
