// What is made of images once they are fitted: their negative, their edges.
#ifndef GM_DATA_VIEW_H
#define GM_DATA_VIEW_H

#include "data/items.h"

// Makes the data set's items what the options ask for: those in memory now, pictures that are not held as they are
// read. Fails for values without a black and a white.
gm_status gm_image_view_make(gm_dataset *dataset, const gm_dataset_options *options);
// Of `count` items, in place.
gm_status gm_image_view_apply(const gm_dataset_info *info, gm_image_view view, void *items, size_t count);

#endif
