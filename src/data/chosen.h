// Items of chosen classes alone.
#ifndef GM_DATA_CHOSEN_H
#define GM_DATA_CHOSEN_H

#include "data/items.h"

// Which classes the options choose, by name or number -> chosen (class_count). Fails for one that is not there.
gm_status gm_chosen_find(const char *where, const gm_dataset_options *options, const char *const *names,
                         size_t class_count, uint8_t *chosen);
// Leaves the items of the chosen classes in a data set in memory, and of these the first options->count. Labels and
// classes stay what they are. Nothing where all classes are chosen.
gm_status gm_chosen_keep(gm_dataset *dataset, const gm_dataset_options *options);

#endif
