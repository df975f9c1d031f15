// Entropies and score from a classifier's probabilities (Salimans et al. 2016).
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>

static double plogp(double p) {
    return p > 0 ? p * log(p) : 0;
}

static double sum_of(const float *row, size_t classes) {
    double sum = 0;
    for (size_t j = 0; j < classes; j++)
        sum += row[j];
    return sum;
}

// Rows that are not finite pass: they are left out.
static gm_status check_row(const float *row, size_t classes, size_t index) {
    double sum = sum_of(row, classes);
    if (!isfinite(sum))
        return GM_OK;
    for (size_t j = 0; j < classes; j++)
        if (row[j] < 0)
            return gm_fail(GM_ERROR_ARGUMENT,
                           "row %zu: the probability of class %zu is %g: give probabilities, not logits", index, j,
                           (double)row[j]);
    if (fabs(sum - 1) > .01)
        return gm_fail(GM_ERROR_ARGUMENT, "row %zu: the probabilities sum to %g instead of 1", index, sum);
    return GM_OK;
}

gm_status gm_measure_classes(const gm_samples *probabilities, gm_class_measures *measures) {
    gm_rows rows;
    double *mean = NULL, entropy = 0, conditional = 0, confidence = 0;
    size_t classes = probabilities->columns;
    gm_measure none = gm_measure_missing(0, 0);
    *measures = (gm_class_measures){none, none, none, none, none};
    for (size_t i = 0; i < probabilities->count; i++)
        GM_TRY(check_row(probabilities->values + i * classes, classes, i));
    GM_TRY(gm_rows_init(&rows, probabilities));
    gm_status status = GM_OK;
    gm_measure base = gm_rows_measure(&rows, &rows, 1);
    base.duplicates = rows.duplicates;
    if (rows.count < 10 * classes)
        base.flags |= GM_MEASURE_FEW;
    GM_TRY_DONE(gm_alloc(&mean, classes, sizeof *mean, "class probabilities"));
    for (size_t i = 0; i < rows.count; i++) {
        const float *row = rows.values + i * classes;
        double sum = sum_of(row, classes), largest = 0;
        for (size_t j = 0; j < classes; j++) {
            largest = fmax(largest, row[j] / sum);
            mean[j] += row[j] / sum / (double)rows.count;
            conditional -= plogp(row[j] / sum) / (double)rows.count;
        }
        confidence += largest / (double)rows.count;
    }
    for (size_t j = 0; j < classes; j++)
        entropy -= plogp(mean[j]);
    *measures = (gm_class_measures){base, base, base, base, base};
    if (!(base.flags & GM_MEASURE_MISSING)) {
        measures->entropy.value = fmax(entropy, 0);
        measures->conditional.value = fmax(conditional, 0);
        measures->information.value = fmax(entropy - conditional, 0); // below 0 by rounding alone
        measures->score.value = exp(measures->information.value);
        measures->confidence.value = confidence;
    }
done:
    free(mean);
    gm_rows_finish(&rows);
    return status;
}
