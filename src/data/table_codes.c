// Modes and quantiles of a table's numbers.
//
// Modes are those of a mixture of Gaussians, fitted by expectation and maximisation to at most POINTS values with
// weights, that stand for all: equal values are one point, so that columns of few different values stay what they are.
// It begins with GM_COLUMN_MODES modes, and modes that hold less than a two-hundredth of the values are left out, as
// CTGAN does (Xu et al. 2019), which takes a variational mixture.
#include "data/table_codes.h"

#include "data/csv.h"
#include "data/table.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS = 1024, ROUNDS = 200, MOST_ROWS = 65536 };

static const size_t most_cells = (size_t)1 << 24; // that are held for fitting
static const size_t most_quantiles = 400000;      // of all columns together, as recipes hold them
static const double least_share = .005, least_deviation = 1e-4, reach = 4;

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// ---- Quantiles ----

// How many each of so many columns has.
static size_t count_quantiles(size_t columns) {
    const size_t least = 9;
    return GM_MIN(GM_MAX(most_quantiles / columns, least), (size_t)GM_COLUMN_QUANTILES);
}

static gm_status fit_quantiles(gm_arena *arena, const double *sorted, size_t count, size_t many, gm_column *column) {
    double *quantiles = gm_arena_alloc(arena, many * sizeof *quantiles);
    if (!quantiles)
        return gm_fail_memory(many * sizeof *quantiles, "quantiles");
    for (size_t i = 0; i < many; i++) {
        double deviate = reach * (2 * (double)i / (double)(many - 1) - 1);
        double share = erfc(-deviate / sqrt(2)) / 2;
        quantiles[i] = sorted[GM_MIN((size_t)(share * (double)count), count - 1)];
        quantiles[i] = fmax(column->minimum, fmin(column->maximum, quantiles[i]));
    }
    quantiles[0] = column->minimum;
    quantiles[many - 1] = column->maximum;
    column->quantiles = quantiles;
    column->quantile_count = many;
    return GM_OK;
}

// ---- Modes ----

typedef struct points {
    double value[POINTS], weight[POINTS]; // shares of all values
    size_t count;
} points;

// Neighbours are put together to points of a 1/POINTS share, their mean; equal ones are never parted.
static void gather(const double *sorted, size_t count, points *p) {
    p->count = 0;
    for (size_t i = 0; i < count;) {
        double sum = 0;
        size_t first = i, least = first + (count + POINTS - 1) / POINTS;
        for (; i < count && (i < least || sorted[i] <= sorted[i - 1]); i++)
            sum += sorted[i];
        p->value[p->count] = sum / (double)(i - first);
        p->weight[p->count++] = (double)(i - first) / (double)count;
    }
}

typedef struct modes {
    double at[GM_COLUMN_MODES][3]; // share, mean, deviation
    size_t count;
} modes;

// Modes by the sums, over what belongs to each, of weight, distance from the old mean, and its square.
static void settle(modes *m, double sums[GM_COLUMN_MODES][3], double floor) {
    for (size_t k = 0; k < m->count; k++) {
        if (sums[k][0] <= 0)
            continue;
        double shift = sums[k][1] / sums[k][0];
        m->at[k][0] = sums[k][0];
        m->at[k][1] += shift;
        m->at[k][2] = fmax(floor, sqrt(fmax(0, sums[k][2] / sums[k][0] - shift * shift)));
    }
}

// The point whose weight, times its squared distance from the nearest of the means, is largest.
static size_t find_farthest(const points *p, const modes *m) {
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < p->count; i++) {
        double nearest = INFINITY;
        for (size_t k = 0; k < m->count; k++)
            nearest = fmin(nearest, fabs(p->value[i] - m->at[k][1]));
        double away = m->count > 0 ? p->weight[i] * nearest * nearest : p->weight[i];
        if (away > most) {
            most = away;
            best = i;
        }
    }
    return best;
}

static size_t nearest_mode(const modes *m, double value) {
    size_t best = 0;
    for (size_t k = 1; k < m->count; k++)
        if (fabs(value - m->at[k][1]) < fabs(value - m->at[best][1]))
            best = k;
    return best;
}

// Means that lie apart, then some rounds of k-means.
static void begin_modes(const points *p, double floor, modes *m) {
    enum { MEANS_ROUNDS = 20 };
    m->count = 0;
    for (size_t most = GM_MIN((size_t)GM_COLUMN_MODES, p->count); m->count < most; m->count++)
        m->at[m->count][1] = p->value[find_farthest(p, m)];
    for (size_t round = 0; round < MEANS_ROUNDS; round++) {
        double sums[GM_COLUMN_MODES][3] = {{0}};
        for (size_t i = 0; i < p->count; i++) {
            size_t k = nearest_mode(m, p->value[i]);
            double away = p->value[i] - m->at[k][1];
            sums[k][0] += p->weight[i];
            sums[k][1] += p->weight[i] * away;
            sums[k][2] += p->weight[i] * away * away;
        }
        settle(m, sums, floor);
    }
}

// How probable it is that the value belongs to each mode; returns ln of its density, but for a constant.
static double weigh(const modes *m, double value, double shares[GM_COLUMN_MODES]) {
    double most = -INFINITY, sum = 0;
    for (size_t k = 0; k < m->count; k++) {
        double away = (value - m->at[k][1]) / m->at[k][2];
        shares[k] = log(m->at[k][0] / m->at[k][2]) - away * away / 2;
        most = fmax(most, shares[k]);
    }
    for (size_t k = 0; k < m->count; k++)
        sum += shares[k] = exp(shares[k] - most);
    for (size_t k = 0; k < m->count; k++)
        shares[k] /= sum;
    return most + log(sum);
}

