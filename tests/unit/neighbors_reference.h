// The formulas of estimates from nearest neighbours, over all pairs in double precision.
#ifndef GM_TEST_NEIGHBORS_REFERENCE_H
#define GM_TEST_NEIGHBORS_REFERENCE_H

#include "metrics_support.h"

static inline double distance(const float *x, const float *y, size_t columns, gm_norm norm) {
    double sum = 0, most = 0;
    for (size_t c = 0; c < columns; c++) {
        double difference = fabs((double)x[c] - (double)y[c]);
        sum += difference * difference;
        most = fmax(most, difference);
    }
    return norm == GM_NORM_MAXIMUM ? most : sqrt(sum);
}

static inline int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The distance of row i of x to its k-th neighbour in y; in x itself when y is x.
static inline double kth(const gm_samples *x, size_t i, const gm_samples *y, size_t k, gm_norm norm) {
    double *all = calloc(y->count, sizeof *all), found;
    size_t count = 0;
    for (size_t j = 0; j < y->count; j++)
        if (x != y || i != j)
            all[count++] = distance(x->values + i * x->columns, y->values + j * y->columns, x->columns, norm);
    qsort(all, count, sizeof *all, ascending);
    found = all[k - 1];
    free(all);
    return found;
}

static inline double digamma(size_t n) {
    double value = -0.57721566490153286061;
    for (size_t i = 1; i < n; i++)
        value += 1 / (double)i;
    return value;
}

static inline double ball_volume(size_t d, gm_norm norm) {
    const double pi = 3.14159265358979323846;
    if (norm == GM_NORM_MAXIMUM)
        return ldexp(1, (int)d);
    return d == 0 ? 1 : d == 1 ? 2 : 2 * pi / (double)d * ball_volume(d - 2, norm);
}

static inline double entropy(const gm_samples *x, size_t k, gm_norm norm) {
    double sum = 0;
    for (size_t i = 0; i < x->count; i++)
        sum += log(kth(x, i, x, k, norm));
    return digamma(x->count) - digamma(k) + log(ball_volume(x->columns, norm)) +
           (double)x->columns / (double)x->count * sum;
}

static inline double kl(const gm_samples *p, const gm_samples *q, size_t k) {
    double sum = 0, n = (double)p->count;
    for (size_t i = 0; i < p->count; i++)
        sum += log(kth(p, i, q, k, GM_NORM_EUCLIDEAN) / kth(p, i, p, k, GM_NORM_EUCLIDEAN));
    return fmax(0, (double)p->columns / n * sum + log((double)q->count / (n - 1)));
}

static inline cloud join(const gm_samples *x, const gm_samples *y) {
    cloud z = create_cloud(x->count, x->columns + y->columns);
    for (size_t i = 0; i < x->count; i++) {
        memcpy(z.values + i * z.samples.columns, x->values + i * x->columns, x->columns * sizeof(float));
        memcpy(z.values + i * z.samples.columns + x->columns, y->values + i * y->columns, y->columns * sizeof(float));
    }
    return z;
}

static inline size_t count_nearer(const gm_samples *x, size_t i, double radius) {
    size_t count = 0;
    for (size_t j = 0; j < x->count; j++)
        count += i != j &&
                 distance(x->values + i * x->columns, x->values + j * x->columns, x->columns, GM_NORM_MAXIMUM) < radius;
    return count;
}

static inline double mutual_information(const gm_samples *x, const gm_samples *y, size_t k) {
    cloud z = join(x, y);
    double sum = 0;
    for (size_t i = 0; i < x->count; i++) {
        double radius = kth(&z.samples, i, &z.samples, k, GM_NORM_MAXIMUM);
        sum += digamma(count_nearer(x, i, radius) + 1) + digamma(count_nearer(y, i, radius) + 1);
    }
    destroy_cloud(&z);
    return fmax(0, digamma(k) + digamma(x->count) - sum / (double)x->count);
}

// Precision, recall, density, coverage.
static inline void prdc(const gm_samples *real, const gm_samples *fake, size_t k, double values[4]) {
    double *of_real = calloc(real->count, sizeof *of_real), *of_fake = calloc(fake->count, sizeof *of_fake);
    size_t in_real = 0, in_fake = 0, all = 0, covered = 0;
    for (size_t i = 0; i < real->count; i++)
        of_real[i] = kth(real, i, real, k, GM_NORM_EUCLIDEAN);
    for (size_t j = 0; j < fake->count; j++)
        of_fake[j] = kth(fake, j, fake, k, GM_NORM_EUCLIDEAN);
    for (size_t j = 0; j < fake->count; j++) {
        size_t holding = 0;
        for (size_t i = 0; i < real->count; i++)
            holding += distance(real->values + i * real->columns, fake->values + j * real->columns, real->columns,
                                GM_NORM_EUCLIDEAN) <= of_real[i];
        in_real += holding > 0;
        all += holding;
    }
    for (size_t i = 0; i < real->count; i++) {
        size_t holding = 0, held = 0;
        for (size_t j = 0; j < fake->count; j++) {
            double d = distance(real->values + i * real->columns, fake->values + j * real->columns, real->columns,
                                GM_NORM_EUCLIDEAN);
            holding += d <= of_fake[j];
            held += d <= of_real[i];
        }
        in_fake += holding > 0;
        covered += held > 0;
    }
    double n = (double)real->count, m = (double)fake->count;
    values[0] = (double)in_real / m, values[1] = (double)in_fake / n;
    values[2] = (double)all / m / (double)k, values[3] = (double)covered / n;
    free(of_real);
    free(of_fake);
}

// y = x/2 + noise in the columns that both have.
static inline cloud dependent_cloud(const gm_samples *x, size_t columns, uint64_t seed) {
    cloud y = normal_cloud(seed, 2, x->count, columns);
    for (size_t i = 0; i < x->count; i++)
        for (size_t c = 0; c < columns && c < x->columns; c++)
            y.values[i * columns + c] += x->values[i * x->columns + c] / 2;
    return y;
}

#endif
