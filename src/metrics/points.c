// Samples made ready: what cannot be used is left out, and what was left out is said.
#include "metrics/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// The jitter's width, as a share of a column's standard deviation: wide enough for floats to hold thousands of equal
// rows apart, too narrow to be seen in the figures of those that were apart before.
static const double jitter_width = 0x1p-10;

// ---- Copying ----

static gm_status check_samples(const char *what, const gm_samples *samples) {
    if (!samples || (!samples->values && samples->count > 0))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: samples are NULL", what);
    if (samples->columns == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: samples have no columns but need at least one", what);
    if (samples->count > SIZE_MAX / sizeof(float) / samples->columns)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %zu rows of %zu columns are more than memory holds", what,
                       samples->count, samples->columns);
    return GM_OK;
}

static bool is_finite(const float *row, size_t columns) {
    for (size_t c = 0; c < columns; c++)
        if (!isfinite(row[c]))
            return false;
    return true;
}

static void copy_row(float *to, const float *from, size_t columns) {
    for (size_t c = 0; c < columns; c++)
        to[c] = from[c] + 0.0f; // -0 becomes 0, so that equal rows have equal bytes
}

static gm_status allocate(gm_points *points, size_t rows, size_t columns) {
    *points = (gm_points){.columns = columns, .left = columns};
    GM_TRY(gm_alloc(&points->values, GM_MAX(rows, (size_t)1) * columns, sizeof *points->values, "samples"));
    gm_status status = gm_alloc(&points->equal, GM_MAX(rows, (size_t)1), sizeof *points->equal, "samples");
    if (status != GM_OK)
        gm_points_finish(points);
    return status;
}

static void append_rows(gm_points *points, const gm_samples *samples) {
    for (size_t i = 0; i < samples->count; i++) {
        const float *row = samples->values + i * points->columns;
        if (is_finite(row, points->columns))
            copy_row(points->values + points->count++ * points->columns, row, points->columns);
        else
            points->flags |= GM_MEASURE_NOT_FINITE;
    }
}

gm_status gm_points_stack(gm_points *points, const char *what, const gm_samples *upper, const gm_samples *lower) {
    *points = (gm_points){0};
    GM_TRY(check_samples(what, upper));
    if (lower) {
        GM_TRY(check_samples(what, lower));
        if (upper->columns != lower->columns)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: the samples have %zu and %zu columns but must have equally many",
                           what, upper->columns, lower->columns);
    }
    GM_TRY(allocate(points, upper->count + (lower ? lower->count : 0), upper->columns));
    append_rows(points, upper);
    points->above = points->count;
    points->stacked = lower != NULL;
    if (lower)
        append_rows(points, lower);
    return GM_OK;
}

gm_status gm_points_join(gm_points *points, const char *what, const gm_samples *left, const gm_samples *right) {
    *points = (gm_points){0};
    GM_TRY(check_samples(what, left));
    GM_TRY(check_samples(what, right));
    if (left->count != right->count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the samples have %zu and %zu rows but are pairs of rows", what,
                       left->count, right->count);
    GM_TRY(allocate(points, left->count, left->columns + right->columns));
    points->left = left->columns;
    for (size_t i = 0; i < left->count; i++) {
        const float *x = left->values + i * left->columns, *y = right->values + i * right->columns;
        if (!is_finite(x, left->columns) || !is_finite(y, right->columns)) {
            points->flags |= GM_MEASURE_NOT_FINITE;
            continue;
        }
        float *to = points->values + points->count++ * points->columns;
        copy_row(to, x, left->columns);
        copy_row(to + left->columns, y, right->columns);
    }
    points->above = points->count;
    return GM_OK;
}

void gm_points_finish(gm_points *points) {
    free(points->values);
    free(points->equal);
    *points = (gm_points){0};
}

// ---- Columns that do not vary ----

static bool is_constant(const gm_points *points, size_t column, size_t begin, size_t end) {
    for (size_t i = begin + 1; i < end; i++)
        if (points->values[i * points->columns + column] != points->values[begin * points->columns + column])
            return false;
    return end > begin + 1;
}

static gm_status drop_constant_columns(gm_points *points) {
    size_t columns = points->columns, kept = 0, left = 0;
    size_t *from;
    GM_TRY(gm_alloc(&from, columns, sizeof *from, "samples"));
    for (size_t c = 0; c < columns; c++) {
        if (is_constant(points, c, 0, points->above) || is_constant(points, c, points->above, points->count))
            continue;
        left += c < points->left;
        from[kept++] = c;
    }
    if (kept < columns)
        points->flags |= GM_MEASURE_CONSTANT;
    for (size_t i = 0; i < points->count; i++) // forwards: no value is overwritten before it was moved
        for (size_t c = 0; c < kept; c++)
            points->values[i * kept + c] = points->values[i * columns + from[c]];
    points->columns = kept;
    points->left = left;
    free(from);
    return GM_OK;
}

