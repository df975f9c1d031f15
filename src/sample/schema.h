// Schemas of tables: copies, the places of columns among stored values and codes, and their text.
#ifndef GM_SAMPLE_SCHEMA_H
#define GM_SAMPLE_SCHEMA_H

#include "base/base.h"
#include "ganymede/table.h"

// An empty schema, and what belongs to one: everything it points to lies in its arena.
gm_status gm_table_schema_create(gm_table_schema **schema);
gm_arena *gm_table_schema_arena(gm_table_schema *schema);
gm_status gm_column_copy(gm_arena *arena, gm_column *copy, const gm_column *column);

extern const char *const gm_column_type_names[]; // in the order of gm_column_type, ends with NULL
gm_column *gm_table_find_column(const gm_table_schema *schema, const char *name); // NULL: there is none
bool gm_column_is_number(const gm_column *column);                                // a number, whole number or date
bool gm_column_is_aside(const gm_column *column);                                 // an index, or skipped
// The number of a category; category_count where it is none.
size_t gm_column_find_category(const gm_column *column, const char *word);

// Whether it is a number that networks see by its modes or quantiles.
bool gm_column_is_coded(const gm_column *column);
// How many of a column's codes are one-hot, its last ones: the categories or modes, and whether it is missing; 0: none.
size_t gm_column_choices(const gm_column *column);
// How many values of a row data sets store for the column, and how many networks see. Stored are the place of a number
// in its range, and whether it is missing; the number of a category, category_count where it is missing; the place of a
// number among quantiles or in its mode, and the number of what is one-hot.
size_t gm_column_stored(const gm_column *column);
size_t gm_column_codes(const gm_column *column);
size_t gm_table_stored(const gm_table_schema *schema);
bool gm_column_has_place(const gm_column *column); // a number whose place is stored
// Whether missing cells are seen, beside others.
bool gm_column_shows_missing(const gm_column *column);

// A number's place, 0 to 1, as networks see it, and its mode; and the number that is there, in the column's range.
double gm_column_place(const gm_column *column, double value, size_t *mode);
double gm_column_value(const gm_column *column, double place, size_t mode);

// A row of cells as stored values.
void gm_table_store(const gm_table_schema *schema, const double *cells, float *stored);

// Appends "KEY: {type: ...}" lines, each behind a line end and `indent` blanks; "{...}" of a dialect.
void gm_table_append_columns(gm_text *text, const gm_table_schema *schema, int indent);
void gm_table_append_dialect(gm_text *text, const gm_table_dialect *dialect);

#endif
