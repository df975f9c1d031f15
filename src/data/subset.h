// Parts of a data set as data sets of their own.
#ifndef GM_DATA_SUBSET_H
#define GM_DATA_SUBSET_H

#include "ganymede/data.h"

// Copies the items at `indices`, in their order, with their labels; the classes stay those of the whole.
// Fails for an index outside the data set.
gm_status gm_dataset_subset(gm_dataset **subset, const gm_dataset *whole, const int32_t *indices, size_t count);

#endif
