// Filling by one value for each column: mean, median, mode, minimum, maximum, or a given one.
#include "use/impute_method.h"

#include "sample/cell.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- A column's figures ----

double gm_impute_mean(const gm_impute_rows *rows, size_t column) {
    gm_running_mean mean = {0};
    size_t width = rows->schema->column_count;
    for (size_t i = 0; i < rows->count; i++)
        if (!isnan(rows->cells[i * width + column]))
            gm_running_mean_add(&mean, rows->cells[i * width + column]);
    return mean.count > 0 ? mean.value : NAN;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// The known cells in order; free(*values).
static gm_status sort_known(const gm_impute_rows *rows, size_t column, double **values, size_t *count) {
    size_t width = rows->schema->column_count;
    *count = 0;
    GM_TRY(gm_alloc(values, rows->count, sizeof **values, "a column"));
    for (size_t i = 0; i < rows->count; i++)
        if (!isnan(rows->cells[i * width + column]))
            (*values)[(*count)++] = rows->cells[i * width + column];
    if (*count > 1)
        qsort(*values, *count, sizeof **values, compare);
    return GM_OK;
}

static double most_frequent(const double *sorted, size_t count) {
    double mode = NAN;
    size_t most = 0, run = 0;
    for (size_t i = 0; i < count; i++) {
        run = i > 0 && sorted[i] <= sorted[i - 1] ? run + 1 : 1;
        if (run > most) {
            most = run;
            mode = sorted[i];
        }
    }
    return mode;
}

// A figure of sorted values.
static double median_of(const double *sorted, size_t count) {
    return count > 0 ? (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 : NAN;
}

static double least_of(const double *sorted, size_t count) {
    return count > 0 ? sorted[0] : NAN;
}

static double most_of(const double *sorted, size_t count) {
    return count > 0 ? sorted[count - 1] : NAN;
}

// ---- Fitting ----

static gm_status begin(gm_impute_fit *fit, double **values) {
    size_t count = fit->learn->schema->column_count;
    *values = gm_arena_alloc(&fit->arena, (count + 1) * sizeof **values);
    fit->state = *values;
    return *values ? GM_OK : gm_fail_memory(count * sizeof **values, "the values of columns");
}

// Of categories the most frequent one, whatever is asked for numbers.
static gm_status fit_by(gm_impute_fit *fit, double (*figure)(const double *sorted, size_t count)) {
    const gm_impute_rows *rows = fit->learn;
    double *values, *sorted;
    size_t count;
    GM_TRY(begin(fit, &values));
    for (size_t i = 0; i < rows->schema->column_count; i++) {
        bool category = rows->schema->columns[i].type == GM_COLUMN_CATEGORY;
        if (!figure && !category) {
            values[i] = gm_impute_mean(rows, i);
            continue;
        }
        GM_TRY(sort_known(rows, i, &sorted, &count));
        values[i] = (category ? most_frequent : figure)(sorted, count);
        free(sorted);
    }
    return GM_OK;
}

static gm_status fit_mean(gm_impute_fit *fit) {
    return fit_by(fit, NULL);
}

static gm_status fit_median(gm_impute_fit *fit) {
    return fit_by(fit, median_of);
}

static gm_status fit_mode(gm_impute_fit *fit) {
    return fit_by(fit, most_frequent);
}

static gm_status fit_min(gm_impute_fit *fit) {
    return fit_by(fit, least_of);
}

static gm_status fit_max(gm_impute_fit *fit) {
    return fit_by(fit, most_of);
}

// What the constant is in a column; NaN: nothing that it may hold. A word that is none of the categories is a further
// one, but a number is not.
static double constant_of(const gm_column *column, char *text) {
    double value;
    bool number = gm_cell_number(text, '.', &value, NULL);
    if (column->type == GM_COLUMN_CATEGORY) {
        size_t found = gm_column_find_category(column, text);
        bool held = found < column->category_count || !number || column->category_count == 0;
        return held ? (double)found : NAN;
    }
    if (column->type == GM_COLUMN_DATE)
        return gm_cell_date(text, column->date, &value) ? value : NAN;
    bool fits = column->type != GM_COLUMN_INTEGER || floor(value) >= value;
    return number && fits ? value : NAN;
}

static gm_status fit_constant(gm_impute_fit *fit) {
    const gm_table_schema *schema = fit->learn->schema;
    double *values;
    char *text = gm_arena_string(&fit->arena, fit->text);
    if (gm_cell_is_missing(fit->text))
        return gm_fail(GM_ERROR_ARGUMENT, "constant=%s: is what stands for a missing value", fit->text);
    GM_TRY(begin(fit, &values));
    if (!text)
        return gm_fail_memory(64, "a constant");
    for (size_t i = 0; i < schema->column_count; i++)
        values[i] = constant_of(&schema->columns[i], text);
    return GM_OK;
}

static gm_status fill(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    const double *values = fit->state;
    size_t width = rows->schema->column_count;
    (void)draw;
    for (size_t i = 0; i < rows->count * width; i++)
        if (isnan(cells[i]))
            cells[i] = values[i % width];
    return GM_OK;
}

const gm_impute_method gm_impute_by_mean = {
    .info = {"mean", NULL, NULL, "the mean; of categories, here and below, the most frequent one", false, false, true},
    .fit = fit_mean,
    .fill = fill};
const gm_impute_method gm_impute_by_median = {
    .info = {"median", NULL, NULL, "the median", false, false, true}, .fit = fit_median, .fill = fill};
const gm_impute_method gm_impute_by_mode = {
    .info = {"mode", NULL, NULL, "the most frequent value", false, false, true}, .fit = fit_mode, .fill = fill};
const gm_impute_method gm_impute_by_min = {
    .info = {"min", NULL, NULL, "the smallest value", false, false, false}, .fit = fit_min, .fill = fill};
const gm_impute_method gm_impute_by_max = {
    .info = {"max", NULL, NULL, "the largest value", false, false, false}, .fit = fit_max, .fill = fill};
const gm_impute_method gm_impute_by_constant = {
    .info = {"constant", "V", NULL, "the value V, in columns that may hold it; a word in columns of categories", false,
             false, false},
    .fit = fit_constant,
    .fill = fill};
