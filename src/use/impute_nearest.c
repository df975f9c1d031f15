// Filling from the nearest rows: the mean of those K in which the cell is known, or their most frequent category
// (Troyanskaya et al. 2001). The distance of two rows is over the columns known in both: numbers divided by their
// column's range, categories 0 or 1; as a mean, so that rows with few columns in common are not near by that alone.
#include "use/impute_method.h"

#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, PART = 32, LEAST_ROWS = 1000 };

static const double most_work = 1e11; // comparisons of cells

// Rows as they are compared, numbers before categories, each a multiple of LANES wide: 0 where a cell is missing.
typedef struct neighbours {
    size_t numbers, width, count; // columns of numbers, all; rows to look among
    size_t *order;                // the schema's column that each is; SIZE_MAX: none, it fills up
    double *scale;                // of numbers
    float *values, *known;        // (count, width)
    size_t *rows;                 // of the table learned from
} neighbours;

static size_t place_columns(neighbours *n, const gm_table_schema *schema, bool category, size_t begin) {
    for (size_t i = 0; i < schema->column_count; i++)
        if ((schema->columns[i].type == GM_COLUMN_CATEGORY) == category)
            n->order[begin++] = i;
    while (begin % LANES > 0)
        n->order[begin++] = SIZE_MAX;
    return begin;
}

static void take_row(const neighbours *n, const double *cells, float *values, float *known) {
    for (size_t i = 0; i < n->width; i++) {
        double cell = n->order[i] == SIZE_MAX ? NAN : cells[n->order[i]];
        known[i] = isnan(cell) ? 0.F : 1.F;
        values[i] = isnan(cell) ? 0 : (float)(i < n->numbers ? cell * n->scale[i] : cell + 1);
    }
}

static gm_status allocate(gm_impute_fit *fit, neighbours **out) {
    const gm_impute_rows *learn = fit->learn;
    size_t width = learn->schema->column_count, room = width + 2 * (size_t)LANES, cells;
    double work = (double)learn->count * (double)width;
    neighbours *n = fit->state = *out = gm_arena_alloc(&fit->arena, sizeof *n);
    if (!n)
        return gm_fail_memory(sizeof *n, "neighbours");
    n->order = gm_arena_alloc(&fit->arena, room * sizeof *n->order);
    n->scale = gm_arena_alloc(&fit->arena, room * sizeof *n->scale);
    if (!n->order || !n->scale)
        return gm_fail_memory(room, "neighbours");
    n->numbers = place_columns(n, learn->schema, false, 0);
    n->width = place_columns(n, learn->schema, true, n->numbers);
    n->count = GM_MIN(learn->count, GM_MAX((size_t)(most_work / work), (size_t)LEAST_ROWS));
    if (n->count < learn->count)
        gm_warn("nearest looks for neighbours among %zu of %zu rows", n->count, learn->count);
    if (!gm_multiply_sizes(n->count, n->width, &cells))
        return gm_fail_memory(SIZE_MAX, "neighbours");
    GM_TRY(gm_alloc(&n->values, cells, sizeof *n->values, "neighbours"));
    GM_TRY(gm_alloc(&n->known, cells, sizeof *n->known, "neighbours"));
    return gm_alloc(&n->rows, n->count, sizeof *n->rows, "neighbours");
}

static gm_status fit_nearest(gm_impute_fit *fit) {
    const gm_impute_rows *learn = fit->learn;
    neighbours *n;
    GM_TRY(allocate(fit, &n));
    for (size_t i = 0; i < n->numbers; i++) {
        double range = n->order[i] == SIZE_MAX ? 0 : gm_impute_range(learn, n->order[i]);
        n->scale[i] = range > 0 ? 1 / range : 0;
    }
    for (size_t i = 0; i < n->count; i++) {
        n->rows[i] = (size_t)((double)i * (double)learn->count / (double)n->count);
        take_row(n, learn->cells + n->rows[i] * learn->schema->column_count, n->values + i * n->width,
                 n->known + i * n->width);
    }
    return GM_OK;
}

static void finish(gm_impute_fit *fit) {
    neighbours *n = fit->state;
    if (!n)
        return;
    free(n->values);
    free(n->known);
    free(n->rows);
}

// ---- Filling ----

// The mean over columns known in both; infinite where there are none.
static float distance(const neighbours *n, const float *a, const float *a_known, const float *b, const float *b_known) {
    float sum[LANES] = {0}, both[LANES] = {0}, total = 0, count = 0;
    for (size_t i = 0; i < n->numbers; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            float off = a[i + k] * b_known[i + k] - b[i + k] * a_known[i + k];
            sum[k] += off * off;
            both[k] += a_known[i + k] * b_known[i + k];
        }
    for (size_t i = n->numbers; i < n->width; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            float off = a[i + k] * b_known[i + k] - b[i + k] * a_known[i + k];
            sum[k] += off != 0 ? 1.F : 0.F;
            both[k] += a_known[i + k] * b_known[i + k];
        }
    for (size_t k = 0; k < LANES; k++) {
        total += sum[k];
        count += both[k];
    }
    return count > 0 ? total / count : INFINITY;
}

