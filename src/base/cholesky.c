// Symmetric positive definite systems by Cholesky's factor, A = L L^T, in double.
#include "base/base.h"

#include <math.h>

void gm_cholesky(double *A, size_t n, size_t stride) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = A[j * stride + i]; // from the upper half
            for (size_t k = 0; k < j; k++)
                sum -= A[i * stride + k] * A[j * stride + k];
            if (i > j)
                A[i * stride + j] = sum / A[j * stride + j];
            else
                A[i * stride + i] = sqrt(sum);
        }
}

void gm_cholesky_solve(const double *A, size_t n, size_t stride, double *b, size_t b_stride, size_t count) {
    for (size_t i = 0; i < n; i++) {
        double *row = b + i * b_stride;
        for (size_t k = 0; k < i; k++)
            for (size_t j = 0; j < count; j++)
                row[j] -= A[i * stride + k] * b[k * b_stride + j];
        for (size_t j = 0; j < count; j++)
            row[j] /= A[i * stride + i];
    }
    gm_cholesky_solve_upper(A, n, stride, b, b_stride, count);
}

void gm_cholesky_solve_upper(const double *A, size_t n, size_t stride, double *b, size_t b_stride, size_t count) {
    for (size_t i = n; i-- > 0;) {
        double *row = b + i * b_stride;
        for (size_t k = i + 1; k < n; k++)
            for (size_t j = 0; j < count; j++)
                row[j] -= A[k * stride + i] * b[k * b_stride + j];
        for (size_t j = 0; j < count; j++)
            row[j] /= A[i * stride + i];
    }
}
