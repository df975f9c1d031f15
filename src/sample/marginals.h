// Pictures of tables: how each column's values are spread.
#ifndef GM_SAMPLE_MARGINALS_H
#define GM_SAMPLE_MARGINALS_H

#include "base/base.h"
#include "ganymede/table.h"

// A PNG with a panel for each column that varies, of the first 64: the shares of the rows in each part of its range or
// of each category, blue, beside those that the schema has counted, grey; the last bar is of missing cells.
gm_status gm_marginals_draw(const char *path, const gm_table_schema *schema, const gm_table *table);

#endif
