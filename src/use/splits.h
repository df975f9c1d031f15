// Both splits of the data that a side is, or that its run learned from: all items, in the columns that measures take.
#ifndef GM_USE_SPLITS_H
#define GM_USE_SPLITS_H

#include "ganymede/metrics.h"
#include "use/side.h"

// What makes rows of items in the sides' range, and of how many columns.
typedef struct gm_row_maker {
    gm_status (*make)(void *user, const gm_samples *items, float *rows);
    void *user;
    size_t columns;
} gm_row_maker;

// The side, of these two, whose data may have a held-out split; NULL: neither. A run comes first, whose data are what
// it may have learned by heart.
const gm_side *gm_splits_find(const gm_side *sides);
// Whether the data have items held out of training.
bool gm_splits_are_apart(const gm_side *side);
// Rows of the split trained on, and of the other. free(*rows) of both
gm_status gm_splits_read(const gm_side *side, bool held_out, const gm_row_maker *maker, float **rows, size_t *count);

#endif
