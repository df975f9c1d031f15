// Every picture of a tree, read at its own size once.
#ifndef GM_DATA_PICTURE_FILES_H
#define GM_DATA_PICTURE_FILES_H

#include "data/counting.h"
#include "data/tree.h"

// Calls back for every file that cannot be decoded, in their order. -> how many.
gm_status gm_picture_files_check(const gm_tree *tree, gm_damage_callback damage, void *user, size_t *count);
// Counts those that can be decoded, and the damaged ones. labels: of the tree's files, or NULL.
gm_status gm_picture_files_survey(const gm_tree *tree, const int32_t *labels, const gm_dataset_options *options,
                                  gm_counting *counting);

#endif
