// CSV (RFC 4180, and the separators and decimal signs that spreadsheets use in other countries) -> rows of fields.
//
// A row at a time is in memory, whatever the file's size. A row of another length or a stray quote is refused with its
// line, since a table that is read wrongly looks like data.
#include "data/csv_rows.h"

#include "sample/cell.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PIECE = 1 << 18 };        // bytes that are read at a time, and looked at for separator and header
enum { LONGEST = 1 << 20 };      // bytes of a field
enum { LONGEST_ROW = 1 << 28 };  // of a row
enum { MOST_COLUMNS = 1 << 16 }; // which take some 500 bytes each
enum { END = -1 };               // of the text

// ---- Bytes ----

static gm_status refill(gm_csv_rows *r) {
    size_t bytes = 0;
    if (r->file >= 0 && !r->finished)
        GM_TRY(gm_file_read_next(r->file, r->name, r->buffer, PIECE, &bytes));
    r->finished = r->finished || bytes < PIECE;
    if (bytes > 0) {
        r->comment = NULL; // it has been in the buffer
        r->at = r->buffer;
        r->end = r->buffer + bytes;
    }
    return GM_OK;
}

// The next byte, which stays; END behind the last.
static gm_status peek(gm_csv_rows *r, int *byte) {
    if (r->at == r->end && !r->finished)
        GM_TRY(refill(r));
    *byte = r->at == r->end ? END : (unsigned char)*r->at;
    if (*byte == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no text in UTF-8: it has a byte of zero", r->name, r->line);
    return GM_OK;
}

static gm_status append(gm_csv_rows *r, const char *from, size_t length) {
    if (length + r->text_length - r->fields[r->count] > LONGEST)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: a field has more than %d bytes: is a closing quote missing?", r->name,
                       r->row_line, LONGEST);
    if (length + r->text_length > LONGEST_ROW)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: a row has more than %d bytes", r->name, r->row_line, LONGEST_ROW);
    while (r->text_capacity < r->text_length + length + 1)
        GM_TRY(gm_grow(&r->text, r->text_capacity, &r->text_capacity, 1, r->name));
    memcpy(r->text + r->text_length, from, length);
    r->text_length += length;
    return GM_OK;
}

static bool is_line_end(int byte) {
    return byte == '\n' || byte == '\r' || byte == END;
}

// Moves behind a line's end, if one is next. CR LF is one.
static gm_status skip_line_end(gm_csv_rows *r) {
    int byte;
    GM_TRY(peek(r, &byte));
    if (byte == END)
        return GM_OK;
    r->at++;
    r->line++;
    if (byte == '\n')
        return GM_OK;
    GM_TRY(peek(r, &byte));
    if (byte == '\n') {
        r->at++;
        r->dialect.crlf = true;
    }
    return GM_OK;
}

static gm_status skip_blanks(gm_csv_rows *r, int *byte) {
    do {
        GM_TRY(peek(r, byte));
        r->at += *byte == ' ';
    } while (*byte == ' ');
    return GM_OK;
}

// ---- Encoding ----

static bool is_utf8(const char *text, size_t length) {
    for (const unsigned char *c = (const unsigned char *)text, *end = c + length; c < end;) {
        size_t more = *c < 0x80 ? 0 : *c < 0xc2 ? 9 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : *c < 0xf5 ? 3 : 9;
        if (more > (size_t)(end - c) - 1)
            return false;
        for (size_t i = 1; i <= more; i++)
            if ((c[i] & 0xc0) != 0x80)
                return false;
        c += more + 1;
    }
    return true;
}

// A field that is no UTF-8 is Latin-1, whose letters are the first of Unicode.
static gm_status recode(gm_csv_rows *r) {
    size_t begin = r->fields[r->count], length = r->text_length - begin, more = 0;
    if (is_utf8(r->text + begin, length))
        return GM_OK;
    if (!r->recoded && !r->quiet)
        gm_warn("%s:%zu: is no text in UTF-8: read as Latin-1", r->name, r->row_line);
    r->recoded = true;
    for (size_t i = begin; i < r->text_length; i++)
        more += (unsigned char)r->text[i] >= 0x80;
    for (size_t i = 0; i < more; i++)
        GM_TRY(append(r, "", 1));
    for (size_t from = begin + length, to = r->text_length; from > begin;) {
        unsigned char letter = (unsigned char)r->text[--from];
        if (letter >= 0x80) {
            r->text[--to] = (char)(0x80 | (letter & 0x3f));
            r->text[--to] = (char)(0xc0 | letter >> 6);
        } else {
            r->text[--to] = (char)letter;
        }
    }
    return GM_OK;
}

