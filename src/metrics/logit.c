// Divergences from a discriminator's logits l on samples that it has not seen.
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

// ln(1 + e^x), without overflow.
static double softplus(double x) {
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double positive(double logit) {
    return logit;
}

static double softplus_negative(double logit) {
    return softplus(-logit);
}

// Mean of f over the finite logits and the square of its standard error (Welford's recurrence).
typedef struct mean {
    double value, squared_error;
    size_t count, left_out;
} mean;

static mean mean_of(const float *logits, size_t count, double (*f)(double)) {
    mean m = {0};
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(logits[i])) {
            m.left_out++;
            continue;
        }
        double value = f(logits[i]), before = value - m.value;
        m.count++;
        m.value += before / (double)m.count;
        squares += before * (value - m.value);
    }
    if (m.count > 1)
        m.squared_error = squares / (double)(m.count - 1) / (double)m.count;
    return m;
}

// `value` with the lowest possible value 0 and what the means that it is made of say.
static void report(double value, const mean *real, const mean *fake, double squared_error, gm_measure *measure,
                   double *standard_error) {
    size_t count = GM_MIN(real->count, fake->count);
    uint32_t flags = real->left_out + fake->left_out > 0 ? GM_MEASURE_NOT_FINITE : 0;
    if (count == 0)
        *measure = gm_measure_missing(0, flags);
    else
        *measure = (gm_measure){
            .value = fmax(value, 0), .count = count, .flags = flags | (value < 0 ? (uint32_t)GM_MEASURE_CLIPPED : 0)};
    if (standard_error)
        *standard_error = count > 0 ? sqrt(squared_error) : 0;
}

gm_status gm_measure_logit_jsd(const gm_logits *logits, gm_measure *measure, double *standard_error) {
    mean real = mean_of(logits->real, logits->real_count, softplus_negative),
         fake = mean_of(logits->fake, logits->fake_count, softplus);
    report(log(2) - (real.value + fake.value) / 2, &real, &fake, (real.squared_error + fake.squared_error) / 4, measure,
           standard_error);
    return GM_OK;
}

gm_status gm_measure_logit_kl(const gm_logits *logits, gm_measure *kl, double *kl_error, gm_measure *reverse_kl,
                              double *reverse_kl_error) {
    mean real = mean_of(logits->real, logits->real_count, positive),
         fake = mean_of(logits->fake, logits->fake_count, positive);
    report(real.value, &real, &real, real.squared_error, kl, kl_error);
    report(-fake.value, &fake, &fake, fake.squared_error, reverse_kl, reverse_kl_error);
    return GM_OK;
}

static int compare(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

// The finite ones, in order.
static size_t sort_finite(const float *logits, size_t count, float *sorted) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(logits[i]))
            sorted[kept++] = logits[i];
    qsort(sorted, kept, sizeof *sorted, compare);
    return kept;
}

gm_status gm_measure_logit_auc(const gm_logits *logits, gm_measure *measure) {
    size_t all = logits->real_count + logits->fake_count, below = 0, equal = 0;
    float *real;
    double sum = 0;
    GM_TRY(gm_alloc(&real, all, sizeof *real, "logits"));
    size_t n = sort_finite(logits->real, logits->real_count, real);
    float *fake = real + n;
    size_t m = sort_finite(logits->fake, logits->fake_count, fake);
    for (size_t i = 0; i < n; i++) {
        while (below < m && fake[below] < real[i])
            below++;
        for (equal = GM_MAX(equal, below); equal < m && fake[equal] <= real[i];)
            equal++;
        sum += ((double)below + (double)equal) / 2;
    }
    uint32_t flags = n + m < all ? GM_MEASURE_NOT_FINITE : 0;
    *measure = n > 0 && m > 0
                   ? (gm_measure){.value = sum / (double)n / (double)m, .count = GM_MIN(n, m), .flags = flags}
                   : gm_measure_missing(0, flags);
    free(real);
    return GM_OK;
}
