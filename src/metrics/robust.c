// Moments of a column that a few values far away do not swamp: one row of 1e30 among ordinary ones is 1e30/N in the
// mean and leaves no digit of the others.
#include "metrics/moments.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

// In spreads: no distribution that estimates are meant for has as much of itself out there.
static const double far_away = 1024;

// By selection (Hoare 1961).
double gm_median(double *x, size_t count) {
    ptrdiff_t middle = (ptrdiff_t)((count - 1) / 2), low = 0, high = (ptrdiff_t)count - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i <= j) {
                double swapped = x[i];
                x[i++] = x[j];
                x[j--] = swapped;
            }
        }
        low = middle >= i ? i : low;
        high = middle <= j ? j : high;
        if (middle > j && middle < i)
            break;
    }
    return x[middle];
}

// The median, and the median distance from it of the values that differ from it; 0 when none does.
static double spread_of(const float *column, size_t stride, size_t count, double *work, double *median) {
    size_t others = 0;
    for (size_t i = 0; i < count; i++)
        work[i] = column[i * stride];
    *median = gm_median(work, count);
    for (size_t i = 0; i < count; i++) {
        double distance = fabs(column[i * stride] - *median);
        if (distance > 0)
            work[others++] = distance;
    }
    return others > 0 ? gm_median(work, others) : 0;
}

gm_status gm_column_moments(const float *column, size_t stride, size_t count, size_t reference, double *mean,
                            double *deviation) {
    double *work, median = 0, sum = 0, squares = 0;
    size_t near = 0;
    GM_TRY(gm_alloc(&work, GM_MAX(count, (size_t)1), sizeof *work, "a column"));
    double spread = reference > 0 ? spread_of(column, stride, reference, work, &median) : 0;
    if (spread <= 0 && count > 0)
        spread = spread_of(column, stride, count, work, &median);
    for (size_t i = 0; i < count; i++) {
        double difference = column[i * stride] - median;
        if (fabs(difference) <= far_away * spread) {
            work[near++] = difference;
            sum += difference;
        }
    }
    double of_differences = near > 0 ? sum / (double)near : 0; // 0 for equal values, without rounding
    for (size_t i = 0; i < near; i++)
        squares += (work[i] - of_differences) * (work[i] - of_differences);
    *mean = median + of_differences;
    *deviation = near > 0 ? sqrt(squares / (double)near) : 0;
    free(work);
    return GM_OK;
}
