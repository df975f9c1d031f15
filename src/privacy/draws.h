// The random numbers of a private step: which items are in its batch, and its noise.
//
// The bound holds against those who cannot guess them, so that they come from the operating system's secure source.
// Reproducible ones are for tests: whoever knows the seed can take the noise away again.
#ifndef GM_PRIVACY_DRAWS_H
#define GM_PRIVACY_DRAWS_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GM_DRAWS_AHEAD = 2048 };

// Zeroed value: secure.
typedef struct gm_draws {
    bool reproducible; // numbers of `seed` and the step
    uint64_t seed, step, block;
    uint64_t words[GM_DRAWS_AHEAD]; // the last `left` of them are still to be used
    size_t left;
} gm_draws;

// The numbers of a step begin: of reproducible ones always the same.
void gm_draws_begin(gm_draws *draws, uint64_t step);
// `count` normal numbers of that deviation. Fails where the operating system has no secure source.
gm_status gm_draws_normal(gm_draws *draws, double deviation, float *values, size_t count);
// Takes each of 0 to count - 1 with probability `rate`, independently, in ascending order: the first `most` of those
// that were taken -> indices, and how many -> *taken. Fails as above.
gm_status gm_draws_choose(gm_draws *draws, double rate, size_t count, size_t most, int32_t *indices, size_t *taken);
// Brings the values into an order of which each is as likely.
gm_status gm_draws_shuffle(gm_draws *draws, int32_t *values, size_t count);

#endif
