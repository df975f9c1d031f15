// A table with its text, so that missing cells can be filled in and all else stays as it is, byte for byte.
#ifndef GM_DATA_TABLE_TEXT_H
#define GM_DATA_TABLE_TEXT_H

#include "data/table.h"

// A missing cell of a column that the schema has, and the bytes of the text that stand for it.
typedef struct gm_table_hole {
    size_t row, column;
    gm_csv_span span;
} gm_table_hole;

typedef struct gm_table_text {
    const char *path;
    char *text; // the file
    size_t bytes;
    gm_table table; // its cells, (rows, columns of the schema)
    gm_table_hole *holes;
    size_t hole_count;
    gm_table_dialect dialect; // as it is written
    bool latin1;              // it is no UTF-8
} gm_table_text;

// Reads the file; path must live as long. Fails for files of more than a quarter of the memory.
gm_status gm_table_text_open(gm_table_text *table, const char *path);
gm_csv_source gm_table_text_source(const gm_table_text *table);
// Cells and holes, by a schema that has been found of it (gm_table_find_lenient). header: whether it has one, NULL: to
// be found. Fails where the cells do not fit into memory.
gm_status gm_table_text_read(gm_table_text *table, const gm_table_schema *schema, bool header);
// Writes the text with values in its holes, one for each: numbers, dates, numbers of categories; NaN leaves the hole as
// it is. A category beyond the column's is `word`. Fails as gm_file_write_atomic does.
gm_status gm_table_text_write(const gm_table_text *table, const gm_table_schema *schema, const char *path,
                              const double *values, const char *word);
void gm_table_text_finish(gm_table_text *table);

#endif
