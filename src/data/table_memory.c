// Tables in memory as data sets: rows as they are stored for networks.
#include "data/items.h"
#include "data/table.h"
#include "sample/schema.h"

#include <stdlib.h>

static gm_status take_cells(gm_dataset *dataset, const char *name, const gm_table_schema *schema, const double *cells,
                            size_t rows) {
    size_t width = gm_table_stored(schema), count;
    float *stored = NULL;
    dataset->info.name = gm_arena_string(&dataset->arena, name);
    GM_TRY(gm_table_schema_copy(&dataset->table, schema));
    dataset->info.table = dataset->table;
    if (width == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has no column whose values differ: there is nothing to learn", name);
    if (!dataset->info.name || !gm_multiply_sizes(width, rows, &count))
        return gm_fail_memory(SIZE_MAX, name);
    GM_TRY(gm_alloc(&stored, count, sizeof *stored, name));
    for (size_t row = 0; row < rows; row++)
        gm_table_store(schema, cells + row * schema->column_count, stored + row * width);
    const gm_dataset_options all = {0};
    gm_status status = gm_dataset_take_floats(dataset, name, &stored, (const size_t[4]){rows, width, 1, 1}, &all);
    free(stored);
    return status;
}

gm_status gm_table_dataset(gm_dataset **dataset, const char *name, const gm_table_schema *schema, const double *cells,
                           size_t rows) {
    GM_TRY(gm_alloc(dataset, 1, sizeof **dataset, "a data set"));
    gm_status status = take_cells(*dataset, name, schema, cells, rows);
    if (status != GM_OK)
        gm_dataset_close(dataset);
    return status;
}
