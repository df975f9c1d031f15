// Schemas of tables: what belongs to one, and where a column's values lie among those that are stored and seen.
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct schema {
    gm_table_schema public; // first
    gm_arena arena;
} schema;

const char *const gm_column_type_names[] = {"auto", "number", "integer", "category", "date", "index", "skip", NULL};

const char *gm_column_type_name(gm_column_type type) {
    return gm_column_type_names[type];
}

// ---- Memory ----

gm_status gm_table_schema_create(gm_table_schema **out) {
    schema *made;
    *out = NULL;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a table's schema"));
    *out = &made->public;
    return GM_OK;
}

gm_arena *gm_table_schema_arena(gm_table_schema *table) {
    return &((schema *)table)->arena;
}

void gm_table_schema_destroy(gm_table_schema **table) {
    if (!table || !*table)
        return;
    gm_arena_finish(gm_table_schema_arena(*table));
    free(*table);
    *table = NULL;
}

static size_t count_places(const gm_column *column) {
    return column->type == GM_COLUMN_CATEGORY ? column->category_count : GM_COLUMN_BINS;
}

gm_status gm_column_copy(gm_arena *arena, gm_column *copy, const gm_column *column) {
    *copy = *column;
    copy->name = gm_arena_string(arena, column->name);
    const char **words = gm_arena_alloc(arena, (column->category_count + 1) * sizeof *words);
    bool whole = copy->name && words;
    for (size_t i = 0; i < column->category_count && whole; i++)
        whole = (words[i] = gm_arena_string(arena, column->categories[i])) != NULL;
    if (column->date)
        whole = whole && (copy->date = gm_arena_string(arena, column->date));
    if (column->counts)
        whole = whole &&
                (copy->counts = gm_arena_copy(arena, column->counts, count_places(column) * sizeof *column->counts));
    copy->categories = column->categories ? words : NULL;
    if (column->modes) {
        void *modes = gm_arena_copy(arena, column->modes, column->mode_count * sizeof *column->modes);
        whole = whole && modes;
        copy->modes = (const double(*)[3])modes;
    }
    if (column->quantiles)
        whole = whole && (copy->quantiles = gm_arena_copy(arena, column->quantiles,
                                                          column->quantile_count * sizeof *column->quantiles));
    return whole ? GM_OK : gm_fail_memory(64, "a table's schema");
}

gm_status gm_table_schema_copy(gm_table_schema **copy, const gm_table_schema *table) {
    GM_TRY(gm_table_schema_create(copy));
    gm_table_schema *made = *copy;
    gm_arena *arena = gm_table_schema_arena(made);
    made->dialect = table->dialect;
    made->columns = gm_arena_alloc(arena, (table->column_count + 1) * sizeof *made->columns);
    gm_status status = made->columns ? GM_OK : gm_fail_memory(64, "a table's schema");
    for (; status == GM_OK && made->column_count < table->column_count; made->column_count++)
        status = gm_column_copy(arena, &made->columns[made->column_count], &table->columns[made->column_count]);
    if (status != GM_OK)
        gm_table_schema_destroy(copy);
    return status;
}

// ---- Columns ----

gm_column *gm_table_find_column(const gm_table_schema *table, const char *name) {
    for (size_t i = 0; table && i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

bool gm_column_is_number(const gm_column *column) {
    return column->type == GM_COLUMN_NUMBER || column->type == GM_COLUMN_INTEGER || column->type == GM_COLUMN_DATE;
}

bool gm_column_is_aside(const gm_column *column) {
    return column->type == GM_COLUMN_INDEX || column->type == GM_COLUMN_SKIP;
}

size_t gm_column_find_category(const gm_column *column, const char *word) {
    size_t i = 0;
    while (i < column->category_count && strcmp(column->categories[i], word) != 0)
        i++;
    return i;
}

bool gm_column_has_place(const gm_column *column) {
    return gm_column_is_number(column) && column->bounded && column->maximum > column->minimum;
}

bool gm_column_shows_missing(const gm_column *column) {
    return column->missing > 0 && (column->type == GM_COLUMN_CATEGORY ? column->category_count > 0
                                                                      : gm_column_is_number(column) && column->bounded);
}

bool gm_column_is_coded(const gm_column *column) {
    return gm_column_is_number(column) && (column->modes || column->quantiles);
}

size_t gm_column_choices(const gm_column *column) {
    size_t missing = gm_column_shows_missing(column);
    size_t choices = column->type == GM_COLUMN_CATEGORY ? column->category_count + missing
                     : gm_column_is_coded(column)       ? GM_MAX(column->mode_count, (size_t)1) + missing
                                                        : 0;
    return choices > 1 ? choices : 0;
}

size_t gm_column_codes(const gm_column *column) {
    bool marked = !gm_column_is_coded(column) && column->type != GM_COLUMN_CATEGORY && gm_column_shows_missing(column);
    return gm_column_has_place(column) + gm_column_choices(column) + marked;
}

size_t gm_column_stored(const gm_column *column) {
    size_t choices = gm_column_choices(column);
    return gm_column_codes(column) - choices + (choices > 0);
}

size_t gm_table_codes(const gm_table_schema *table) {
    size_t sum = 0;
    for (size_t i = 0; i < table->column_count; i++)
        sum += gm_column_codes(&table->columns[i]);
    return sum;
}

size_t gm_table_stored(const gm_table_schema *table) {
    size_t sum = 0;
    for (size_t i = 0; i < table->column_count; i++)
        sum += gm_column_stored(&table->columns[i]);
    return sum;
}
