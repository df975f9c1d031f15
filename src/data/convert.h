// Writing a data set that is open.
#ifndef GM_DATA_CONVERT_H
#define GM_DATA_CONVERT_H

#include "ganymede/data.h"

// Whether gm_dataset_write could write there (gm_output_check).
gm_status gm_dataset_check_write(const char *path);

// Where the items come from, a number each: of items as they were, SEED -1.
typedef struct gm_item_marks {
    const int64_t *origins; // the item that it was made of; -1: of none
    const int64_t *seeds;
} gm_item_marks;

// As gm_dataset_convert, of a set that is no table. marks: NULL: none.
gm_status gm_dataset_write(const gm_dataset *dataset, const char *path, const gm_item_marks *marks);

#endif