// One round; returns the mean of ln of the density.
static double improve(const points *p, double floor, modes *m) {
    double sums[GM_COLUMN_MODES][3] = {{0}}, shares[GM_COLUMN_MODES], likelihood = 0;
    for (size_t i = 0; i < p->count; i++) {
        likelihood += p->weight[i] * weigh(m, p->value[i], shares);
        for (size_t k = 0; k < m->count; k++) {
            double weight = shares[k] * p->weight[i], away = p->value[i] - m->at[k][1];
            sums[k][0] += weight;
            sums[k][1] += weight * away;
            sums[k][2] += weight * away * away;
        }
    }
    settle(m, sums, floor);
    return likelihood;
}

// False: all were kept.
static bool leave_out_small(modes *m) {
    size_t kept = 0;
    double sum = 0;
    for (size_t k = 0; k < m->count; k++)
        if (m->at[k][0] >= least_share) {
            for (size_t i = 0; i < 3; i++)
                m->at[kept][i] = m->at[k][i];
            sum += m->at[kept++][0];
        }
    bool left_out = kept < m->count;
    m->count = kept;
    for (size_t k = 0; k < kept; k++)
        m->at[k][0] /= sum;
    return left_out;
}

static gm_status fit_modes(gm_arena *arena, const double *sorted, size_t count, gm_column *column) {
    double width = column->maximum - column->minimum, before = -INFINITY, now = -INFINITY;
    points *p;
    modes m;
    GM_TRY(gm_alloc(&p, 1, sizeof *p, "the modes of a column"));
    gather(sorted, count, p);
    begin_modes(p, least_deviation * width, &m);
    for (size_t i = 0; i < ROUNDS; i++, before = now) {
        now = improve(p, least_deviation * width, &m);
        bool settled = now - before < 1e-6;
        if (settled && !leave_out_small(&m))
            break;
        if (settled)
            now = -INFINITY;
    }
    leave_out_small(&m);
    free(p);
    column->modes = gm_arena_copy(arena, m.at, m.count * sizeof *m.at);
    column->mode_count = m.count;
    return column->modes ? GM_OK : gm_fail_memory(sizeof m.at, "the modes of a column");
}

// Of a number that is always the same, or missing: whether it is there.
static gm_status fit_constant(gm_arena *arena, gm_column *column) {
    const double mode[1][3] = {{1, column->minimum, 1}};
    column->modes = gm_arena_copy(arena, mode, sizeof mode);
    column->mode_count = 1;
    return column->modes ? GM_OK : gm_fail_memory(sizeof mode, "the modes of a column");
}

// ---- Columns ----

static bool is_wanting(const gm_column *column) {
    return gm_column_is_number(column) && gm_column_codes(column) > 0 && !gm_column_is_coded(column);
}

// cells: every stride-th is the column's; stride: the columns that are fitted.
static gm_status fit_column(gm_arena *arena, const double *cells, size_t rows, size_t stride, double *room,
                            gm_table_numbers numbers, gm_column *column) {
    size_t count = 0;
    if (!gm_column_has_place(column))
        return fit_constant(arena, column);
    for (size_t i = 0; i < rows; i++)
        if (!isnan(cells[i * stride]))
            room[count++] = cells[i * stride];
    if (count == 0)
        room[count++] = column->mean;
    qsort(room, count, sizeof *room, compare);
    return numbers == GM_NUMBERS_MODES ? fit_modes(arena, room, count, column)
                                       : fit_quantiles(arena, room, count, count_quantiles(stride), column);
}

// Every `step`-th row of the file, of the columns that are wanting.
static gm_status read_some(const gm_table_schema *schema, const char *path, size_t step, size_t most, double *cells,
                           size_t *taken) {
    gm_table_rows reader;
    bool end = false;
    gm_status status = GM_OK;
    GM_TRY(gm_table_rows_open(&reader, &(gm_csv_source){.name = path, .quiet = true}, schema, NULL));
    for (size_t row = 0; status == GM_OK && *taken < most; row++) {
        status = gm_table_rows_next(&reader, &end);
        if (status != GM_OK || end)
            break;
        for (size_t i = 0; row % step == 0 && i < schema->column_count; i++)
            if (is_wanting(&schema->columns[i]))
                *cells++ = reader.cells[i];
        *taken += row % step == 0;
    }
    gm_table_rows_finish(&reader);
    return status;
}

gm_status gm_table_fit(gm_table_schema *schema, const char *path, size_t rows, gm_table_numbers numbers) {
    size_t wanting = 0, taken = 0, place = 0;
    double *cells = NULL, *room = NULL;
    gm_status status = GM_OK;
    for (size_t i = 0; i < schema->column_count; i++)
        wanting += is_wanting(&schema->columns[i]);
    if (wanting == 0 || numbers == GM_NUMBERS_PLACES)
        return GM_OK;
    size_t limit = GM_MAX(GM_MIN((size_t)MOST_ROWS, most_cells / wanting), (size_t)1);
    size_t step = (rows + limit - 1) / limit, most = (rows + step - 1) / step;
    GM_TRY_DONE(gm_alloc(&cells, most * wanting, sizeof *cells, path));
    GM_TRY_DONE(gm_alloc(&room, most, sizeof *room, path));
    GM_TRY_DONE(read_some(schema, path, step, most, cells, &taken));
    for (size_t i = 0; i < schema->column_count && status == GM_OK; i++)
        if (is_wanting(&schema->columns[i]))
            status = fit_column(gm_table_schema_arena(schema), cells + place++, taken, wanting, room, numbers,
                                &schema->columns[i]);
done:
    free(cells);
    free(room);
    return status;
}
