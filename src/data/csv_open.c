// What the first rows of CSV tell: which sign divides the fields, and whether the first row is a header.
#include "data/csv_rows.h"
#include "sample/cell.h"

#include <stdlib.h>
#include <string.h>

// How many fields each line has outside of quotes; 0 where lines differ, as they do by what is no separator. Of a text
// that goes on, the last line is left out.
static size_t count_fields(const char *at, const char *end, bool whole, char separator) {
    size_t fields = 1, all = 0;
    bool quoted = false, empty = true;
    for (; at <= end; at++) {
        bool line_end = at == end || (!quoted && (*at == '\n' || *at == '\r'));
        if (line_end && !empty && (at < end || whole)) {
            if (all > 0 && fields != all)
                return 0;
            all = fields;
        }
        if (at == end)
            break;
        if (line_end) {
            fields = 1;
            empty = true;
            continue;
        }
        quoted = quoted != (*at == '"');
        fields += !quoted && *at == separator;
        empty = empty && *at == ' ';
    }
    return all;
}

// The first that divides all lines alike; else the first that the first line has.
static char find_separator(const gm_csv_rows *r) {
    static const char candidates[] = {'\t', ';', ',', '|'};
    const char *line = r->at;
    for (size_t i = 0; i < GM_COUNT(candidates); i++)
        if (count_fields(r->at, r->end, r->finished, candidates[i]) > 1)
            return candidates[i];
    while (line < r->end && *line != '\n' && *line != '\r')
        line++;
    for (size_t i = 0; i < GM_COUNT(candidates); i++)
        if (count_fields(r->at, line, true, candidates[i]) > 1)
            return candidates[i];
    return ',';
}

// Whether a cell is a value, so that its line is no header.
static bool is_value(const gm_csv_rows *r, size_t column) {
    double value;
    char *text = gm_csv_field(r, column);
    return gm_cell_number(text, '.', &value, NULL) || gm_cell_number(text, ',', &value, NULL) ||
           gm_cell_date_pattern(text) != NULL;
}

// Whether the row of words at the beginning names the columns of those below: not if one of its words stands below
// itself and there are words alone.
static bool names_columns(gm_csv_rows *sample, const char *const *names) {
    bool end = false, repeated = false;
    while (gm_csv_rows_next(sample, &end) == GM_OK && !end)
        for (size_t i = 0; i < sample->columns; i++) {
            if (is_value(sample, i))
                return true;
            const char *text = gm_csv_field(sample, i);
            repeated = repeated || (*text && strcmp(text, names[i]) == 0);
        }
    return !repeated;
}

// A reader of its own, over the lines that are in memory.
static gm_csv_rows open_sample(const gm_csv_rows *r) {
    const char *end = r->end;
    while (!r->finished && end > r->at && end[-1] != '\n' && end[-1] != '\r')
        end--;
    return (gm_csv_rows){.name = r->name,
                         .dialect = r->dialect,
                         .line = r->line,
                         .quiet = true,
                         .file = -1,
                         .at = r->at,
                         .end = end,
                         .finished = true};
}

// Where commas divide fields: of numbers in quotes they are decimal signs ("1,5"), unless there are numbers with
// points, or all of them may have commas between thousands ("1,234").
static char find_decimal(const gm_csv_rows *r) {
    gm_csv_rows sample = open_sample(r);
    bool comma = false, point = false, end = !memchr(r->at, '"', (size_t)(r->end - r->at));
    double value;
    while (!end && gm_csv_rows_next(&sample, &end) == GM_OK && !end)
        for (size_t i = 0; i < sample.columns && !point; i++) {
            char *text = gm_csv_field(&sample, i);
            point = strchr(text, '.') && gm_cell_number(text, '.', &value, NULL);
            comma = comma ||
                    (strchr(text, ',') && gm_cell_number(text, ',', &value, NULL) && !gm_cell_has_thousands(text, '.'));
        }
    gm_csv_rows_finish(&sample);
    return comma && !point ? ',' : '.';
}

// A header has a word and no value.
static gm_status find_header(const gm_csv_rows *r, bool *header) {
    gm_csv_rows sample = open_sample(r);
    const char **names = NULL;
    gm_arena arena = {0};
    bool over, words = false, values = false;
    gm_status status = gm_csv_rows_next(&sample, &over);
    if (!r->finished && status == GM_ERROR_FORMAT) { // the first row goes on
        *header = false;
        status = GM_OK;
        goto done;
    }
    if (status != GM_OK || over)
        goto done;
    GM_TRY_DONE(gm_alloc(&names, sample.columns, sizeof *names, r->name));
    for (size_t i = 0; i < sample.columns; i++) {
        names[i] = gm_arena_string(&arena, gm_csv_field(&sample, i));
        if (!names[i])
            GM_TRY_DONE(gm_fail_memory(64, r->name));
        values = values || is_value(&sample, i);
        words = words || !gm_cell_is_missing(names[i]);
    }
    *header = words && !values && names_columns(&sample, names);
done:
    gm_csv_rows_finish(&sample);
    gm_arena_finish(&arena);
    free(names);
    return status;
}

static size_t count_first_fields(const gm_csv_rows *r, const char *line) {
    const char *end = line;
    while (end < r->end && *end != '\n' && *end != '\r')
        end++;
    return count_fields(line, end, true, r->dialect.separator);
}

// The last comment above a table without a header names its columns, if it has as many of them: "# x,y".
static void take_comment(gm_csv_rows *r) {
    if (!r->comment || count_first_fields(r, r->at) < 2 ||
        count_first_fields(r, r->comment) != count_first_fields(r, r->at))
        return;
    r->at = r->comment;
    r->line = r->comment_line;
    r->dialect.header = true;
}

static gm_status find_dialect(gm_csv_rows *r, const gm_table_dialect *given) {
    const char said = r->dialect.separator;
    bool header = true;
    if (given)
        r->dialect = *given;
    if (!r->dialect.separator)
        r->dialect.separator = said ? said : find_separator(r);
    if (r->dialect.separator == ',' && !r->dialect.decimal)
        r->dialect.decimal = find_decimal(r);
    if (!r->dialect.header_known || r->comment)
        GM_TRY(find_header(r, &header));
    if (!r->dialect.header_known)
        r->dialect.header = header;
    if (!header && (!r->dialect.header_known || r->dialect.header))
        take_comment(r);
    r->dialect.header_known = true;
    return GM_OK;
}

gm_status gm_csv_rows_open(gm_csv_rows *rows, const gm_csv_source *source, const gm_table_dialect *given) {
    GM_TRY(gm_csv_rows_start(rows, source));
    gm_status status = find_dialect(rows, given);
    if (status != GM_OK)
        gm_csv_rows_finish(rows);
    return status;
}
