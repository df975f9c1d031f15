// A column's cells, one after the other, and the type that they have in common.
//
// What is kept does not grow with the rows, but for identifiers: 8 bytes a row of the few columns that may be one.
#include "data/table_column.h"

#include "sample/schema.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_WORDS = 256,  // of a column that is left to itself
    MOST_GIVEN = 4096, // of one that is said to be of categories
    LONGEST_WORD = 1024,
    LEAST_ROWS = 3,   // of a table that has an index
    SMALL_TABLE = 20, // rows below which words may all differ
};

static const double MOST_WHOLE = 1 / DBL_EPSILON; // beyond twice that doubles leave whole numbers out

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length > tail && strcasecmp(text + length - tail, ending) == 0;
}

// Whether a name says that the column is an identifier.
static bool is_index_name(const char *name) {
    static const char *const names[] = {"",       "id",  "index", "idx", "row", "rowid",
                                        "row_id", "key", "uuid",  "no",  "nr",  "#"};
    for (size_t i = 0; i < GM_COUNT(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    size_t length = strlen(name); // PassengerId
    return strncasecmp(name, "unnamed:", 8) == 0 || ends_with(name, "_id") || ends_with(name, " id") ||
           (length > 2 && strcmp(name + length - 2, "Id") == 0 && islower((unsigned char)name[length - 3]));
}

gm_column_label gm_column_label_of(const gm_csv_rows *rows, const char *name) {
    gm_column_label label;
    gm_snprintf(label.text, sizeof label.text, rows->dialect.header ? "column '%.60s'" : "column %.60s", name);
    return label;
}

void gm_column_finder_init(gm_column_finder *f, const char *name, const gm_column *given, bool first) {
    *f = (gm_column_finder){.name = name,
                            .given = given,
                            .first = first,
                            .minimum = INFINITY,
                            .maximum = -INFINITY,
                            .counting = true,
                            .least_decimals = SIZE_MAX,
                            .least_digits = SIZE_MAX};
}

void gm_column_finder_finish(gm_column_finder *f) {
    gm_words_finish(&f->known);
    free(f->hashes);
    *f = (gm_column_finder){0};
}

// ---- Cells ----

static void see(gm_cells_seen *seen, const gm_csv_rows *rows, const char *text) {
    if (seen->count++ > 0)
        return;
    seen->line = rows->row_line;
    gm_snprintf(seen->text, sizeof seen->text, "%.40s", text);
}

// FILE:LINE: column: "cell" WHAT
static gm_status refuse(const gm_column_finder *f, const gm_csv_rows *rows, const gm_cells_seen *seen,
                        const char *what) {
    int shown = (int)strcspn(seen->text, "\r\n"); // a message is one line
    return gm_fail(GM_ERROR_FORMAT, "%s:%zu: %s: \"%.*s\" %s", rows->name, seen->line,
                   gm_column_label_of(rows, f->name).text, shown, seen->text, what);
}

static gm_status refuse_cell(const gm_column_finder *f, const gm_csv_rows *rows, const char *text, const char *what) {
    gm_cells_seen seen = {0};
    see(&seen, rows, text);
    return refuse(f, rows, &seen, what);
}

static void add_value(gm_column_finder *f, double value) {
    gm_running_mean_add(&f->mean, value);
    f->minimum = fmin(f->minimum, value);
    f->maximum = fmax(f->maximum, value);
    if (f->given && f->given->bounded && (value < f->given->minimum || value > f->given->maximum))
        f->outside++;
}

static void add_number(gm_column_finder *f, double value, const gm_number_form *form) {
    add_value(f, value);
    f->most.decimals = GM_MAX(f->most.decimals, form->decimals);
    f->most.digits = GM_MAX(f->most.digits, form->digits);
    f->most.exponent = f->most.exponent || form->exponent;
    f->most.padded = f->most.padded || form->padded;
    f->least_decimals = GM_MIN(f->least_decimals, form->decimals);
    f->least_digits = GM_MIN(f->least_digits, form->digits);
    f->fractions = f->fractions || !form->whole;
}

static gm_status add_word(gm_column_finder *f, const gm_csv_rows *rows, gm_arena *arena, const char *text) {
    bool given = f->given && f->given->type == GM_COLUMN_CATEGORY;
    if (f->given && f->given->categories && gm_column_find_category(f->given, text) == f->given->category_count)
        return refuse_cell(f, rows, text, "is none of its categories: correct it, or add it to them in data.columns");
    if (f->text)
        return GM_OK;
    if (strlen(text) <= LONGEST_WORD)
        GM_TRY(gm_words_add(&f->known, arena, text, given ? MOST_GIVEN : MOST_WORDS, &f->text));
    else
        f->text = true;
    return f->text && given
               ? gm_fail(GM_ERROR_FORMAT, "%s:%zu: %s: has more than %d categories, or one of more than %d bytes",
                         rows->name, rows->row_line, gm_column_label_of(rows, f->name).text, MOST_GIVEN, LONGEST_WORD)
               : GM_OK;
}

static gm_status add_hash(gm_column_finder *f, const char *text) {
    GM_TRY(gm_grow(&f->hashes, f->hash_count, &f->hash_capacity, sizeof *f->hashes, "the identifiers of a table"));
    f->hashes[f->hash_count++] = gm_hash_string(GM_HASH_START, text);
    return GM_OK;
}

// Where the type is not given: the first that takes the cell.
static gm_status add_any(gm_column_finder *f, gm_csv_rows *rows, gm_arena *arena, char *text) {
    gm_number_form form;
    double value;
    const char *pattern;
    if (gm_read_number(rows, text, &value, &form)) {
        see(&f->numbers, rows, text);
        add_number(f, value, &form);
    } else if ((pattern = gm_cell_date_pattern(text)) != NULL && (!f->date || strcmp(f->date, pattern) == 0)) {
        f->date = pattern;
        see(&f->dates, rows, text);
        gm_cell_date(text, pattern, &value);
        add_value(f, value);
    } else {
        see(&f->words, rows, text);
        if (*text == '=')
            see(&f->formulas, rows, text);
        if (gm_cell_is_too_large(text, rows->dialect.decimal == ',' ? ',' : '.'))
            see(&f->large, rows, text);
        GM_TRY(add_word(f, rows, arena, text));
    }
    return GM_OK;
}

static gm_status add_given(gm_column_finder *f, gm_csv_rows *rows, gm_arena *arena, char *text) {
    gm_number_form form;
    double value;
    switch (f->given->type) {
    case GM_COLUMN_CATEGORY:
        return add_word(f, rows, arena, text);
    case GM_COLUMN_NUMBER:
    case GM_COLUMN_INTEGER:
        if (!gm_read_number(rows, text, &value, &form))
            return refuse_cell(f, rows, text, gm_number_fault(rows, text));
        if (f->given->type == GM_COLUMN_INTEGER && !form.whole)
            return refuse_cell(f, rows, text, "is no whole number");
        add_number(f, value, &form);
        return GM_OK;
    case GM_COLUMN_DATE:
        if (!f->date)
            f->date = f->given->date ? f->given->date : gm_cell_date_pattern(text);
        if (!f->date)
            return refuse_cell(f, rows, text,
                               "is no date of a known form: say which with format: YYYY-MM-DD, for example");
        if (!gm_cell_date(text, f->date, &value))
            return refuse_cell(f, rows, text, "is no date of the form that the column has");
        add_value(f, value);
        return GM_OK;
    default:
        return GM_OK;
    }
}

gm_status gm_column_finder_add(gm_column_finder *f, gm_csv_rows *rows, gm_arena *arena, char *text, size_t row,
                               bool single) {
    gm_column_type type = f->given ? f->given->type : GM_COLUMN_AUTO;
    double value = NAN;
    if (type == GM_COLUMN_SKIP)
        return GM_OK;
    if ((type == GM_COLUMN_AUTO || type == GM_COLUMN_INDEX) && f->counting) {
        f->counting = gm_cell_number(text, '.', &value, NULL);
        if (row == 0 && single)
            f->start = value;
        if (type == GM_COLUMN_INDEX && !f->given->bounded && isnan(f->start))
            return refuse_cell(
                f, rows, text,
                "is no number to count rows from: say skip in data.columns, which leaves the column out");
        f->counting = f->counting && value >= f->start + (double)row && value <= f->start + (double)row;
    }
    if (type == GM_COLUMN_INDEX)
        return GM_OK;
    bool category =
        f->given && f->given->categories && gm_column_find_category(f->given, text) < f->given->category_count;
    if (gm_cell_is_missing(text) && !category) {
        f->missing++;
        return GM_OK;
    }
    if (type == GM_COLUMN_AUTO && single && rows->dialect.header && is_index_name(f->name))
        GM_TRY(add_hash(f, text));
    return type == GM_COLUMN_AUTO ? add_any(f, rows, arena, text) : add_given(f, rows, arena, text);
}

// ---- The column ----

static int compare_hashes(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

// No two cells are equal. Floating numbers are no identifiers.
static bool is_identifier(gm_column_finder *f, size_t rows) {
    if (f->hash_count < LEAST_ROWS || f->hash_count > rows || f->missing > 0 || f->dates.count > 0 || f->fractions)
        return false;
    qsort(f->hashes, f->hash_count, sizeof *f->hashes, compare_hashes);
    for (size_t i = 1; i < f->hash_count; i++)
        if (f->hashes[i] == f->hashes[i - 1])
            return false;
    return true;
}

static gm_status refuse_text(const gm_column_finder *f, const gm_csv_rows *rows, size_t count) {
    char different[60];
    if (f->known.count == MOST_WORDS)
        gm_snprintf(different, sizeof different, "more than %d different words", MOST_WORDS);
    else
        gm_snprintf(different, sizeof different, "%zu different words in %zu rows", f->known.count, count);
    return gm_fail(
        GM_ERROR_FORMAT,
        "%s: %s holds text (%s): leave it out by data.columns: {\"%.60s\": skip}, or say category in place of "
        "skip",
        rows->name, gm_column_label_of(rows, f->name).text, different, f->name);
}

static gm_status end_text(const gm_column_finder *f, const gm_csv_rows *rows, size_t count, gm_column *column) {
    if (!f->lenient)
        return refuse_text(f, rows, count);
    gm_warn("%s: %s holds text: it is left as it is", rows->name, gm_column_label_of(rows, f->name).text);
    column->type = GM_COLUMN_SKIP;
    return GM_OK;
}

// The words, in their order, with their counts.
static gm_status take_words(gm_column_finder *f, gm_arena *arena, gm_column *column) {
    bool ordered = f->given && f->given->categories;
    size_t count = ordered ? f->given->category_count : f->known.count;
    const char **words = gm_arena_alloc(arena, (count + 1) * sizeof *words);
    size_t *counts = gm_arena_alloc(arena, (count + 1) * sizeof *counts);
    if (!words || !counts)
        return gm_fail_memory(count * sizeof *words, "categories");
    gm_words_sort(&f->known);
    for (size_t i = 0; i < count; i++)
        words[i] = ordered ? f->given->categories[i] : f->known.slots[i].text;
    column->type = GM_COLUMN_CATEGORY;
    column->categories = words;
    column->category_count = count;
    column->counts = counts;
    for (size_t i = 0; i < f->known.count; i++)
        counts[ordered ? gm_column_find_category(column, f->known.slots[i].text) : i] = f->known.slots[i].count;
    return GM_OK;
}

// A mean that the schema's text can say.
static double round_date(const char *pattern, double seconds) {
    gm_text text = {0};
    gm_cell_write(&text, &(gm_column){.type = GM_COLUMN_DATE, .date = pattern}, &(gm_table_dialect){0}, seconds, false);
    if (text.data)
        gm_cell_date(text.data, pattern, &seconds);
    gm_text_finish(&text);
    return seconds;
}

static void take_numbers(const gm_column_finder *f, gm_column *column, gm_column_type type) {
    const gm_column *given = f->given;
    column->type = type;
    column->bounded = f->mean.count > 0 || (given && given->bounded);
    if (!column->bounded)
        return;
    column->minimum = given && given->bounded ? given->minimum : f->minimum;
    column->maximum = given && given->bounded ? given->maximum : f->maximum;
    column->mean = fmax(column->minimum, fmin(column->maximum, f->mean.value));
    column->deviation = f->mean.count > 1 ? sqrt(f->mean.squares / (double)(f->mean.count - 1)) : 0;
    if (type == GM_COLUMN_DATE) {
        column->date = f->date ? f->date : given->date;
        column->mean = round_date(column->date, column->mean);
        return;
    }
    bool any = f->most.decimals > 15 || (f->most.exponent && f->fractions);
    column->decimals = type == GM_COLUMN_INTEGER ? 0 : any ? GM_COLUMN_ANY_DECIMALS : f->most.decimals;
    column->fixed = type == GM_COLUMN_NUMBER && !any && f->most.decimals > 0 && f->least_decimals == f->most.decimals;
    column->digits =
        f->most.padded && f->least_digits == f->most.digits && type == GM_COLUMN_INTEGER ? f->most.digits : 0;
    if (given && given->decimals > 0 && type == GM_COLUMN_NUMBER) {
        column->decimals = given->decimals;
        column->fixed = given->fixed;
    }
}

// Two kinds of cell in one column: the rarer one is named.
static gm_status refuse_mixture(const gm_column_finder *f, const gm_csv_rows *rows) {
    char what[200], decimal = rows->dialect.decimal ? rows->dialect.decimal : '.';
    const gm_cells_seen *odd = f->words.count > 0 ? &f->words : &f->dates;
    if (gm_cell_has_thousands(odd->text, decimal))
        return refuse(f, rows, odd, "is no finite number: leave out the separator of thousands");
    if (f->numbers.count > 0 && f->numbers.count < f->words.count + f->dates.count)
        return refuse(f, rows, &f->numbers, "is a number among words: correct it, or say category in data.columns");
    if (f->numbers.count > 0)
        gm_snprintf(what, sizeof what, "%s, or leave it empty", gm_number_fault(rows, odd->text));
    else
        gm_snprintf(what, sizeof what,
                    "is no date of the form %s, as others are: correct it, leave it empty, or say category in "
                    "data.columns",
                    f->date);
    return refuse(f, rows, odd, what);
}

static gm_status end_auto(gm_column_finder *f, const gm_csv_rows *rows, gm_arena *arena, size_t count, bool matrix,
                          gm_column *column) {
    bool named = is_index_name(f->name), header = rows->dialect.header;
    char decimal = rows->dialect.decimal ? rows->dialect.decimal : '.';
    if (header && f->counting && count >= LEAST_ROWS && (named || (f->first && !matrix)) &&
        (f->start == 0 || f->start == 1)) {
        if (!rows->quiet)
            gm_warn("%s: %s counts the rows: set aside", rows->name, gm_column_label_of(rows, f->name).text);
        column->type = GM_COLUMN_INDEX;
        column->bounded = true;
        column->minimum = f->start;
        return GM_OK;
    }
    if (header && named && is_identifier(f, count)) {
        if (!rows->quiet)
            gm_warn("%s: %s has no value twice, as an identifier: left out", rows->name,
                    gm_column_label_of(rows, f->name).text);
        column->type = GM_COLUMN_SKIP;
        return GM_OK;
    }
    if (f->formulas.count > 0)
        return refuse(f, rows, &f->formulas, "is a formula: save the table with values in place of formulas");
    if (f->large.count > 0 && f->large.count == f->words.count)
        return refuse(f, rows, &f->large, gm_number_fault(rows, f->large.text));
    if ((f->numbers.count > 0) + (f->dates.count > 0) + (f->words.count > 0) > 1)
        return refuse_mixture(f, rows);
    if (f->numbers.count > 0)
        take_numbers(f, column, f->fractions ? GM_COLUMN_NUMBER : GM_COLUMN_INTEGER);
    else if (f->dates.count > 0)
        take_numbers(f, column, GM_COLUMN_DATE);
    else if (f->words.count > 0 && gm_cell_has_thousands(f->words.text, decimal))
        return refuse_mixture(f, rows);
    else if (f->text || (count >= SMALL_TABLE && 2 * f->known.count >= count))
        return end_text(f, rows, count, column);
    else
        return take_words(f, arena, column);
    return GM_OK;
}

gm_status gm_column_finder_end(gm_column_finder *f, const gm_csv_rows *rows, gm_arena *arena, size_t count, bool matrix,
                               gm_column *column) {
    const gm_column *given = f->given;
    *column = (gm_column){.name = f->name};
    if (f->outside > 0 && !rows->quiet)
        gm_warn("%s: %s: %zu of its values lie outside of its minimum and maximum: they count as these", rows->name,
                gm_column_label_of(rows, f->name).text, f->outside);
    if (given && given->counted && given->type != GM_COLUMN_AUTO) {
        *column = *given;
        return GM_OK;
    }
    if (!given || given->type == GM_COLUMN_AUTO) {
        GM_TRY(end_auto(f, rows, arena, count, matrix, column));
    } else if (given->type == GM_COLUMN_CATEGORY) {
        GM_TRY(take_words(f, arena, column));
    } else if (gm_column_is_aside(given)) {
        column->type = given->type;
        column->bounded = given->type == GM_COLUMN_INDEX;
        column->minimum = given->bounded ? given->minimum : f->start;
        return GM_OK;
    } else {
        take_numbers(f, column, given->type);
    }
    if (column->type == GM_COLUMN_INTEGER && fmax(fabs(column->minimum), fabs(column->maximum)) > MOST_WHOLE)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: %s holds whole numbers of more than 15 digits, of which the last would be lost: leave it "
                       "out by data.columns: {\"%.60s\": skip}, or say category in place of skip",
                       rows->name, gm_column_label_of(rows, f->name).text, f->name);
    column->counted = !gm_column_is_aside(column);
    column->missing = column->counted ? f->missing : 0;
    return GM_OK;
}
