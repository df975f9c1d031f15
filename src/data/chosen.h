// Items of chosen classes alone: options->classes, by name or number. Fails for a class that is not there.
#ifndef GM_DATA_CHOSEN_H
#define GM_DATA_CHOSEN_H

#include "data/items.h"
#include "data/tree.h"

// Leaves the items of the chosen classes in a data set in memory, and of these the first options->count. Labels and
// classes stay what they are. Nothing where all classes are chosen.
gm_status gm_chosen_keep(gm_dataset *dataset, const gm_dataset_options *options);
// The same of files before they are read, with a label each; however many there are. noun: what they are, "pictures";
// names: NULL: classes have numbers.
gm_status gm_chosen_keep_files(gm_tree *tree, const char *noun, int32_t *labels, const char *const *names,
                               size_t class_count, const gm_dataset_options *options);

#endif
