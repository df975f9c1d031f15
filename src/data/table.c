// Tables with columns of several types: the first pass over a file finds its schema, the second reads the rows by it.
#include "data/table.h"

#include "data/table_column.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Names ----

// The names in a header, which has been read, or numbers. *names: an array in the arena.
static gm_status take_names(const gm_csv_rows *rows, gm_arena *arena, const char ***names) {
    const char **list = gm_arena_alloc(arena, rows->columns * sizeof *list);
    bool whole = list != NULL;
    for (size_t i = 0; i < rows->columns && whole; i++) {
        const char *name = rows->dialect.header ? gm_csv_field(rows, i) : NULL;
        if (name && strlen(name) > GM_COLUMN_NAME_BYTES)
            return gm_fail(GM_ERROR_FORMAT, "%s:%zu: the name of column %zu has more than %d bytes", rows->name,
                           rows->row_line, i + 1, GM_COLUMN_NAME_BYTES);
        list[i] = name ? gm_arena_string(arena, name) : gm_arena_printf(arena, "%zu", i + 1);
        whole = list[i] != NULL;
    }
    *names = list;
    return whole ? GM_OK : gm_fail_memory(rows->columns * sizeof *list, "the names of columns");
}

typedef struct place {
    const char *name;
    size_t column;
} place;

static int compare_places(const void *a, const void *b) {
    const place *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : (left->column > right->column) - (left->column < right->column);
}

// The names in order, to be searched.
static gm_status sort_names(const char *const *names, size_t count, place **sorted) {
    GM_TRY(gm_alloc(sorted, count, sizeof **sorted, "the names of columns"));
    for (size_t i = 0; i < count; i++)
        (*sorted)[i] = (place){names[i], i};
    if (count > 0)
        qsort(*sorted, count, sizeof **sorted, compare_places);
    return GM_OK;
}

static int compare_name(const void *name, const void *place_) {
    return strcmp(name, ((const place *)place_)->name);
}

static const place *find_place(const place *sorted, size_t count, const char *name) {
    return count > 0 ? bsearch(name, sorted, count, sizeof *sorted, compare_name) : NULL;
}

static gm_status check_names(const gm_csv_rows *rows, const place *sorted, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
            return gm_fail(GM_ERROR_FORMAT, "%s: columns %zu and %zu %s%.60s%s: name each in its own way", rows->name,
                           sorted[i - 1].column + 1, sorted[i].column + 1,
                           *sorted[i].name ? "are both named '" : "have no name", sorted[i].name,
                           *sorted[i].name ? "'" : "");
    return GM_OK;
}

// Opens the rows, and reads the header if there is one.
static gm_status open_rows(gm_csv_rows *rows, const gm_csv_source *source, const gm_table_dialect *given) {
    bool end = false;
    GM_TRY(gm_csv_rows_open(rows, source, given));
    gm_status status = rows->dialect.header ? gm_csv_rows_next(rows, &end) : GM_OK;
    if (status != GM_OK)
        gm_csv_rows_finish(rows);
    return status;
}

// ---- Finding a schema ----

typedef struct finder {
    const gm_table_schema *given;
    gm_table_dialect dialect; // of the first table
    gm_column_finder *columns;
    size_t count, rows;
    const char **names;
    place *sorted; // the names
    gm_arena arena;
    bool lenient;
} finder;

static gm_status begin_columns(finder *f, const gm_csv_rows *rows) {
    GM_TRY(take_names(rows, &f->arena, &f->names));
    GM_TRY(sort_names(f->names, rows->columns, &f->sorted));
    GM_TRY(gm_alloc(&f->columns, rows->columns, sizeof *f->columns, rows->name));
    f->count = rows->columns;
    f->dialect = rows->dialect;
    for (size_t i = 0; i < f->count; i++) {
        gm_column_finder_init(&f->columns[i], f->names[i], gm_table_find_column(f->given, f->names[i]), i == 0);
        f->columns[i].lenient = f->lenient;
    }
    for (size_t i = 0; f->given && i < f->given->column_count; i++)
        if (!find_place(f->sorted, f->count, f->given->columns[i].name))
            return gm_fail(GM_ERROR_FORMAT, "%s: has no column '%.60s', which data.columns names", rows->name,
                           f->given->columns[i].name);
    return GM_OK;
}

// Which of the columns each of a further table is; SIZE_MAX: none.
static gm_status match_columns(finder *f, const gm_csv_rows *rows, size_t *order) {
    gm_arena arena = {0};
    const char **names;
    gm_status status = take_names(rows, &arena, &names);
    bool *seen = gm_arena_alloc(&arena, f->count + 1);
    if (status == GM_OK && !seen)
        status = gm_fail_memory(f->count, "columns");
    for (size_t i = 0; i < rows->columns && status == GM_OK; i++) {
        const place *found = find_place(f->sorted, f->count, names[i]);
        order[i] = found && !seen[found->column] ? found->column : SIZE_MAX;
        if (order[i] < f->count)
            seen[order[i]] = true;
    }
    for (size_t i = 0; i < f->count && status == GM_OK; i++)
        f->columns[i].lacking = f->columns[i].lacking || !seen[i];
    gm_arena_finish(&arena);
    return status;
}

