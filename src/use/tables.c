// Tables beside each other: the features of their rows, and the total variation of each column.
#include "use/tables.h"

#include "data/csv.h"
#include "data/decode.h"
#include "data/table.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUANTILES = 20 }; // bins of numbers, each with about as many of the real side's

static const uint64_t halves_seed = 1; // which rows of the real side are in which half

// ---- One schema ----

static bool is_csv(const char *path) {
    gm_source source;
    if (gm_source_open(&source, path) != GM_OK)
        return false;
    bool csv = !source.folder && gm_csv_tell(&source);
    gm_source_finish(&source);
    return csv;
}

// Both tables have all columns but those that are set aside.
static gm_status check_names(gm_table_schema *const tables[2], const char *const sources[2]) {
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < tables[side]->column_count; i++) {
            const gm_column *column = &tables[side]->columns[i];
            if (gm_column_is_aside(column) || gm_table_find_column(tables[1 - side], column->name))
                continue;
            return gm_fail(GM_ERROR_FORMAT,
                           side ? "%s: has a column '%.60s' that %s has not" : "%s: lacks the column '%.60s' of %s",
                           sources[1], column->name, sources[0]);
        }
    return GM_OK;
}

gm_status gm_tables_find(gm_table_schema **schema, const char *const sources[2]) {
    *schema = NULL;
    for (size_t i = 0; i < 2; i++)
        if (!gm_dataset_is_array(sources[i]) || !is_csv(sources[i]))
            return GM_OK;
    gm_table_schema *alone[2] = {NULL, NULL};
    const gm_csv_source both[2] = {{.name = sources[0]}, {.name = sources[1]}};
    gm_status status;
    for (size_t i = 0; i < 2; i++)
        GM_TRY_DONE(gm_table_find_all(&alone[i], &(gm_csv_source){.name = sources[i], .quiet = true}, 1, NULL, NULL));
    if (gm_table_is_plain(alone[0]) && gm_table_is_plain(alone[1]))
        goto done;
    GM_TRY_DONE(check_names(alone, sources));
    status = gm_table_find_all(schema, both, 2, NULL, NULL);
done:
    gm_table_schema_destroy(&alone[0]);
    gm_table_schema_destroy(&alone[1]);
    return status;
}

gm_status gm_tables_check(const gm_side *real, const gm_side *fake, bool *tables) {
    const gm_table_schema *a = real->format.table, *b = fake->format.table;
    *tables = a && b;
    if ((a != NULL) != (b != NULL))
        return gm_fail(GM_ERROR_ARGUMENT, "%s is a table of columns, %s is not: only tables can be set beside tables",
                       a ? real->name : fake->name, a ? fake->name : real->name);
    if (!a)
        return GM_OK;
    for (size_t i = 0; i < a->column_count; i++)
        if (!gm_table_find_column(b, a->columns[i].name))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: lacks the column '%.60s' of %s", fake->name, a->columns[i].name,
                           real->name);
    for (size_t i = 0; i < b->column_count; i++)
        if (i >= a->column_count || strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
            a->columns[i].type != b->columns[i].type || a->columns[i].category_count != b->columns[i].category_count)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: its column '%.60s' is not as in %s", fake->name, b->columns[i].name,
                           real->name);
    return GM_OK;
}

// ---- Features ----

size_t gm_tables_features(const gm_column *column) {
    if (gm_column_is_aside(column))
        return 0;
    return (column->type == GM_COLUMN_CATEGORY ? column->category_count : 1) + gm_column_shows_missing(column);
}

// Mean and deviation of the real side's numbers.
static gm_running_mean find_moments(const gm_side *real, size_t column) {
    gm_running_mean mean = {0};
    size_t width = real->format.table->column_count;
    for (size_t i = 0; i < real->count; i++)
        if (!isnan(real->cells[i * width + column]))
            gm_running_mean_add(&mean, real->cells[i * width + column]);
    return mean;
}

