// The rows that a figure rests on: rows with NaN or infinity are left out, equal ones are counted.
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const float *values;
    size_t bytes;
} row;

static int compare_rows(const void *a, const void *b) {
    const row *left = a, *right = b;
    return memcmp(left->values, right->values, left->bytes);
}

// Equal rows lie side by side once the rows are sorted, in whatever order.
static gm_status count_duplicates(gm_rows *rows) {
    row *sorted;
    GM_TRY(gm_alloc(&sorted, rows->count, sizeof *sorted, "sorting rows"));
    for (size_t i = 0; i < rows->count; i++)
        sorted[i] = (row){rows->values + i * rows->columns, rows->columns * sizeof(float)};
    qsort(sorted, rows->count, sizeof *sorted, compare_rows);
    for (size_t i = 1; i < rows->count; i++)
        rows->duplicates += compare_rows(&sorted[i - 1], &sorted[i]) == 0;
    free(sorted);
    return GM_OK;
}

gm_status gm_rows_init(gm_rows *rows, const gm_samples *samples) {
    size_t columns = samples->columns;
    *rows = (gm_rows){.columns = columns};
    if (columns == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "samples need at least one column");
    if (samples->count > SIZE_MAX / sizeof(float) / columns)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu x %zu samples are too many", samples->count, columns);
    GM_TRY(gm_alloc(&rows->values, samples->count * columns, sizeof(float), "samples"));
    for (size_t i = 0; i < samples->count; i++) {
        const float *from = samples->values + i * columns;
        float *to = rows->values + rows->count * columns;
        bool finite = true;
        for (size_t j = 0; j < columns; j++) {
            to[j] = from[j] + 0.f; // turns -0 into 0, which equals it
            finite = finite && isfinite(from[j]);
        }
        rows->count += finite;
    }
    gm_status status = count_duplicates(rows);
    if (status != GM_OK)
        gm_rows_finish(rows);
    rows->flags = (rows->count < samples->count ? (uint32_t)GM_MEASURE_NOT_FINITE : 0) |
                  (rows->duplicates > 0 ? (uint32_t)GM_MEASURE_DUPLICATES : 0);
    return status;
}

void gm_rows_finish(gm_rows *rows) {
    free(rows->values);
    *rows = (gm_rows){0};
}

gm_status gm_rows_init_both(gm_rows *real, gm_rows *fake, const gm_samples *real_samples,
                            const gm_samples *fake_samples) {
    *real = *fake = (gm_rows){0};
    if (real_samples->columns != fake_samples->columns)
        return gm_fail(GM_ERROR_ARGUMENT, "real samples have %zu columns, fake ones %zu: they must be the same",
                       real_samples->columns, fake_samples->columns);
    GM_TRY(gm_rows_init(real, real_samples));
    gm_status status = gm_rows_init(fake, fake_samples);
    if (status != GM_OK)
        gm_rows_finish(real);
    return status;
}

gm_measure gm_rows_measure(const gm_rows *real, const gm_rows *fake, size_t least) {
    gm_measure measure = {.count = GM_MIN(real->count, fake->count),
                          .duplicates = real->duplicates + fake->duplicates,
                          .flags = real->flags | fake->flags};
    if (measure.count < least)
        measure.flags |= GM_MEASURE_MISSING;
    return measure;
}
