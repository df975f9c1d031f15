// Tables of numbers as CSV (RFC 4180, and the separators that spreadsheets use in other countries).
//
// Nothing is guessed: a field that is no number, a line of another length or a stray quote is refused with its line and
// column, since a table that is read wrongly looks like data.
#include "data/csv.h"

#include "data/items.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST = 1 << 20 }; // bytes of a field

typedef struct reader {
    const char *name; // the file's, for messages
    const char *at, *end;
    char separator;
    bool missing;      // missing values may be
    size_t line;       // of `at`, from 1
    gm_text field;     // the latest one, without its quotes and the blanks around it
    size_t field_line; // where it begins
    bool last;         // it ends its line
} reader;

// ---- Fields ----

// Moves behind a line's end. CR LF is one.
static void skip_line_end(reader *r) {
    if (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n')
        r->at++;
    r->at++;
    r->line++;
}

static bool at_line_end(const reader *r) {
    return r->at == r->end || *r->at == '\n' || *r->at == '\r';
}

static gm_status append(reader *r, const char *from, size_t length) {
    if (length > LONGEST)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: a field has more than %d bytes: is a closing quote missing?", r->name,
                       r->field_line, LONGEST);
    gm_text_printf(&r->field, "%.*s", (int)length, from);
    return r->field.failed ? gm_fail_memory(length, "a field") : GM_OK;
}

// Behind the opening quote; "" is a quote.
static gm_status read_quoted(reader *r) {
    for (;;) {
        const char *begin = r->at;
        while (r->at < r->end && *r->at != '"') {
            if (at_line_end(r))
                skip_line_end(r);
            else
                r->at++;
        }
        if (r->at == r->end)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: a quoted field has no closing quote", r->name, r->field_line);
        bool doubled = r->at + 1 < r->end && r->at[1] == '"';
        GM_TRY(append(r, begin, (size_t)(r->at - begin) + doubled));
        r->at += doubled ? 2 : 1;
        if (!doubled)
            return GM_OK;
    }
}

static void skip_blanks(reader *r) {
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

// The next field into r->field, and r->at behind the separator or the line's end.
static gm_status read_field(reader *r, size_t column) {
    r->field.length = 0;
    r->field_line = r->line;
    GM_TRY(append(r, "", 0)); // a string even when nothing follows
    skip_blanks(r);
    if (r->at < r->end && *r->at == '"') {
        r->at++;
        GM_TRY(read_quoted(r));
        skip_blanks(r);
        if (!at_line_end(r) && *r->at != r->separator)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: column %zu: text follows the closing quote", r->name, r->line,
                           column);
    } else {
        const char *begin = r->at;
        while (!at_line_end(r) && *r->at != r->separator)
            r->at++;
        size_t length = (size_t)(r->at - begin);
        while (length > 0 && begin[length - 1] == ' ')
            length--;
        GM_TRY(append(r, begin, length));
    }
    r->last = at_line_end(r);
    if (r->at < r->end) {
        if (r->last)
            skip_line_end(r);
        else
            r->at++;
    }
    return GM_OK;
}

// ---- Numbers ----

static const char *skip_digits(const char *text, size_t *count) {
    for (*count = 0; isdigit((unsigned char)*text); text++)
        ++*count;
    return text;
}

// [+-] digits [. digits] [e [+-] digits]: what gm_parse_double takes, but for hexadecimals, inf and nan. Finite as
// float32.
static bool parse_number(const char *text, float *value) {
    size_t whole, fraction = 0, exponent = 1;
    char *stop;
    const char *at = skip_digits(text + (*text == '+' || *text == '-'), &whole);
    if (*at == '.')
        at = skip_digits(at + 1, &fraction);
    if (whole + fraction == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        at = skip_digits(at, &exponent);
    }
    *value = (float)gm_parse_double(text, &stop);
    return exponent > 0 && *at == '\0' && *stop == '\0' && isfinite(*value);
}

