// Sides of a comparison that are tables: cells in place of codes, and what is said of each column.
#ifndef GM_USE_TABLES_H
#define GM_USE_TABLES_H

#include "ganymede/measure.h"
#include "use/side.h"

// Two files of CSV, of which either is no plain matrix of numbers: one schema for both. *schema: NULL for any others.
// Fails when their columns differ.
gm_status gm_tables_find(gm_table_schema **schema, const char *const sources[2]);
// Whether both sides are rows of tables, of the same columns; fails where one is and the other is not.
gm_status gm_tables_check(const gm_side *real, const gm_side *fake, bool *tables);
// Codes become what distances are taken of: numbers divided by the real side's deviation, one-hot categories; a missing
// number is the real side's mean, and has a value of its own that says so. The sides keep their cells.
gm_status gm_tables_convert(gm_side *real, gm_side *fake);
// The same of a further side, which has the real one's columns.
gm_status gm_tables_convert_like(gm_side *side, const gm_side *real);
// How many of a converted row's values are a column's.
size_t gm_tables_features(const gm_column *column);
// The largest distance of the shares below a value, over all values, of known numbers (Kolmogorov and Smirnov), both
// sorted; NaN where either has none.
double gm_tables_distance(const double *a, size_t a_count, const double *b, size_t b_count);
// The figures of every column that is not set aside; free(*figures).
gm_status gm_tables_compare(const gm_side *real, const gm_side *fake, gm_column_figure **figures, size_t *count);

#endif
