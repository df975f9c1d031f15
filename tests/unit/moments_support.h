// What the tests of figures share: a device, samples of a normal distribution, flags and tolerances.
#ifndef GM_TESTS_MOMENTS_SUPPORT_H
#define GM_TESTS_MOMENTS_SUPPORT_H

#include "device_test.h"
#include "metrics/moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fails(gm_status status, const char *text) {
    assert_int_equal(status, GM_ERROR_ARGUMENT);
    if (!strstr(gm_error_message(), text))
        fail_msg("\"%s\" should contain \"%s\"", gm_error_message(), text);
}

#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double near_a = (a), near_b = (b);                                                                       \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                                                   \
            fail_msg("%s is %.9g instead of %.9g", #a, near_a, near_b);                                                \
    } while (0)

static inline void assert_flags(const gm_measure *measure, uint32_t flags) {
    if (measure->flags != flags)
        fail_msg("flags %#x instead of %#x", (unsigned)measure->flags, (unsigned)flags);
    assert_true(isfinite(measure->value));
    if (flags & GM_MEASURE_MISSING)
        assert_true(measure->value == 0);
}

// N(0, I) by seed; freed by release.
static inline gm_samples draw(uint64_t seed, size_t count, size_t columns) {
    float *values = malloc(count * columns * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count * columns; i++)
        values[i] = (float)gm_philox_normal(seed, 1, 0, 0, i);
    return (gm_samples){values, count, columns};
}

static inline void release(gm_samples *samples) {
    free((void *)(uintptr_t)samples->values);
    samples->values = NULL;
}

static inline float *edit(gm_samples *samples) {
    return (float *)(uintptr_t)samples->values;
}

// x -> offset + scale x
static inline void transform(gm_samples *samples, double offset, double scale) {
    for (size_t i = 0; i < samples->count * samples->columns; i++)
        edit(samples)[i] = (float)(offset + scale * samples->values[i]);
}

#endif
