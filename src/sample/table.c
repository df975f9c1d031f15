// Rows of tables: places of numbers and one-hot categories, in the order of the columns; pictures are marginals.
#include "graph/graph.h"
#include "sample/marginals.h"
#include "sample/sample.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 1024 }; // rows in a picture

// Rows have no shape of their own: they are known by their schema.
static bool claims(const gm_shape *item) {
    (void)item;
    return false;
}

gm_sample gm_sample_of_table(const gm_table_schema *table, double low, double high) {
    return (gm_sample){.kind = &gm_sample_row,
                       .item = GM_SHAPE(gm_table_codes(table)),
                       .stored = GM_SHAPE(gm_table_stored(table)),
                       .low = low,
                       .high = high,
                       .table = table};
}

// ---- Stored values to codes ----

// Of every code: the stored value that it comes from, and the category or mode that it stands for, -1 where it is that
// value.
typedef struct origin {
    int32_t stored;
    float category;
} origin;

static origin *list_origins(const gm_table_schema *table) {
    origin *list;
    size_t code = 0;
    int32_t stored = 0;
    if (gm_alloc(&list, gm_table_codes(table), sizeof *list, "the codes of a table") != GM_OK)
        return NULL;
    for (size_t i = 0; i < table->column_count; i++) {
        const gm_column *column = &table->columns[i];
        size_t choices = gm_column_choices(column), values = gm_column_codes(column) - choices;
        for (size_t k = 0; k < values; k++)
            list[code++] = (origin){stored++, -1};
        for (size_t k = 0; k < choices; k++)
            list[code++] = (origin){stored, (float)k};
        stored += choices > 0;
    }
    return list;
}

// Every code takes its stored value, by rows of the transpose; those of categories compare it with theirs.
static gm_tensor *decode_by(const gm_sample *sample, gm_tensor *stored, const origin *origins, int32_t *places,
                            float *categories) {
    gm_graph *graph = gm_tensor_graph(stored);
    const size_t turned[2] = {1, 0}, codes = sample->item.dim[0];
    for (size_t i = 0; i < codes; i++) {
        places[i] = origins[i].stored;
        categories[i] = origins[i].category;
    }
    gm_tensor *from = gm_constant_array(graph, GM_INT32, GM_SHAPE(codes), places);
    gm_tensor *category = gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(codes), categories);
    gm_tensor *value = gm_transpose(gm_gather(gm_transpose(stored, turned), from), turned);
    gm_tensor *share = gm_select(gm_less(category, gm_constant(graph, 0)), value, gm_equal(value, category));
    return gm_offset(gm_scale(share, sample->high - sample->low), sample->low);
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    size_t codes = sample->item.dim[0];
    origin *origins = list_origins(sample->table);
    int32_t *places = malloc(codes * sizeof *places);
    float *categories = malloc(codes * sizeof *categories);
    gm_tensor *x = origins && places && categories
                       ? decode_by(sample, stored, origins, places, categories)
                       : gm_fault(gm_tensor_graph(stored), "out of memory for %zu codes of a table", codes);
    free(origins);
    free(places);
    free(categories);
    return x;
}

// value: what follows in the row; returns behind the column's codes.
static float *decode_column(const gm_sample *sample, const gm_column *column, const float *stored, float *value) {
    double width = sample->high - sample->low;
    size_t choices = gm_column_choices(column), values = gm_column_codes(column) - choices;
    for (size_t k = 0; k < values; k++)
        *value++ = (float)(sample->low + width * (double)*stored++);
    for (size_t k = 0; k < choices; k++)
        *value++ = (float)(sample->low + (*stored >= (float)k && *stored <= (float)k ? width : 0));
    return value;
}

static void decode_values(const gm_sample *sample, const void *data, size_t count, float *values) {
    const gm_table_schema *table = sample->table;
    const float *stored = data;
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < table->column_count; i++) {
            values = decode_column(sample, &table->columns[i], stored, values);
            stored += gm_column_stored(&table->columns[i]);
        }
}

