// Filling by chained equations (van Buuren and Groothuis-Oudshoorn 2011): every column is predicted from all others,
// again and again, with what was predicted for their missing cells in place of them. Numbers by ridge regression,
// categories by multinomial logistic regression; drawn tables take weights and noise at random, as their posterior has
// them, so that they differ by what is not known.
//
// Of wide tables an equation has the predictors of the largest correlations alone, and of long ones a part of the rows
// is learned from: as many as an amount of work allows.
#include "use/impute_ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 10, MOST_ROWS = 1 << 16, LEAST_PREDICTORS = 16, RANKED_ROWS = 1024, PART = 256 };

static const double most_work = 4e11; // products of two numbers, about
static const double settled = 1e-3;   // a sweep that moves numbers by less of their deviations is the last

typedef struct chain {
    gm_codes codes;
    gm_code_rows rows;
    gm_equation *equations; // of every column of the schema
    size_t *order, count;   // columns that have one, those with the fewest missing cells first
    size_t *missing;        // missing cells of the rows, of every column
    size_t most;            // predictors of an equation
} chain;

// ---- Which predictors ----

typedef struct ranked {
    double strength;
    size_t code;
} ranked;

static int falling(const void *a, const void *b) {
    const ranked *left = a, *right = b;
    int order = (left->strength < right->strength) - (left->strength > right->strength);
    return order != 0 ? order : (left->code > right->code) - (left->code < right->code);
}

// How far each code goes with a column's, over some of the rows: the largest of its squared correlations with them.
static void rank(const chain *c, size_t column, size_t step, ranked *codes) {
    const gm_code_column *own = &c->codes.columns[column];
    for (size_t code = 0; code < c->codes.count; code++) {
        double best = 0;
        for (size_t k = 0; k < own->count; k++) {
            double xy = 0, xx = 1e-9, yy = 1e-9;
            for (size_t row = 0; row < c->rows.count; row += step) {
                const float *values = c->rows.values + row * c->codes.count;
                double x = (double)values[code], y = (double)values[own->first + k];
                xy += x * y;
                xx += x * x;
                yy += y * y;
            }
            best = fmax(best, xy * xy / (xx * yy));
        }
        codes[code] = (ranked){best, code};
    }
}

