// Ways to fill in a table's missing cells. A method is a row of functions: it learns from one table and fills another,
// which may be the same. Cells are as in gm_table: NaN is missing, a category is its number.
#ifndef GM_USE_IMPUTE_METHOD_H
#define GM_USE_IMPUTE_METHOD_H

#include "base/base.h"
#include "ganymede/impute.h"

// The rows of a table, with their positions in a series.
typedef struct gm_impute_rows {
    const gm_table_schema *schema; // no column is set aside
    size_t count;
    const double *cells;  // (count, columns)
    const double *places; // (count), by which series go; NULL: the row's number
} gm_impute_rows;

// A device, opened when a method first wants it.
typedef struct gm_impute_device {
    const char *selector;
    gm_device *opened, *device; // the former only when it was opened here
} gm_impute_device;
gm_status gm_impute_device_open(gm_impute_device *device);

typedef struct gm_impute_fit {
    const struct gm_impute_method *method;
    const gm_impute_rows *learn; // outlives it
    const bool *wanted;          // columns that are to be filled; likewise
    const char *text;            // the argument
    double number;               // the same as one
    uint64_t seed, steps;
    gm_impute_device *device;
    void *state;                                   // the method's own
    const struct gm_impute_method *const *methods; // all there are, for auto
    size_t method_count;
    struct gm_impute_fit *rest; // what fills in what it leaves; NULL: nothing does
    gm_arena arena;
} gm_impute_fit;

typedef struct gm_impute_method {
    gm_impute_info info;
    double least, most; // of an argument that is a number: whole ones; both 0: any text
    bool falls_back;    // what it leaves, of rows of which nothing is known, say, the mean fills
    // Learns; NULL: there is nothing to learn ahead.
    gm_status (*fit)(gm_impute_fit *fit);
    // Puts values in place of NaN; what it cannot know stays. cells: in the beginning those of rows. draw: 0: the
    // likeliest; else number `draw` of those that may be.
    gm_status (*fill)(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells);
    void (*finish)(gm_impute_fit *fit);
} gm_impute_method;

// Splits "nearest=5". Fails for a method or argument that there is not.
gm_status gm_impute_fit_init(gm_impute_fit *fit, const char *text);
// The same of a row of the table; argument: NULL: the standard one.
gm_status gm_impute_fit_start(gm_impute_fit *fit, const gm_impute_method *method, const char *argument);
gm_status gm_impute_fit_run(gm_impute_fit *fit); // learns; the caller has set learn, wanted, seed, steps and device
// cells: (rows->count, columns), those of rows with values in place of NaN; see gm_impute_method.
gm_status gm_impute_fit_fill(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells);
void gm_impute_fit_finish(gm_impute_fit *fit);
// A value as the column would have it written: whole numbers whole, others with its decimals.
double gm_impute_round(const gm_column *column, double value);

// The mean of a column's known cells; NaN where there are none.
double gm_impute_mean(const gm_impute_rows *rows, size_t column);

extern const gm_impute_method gm_impute_by_mean, gm_impute_by_median, gm_impute_by_mode, gm_impute_by_min,
    gm_impute_by_max, gm_impute_by_constant, gm_impute_by_linear, gm_impute_by_polynomial, gm_impute_by_nearest,
    gm_impute_by_ridge, gm_impute_by_gain, gm_impute_by_auto;

// auto's choices: for each column of the schema a method's text, or NULL, and the errors; belong to the fit.
typedef struct gm_impute_choice {
    const char *method;
    double error, baseline;
} gm_impute_choice;
const gm_impute_choice *gm_impute_choices(const gm_impute_fit *fit); // NULL: it is none of auto

// Hides a share of the known cells of `rows`: where hidden[i] is set, cells[i] becomes NaN. stream: who hides them, for
// one after the other takes others.
void gm_impute_hide(const gm_impute_rows *rows, double share, const char *stream, uint64_t seed, double *cells,
                    bool *hidden);
// The square of an error over the column's range, or, of categories, 1 where they differ; 1 where nothing was filled
// in.
double gm_impute_loss(const gm_column *column, double range, double truth, double filled);
double gm_impute_range(const gm_impute_rows *rows, size_t column); // largest less smallest; 0: it is constant

#endif
