// Samples made ready: what cannot be used is left out, and what was left out is said.
#include "metrics/points.h"

#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// The jitter's width, as a share of a column's standard deviation: wide enough for floats to hold thousands of equal
// rows apart, too narrow to be seen in the figures of those that were apart before.
static const double jitter_width = 0x1p-10;
// In standard deviations: with the farthest value at the upper end of what floats can square, distances of 2^-14
// deviations keep their digits.
static const double farthest = 0x1p100;
// The same where neighbours are all that counts: far enough for a ball around such a row to have a nearly flat border
// among the others, near enough for floats to tell on which side of it they are.
static const double farthest_neighbor = 0x1p12;

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

// Notes the columns that vary in only one of two sets, or between them alone.
static gm_status drop_constant_columns(gm_points *points) {
    size_t columns = points->columns, kept = 0, left = 0;
    size_t *from;
    GM_TRY(gm_alloc(&from, columns, sizeof *from, "samples"));
    for (size_t c = 0; c < columns; c++) {
        if (is_constant(points, c, 0, points->count))
            continue;
        if (is_constant(points, c, 0, points->above) || is_constant(points, c, points->above, points->count))
            points->singular = true;
        left += c < points->left;
        from[kept++] = c;
    }
    if (kept < columns || points->singular)
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

static gm_status moments(const gm_points *points, size_t column, double *mean, double *deviation) {
    return gm_column_moments(points->values + column, points->columns, points->count, points->above, mean, deviation);
}

// About the mean, so that floats have digits for it: distances depend on differences alone.
static gm_status jitter_equal_rows(gm_points *points) {
    uint32_t stream = gm_stream("jitter");
    for (size_t c = 0; c < points->columns; c++) {
        double mean, deviation;
        GM_TRY(moments(points, c, &mean, &deviation));
        for (size_t i = 0; i < points->count; i++) {
            size_t at = i * points->columns + c;
            double shift = points->equal[i] ? gm_philox_uniform(0, stream, 0, 0, at) - 0.5 : 0;
            points->values[at] = (float)((double)points->values[at] - mean + shift * jitter_width * deviation);
        }
    }
    return GM_OK;
}

// ---- Scale ----

static void divide(gm_points *points, size_t begin, size_t end, int exponent) {
    for (size_t i = 0; i < points->count; i++)
        for (size_t c = begin; c < end; c++)
            points->values[i * points->columns + c] = ldexpf(points->values[i * points->columns + c], -exponent);
}

// What is farther from its column's mean than `farthest` of the widest column's deviations is brought there.
static gm_status bring_values_nearer(gm_points *points, double *widest) {
    double *mean, deviation;
    gm_status status = GM_OK;
    *widest = 0;
    GM_TRY(gm_alloc(&mean, points->columns, sizeof *mean, "samples"));
    for (size_t c = 0; c < points->columns; c++) {
        GM_TRY_DONE(moments(points, c, &mean[c], &deviation));
        *widest = fmax(*widest, deviation);
    }
    for (size_t i = 0; i < points->count; i++)
        for (size_t c = 0; c < points->columns; c++) {
            float *value = &points->values[i * points->columns + c];
            double distance = (double)*value - mean[c], most = farthest * *widest;
            if (fabs(distance) <= most || *widest <= 0)
                continue;
            *value = (float)(mean[c] + copysign(most, distance));
            points->flags |= GM_MEASURE_FAR;
        }
done:
    free(mean);
    return status;
}

// Some columns of some rows.
typedef struct block {
    size_t row, rows, column, columns;
} block;

// The mean of each column; the deviation of the one that varies most, if that is more than *widest.
static gm_status find_centre(const gm_points *points, block b, double *centre, double *widest) {
    const float *first = points->values + b.row * points->columns + b.column;
    double deviation;
    for (size_t c = 0; c < b.columns; c++) {
        GM_TRY(gm_column_moments(first + c, points->columns, b.rows, b.rows, &centre[c], &deviation));
        *widest = fmax(*widest, deviation);
    }
    return GM_OK;
}

// Rows beyond `farthest_neighbor` move along the line to the centre, so that what lies in their direction stays the
// nearest, and keep the order of their distances.
static void bring_rows_nearer(gm_points *points, block b, const double *centre, double widest) {
    double most = farthest_neighbor * widest;
    for (size_t i = b.row; i < b.row + b.rows && widest > 0; i++) {
        float *values = points->values + i * points->columns + b.column;
        double distance = 0;
        for (size_t c = 0; c < b.columns; c++)
            distance = fmax(distance, fabs((double)values[c] - centre[c]));
        if (distance <= most)
            continue;
        double factor = (most + widest * log(distance / most)) / distance;
        for (size_t c = 0; c < b.columns; c++)
            values[c] = (float)(centre[c] + factor * ((double)values[c] - centre[c]));
        points->flags |= GM_MEASURE_FAR;
    }
}

// Two blocks about a centre each; by a deviation of its own, or `together` by that of the block that varies more.
static gm_status bring_blocks_nearer(gm_points *points, const block blocks[2], bool together) {
    double *centre, widest[2] = {0, 0};
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&centre, 2 * points->columns, sizeof *centre, "samples"));
    for (size_t i = 0; i < 2; i++)
        GM_TRY_DONE(find_centre(points, blocks[i], centre + i * points->columns, &widest[together ? 0 : i]));
    for (size_t i = 0; i < 2; i++)
        bring_rows_nearer(points, blocks[i], centre + i * points->columns, widest[together ? 0 : i]);
