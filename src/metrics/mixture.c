// How well samples cover the modes of a distribution with equal weights (PacGAN, Lin et al. 2018, section 4).
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

// counts: samples per mode; good: those of high quality.
static void measure_counts(const uint64_t *counts, const uint64_t *good, size_t modes, gm_measure base,
                           gm_mode_measures *measures) {
    uint64_t total = 0, good_total = 0;
    size_t captured = 0;
    for (size_t k = 0; k < modes; k++) {
        total += counts[k];
        good_total += good[k];
        captured += good[k] > 0;
    }
    base.count = (size_t)total;
    if (total < modes)
        base.flags |= GM_MEASURE_FEW;
    *measures = (gm_mode_measures){base, base, base, false};
    if (total == 0) {
        measures->captured.flags |= GM_MEASURE_MISSING;
        measures->quality.flags |= GM_MEASURE_MISSING;
        measures->reverse_kl.flags |= GM_MEASURE_MISSING;
        return;
    }
    measures->captured.value = (double)captured;
    measures->quality.value = (double)good_total / (double)total;
    for (size_t k = 0; k < modes; k++) {
        double share = (double)counts[k] / (double)total;
        if (share > 0)
            measures->reverse_kl.value += share * log(share * (double)modes);
    }
    measures->reverse_kl.value = fmax(measures->reverse_kl.value, 0); // below 0 by rounding alone
    if (total < 10 * modes)
        measures->reverse_kl.flags |= GM_MEASURE_BIASED;
}

static size_t nearest(const float *point, const double (*centres)[2], size_t modes, double *squared) {
    size_t best = 0;
    *squared = INFINITY;
    for (size_t k = 0; k < modes; k++) {
        double dx = point[0] - centres[k][0], dy = point[1] - centres[k][1], distance = dx * dx + dy * dy;
        if (distance < *squared) {
            *squared = distance;
            best = k;
        }
    }
    return best;
}

gm_status gm_measure_mixture(const gm_samples *points, const double (*centres)[2], size_t modes, double sigma,
                             gm_mode_measures *measures) {
    gm_rows rows;
    uint64_t *counts = NULL;
    gm_measure none = gm_measure_missing(0, 0);
    *measures = (gm_mode_measures){none, none, none, false};
    if (points->columns != 2)
        return gm_fail(GM_ERROR_ARGUMENT, "points of a mixture have 2 columns, not %zu", points->columns);
    if (modes == 0 || !(sigma > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "a mixture needs modes (%zu) and a sigma above 0 (%g)", modes, sigma);
    GM_TRY(gm_rows_init(&rows, points));
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&counts, 2 * modes, sizeof *counts, "counts of modes"));
    for (size_t i = 0; i < rows.count; i++) {
        double squared;
        size_t mode = nearest(rows.values + 2 * i, centres, modes, &squared);
        counts[mode]++;
        counts[modes + mode] += squared <= 9 * sigma * sigma;
    }
    gm_measure base = {.duplicates = rows.duplicates, .flags = rows.flags};
    measure_counts(counts, counts + modes, modes, base, measures);
    const double truth = GM_MIXTURE_TRUE_QUALITY, count = (double)rows.count;
    measures->under_dispersed =
        rows.count > 0 && measures->quality.value > truth + 3 * sqrt(truth * (1 - truth) / count);
done:
    free(counts);
    gm_rows_finish(&rows);
    return status;
}

gm_status gm_measure_modes(const int32_t *classes, size_t count, size_t modes, gm_mode_measures *measures) {
    uint64_t *counts = NULL;
    gm_measure none = gm_measure_missing(0, 0);
    gm_status status = GM_OK;
    *measures = (gm_mode_measures){none, none, none, false};
    if (modes == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "there must be at least one class");
    GM_TRY_DONE(gm_alloc(&counts, modes, sizeof *counts, "counts of modes"));
    for (size_t i = 0; i < count; i++) {
        if (classes[i] < 0 || (size_t)classes[i] >= modes)
            GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT, "sample %zu: class %d is not among 0 to %zu", i, (int)classes[i],
                                modes - 1));
        counts[classes[i]]++;
    }
    measure_counts(counts, counts, modes, (gm_measure){0}, measures);
done:
    free(counts);
    return status;
}
