// How often rows of a table are drawn.
//
// CTGAN draws a column of categories, then one of these by the logarithm of how many rows have it, then one of those
// rows. The same rows come equally often where a row is drawn by the sum of what each column gives it, and its column
// afterwards, by these parts: no lists of rows are needed.
#include "data/row_weights.h"

#include "data/source.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>

bool gm_column_draws(const gm_column *column) {
    return column->type == GM_COLUMN_CATEGORY && gm_column_choices(column) > 0;
}

size_t gm_column_rows(const gm_column *column, size_t category) {
    if (category == column->category_count)
        return column->missing;
    return column->counts ? column->counts[category] : 1;
}

double gm_column_weight(const gm_column *column, size_t category) {
    size_t rows = gm_column_rows(column, category);
    double sum = 0;
    for (size_t k = 0; k <= column->category_count; k++)
        sum += log1p((double)gm_column_rows(column, k));
    return rows > 0 ? log1p((double)rows) / sum / (double)rows : 0;
}

static gm_status weigh(const gm_table_schema *table, const float *stored, size_t rows, double *sums) {
    size_t width = gm_table_stored(table), place = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        const gm_column *column = &table->columns[i];
        double *weights;
        if (gm_column_draws(column)) {
            GM_TRY(gm_alloc(&weights, column->category_count + 1, sizeof *weights, "weights"));
            for (size_t k = 0; k <= column->category_count; k++)
                weights[k] = gm_column_weight(column, k);
            for (size_t row = 0; row < rows; row++)
                sums[row] += weights[(size_t)stored[row * width + place]];
            free(weights);
        }
        place += gm_column_stored(column);
    }
    return GM_OK;
}

gm_status gm_row_weights_sum(const gm_dataset *dataset, double **sums) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const float *stored = gm_dataset_items(dataset);
    bool draws = false;
    *sums = NULL;
    for (size_t i = 0; info->table && i < info->table->column_count; i++)
        draws = draws || gm_column_draws(&info->table->columns[i]);
    if (!draws || !stored)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no columns of categories to draw rows by", info->name);
    GM_TRY(gm_alloc(sums, info->count, sizeof **sums, "the rows' weights"));
    gm_status status = weigh(info->table, stored, info->count, *sums);
    for (size_t i = 1; i < info->count; i++)
        (*sums)[i] += (*sums)[i - 1];
    if (status == GM_OK && !((*sums)[info->count - 1] > 0))
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: none of its rows has a category that is counted", info->name);
    if (status != GM_OK) {
        free(*sums);
        *sums = NULL;
    }
    return status;
}
