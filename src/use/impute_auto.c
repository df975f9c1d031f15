// Filling each column by the method that does best there: some known cells are hidden, every method fills them in, and
// the errors tell. What is chosen then learns from all of the table.
#include "use/impute_method.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_METHODS = 16 };

static const double hidden_share = 0.2;

typedef struct choices {
    gm_impute_choice *columns;
    size_t *chosen; // of every column, among the methods
    const gm_impute_method *methods[MOST_METHODS];
    char *names[MOST_METHODS];
    gm_impute_fit fits[MOST_METHODS]; // of all of the table, of those that are chosen
    double *losses;                   // (methods, columns) sums over hidden cells
    size_t *counts;                   // hidden cells of columns
    size_t count;
} choices;

const gm_impute_choice *gm_impute_choices(const gm_impute_fit *fit) {
    return fit->method == &gm_impute_by_auto ? ((const choices *)fit->state)->columns : NULL;
}

static void set_up(gm_impute_fit *inner, const gm_impute_fit *fit, const gm_impute_rows *learn, const bool *wanted) {
    inner->learn = learn;
    inner->wanted = wanted;
    inner->seed = fit->seed;
    inner->steps = fit->steps;
    inner->device = fit->device;
}

// ---- Trying ----

typedef struct trial {
    gm_impute_rows rows; // with some cells hidden
    double *cells, *filled, *ranges;
    bool *hidden, *wanted;
} trial;

static gm_status trial_init(trial *t, const gm_impute_fit *fit) {
    const gm_impute_rows *learn = fit->learn;
    size_t columns = learn->schema->column_count, cells = learn->count * columns;
    GM_TRY(gm_alloc(&t->cells, cells, sizeof *t->cells, "cells"));
    GM_TRY(gm_alloc(&t->filled, cells, sizeof *t->filled, "cells"));
    GM_TRY(gm_alloc(&t->hidden, cells, sizeof *t->hidden, "cells"));
    GM_TRY(gm_alloc(&t->wanted, columns, sizeof *t->wanted, "columns"));
    GM_TRY(gm_alloc(&t->ranges, columns, sizeof *t->ranges, "columns"));
    gm_impute_hide(learn, hidden_share, "impute.auto", fit->seed, t->cells, t->hidden);
    for (size_t i = 0; i < columns; i++) {
        t->wanted[i] = fit->wanted[i];
        t->ranges[i] = gm_impute_range(learn, i);
    }
    t->rows = *learn;
    t->rows.cells = t->cells;
    return GM_OK;
}

static void trial_finish(trial *t) {
    free(t->cells);
    free(t->filled);
    free(t->hidden);
    free(t->wanted);
    free(t->ranges);
}

static gm_status try_method(choices *c, size_t method, const gm_impute_fit *fit, const trial *t) {
    const gm_impute_rows *learn = fit->learn;
    size_t columns = learn->schema->column_count;
    gm_impute_fit inner;
    GM_TRY(gm_impute_fit_start(&inner, c->methods[method], NULL));
    set_up(&inner, fit, &t->rows, t->wanted);
    gm_status status = gm_impute_fit_run(&inner);
    if (status == GM_OK)
        status = gm_impute_fit_fill(&inner, &t->rows, 0, t->filled);
    gm_impute_fit_finish(&inner);
    for (size_t i = 0; i < learn->count * columns && status == GM_OK; i++)
        if (t->hidden[i])
            c->losses[method * columns + i % columns] +=
                gm_impute_loss(&learn->schema->columns[i % columns], t->ranges[i % columns], learn->cells[i],
                               gm_impute_round(&learn->schema->columns[i % columns], t->filled[i]));
    return status;
}

// ---- Choosing ----

static double mean_loss(const choices *c, size_t columns, size_t method, size_t column) {
    return c->losses[method * columns + column] / (double)c->counts[column];
}

// Over all columns, each counting the same.
static size_t best_of_all(const choices *c, size_t columns) {
    size_t best = 0;
    double least = INFINITY;
    for (size_t m = 0; m < c->count; m++) {
        double sum = 0;
        for (size_t i = 0; i < columns; i++)
            sum += c->counts[i] > 0 ? mean_loss(c, columns, m, i) : 0;
        if (sum < least) {
            least = sum;
            best = m;
        }
    }
    return best;
}

