// CSV as a matrix of numbers, and how a file of CSV is told.
#ifndef GM_DATA_CSV_H
#define GM_DATA_CSV_H

#include "data/csv_rows.h"
#include "data/source.h"
#include "ganymede/data.h"

// As gm_csv_read, from memory; `name` for messages.
gm_status gm_csv_parse(const char *name, const void *data, size_t bytes, const gm_csv_options *options, gm_csv *csv);

// By a dialect that is known, or NULL. missing: values may be.
gm_status gm_csv_read_source(const gm_csv_source *source, const gm_table_dialect *dialect, bool missing, gm_csv *csv);

// Text whose first line has fields, or its second, below the name of a single column.
bool gm_csv_tell(const gm_source *source);

#endif
