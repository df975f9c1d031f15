// CSV as a matrix of numbers: the rows of csv_rows.c, of which every field is a number.
#include "data/csv.h"

#include "data/csv_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- Numbers ----

static gm_status read_number(gm_csv_rows *rows, size_t column, bool missing, gm_csv *csv, float *value) {
    char *text = gm_csv_field(rows, column);
    double number = NAN;
    bool found = gm_read_number(rows, text, &number, NULL);
    *value = (float)number;
    if (found)
        return GM_OK;
    if (gm_cell_is_missing(text)) {
        csv->missing++;
        if (missing)
            return GM_OK;
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: column %zu: %s: every field must be a number", rows->name,
                       rows->row_line, column + 1, *text ? "the value is missing" : "is empty");
    }
    int shown = (int)GM_MIN(strcspn(text, "\r\n"), (size_t)40); // a message is one line
    return gm_fail(GM_ERROR_FORMAT, "%s:%zu: column %zu: \"%.*s\" %s", rows->name, rows->row_line, column + 1, shown,
                   text, gm_number_fault(rows, text));
}

// ---- Rows ----

static gm_status take_names(const gm_csv_rows *rows, gm_csv *csv) {
    GM_TRY(gm_alloc(&csv->names, rows->columns, sizeof *csv->names, rows->name));
    csv->columns = rows->columns;
    for (size_t i = 0; i < csv->columns; i++) {
        size_t bytes = strlen(gm_csv_field(rows, i)) + 1;
        GM_TRY(gm_alloc(&csv->names[i], bytes, 1, rows->name));
        memcpy(csv->names[i], gm_csv_field(rows, i), bytes);
    }
    return GM_OK;
}

static gm_status read_rows(gm_csv_rows *rows, bool missing, gm_csv *csv) {
    size_t count = 0, capacity = 0;
    bool end = false;
    if (rows->dialect.header) {
        GM_TRY(gm_csv_rows_next(rows, &end));
        GM_TRY(take_names(rows, csv));
    }
    GM_TRY(gm_csv_rows_next(rows, &end));
    for (; !end; csv->rows++) {
        for (size_t i = 0; i < rows->columns; i++) {
            GM_TRY(gm_grow(&csv->values, count, &capacity, sizeof *csv->values, rows->name));
            GM_TRY(read_number(rows, i, missing, csv, &csv->values[count++]));
        }
        GM_TRY(gm_csv_rows_next(rows, &end));
    }
    csv->columns = rows->columns;
    return csv->rows > 0 ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: has a header but no rows", rows->name);
}

// ---- The interface ----

gm_status gm_csv_read_source(const gm_csv_source *source, const gm_table_dialect *dialect, bool missing, gm_csv *csv) {
    gm_csv_rows rows;
    *csv = (gm_csv){0};
    GM_TRY(gm_csv_rows_open(&rows, source, dialect));
    gm_status status = read_rows(&rows, missing, csv);
    gm_csv_rows_finish(&rows);
    if (status != GM_OK)
        gm_csv_finish(csv);
    return status;
}

gm_status gm_csv_parse(const char *name, const void *data, size_t bytes, const gm_csv_options *options, gm_csv *csv) {
    return gm_csv_read_source(&(gm_csv_source){.name = name, .data = data ? data : "", .bytes = bytes}, NULL,
                              options && options->missing, csv);
}

gm_status gm_csv_read(const char *path, const gm_csv_options *options, gm_csv *csv) {
    return gm_csv_read_source(&(gm_csv_source){.name = path}, NULL, options && options->missing, csv);
}

void gm_csv_finish(gm_csv *csv) {
    if (!csv)
        return;
    for (size_t i = 0; i < csv->columns && csv->names; i++)
        free(csv->names[i]);
    free(csv->names);
    free(csv->values);
    *csv = (gm_csv){0};
}

// ---- Telling ----

// No control characters but those of lines; a byte of zero is left to the parser, which names it.
static bool is_text(const gm_source *source) {
    static const char allowed[] = {'\t', '\n', '\r', '\0'};
    for (size_t i = 0; i < source->head_bytes; i++)
        if ((source->head[i] < ' ' && !memchr(allowed, source->head[i], sizeof allowed)) || source->head[i] == 0x7f)
            return false;
    return true;
}

// A line of several fields, of a quoted one or of a number.
static bool has_fields(const char *line, size_t length) {
    char field[64];
    double value;
    for (size_t i = 0; i < length; i++)
        if (strchr("\t;,|\"", line[i]))
            return true;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    line += strspn(line, " ");
    gm_snprintf(field, sizeof field, "%.*s", (int)GM_MIN(length, sizeof field), line);
    return gm_cell_number(field, '.', &value, NULL);
}

// A column of words shows nothing but text: then the name tells.
static bool is_called_table(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".tsv") == 0);
}

bool gm_csv_tell(const gm_source *source) {
    char text[GM_HEAD_BYTES + 1];
    if (source->head_bytes >= 2 &&
        (memcmp(source->head, "\xff\xfe", 2) == 0 || memcmp(source->head, "\xfe\xff", 2) == 0))
        return true; // UTF-16, which the reader names
    if (!is_text(source))
        return false;
    memcpy(text, source->head, source->head_bytes);
    text[source->head_bytes] = '\0';
    const char *line = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    while (*line == '#' && !has_fields(line, strcspn(line, "\r\n"))) { // comments
        line += strcspn(line, "\r\n");
        line += strspn(line, "\r\n");
    }
    if (*line == '\0' && source->head_bytes == GM_HEAD_BYTES)
        return true; // all of it is comments, as lists of paths do not have them
    size_t length = strcspn(line, "\r\n");
    if (has_fields(line, length))
        return true;
    line += length;
    line += strspn(line, "\r\n");
    return has_fields(line, strcspn(line, "\r\n")) || is_called_table(source->path);
}