static void write_features(const gm_column *column, const gm_running_mean *mean, double cell, float *features) {
    if (column->type == GM_COLUMN_CATEGORY) {
        features[isnan(cell) ? column->category_count : (size_t)cell] = 1;
        return;
    }
    double deviation = mean->count > 1 ? sqrt(mean->squares / (double)(mean->count - 1)) : 0;
    features[0] = isnan(cell) ? 0 : (float)((cell - mean->value) / (deviation > 0 ? deviation : 1));
    if (gm_column_shows_missing(column))
        features[1] = isnan(cell) ? 1.F : 0.F;
}

static gm_status make_cells(gm_side *side) {
    size_t count;
    if (!gm_multiply_sizes(side->count, side->format.table->column_count, &count))
        return gm_fail_memory(SIZE_MAX, side->name);
    GM_TRY(gm_alloc(&side->cells, count, sizeof *side->cells, side->name));
    gm_sample_cells(&side->format, side->values, side->count, side->cells);
    return GM_OK;
}

static gm_status make_features(gm_side *side, const gm_side *real) {
    const gm_table_schema *table = real->format.table;
    size_t width = 0, begin = 0, values;
    for (size_t i = 0; i < table->column_count; i++)
        width += gm_tables_features(&table->columns[i]);
    if (!gm_multiply_sizes(side->count, width, &values))
        return gm_fail_memory(SIZE_MAX, side->name);
    free(side->values);
    side->values = NULL;
    GM_TRY(gm_alloc(&side->values, values, sizeof *side->values, side->name));
    for (size_t i = 0; i < table->column_count; i++) {
        const gm_column *column = &table->columns[i];
        gm_running_mean mean = find_moments(real, i);
        for (size_t row = 0; row < side->count && gm_tables_features(column) > 0; row++)
            write_features(column, &mean, side->cells[row * table->column_count + i],
                           side->values + row * width + begin);
        begin += gm_tables_features(column);
    }
    side->kind = GM_SIDE_NUMBERS;
    side->channels = width;
    side->bounded = side->ranged = false;
    return GM_OK;
}

gm_status gm_tables_convert(gm_side *real, gm_side *fake) {
    GM_TRY(make_cells(real));
    GM_TRY(make_cells(fake));
    GM_TRY(make_features(real, real));
    return make_features(fake, real);
}

gm_status gm_tables_convert_like(gm_side *side, const gm_side *real) {
    GM_TRY(make_cells(side));
    return make_features(side, real);
}

// ---- Columns ----

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Where bins end: each holds values above the last edge and up to its own; beyond the last is a bin, too. Equal
// quantiles make one edge. sorted: the real side's values, of which there are `count`.
static size_t find_edges(const double *sorted, size_t count, double edges[QUANTILES]) {
    size_t found = 0;
    for (size_t q = 1; q < QUANTILES && count > 0; q++) {
        double edge = sorted[(count - 1) * q / QUANTILES];
        if (found == 0 || edge > edges[found - 1])
            edges[found++] = edge;
    }
    return found;
}

typedef struct bins {
    const gm_column *column;
    double edges[QUANTILES];
    size_t edge_count, count; // of bins, the last for missing cells
} bins;

static size_t bin_of(const bins *b, double cell) {
    size_t i = 0;
    if (isnan(cell))
        return b->count - 1;
    if (b->column->type == GM_COLUMN_CATEGORY)
        return (size_t)cell;
    while (i < b->edge_count && cell > b->edges[i])
        i++;
    return i;
}

// Half the sum of the differences of shares; cells: (count[0] or count[1]) of the two. counts: room for both.
static double total_variation(const bins *b, const double *const cells[2], const size_t count[2], size_t *counts) {
    double sum = 0;
    memset(counts, 0, 2 * b->count * sizeof *counts);
    for (size_t side = 0; side < 2; side++)
        for (size_t i = 0; i < count[side]; i++)
            counts[side * b->count + bin_of(b, cells[side][i])]++;
    for (size_t i = 0; i < b->count; i++)
        sum += fabs((double)counts[i] / (double)count[0] - (double)counts[b->count + i] / (double)count[1]) / 2;
    return sum;
}

