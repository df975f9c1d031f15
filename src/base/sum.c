// Sums that grow value by value without losing digits or overflowing. Infinite values are values.
#include "base/base.h"

#include <math.h>

void gm_running_mean_add(gm_running_mean *mean, double value) {
    double before = value - mean->value;
    mean->count++;
    mean->value += isfinite(mean->value) ? before / (double)mean->count : value;
    mean->squares += before * (value - mean->value);
}

double gm_running_mean_error(const gm_running_mean *mean) {
    double n = (double)mean->count;
    return mean->count > 1 ? sqrt(mean->squares / (n - 1) / n) : NAN;
}

void gm_log_sum_add(gm_log_sum *sum, double exponent) {
    if (sum->count++ == 0) {
        *sum = (gm_log_sum){.count = 1, .most = exponent, .rest = 1};
    } else if (exponent <= sum->most) {
        sum->rest += exponent < sum->most ? exp(exponent - sum->most) : 1; // of two infinite ones, too
    } else {
        sum->rest = sum->rest * exp(sum->most - exponent) + 1;
        sum->most = exponent;
    }
}

double gm_log_sum_mean(const gm_log_sum *sum) {
    return sum->most + log(sum->rest / (double)sum->count);
}
