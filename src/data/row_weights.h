// How often rows of a table are drawn where each of its columns of categories counts the same (CTGAN, Xu et al. 2019).
#ifndef GM_DATA_ROW_WEIGHTS_H
#define GM_DATA_ROW_WEIGHTS_H

#include "data/items.h"
#include "ganymede/table.h"

// Whether the column has categories that rows are drawn by.
bool gm_column_draws(const gm_column *column);
// How many rows have the category; category_count: are missing.
size_t gm_column_rows(const gm_column *column, size_t category);
// How often a row of the category is drawn by its column: the category's share by the logarithm of its rows, divided
// among these.
double gm_column_weight(const gm_column *column, size_t category);
// The sums of the weights of all rows up to each, the last of which is their total: (count). Fails where the table has
// no column that draws.
gm_status gm_row_weights_sum(const gm_dataset *dataset, double **sums);

#endif
