// Stacks of three grey images as data sets.
#ifndef GM_DATA_STACKED_H
#define GM_DATA_STACKED_H

#include "base/base.h"
#include "ganymede/data.h"

enum { GM_STACK_CHANNELS = 3 };

// Fills in items, labels, classes, and the info but for its name, from grey images.
gm_status gm_stacked_fill(gm_dataset *stacked, const gm_dataset *base, const gm_dataset_options *options);

#endif
