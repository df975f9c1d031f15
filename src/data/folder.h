// Pictures in a folder, a zip archive or a list; sub-folders are classes.
#ifndef GM_DATA_FOLDER_H
#define GM_DATA_FOLDER_H

#include "data/counting.h"
#include "data/source.h"
#include "ganymede/data.h"

bool gm_folder_tell_zip(const gm_source *source);
// Of a folder, an archive, a list or a single picture.
gm_status gm_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

// As gm_dataset_check.
gm_status gm_folder_check(const gm_source *source, const gm_dataset_options *options, gm_damage_callback damage,
                          void *user, size_t *count);
// Adds every picture at its own size.
gm_status gm_folder_survey(const gm_source *source, const gm_dataset_options *options, gm_counting *counting);

#endif
