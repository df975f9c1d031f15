// How well missing cells are filled in: known ones are hidden, filled and compared, over several seeds.
#include "use/impute.h"

#include <math.h>
#include <stdlib.h>

enum { SEEDS = 5 };

// One method on one seed's hidden cells.
typedef struct result {
    double squares, written;
    size_t numbers, right, categories, left, within, judged;
} result;

typedef struct scorer {
    gm_imputer *imputer;
    const gm_impute_scoring *scoring;
    gm_impute_rows rows; // with some cells hidden
    double *cells, *filled, *ranges;
    float *below; // of hidden cells: the share of drawn values below the truth, ties halved
    bool *hidden, *wanted;
} scorer;

static gm_status scorer_init(scorer *s) {
    gm_imputer *m = s->imputer;
    size_t columns = m->schema.column_count, cells = m->rows.count * columns;
    GM_TRY(gm_alloc(&s->cells, cells, sizeof *s->cells, "cells"));
    GM_TRY(gm_alloc(&s->filled, cells, sizeof *s->filled, "cells"));
    GM_TRY(gm_alloc(&s->hidden, cells, sizeof *s->hidden, "cells"));
    GM_TRY(gm_alloc(&s->below, cells, sizeof *s->below, "cells"));
    GM_TRY(gm_alloc(&s->ranges, columns, sizeof *s->ranges, "columns"));
    GM_TRY(gm_alloc(&s->wanted, columns, sizeof *s->wanted, "columns"));
    for (size_t i = 0; i < columns; i++) {
        s->wanted[i] = true;
        s->ranges[i] = gm_impute_range(&m->rows, i);
    }
    s->rows = m->rows;
    s->rows.cells = s->cells;
    return GM_OK;
}

static void scorer_finish(scorer *s) {
    free(s->cells);
    free(s->filled);
    free(s->hidden);
    free(s->below);
    free(s->ranges);
    free(s->wanted);
}

static void compare(const scorer *s, result *r) {
    const gm_imputer *m = s->imputer;
    size_t columns = m->schema.column_count;
    *r = (result){0};
    for (size_t i = 0; i < m->rows.count * columns; i++) {
        const gm_column *column = &m->schema.columns[i % columns];
        double truth = m->rows.cells[i], value = s->filled[i], range = s->ranges[i % columns];
        if (!s->hidden[i])
            continue;
        r->left += isnan(value) ? 1 : 0;
        if (column->type == GM_COLUMN_CATEGORY) {
            r->categories++;
            r->right += gm_impute_loss(column, range, truth, value) > 0 ? 0 : 1;
            continue;
        }
        r->numbers++;
        r->squares += gm_impute_loss(column, range, truth, value);
        r->written += gm_impute_loss(column, range, truth, gm_impute_round(column, value));
    }
}

// Where the truth lies among drawn values.
static gm_status judge_draws(scorer *s, const gm_impute_fit *fit, result *r) {
    const gm_imputer *m = s->imputer;
    size_t columns = m->schema.column_count, cells = m->rows.count * columns, draws = s->scoring->draws;
    for (size_t i = 0; i < cells; i++)
        s->below[i] = 0;
    for (size_t draw = 1; draw <= draws; draw++) {
        GM_TRY(gm_impute_fit_fill(fit, &s->rows, draw, s->filled));
        for (size_t i = 0; i < cells; i++) {
            double value = s->filled[i], truth = m->rows.cells[i];
            s->below[i] += (value < truth ? 1.F : value > truth ? 0.F : .5F) / (float)draws;
        }
    }
    for (size_t i = 0; i < cells; i++) {
        if (!s->hidden[i] || m->schema.columns[i % columns].type == GM_COLUMN_CATEGORY)
            continue;
        r->judged++;
        r->within += s->below[i] > .0499F && s->below[i] < .9501F;
    }
    return GM_OK;
}

static gm_status run_seed(scorer *s, const char *method, uint64_t seed, result *r) {
    gm_imputer *m = s->imputer;
    gm_impute_fit fit;
    GM_TRY(gm_impute_fit_init(&fit, method));
    gm_impute_hide(&m->rows, s->scoring->share, "impute.hidden", seed, s->cells, s->hidden);
    gm_imputer_set_up(m, &fit, m->fitted ? &m->learn : &s->rows, s->wanted, seed);
    gm_status status;
    GM_TRY_DONE(gm_imputer_check(m, &fit, false));
    GM_TRY_DONE(gm_impute_fit_run(&fit));
    GM_TRY_DONE(gm_impute_fit_fill(&fit, &s->rows, 0, s->filled));
    compare(s, r);
    if (r->numbers + r->categories == 0)
        GM_TRY_DONE(gm_fail(GM_ERROR_ARGUMENT,
                            "%s: has too few known cells: none of them is among the %g that are "
                            "hidden",
                            m->table.path, s->scoring->share));
    if (s->scoring->draws > 0 && fit.method->info.draws)
        status = judge_draws(s, &fit, r);
done:
    gm_impute_fit_finish(&fit);
    return status;
}

