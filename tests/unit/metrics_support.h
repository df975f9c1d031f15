// What the tests of src/metrics' estimators share: a device, samples of known distributions, comparing figures.
#ifndef GM_TEST_METRICS_SUPPORT_H
#define GM_TEST_METRICS_SUPPORT_H

#include "base/base.h"
#include "device_test.h"
#include "ganymede/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void assert_near(double got, double expected, double allowed, const char *what) {
    if (!(fabs(got - expected) <= allowed))
        fail_msg("%s is %.9g instead of %.9g (allowed %g)", what, got, expected, allowed);
}

static inline void assert_flags(const gm_measure *measure, uint32_t expected, const char *what) {
    if (measure->flags != expected)
        fail_msg("%s has the flags %#x instead of %#x", what, measure->flags, expected);
}

// Samples that own their values.
typedef struct cloud {
    float *values;
    gm_samples samples;
} cloud;

static inline cloud create_cloud(size_t count, size_t columns) {
    cloud c;
    check_ok(gm_alloc(&c.values, count * columns + 1, sizeof *c.values, "samples"));
    c.samples = (gm_samples){c.values, count, columns};
    return c;
}

static inline void destroy_cloud(cloud *c) {
    free(c->values);
}

static inline double normal(uint64_t seed, uint32_t stream, size_t i) {
    return gm_philox_normal(seed, stream, 0, 0, i);
}

static inline double uniform(uint64_t seed, uint32_t stream, size_t i) {
    return gm_philox_uniform(seed, stream, 1, 0, i);
}

static inline cloud normal_cloud(uint64_t seed, uint32_t stream, size_t count, size_t columns) {
    cloud c = create_cloud(count, columns);
    for (size_t i = 0; i < count * columns; i++)
        c.values[i] = (float)normal(seed, stream, i);
    return c;
}

#endif
