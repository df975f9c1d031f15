// Entropies of histograms. The plug-in entropy falls short by about (bins - 1) / 2N; one correction is applied, never
// two: half a count more in every bin, or Miller's and Madow's term.
#include "metrics/moments.h"

#include <math.h>

size_t gm_histogram_count(const float *values, size_t count, double low, double high, size_t bins, uint64_t *counts) {
    size_t outside = 0;
    for (size_t i = 0; i < count; i++) {
        double place = (values[i] - low) / (high - low);
        if (place >= 0 && place <= 1 && bins > 0)
            counts[GM_MIN((size_t)(place * (double)bins), bins - 1)]++;
        else
            outside++; // NaN, too: it compares with nothing
    }
    return outside;
}

// Numbers added to each count and to the entropy.
typedef struct correction {
    double added;
    bool miller_madow;
} correction;

static gm_status choose(gm_histogram_correction wanted, correction *chosen) {
    static const correction rows[] = {
        [GM_HISTOGRAM_AUTO] = {.5, false},
        [GM_HISTOGRAM_NONE] = {0, false},
        [GM_HISTOGRAM_HALF] = {.5, false},
        [GM_HISTOGRAM_MILLER_MADOW] = {0, true},
    };
    if ((unsigned)wanted >= GM_COUNT(rows))
        return gm_fail(GM_ERROR_ARGUMENT, "there is no histogram correction %d", (int)wanted);
    *chosen = rows[wanted];
    return GM_OK;
}

// Entropy of counts that are given one after the other: ln T - sum(c ln c) / T.
typedef struct entropy {
    double total, sum;
    size_t occupied;
} entropy;

static void entropy_add(entropy *h, double count) {
    h->total += count;
    if (count > 0) {
        h->sum += count * log(count);
        h->occupied++;
    }
}

static double entropy_value(const entropy *h, correction chosen) {
    double value = log(h->total) - h->sum / h->total;
    return chosen.miller_madow ? value + ((double)h->occupied - 1) / (2 * h->total) : fmax(value, 0);
}

static gm_measure measure_of(uint64_t total, size_t bins) {
    if (total == 0)
        return gm_measure_missing(0, GM_MEASURE_FEW);
    return (gm_measure){.count = (size_t)total, .flags = total < bins ? (uint32_t)GM_MEASURE_FEW : 0};
}

static uint64_t total_of(const uint64_t *counts, size_t bins) {
    uint64_t total = 0;
    for (size_t i = 0; i < bins; i++)
        total += counts[i];
    return total;
}

gm_status gm_measure_histogram_entropy(const uint64_t *counts, size_t bins, gm_histogram_correction wanted,
                                       gm_measure *measure) {
    correction chosen = {0};
    entropy h = {0};
    *measure = gm_measure_missing(0, 0);
    GM_TRY(choose(wanted, &chosen));
    *measure = measure_of(total_of(counts, bins), bins);
    if (measure->flags & GM_MEASURE_MISSING)
        return GM_OK;
    for (size_t i = 0; i < bins; i++)
        entropy_add(&h, (double)counts[i] + chosen.added);
    measure->value = entropy_value(&h, chosen);
    return GM_OK;
}

// H(row) + H(column) - H(row, column); the margins are those of the corrected table.
gm_status gm_measure_histogram_information(const uint64_t *counts, size_t rows, size_t columns,
                                           gm_histogram_correction wanted, gm_measure *measure) {
    correction chosen = {0};
    entropy joint = {0}, by_row = {0}, by_column = {0};
    *measure = gm_measure_missing(0, 0);
    GM_TRY(choose(wanted, &chosen));
    *measure = measure_of(total_of(counts, rows * columns), rows * columns);
    if (measure->flags & GM_MEASURE_MISSING)
        return GM_OK;
    for (size_t i = 0; i < rows; i++) {
        double sum = 0;
        for (size_t j = 0; j < columns; j++) {
            double count = (double)counts[i * columns + j] + chosen.added;
            entropy_add(&joint, count);
            sum += count;
        }
        entropy_add(&by_row, sum);
    }
    for (size_t j = 0; j < columns; j++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += (double)counts[i * columns + j] + chosen.added;
        entropy_add(&by_column, sum);
    }
    double value = entropy_value(&by_row, chosen) + entropy_value(&by_column, chosen) - entropy_value(&joint, chosen);
    measure->value = fmax(value, 0);
    if (value < -1e-12) // more than rounding
        measure->flags |= GM_MEASURE_CLIPPED;
    return GM_OK;
}

gm_status gm_measure_histogram_kl(const uint64_t *p, const uint64_t *q, size_t bins, gm_histogram_correction wanted,
                                  gm_measure *measure) {
    correction chosen = {0};
    *measure = gm_measure_missing(0, 0);
    GM_TRY(choose(wanted, &chosen));
    if (chosen.miller_madow)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "there is no Miller-Madow correction of a KL divergence: add 1/2 to every bin instead");
    uint64_t p_total = total_of(p, bins), q_total = total_of(q, bins);
    gm_measure found = measure_of(GM_MIN(p_total, q_total), bins);
    double p_sum = (double)p_total + chosen.added * (double)bins, q_sum = (double)q_total + chosen.added * (double)bins;
    for (size_t i = 0; i < bins && !(found.flags & GM_MEASURE_MISSING); i++) {
        double p_share = ((double)p[i] + chosen.added) / p_sum, q_share = ((double)q[i] + chosen.added) / q_sum;
        if (p_share > 0 && q_share == 0) // infinite
            found = gm_measure_missing(found.count, found.flags);
        else if (p_share > 0)
            found.value += p_share * log(p_share / q_share);
    }
    found.value = fmax(found.value, 0);
    *measure = found;
    return GM_OK;
}
