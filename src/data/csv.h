// CSV: tables of numbers, each row an item.
#ifndef GM_DATA_CSV_H
#define GM_DATA_CSV_H

#include "data/source.h"
#include "ganymede/data.h"

// As gm_csv_read, from memory; `name` for messages.
gm_status gm_csv_parse(const char *name, const void *data, size_t bytes, const gm_csv_options *options, gm_csv *csv);

bool gm_csv_tell(const gm_source *source);
// Rows of d columns become items of d x 1 x 1.
gm_status gm_csv_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options);

#endif
