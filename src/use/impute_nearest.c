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

// Rows as they are compared, LANES of them side by side: 0 where a cell is missing.
typedef struct neighbours {
    size_t width, count, blocks; // columns; rows to look among, and blocks of LANES of them
    double *scale;               // of numbers; 0: of categories, which are as they are or not
    float *values, *known;       // (blocks, width, LANES)
    size_t *rows;                // of the table learned from
} neighbours;

// One cell as it is compared.
static float take(const neighbours *n, size_t column, double cell) {
    return isnan(cell) ? 0.F : (float)(n->scale[column] > 0 ? cell * n->scale[column] : cell);
}

static gm_status allocate(gm_impute_fit *fit, neighbours **out) {
    const gm_impute_rows *learn = fit->learn;
    size_t width = learn->schema->column_count, cells;
    double work = (double)learn->count * (double)width;
    neighbours *n = fit->state = *out = gm_arena_alloc(&fit->arena, sizeof *n);
    if (!n)
        return gm_fail_memory(sizeof *n, "neighbours");
    n->width = width;
    n->scale = gm_arena_alloc(&fit->arena, (width + 1) * sizeof *n->scale);
    if (!n->scale)
        return gm_fail_memory(width, "neighbours");
    n->count = GM_MIN(learn->count, GM_MAX((size_t)(most_work / work), (size_t)LEAST_ROWS));
    if (n->count < learn->count)
        gm_warn("nearest looks for neighbours among %zu of %zu rows", n->count, learn->count);
    n->blocks = gm_divide_up(n->count, LANES);
    if (!gm_multiply_sizes(n->blocks * LANES, width, &cells))
        return gm_fail_memory(SIZE_MAX, "neighbours");
    GM_TRY(gm_alloc(&n->values, cells, sizeof *n->values, "neighbours"));
    GM_TRY(gm_alloc(&n->known, cells, sizeof *n->known, "neighbours"));
    return gm_alloc(&n->rows, n->count, sizeof *n->rows, "neighbours");
}

static gm_status fit_nearest(gm_impute_fit *fit) {
    const gm_impute_rows *learn = fit->learn;
    neighbours *n;
    GM_TRY(allocate(fit, &n));
    for (size_t i = 0; i < n->width; i++) {
        bool category = learn->schema->columns[i].type == GM_COLUMN_CATEGORY;
        double range = category ? 0 : gm_impute_range(learn, i);
        n->scale[i] = range > 0 ? 1 / range : 0;
    }
    for (size_t i = 0; i < n->count; i++) {
        n->rows[i] = (size_t)((double)i * (double)learn->count / (double)n->count);
        const double *cells = learn->cells + n->rows[i] * n->width;
        for (size_t k = 0; k < n->width; k++) {
            size_t at = (i / LANES * n->width + k) * LANES + i % LANES;
            n->values[at] = take(n, k, cells[k]);
            n->known[at] = isnan(cells[k]) ? 0.F : 1.F;
        }
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

// Of a block of rows, the mean over columns known in both; infinite where there are none.
static void find_distances(const neighbours *n, const float *row, const size_t *known, size_t count, size_t block,
                           float *far) {
    float sum[LANES] = {0}, both[LANES] = {0};
    const float *values = n->values + block * n->width * LANES, *others = n->known + block * n->width * LANES;
    for (size_t i = 0; i < count; i++) {
        const float *b = values + known[i] * LANES, *b_known = others + known[i] * LANES, a = row[known[i]];
        bool number = n->scale[known[i]] > 0;
        for (size_t k = 0; k < LANES; k++) {
            float off = a - b[k];
            sum[k] += (number ? off * off : off != 0 ? 1.F : 0.F) * b_known[k];
            both[k] += b_known[k];
        }
    }
    for (size_t k = 0; k < LANES; k++)
        far[k] = both[k] > 0 ? sum[k] / both[k] : INFINITY;
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
    float *values; // (width)
    size_t *known, *missing, *counts;
    found *lists; // (columns, k)
} room;

// Those of a block that are near enough into the lists of the missing columns.
static void insert_block(const filling *f, const room *r, size_t count, size_t block, const float *far) {
    const neighbours *n = f->fit->state;
    const gm_impute_rows *learn = f->fit->learn;
    const size_t most = (size_t)f->fit->number;
    float worst = -1;
    for (size_t k = 0; k < count; k++)
        worst = fmaxf(worst, r->counts[k] < most ? INFINITY : r->lists[k * most + most - 1].distance);
    for (size_t i = 0; i < LANES; i++) {
        if (!(far[i] < worst))
            continue;
        size_t row = n->rows[block * LANES + i];
        for (size_t k = 0; k < count; k++)
            if (!isnan(learn->cells[row * n->width + r->missing[k]]))
                insert(r->lists + k * most, &r->counts[k], most, (found){far[i], row});
    }
}

static void fill_row(const filling *f, const room *r, size_t row) {
    const neighbours *n = f->fit->state;
    const size_t most = (size_t)f->fit->number;
    double *cells = f->cells + row * n->width;
    size_t count = 0, known = 0;
    float far[LANES];
    for (size_t i = 0; i < n->width; i++) {
        r->values[i] = take(n, i, cells[i]);
        if (!isnan(cells[i])) {
            r->known[known++] = i;
            continue;
        }
        r->counts[count] = 0;
        r->missing[count++] = i;
    }
    for (size_t block = 0; block < n->blocks && count > 0; block++) {
        find_distances(n, r->values, r->known, known, block, far);
        insert_block(f, r, count, block, far);
    }
    for (size_t k = 0; k < count; k++)
        if (r->counts[k] > 0)
            cells[r->missing[k]] = average(f->fit->learn, r->missing[k], r->lists + k * most, r->counts[k]);
}

static gm_status fill_part(void *user, size_t part) {
    const filling *f = user;
    size_t width = f->rows->schema->column_count, most = (size_t)f->fit->number;
    room r = {0};
    gm_status status;
    GM_TRY_DONE(gm_alloc(&r.values, width, sizeof *r.values, "neighbours"));
    GM_TRY_DONE(gm_alloc(&r.known, width, sizeof *r.known, "neighbours"));
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
