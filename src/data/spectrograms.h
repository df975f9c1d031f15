// Sounds that networks see as spectrograms.
#ifndef GM_DATA_SPECTROGRAMS_H
#define GM_DATA_SPECTROGRAMS_H

#include "data/items.h"

// Where the schema of a data set's sounds asks for bands: fills in what it does not say, and makes the items
// spectrograms (channels, bands, frames), floats whose black is -1 and white 1. Fails where they cannot be.
gm_status gm_spectrograms_make(gm_dataset *dataset);

#endif