double gm_tables_distance(const double *a, size_t a_count, const double *b, size_t b_count) {
    double most = 0;
    size_t i = 0, j = 0;
    if (a_count == 0 || b_count == 0)
        return NAN;
    while (i < a_count && j < b_count) {
        double at = fmin(a[i], b[j]);
        while (i < a_count && a[i] <= at)
            i++;
        while (j < b_count && b[j] <= at)
            j++;
        most = fmax(most, fabs((double)i / (double)a_count - (double)j / (double)b_count));
    }
    return most;
}

// One column of a side, its rows in an order, or as they are.
static void take_column(const gm_side *side, size_t column, const int32_t *order, double *cells, double *missing) {
    size_t width = side->format.table->column_count, empty = 0;
    for (size_t i = 0; i < side->count; i++) {
        cells[i] = side->cells[(order ? (size_t)order[i] : i) * width + column];
        empty += isnan(cells[i]) ? 1 : 0;
    }
    *missing = (double)empty / (double)side->count;
}

// The known cells, in order; returns how many.
static size_t sort_known(const double *cells, size_t count, double *sorted) {
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(cells[i]))
            sorted[known++] = cells[i];
    qsort(sorted, known, sizeof *sorted, compare);
    return known;
}

// Of the real side and the fake one, or of the real one's halves.
static double distance_of(const double *const cells[2], const size_t count[2], double *room) {
    size_t first = sort_known(cells[0], count[0], room);
    return gm_tables_distance(room, first, room + first, sort_known(cells[1], count[1], room + first));
}

static gm_status compare_column(const gm_side *real, const gm_side *fake, size_t which, const int32_t *order,
                                double *room, gm_column_figure *figure) {
    const gm_column *column = &real->format.table->columns[which];
    double *real_cells = room, *fake_cells = real_cells + real->count, *sorted = fake_cells + fake->count;
    bins b = {.column = column, .count = column->category_count + 1};
    size_t half = real->count / 2, *counts;
    *figure = (gm_column_figure){
        .name = column->name, .type = gm_column_type_name(column->type), .distance = NAN, .distance_control = NAN};
    take_column(real, which, order, real_cells, &figure->real_missing);
    take_column(fake, which, NULL, fake_cells, &figure->fake_missing);
    const double *const sides[2] = {real_cells, fake_cells}, *const halves[2] = {real_cells, real_cells + half};
    const size_t counts_of_sides[2] = {real->count, fake->count}, counts_of_halves[2] = {half, half};
    if (column->type != GM_COLUMN_CATEGORY) {
        figure->distance = distance_of(sides, counts_of_sides, sorted);
        figure->distance_control = distance_of(halves, counts_of_halves, sorted);
        size_t known = sort_known(real_cells, real->count, sorted);
        b.edge_count = find_edges(sorted, known, b.edges);
        b.count = b.edge_count + 2;
    }
    GM_TRY(gm_alloc(&counts, 2 * b.count, sizeof *counts, "the bins of a column"));
    figure->variation = total_variation(&b, sides, counts_of_sides, counts);
    figure->control = total_variation(&b, halves, counts_of_halves, counts);
    free(counts);
    return GM_OK;
}

gm_status gm_tables_compare(const gm_side *real, const gm_side *fake, gm_column_figure **figures, size_t *count) {
    const gm_table_schema *table = real->format.table;
    double *room = NULL;
    int32_t *order = NULL;
    gm_status status;
    *count = 0;
    GM_TRY_DONE(gm_alloc(figures, table->column_count, sizeof **figures, "figures"));
    GM_TRY_DONE(gm_alloc(&room, 2 * (real->count + fake->count), sizeof *room, "a column"));
    GM_TRY_DONE(gm_alloc(&order, real->count, sizeof *order, "an order"));
    GM_TRY_DONE(gm_loader_indices(halves_seed, 0, real->count, real->count, order));
    for (size_t i = 0; i < table->column_count; i++)
        if (!gm_column_is_aside(&table->columns[i]))
            GM_TRY_DONE(compare_column(real, fake, i, order, room, &(*figures)[(*count)++]));
done:
    free(room);
    free(order);
    return status;
}
