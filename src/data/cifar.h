// CIFAR-10's binary files, in a folder of batches.
#ifndef GM_DATA_CIFAR_H
#define GM_DATA_CIFAR_H

#include "data/items.h"
#include "data/source.h"

// From memory, `name` for messages: records of one label and 3 x 32 x 32 bytes, appended to `images`.
gm_status gm_cifar_parse(const char *name, const void *data, size_t bytes, gm_images *images);

// A folder that has one of the batches.
bool gm_cifar_folder_tell(const gm_source *source);
// With CIFAR-10's classes.
gm_status gm_cifar_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