static double deviation(const gm_running_mean *mean) {
    return mean->count > 1 ? sqrt(mean->squares / (double)(mean->count - 1)) : mean->count > 0 ? 0 : NAN;
}

static double value_of(const gm_running_mean *mean) {
    return mean->count > 0 ? mean->value : NAN;
}

static gm_status score(scorer *s, const char *method, gm_impute_score *out) {
    size_t seeds = s->scoring->seeds ? s->scoring->seeds : SEEDS;
    gm_running_mean rmse = {0}, written = {0}, accuracy = {0}, coverage = {0};
    *out = (gm_impute_score){.method = method};
    for (size_t k = 0; k < seeds; k++) {
        result r;
        GM_TRY(run_seed(s, method, s->imputer->seed + k, &r));
        if (r.numbers > 0) {
            gm_running_mean_add(&rmse, sqrt(r.squares / (double)r.numbers));
            gm_running_mean_add(&written, sqrt(r.written / (double)r.numbers));
        }
        if (r.categories > 0)
            gm_running_mean_add(&accuracy, (double)r.right / (double)r.categories);
        if (r.judged > 0)
            gm_running_mean_add(&coverage, (double)r.within / (double)r.judged);
        out->left += r.left;
    }
    out->rmse = value_of(&rmse);
    out->rmse_spread = deviation(&rmse);
    out->written = value_of(&written);
    out->accuracy = value_of(&accuracy);
    out->accuracy_spread = deviation(&accuracy);
    out->coverage = value_of(&coverage);
    return GM_OK;
}

// All that can be used here, with the standard arguments.
static gm_status list_methods(scorer *s, const char ***names, size_t *count) {
    gm_imputer *m = s->imputer;
    size_t methods, given = s->scoring->methods ? s->scoring->method_count : 0;
    const gm_impute_info *infos = gm_impute_methods(&methods);
    *count = 0;
    *names = gm_arena_alloc(&m->arena, (methods + given) * sizeof **names);
    if (!*names)
        return gm_fail_memory(methods * sizeof **names, "methods");
    for (size_t i = 0; i < given; i++) {
        gm_impute_fit fit; // an argument that is wrong is told before work
        GM_TRY(gm_impute_fit_init(&fit, s->scoring->methods[i]));
        gm_status status = gm_imputer_check(m, &fit, false);
        gm_impute_fit_finish(&fit);
        GM_TRY(status);
        (*names)[(*count)++] = gm_arena_string(&m->arena, s->scoring->methods[i]);
    }
    for (size_t i = 0; i < methods && given == 0; i++)
        if ((!infos[i].argument || infos[i].standard) && !(m->fitted && infos[i].series)) {
            bool plain = !infos[i].argument || !*infos[i].standard;
            (*names)[(*count)++] =
                gm_arena_printf(&m->arena, "%s%s%s", infos[i].name, plain ? "" : "=", plain ? "" : infos[i].standard);
        }
    for (size_t i = 0; i < *count; i++)
        if (!(*names)[i])
            return gm_fail_memory(64, "methods");
    return GM_OK;
}

gm_status gm_imputer_score(gm_imputer *imputer, const gm_impute_scoring *scoring, gm_impute_score **scores,
                           size_t *count) {
    scorer s = {.imputer = imputer, .scoring = scoring};
    const char **names;
    gm_status status;
    *scores = NULL;
    if (!(scoring->share > 0 && scoring->share < 1))
        return gm_fail(GM_ERROR_ARGUMENT, "the share of cells that are hidden is above 0 and below 1, not %g",
                       scoring->share);
    GM_TRY_DONE(list_methods(&s, &names, count));
    GM_TRY_DONE(scorer_init(&s));
    GM_TRY_DONE(gm_alloc(scores, *count, sizeof **scores, "scores"));
    for (size_t i = 0; i < *count; i++) {
        GM_TRY_DONE(score(&s, names[i], &(*scores)[i]));
        if (scoring->done)
            scoring->done(&(*scores)[i], scoring->user);
    }
done:
    scorer_finish(&s);
    if (status != GM_OK) {
        free(*scores);
        *scores = NULL;
    }
    return status;
}