// ---- Fields ----

// Appends what comes before the next of the bytes that mean something.
static gm_status append_plain(gm_csv_rows *r, char stop) {
    int byte;
    do {
        GM_TRY(peek(r, &byte));
        const char *begin = r->at;
        while (r->at < r->end && *r->at != stop && *r->at != '\n' && *r->at != '\r' && *r->at != '\0')
            r->at++;
        GM_TRY(append(r, begin, (size_t)(r->at - begin)));
    } while (byte != END && r->at == r->end);
    return GM_OK;
}

// Behind the opening quote; "" is a quote.
static gm_status read_quoted(gm_csv_rows *r) {
    size_t line = r->line;
    for (;;) {
        int byte;
        GM_TRY(append_plain(r, '"'));
        GM_TRY(peek(r, &byte));
        if (byte == END)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: a quoted field has no closing quote", r->name, line);
        if (byte != '"') { // a line's end is part of the field
            const char end = (char)byte;
            GM_TRY(append(r, &end, 1));
            r->at++;
            r->line += byte == '\n' || r->text[r->text_length - 1] == '\r';
            if (byte == '\r') {
                GM_TRY(peek(r, &byte));
                r->line -= byte == '\n';
            }
            continue;
        }
        r->at++;
        GM_TRY(peek(r, &byte));
        if (byte != '"')
            return GM_OK;
        r->at++;
        GM_TRY(append(r, "\"", 1));
    }
}

// Notes where the field lies that begins at `begin` and ends before the reader.
static gm_status note_span(gm_csv_rows *r, const char *begin) {
    const char *end = r->at;
    if (!r->origin)
        return GM_OK;
    while (end > begin && end[-1] == ' ')
        end--;
    GM_TRY(gm_grow(&r->spans, r->count, &r->span_capacity, sizeof *r->spans, r->name));
    r->spans[r->count] = (gm_csv_span){(size_t)(begin - r->origin), (size_t)(end - r->origin)};
    return GM_OK;
}

// The next field, and the reader behind the separator or the line's end. *last: it ends its line.
static gm_status read_field(gm_csv_rows *r, bool *last) {
    int byte;
    if (r->count == MOST_COLUMNS)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: has more than %d fields: are rows and columns swapped?", r->name,
                       r->row_line, MOST_COLUMNS);
    GM_TRY(gm_grow(&r->fields, r->count, &r->field_capacity, sizeof *r->fields, r->name));
    r->fields[r->count] = r->text_length;
    GM_TRY(skip_blanks(r, &byte));
    const char *begin = r->at;
    if (byte == '"') {
        r->at++;
        GM_TRY(read_quoted(r));
        GM_TRY(note_span(r, begin));
        GM_TRY(skip_blanks(r, &byte));
        if (!is_line_end(byte) && byte != r->dialect.separator)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: column %zu: text follows the closing quote", r->name, r->line,
                           r->count + 1);
    } else {
        GM_TRY(append_plain(r, r->dialect.separator));
        GM_TRY(note_span(r, begin));
        while (r->text_length > r->fields[r->count] && r->text[r->text_length - 1] == ' ')
            r->text_length--;
        GM_TRY(peek(r, &byte));
    }
    GM_TRY(recode(r));
    GM_TRY(append(r, "", 1));
    r->count++;
    *last = is_line_end(byte);
    if (*last)
        return skip_line_end(r);
    r->at++;
    return GM_OK;
}

// ---- Rows ----

// The end of a blank line, where its field would stand.
static gm_status note_blank(gm_csv_rows *r) {
    if (!r->origin || r->columns != 1)
        return GM_OK;
    GM_TRY(gm_grow(&r->blanks, r->blank_count, &r->blank_capacity, sizeof *r->blanks, r->name));
    size_t at = (size_t)(r->at - r->origin);
    r->blanks[r->blank_count++] = (gm_csv_span){at, at};
    return GM_OK;
}

// Blank lines are passed over, but are rows of tables of one column, unless nothing follows them.
static gm_status skip_blank_lines(gm_csv_rows *r, bool *end) {
    size_t line = r->line, blank = 0;
    int byte;
    for (r->blank_count = 0;; blank++) {
        GM_TRY(skip_blanks(r, &byte));
        if (!is_line_end(byte) || byte == END)
            break;
        GM_TRY(note_blank(r));
        GM_TRY(skip_line_end(r));
    }
    *end = byte == END;
    if (*end || blank == 0 || r->columns != 1)
        return GM_OK;
    r->blank_rows = blank;
    r->row_line = line;
    return GM_OK;
}

