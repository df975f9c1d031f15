// Fitting what networks see of a table's numbers.
#ifndef GM_DATA_TABLE_CODES_H
#define GM_DATA_TABLE_CODES_H

#include "ganymede/table.h"

// Gives every column of numbers that the schema has, and that has none yet, its modes or quantiles, from the rows of
// the file at `path`, of which there are `rows`: of some of them, evenly spread, where they are very many.
gm_status gm_table_fit(gm_table_schema *schema, const char *path, size_t rows, gm_table_numbers numbers);

#endif