// ---- Equal rows ----

// Finds them by a table of rows under open addressing.
static gm_status find_equal_rows(gm_points *points) {
    size_t size = 16, bytes = points->columns * sizeof *points->values, *table; // row + 1; 0: free
    while (size < 2 * points->count)
        size *= 2;
    GM_TRY(gm_alloc(&table, size, sizeof *table, "counting equal samples"));
    for (size_t i = 0; i < points->count; i++) {
        const float *row = points->values + i * points->columns;
        size_t at = (size_t)gm_hash(GM_HASH_START, row, bytes) & (size - 1);
        while (table[at] && memcmp(points->values + (table[at] - 1) * points->columns, row, bytes) != 0)
            at = (at + 1) & (size - 1);
        if (table[at]) {
            points->equal[i] = points->equal[table[at] - 1] = true;
            points->duplicates++;
        } else {
            table[at] = i + 1;
        }
    }
    free(table);
    if (points->duplicates > 0)
        points->flags |= GM_MEASURE_DUPLICATES;
    return GM_OK;
}

// Mean and standard deviation of a column.
static void moments(const gm_points *points, size_t column, double *mean, double *deviation) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < points->count; i++)
        sum += (double)points->values[i * points->columns + column];
    *mean = sum / (double)points->count;
    for (size_t i = 0; i < points->count; i++) {
        double d = (double)points->values[i * points->columns + column] - *mean;
        squares += d * d;
    }
    *deviation = sqrt(squares / (double)points->count);
}

// About the mean, so that floats have digits for it: distances depend on differences alone.
static void jitter_equal_rows(gm_points *points) {
    uint32_t stream = gm_stream("jitter");
    for (size_t c = 0; c < points->columns; c++) {
        double mean, deviation;
        moments(points, c, &mean, &deviation);
        for (size_t i = 0; i < points->count; i++) {
            size_t at = i * points->columns + c;
            double shift = points->equal[i] ? gm_philox_uniform(0, stream, 0, 0, at) - 0.5 : 0;
            points->values[at] = (float)((double)points->values[at] - mean + shift * jitter_width * deviation);
        }
    }
}

// ---- Scale ----

static void divide(gm_points *points, size_t begin, size_t end, int exponent) {
    for (size_t i = 0; i < points->count; i++)
        for (size_t c = begin; c < end; c++)
            points->values[i * points->columns + c] = ldexpf(points->values[i * points->columns + c], -exponent);
}

// The largest magnitude becomes one from 1/2 to 1.
static void scale(gm_points *points) {
    float largest = 0;
    int exponent;
    for (size_t i = 0; i < points->count * points->columns; i++)
        largest = fmaxf(largest, fabsf(points->values[i]));
    frexpf(largest, &exponent);
    divide(points, 0, points->columns, exponent);
    points->log_scale = exponent * log(2);
}

static void scale_sides(gm_points *points) {
    for (size_t side = 0; side < 2; side++) {
        size_t begin = side ? points->left : 0, end = side ? points->columns : points->left;
        double squares = 0, mean, deviation;
        int exponent;
        for (size_t c = begin; c < end; c++) {
            moments(points, c, &mean, &deviation);
            squares += deviation * deviation / (double)(end - begin);
        }
        frexp(sqrt(2 * squares), &exponent); // with the root of 2 the power is the nearest one
        divide(points, begin, end, exponent);
    }
}

gm_status gm_points_scale(gm_points *points) {
    GM_TRY(find_equal_rows(points));
    scale(points);
    return GM_OK;
}

gm_status gm_points_spread(gm_points *points, bool sides) {
    GM_TRY(drop_constant_columns(points));
    if (points->columns == 0 || points->count == 0)
        return GM_OK;
    GM_TRY(find_equal_rows(points));
    if (sides)
        scale_sides(points);
    else
        scale(points);
    if (points->duplicates > 0)
        jitter_equal_rows(points);
    return GM_OK;
}

gm_measure gm_points_measure(const gm_points *points, size_t k) {
    gm_measure measure = {.count = points->count, .duplicates = points->duplicates, .flags = points->flags};
    if (points->stacked)
        measure.count = GM_MIN(points->above, points->count - points->above);
    if (measure.count < 20 * k)
        measure.flags |= GM_MEASURE_FEW;
    if (measure.count <= k)
        measure.flags |= GM_MEASURE_MISSING;
    return measure;
}