// The nearest so far in which one column is known, nearest first.
typedef struct found {
    float distance;
    size_t row;
} found;

static void insert(found *list, size_t *count, size_t most, found item) {
    if (*count == most && !(item.distance < list[most - 1].distance))
        return;
    size_t at = *count < most ? (*count)++ : most - 1;
    for (; at > 0 && item.distance < list[at - 1].distance; at--)
        list[at] = list[at - 1];
    list[at] = item;
}

static double average(const gm_impute_rows *learn, size_t column, const found *list, size_t count) {
    size_t width = learn->schema->column_count, best = 0, most = 0;
    double sum = 0;
    bool category = learn->schema->columns[column].type == GM_COLUMN_CATEGORY;
    for (size_t i = 0; i < count; i++) {
        double value = learn->cells[list[i].row * width + column];
        size_t same = 0;
        sum += value;
        for (size_t k = 0; k < count && category; k++)
            same += !(learn->cells[list[k].row * width + column] < value ||
                      learn->cells[list[k].row * width + column] > value);
        if (same > most) { // of as many, the nearer one
            most = same;
            best = i;
        }
    }
    return category ? learn->cells[list[best].row * width + column] : sum / (double)count;
}

typedef struct filling {
    const gm_impute_fit *fit;
    const gm_impute_rows *rows;
    double *cells;
} filling;

typedef struct room {
    float *values, *known; // (width)
    size_t *missing, *counts;
    found *lists; // (columns, k)
} room;

static void fill_row(const filling *f, const room *r, size_t row) {
    const neighbours *n = f->fit->state;
    const gm_impute_rows *learn = f->fit->learn;
    const size_t width = learn->schema->column_count, most = (size_t)f->fit->number;
    double *cells = f->cells + row * width;
    size_t count = 0;
    for (size_t i = 0; i < width; i++)
        if (isnan(cells[i])) {
            r->counts[count] = 0;
            r->missing[count++] = i;
        }
    if (count == 0)
        return;
    take_row(n, cells, r->values, r->known);
    for (size_t i = 0; i < n->count; i++) {
        float far = distance(n, r->values, r->known, n->values + i * n->width, n->known + i * n->width);
        const double *other = learn->cells + n->rows[i] * width;
        for (size_t k = 0; k < count && isfinite(far); k++)
            if (!isnan(other[r->missing[k]]))
                insert(r->lists + k * most, &r->counts[k], most, (found){far, n->rows[i]});
    }
    for (size_t k = 0; k < count; k++)
        if (r->counts[k] > 0)
            cells[r->missing[k]] = average(learn, r->missing[k], r->lists + k * most, r->counts[k]);
}

static gm_status fill_part(void *user, size_t part) {
    const filling *f = user;
    const neighbours *n = f->fit->state;
    size_t width = f->rows->schema->column_count, most = (size_t)f->fit->number;
    room r = {0};
    gm_status status;
    GM_TRY_DONE(gm_alloc(&r.values, n->width, sizeof *r.values, "neighbours"));
    GM_TRY_DONE(gm_alloc(&r.known, n->width, sizeof *r.known, "neighbours"));
    GM_TRY_DONE(gm_alloc(&r.missing, width, sizeof *r.missing, "neighbours"));
    GM_TRY_DONE(gm_alloc(&r.counts, width, sizeof *r.counts, "neighbours"));
    GM_TRY_DONE(gm_alloc(&r.lists, width * most, sizeof *r.lists, "neighbours"));
    for (size_t row = part * PART; row < GM_MIN((part + 1) * PART, f->rows->count); row++)
        fill_row(f, &r, row);
done:
    free(r.values);
    free(r.known);
    free(r.missing);
    free(r.counts);
    free(r.lists);
    return status;
}

static gm_status fill_nearest(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    filling f = {fit, rows, cells};
    (void)draw;
    return gm_parallel(gm_cpu_count(), gm_divide_up(rows->count, PART), fill_part, &f);
}

const gm_impute_method gm_impute_by_nearest = {
    .info = {"nearest", "K", "5", "the mean, or most frequent category, of the K nearest rows that have one", false,
             false, true},
    .least = 1,
    .most = 1000,
    .falls_back = true,
    .fit = fit_nearest,
    .fill = fill_nearest,
    .finish = finish};
