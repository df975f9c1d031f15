// IDX, the format of MNIST: of unsigned bytes, plain or gzip; a file of images, or a folder of images and labels.
#ifndef GM_DATA_IDX_H
#define GM_DATA_IDX_H

#include "data/source.h"
#include "ganymede/data.h"

typedef struct gm_idx {
    size_t dim[3];
    size_t count; // values
    uint8_t *values;
} gm_idx;

// From memory, `name` for messages. `rank` is 1 (labels) or 3 (images); values from malloc.
gm_status gm_idx_parse(const char *name, const void *data, size_t bytes, size_t rank, gm_idx *idx);

bool gm_idx_tell(const gm_source *source);
gm_status gm_idx_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

// A folder that has images of either split.
bool gm_idx_folder_tell(const gm_source *source);
gm_status gm_idx_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
