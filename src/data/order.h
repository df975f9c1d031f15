// The order in which training reads a data set: each item once an epoch, or every class equally often.
#ifndef GM_DATA_ORDER_H
#define GM_DATA_ORDER_H

#include "ganymede/data.h"

typedef struct gm_order {
    uint64_t seed;
    size_t count; // items of the data set
    // Of classes equally often, those that have items:
    size_t class_count; // 0: every item once an epoch
    size_t *first;      // of class k in `members`: class_count + 1
    int32_t *members;   // the items, class by class
    double *sums; // of the rows' weights up to each (gm_row_weights_sum): rows are drawn by them; NULL: they are not
} gm_order;

// balanced: of each run of so many draws as there are classes with items each is drawn once, in an order keyed by the
// run; within a class all items are drawn once before any comes again. Fails where the data set has no labels.
gm_status gm_order_init(gm_order *order, uint64_t seed, const gm_dataset *dataset, bool balanced);
// Rows of a table, each drawn on its own by its weight (row_weights.h). Fails where the table has no categories.
gm_status gm_order_init_rows(gm_order *order, uint64_t seed, const gm_dataset *dataset);
void gm_order_finish(gm_order *order);
// As gm_loader_indices.
gm_status gm_order_indices(const gm_order *order, uint64_t cursor, size_t count, int32_t *indices);

#endif
