// Filling in the missing cells of a table: reading it, a method's work on it, and writing it again.
#include "use/impute.h"

#include "data/table_text.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Opening ----

// Without the columns that are set aside.
static gm_status take_schema(gm_imputer *m, const gm_table_schema *found) {
    m->schema.dialect = found->dialect;
    m->schema.columns = gm_arena_alloc(&m->arena, (found->column_count + 1) * sizeof *m->schema.columns);
    if (!m->schema.columns)
        return gm_fail_memory(found->column_count * sizeof *m->schema.columns, "columns");
    for (size_t i = 0; i < found->column_count; i++)
        if (!gm_column_is_aside(&found->columns[i]))
            m->schema.columns[m->schema.column_count++] = found->columns[i];
    if (m->schema.column_count == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: has no column that could be filled in", m->table.path);
    m->columns = gm_arena_alloc(&m->arena, m->schema.column_count * sizeof *m->columns);
    m->wanted = gm_arena_alloc(&m->arena, m->schema.column_count * sizeof *m->wanted);
    return m->columns && m->wanted ? GM_OK : gm_fail_memory(m->schema.column_count, "columns");
}

static gm_status read_tables(gm_imputer *m, const char *path, const gm_imputer_options *options) {
    GM_TRY(gm_table_text_open(&m->table, path));
    if (options->fit)
        GM_TRY(gm_table_text_open(&m->other, options->fit));
    const gm_csv_source sources[] = {gm_table_text_source(&m->table), gm_table_text_source(&m->other)};
    GM_TRY(gm_table_find_lenient(&m->found, sources, options->fit ? 2 : 1, options->columns, NULL));
    GM_TRY(take_schema(m, m->found));
    GM_TRY(gm_table_text_read(&m->table, &m->schema, m->found->dialect.header));
    return options->fit ? gm_table_text_read(&m->other, &m->schema, m->found->dialect.header) : GM_OK;
}

// The positions of a table's rows, by the column `by`.
static gm_status find_places(gm_imputer *m, const gm_table_text *table, const char *by, double **places) {
    size_t columns = m->schema.column_count, at = 0;
    *places = NULL;
    if (!by)
        return GM_OK;
    while (at < columns && strcmp(m->schema.columns[at].name, by) != 0)
        at++;
    if (at == columns || !gm_column_is_number(&m->schema.columns[at]))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has no column '%.60s' of numbers or dates, in whose order it could go",
                       table->path, by);
    GM_TRY(gm_alloc(places, table->table.rows, sizeof **places, "positions"));
    for (size_t i = 0; i < table->table.rows; i++) {
        (*places)[i] = table->table.cells[i * columns + at];
        if (isnan((*places)[i]))
            return gm_fail(GM_ERROR_FORMAT,
                           "%s: row %zu has no '%.60s', in whose order the rows shall go: fill it in, "
                           "or leave the row out",
                           table->path, i + 1, by);
    }
    return GM_OK;
}

static gm_impute_rows rows_of(const gm_imputer *m, const gm_table_text *table, const double *places) {
    return (gm_impute_rows){&m->schema, table->table.rows, table->table.cells, places};
}

static gm_status open(gm_imputer *m, const char *path, const gm_imputer_options *options) {
    m->fitted = options->fit != NULL;
    m->seed = options->seed;
    m->steps = options->steps;
    m->device = (gm_impute_device){.selector = options->device, .device = options->opened};
    GM_TRY(read_tables(m, path, options));
    GM_TRY(find_places(m, &m->table, options->by, &m->places));
    if (m->fitted)
        GM_TRY(find_places(m, &m->other, options->by, &m->other_places));
    m->rows = rows_of(m, &m->table, m->places);
    m->learn = m->fitted ? rows_of(m, &m->other, m->other_places) : m->rows;
    for (size_t i = 0; i < m->schema.column_count; i++) {
        const gm_column *column = &m->schema.columns[i];
        m->columns[i] = (gm_impute_column){
            .name = column->name, .type = gm_column_type_name(column->type), .error = NAN, .baseline = NAN};
    }
    for (size_t i = 0; i < m->table.hole_count; i++) {
        m->columns[m->table.holes[i].column].missing++;
        m->wanted[m->table.holes[i].column] = true;
    }
    return GM_OK;
}

gm_status gm_imputer_open(gm_imputer **imputer, const char *path, const gm_imputer_options *options) {
    static const gm_imputer_options standard = {0};
    *imputer = NULL;
    GM_TRY(gm_alloc(imputer, 1, sizeof **imputer, "an imputer"));
    gm_status status = open(*imputer, path, options ? options : &standard);
    if (status != GM_OK)
        gm_imputer_close(imputer);
    return status;
}

