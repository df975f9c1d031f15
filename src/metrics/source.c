// The source label's information: Jensen-Shannon divergence from a classifier that is trained on some folds and judged
// on the others (Sugiyama's density-ratio view of Goodfellow et al. 2014; cross-fitting as in Chernozhukov et al.
// 2018).
//
// K folds, each with a network of its own; all K train in the same phase. Row i of either side is in the same fold, so
// that pairs (an image and its copy among the fakes) never meet across folds, which would let a network that knows its
// training rows by heart do worse than chance. Of the training rows one in VALIDATION decides when to stop.
#include "ganymede/loss.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "metrics/moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = 64, BATCH = 128, STEPS = 600, CHECK = 50, VALIDATION = 6, LEAST = 8, FEW = 500, MOST_FOLDS = 10 };

// ---- Features: both sides, standardised together, without the columns that do not vary ----

typedef struct features {
    float *values; // (real + fake, columns), real rows first
    size_t real, fake, columns;
    bool constant; // columns were left out
} features;

// What is far away comes nearer, by a logarithm of a logarithm: a network learns nothing beside an input of 1e30, and
// the divergence does not change with a map that keeps the values of a column apart and in order.
static double bend(double value) {
    const double straight = 8;
    return fabs(value) <= straight ? value : copysign(straight + log1p(log(fabs(value) / straight)), value);
}

// Standardises in place; false: the values differ by rounding alone.
static bool standardise(float *column, size_t count, double mean, double deviation) {
    const double rounding = 1e-7 * fabs(mean);
    bool varies = deviation > rounding;
    deviation = fmax(deviation, rounding);
    for (size_t i = 0; i < count && deviation > 0; i++) {
        double value = (column[i] - mean) / deviation;
        varies = varies || fabs(value) > 16; // one side's do, the other's lie elsewhere
        column[i] = (float)bend(value);
    }
    return varies;
}

static gm_status features_init(features *f, const gm_rows *real, const gm_rows *fake) {
    size_t d = real->columns, n = real->count + fake->count;
    float *column = NULL; // both sides
    *f = (features){.real = real->count, .fake = fake->count};
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&column, n, sizeof *column, "features"));
    GM_TRY_DONE(gm_alloc(&f->values, n * d, sizeof *f->values, "features"));
    for (size_t j = 0; j < d; j++) {
        double mean, deviation;
        for (size_t i = 0; i < n; i++)
            column[i] = i < f->real ? real->values[i * d + j] : fake->values[(i - f->real) * d + j];
        GM_TRY_DONE(gm_column_moments(column, 1, n, f->real, &mean, &deviation));
        if (!standardise(column, n, mean, deviation))
            continue;
        for (size_t i = 0; i < n; i++)
            f->values[i * d + f->columns] = column[i];
        f->columns++;
    }
    f->constant = f->columns < d;
    for (size_t i = 0; i < n; i++) // forwards: no value is overwritten before it was moved
        for (size_t k = 0; k < f->columns; k++)
            f->values[i * f->columns + k] = f->values[i * d + k];
done:
    free(column);
    if (status != GM_OK) {
        free(f->values);
        f->values = NULL;
    }
    return status;
}

// ---- Folds: which rows of a side train, validate and judge a network ----

typedef struct side {
    uint32_t stream;
    size_t first, count; // rows in features
    int32_t *train;      // in the order of this epoch
    int32_t *validation;
    size_t train_count, validation_count, cursor;
    uint32_t epoch;
} side;

typedef struct fold {
    side sides[2]; // real, fake
    gm_tensor *batch, *logits;
    float *scores; // (rows) as of the latest check
    double best;   // lowest cross-entropy on the validation rows; "no difference" starts at ln 2
} fold;

typedef struct classifier {
    gm_session session;
    gm_phase *train, *score;
    const features *features;
    size_t folds;
    uint64_t seed;
    fold fold[MOST_FOLDS];
    float *held_out; // (rows) logits from the network that has not seen the row
} classifier;

