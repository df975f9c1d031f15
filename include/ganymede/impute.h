// Missing values of tables: filling them in, and finding out how well that goes.
//
//     gm_imputer *imputer = NULL;
//     const char *const files[] = {"filled.csv"};
//     GM_TRY(gm_imputer_open(&imputer, "table.csv", NULL));
//     status = gm_imputer_fill(imputer, "ridge", files, 1);
//     gm_imputer_close(&imputer);
#ifndef GANYMEDE_IMPUTE_H
#define GANYMEDE_IMPUTE_H

#include "ganymede/device.h"
#include "ganymede/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_imputer gm_imputer;

// A row of the table of methods.
typedef struct gm_impute_info {
    const char *name;     // "nearest"
    const char *argument; // "K", behind an equals sign: nearest=5; NULL: it takes none
    const char *standard; // the argument when none is given; NULL: it must be
    const char *help;
    bool draws;  // completed tables may be drawn again and again, and differ by what is not known
    bool series; // it goes along the rows, or along the values of gm_imputer_options.by
    bool tried;  // `auto` tries it
} gm_impute_info;
GM_API const gm_impute_info *gm_impute_methods(size_t *count);
// Whether "nearest=5" names a method, with an argument that it takes; fails with what would. Before any work.
GM_API gm_status gm_impute_check(const char *method);

// Zeroed fields mean the default. Strings need to live as long as the imputer.
typedef struct gm_imputer_options {
    const gm_table_schema *columns; // what is known of the columns; those that are skipped are left as they are
    const char *fit;                // a table to learn from, instead of the one that is filled
    const char *by;                 // a column of numbers or dates, none missing: the positions of rows in a series
    uint64_t seed;                  // of all that is random
    uint64_t steps;                 // of training, for gain; 0: 10000
    const char *device;             // to train on, for gain: a selector, as gm_device_open takes
    gm_device *opened;              // an open one instead, which must outlive the imputer
} gm_imputer_options;

// Reads the table; nothing is filled yet. Columns of text are left as they are, with a warning, as are indices.
// Fails with FILE:LINE for what is no table, and for cells that do not fit into a quarter of the memory.
GM_API gm_status gm_imputer_open(gm_imputer **imputer, const char *path, const gm_imputer_options *options);
GM_API void gm_imputer_close(gm_imputer **imputer);

// What became of a column by gm_imputer_fill.
typedef struct gm_impute_column {
    const char *name, *type;
    const char *method;     // that filled it: auto's choice; NULL: nothing was missing, or nothing is known
    size_t missing;         // cells before
    size_t left;            // of them, because nothing is known to fill them by
    double error, baseline; // where auto chose: the error of its choice on cells that it had hidden, and of mean or
                            // mode: root mean square over the range, of categories the share of wrong ones; else NaN
} gm_impute_column;

// rows, and the columns that can be filled. Belongs to the imputer, until it fills again.
GM_API size_t gm_imputer_rows(const gm_imputer *imputer);
GM_API const gm_impute_column *gm_imputer_columns(const gm_imputer *imputer, size_t *count);

// Fills the missing cells by a method, "nearest=5", and writes the table: nothing else changes, byte for byte. Of
// several files each is a table drawn anew, for methods that draw; of one it is the likeliest. Whole numbers stay
// whole, numbers have as many decimals as their column, categories are one of those that the column has. Cells of
// columns of which nothing is known stay as they are.
// Fails for a method or argument that there is not, and as reading, training and writing do.
GM_API gm_status gm_imputer_fill(gm_imputer *imputer, const char *method, const char *const *files, size_t count);

// What a method gets right of cells that were hidden from it; each figure with its deviation over the seeds.
typedef struct gm_impute_score {
    const char *method;       // "nearest=5"
    double rmse, rmse_spread; // root mean square of numbers' errors, divided by their columns' ranges; NaN: none
    double written;           // the same of what would be written, rounded as the column is; its mean
    double accuracy, accuracy_spread; // share of categories that are right; NaN: there are none
    double coverage; // share of hidden numbers within the middle 90 % of drawn ones; NaN: none were drawn
    size_t left;     // hidden cells that it could not fill, in all; they count as errors of nothing
} gm_impute_score;

typedef struct gm_impute_scoring {
    double share;               // of the known cells, that are hidden; above 0 and below 1
    const char *const *methods; // NULL: all
    size_t method_count;
    size_t seeds;                                           // 0: five, from options.seed on
    size_t draws;                                           // for the coverage; 0: none
    void (*done)(const gm_impute_score *score, void *user); // a method; may be NULL
    void *user;
} gm_impute_scoring;
// Hides a share of the known cells, fills them by each method and compares. *scores: method_count of them, free().
GM_API gm_status gm_imputer_score(gm_imputer *imputer, const gm_impute_scoring *scoring, gm_impute_score **scores,
                                  size_t *count);

#ifdef __cplusplus
}
#endif
#endif