static void choose(choices *c, const gm_impute_fit *fit) {
    const gm_table_schema *schema = fit->learn->schema;
    size_t columns = schema->column_count, fallback = best_of_all(c, columns);
    for (size_t i = 0; i < columns; i++) {
        size_t best = c->counts[i] > 0 ? 0 : fallback;
        for (size_t m = 1; m < c->count && c->counts[i] > 0; m++)
            if (c->losses[m * columns + i] < c->losses[best * columns + i])
                best = m;
        bool category = schema->columns[i].type == GM_COLUMN_CATEGORY;
        double error = mean_loss(c, columns, best, i), baseline = mean_loss(c, columns, 0, i);
        c->chosen[i] = best;
        c->columns[i] =
            (gm_impute_choice){c->names[best], category ? error : sqrt(error), category ? baseline : sqrt(baseline)};
    }
}

static gm_status begin(gm_impute_fit *fit, choices **out) {
    size_t columns = fit->learn->schema->column_count;
    choices *c = *out = gm_arena_alloc(&fit->arena, sizeof *c);
    if (!c)
        return gm_fail_memory(sizeof *c, "methods");
    c->columns = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->columns);
    c->chosen = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->chosen);
    c->counts = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->counts);
    c->losses = gm_arena_alloc(&fit->arena, (columns + 1) * MOST_METHODS * sizeof *c->losses);
    if (!c->columns || !c->chosen || !c->counts || !c->losses)
        return gm_fail_memory(columns * sizeof *c->losses, "methods");
    for (size_t i = 0; i < fit->method_count && c->count < MOST_METHODS; i++) { // the first is the mean, the baseline
        const gm_impute_info *info = &fit->methods[i]->info;
        if (!info->tried)
            continue;
        char *name = gm_arena_printf(&fit->arena, "%s%s%s", info->name, info->argument ? "=" : "",
                                     info->argument ? info->standard : "");
        if (!name)
            return gm_fail_memory(64, "methods");
        c->methods[c->count] = fit->methods[i];
        c->names[c->count++] = name;
    }
    return GM_OK;
}

static gm_status fit_auto(gm_impute_fit *fit) {
    const gm_impute_rows *learn = fit->learn;
    size_t columns = learn->schema->column_count;
    trial t = {0};
    choices *c;
    gm_status status;
    GM_TRY_DONE(begin(fit, &c));
    GM_TRY_DONE(trial_init(&t, fit));
    for (size_t i = 0; i < learn->count * columns; i++)
        c->counts[i % columns] += t.hidden[i];
    for (size_t m = 0; m < c->count; m++)
        GM_TRY_DONE(try_method(c, m, fit, &t));
    choose(c, fit);
    fit->state = c;
    for (size_t m = 0; m < c->count; m++) {
        bool chosen = false;
        for (size_t i = 0; i < columns; i++)
            chosen = chosen || (c->chosen[i] == m && fit->wanted[i]);
        if (!chosen)
            continue;
        GM_TRY_DONE(gm_impute_fit_start(&c->fits[m], c->methods[m], NULL));
        set_up(&c->fits[m], fit, learn, fit->wanted);
        GM_TRY_DONE(gm_impute_fit_run(&c->fits[m]));
    }
done:
    trial_finish(&t);
    return status;
}

static void finish(gm_impute_fit *fit) {
    choices *c = fit->state;
    for (size_t m = 0; c && m < c->count; m++)
        gm_impute_fit_finish(&c->fits[m]);
}

// ---- Filling ----

static gm_status fill_auto(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    const choices *c = fit->state;
    size_t columns = rows->schema->column_count;
    double *filled;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&filled, rows->count * columns, sizeof *filled, "cells"));
    for (size_t m = 0; m < c->count && status == GM_OK; m++) {
        if (!c->fits[m].method)
            continue;
        status = gm_impute_fit_fill(&c->fits[m], rows, draw, filled);
        for (size_t i = 0; i < rows->count * columns && status == GM_OK; i++)
            if (c->chosen[i % columns] == m && isnan(cells[i]))
                cells[i] = filled[i];
    }
    free(filled);
    return status;
}

const gm_impute_method gm_impute_by_auto = {
    .info = {"auto", NULL, NULL,
             "each column by the method that does best on known cells that are hidden first: of those marked *", false,
             false, false},
    .falls_back = true,
    .fit = fit_auto,
    .fill = fill_auto,
    .finish = finish};
