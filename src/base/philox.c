// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
// cl/philox.cl is the same on the device; the tests hold both to the authors' vectors.
#include "base/base.h"

#include <math.h>

void gm_philox(uint32_t out[4], const uint32_t counter[4], uint64_t key) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

static void words(uint32_t out[4], uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t block) {
    gm_philox(out, (uint32_t[4]){(uint32_t)block, stream, step, substep}, key);
}

double gm_philox_uniform(uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t index) {
    uint32_t word[4];
    words(word, key, stream, step, substep, index / 4);
    return (double)(word[index % 4] >> 8) * 0x1p-24;
}

// Box-Muller: a radius and an angle of two independent normals.
static double radius_of(uint32_t word) {
    return sqrt(-2 * log((double)((word >> 8) + 1) * 0x1p-24)); // (0, 1], so the logarithm is finite
}

static double angle_of(uint32_t word) {
    return 6.283185307179586477 * ((double)(word >> 8) * 0x1p-24);
}

double gm_philox_normal(uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t index) {
    uint32_t word[4];
    words(word, key, stream, step, substep, index / 4);
    const uint32_t *pair = word + (index % 4 & 2u);
    double angle = angle_of(pair[1]);
    return radius_of(pair[0]) * (index % 2 == 0 ? cos(angle) : sin(angle));
}

void gm_philox_normals(double out[4], uint64_t key, uint32_t stream, uint32_t step, uint32_t substep, uint64_t block) {
    uint32_t word[4];
    words(word, key, stream, step, substep, block);
    for (size_t i = 0; i < 4; i += 2) {
        double radius = radius_of(word[i]), angle = angle_of(word[i + 1]);
        out[i] = radius * cos(angle);
        out[i + 1] = radius * sin(angle);
    }
}
