// Cells of a table -> CSV, as the table that the schema was found in is written.
#include "sample/cell.h"
#include "sample/schema.h"

static void append_header(gm_text *text, const gm_table_schema *schema, const char *line_end) {
    const char between[] = {schema->dialect.separator, '\0'};
    bool first = true;
    for (size_t i = 0; i < schema->column_count; i++) {
        if (schema->columns[i].type == GM_COLUMN_SKIP)
            continue;
        gm_text_append(text, first ? "" : between);
        gm_cell_write_word(text, &schema->dialect, schema->columns[i].name, false);
        first = false;
    }
    gm_text_append(text, line_end);
}

static void append_row(gm_text *text, const gm_table_schema *schema, const double *cells, size_t written,
                       const char *line_end) {
    const char between[] = {schema->dialect.separator, '\0'};
    bool first = true;
    for (size_t i = 0; i < schema->column_count; i++) {
        if (schema->columns[i].type == GM_COLUMN_SKIP)
            continue;
        gm_text_append(text, first ? "" : between);
        gm_cell_write(text, &schema->columns[i], &schema->dialect, cells[i], written == 1);
        first = false;
    }
    gm_text_append(text, line_end);
}

gm_status gm_table_write(const char *path, const gm_table_schema *schema, const gm_table *table) {
    const char *line_end = schema->dialect.crlf ? "\r\n" : "\n";
    size_t written = 0;
    gm_text text = {0};
    gm_text_append(&text, "");
    for (size_t i = 0; i < schema->column_count; i++)
        written += schema->columns[i].type != GM_COLUMN_SKIP;
    if (schema->dialect.header)
        append_header(&text, schema, line_end);
    for (size_t row = 0; row < table->rows; row++)
        append_row(&text, schema, table->cells + row * schema->column_count, written, line_end);
    gm_status status =
        text.failed ? gm_fail_memory(text.length, path) : gm_file_write_atomic(path, text.data, text.length);
    gm_text_finish(&text);
    return status;
}
