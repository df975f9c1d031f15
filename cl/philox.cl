// Philox4x32-10 (Salmon et al. 2011); src/base/philox.c is the same on the host.
// y[i] comes from word i%4 of block (i/4, stream, counter[0], counter[1]). Eight blocks are made side by side.
// Work-items: `per` such groups each. T: float or half in memory; y[i] is MAP of the random number.
static void gm_philox(uint8 c[4], const ulong key) {
    uint k0 = (uint)key, k1 = (uint)(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint8 h0 = mul_hi((uint8)(0xD2511F53u), c[0]), l0 = 0xD2511F53u * c[0];
        const uint8 h1 = mul_hi((uint8)(0xCD9E8D57u), c[2]), l1 = 0xCD9E8D57u * c[2];
        c[0] = h1 ^ c[1] ^ k0;
        c[1] = l1;
        c[2] = h0 ^ c[3] ^ k1;
        c[3] = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

static float8 gm_uniform(const uint8 word) {
    return convert_float8(word >> 8) * 0x1p-24f;
}

// Box-Muller in place: (0, 1] under the logarithm, so that it is finite.
static void gm_normal_pair(float8 *a, float8 *b, const uint8 first, const uint8 second) {
    const float8 radius = sqrt(-2.0f * log(convert_float8((first >> 8) + 1u) * 0x1p-24f));
    const float8 angle = 6.2831853071795865f * gm_uniform(second);
    *a = radius * cos(angle);
    *b = radius * sin(angle);
}

#define GM_RANDOM(NAME, T, VALUES, MAP)                                                                                \
    static void NAME(GM_PLACE, __global T *y, __global const int *counter, const int y0, const int c0, const int cn,       \
                       const ulong key, const int stream, const float probability, const int count, const int per) {   \
        const uint step = cn < 0 ? 0u : (uint)counter[c0], substep = cn < 0 ? 0u : (uint)counter[c0 + cn];             \
        const int first = GM_ITEM * per * 32, last = min(first + per * 32, count);                            \
        for (int begin = first; begin < last; begin += 32) {                                                           \
            uint8 word[4] = {(uint8)((uint)begin / 4u) + (uint8)(0, 1, 2, 3, 4, 5, 6, 7), (uint8)((uint)stream),       \
                             (uint8)(step), (uint8)(substep)};                                                         \
            float8 v[4];                                                                                               \
            float lane[4][8];                                                                                          \
            gm_philox(word, key);                                                                                      \
            VALUES;                                                                                                    \
            for (int j = 0; j < 4; j++)                                                                                \
                vstore8(v[j], 0, lane[j]);                                                                             \
            for (int i = 0; i < min(32, count - begin); i++)                                                           \
                GM_STORE(T, y, y0 + begin + i, MAP(lane[i % 4][i / 4]));                                                   \
        }                                                                                                              \
    }

#define GM_UNIFORM                                                                                                     \
    for (int j = 0; j < 4; j++)                                                                                        \
    v[j] = gm_uniform(word[j])
#define GM_NORMAL                                                                                                      \
    gm_normal_pair(&v[0], &v[1], word[0], word[1]);                                                                    \
    gm_normal_pair(&v[2], &v[3], word[2], word[3])
#define GM_BERNOULLI                                                                                                   \
    for (int j = 0; j < 4; j++)                                                                                        \
    v[j] = select((float8)(0.0f), (float8)(1.0f), gm_uniform(word[j]) < probability)

GM_RANDOM(random_uniform, float, GM_UNIFORM, GM_AS_IT_IS)
GM_RANDOM(random_normal, float, GM_NORMAL, GM_AS_IT_IS)
GM_RANDOM(random_bernoulli, float, GM_BERNOULLI, GM_AS_IT_IS)
GM_RANDOM(random_bernoulli_half, half, GM_BERNOULLI, GM_AS_IT_IS)
