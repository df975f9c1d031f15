// Tables as data sets: rows as they are stored for networks, or, of plain numbers, the numbers as they are.
#include "data/csv.h"
#include "data/items.h"
#include "data/table.h"
#include "sample/schema.h"

#include <stdlib.h>

// How many of the rows lie in each part of a number's range.
static void count_cells(gm_table_schema *schema, size_t *const *counts, const double *cells) {
    for (size_t i = 0; i < schema->column_count; i++) {
        const gm_column *column = &schema->columns[i];
        double share = (cells[i] - column->minimum) / (column->maximum - column->minimum);
        if (counts[i] && share >= 0 && share <= 1)
            counts[i][GM_MIN((size_t)(share * GM_COLUMN_BINS), (size_t)GM_COLUMN_BINS - 1)]++;
    }
}

// Room for the counts of the columns that have none.
static gm_status begin_counts(gm_table_schema *schema, size_t ***counts) {
    gm_arena *arena = gm_table_schema_arena(schema);
    GM_TRY(gm_alloc(counts, schema->column_count, sizeof **counts, "counts"));
    for (size_t i = 0; i < schema->column_count; i++)
        if (gm_column_has_place(&schema->columns[i]) && !schema->columns[i].counts) {
            schema->columns[i].counts = (*counts)[i] = gm_arena_alloc(arena, GM_COLUMN_BINS * sizeof ***counts);
            if (!(*counts)[i])
                return gm_fail_memory(GM_COLUMN_BINS * sizeof ***counts, "counts");
        }
    return GM_OK;
}

static gm_status read_stored(gm_table_schema *schema, const char *path, size_t rows, float *stored) {
    gm_table_rows reader = {.rows = {.file = -1}};
    size_t **counts = NULL, width = gm_table_stored(schema), row = 0;
    bool end = false;
    gm_status status;
    GM_TRY_DONE(begin_counts(schema, &counts));
    GM_TRY_DONE(gm_table_rows_open(&reader, &(gm_csv_source){.name = path, .quiet = true}, schema, NULL));
    for (;; row++) {
        GM_TRY_DONE(gm_table_rows_next(&reader, &end));
        if (end || row == rows)
            break;
        gm_table_store(schema, reader.cells, stored + row * width);
        count_cells(schema, counts, reader.cells);
    }
    if (row < rows || !end)
        status = gm_fail(GM_ERROR_IO, "%s: changed while it was read", path);
done:
    gm_table_rows_finish(&reader);
    free(counts);
    return status;
}

// In one line, of columns that are found and not given, as those of a resumed run are.
static void warn_of_constants(const char *path, const gm_table_schema *schema, const gm_table_schema *given) {
    enum { MOST_NAMED = 8 };
    gm_text names = {0};
    size_t count = 0;
    for (size_t i = 0; i < schema->column_count; i++) {
        const gm_column *column = &schema->columns[i];
        if (gm_column_is_aside(column) || gm_column_codes(column) > 0)
            continue;
        const gm_column *before = gm_table_find_column(given, column->name);
        if (before && before->counted)
            continue;
        if (count < MOST_NAMED)
            gm_text_printf(&names, "%s'%.60s'", count > 0 ? ", " : "", column->name);
        count++;
    }
    if (count > 0 && !names.failed)
        gm_warn("%s: %zu of its columns %s one value alone or none, so that no network sees %s: %s%s", path, count,
                count == 1 ? "has" : "have", count == 1 ? "it" : "them", names.data, count > MOST_NAMED ? ", ..." : "");
    gm_text_finish(&names);
}

static gm_status take_table(gm_dataset *dataset, const char *path, gm_table_schema *schema, size_t rows,
                            const gm_dataset_options *options) {
    size_t width = gm_table_stored(schema), count;
    float *stored = NULL;
    if (width == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has no column whose values differ: there is nothing to learn", path);
    warn_of_constants(path, schema, options->columns);
    if (!gm_multiply_sizes(width, rows, &count))
        return gm_fail_memory(SIZE_MAX, path);
    GM_TRY(gm_alloc(&stored, count, sizeof *stored, path));
    gm_status status = read_stored(schema, path, rows, stored);
    if (status == GM_OK)
        status = gm_dataset_take_floats(dataset, path, &stored, (const size_t[4]){rows, width, 1, 1}, options);
    free(stored);
    return status;
}

static gm_status take_plain(gm_dataset *dataset, const char *path, const gm_table_schema *schema,
                            const gm_dataset_options *options) {
    gm_csv csv;
    GM_TRY(gm_csv_read_source(&(gm_csv_source){.name = path, .quiet = true}, &schema->dialect, false, &csv));
    gm_status status =
        gm_dataset_take_floats(dataset, path, &csv.values, (const size_t[4]){csv.rows, csv.columns, 1, 1}, options);
    gm_csv_finish(&csv);
    return status;
}

// Numbers that are taken as they are: vectors or points, and not somebody's table.
static bool is_plain(const gm_table_schema *schema, const gm_dataset_options *options) {
    const bool named = options->named && schema->dialect.header && schema->column_count > 2;
    return !named && !(options->columns && options->columns->columns) && gm_table_is_plain(schema);
}

gm_status gm_table_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    const gm_table_schema *given = options->columns;
    gm_table_schema *schema;
    size_t rows;
    GM_TRY(gm_table_find_all(&schema, &(gm_csv_source){.name = source->path}, 1, given, &rows));
    bool plain = is_plain(schema, options);
    gm_status status = plain ? take_plain(dataset, source->path, schema, options)
                             : take_table(dataset, source->path, schema, rows, options);
    if (status == GM_OK && !plain) {
        dataset->info.table = dataset->table = schema;
        return GM_OK;
    }
    gm_table_schema_destroy(&schema);
    return status;
}
