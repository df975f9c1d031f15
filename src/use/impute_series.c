// Filling along a series: each number from those before and behind it, by the rows' positions. Beyond the ends the
// nearest value is kept; categories are those of the nearest row.
#include "use/impute_method.h"

#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>

// Known cells of a column in the order of their positions; those of one position are one, their mean.
typedef struct point {
    double place, value;
    size_t row; // the first's
} point;

typedef struct series {
    point *points;
    size_t count;
} series;

static int compare(const void *a, const void *b) {
    const point *left = a, *right = b;
    int order = (left->place > right->place) - (left->place < right->place);
    return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static double place_of(const gm_impute_rows *rows, size_t row) {
    return rows->places ? rows->places[row] : (double)row;
}

static void merge(series *s, bool category) {
    size_t count = 0, same = 0;
    for (size_t i = 0; i < s->count; i++) {
        point *last = count > 0 ? &s->points[count - 1] : NULL;
        if (last && s->points[i].place <= last->place) {
            same++;
            if (!category)
                last->value += (s->points[i].value - last->value) / (double)same;
            continue;
        }
        same = 1;
        s->points[count++] = s->points[i];
    }
    s->count = count;
}

static void gather(const gm_impute_rows *rows, size_t column, series *s) {
    size_t width = rows->schema->column_count;
    s->count = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (!isnan(rows->cells[i * width + column]))
            s->points[s->count++] = (point){place_of(rows, i), rows->cells[i * width + column], i};
    if (s->count > 1 && rows->places)
        qsort(s->points, s->count, sizeof *s->points, compare);
    merge(s, rows->schema->columns[column].type == GM_COLUMN_CATEGORY);
}

// The first point at or behind a place; count: none is.
static size_t find(const series *s, double place) {
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->points[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The first of the points on which the polynomial through `count` of them stands, two or more: those on either side of
// the place, then whichever is nearest. at: the first behind the place, which is not the first of all.
static size_t window(const series *s, size_t at, double place, size_t count) {
    size_t first = at - 1, behind = at + 1;
    while (behind - first < count) {
        bool before =
            first > 0 && (behind == s->count || place - s->points[first - 1].place <= s->points[behind].place - place);
        if (before)
            first--;
        else
            behind++;
    }
    return first;
}

// The polynomial through `count` points, by Neville's scheme. values: room for count.
static double neville(const point *points, size_t count, double place, double *values) {
    for (size_t i = 0; i < count; i++)
        values[i] = points[i].value;
    for (size_t k = 1; k < count; k++)
        for (size_t i = 0; i + k < count; i++) {
            double low = points[i].place, high = points[i + k].place;
            values[i] = ((place - low) * values[i + 1] + (high - place) * values[i]) / (high - low);
        }
    return values[0];
}

enum { MOST_DEGREE = 9 };

static double value_at(const series *s, double place, size_t degree, bool category) {
    size_t at = find(s, place), count = GM_MIN(degree + 1, s->count);
    double values[MOST_DEGREE + 1];
    const point *points = s->points;
    if (at == s->count || at == 0)
        return points[at == 0 ? 0 : at - 1].value;
    if (points[at].place <= place)
        return points[at].value;
    if (category)
        return points[place - points[at - 1].place <= points[at].place - place ? at - 1 : at].value;
    return neville(points + window(s, at, place, count), count, place, values); // two points at least
}

static gm_status fill_degree(const gm_impute_rows *rows, size_t degree, double *cells) {
    size_t width = rows->schema->column_count;
    series s;
    GM_TRY(gm_alloc(&s.points, rows->count, sizeof *s.points, "a series"));
    for (size_t column = 0; column < width; column++) {
        bool category = rows->schema->columns[column].type == GM_COLUMN_CATEGORY;
        gather(rows, column, &s);
        for (size_t i = 0; i < rows->count && s.count > 0; i++)
            if (isnan(cells[i * width + column]))
                cells[i * width + column] = value_at(&s, place_of(rows, i), degree, category);
    }
    free(s.points);
    return GM_OK;
}

static gm_status fill_linear(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    (void)fit;
    (void)draw;
    return fill_degree(rows, 1, cells);
}

static gm_status fill_polynomial(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    (void)draw;
    return fill_degree(rows, (size_t)fit->number, cells);
}

const gm_impute_method gm_impute_by_linear = {
    .info = {"linear", NULL, NULL, "the line between the known values before and behind, in the order of rows or --by",
             false, true, true},
    .fill = fill_linear};
const gm_impute_method gm_impute_by_polynomial = {.info = {"polynomial", "DEGREE", "3",
                                                           "the polynomial through the DEGREE + 1 nearest known values",
                                                           false, true, false},
                                                  .least = 1,
                                                  .most = MOST_DEGREE,
                                                  .fill = fill_polynomial};