done:
    free(centre);
    return status;
}

// The largest magnitude becomes so large that a sum of all columns' squared differences is just below 2^127.
static void scale(gm_points *points, double widest) {
    float largest = 0;
    int exponent, sum_exponent;
    for (size_t i = 0; i < points->count * points->columns; i++)
        largest = fmaxf(largest, fabsf(points->values[i]));
    frexpf(largest, &exponent);
    frexp((double)points->columns, &sum_exponent);
    exponent -= (124 - sum_exponent) / 2;
    divide(points, 0, points->columns, exponent);
    points->log_scale = exponent * log(2);
    points->least = (float)ldexp(widest, -exponent - 30);
}

static gm_status scale_together(gm_points *points) {
    double widest;
    GM_TRY(bring_values_nearer(points, &widest));
    scale(points, widest);
    return GM_OK;
}

static gm_status scale_sides(gm_points *points) {
    const block sides[2] = {{0, points->count, 0, points->left},
                            {0, points->count, points->left, points->columns - points->left}};
    GM_TRY(bring_blocks_nearer(points, sides, false));
    for (size_t side = 0; side < 2; side++) {
        size_t begin = sides[side].column, end = begin + sides[side].columns;
        double squares = 0, mean, deviation;
        int exponent;
        for (size_t c = begin; c < end; c++) {
            GM_TRY(moments(points, c, &mean, &deviation));
            squares += deviation * deviation / (double)(end - begin);
        }
        frexp(sqrt(2 * squares), &exponent); // with the root of 2 the power is the nearest one
        divide(points, begin, end, exponent);
    }
    return GM_OK;
}

gm_status gm_points_scale(gm_points *points) {
    GM_TRY(find_equal_rows(points));
    const block sets[2] = {{0, points->above, 0, points->columns},
                           {points->above, points->count - points->above, 0, points->columns}};
    GM_TRY(bring_blocks_nearer(points, sets, true));
    scale(points, 0);
    return GM_OK;
}

gm_status gm_points_spread(gm_points *points, bool sides) {
    GM_TRY(find_equal_rows(points)); // of all columns: what does not vary is equal in all rows
    GM_TRY(drop_constant_columns(points));
    if (points->columns == 0 || points->count == 0)
        return GM_OK;
    GM_TRY(sides ? scale_sides(points) : scale_together(points));
    return points->duplicates > 0 ? jitter_equal_rows(points) : GM_OK;
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
