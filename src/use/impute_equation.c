// One of the chained equations: ridge regression of a number, or multinomial logistic regression of a category, on the
// codes of other columns.
//   n rows, x (p) their predictors and a 1, y (q) outputs
//   number:    w = (X^T X + lambda I)^-1 X^T y, of normal noise the posterior N(w, s^2 (X^T X + lambda I)^-1)
//   category:  the steps w += (X^T X / 2 + lambda I)^-1 (X^T (y - p(w)) - lambda w), which never fall in likelihood, as
//              X^T X / 2 bounds the curvature (Böhning 1992): one factor serves them all
#include "metrics/moments.h"
#include "use/impute_ridge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 16 };

// As if so many rows more had said nothing; of small tables, a share of theirs.
static const double most_lambda = 5, lambda_share = 0.01;

typedef struct problem {
    gm_equation *equation;
    const gm_codes *codes;
    const gm_code_rows *rows;
    size_t p, q; // predictors with the 1; outputs
    size_t *known, count;
    double lambda;
    double *products; // PARTS times (p, p) sums of products, then (p, q) with the outputs
    double *gradient; // PARTS times (p, q)
} problem;

static void take(const problem *b, size_t row, double *x) {
    const float *values = b->rows->values + row * b->codes->count;
    for (size_t i = 0; i + 1 < b->p; i++)
        x[i] = (double)values[b->equation->predictors[i]];
    x[b->p - 1] = 1;
}

static double cell_of(const problem *b, size_t row) {
    return b->rows->cells[row][b->equation->column];
}

// The code of a known number, or 1 for the category that it is.
static double target(const problem *b, size_t row, size_t output) {
    const gm_code_column *column = &b->codes->columns[b->equation->column];
    double cell = cell_of(b, row);
    return column->category ? ((size_t)cell == output ? 1 : 0) : (cell - column->mean) / column->deviation;
}

static void softmax(double *logits, size_t count) {
    double most = logits[0], sum = 0;
    for (size_t i = 1; i < count; i++)
        most = fmax(most, logits[i]);
    for (size_t i = 0; i < count; i++)
        sum += logits[i] = exp(logits[i] - most);
    for (size_t i = 0; i < count; i++)
        logits[i] /= sum;
}

// X W, and of categories their probabilities.
static void predict(const problem *b, const double *x, double *y) {
    for (size_t j = 0; j < b->q; j++)
        y[j] = 0;
    for (size_t i = 0; i < b->p; i++)
        for (size_t j = 0; j < b->q; j++)
            y[j] += x[i] * b->equation->weights[i * b->q + j];
    if (b->codes->columns[b->equation->column].category)
        softmax(y, b->q);
}

static gm_status add_products(void *user, size_t part) {
    const problem *b = user;
    size_t first = b->count * part / PARTS, end = b->count * (part + 1) / PARTS;
    double *x, *square = b->products + part * b->p * (b->p + b->q), *mixed = square + b->p * b->p;
    GM_TRY(gm_alloc(&x, b->p, sizeof *x, "an equation"));
    for (size_t n = first; n < end; n++) {
        take(b, b->known[n], x);
        for (size_t i = 0; i < b->p; i++) {
            double *row = square + i * b->p, factor = x[i];
            for (size_t k = i; k < b->p; k++)
                row[k] += factor * x[k];
        }
        for (size_t j = 0; j < b->q; j++) {
            double y = target(b, b->known[n], j);
            for (size_t i = 0; i < b->p; i++)
                mixed[i * b->q + j] += x[i] * y;
        }
    }
    free(x);
    return GM_OK;
}

// X^T (y - p), and for numbers the sum of squares of y - X w in its first place.
static gm_status add_gradient(void *user, size_t part) {
    const problem *b = user;
    size_t first = b->count * part / PARTS, end = b->count * (part + 1) / PARTS;
    double *x, *sum = b->gradient + part * b->p * b->q;
    bool category = b->codes->columns[b->equation->column].category;
    GM_TRY(gm_alloc(&x, b->p + b->q, sizeof *x, "an equation"));
    double *y = x + b->p;
    for (size_t n = first; n < end; n++) {
        take(b, b->known[n], x);
        predict(b, x, y);
        for (size_t j = 0; j < b->q; j++)
            y[j] = target(b, b->known[n], j) - y[j];
        if (!category)
            sum[0] += y[0] * y[0];
        for (size_t i = 0; i < b->p && category; i++)
            for (size_t j = 0; j < b->q; j++)
                sum[i * b->q + j] += x[i] * y[j];
    }
    free(x);
    return GM_OK;
}

// The parts' sums, in their order: the same on any number of threads.
static void add_parts(double *sums, size_t size) {
    for (size_t part = 1; part < PARTS; part++)
        for (size_t i = 0; i < size; i++)
            sums[i] += sums[part * size + i];
}

static gm_status run_parts(problem *b, gm_status (*function)(void *user, size_t part), double *sums, size_t size) {
    memset(sums, 0, PARTS * size * sizeof *sums);
    size_t threads = b->count * b->p > 20000 ? gm_cpu_count() : 1; // a thread costs as much as so many products
    GM_TRY(gm_parallel(threads, PARTS, function, b));
    add_parts(sums, size);
    return GM_OK;
}

