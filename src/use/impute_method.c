// What all methods that fill in missing cells share: their arguments, learning and filling, cells that are hidden.
#include "use/impute_method.h"

#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gm_status read_argument(gm_impute_fit *fit, const char *text) {
    const gm_impute_method *m = fit->method;
    const gm_impute_info *info = &m->info;
    char *end;
    if (text && !info->argument)
        return gm_fail(GM_ERROR_ARGUMENT, "%s takes no argument, but '%.60s' is given", info->name, text);
    text = text ? text : info->standard;
    if (info->argument && !text)
        return gm_fail(GM_ERROR_ARGUMENT, "%s wants an argument: %s=%s", info->name, info->name, info->argument);
    fit->text = text ? gm_arena_string(&fit->arena, text) : "";
    if (!fit->text)
        return gm_fail_memory(64, "a method");
    if (!(m->most > m->least))
        return GM_OK;
    fit->number = gm_parse_double(text, &end);
    if (end == text || *end || !(fit->number >= m->least && fit->number <= m->most) || floor(fit->number) < fit->number)
        return gm_fail(GM_ERROR_ARGUMENT, "%s=%s expects a whole number from %g to %g, not '%.60s'", info->name,
                       info->argument, m->least, m->most, text);
    return GM_OK;
}

gm_status gm_impute_fit_start(gm_impute_fit *fit, const gm_impute_method *method, const char *argument) {
    *fit = (gm_impute_fit){.method = method};
    gm_status status = read_argument(fit, argument);
    if (status != GM_OK)
        gm_impute_fit_finish(fit);
    return status;
}

static gm_status fit_rest(gm_impute_fit *fit) {
    gm_impute_fit *rest = gm_arena_alloc(&fit->arena, sizeof *rest);
    if (!rest)
        return gm_fail_memory(sizeof *rest, "a method");
    GM_TRY(gm_impute_fit_start(rest, &gm_impute_by_mean, NULL));
    fit->rest = rest;
    rest->learn = fit->learn;
    return gm_impute_fit_run(rest);
}

gm_status gm_impute_fit_run(gm_impute_fit *fit) {
    if (fit->method->falls_back)
        GM_TRY(fit_rest(fit));
    return fit->method->fit ? fit->method->fit(fit) : GM_OK;
}

gm_status gm_impute_fit_fill(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    memcpy(cells, rows->cells, rows->count * rows->schema->column_count * sizeof *cells);
    GM_TRY(fit->method->fill(fit, rows, draw, cells));
    return fit->rest ? fit->rest->method->fill(fit->rest, rows, 0, cells) : GM_OK;
}

void gm_impute_fit_finish(gm_impute_fit *fit) {
    if (fit->method && fit->method->finish)
        fit->method->finish(fit);
    if (fit->rest)
        gm_impute_fit_finish(fit->rest);
    gm_arena_finish(&fit->arena);
    *fit = (gm_impute_fit){0};
}

// ---- The device ----

gm_status gm_impute_device_open(gm_impute_device *d) {
    if (d->device)
        return GM_OK;
    GM_TRY(gm_device_open(&d->opened, d->selector));
    d->device = d->opened;
    return GM_OK;
}

// ---- Cells ----

double gm_impute_round(const gm_column *column, double value) {
    double step = pow(10, (double)column->decimals);
    if (isnan(value) || column->type == GM_COLUMN_CATEGORY)
        return value;
    if (column->type != GM_COLUMN_NUMBER)
        return round(value);
    return column->decimals < GM_COLUMN_ANY_DECIMALS && fabs(value) * step < 1e15 ? round(value * step) / step : value;
}

double gm_impute_range(const gm_impute_rows *rows, size_t column) {
    double least = INFINITY, most = -INFINITY;
    size_t width = rows->schema->column_count;
    for (size_t i = 0; i < rows->count; i++) {
        double cell = rows->cells[i * width + column];
        least = cell < least ? cell : least;
        most = cell > most ? cell : most;
    }
    return most > least ? most - least : 0;
}

double gm_impute_loss(const gm_column *column, double range, double truth, double filled) {
    if (isnan(filled))
        return 1;
    if (column->type == GM_COLUMN_CATEGORY)
        return truth < filled || truth > filled ? 1 : 0;
    double off = range > 0 ? (filled - truth) / range : 0;
    return off * off;
}

void gm_impute_hide(const gm_impute_rows *rows, double share, const char *stream, uint64_t seed, double *cells,
                    bool *hidden) {
    size_t count = rows->count * rows->schema->column_count;
    const uint32_t number = gm_stream(stream);
    for (size_t i = 0; i < count; i++) {
        hidden[i] = !isnan(rows->cells[i]) && gm_philox_uniform(seed, number, 0, 0, i) < share;
        cells[i] = hidden[i] ? NAN : rows->cells[i];
    }
}
