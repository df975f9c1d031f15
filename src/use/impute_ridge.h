// The parts of chained equations: columns as codes, and one model for each.
#ifndef GM_USE_IMPUTE_RIDGE_H
#define GM_USE_IMPUTE_RIDGE_H

#include "use/impute_method.h"

// Codes of a row: of a number (x - mean) / deviation; of a category 1 or 0 for each, less their shares.
typedef struct gm_code_column {
    size_t first, count;
    double mean, deviation, least, most; // of numbers; least and most as codes
    bool category;
} gm_code_column;

typedef struct gm_codes {
    const gm_table_schema *schema;
    gm_code_column *columns; // of the schema
    double *shares;          // of every code that is a category's, else 0
    size_t count;            // of all codes
} gm_codes;

// Means, deviations and shares of the known cells; in the arena.
gm_status gm_codes_init(gm_codes *codes, const gm_impute_rows *learn, gm_arena *arena);
// A row of cells as codes (count). What is missing is 0: the mean, the shares of categories.
void gm_codes_encode(const gm_codes *codes, const double *cells, float *values);
double gm_codes_decode(const gm_codes *codes, size_t column, const float *values); // the cell, or likeliest category

// What a column is predicted by: code = offset + sum of weight x (code of the predictor), of categories the logit.
typedef struct gm_equation {
    size_t column;
    size_t *predictors, count; // which codes
    double *weights;           // (count + 1, outputs), the offsets last
    size_t outputs;            // codes of the column
    double noise;              // deviation of what is left; numbers alone
    bool fitted;
} gm_equation;

// The rows that equations learn from, as codes: float (count, codes). What is missing holds what is thought of it.
typedef struct gm_code_rows {
    size_t count;
    float *values;
    const double *const *cells; // the row of cells that each is of
} gm_code_rows;

enum { GM_LOGISTIC_STEPS = 30 }; // of an equation of categories, at most

// Random numbers of one drawn table: normal, of a stream each.
typedef struct gm_chance {
    uint64_t seed;
    size_t draw; // 0: none is drawn
} gm_chance;

// Learns an equation from the rows where its column is known. chance: a drawn one of those that may be.
gm_status gm_equation_fit(gm_equation *equation, const gm_codes *codes, const gm_code_rows *rows, gm_chance chance,
                          uint32_t sweep);
// What it says of a row: (outputs), of categories their probabilities.
void gm_equation_apply(const gm_equation *equation, const gm_codes *codes, const float *values, double *outputs);

#endif