// The reader is behind the header, if there is one; without, the first row tells how many columns there are.
static gm_status find_rows(finder *f, gm_csv_rows *rows) {
    bool single = !f->columns, end = false;
    size_t row = 0, *order = NULL;
    gm_status status = GM_OK;
    if (!rows->dialect.header)
        GM_TRY(gm_csv_rows_next(rows, &end));
    if (single)
        GM_TRY(begin_columns(f, rows));
    GM_TRY(gm_alloc(&order, GM_MAX(rows->columns, f->count), sizeof *order, rows->name));
    for (size_t i = 0; i < f->count; i++)
        order[i] = i;
    if (!single)
        GM_TRY_DONE(match_columns(f, rows, order));
    if (rows->dialect.header)
        GM_TRY_DONE(gm_csv_rows_next(rows, &end));
    for (; !end; row++) {
        for (size_t i = 0; i < rows->columns; i++)
            if (order[i] < f->count)
                GM_TRY_DONE(
                    gm_column_finder_add(&f->columns[order[i]], rows, &f->arena, gm_csv_field(rows, i), row, single));
        GM_TRY_DONE(gm_csv_rows_next(rows, &end));
    }
    f->rows += row;
    if (single)
        f->dialect = rows->dialect;
    if (row == 0)
        status = gm_fail(GM_ERROR_FORMAT, "%s: has a header but no rows", rows->name);
done:
    free(order);
    return status;
}

// In the order of the file, or, where all columns are given, of these.
static gm_status end_columns(finder *f, const gm_csv_rows *rows, gm_table_schema *schema) {
    gm_arena *arena = gm_table_schema_arena(schema);
    bool reordered = f->given && f->given->column_count == f->count, matrix = true;
    for (size_t i = 0; i < f->count; i++)
        matrix = matrix && f->columns[i].numbers.count == f->rows;
    schema->dialect = f->dialect;
    if (!schema->dialect.decimal)
        schema->dialect.decimal = '.';
    schema->columns = gm_arena_alloc(arena, f->count * sizeof *schema->columns);
    if (!schema->columns)
        return gm_fail_memory(f->count * sizeof *schema->columns, "a table's schema");
    for (size_t i = 0; i < f->count; i++) {
        size_t from = reordered ? find_place(f->sorted, f->count, f->given->columns[i].name)->column : i;
        gm_column column;
        if (f->columns[from].lacking)
            continue;
        GM_TRY(gm_column_finder_end(&f->columns[from], rows, &f->arena, f->rows, matrix, &column));
        GM_TRY(gm_column_copy(arena, &schema->columns[schema->column_count++], &column));
    }
    return !f->lenient && gm_table_is_plain(schema) ? GM_OK : check_names(rows, f->sorted, f->count);
}

static gm_status find_all(gm_table_schema **schema, const gm_csv_source *sources, size_t count,
                          const gm_table_schema *given, size_t *rows_found, bool lenient) {
    finder f = {.given = given && given->column_count > 0 ? given : NULL, .lenient = lenient};
    gm_csv_rows rows = {.file = -1};
    GM_TRY(gm_table_schema_create(schema));
    gm_status status = GM_OK;
    for (size_t i = 0; i < count; i++) {
        gm_csv_rows_finish(&rows);
        GM_TRY_DONE(open_rows(&rows, &sources[i], given && i == 0 ? &given->dialect : NULL));
        GM_TRY_DONE(find_rows(&f, &rows));
    }
    GM_TRY_DONE(end_columns(&f, &rows, *schema));
    if (rows_found)
        *rows_found = f.rows;
done:
    gm_csv_rows_finish(&rows);
    for (size_t i = 0; i < f.count && f.columns; i++)
        gm_column_finder_finish(&f.columns[i]);
    free(f.columns);
    free(f.sorted);
    gm_arena_finish(&f.arena);
    if (status != GM_OK)
        gm_table_schema_destroy(schema);
    return status;
}

gm_status gm_table_find_all(gm_table_schema **schema, const gm_csv_source *sources, size_t count,
                            const gm_table_schema *given, size_t *rows) {
    return find_all(schema, sources, count, given, rows, false);
}

gm_status gm_table_find_lenient(gm_table_schema **schema, const gm_csv_source *sources, size_t count,
                                const gm_table_schema *given, size_t *rows) {
    return find_all(schema, sources, count, given, rows, true);
}

gm_status gm_table_find(gm_table_schema **schema, const char *path, const gm_table_schema *given) {
    return gm_table_find_all(schema, &(gm_csv_source){.name = path}, 1, given, NULL);
}

bool gm_table_is_plain(const gm_table_schema *schema) {
    for (size_t i = 0; i < schema->column_count; i++) {
        const gm_column *column = &schema->columns[i];
        if ((column->type != GM_COLUMN_NUMBER && column->type != GM_COLUMN_INTEGER) || column->missing > 0)
            return false;
    }
    return true;
}

// ---- Reading rows by a schema ----