// ---- Codes to cells ----

static double share_of(const gm_sample *sample, float code) {
    double share = ((double)code - sample->low) / (sample->high - sample->low);
    return share > 0 ? fmin(share, 1) : 0; // NaN: 0
}

static size_t find_largest(const float *codes, size_t count) {
    size_t best = 0;
    for (size_t k = 1; k < count; k++)
        if (codes[k] > codes[best])
            best = k;
    return best;
}

static double round_to_column(const gm_column *column, double value) {
    double step = column->decimals < GM_COLUMN_ANY_DECIMALS ? pow(10, (double)column->decimals) : 0;
    return step > 0 ? fmax(column->minimum, fmin(column->maximum, floor(value * step + .5) / step)) : value;
}

static double number_of(const gm_sample *sample, const gm_column *column, const float *codes) {
    bool place = gm_column_has_place(column);
    size_t choices = gm_column_choices(column), choice = find_largest(codes + place, choices);
    if (gm_column_shows_missing(column) && (choices > 0 ? choice + 1 == choices : share_of(sample, codes[place]) > .5))
        return NAN;
    return place ? round_to_column(column, gm_column_value(column, share_of(sample, codes[0]), choice))
                 : column->minimum;
}

static double cell_of(const gm_sample *sample, const gm_column *column, const float *codes, size_t row) {
    if (column->type == GM_COLUMN_INDEX)
        return column->minimum + (double)row;
    if (column->type != GM_COLUMN_CATEGORY)
        return gm_column_is_number(column) && column->bounded ? number_of(sample, column, codes) : NAN;
    size_t category = find_largest(codes, gm_column_choices(column));
    return category < column->category_count ? (double)category : NAN;
}

void gm_sample_cells(const gm_sample *sample, const float *values, size_t count, double *cells) {
    const gm_table_schema *table = sample->table;
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < table->column_count; i++) {
            *cells++ = cell_of(sample, &table->columns[i], values, row);
            values += gm_column_codes(&table->columns[i]);
        }
}

// ---- Files ----

static gm_status make_cells(const gm_sample *sample, const char *path, const float *values, size_t count,
                            gm_table *table) {
    size_t cells;
    *table = (gm_table){.rows = count};
    if (!gm_multiply_sizes(count, sample->table->column_count, &cells))
        return gm_fail_memory(SIZE_MAX, path);
    GM_TRY(gm_alloc(&table->cells, cells, sizeof *table->cells, path));
    gm_sample_cells(sample, values, count, table->cells);
    return GM_OK;
}

// As the table was written that the schema was found in, but that tabs are for TSV and nothing else for it.
static gm_status write_csv(const gm_sample *sample, const char *path, bool tabs, const float *values, size_t count) {
    gm_table table;
    gm_table_schema schema = *sample->table;
    if (tabs)
        schema.dialect.separator = '\t';
    else if (schema.dialect.separator == '\t')
        schema.dialect.separator = schema.dialect.decimal == ',' ? ';' : ',';
    GM_TRY(make_cells(sample, path, values, count, &table));
    gm_status status = gm_table_write(path, &schema, &table);
    free(table.cells);
    return status;
}

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    (void)rows;
    (void)columns;
    return SHOWN;
}

static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    gm_table table;
    if (depth != 8)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: pictures of tables have 8 bits, not %zu", writing->path, depth);
    GM_TRY(make_cells(sample, writing->path, values, count, &table));
    gm_status status = gm_marginals_draw(writing->path, sample->table, &table, made);
    free(table.cells);
    return status;
}

const gm_sample_kind gm_sample_row = {
    .name = "table",
    .noun = "rows",
    .claims = claims,
    .decode = decode,
    .decode_values = decode_values,
    .write_csv = write_csv,
    .single = "csv",
    .shown = shown,
    .picture = picture,
};