static int rising(const void *a, const void *b) {
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

typedef struct chooser {
    const chain *chain;
    size_t step;
} chooser;

// The predictors of one equation, in the order of the codes.
static gm_status choose(void *user, size_t index) {
    const chain *c = ((const chooser *)user)->chain;
    gm_equation *e = &c->equations[c->order[index]];
    const gm_code_column *own = &c->codes.columns[e->column];
    ranked *codes = NULL;
    if (c->codes.count - own->count > c->most) {
        GM_TRY(gm_alloc(&codes, c->codes.count, sizeof *codes, "predictors"));
        rank(c, e->column, ((const chooser *)user)->step, codes);
        qsort(codes, c->codes.count, sizeof *codes, falling);
    }
    for (size_t i = 0; i < c->codes.count && e->count < c->most; i++) {
        size_t code = codes ? codes[i].code : i;
        if (code < own->first || code >= own->first + own->count)
            e->predictors[e->count++] = code;
    }
    if (codes)
        qsort(e->predictors, e->count, sizeof *e->predictors, rising);
    free(codes);
    return GM_OK;
}

// How many predictors the work allows an equation.
static size_t most_predictors(const chain *c) {
    size_t outputs = 0;
    for (size_t i = 0; i < c->count; i++)
        outputs += c->codes.columns[c->order[i]].category ? c->codes.columns[c->order[i]].count : 0;
    double each = most_work / (SWEEPS * (double)GM_MAX(c->count, (size_t)1) * (double)GM_MAX(c->rows.count, (size_t)1));
    double steps = GM_LOGISTIC_STEPS * (double)outputs / (double)GM_MAX(c->count, (size_t)1);
    double most = sqrt(steps * steps + 2 * each) - steps; // p^2 / 2 + steps p = each
    return most > LEAST_PREDICTORS ? (size_t)fmin(most, (double)c->codes.count) : (size_t)LEAST_PREDICTORS;
}

static gm_status make_equations(gm_impute_fit *fit, chain *c) {
    c->most = most_predictors(c);
    for (size_t i = 0; i < c->count; i++) {
        gm_equation *e = &c->equations[c->order[i]];
        size_t outputs = c->codes.columns[c->order[i]].count, room = GM_MIN(c->most, c->codes.count);
        e->column = c->order[i];
        e->outputs = outputs;
        e->predictors = gm_arena_alloc(&fit->arena, (room + 1) * sizeof *e->predictors);
        e->weights = gm_arena_alloc(&fit->arena, (room + 1) * outputs * sizeof *e->weights);
        if (!e->predictors || !e->weights)
            return gm_fail_memory(room * outputs * sizeof *e->weights, "equations");
    }
    const size_t step = GM_MAX(c->rows.count / RANKED_ROWS, (size_t)1);
    return gm_parallel(gm_cpu_count(), c->count, choose, &(chooser){c, step});
}

// ---- The chain ----

// A number from what its equation says, within what is known.
static double settle(const gm_equation *e, const gm_code_column *column, double value, gm_chance chance, uint32_t sweep,
                     size_t row) {
    if (chance.draw > 0)
        value += e->noise * gm_philox_normal(chance.seed ^ (uint64_t)e->column << 32, gm_stream("impute.value"),
                                             (uint32_t)chance.draw, sweep, row);
    return fmin(fmax(value, column->least), column->most);
}

// The category that a uniform number falls on.
static size_t pick(const double *probabilities, size_t count, double at) {
    size_t i = 0;
    for (; i + 1 < count && at >= probabilities[i]; i++)
        at -= probabilities[i];
    return i;
}

// Puts the prediction of a row's column among its codes; returns how far that moves a number. outputs: room.
static double predict(const gm_equation *e, const gm_codes *codes, float *values, gm_chance chance, uint32_t sweep,
                      size_t row, double *outputs) {
    const gm_code_column *column = &codes->columns[e->column];
    gm_equation_apply(e, codes, values, outputs);
    if (!column->category) {
        float before = values[column->first];
        values[column->first] = (float)settle(e, column, outputs[0], chance, sweep, row);
        return fabs((double)values[column->first] - (double)before);
    }
    size_t drawn = 0;
    if (chance.draw > 0)
        drawn = pick(outputs, e->outputs,
                     gm_philox_uniform(chance.seed ^ (uint64_t)e->column << 32, gm_stream("impute.category"),
                                       (uint32_t)chance.draw, sweep, row));
    for (size_t k = 0; k < e->outputs; k++) {
        double share = chance.draw > 0 ? (k == drawn ? 1 : 0) : outputs[k];
        values[column->first + k] = (float)(share - codes->shares[column->first + k]);
    }
    return 0;
}

static gm_status run_sweep(chain *c, gm_chance chance, uint32_t sweep, bool last, double *moved) {
    double *outputs, squares = 0;
    size_t count = 0;
    GM_TRY(gm_alloc(&outputs, c->codes.count, sizeof *outputs, "an equation"));
    gm_status status = GM_OK;
    for (size_t i = 0; i < c->count; i++) {
        gm_equation *e = &c->equations[c->order[i]];
        size_t missing = c->missing[c->order[i]];
        if (missing == c->rows.count || (missing == 0 && !last))
            continue;
        GM_TRY_DONE(gm_equation_fit(e, &c->codes, &c->rows, chance, sweep));
        for (size_t row = 0; row < c->rows.count && missing > 0; row++) {
            if (!isnan(c->rows.cells[row][e->column]))
                continue;
            double change = predict(e, &c->codes, c->rows.values + row * c->codes.count, chance, sweep, row, outputs);
            squares += change * change;
            count++;
        }
    }
    *moved = count > 0 ? sqrt(squares / (double)count) : 0;
done:
    free(outputs);
    return status;
}

static gm_status run_chain(chain *c, gm_chance chance) {
    double moved = INFINITY;
    for (size_t row = 0; row < c->rows.count; row++)
        gm_codes_encode(&c->codes, c->rows.cells[row], c->rows.values + row * c->codes.count);
    for (uint32_t sweep = 0; sweep < SWEEPS; sweep++) {
        bool last = sweep + 1 == SWEEPS || (chance.draw == 0 && moved < settled);
        GM_TRY(run_sweep(c, chance, sweep, last, &moved));
        if (last)
            break;
    }
    return GM_OK;
}

// ---- Fitting ----

static gm_status take_rows(gm_impute_fit *fit, chain *c) {
    const gm_impute_rows *learn = fit->learn;
    size_t count = GM_MIN(learn->count, (size_t)MOST_ROWS), cells;
    const double **rows = gm_arena_alloc(&fit->arena, (count + 1) * sizeof *rows);
    if (!rows || !gm_multiply_sizes(count, c->codes.count, &cells))
        return gm_fail_memory(count * sizeof *rows, "rows");
    if ((double)cells * sizeof(float) > (double)gm_memory_bytes() / 4) // rows that the memory holds
        count = (size_t)((double)gm_memory_bytes() / 4 / sizeof(float) / (double)c->codes.count);
    if (count < learn->count)
        gm_warn("ridge learns from %zu of %zu rows", count, learn->count);
    GM_TRY(gm_alloc(&c->rows.values, count * c->codes.count, sizeof *c->rows.values, "rows"));
    c->rows.count = count;
    c->rows.cells = rows;
    for (size_t i = 0; i < count; i++)
        rows[i] =
            learn->cells + (size_t)((double)i * (double)learn->count / (double)count) * learn->schema->column_count;
    return GM_OK;
}

static void order_columns(const gm_impute_fit *fit, chain *c) {
    size_t columns = c->codes.schema->column_count;
    for (size_t row = 0; row < c->rows.count; row++)
        for (size_t i = 0; i < columns; i++)
            c->missing[i] += isnan(c->rows.cells[row][i]) ? 1 : 0;
    for (size_t i = 0; i < columns; i++) {
        bool known = c->codes.columns[i].count > 0 && c->missing[i] < c->rows.count;
        if (!known || (c->missing[i] == 0 && !fit->wanted[i]))
            continue;
        size_t at = c->count++;
        for (; at > 0 && c->missing[c->order[at - 1]] > c->missing[i]; at--)
            c->order[at] = c->order[at - 1];
        c->order[at] = i;
    }
}

static gm_status fit_ridge(gm_impute_fit *fit) {
    size_t columns = fit->learn->schema->column_count;
    chain *c = fit->state = gm_arena_alloc(&fit->arena, sizeof *c);
    if (!c)
        return gm_fail_memory(sizeof *c, "equations");
    GM_TRY(gm_codes_init(&c->codes, fit->learn, &fit->arena));
    c->equations = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->equations);
    c->order = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->order);
    c->missing = gm_arena_alloc(&fit->arena, (columns + 1) * sizeof *c->missing);
    if (!c->equations || !c->order || !c->missing)
        return gm_fail_memory(columns * sizeof *c->equations, "equations");
    GM_TRY(take_rows(fit, c));
    order_columns(fit, c);
    for (size_t row = 0; row < c->rows.count; row++)
        gm_codes_encode(&c->codes, c->rows.cells[row], c->rows.values + row * c->codes.count);
    GM_TRY(make_equations(fit, c));
    return run_chain(c, (gm_chance){fit->seed, 0});
}

