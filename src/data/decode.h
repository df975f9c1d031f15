// Data sets as samples: what one item is, and items as networks see them.
#ifndef GM_DATA_DECODE_H
#define GM_DATA_DECODE_H

#include "ganymede/data.h"
#include "sample/sample.h"

// The format of the data set's items; low and high: what black and white shall be to networks.
gm_sample gm_dataset_format(const gm_dataset_info *info, double low, double high);
// The items at `indices` as networks see them, values (count, item), and their labels, zeros without any; labels may be
// NULL. Fails as gm_dataset_gather does.
gm_status gm_dataset_decode(const gm_dataset *dataset, const gm_sample *format, const int32_t *indices, size_t count,
                            float *values, int32_t *labels);
// Fails, naming the first, when a value is no finite number: one NaN in a batch is NaN in all weights.
gm_status gm_dataset_check_finite(const gm_dataset *dataset);
// The same of the values of `count` items, the first of which has that number.
gm_status gm_check_finite(const gm_dataset_info *data, const float *values, size_t first, size_t count);
// A hash of all items and labels, chained to *hash.
gm_status gm_dataset_hash(const gm_dataset *dataset, uint64_t *hash);
// Whether it names values alone, an array or a table, in contrast to a data set with a name, splits or labels.
bool gm_dataset_is_array(const char *name);
// How far from the origin the data of that name reach in either direction; 0: unknown.
double gm_dataset_reach(const char *name);

#endif
