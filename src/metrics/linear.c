// Means, covariances and the Fréchet distance of two Gaussians (Dowson and Landau 1982), in double on the host.
#include "metrics/moments.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { STRIP = 64 }; // rows at a time: the strip of a wide table stays in the cache while the covariance passes by

gm_status gm_moments_init(gm_moments *moments, const float *rows, size_t count, size_t columns) {
    size_t n = columns;
    double *centred = NULL;
    *moments = (gm_moments){.columns = n};
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&moments->mean, n, sizeof(double), "a mean"));
    GM_TRY_DONE(gm_alloc(&moments->covariance, n * n, sizeof(double), "a covariance"));
    GM_TRY_DONE(gm_alloc(&centred, STRIP * n, sizeof(double), "rows"));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++)
            moments->mean[j] += rows[i * n + j];
    for (size_t j = 0; j < n; j++)
        moments->mean[j] /= (double)count;
    for (size_t first = 0; first < count; first += STRIP) {
        size_t strip = GM_MIN(count - first, (size_t)STRIP);
        for (size_t i = 0; i < strip * n; i++)
            centred[i] = rows[first * n + i] - moments->mean[i % n];
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < strip; i++) {
                const double *row = centred + i * n;
                for (size_t k = j; k < n; k++)
                    moments->covariance[j * n + k] += row[j] * row[k];
            }
    }
    for (size_t j = 0; j < n; j++)
        for (size_t k = j; k < n; k++)
            moments->covariance[k * n + j] = moments->covariance[j * n + k] /= (double)(count - 1);
done:
    free(centred);
    if (status != GM_OK)
        gm_moments_finish(moments);
    return status;
}

void gm_moments_finish(gm_moments *moments) {
    free(moments->mean);
    free(moments->covariance);
    *moments = (gm_moments){0};
}

// The product's square root is taken through the symmetric matrix C^(1/2) C' C^(1/2), which has its eigenvalues: with
// C = V^T L V, these are those of L^(1/2) V C' V^T L^(1/2). Those that rounding alone makes differ from 0, above or
// below, are zeros: the root would turn 1e-16 into 1e-8.
gm_status gm_frechet_of_moments(const gm_moments *a, const gm_moments *b, double *value) {
    size_t n = a->columns;
    double *work = NULL, trace = 0, distance = 0, root = 0;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&work, 3 * n * n + n, sizeof *work, "a Fréchet distance"));
    double *vectors = work, *product = vectors + n * n, *inner = product + n * n, *values = inner + n * n;
    for (size_t i = 0; i < n; i++) {
        double difference = a->mean[i] - b->mean[i];
        distance += difference * difference;
        trace += a->covariance[i * n + i] + b->covariance[i * n + i];
    }
    for (size_t i = 0; i < n * n; i++)
        inner[i] = a->covariance[i];
    GM_TRY_DONE(gm_eigen_symmetric(inner, n, values, vectors));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++)
                product[i * n + j] += vectors[i * n + k] * b->covariance[k * n + j];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            inner[i * n + j] = inner[j * n + i] =
                gm_dot(product + i * n, vectors + j * n, n) * sqrt(fmax(values[i], 0)) * sqrt(fmax(values[j], 0));
    GM_TRY_DONE(gm_eigen_symmetric(inner, n, values, NULL));
    for (size_t i = 0; i < n && values[i] > (double)n * DBL_EPSILON * values[0]; i++)
        root += sqrt(values[i]);
    *value = fmax(distance + trace - 2 * root, 0); // below 0 by rounding alone
done:
    free(work);
    return status;
}
