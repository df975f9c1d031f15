// .safetensors files as data: one tensor, or items and labels by their names.
#ifndef GM_DATA_TENSORS_H
#define GM_DATA_TENSORS_H

#include "data/source.h"
#include "ganymede/data.h"

bool gm_tensors_tell(const gm_source *source);
gm_status gm_tensors_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);
// From memory; `name` is for messages.
gm_status gm_tensors_parse(gm_dataset *dataset, const char *name, const void *data, size_t bytes,
                           const gm_dataset_options *options);

#endif
