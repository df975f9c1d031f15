// A small network that learns one column of a table's rows from the others.
#ifndef GM_USE_ROW_NETWORK_H
#define GM_USE_ROW_NETWORK_H

#include "base/base.h"
#include "ganymede/device.h"

// Rows as features, and what is to be told of them.
typedef struct gm_row_set {
    const float *features; // (count, columns)
    const double *targets; // (count): a number, or a category's number
    size_t count;
} gm_row_set;

typedef struct gm_row_task {
    gm_device *device;
    size_t columns;             // of the features
    size_t hidden_from, hidden; // those that the network does not see: the target's own
    size_t categories;          // of the target; 0: it is a number
    uint64_t seed;
} gm_row_task;

// Trains on one set and tests on the other: R^2 of a number; of a category the macro F1, the mean over the categories
// that the tested rows have. NaN where the target does not vary. Repeats bit for bit on one device.
gm_status gm_row_network_score(const gm_row_task *task, const gm_row_set *train, const gm_row_set *test, double *score);

#endif
