// Conditions on rows of tables: "cut=Fair", "x > 0".
#ifndef GM_USE_CONDITIONS_H
#define GM_USE_CONDITIONS_H

#include "ganymede/table.h"

typedef enum gm_relation {
    GM_RELATION_EQUAL = 0,
    GM_RELATION_UNEQUAL,
    GM_RELATION_LESS,
    GM_RELATION_AT_MOST,
    GM_RELATION_MORE,
    GM_RELATION_AT_LEAST,
} gm_relation;

typedef struct gm_condition {
    size_t column;
    gm_relation relation;
    double value; // as cells have it; NaN: missing
} gm_condition;

// COLUMN, one of = != < <= > >=, and a value as the table has it (with a decimal point), nothing for a missing one.
// Fails for a column or a category that there is not, and for an order of categories.
gm_status gm_condition_parse(gm_condition *condition, const gm_table_schema *table, const char *text);
// row: the cells of all columns. A missing cell is neither less nor more than anything.
bool gm_condition_holds(const gm_condition *condition, const double *row);

#endif