static double normal(gm_chance chance, const char *stream, size_t column, uint32_t sweep, size_t index) {
    return gm_philox_normal(chance.seed ^ (uint64_t)column << 32, gm_stream(stream), (uint32_t)chance.draw, sweep,
                            index);
}

// s^2 times the freedom is chi-square distributed: by Wilson's and Hilferty's cube of a normal number.
static double draw_noise(double squares, double freedom, double z) {
    double part = 2 / (9 * freedom), root = 1 - part + z * sqrt(part);
    return sqrt(squares / (freedom * fmax(root * root * root, 1e-3)));
}

// Moves the weights as their posterior has it. factor: Cholesky's of its inverse covariance, but for the noise.
static void move_weights(problem *b, const double *factor, gm_chance chance, uint32_t sweep, double noise,
                         double *room) {
    gm_equation *e = b->equation;
    for (size_t i = 0; i < b->p * b->q; i++)
        room[i] = noise * normal(chance, "impute.weights", e->column, sweep, i);
    gm_cholesky_solve_upper(factor, b->p, b->p, room, b->q, b->q);
    for (size_t i = 0; i < b->p * b->q; i++)
        e->weights[i] += room[i];
}

static gm_status fit_number(problem *b, double *A, gm_chance chance, uint32_t sweep) {
    gm_equation *e = b->equation;
    memcpy(e->weights, A + b->p * b->p, b->p * sizeof *e->weights);
    gm_cholesky(A, b->p, b->p);
    gm_cholesky_solve(A, b->p, b->p, e->weights, 1, 1);
    GM_TRY(run_parts(b, add_gradient, b->gradient, b->p * b->q));
    double freedom = fmax((double)b->count - (double)b->p, 1), squares = b->gradient[0];
    e->noise = sqrt(squares / freedom);
    if (chance.draw == 0)
        return GM_OK;
    e->noise = draw_noise(squares, freedom, normal(chance, "impute.noise", e->column, sweep, 0));
    move_weights(b, A, chance, sweep, e->noise, b->gradient);
    return GM_OK;
}

static gm_status fit_category(problem *b, double *A, gm_chance chance, uint32_t sweep) {
    gm_equation *e = b->equation;
    double change = 1;
    for (size_t i = 0; i < b->p; i++)
        for (size_t k = i; k < b->p; k++)
            A[i * b->p + k] = A[i * b->p + k] / 2 + (i == k && i + 1 < b->p ? b->lambda / 2 : 0); // it is in it once
    gm_cholesky(A, b->p, b->p);
    for (size_t step = 0; step < GM_LOGISTIC_STEPS && change > 1e-3; step++) {
        GM_TRY(run_parts(b, add_gradient, b->gradient, b->p * b->q));
        for (size_t i = 0; i < (b->p - 1) * b->q; i++)
            b->gradient[i] -= b->lambda * e->weights[i];
        gm_cholesky_solve(A, b->p, b->p, b->gradient, b->q, b->q);
        change = 0;
        for (size_t i = 0; i < b->p * b->q; i++) {
            e->weights[i] += b->gradient[i];
            change = fmax(change, fabs(b->gradient[i]));
        }
    }
    if (chance.draw > 0)
        move_weights(b, A, chance, sweep, 1, b->gradient);
    return GM_OK;
}

gm_status gm_equation_fit(gm_equation *e, const gm_codes *codes, const gm_code_rows *rows, gm_chance chance,
                          uint32_t sweep) {
    problem b = {.equation = e, .codes = codes, .rows = rows, .p = e->count + 1, .q = e->outputs};
    size_t size = b.p * (b.p + b.q);
    gm_status status;
    GM_TRY_DONE(gm_alloc(&b.known, rows->count, sizeof *b.known, "an equation"));
    GM_TRY_DONE(gm_alloc(&b.products, PARTS * size, sizeof *b.products, "an equation"));
    GM_TRY_DONE(gm_alloc(&b.gradient, PARTS * b.p * b.q, sizeof *b.gradient, "an equation"));
    for (size_t i = 0; i < rows->count; i++)
        if (!isnan(rows->cells[i][e->column]))
            b.known[b.count++] = i;
    b.lambda = fmin(most_lambda, lambda_share * (double)b.count);
    GM_TRY_DONE(run_parts(&b, add_products, b.products, size));
    for (size_t i = 0; i < b.p; i++)
        b.products[i * b.p + i] += i + 1 < b.p ? b.lambda : 1e-9; // the offset is free
    bool category = codes->columns[e->column].category;
    status = (category ? fit_category : fit_number)(&b, b.products, chance, sweep);
    e->fitted = true;
done:
    free(b.known);
    free(b.products);
    free(b.gradient);
    return status;
}

void gm_equation_apply(const gm_equation *e, const gm_codes *codes, const float *values, double *outputs) {
    const gm_code_column *column = &codes->columns[e->column];
    const double *offsets = e->weights + e->count * e->outputs;
    for (size_t j = 0; j < e->outputs; j++)
        outputs[j] = offsets[j];
    for (size_t i = 0; i < e->count; i++)
        for (size_t j = 0; j < e->outputs; j++)
            outputs[j] += (double)values[e->predictors[i]] * e->weights[i * e->outputs + j];
    if (column->category)
        softmax(outputs, e->outputs);
}