// The column of the file that each of the schema's is.
static gm_status match_schema(gm_table_rows *t) {
    const gm_table_schema *schema = t->schema;
    gm_arena arena = {0};
    const char **names;
    place *sorted = NULL;
    gm_status status;
    GM_TRY_DONE(take_names(&t->rows, &arena, &names));
    GM_TRY_DONE(sort_names(names, t->rows.columns, &sorted));
    for (size_t i = 0; i < schema->column_count && status == GM_OK; i++) {
        const place *found = find_place(sorted, t->rows.columns, schema->columns[i].name);
        if (found)
            t->places[i] = found->column;
        else
            status = gm_fail(GM_ERROR_FORMAT, "%s: has no column '%.60s'", t->rows.name, schema->columns[i].name);
    }
done:
    free(sorted);
    gm_arena_finish(&arena);
    return status;
}

static gm_status refuse_cell(const gm_table_rows *t, const gm_column *column, const char *text, const char *what) {
    int shown = (int)GM_MIN(strcspn(text, "\r\n"), (size_t)40);
    return gm_fail(GM_ERROR_FORMAT, "%s:%zu: %s: \"%.*s\" %s", t->rows.name, t->rows.row_line,
                   gm_column_label_of(&t->rows, column->name).text, shown, text, what);
}

static gm_status read_cell(gm_table_rows *t, const gm_column *column, char *text, double *cell) {
    size_t category = column->type == GM_COLUMN_CATEGORY ? gm_column_find_category(column, text) : 0;
    *cell = NAN;
    if (gm_column_is_aside(column))
        return GM_OK;
    if (column->type == GM_COLUMN_CATEGORY && category < column->category_count) {
        *cell = (double)category;
        return GM_OK;
    }
    if (gm_cell_is_missing(text))
        return column->missing > 0 ? GM_OK
                                   : refuse_cell(t, column, text, "is a missing value, which its column has none of");
    if (column->type == GM_COLUMN_CATEGORY)
        return refuse_cell(t, column, text, "is none of its categories");
    if (column->type == GM_COLUMN_DATE)
        return column->date && gm_cell_date(text, column->date, cell)
                   ? GM_OK
                   : refuse_cell(t, column, text, "is no date of the form that the column has");
    return gm_read_number(&t->rows, text, cell, NULL) ? GM_OK
                                                      : refuse_cell(t, column, text, gm_number_fault(&t->rows, text));
}

static gm_status start_rows(gm_table_rows *t, const gm_csv_source *source, const gm_table_dialect *dialect) {
    GM_TRY(open_rows(&t->rows, source, dialect ? dialect : &t->schema->dialect));
    GM_TRY(gm_alloc(&t->places, t->schema->column_count, sizeof *t->places, source->name));
    return gm_alloc(&t->cells, t->schema->column_count, sizeof *t->cells, source->name);
}

gm_status gm_table_rows_open(gm_table_rows *t, const gm_csv_source *source, const gm_table_schema *schema,
                             const gm_table_dialect *dialect) {
    *t = (gm_table_rows){.schema = schema, .rows = {.file = -1}};
    gm_status status = start_rows(t, source, dialect);
    if (status == GM_OK && t->rows.dialect.header)
        status = match_schema(t);
    if (status != GM_OK)
        gm_table_rows_finish(t);
    return status;
}

gm_status gm_table_rows_next(gm_table_rows *t, bool *end) {
    bool first = t->rows.columns == 0;
    GM_TRY(gm_csv_rows_next(&t->rows, end));
    if (*end)
        return GM_OK;
    if (first)
        GM_TRY(match_schema(t));
    for (size_t i = 0; i < t->schema->column_count; i++)
        GM_TRY(read_cell(t, &t->schema->columns[i], gm_csv_field(&t->rows, t->places[i]), &t->cells[i]));
    return GM_OK;
}

void gm_table_rows_finish(gm_table_rows *t) {
    gm_csv_rows_finish(&t->rows);
    free(t->places);
    free(t->cells);
    *t = (gm_table_rows){.rows = {.file = -1}};
}

gm_status gm_table_read(const char *path, const gm_table_schema *schema, gm_table *table) {
    gm_table_rows reader;
    size_t capacity = 0, columns = schema->column_count;
    bool end = false;
    *table = (gm_table){0};
    const gm_table_dialect dialect = {.header_known = schema->dialect.header_known, .header = schema->dialect.header};
    GM_TRY(gm_table_rows_open(&reader, &(gm_csv_source){.name = path}, schema, &dialect));
    gm_status status = gm_table_rows_next(&reader, &end);
    while (status == GM_OK && !end) {
        for (size_t i = 0; i < columns && status == GM_OK; i++) {
            status = gm_grow(&table->cells, table->rows * columns + i, &capacity, sizeof *table->cells, path);
            if (status == GM_OK)
                table->cells[table->rows * columns + i] = reader.cells[i];
        }
        table->rows++;
        if (status == GM_OK)
            status = gm_table_rows_next(&reader, &end);
    }
    gm_table_rows_finish(&reader);
    if (status != GM_OK)
        gm_table_finish(table);
    return status;
}

void gm_table_finish(gm_table *table) {
    if (!table)
        return;
    free(table->cells);
    *table = (gm_table){0};
}