void gm_imputer_close(gm_imputer **imputer) {
    gm_imputer *m = *imputer;
    if (!m)
        return;
    gm_device_close(&m->device.opened);
    gm_table_schema_destroy(&m->found);
    gm_table_text_finish(&m->table);
    gm_table_text_finish(&m->other);
    free(m->places);
    free(m->other_places);
    gm_arena_finish(&m->arena);
    free(m);
    *imputer = NULL;
}

size_t gm_imputer_rows(const gm_imputer *m) {
    return m->rows.count;
}

const gm_impute_column *gm_imputer_columns(const gm_imputer *m, size_t *count) {
    *count = m->schema.column_count;
    return m->columns;
}

// ---- Filling ----

gm_status gm_imputer_check(const gm_imputer *m, const gm_impute_fit *fit, bool draws) {
    const gm_impute_info *info = &fit->method->info;
    if (draws && !info->draws)
        return gm_fail(GM_ERROR_ARGUMENT, "%s fills in one value alone: only gain and ridge draw several tables",
                       info->name);
    if (m->fitted && info->series)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s goes along the rows of the table that is filled, and learns from no other", info->name);
    return GM_OK;
}

// What became of the columns.
static gm_status note_columns(gm_imputer *m, const gm_impute_fit *fit, const char *method, const double *values) {
    const gm_impute_choice *choices = gm_impute_choices(fit);
    char *name = gm_arena_string(&m->arena, method);
    if (!name)
        return gm_fail_memory(64, "a method");
    for (size_t i = 0; i < m->schema.column_count; i++) {
        gm_impute_column *column = &m->columns[i];
        char *chosen = choices && choices[i].method ? gm_arena_string(&m->arena, choices[i].method) : name;
        if (!chosen)
            return gm_fail_memory(64, "a method");
        column->left = 0;
        column->method = column->missing > 0 ? chosen : NULL;
        column->error = choices ? choices[i].error : NAN;
        column->baseline = choices ? choices[i].baseline : NAN;
    }
    for (size_t i = 0; i < m->table.hole_count; i++)
        m->columns[m->table.holes[i].column].left += isnan(values[i]) ? 1 : 0;
    for (size_t i = 0; i < m->schema.column_count; i++)
        if (m->columns[i].missing > 0 && m->columns[i].left == m->columns[i].missing)
            m->columns[i].method = NULL;
    return GM_OK;
}

static gm_status fill(gm_imputer *m, gm_impute_fit *fit, const char *method, const char *const *files, size_t count) {
    size_t columns = m->schema.column_count;
    double *cells = NULL, *values = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&cells, m->rows.count * columns, sizeof *cells, "cells"));
    GM_TRY_DONE(gm_alloc(&values, m->table.hole_count, sizeof *values, "cells"));
    GM_TRY_DONE(gm_impute_fit_run(fit));
    for (size_t k = 0; k < count; k++) {
        GM_TRY_DONE(gm_impute_fit_fill(fit, &m->rows, count > 1 ? k + 1 : 0, cells));
        for (size_t i = 0; i < m->table.hole_count; i++) {
            const gm_table_hole *hole = &m->table.holes[i];
            values[i] = gm_impute_round(&m->schema.columns[hole->column], cells[hole->row * columns + hole->column]);
        }
        if (k == 0)
            GM_TRY_DONE(note_columns(m, fit, method, values));
        GM_TRY_DONE(gm_table_text_write(&m->table, &m->schema, files[k], values, fit->text));
    }
done:
    free(cells);
    free(values);
    return status;
}

void gm_imputer_set_up(gm_imputer *m, gm_impute_fit *fit, const gm_impute_rows *learn, const bool *wanted,
                       uint64_t seed) {
    fit->learn = learn;
    fit->wanted = wanted;
    fit->seed = seed;
    fit->steps = m->steps;
    fit->device = &m->device;
}

gm_status gm_imputer_fill(gm_imputer *m, const char *method, const char *const *files, size_t count) {
    gm_impute_fit fit;
    GM_TRY(gm_impute_fit_init(&fit, method));
    gm_status status = gm_imputer_check(m, &fit, count > 1);
    gm_imputer_set_up(m, &fit, &m->learn, m->wanted, m->seed);
    if (status == GM_OK)
        status = fill(m, &fit, method, files, count);
    gm_impute_fit_finish(&fit);
    return status;
}
