// Tables: finding what columns they have, and reading their rows by that.
#ifndef GM_DATA_TABLE_H
#define GM_DATA_TABLE_H

#include "data/csv_rows.h"
#include "data/source.h"
#include "ganymede/data.h"

// As gm_table_find, over several tables, of the columns that all of them have: what is found is true of all of them.
gm_status gm_table_find_all(gm_table_schema **schema, const gm_csv_source *sources, size_t count,
                            const gm_table_schema *given, size_t *rows);
// The same for tables that are kept as they are but for some cells: a column of text is set aside, with a warning, and
// of plain numbers, too, names must differ.
gm_status gm_table_find_lenient(gm_table_schema **schema, const gm_csv_source *sources, size_t count,
                                const gm_table_schema *given, size_t *rows);
// Whether it is numbers alone, with none missing and none set aside: a matrix.
bool gm_table_is_plain(const gm_table_schema *schema);

// The rows of a table, one at a time, as cells.
typedef struct gm_table_rows {
    gm_csv_rows rows;
    const gm_table_schema *schema;
    size_t *places; // where each column of the schema stands in the file
    double *cells;  // of the present row
} gm_table_rows;
// dialect: what is known of how the file is written; NULL: what the schema says.
gm_status gm_table_rows_open(gm_table_rows *table, const gm_csv_source *source, const gm_table_schema *schema,
                             const gm_table_dialect *dialect);
gm_status gm_table_rows_next(gm_table_rows *table, bool *end);
void gm_table_rows_finish(gm_table_rows *table);

// "column 'cut'", or "column 2" of a table without a header: for messages.
typedef struct gm_column_label {
    char text[80];
} gm_column_label;
gm_column_label gm_column_label_of(const gm_csv_rows *rows, const char *name);

// A data set of stored values, or, of plain numbers, of the numbers as they are.
gm_status gm_table_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

// The same of cells in memory, (rows, columns of the schema), which are copied with it. gm_dataset_close(&dataset).
gm_status gm_table_dataset(gm_dataset **dataset, const char *name, const gm_table_schema *schema, const double *cells,
                           size_t rows);

#endif
