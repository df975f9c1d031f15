// Random numbers: Philox4x32-10 with the seed as key; element i of the row-major result is word i%4 of block
// (i/4, stream, counter[0], counter[1]). The counter is the only input; without it (0, 0).
#include "operations.h"

#include <math.h>

typedef struct position {
    uint32_t stream, step, substep;
} position;

static position position_of(const gm_tensor *y, const gm_operand *in) {
    const gm_random_attributes *attributes = y->attributes;
    position at = {.stream = attributes->stream};
    if (y->input_count > 0) {
        at.step = (uint32_t)(int32_t)in[0].value[0];
        at.substep = (uint32_t)(int32_t)in[0].value[1];
    }
    return at;
}

// [0, 1) in steps of 2^-24: exact in float
static void uniform(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    position at = position_of(y, in);
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        value[i] = gm_philox_uniform(seed, at.stream, at.step, at.substep, i);
        magnitude[i] = 0;
    }
}

// Box-Muller; the error of its cosine is absolute, hence the 1.
static void normal(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    position at = position_of(y, in);
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        value[i] = gm_philox_normal(seed, at.stream, at.step, at.substep, i);
        magnitude[i] = 1 + fabs(value[i]);
    }
}

// 1 where the uniform number lies below the probability (as float)
static void bernoulli(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    const gm_random_attributes *attributes = y->attributes;
    position at = position_of(y, in);
    size_t count = gm_shape_count(&y->shape);
    for (size_t i = 0; i < count; i++) {
        double u = gm_philox_uniform(seed, at.stream, at.step, at.substep, i);
        value[i] = u < (double)(float)attributes->probability;
        magnitude[i] = 0;
    }
}

const gm_reference_row gm_reference_randoms[] = {
    {&gm_op_uniform, uniform}, {&gm_op_normal, normal}, {&gm_op_bernoulli, bernoulli}, {NULL, NULL}};