// Every run of K rows is spread over the K folds, in an order keyed by the seed.
static size_t fold_of(const classifier *c, size_t i) {
    double turn = gm_philox_uniform(c->seed, gm_stream("fold"), 0, 0, i / c->folds);
    return (i + (size_t)(turn * (double)c->folds)) % c->folds;
}

static gm_status side_init(const classifier *c, side *s, size_t index, size_t which) {
    s->first = which == 0 ? 0 : c->features->real;
    s->count = which == 0 ? c->features->real : c->features->fake;
    s->stream = gm_stream(which == 0 ? "real" : "fake");
    GM_TRY(gm_alloc(&s->train, s->count, sizeof *s->train, "training rows"));
    GM_TRY(gm_alloc(&s->validation, s->count, sizeof *s->validation, "validation rows"));
    size_t seen = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (fold_of(c, i) == index)
            continue;
        if (seen++ % VALIDATION == 1)
            s->validation[s->validation_count++] = (int32_t)(s->first + i);
        else
            s->train[s->train_count++] = (int32_t)(s->first + i);
    }
    s->cursor = s->train_count; // an epoch ends, so the first batch shuffles
    return GM_OK;
}

// The next rows; every epoch goes through all of them in a new order.
static void side_next(const classifier *c, size_t index, side *s, int32_t *rows, size_t count) {
    for (size_t k = 0; k < count; k++) {
        if (s->cursor == s->train_count) {
            s->cursor = 0;
            s->epoch++;
            for (size_t i = s->train_count; i-- > 1;) {
                size_t j =
                    (size_t)(gm_philox_uniform(c->seed, s->stream, s->epoch, (uint32_t)index, i) * (double)(i + 1));
                int32_t swapped = s->train[i];
                s->train[i] = s->train[j];
                s->train[j] = swapped;
            }
        }
        rows[k] = s->train[s->cursor++];
    }
}

// ---- The networks ----

static gm_tensor *network(gm_tensor *x, size_t index) {
    char name[32];
    for (size_t layer = 0; layer < 2; layer++) {
        snprintf(name, sizeof name, "fold%zu.%zu", index, layer);
        x = gm_leaky_relu(gm_dense(x, name, &(gm_dense_params){.units = HIDDEN}), .2);
    }
    snprintf(name, sizeof name, "fold%zu.2", index);
    return gm_dense(x, name, &(gm_dense_params){.units = 1});
}

static gm_status build(classifier *c, gm_tensor **rows) {
    gm_graph *graph = c->session.graph;
    const features *f = c->features;
    gm_tensor *total = NULL, *parameters[6 * MOST_FOLDS], *gradients[6 * MOST_FOLDS];
    *rows = gm_input(graph, "rows", GM_FLOAT32, GM_SHAPE(f->real + f->fake, f->columns));
    gm_tensor *target =
        gm_concat((gm_tensor *[]){gm_full(graph, GM_SHAPE(BATCH, 1), 1), gm_full(graph, GM_SHAPE(BATCH, 1), 0)}, 2, 0);
    c->train = gm_phase_create(graph, "train");
    c->score = gm_phase_create(graph, "score");
    for (size_t k = 0; k < c->folds; k++) {
        char name[32];
        snprintf(name, sizeof name, "batch%zu", k);
        c->fold[k].batch = gm_input(graph, name, GM_INT32, GM_SHAPE(2 * BATCH));
        gm_tensor *loss = gm_binary_cross_entropy(network(gm_gather(*rows, c->fold[k].batch), k), target);
        total = total ? gm_add(total, loss) : loss;
        c->fold[k].logits = network(*rows, k);
        gm_phase_fetch(c->score, c->fold[k].logits);
    }
    size_t count = gm_trainable(graph, "fold", parameters, GM_COUNT(parameters));
    gm_optimizer adam = GM_ADAMW_DEFAULTS;
    adam.rate = 2e-3;
    adam.weight_decay = .1;
    adam.schedule = (gm_schedule){.kind = GM_SCHEDULE_COSINE, .factor = .05, .period = STEPS};
    gm_grad(total, parameters, count, gradients);
    gm_optimizer_apply(c->train, &adam, "adam", NULL, parameters, gradients, count);
    return gm_session_plan(&c->session);
}

