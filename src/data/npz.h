// NumPy's archive of arrays: a zip of .npy files.
#ifndef GM_DATA_NPZ_H
#define GM_DATA_NPZ_H

#include "data/source.h"
#include "ganymede/data.h"

// An archive whose first file is an .npy.
bool gm_npz_tell(const gm_source *source);
gm_status gm_npz_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);
// From memory; `name` is for messages.
gm_status gm_npz_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                       const gm_dataset_options *options);

#endif
