// The mixtures as data sets.
#ifndef GM_DATA_MIXTURE_H
#define GM_DATA_MIXTURE_H

#include "base/base.h"
#include "ganymede/data.h"

// Items, labels, classes, and the info but for its name.
gm_status gm_mixture_open(gm_dataset *dataset, const gm_mixture *mixture, const gm_dataset_options *options);

#endif
