// Cells of tables: text to values, and back.
#ifndef GM_SAMPLE_CELL_H
#define GM_SAMPLE_CELL_H

#include "base/base.h"
#include "ganymede/table.h"

// Empty, "?", NA, N/A, NaN or null, in any case of letters.
bool gm_cell_is_missing(const char *text);

// How a number is written.
typedef struct gm_number_form {
    size_t decimals; // digits that its value has behind the point: 5 of 1e-5
    size_t digits;   // of a whole number, in front of it
    bool whole;      // no digits behind the point are written or meant
    bool padded;     // a whole number has a zero in front
    bool exponent;
} gm_number_form;
// [+-] digits [. digits] [e [+-] digits], finite as float32, with `decimal` for the point; so no hexadecimals, no inf.
// Leaves the text as it was. form may be NULL.
bool gm_cell_number(char *text, char decimal, double *value, gm_number_form *form);
// Whether it would be a number, were it not too large for float32.
bool gm_cell_is_too_large(char *text, char decimal);
// "1,234.5", where the decimal sign is a point.
bool gm_cell_has_thousands(const char *text, char decimal);

// Patterns of Y, M, D, h, m, s; all else stands for itself. Whether it has year, month and day.
bool gm_date_pattern_is_valid(const char *pattern);
// Seconds since the start of 1970; false for anything but a date of that form.
bool gm_cell_date(const char *text, const char *pattern, double *seconds);
// The pattern, of those that are found without being given, whose form a date has; NULL: it is none.
const char *gm_cell_date_pattern(const char *text);

// A value as the column has it, in quotes where it must (never without a separator); NaN: nothing. `alone`: it is all
// of its line.
void gm_cell_write(gm_text *text, const gm_column *column, const gm_table_dialect *dialect, double value, bool alone);
// A text, in quotes where it must.
void gm_cell_write_word(gm_text *text, const gm_table_dialect *dialect, const char *word, bool alone);

#endif
