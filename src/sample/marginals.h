// Pictures of tables: how each column's values are spread.
#ifndef GM_SAMPLE_MARGINALS_H
#define GM_SAMPLE_MARGINALS_H

#include "ganymede/table.h"
#include "sample/raster.h"

// A panel for each column that varies, of the first 64: the shares of the rows in each part of its range or of each
// category, blue, beside those that the schema has counted, grey; the last bar is of missing cells. 8 bits. `name` for
// messages. gm_raster_finish(picture)
gm_status gm_marginals_draw(const char *name, const gm_table_schema *schema, const gm_table *table, gm_raster *picture);

#endif
