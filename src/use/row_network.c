// A small network that learns one column of a table's rows from the others.
//
// Two hidden layers, AdamW with half a cosine, a fixed number of steps: the same for real and generated rows, so that
// what differs is the rows. Numbers are standardised by the rows trained on.
#include "use/row_network.h"

#include "ganymede/data.h"
#include "ganymede/loss.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "metrics/moments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN = 128, BATCH = 128, STEPS = 1200, BLOCK = 512 };

typedef struct network {
    const gm_row_task *task;
    gm_session session;
    gm_phase *train, *tell;
    gm_tensor *rows, *targets, *tested, *told;
    size_t units;
    double mean, deviation; // of a number
    float *block, *answers;
} network;

// ---- The graph ----

static gm_tensor *apply(const network *n, gm_tensor *x, gm_tensor *seen) {
    x = gm_multiply(x, seen);
    x = gm_relu(gm_dense(x, "row.0", &(gm_dense_params){.units = HIDDEN}));
    x = gm_relu(gm_dense(x, "row.1", &(gm_dense_params){.units = HIDDEN}));
    return gm_dense(x, "row.2", &(gm_dense_params){.units = n->units});
}

static gm_status build(network *n) {
    enum { PARAMETERS = 6 };
    const gm_row_task *task = n->task;
    gm_graph *graph = n->session.graph;
    gm_tensor *parameters[PARAMETERS], *gradients[PARAMETERS], *loss;
    float *seen;
    GM_TRY(gm_alloc(&seen, task->columns, sizeof *seen, "features"));
    for (size_t i = 0; i < task->columns; i++)
        seen[i] = i < task->hidden_from || i >= task->hidden_from + task->hidden ? 1.F : 0.F;
    gm_tensor *mask = gm_constant_array(graph, GM_FLOAT32, GM_SHAPE(1, task->columns), seen);
    free(seen);
    n->rows = gm_input(graph, "rows", GM_FLOAT32, GM_SHAPE(BATCH, task->columns));
    n->tested = gm_input(graph, "tested", GM_FLOAT32, GM_SHAPE(BLOCK, task->columns));
    n->targets = gm_input(graph, "targets", task->categories > 0 ? GM_INT32 : GM_FLOAT32, GM_SHAPE(BATCH));
    gm_tensor *said = apply(n, n->rows, mask);
    if (task->categories > 0)
        loss = gm_cross_entropy(said, n->targets);
    else
        loss = gm_mean_all(gm_square(gm_subtract(gm_reshape(said, GM_SHAPE(BATCH)), n->targets)));
    n->train = gm_phase_create(graph, "train");
    n->tell = gm_phase_create(graph, "tell");
    size_t count = gm_trainable(graph, "row", parameters, PARAMETERS);
    gm_optimizer adam = GM_ADAMW_DEFAULTS;
    adam.rate = 2e-3;
    adam.schedule = (gm_schedule){.kind = GM_SCHEDULE_COSINE, .factor = .02, .period = STEPS};
    gm_grad(loss, parameters, count, gradients);
    gm_optimizer_apply(n->train, &adam, "adam", NULL, parameters, gradients, count);
    n->told = apply(n, n->tested, mask);
    gm_phase_fetch(n->tell, n->told);
    return gm_session_plan(&n->session);
}

// ---- Training ----

static void fill_batch(const network *n, const gm_row_set *set, const int32_t *indices, float *rows, float *numbers,
                       int32_t *labels) {
    size_t d = n->task->columns;
    for (size_t i = 0; i < BATCH; i++) {
        size_t row = (size_t)indices[i];
        memcpy(rows + i * d, set->features + row * d, d * sizeof *rows);
        numbers[i] = (float)((set->targets[row] - n->mean) / n->deviation);
        labels[i] = n->task->categories > 0 ? (int32_t)set->targets[row] : 0;
    }
}

