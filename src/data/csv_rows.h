// CSV as rows of fields: one row at a time, from a file or from memory.
#ifndef GM_DATA_CSV_ROWS_H
#define GM_DATA_CSV_ROWS_H

#include "base/base.h"
#include "ganymede/table.h"

// Where a table is read from: the file of that name, or `bytes` at `data` with the name for messages.
typedef struct gm_csv_source {
    const char *name;
    const void *data;
    size_t bytes;
    bool quiet; // nothing is said of what the reader makes do with
} gm_csv_source;

// Where a field stands in the source's data, in quotes or without, the blanks around it left out.
typedef struct gm_csv_span {
    size_t begin, end;
} gm_csv_span;

typedef struct gm_csv_rows {
    const char *name;
    gm_table_dialect dialect; // separator and header are known; the decimal sign once a number shows it
    size_t columns;           // of the first row; 0 before it is read
    char *text;               // the present row's fields, each with its terminating zero
    size_t *fields;           // where each begins: columns of them
    gm_csv_span *spans;       // of the fields, from memory alone
    size_t row_line, line;    // where the row begins, where the reader is; from 1
    bool quiet;               // as the source's
    bool recoded;             // a field was no UTF-8, and is read as Latin-1
    // Private.
    int file;
    char *buffer;
    const char *at, *end, *origin; // origin: where the source's data begin; NULL: it is a file
    size_t text_length, text_capacity, count, field_capacity, span_capacity, field, blank_rows;
    gm_csv_span *blanks; // of the lines that are blank rows still to come, the last ones of them
    size_t blank_count, blank_capacity;
    const char *comment; // the last line of comments above the table, in the buffer, without its '#'; NULL: none
    size_t comment_line;
    bool finished;
} gm_csv_rows;

// At the first row that is neither blank nor a comment, with nothing known of the dialect but what a first line "sep=;"
// says; fails where there is none.
gm_status gm_csv_rows_start(gm_csv_rows *rows, const gm_csv_source *source);
// The same, and finds separator and header, unless `given` (or NULL) has them, in what fits into memory at once.
gm_status gm_csv_rows_open(gm_csv_rows *rows, const gm_csv_source *source, const gm_table_dialect *given);
void gm_csv_rows_finish(gm_csv_rows *rows);
// The next row, the header included. *end: there is none. Fails with FILE:LINE.
gm_status gm_csv_rows_next(gm_csv_rows *rows, bool *end);

static inline char *gm_csv_field(const gm_csv_rows *rows, size_t column) {
    return rows->text + rows->fields[column];
}

#endif
