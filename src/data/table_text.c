// A table with its text: where its missing cells stand, and how values are put there.
#include "data/table_text.h"

#include "sample/cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gm_status gm_table_text_open(gm_table_text *t, const char *path) {
    *t = (gm_table_text){.path = path};
    return gm_file_read(path, gm_memory_bytes() / 4, &t->text, &t->bytes);
}

gm_csv_source gm_table_text_source(const gm_table_text *t) {
    return (gm_csv_source){.name = t->path, .data = t->text, .bytes = t->bytes};
}

void gm_table_text_finish(gm_table_text *t) {
    free(t->text);
    free(t->holes);
    gm_table_finish(&t->table);
    *t = (gm_table_text){0};
}

// ---- Reading ----

// The cells of the reader's row, and the holes among them.
static gm_status take_row(gm_table_text *t, const gm_table_rows *reader, size_t columns, size_t *capacity,
                          size_t *hole_capacity) {
    size_t begin = t->table.rows * columns;
    const uint64_t most = gm_memory_bytes() / 4;
    if ((begin + columns) * sizeof *t->table.cells > most)
        return gm_fail(GM_ERROR_MEMORY,
                       "%s:%zu: its cells take more than a quarter of the memory, %llu MiB, up to here: fill it part "
                       "by part",
                       t->path, reader->rows.row_line, (unsigned long long)(most >> 20));
    for (size_t i = 0; i < columns; i++) {
        GM_TRY(gm_grow(&t->table.cells, begin + i, capacity, sizeof *t->table.cells, t->path));
        t->table.cells[begin + i] = reader->cells[i];
        if (!isnan(reader->cells[i]))
            continue;
        GM_TRY(gm_grow(&t->holes, t->hole_count, hole_capacity, sizeof *t->holes, t->path));
        t->holes[t->hole_count++] = (gm_table_hole){t->table.rows, i, reader->rows.spans[reader->places[i]]};
    }
    t->table.rows++;
    return GM_OK;
}

static int compare_holes(const void *a, const void *b) {
    const gm_table_hole *left = a, *right = b;
    return (left->span.begin > right->span.begin) - (left->span.begin < right->span.begin);
}

gm_status gm_table_text_read(gm_table_text *t, const gm_table_schema *schema, bool header) {
    gm_table_rows reader;
    gm_csv_source source = gm_table_text_source(t);
    size_t capacity = 0, hole_capacity = 0;
    bool end = false;
    source.quiet = true;
    GM_TRY(gm_table_rows_open(&reader, &source, schema, &(gm_table_dialect){.header_known = true, .header = header}));
    gm_status status = gm_table_rows_next(&reader, &end);
    while (status == GM_OK && !end) {
        status = take_row(t, &reader, schema->column_count, &capacity, &hole_capacity);
        if (status == GM_OK)
            status = gm_table_rows_next(&reader, &end);
    }
    t->dialect = reader.rows.dialect;
    t->latin1 = reader.rows.recoded;
    if (t->hole_count > 1) // the schema may have the columns in another order than the file
        qsort(t->holes, t->hole_count, sizeof *t->holes, compare_holes);
    gm_table_rows_finish(&reader);
    return status;
}

// ---- Writing ----

// UTF-8 as Latin-1, as far as that has the letters.
static void recode(char *text) {
    char *to = text;
    for (const unsigned char *from = (const unsigned char *)text; *from; from++) {
        bool pair = (*from == 0xc2 || *from == 0xc3) && (from[1] & 0xc0) == 0x80;
        *to++ = (char)(pair ? (*from & 3) << 6 | (from[1] & 0x3f) : *from);
        from += pair;
    }
    *to = '\0';
}

// As many digits as a double has, where the column has no number of decimals of its own.
static void write_number(gm_text *cell, const gm_table_dialect *dialect, double value) {
    char digits[40];
    gm_snprintf(digits, sizeof digits, "%.15g", value);
    char *point = strchr(digits, '.');
    if (point && dialect->decimal == ',')
        *point = ',';
    gm_cell_write_word(cell, dialect, digits, false);
}

// In quotes where the hole was.
static void write_cell(gm_text *out, const gm_table_text *t, const gm_column *column, bool quoted, double value,
                       const char *word) {
    gm_text cell = {0};
    const gm_table_dialect *dialect = &t->dialect;
    if (column->type == GM_COLUMN_CATEGORY && (size_t)value >= column->category_count)
        gm_cell_write_word(&cell, dialect, word ? word : "", false);
    else if (column->type == GM_COLUMN_NUMBER && column->decimals >= GM_COLUMN_ANY_DECIMALS)
        write_number(&cell, dialect, value);
    else
        gm_cell_write(&cell, column, dialect, value, false);
    if (cell.data && t->latin1)
        recode(cell.data);
    bool add = quoted && cell.data && cell.data[0] != '"';
    if (cell.data)
        gm_text_printf(out, "%s%s%s", add ? "\"" : "", cell.data, add ? "\"" : "");
    out->failed = out->failed || cell.failed;
    gm_text_finish(&cell);
}

// Bytes as they are, of zero, too (a text stops there).
static void append_bytes(gm_text *out, const char *text, size_t bytes) {
    if (bytes > 0)
        gm_text_printf(out, "%.*s", (int)bytes, text);
}

gm_status gm_table_text_write(const gm_table_text *t, const gm_table_schema *schema, const char *path,
                              const double *values, const char *word) {
    enum { PIECE = 1 << 20 };
    gm_text out = {0};
    size_t at = 0;
    for (size_t i = 0; i <= t->hole_count; i++) {
        size_t next = i < t->hole_count ? t->holes[i].span.begin : t->bytes;
        for (size_t piece; at < next; at += piece) {
            piece = GM_MIN(next - at, (size_t)PIECE);
            append_bytes(&out, t->text + at, piece);
        }
        if (i == t->hole_count || isnan(values[i]))
            continue;
        const gm_table_hole *hole = &t->holes[i];
        write_cell(&out, t, &schema->columns[hole->column], t->text[at] == '"', values[i], word);
        at = hole->span.end;
    }
    gm_status status = out.failed ? gm_fail_memory(t->bytes, path) : gm_file_write_atomic(path, out.data, out.length);
    gm_text_finish(&out);
    return status;
}
