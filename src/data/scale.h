// What becomes black and white in data sets of floats with pixels: each channel's least and largest value, or its
// percentiles.
#ifndef GM_DATA_SCALE_H
#define GM_DATA_SCALE_H

#include "data/items.h"

// Brings the data set's values into [0, 1] as the options say, by their figures or else by the data set's own. What is
// not held in memory is brought there by gm_scale_apply, whenever it is read. Fails for bytes, for vectors, and for
// figures of other channels.
gm_status gm_scale_dataset(gm_dataset *dataset, const gm_dataset_options *options);
// `count` items as they are read. gather.c
void gm_scale_apply(const gm_dataset_info *info, float *items, size_t count);

#endif