static void finish(gm_impute_fit *fit) {
    chain *c = fit->state;
    if (c)
        free(c->rows.values);
}

// ---- Filling ----

typedef struct filling {
    const chain *chain;
    const gm_impute_rows *rows;
    double *cells;
    gm_chance chance;
} filling;

// All missing cells of a row, by all equations, until they agree.
static void fill_row(const filling *f, size_t row, float *values, double *outputs) {
    const chain *c = f->chain;
    double *cells = f->cells + row * c->codes.schema->column_count;
    size_t missing = 0;
    for (size_t i = 0; i < c->count; i++)
        missing += isnan(cells[c->order[i]]) ? 1 : 0;
    if (missing == 0)
        return;
    gm_codes_encode(&c->codes, cells, values);
    for (uint32_t sweep = 0; sweep < (missing > 1 ? SWEEPS : 1); sweep++)
        for (size_t i = 0; i < c->count; i++)
            if (isnan(cells[c->order[i]]) && c->equations[c->order[i]].fitted)
                predict(&c->equations[c->order[i]], &c->codes, values, f->chance, SWEEPS + sweep, row, outputs);
    for (size_t i = 0; i < c->count; i++)
        if (isnan(cells[c->order[i]]) && c->equations[c->order[i]].fitted)
            cells[c->order[i]] = gm_codes_decode(&c->codes, c->order[i], values);
}

static gm_status fill_part(void *user, size_t part) {
    const filling *f = user;
    size_t codes = f->chain->codes.count;
    float *values = NULL;
    double *outputs = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&values, codes, sizeof *values, "a row"));
    GM_TRY_DONE(gm_alloc(&outputs, codes, sizeof *outputs, "a row"));
    for (size_t row = part * PART; row < GM_MIN((part + 1) * PART, f->rows->count); row++)
        fill_row(f, row, values, outputs);
done:
    free(values);
    free(outputs);
    return status;
}

static gm_status fill_ridge(const gm_impute_fit *fit, const gm_impute_rows *rows, size_t draw, double *cells) {
    chain *c = fit->state;
    filling f = {c, rows, cells, {fit->seed, draw}};
    if (draw > 0)
        GM_TRY(run_chain(c, f.chance));
    return gm_parallel(gm_cpu_count(), gm_divide_up(rows->count, PART), fill_part, &f);
}

const gm_impute_method gm_impute_by_ridge = {
    .info = {"ridge", NULL, NULL, "chained equations: each column from all others, by ridge or logistic regression",
             true, false, true},
    .falls_back = true,
    .fit = fit_ridge,
    .fill = fill_ridge,
    .finish = finish};
