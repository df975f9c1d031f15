// The random numbers of a private step.
#define _GNU_SOURCE // getrandom
#include "privacy/draws.h"

#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

void gm_draws_begin(gm_draws *draws, uint64_t step) {
    draws->step = step;
    if (draws->reproducible)
        draws->left = draws->block = 0;
}

static void refill_reproducible(gm_draws *draws) {
    const uint32_t stream = gm_stream("privacy");
    for (size_t i = 0; i < GM_DRAWS_AHEAD; i += 2) {
        uint32_t out[4],
            counter[4] = {(uint32_t)draws->block++, stream, (uint32_t)draws->step, (uint32_t)(draws->step >> 32)};
        gm_philox(out, counter, draws->seed);
        draws->words[i] = (uint64_t)out[0] << 32 | out[1];
        draws->words[i + 1] = (uint64_t)out[2] << 32 | out[3];
    }
}

static gm_status refill_secure(gm_draws *draws) {
    char *to = (char *)draws->words;
    for (size_t got = 0; got < sizeof draws->words;) {
        ssize_t part = getrandom(to + got, sizeof draws->words - got, 0);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return gm_fail(GM_ERROR_IO, "the operating system gives no secure random numbers: %s", strerror(errno));
        got += (size_t)part;
    }
    return GM_OK;
}

// (0, 1): 53 bits, in the middle of each of so many parts.
static gm_status draw(gm_draws *draws, double *uniform) {
    if (draws->left == 0) {
        if (draws->reproducible)
            refill_reproducible(draws);
        else
            GM_TRY(refill_secure(draws));
        draws->left = GM_DRAWS_AHEAD;
    }
    uint64_t *word = &draws->words[--draws->left];
    *uniform = ((double)(*word >> 11) + .5) * 0x1p-53;
    *word = 0; // nobody shall find it in memory
    return GM_OK;
}

// Box and Muller 1958, in double.
gm_status gm_draws_normal(gm_draws *draws, double deviation, float *values, size_t count) {
    const double pi = 3.14159265358979323846;
    for (size_t i = 0; i < count; i += 2) {
        double u, v;
        GM_TRY(draw(draws, &u));
        GM_TRY(draw(draws, &v));
        const double radius = deviation * sqrt(-2 * log(u));
        values[i] = (float)(radius * cos(2 * pi * v));
        if (i + 1 < count)
            values[i + 1] = (float)(radius * sin(2 * pi * v));
    }
    return GM_OK;
}

// Those that are passed over before the next: geometric, floor(ln u / ln(1 - rate)).
gm_status gm_draws_choose(gm_draws *draws, double rate, size_t count, size_t most, int32_t *indices, size_t *taken) {
    const double scale = 1 / log1p(-rate); // -0 where all are taken
    *taken = 0;
    for (size_t i = 0; i < count; i++) {
        double u;
        GM_TRY(draw(draws, &u));
        const double passed = floor(log(u) * scale);
        if (passed >= (double)(count - i))
            break;
        i += (size_t)passed;
        if (*taken < most)
            indices[*taken] = (int32_t)i;
        ++*taken;
    }
    *taken = GM_MIN(*taken, most);
    return GM_OK;
}

// Durstenfeld 1964.
gm_status gm_draws_shuffle(gm_draws *draws, int32_t *values, size_t count) {
    for (size_t i = count; i > 1; i--) {
        double u;
        GM_TRY(draw(draws, &u));
        const size_t k = (size_t)(u * (double)i);
        const int32_t value = values[k];
        values[k] = values[i - 1];
        values[i - 1] = value;
    }
    return GM_OK;
}
