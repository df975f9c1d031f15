// Whether two data sets mean the same by their classes' numbers.
#ifndef GM_DATA_CLASSES_H
#define GM_DATA_CLASSES_H

#include "ganymede/data.h"

// Which class of those that a model was trained on (`names`, `count` of them) each class of `data` is: by name where
// both have names, else by number ("0", "1", ... are numbers) or where count is 0 (not known any more).
// -> places (data's class_count). Fails with GM_ERROR_ARGUMENT for a class that the model does not know.
gm_status gm_classes_match(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places);

#endif
