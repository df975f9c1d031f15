// The imputer's inner interface: impute.c opens it and fills tables, impute_score.c finds out how well that goes.
#ifndef GM_USE_IMPUTE_H
#define GM_USE_IMPUTE_H

#include "data/table_text.h"
#include "use/impute_method.h"

struct gm_imputer {
    gm_table_text table, other; // what is filled, and what is learned from where that is another
    gm_table_schema *found;     // of both
    gm_table_schema schema;     // its columns that can be filled
    bool fitted;                // there is another
    double *places, *other_places;
    gm_impute_rows rows, learn;
    gm_impute_column *columns;
    bool *wanted; // columns with missing cells
    uint64_t seed, steps;
    gm_impute_device device;
    gm_arena arena;
};

// Fails where the method is not for this table, or draws none and shall.
gm_status gm_imputer_check(const gm_imputer *imputer, const gm_impute_fit *fit, bool draws);
void gm_imputer_set_up(gm_imputer *imputer, gm_impute_fit *fit, const gm_impute_rows *learn, const bool *wanted,
                       uint64_t seed);

#endif
