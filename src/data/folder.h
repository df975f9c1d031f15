// Folders of pictures; sub-folders are classes.
#ifndef GM_DATA_FOLDER_H
#define GM_DATA_FOLDER_H

#include "data/source.h"
#include "ganymede/data.h"

gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
