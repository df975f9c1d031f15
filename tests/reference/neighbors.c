// Neighbours: distances between all pairs of rows, those to the k nearest, and how many are within a radius.
#include "operations.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// A distance of rows i of x and j of y, and its error scale. Squares are of floats: above their range a distance is
// infinite, below it nothing of it is left. Not finite values make it infinite, as no neighbour has them.
typedef struct distance {
    double value, magnitude;
} distance;

static distance distance_of(const gm_tensor *node, const gm_operand *in, size_t i, size_t j) {
    const gm_neighbors_attributes *a = node->attributes;
    size_t columns = in[0].tensor->shape.dim[1];
    bool euclidean = a->norm == GM_NORM_EUCLIDEAN;
    double value = 0, magnitude = 0;
    for (size_t c = 0; c < columns; c++) {
        size_t p = i * columns + c, q = j * columns + c;
        double difference = fabs(in[0].value[p] - in[1].value[q]);
        double uncertain = in[0].magnitude[p] + in[1].magnitude[q];
        if (!(difference <= (double)FLT_MAX))
            return (distance){INFINITY, 0};
        value = euclidean ? value + difference * difference : fmax(value, difference);
        magnitude = euclidean ? magnitude + uncertain * uncertain : fmax(magnitude, uncertain);
    }
    if (!euclidean)
        return (distance){value, value + magnitude};
    if (value > (double)FLT_MAX)
        return (distance){INFINITY, 0};
    if (value < (double)FLT_MIN) // a subnormal number may be kept, or be rounded to either side
        return (distance){0, value < 0x1p-150 ? sqrt(magnitude) : sqrt((double)FLT_MIN) / 0x1p-24};
    return (distance){sqrt(value), sqrt(value) + sqrt(magnitude)};
}

static bool is_excluded(const gm_tensor *node, size_t i, size_t j) {
    return ((const gm_neighbors_attributes *)node->attributes)->exclude_same && i == j;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// y[i] = the k smallest distances of row i, sorted. Errors move each of them by no more than they move the distances.
static void nearest(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    size_t k = ((const gm_neighbors_attributes *)y->attributes)->k, rows = in[1].tensor->shape.dim[0];
    double *all = calloc(rows, sizeof *all);
    for (size_t i = 0; all && i < y->shape.dim[0]; i++) {
        size_t count = 0;
        double most = 0;
        for (size_t j = 0; j < rows; j++) {
            if (is_excluded(y, i, j))
                continue;
            distance d = distance_of(y, in, i, j);
            all[count++] = d.value;
            most = fmax(most, d.magnitude - (isfinite(d.value) ? d.value : 0));
        }
        qsort(all, count, sizeof *all, ascending);
        memcpy(value + i * k, all, k * sizeof *value);
        for (size_t e = 0; e < k; e++)
            magnitude[i * k + e] = isfinite(value[i * k + e]) ? value[i * k + e] + most : 0;
    }
    free(all);
}

// y[i] = how many distances of row i are below the radius, or not above it. A distance that rounding may move to the
// other side counts as a jump by 1.
static void count_within(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude, uint64_t seed) {
    (void)seed;
    const gm_neighbors_attributes *a = y->attributes;
    const double step = 0x1p-20;
    for (size_t i = 0; i < y->shape.dim[0]; i++) {
        value[i] = magnitude[i] = 0;
        for (size_t j = 0; j < in[1].tensor->shape.dim[0]; j++) {
            size_t owner = a->radius_of_y ? j : i;
            double radius = in[2].value[owner];
            distance d = distance_of(y, in, i, j);
            if (is_excluded(y, i, j) || !isfinite(d.value))
                continue;
            value[i] += a->strict ? d.value < radius : d.value <= radius;
            // Equal whole numbers, or the same distance in both, are equal in floats too.
            if (d.value != radius || in[2].magnitude[owner] > 0)
                magnitude[i] += fabs(d.value - radius) <= step * (d.magnitude + in[2].magnitude[owner]) ? 1 / step : 0;
        }
    }
}

const gm_reference_row gm_reference_neighbors[] = {
    {&gm_op_nearest, nearest}, {&gm_op_count_within, count_within}, {NULL, NULL}};