static gm_status classifier_init(classifier *c, gm_device *device, const features *f, const gm_jsd_params *params) {
    *c = (classifier){.features = f, .seed = params->seed, .folds = params->folds ? params->folds : 2};
    size_t count = f->real + f->fake;
    gm_tensor *rows;
    GM_TRY(gm_alloc(&c->held_out, count, sizeof *c->held_out, "logits"));
    for (size_t k = 0; k < c->folds; k++) {
        c->fold[k].best = log(2);
        GM_TRY(gm_alloc(&c->fold[k].scores, count, sizeof *c->fold[k].scores, "logits"));
        for (size_t which = 0; which < 2; which++)
            GM_TRY(side_init(c, &c->fold[k].sides[which], k, which));
    }
    GM_TRY(gm_session_init(&c->session, device, c->seed));
    GM_TRY(build(c, &rows));
    return gm_plan_write(c->session.plan, rows, f->values, count * f->columns * sizeof(float));
}

static void classifier_finish(classifier *c) {
    gm_session_finish(&c->session);
    for (size_t k = 0; k < c->folds; k++) {
        free(c->fold[k].scores);
        for (size_t which = 0; which < 2; which++) {
            free(c->fold[k].sides[which].train);
            free(c->fold[k].sides[which].validation);
        }
    }
    free(c->held_out);
}

// ---- Training ----

static gm_status train_step(classifier *c) {
    for (size_t k = 0; k < c->folds; k++) {
        int32_t batch[2 * BATCH];
        for (size_t which = 0; which < 2; which++)
            side_next(c, k, &c->fold[k].sides[which], batch + which * BATCH, BATCH);
        GM_TRY(gm_plan_write(c->session.plan, c->fold[k].batch, batch, sizeof batch));
    }
    return gm_plan_run(c->session.plan, c->train);
}

// Balanced cross-entropy of the validation rows.
static double validate(const fold *f) {
    double sum = 0;
    for (size_t which = 0; which < 2; which++) {
        const side *s = &f->sides[which];
        for (size_t i = 0; i < s->validation_count; i++) {
            double logit = f->scores[s->validation[i]], wrong = which == 0 ? -logit : logit;
            sum += (fmax(wrong, 0) + log1p(exp(-fabs(wrong)))) / (2 * (double)s->validation_count);
        }
    }
    return sum;
}

// What a network has not seen the like of, a row far away, it may be wrong about beyond all reason. So many rows can
// show no ratio of densities larger than their number; and what is below the divergence with one logit is with any.
static void limit_scores(float *scores, size_t count) {
    float most = logf(10 * (float)count);
    for (size_t i = 0; i < count; i++)
        if (fabsf(scores[i]) > most) // a NaN stays
            scores[i] = copysignf(most, scores[i]);
}

// Keeps the logits of the rows a network has not seen whenever it is better on its validation rows than ever before.
static gm_status check(classifier *c) {
    size_t count = c->features->real + c->features->fake;
    GM_TRY(gm_plan_run(c->session.plan, c->score));
    for (size_t k = 0; k < c->folds; k++) {
        fold *f = &c->fold[k];
        GM_TRY(gm_plan_read(c->session.plan, f->logits, f->scores, count * sizeof *f->scores));
        limit_scores(f->scores, count);
        double found = validate(f);
        if (!(found < f->best)) // a network that diverged is not better
            continue;
        f->best = found;
        for (size_t i = 0; i < count; i++)
            if (fold_of(c, i < c->features->real ? i : i - c->features->real) == k)
                c->held_out[i] = f->scores[i];
    }
    return GM_OK;
}