static gm_status read_row(gm_csv_rows *r) {
    bool last = false;
    r->row_line = r->line;
    while (!last) {
        if (r->columns > 0 && r->count == r->columns)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: has more than the %zu fields of the first line", r->name,
                           r->row_line, r->columns);
        GM_TRY(read_field(r, &last));
    }
    if (r->count < r->columns)
        return gm_fail(GM_ERROR_FORMAT, "%s:%zu: has %zu fields, the first line %zu", r->name, r->row_line, r->count,
                       r->columns);
    r->columns = r->count;
    return GM_OK;
}

gm_status gm_csv_rows_next(gm_csv_rows *r, bool *end) {
    *end = false;
    r->count = r->text_length = 0;
    if (r->blank_rows > 0)
        r->row_line++;
    else
        GM_TRY(skip_blank_lines(r, end));
    if (*end)
        return GM_OK;
    if (r->blank_rows == 0)
        return read_row(r);
    if (r->origin)
        r->spans[0] = r->blanks[r->blank_count - r->blank_rows];
    r->blank_rows--;
    r->fields[0] = 0;
    return append(r, "", 1);
}

// ---- Above the table ----

// "sep=;", which spreadsheets take for the separator.
static gm_status skip_separator_line(gm_csv_rows *r) {
    static const char start[] = "sep=", separators[] = ",;\t|";
    size_t length = sizeof start; // with the separator
    if ((size_t)(r->end - r->at) < length || strncasecmp(r->at, start, sizeof start - 1) != 0)
        return GM_OK;
    const char separator = r->at[length - 1], *behind = r->at + length;
    if (!separator || !strchr(separators, separator) || (behind < r->end && *behind != '\n' && *behind != '\r'))
        return GM_OK;
    r->dialect.separator = separator;
    r->at = behind;
    return skip_line_end(r);
}

// A '#' that is a field of its own begins a header.
static bool is_comment(const gm_csv_rows *r) {
    return *r->at == '#' && (r->at + 1 == r->end || !memchr("\t;,|", r->at[1], 4));
}

static gm_status skip_comments(gm_csv_rows *r, bool *end) {
    GM_TRY(skip_blank_lines(r, end));
    while (!*end && is_comment(r)) {
        int byte = '#';
        r->comment = r->at + 1;
        r->comment_line = r->line;
        while (!is_line_end(byte)) {
            r->at++;
            GM_TRY(peek(r, &byte));
        }
        GM_TRY(skip_line_end(r));
        GM_TRY(skip_blank_lines(r, end));
    }
    return GM_OK;
}

// ---- The interface ----

static gm_status start(gm_csv_rows *r, const gm_csv_source *source) {
    bool empty;
    if (source->data) {
        r->at = r->origin = source->data;
        r->end = r->at + source->bytes;
        r->finished = true;
    } else {
        uint64_t size;
        GM_TRY(gm_file_open(source->name, &r->file, &size));
        GM_TRY(gm_alloc(&r->buffer, PIECE, 1, source->name));
        r->at = r->end = r->buffer;
        GM_TRY(refill(r));
    }
    size_t bytes = (size_t)(r->end - r->at);
    if (bytes >= 2 && (memcmp(r->at, "\xff\xfe", 2) == 0 || memcmp(r->at, "\xfe\xff", 2) == 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: is text in UTF-16: save it as UTF-8 (of a spreadsheet: \"CSV UTF-8\")",
                       r->name);
    if (bytes >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0) // the mark that spreadsheets put in front
        r->at += 3;
    GM_TRY(skip_separator_line(r));
    GM_TRY(skip_comments(r, &empty));
    return empty ? gm_fail(GM_ERROR_FORMAT, "%s: is empty", r->name) : GM_OK;
}

gm_status gm_csv_rows_start(gm_csv_rows *rows, const gm_csv_source *source) {
    *rows = (gm_csv_rows){.name = source->name, .quiet = source->quiet, .line = 1, .file = -1};
    gm_status status = start(rows, source);
    if (status != GM_OK)
        gm_csv_rows_finish(rows);
    return status;
}

void gm_csv_rows_finish(gm_csv_rows *rows) {
    if (rows->file >= 0)
        close(rows->file);
    free(rows->buffer);
    free(rows->text);
    free(rows->fields);
    free(rows->spans);
    free(rows->blanks);
    *rows = (gm_csv_rows){.file = -1};
}
