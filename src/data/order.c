// The order of training: for each epoch a permutation of the data set that is computed, not stored.
//
// A Feistel network permutes the smallest set of 4^h numbers that holds all indices, with Philox as the round
// function; walking along its cycles until an index is inside the data set (Black and Rogaway, "Ciphers with arbitrary
// finite domains", 2002) makes it a permutation of the data set. 4^h < 4 count, so the walk takes few steps.
#include "ganymede/data.h"

#include "base/base.h"

#define ROUNDS 6

static uint32_t feistel(uint64_t seed, uint32_t stream, uint64_t epoch, uint32_t half_bits, uint32_t index) {
    uint32_t mask = (UINT32_C(1) << half_bits) - 1, left = index >> half_bits, right = index & mask;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t word[4], next;
        gm_philox(word, (uint32_t[4]){right, stream, (uint32_t)epoch, (uint32_t)(epoch >> 32) << 8 | round}, seed);
        next = left ^ (word[0] & mask);
        left = right;
        right = next;
    }
    return left << half_bits | right;
}

gm_status gm_loader_indices(uint64_t seed, uint64_t cursor, size_t count, size_t dataset_count, int32_t *indices) {
    if (dataset_count == 0 || dataset_count > INT32_MAX)
        return gm_fail(GM_ERROR_ARGUMENT, "a data set of %zu items cannot be shuffled: 1 to %d", dataset_count,
                       INT32_MAX);
    uint32_t half_bits = 1, stream = gm_stream("data.order");
    while (((uint64_t)1 << (2 * half_bits)) < dataset_count)
        half_bits++;
    uint64_t epoch = cursor / dataset_count;
    uint32_t position = (uint32_t)(cursor % dataset_count);
    for (size_t i = 0; i < count; i++) {
        uint32_t index = position;
        do
            index = feistel(seed, stream, epoch, half_bits, index);
        while (index >= dataset_count);
        indices[i] = (int32_t)index;
        if (++position == dataset_count) {
            position = 0;
            epoch++;
        }
    }
    return GM_OK;
}