static bool is_missing(const char *text) {
    static const char *const words[] = {"", "na", "n/a", "nan", "null"};
    for (size_t i = 0; i < GM_COUNT(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static gm_status read_number(const reader *r, size_t column, gm_csv *csv, float *value) {
    const char *text = r->field.data;
    if (parse_number(text, value))
        return GM_OK;
    if (is_missing(text)) {
        *value = NAN;
        csv->missing++;
        if (r->missing)
            return GM_OK;
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: column %zu: %s: every field must be a number", r->name, r->field_line,
                       column, *text ? "the value is missing" : "is empty");
    }
    int shown = (int)GM_MIN(strcspn(text, "\r\n"), (size_t)40); // a message is one line
    return gm_fail(GM_ERROR_FORMAT,
                   "%s:%zu: column %zu: \"%.*s\" is no finite number: write digits with a decimal point", r->name,
                   r->field_line, column, shown, text);
}

// ---- Lines ----

// Tabs, else semicolons, else commas: what the first line has outside of quotes.
static char find_separator(const reader *r) {
    static const char candidates[] = "\t;,";
    size_t best = GM_COUNT(candidates) - 2;
    bool quoted = false;
    for (const char *at = r->at; at < r->end && (quoted || (*at != '\n' && *at != '\r')); at++) {
        const char *found = quoted || *at == '\0' ? NULL : strchr(candidates, *at);
        if (*at == '"')
            quoted = !quoted;
        if (found)
            best = GM_MIN(best, (size_t)(found - candidates));
    }
    return candidates[best];
}

static gm_status take_name(const reader *r, size_t *capacity, gm_csv *csv) {
    GM_TRY(gm_grow(&csv->names, csv->columns, capacity, sizeof *csv->names, r->name));
    csv->names[csv->columns] = NULL;
    GM_TRY(gm_alloc(&csv->names[csv->columns], r->field.length + 1, 1, r->name));
    memcpy(csv->names[csv->columns++], r->field.data, r->field.length);
    return GM_OK;
}

static void drop_names(gm_csv *csv) {
    for (size_t i = 0; i < csv->columns && csv->names; i++)
        free(csv->names[i]);
    free(csv->names);
    csv->names = NULL;
}

// Counts the columns; names them when the line has no number, and moves behind it then.
static gm_status read_header(reader *r, gm_csv *csv) {
    const reader start = *r;
    size_t capacity = 0;
    bool numbers = false, words = false;
    do {
        float value;
        GM_TRY(read_field(r, csv->columns + 1));
        numbers = numbers || parse_number(r->field.data, &value);
        words = words || !is_missing(r->field.data);
        GM_TRY(take_name(r, &capacity, csv));
    } while (!r->last);
    if (words && !numbers)
        return GM_OK;
    drop_names(csv);
    r->at = start.at;
    r->line = start.line;
    return GM_OK;
}

// Nothing but line ends and blanks follows.
static bool at_end(const reader *r) {
    for (const char *at = r->at; at < r->end; at++)
        if (*at != '\n' && *at != '\r' && *at != ' ')
            return false;
    return true;
}

static gm_status read_rows(reader *r, gm_csv *csv) {
    size_t count = 0, capacity = 0;
    while (!at_end(r)) {
        size_t column = 0, line = r->line;
        do {
            GM_TRY(read_field(r, column + 1));
            if (column++ == csv->columns)
                return gm_fail(GM_ERROR_FORMAT, "%s:%zu: has more than the %zu fields of the first line", r->name, line,
                               csv->columns);
            GM_TRY(gm_grow(&csv->values, count, &capacity, sizeof *csv->values, r->name));
            GM_TRY(read_number(r, column, csv, &csv->values[count++]));
        } while (!r->last);
        if (column < csv->columns)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: has %zu fields, the first line %zu", r->name, line, column,
                           csv->columns);
        csv->rows++;
    }
    return csv->rows > 0 ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: has a header but no rows", r->name);
}

// ---- The interface ----

gm_status gm_csv_parse(const char *name, const void *data, size_t bytes, const gm_csv_options *options, gm_csv *csv) {
    reader r = {.name = name, .at = data, .missing = options && options->missing, .line = 1};
    *csv = (gm_csv){0};
    if (bytes > 0 && memchr(data, '\0', bytes))
        return gm_fail(GM_ERROR_FORMAT, "%s: is no text in UTF-8: it has a byte of zero", name);
    if (bytes >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { // the mark that spreadsheets put in front
        r.at += 3;
        bytes -= 3;
    }
    r.end = r.at + bytes;
    if (bytes == 0 || at_end(&r))
        return gm_fail(GM_ERROR_FORMAT, "%s: is empty", name);
    r.separator = find_separator(&r);
    gm_status status = read_header(&r, csv);
    if (status == GM_OK)
        status = read_rows(&r, csv);
    gm_text_finish(&r.field);
    if (status != GM_OK)
        gm_csv_finish(csv);
    return status;
}

gm_status gm_csv_read(const char *path, const gm_csv_options *options, gm_csv *csv) {
    *csv = (gm_csv){0};
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, GM_DATA_LIMIT, &data, &bytes));
    gm_status status = gm_csv_parse(path, data, bytes, options, csv);
    free(data);
    return status;
}

void gm_csv_finish(gm_csv *csv) {
    if (!csv)
        return;
    drop_names(csv);
    free(csv->values);
    *csv = (gm_csv){0};
}

// ---- Data sets ----

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
    float value;
    for (size_t i = 0; i < length; i++)
        if (strchr("\t;,\"", line[i]))
            return true;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    line += strspn(line, " ");
    gm_snprintf(field, sizeof field, "%.*s", (int)GM_MIN(length, sizeof field), line);
    return parse_number(field, &value);
}

// Text whose first line has fields, or its second, below the name of a single column.
bool gm_csv_tell(const gm_source *source) {
    char text[GM_HEAD_BYTES + 1];
    if (!is_text(source))
        return false;
    memcpy(text, source->head, source->head_bytes);
    text[source->head_bytes] = '\0';
    const char *line = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    size_t length = strcspn(line, "\r\n");
    if (has_fields(line, length))
        return true;
    line += length;
    line += strspn(line, "\r\n");
    return has_fields(line, strcspn(line, "\r\n"));
}

gm_status gm_csv_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_csv csv;
    GM_TRY(gm_csv_read(source->path, NULL, &csv));
    const size_t dim[4] = {csv.rows, csv.columns, 1, 1};
    gm_status status = gm_dataset_take_floats(dataset, source->path, &csv.values, dim, options);
    gm_csv_finish(&csv);
    return status;
}
