// Cells of tables: numbers, dates and words as they are written.
#include "sample/cell.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

bool gm_cell_is_missing(const char *text) {
    static const char *const words[] = {"", "?", "na", "n/a", "nan", "null"};
    for (size_t i = 0; i < GM_COUNT(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

// ---- Numbers ----

static const char *skip_digits(const char *text, size_t *count) {
    for (*count = 0; isdigit((unsigned char)*text); text++)
        ++*count;
    return text;
}

// The value of what the grammar has let through, with a point where it has the decimal sign.
static bool parse(char *text, char *sign, double *value) {
    char *stop, kept = *sign;
    *sign = kept == ',' ? '.' : kept;
    *value = gm_parse_double(text, &stop);
    bool whole = *stop == '\0';
    *sign = kept;
    return whole;
}

static size_t clip_exponent(const char *at, size_t digits) {
    size_t value = 0;
    for (size_t i = 0; i < digits && value < 10000; i++)
        value = 10 * value + (size_t)(at[i] - '0');
    return value;
}

// Of any size.
static bool scan_number(char *text, char decimal, double *value, gm_number_form *form) {
    size_t whole, fraction = 0, exponent = 1, power = 0;
    const char *begin = text + (*text == '+' || *text == '-'), *at = skip_digits(begin, &whole), *sign = at;
    bool point = *at == decimal, raised, negative = false;
    if (point)
        at = skip_digits(at + 1, &fraction);
    if (whole + fraction == 0)
        return false;
    raised = *at == 'e' || *at == 'E';
    if (raised) {
        negative = at[1] == '-';
        at += 1 + (at[1] == '+' || at[1] == '-');
        power = clip_exponent(at, strspn(at, "0123456789"));
        at = skip_digits(at, &exponent);
    }
    if (exponent == 0 || *at != '\0' || !parse(text, text + (sign - text), value))
        return false;
    if (!form)
        return true;
    *form = (gm_number_form){.digits = whole,
                             .padded = whole > 1 && *begin == '0' && !point && !raised,
                             .exponent = raised,
                             .decimals = negative ? fraction + power : fraction - GM_MIN(fraction, power)};
    form->whole = form->decimals == 0;
    return true;
}

bool gm_cell_number(char *text, char decimal, double *value, gm_number_form *form) {
    double found;
    if (!scan_number(text, decimal, &found, form) || !isfinite((float)found))
        return false;
    *value = found;
    return true;
}

bool gm_cell_is_too_large(char *text, char decimal) {
    double value;
    return scan_number(text, decimal, &value, NULL) && !isfinite((float)value);
}

bool gm_cell_has_thousands(const char *text, char decimal) {
    char separator = decimal == ',' ? '.' : ',';
    size_t digits, groups = 0;
    const char *at = skip_digits(text + (*text == '+' || *text == '-'), &digits);
    if (digits == 0 || digits > 3)
        return false;
    for (; *at == separator; groups++) {
        at = skip_digits(at + 1, &digits);
        if (digits != 3)
            return false;
    }
    if (*at == decimal)
        at = skip_digits(at + 1, &digits);
    return groups > 0 && *at == '\0';
}

// ---- Dates ----

typedef enum part { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS } part;

static const struct {
    char letter;
    size_t digits;
    int least, most;
} parts[PARTS] = {{'Y', 4, 0, 9999}, {'M', 2, 1, 12}, {'D', 2, 1, 31},
                  {'h', 2, 0, 23},   {'m', 2, 0, 59}, {'s', 2, 0, 59}};

static part part_of(char letter) {
    size_t i = 0;
    while (i < PARTS && parts[i].letter != letter)
        i++;
    return (part)i;
}

bool gm_date_pattern_is_valid(const char *pattern) {
    bool seen[PARTS + 1] = {false};
    for (const char *at = pattern; *at;) {
        part p = part_of(*at);
        size_t run = strspn(at, (const char[]){*at, '\0'});
        if (p == PARTS ? isdigit((unsigned char)*at) || (unsigned char)*at < ' ' : run != parts[p].digits || seen[p])
            return false;
        seen[p] = true;
        at += run;
    }
    return seen[YEAR] && seen[MONTH] && seen[DAY] && strlen(pattern) < 40;
}

// Days since 1970-01-01 in the Gregorian calendar, by years that begin in March (H. Hinnant, "chrono-compatible
// low-level date algorithms").
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t values[PARTS]) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    values[DAY] = of_year - (153 * month + 2) / 5 + 1;
    values[MONTH] = month < 10 ? month + 3 : month - 9;
    values[YEAR] = year + era * 400 + (values[MONTH] <= 2);
}

bool gm_cell_date(const char *text, const char *pattern, double *seconds) {
    int64_t values[PARTS] = {0}, back[PARTS];
    while (*pattern) {
        part p = part_of(*pattern);
        if (p == PARTS) {
            if (*text++ != *pattern++)
                return false;
            continue;
        }
        for (size_t i = 0; i < parts[p].digits; i++, text++) {
            if (!isdigit((unsigned char)*text))
                return false;
            values[p] = 10 * values[p] + (*text - '0');
        }
        if (values[p] < parts[p].least || values[p] > parts[p].most)
            return false;
        pattern += parts[p].digits;
    }
    int64_t days = days_of(values[YEAR], values[MONTH], values[DAY]);
    date_of(days, back);
    *seconds = (double)(((days * 24 + values[HOUR]) * 60 + values[MINUTE]) * 60 + values[SECOND]);
    return *text == '\0' && back[DAY] == values[DAY]; // else the month has no such day
}

const char *gm_cell_date_pattern(const char *text) {
    static const char *const found[] = {"YYYY-MM-DD",           "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DDThh:mm:ss",
                                        "YYYY-MM-DDThh:mm:ssZ", "YYYY-MM-DD hh:mm",    "YYYY-MM-DDThh:mm",
                                        "YYYY/MM/DD",           "YYYY/MM/DD hh:mm",    "YYYY/MM/DD hh:mm:ss",
                                        "DD.MM.YYYY",           "DD.MM.YYYY hh:mm",    "DD.MM.YYYY hh:mm:ss"};
    double seconds;
    for (size_t i = 0; i < GM_COUNT(found) && isdigit((unsigned char)*text); i++)
        if (gm_cell_date(text, found[i], &seconds))
            return found[i];
    return NULL;
}

static void write_date(gm_text *text, const char *pattern, double seconds) {
    int64_t values[PARTS], whole = (int64_t)floor(seconds + .5), days = whole / 86400 - (whole % 86400 < 0);
    date_of(days, values);
    whole -= days * 86400;
    values[HOUR] = whole / 3600;
    values[MINUTE] = whole / 60 % 60;
    values[SECOND] = whole % 60;
    while (*pattern) {
        part p = part_of(*pattern);
        if (p == PARTS)
            gm_text_printf(text, "%c", *pattern++);
        else
            gm_text_printf(text, "%0*d", (int)parts[p].digits, (int)values[p]);
        pattern += p == PARTS ? 0 : parts[p].digits;
    }
}

// ---- Writing ----

static void write_number(gm_text *text, const gm_column *column, const gm_table_dialect *dialect, double value) {
    char digits[400];
    if (column->decimals >= GM_COLUMN_ANY_DECIMALS)
        gm_snprintf(digits, sizeof digits, "%.9g", value);
    else if (column->digits > 0)
        gm_snprintf(digits, sizeof digits, "%0*.0f", (int)column->digits + (value < 0), value);
    else
        gm_snprintf(digits, sizeof digits, "%.*f", (int)column->decimals, value);
    char *point = strchr(digits, '.'), *end = digits + strlen(digits);
    while (point && !column->fixed && !strchr(digits, 'e') && (end[-1] == '0' || end[-1] == '.')) {
        *--end = '\0';
        if (end == point)
            break;
    }
    if (strchr(digits, '.') && dialect->decimal == ',')
        *point = ',';
    bool zero = digits[0] == '-' && digits[strspn(digits, "-0.,")] == '\0'; // of what has been rounded to nothing
    gm_text_append(text, digits + zero);
}

void gm_cell_write_word(gm_text *text, const gm_table_dialect *dialect, const char *word, bool alone) {
    size_t length = strlen(word);
    const char special[] = {dialect->separator, '"', '\n', '\r', '\0'};
    bool blank = length > 0 && (word[0] == ' ' || word[length - 1] == ' ');
    if (word[strcspn(word, special)] == '\0' && !blank && !(alone && length == 0)) {
        gm_text_append(text, word);
        return;
    }
    gm_text_append(text, "\"");
    for (const char *quote; (quote = strchr(word, '"')); word = quote + 1)
        gm_text_printf(text, "%.*s\"\"", (int)(quote - word), word);
    gm_text_append(text, word);
    gm_text_append(text, "\"");
}

void gm_cell_write(gm_text *text, const gm_column *column, const gm_table_dialect *dialect, double value, bool alone) {
    gm_text cell = {0};
    gm_text_append(&cell, "");
    if (!isnan(value) && column->type == GM_COLUMN_CATEGORY)
        gm_text_append(&cell, column->categories[(size_t)value]);
    else if (!isnan(value) && column->type == GM_COLUMN_DATE)
        write_date(&cell, column->date, value);
    else if (!isnan(value))
        write_number(&cell, column, dialect, value);
    text->failed = text->failed || cell.failed;
    if (!cell.failed)
        gm_cell_write_word(text, dialect, cell.data, alone);
    gm_text_finish(&cell);
}
