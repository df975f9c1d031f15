// Folders of pictures; sub-folders are classes.
#ifndef GM_DATA_FOLDER_H
#define GM_DATA_FOLDER_H

#include "data/source.h"
#include "ganymede/data.h"

// Any folder: what it holds shows when it is opened.
bool gm_folder_tell(const gm_source *source);
gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
