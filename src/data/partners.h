// Names of items, by which those of two data sets are pairs.
#ifndef GM_DATA_PARTNERS_H
#define GM_DATA_PARTNERS_H

#include "data/items.h"
#include "data/paths.h"

// The names of the files below the root, without their endings.
gm_status gm_partners_name(gm_dataset *dataset, const gm_paths *paths);

#endif
