// Grey images that move, as clips.
#ifndef GM_DATA_MOVING_H
#define GM_DATA_MOVING_H

#include "base/base.h"
#include "ganymede/data.h"

// Fills in items, labels, classes, and the info but for its name, from grey images.
gm_status gm_moving_fill(gm_dataset *moving, const gm_dataset *base, const gm_dataset_options *options);

#endif