// What is made of the logits of rows that the networks have not seen.
typedef gm_status (*judgement)(const gm_logits *logits, gm_measure *measure);

static gm_status divergence(const gm_logits *logits, gm_measure *measure) {
    return gm_measure_logit_jsd(logits, measure, NULL);
}

static gm_status cross_fit(gm_device *device, const features *f, const gm_jsd_params *params, judgement judge,
                           gm_measure *measure) {
    classifier c;
    gm_status status = GM_OK;
    GM_TRY_DONE(classifier_init(&c, device, f, params));
    for (size_t step = 1; step <= STEPS; step++) {
        GM_TRY_DONE(train_step(&c));
        // Dense at first: a network that sees few rows knows them by heart after some tens of steps.
        if (step % CHECK == 0 || (step & (step - 1)) == 0)
            GM_TRY_DONE(check(&c));
    }
    const gm_logits logits = {c.held_out, c.held_out + f->real, f->real, f->fake};
    GM_TRY_DONE(judge(&logits, measure));
done:
    classifier_finish(&c);
    return status;
}

// ---- The interface ----

// alike: the figure of sides that do not differ
static gm_status measure_rows(gm_device *device, const gm_rows *real, const gm_rows *fake, const gm_jsd_params *params,
                              judgement judge, double alike, gm_measure *measure) {
    features f = {0};
    gm_measure found = {.value = alike};
    *measure = gm_rows_measure(real, fake, LEAST);
    measure->flags |= measure->count < FEW ? (uint32_t)GM_MEASURE_FEW : 0;
    if (measure->flags & GM_MEASURE_MISSING)
        return GM_OK;
    GM_TRY(features_init(&f, real, fake));
    gm_status status = f.columns > 0 ? cross_fit(device, &f, params, judge, &found) : GM_OK;
    measure->flags |= found.flags | (f.constant ? (uint32_t)GM_MEASURE_CONSTANT : 0);
    measure->value = found.value;
    free(f.values);
    return status;
}

static gm_status measure(gm_device *device, const gm_samples *real, const gm_samples *fake, const gm_jsd_params *params,
                         judgement judge, double alike, gm_measure *found) {
    static const gm_jsd_params defaults = {0};
    gm_rows a, b;
    params = params ? params : &defaults;
    if (params->folds == 1 || params->folds > MOST_FOLDS)
        return gm_fail(GM_ERROR_ARGUMENT, "%zu folds: 2 to %d can be had (0: 2)", params->folds, MOST_FOLDS);
    GM_TRY(gm_rows_init_both(&a, &b, real, fake));
    gm_status status = measure_rows(device, &a, &b, params, judge, alike, found);
    gm_rows_finish(&a);
    gm_rows_finish(&b);
    return status;
}

gm_status gm_measure_jsd(gm_device *device, const gm_samples *real, const gm_samples *fake, const gm_jsd_params *params,
                         gm_measure *jsd, gm_measure *source_entropy) {
    gm_measure found = gm_measure_missing(0, 0);
    if (jsd)
        *jsd = found;
    if (source_entropy)
        *source_entropy = found;
    GM_TRY(measure(device, real, fake, params, divergence, 0, &found));
    if (jsd)
        *jsd = found;
    if (source_entropy) {
        *source_entropy = found;
        if (!(found.flags & GM_MEASURE_MISSING))
            source_entropy->value = log(2) - found.value;
    }
    return GM_OK;
}

gm_status gm_measure_detection(gm_device *device, const gm_samples *real, const gm_samples *fake,
                               const gm_jsd_params *params, gm_measure *auc) {
    gm_measure found = gm_measure_missing(0, 0);
    *auc = found;
    GM_TRY(measure(device, real, fake, params, gm_measure_logit_auc, .5, &found));
    *auc = found;
    return GM_OK;
}
