// Tables with columns of several types: their schema, and how their rows become what networks see.
//
//     gm_table_schema *schema;
//     GM_TRY(gm_table_find(&schema, "adult.csv", NULL));
//     GM_TRY(gm_table_schema_write(schema, &text));
#ifndef GANYMEDE_TABLE_H
#define GANYMEDE_TABLE_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gm_column_type {
    GM_COLUMN_AUTO = 0, // of a schema that is given: to be found
    GM_COLUMN_NUMBER,
    GM_COLUMN_INTEGER,
    GM_COLUMN_CATEGORY,
    GM_COLUMN_DATE,
    GM_COLUMN_INDEX, // counts the rows: set aside, and written anew
    GM_COLUMN_SKIP,  // set aside: no network sees it, and rows are written without it
} gm_column_type;

enum {
    GM_COLUMN_BINS = 20,         // equal parts of a column's range, in which its values are counted
    GM_COLUMN_NAME_BYTES = 255,  // of a name, at most
    GM_COLUMN_ANY_DECIMALS = 99, // as many as it takes for 9 digits
};

// What networks see of numbers.
typedef enum gm_table_numbers {
    GM_NUMBERS_PLACES = 0, // their place between minimum and maximum
    GM_NUMBERS_MODES, // which mode of a mixture of Gaussians they are of, and their place in it (CTGAN, Xu et al. 2019)
    GM_NUMBERS_QUANTILES, // their place among the table's values, on the scale of a normal deviate
} gm_table_numbers;

enum { GM_COLUMN_MODES = 10, GM_COLUMN_QUANTILES = 129 }; // at most

// What is known of a column. Of a schema that is given, whatever is zero is to be found in the table.
typedef struct gm_column {
    const char *name; // unique in its table; "1", "2", ... in tables without a header
    gm_column_type type;
    // Numbers: at most so many digits behind the point; with `fixed` always so many. Whole numbers: digits in front of
    // it, zeros included ("007": 3), or 0.
    size_t decimals, digits;
    bool fixed;
    const char *date; // the pattern of dates: "YYYY-MM-DD hh:mm:ss"
    const char *const *categories;
    size_t category_count;
    bool bounded; // minimum and maximum are known. Dates: seconds since 1970; index: minimum is the first row's
    double minimum, maximum, mean, deviation;
    // How many rows have each category, or lie in each part of the range; NULL: not known.
    const size_t *counts;
    // Of numbers at most one of these; NULL: networks see their place between minimum and maximum.
    const double (*modes)[3]; // share, mean and deviation of each mode
    size_t mode_count;
    const double
        *quantiles; // rising, at equal steps of a normal deviate: the first is the minimum, the last the maximum
    size_t quantile_count;
    bool counted;   // `missing` is known
    size_t missing; // rows without a value; where there are some, networks see that too
} gm_column;

// How a table is written as text.
typedef struct gm_table_dialect {
    char separator;    // 0: to be found; ',', ';', '\t' or '|'
    char decimal;      // 0: to be found; '.' or ','
    bool header_known; // else it is to be found whether there is one
    bool header;
    bool crlf; // lines end so
} gm_table_dialect;

typedef struct gm_table_schema {
    gm_table_dialect dialect;
    gm_column *columns; // of options, NULL: nothing is said of them; not NULL: the table is no plain matrix
    size_t column_count;
} gm_table_schema;

// Finds the schema of a CSV file (see gm_csv_read for what is read): reads it once, in memory that does not grow with
// its rows. `given` (may be NULL) says what is known already: columns by their names, of which each must be there; if
// it has them all, they stand in its order.
// Left to itself, a column is
//   an index (unnamed, named as one ("id", "index", "row", "customer_id", ...), or the first of a table that has more
//     than numbers; in a table with a header):
//     set aside, if its values are 0, 1, 2, ... or 1, 2, 3, ... down the rows; and if it is unnamed or named as one
//     and no two values are equal, as GM_COLUMN_SKIP;
//   whole numbers, or numbers: if all values are such;
//   dates: if all values are of one form, of YYYY-MM-DD, YYYY/MM/DD and DD.MM.YYYY, alone or with hh:mm or hh:mm:ss
//     behind ' ' or 'T' (others are read if they are given: "MM/DD/YYYY");
//   categories: if all values are words, of which there are at most 256 and, in tables of 20 rows or more, fewer
//     than half as many as rows. More of them are text, and refused, with how to leave the column out.
// Fails with FILE:LINE for a word among numbers, a formula, a separator of thousands, a value that is not what is
// given. Release it with gm_table_schema_destroy.
GM_API gm_status gm_table_find(gm_table_schema **schema, const char *path, const gm_table_schema *given);
GM_API void gm_table_schema_destroy(gm_table_schema **schema);
GM_API gm_status gm_table_schema_copy(gm_table_schema **copy, const gm_table_schema *schema);

// "number", "integer", "category", ...
GM_API const char *gm_column_type_name(gm_column_type type);

// As YAML, which can be edited and given as `data.columns` of a recipe; free(*text).
GM_API gm_status gm_table_schema_write(const gm_table_schema *schema, char **text);
// Reads such a text, or a part of it; `file` is for messages.
GM_API gm_status gm_table_schema_parse(gm_table_schema **schema, const char *file, const char *text, size_t bytes);

// ---- Rows ----

// The cells of a table, (rows, columns of the schema): numbers; dates in seconds since 1970; the number of a category;
// NaN where a cell is missing, and of columns that are set aside.
typedef struct gm_table {
    size_t rows;
    double *cells;
} gm_table;

// Reads the rows of a CSV file that has the schema's columns, in any order.
// Fails with FILE:LINE for a cell that does not fit: a word that is no category, say.
GM_API gm_status gm_table_read(const char *path, const gm_table_schema *schema, gm_table *table);
GM_API void gm_table_finish(gm_table *table);

// What networks see of a row: for each column in turn
//   a number or date: its place between minimum and maximum, 0 to 1; and, if there are missing ones, 1 where it is (the
//     place then is the mean's), else 0. Of one with modes its place in the likeliest of them, which spans 8 of its
//     deviations, of one with quantiles its place among these; and behind that, one-hot, which of several modes it is,
//     the last of them for "missing" if there are such (the place then is the middle)
//   a category: 1 in its place and 0 in those of the others, the last of them for "missing" if there are such
//   nothing, of columns that are set aside or whose cells are all alike
// all of that brought to [low, high] of the recipe's data.range. Places rather than standard deviations: so a tanh or
// sigmoid reaches all that there is, and nothing else, and one-hot codes have the same extent. They are floats: of a
// column with more than 2^23 different steps the last digits are lost.
GM_API size_t gm_table_codes(const gm_table_schema *schema);

// Writes cells (rows, columns of the schema) as CSV: the schema's separator, decimal sign and decimals, categories as
// they were spelled, missing cells empty. The file appears whole or not at all.
GM_API gm_status gm_table_write(const char *path, const gm_table_schema *schema, const gm_table *table);

#ifdef __cplusplus
}
#endif
#endif