static gm_status train(network *n, const gm_row_set *set) {
    float numbers[BATCH];
    int32_t labels[BATCH], indices[BATCH];
    for (size_t step = 0; step < STEPS; step++) {
        GM_TRY(gm_loader_indices(n->task->seed, step * BATCH, BATCH, set->count, indices));
        fill_batch(n, set, indices, n->block, numbers, labels);
        GM_TRY(gm_plan_write(n->session.plan, n->rows, n->block, BATCH * n->task->columns * sizeof *n->block));
        GM_TRY(gm_plan_write(n->session.plan, n->targets, n->task->categories > 0 ? (const void *)labels : numbers,
                             sizeof numbers));
        GM_TRY(gm_plan_run(n->session.plan, n->train));
    }
    return GM_OK;
}

// ---- Scores ----

static size_t find_largest(const float *values, size_t count) {
    size_t best = 0;
    for (size_t k = 1; k < count; k++)
        if (values[k] > values[best])
            best = k;
    return best;
}

typedef struct tally {
    size_t hits, told, there;
} tally;

static double macro_f1(const tally *tallies, size_t categories) {
    double sum = 0;
    size_t present = 0;
    for (size_t k = 0; k < categories; k++) {
        if (tallies[k].there == 0)
            continue;
        present++;
        sum += 2 * (double)tallies[k].hits / (double)(tallies[k].told + tallies[k].there);
    }
    return present > 1 ? sum / (double)present : NAN;
}

static gm_status test(network *n, const gm_row_set *set, double *score) {
    size_t d = n->task->columns, K = n->task->categories;
    gm_running_mean truth = {0}, errors = {0};
    tally *tallies;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&tallies, K + 1, sizeof *tallies, "categories"));
    for (size_t first = 0; first < set->count && status == GM_OK; first += BLOCK) {
        gm_block_fill(n->block, BLOCK, set->features, set->count, d, first, NULL);
        GM_TRY_DONE(gm_plan_write(n->session.plan, n->tested, n->block, BLOCK * d * sizeof *n->block));
        GM_TRY_DONE(gm_plan_run(n->session.plan, n->tell));
        GM_TRY_DONE(gm_plan_read(n->session.plan, n->told, n->answers, BLOCK * n->units * sizeof *n->answers));
        for (size_t i = 0; i < GM_MIN(set->count - first, (size_t)BLOCK); i++) {
            double target = set->targets[first + i];
            if (K > 0) {
                size_t told = find_largest(n->answers + i * K, K), there = (size_t)target;
                tallies[told].told++;
                tallies[there].there++;
                tallies[there].hits += told == there;
            } else {
                double off = n->mean + n->deviation * (double)n->answers[i] - target;
                gm_running_mean_add(&truth, target);
                gm_running_mean_add(&errors, off * off);
            }
        }
    }
    if (K > 0)
        *score = macro_f1(tallies, K);
    else
        *score = truth.squares > 0 ? 1 - errors.value * (double)errors.count / truth.squares : NAN;
done:
    free(tallies);
    return status;
}

static void find_scale(network *n, const gm_row_set *set) {
    gm_running_mean mean = {0};
    for (size_t i = 0; i < set->count; i++)
        gm_running_mean_add(&mean, set->targets[i]);
    double deviation = mean.count > 1 ? sqrt(mean.squares / (double)(mean.count - 1)) : 0;
    n->mean = n->task->categories > 0 ? 0 : mean.value;
    n->deviation = n->task->categories > 0 || !(deviation > 0) ? 1 : deviation;
}

gm_status gm_row_network_score(const gm_row_task *task, const gm_row_set *set, const gm_row_set *tested,
                               double *score) {
    network n = {.task = task, .units = GM_MAX(task->categories, (size_t)1)};
    gm_status status;
    *score = NAN;
    if (set->count == 0 || tested->count == 0)
        return GM_OK;
    find_scale(&n, set);
    GM_TRY_DONE(gm_alloc(&n.block, BLOCK * task->columns, sizeof *n.block, "features"));
    GM_TRY_DONE(gm_alloc(&n.answers, BLOCK * n.units, sizeof *n.answers, "answers"));
    GM_TRY_DONE(gm_session_init(&n.session, task->device, task->seed));
    GM_TRY_DONE(build(&n));
    GM_TRY_DONE(train(&n, set));
    status = test(&n, tested, score);
done:
    gm_session_finish(&n.session);
    free(n.block);
    free(n.answers);
    return status;
}
