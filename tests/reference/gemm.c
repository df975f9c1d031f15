// Matrix products: op(a) (..., M, K) times op(b) (..., K, N).
#include "operations.h"

#include <math.h>

static void gemm(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_gemm_attributes *attributes = y->attributes;
    const gm_shape *shape = &y->shape, *a_shape = &in[0].tensor->shape;
    size_t M = shape->dim[shape->rank - 2], N = shape->dim[shape->rank - 1], batch = gm_shape_count(shape) / (M * N);
    size_t K = a_shape->dim[a_shape->rank - (attributes->transpose_a ? 2 : 1)];
    for (size_t p = 0; p < batch; p++)
        for (size_t m = 0; m < M; m++)
            for (size_t n = 0; n < N; n++) {
                double sum = 0, scale = 0;
                for (size_t k = 0; k < K; k++) {
                    size_t i = p * M * K + (attributes->transpose_a ? k * M + m : m * K + k);
                    size_t j = p * K * N + (attributes->transpose_b ? n * K + k : k * N + n);
                    double a = in[0].value[i], b = in[1].value[j];
                    sum += a * b;
                    scale += fabs(a * b) + fabs(a) * in[1].magnitude[j] + in[0].magnitude[i] * fabs(b);
                }
                value[(p * M + m) * N + n] = sum;
                magnitude[(p * M + m) * N + n] = scale;
            }
}

const gm_reference_row gm_reference_gemms[] = {{&gm_op_gemm, gemm}, {NULL, NULL}};
