// Tuning: times the variants of operations, for their choice to be the fastest.
//
// The variants of all operations without a choice are nodes of one graph, so that one program holds them all. Each is a
// phase of its own, whose result is compared with the default's (an inaccurate variant is out), and timed. Inputs are
// positive numbers: a result is then the sum of its terms' magnitudes too, which bounds the rounding error.
#include "plan/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, MOST_RUNS = 64 };

static const double SAMPLE_SECONDS = 0.004;
static const double LEAST_GAIN = 0.05; // of the time; less is noise, and the default repeats on other machines

// One operation of the plan that is tuned, and its candidates in the trial graph.
typedef struct trial {
    char *key;
    gm_variants variants;
    double flop;
    gm_tensor *input[2], *inside[2]; // leaves, and what the candidates read
    bool half[2];                    // that lies in memory as half
    gm_tensor *result[GM_MAX_VARIANTS];
    gm_phase *phase[GM_MAX_VARIANTS];
    bool checked, usable[GM_MAX_VARIANTS];
} trial;

// ---- The graph of candidates ----

gm_tensor *gm_tune_inside(gm_phase *before, gm_tensor *leaf) {
    gm_tensor *inside = gm_abs(leaf);
    const size_t *dim = gm_tensor_shape(inside)->dim;
    gm_phase_fetch(before, inside);
    // Leaves are row-major; a reader that wants channels innermost makes them what they are inside a step.
    if (gm_tensor_shape(inside)->rank == 4)
        gm_phase_fetch(before, gm_average_pool(inside, &(gm_pool_params){{1, 1}, {dim[2], dim[3]}, {0}}));
    return inside;
}

// A node like that of the plan, for every variant. Weights stay leaves, as in a step. Results are float32, so that all
// their bits are compared.
static void add_candidates(const gm_plan *plan, gm_graph *graph, gm_phase *before, const gm_tensor *node, trial *t) {
    char name[32];
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "x%zu", graph->node_count);
        t->input[i] = gm_input(graph, name, node->input[i]->type, node->input[i]->shape);
        const gm_tensor *base = gm_plan_base(node->input[i]);
        bool leaf = plan->leaf_of[base->id] != SIZE_MAX;
        t->inside[i] = leaf ? t->input[i] : gm_tune_inside(before, t->input[i]);
        t->half[i] = gm_plan_is_half(plan, node->input[i]);
    }
    for (size_t v = 0; v < t->variants.count; v++) {
        t->result[v] = gm_node(graph, node->op, node->type, &node->shape, t->inside, 2, node->attributes,
                               node->attributes_size, t->variants.name[v]);
        snprintf(name, sizeof name, "phase %zu", graph->phase_count);
        t->phase[v] = gm_phase_create(graph, name);
        gm_phase_fetch(t->phase[v], t->result[v]);
    }
}

static size_t bytes_of(const gm_tensor *node) {
    return gm_type_size(node->type) * gm_shape_count(&node->shape);
}

static gm_status fill(gm_plan *plan, gm_tensor *input) {
    size_t count = gm_shape_count(&input->shape);
    float *values;
    GM_TRY(gm_alloc(&values, count, sizeof *values, "a tuning input"));
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(1 + (uint32_t)(i * 2654435761u) % 1999) * 5e-4f;
    gm_status status = gm_plan_write(plan, input, values, count * sizeof *values);
    free(values);
    return status;
}

// ---- Timing ----

static gm_status run_for(gm_plan *plan, const gm_phase *phase, size_t runs, double *seconds) {
    double start = gm_seconds();
    for (size_t i = 0; i < runs; i++)
        GM_TRY(gm_plan_enqueue(plan, phase));
    GM_TRY(gm_plan_finish(plan));
    *seconds = (gm_seconds() - start) / (double)runs;
    return GM_OK;
}

// A sum of n terms may round n times, mostly to both sides; one term left out shows.
static bool is_accurate(const float *values, const float *expected, size_t count, double terms, double error) {
    float allowed = (float)(error * 0x1p-24 * (64 + 4 * sqrt(terms)));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(values[i] - expected[i]) <= allowed * fabsf(expected[i])))
            return false;
    return true;
}

// Runs every variant once, which compiles them, and notes which give the default's result.
static gm_status check_variants(gm_plan *plan, trial *t) {
    size_t bytes = bytes_of(t->result[0]), count = bytes / sizeof(float);
    float *expected = NULL, *values = NULL;
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&expected, bytes, 1, "a tuning result"));
    GM_TRY_DONE(gm_alloc(&values, bytes, 1, "a tuning result"));
    for (size_t v = 0; v < t->variants.count; v++) {
        gm_status ran = gm_plan_run(plan, t->phase[v]); // the result stands until the next phase
        if (ran == GM_OK)
            ran = gm_plan_read(plan, t->result[v], v ? values : expected, bytes);
        if (v == 0)
            GM_TRY_DONE(ran);
        t->usable[v] = ran == GM_OK && (v == 0 || is_accurate(values, expected, count, 0.5 * t->flop / (double)count,
                                                              GM_MAX(t->variants.error[0], t->variants.error[v])));
        if (!t->usable[v])
            gm_debug("tuning: %s: %s is out: %s", t->key, t->variants.name[v],
                     ran == GM_OK ? "inaccurate" : gm_error_message());
    }
    t->checked = true;
done:
    free(expected);
    free(values);
    return status;
}

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

// All variants in turn, several times: what counts is a variant's share of the default's time in the same round, since
// machines change their pace.
static gm_status time_variants(gm_plan *plan, const trial *t, size_t *best, double *seconds) {
    double share[GM_MAX_VARIANTS][ROUNDS], time[ROUNDS], sample, least = 1 - LEAST_GAIN;
    GM_TRY(run_for(plan, t->phase[0], 1, &sample));
    size_t runs = sample * MOST_RUNS < SAMPLE_SECONDS ? MOST_RUNS : 1 + (size_t)(SAMPLE_SECONDS / sample);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t v = 0; v < t->variants.count; v++) {
            if (!t->usable[v])
                continue;
            GM_TRY(run_for(plan, t->phase[v], runs, &sample));
            time[round] = v == 0 ? sample : time[round];
            share[v][round] = sample / time[round];
        }
    qsort(time, ROUNDS, sizeof *time, ascending);
    *best = 0;
    for (size_t v = 0; v < t->variants.count; v++) {
        if (!t->usable[v])
            continue;
        qsort(share[v], ROUNDS, sizeof *share[v], ascending);
        gm_debug("tuning: %s: %s takes %.2f of the default's %.4f ms", t->key, t->variants.name[v],
                 share[v][ROUNDS / 2], 1e3 * time[ROUNDS / 2]);
        if (share[v][ROUNDS / 2] < least) {
            least = share[v][ROUNDS / 2];
            *best = v;
        }
    }
    *seconds = time[ROUNDS / 2] * (*best ? least : 1);
    return GM_OK;
}

// ---- Measuring ----

// Distinct operations of the plan. What does not fit into a quarter of the device's memory gets its default.
static gm_status list_trials(gm_plan *plan, gm_graph *graph, gm_phase *before, trial *trials, size_t *count) {
    uint64_t bytes = 0, most = plan->emitter.info->global_bytes / 4;
    for (size_t i = 0; i < plan->asked_count; i++) {
        const gm_tensor *node = plan->asked[i];
        trial *t = &trials[*count];
        GM_TRY(gm_variant_key(plan, node, &t->key));
        bool known = false;
        for (size_t k = 0; k < *count && !known; k++)
            known = strcmp(trials[k].key, t->key) == 0;
        plan->family[node->id]->variants(&plan->emitter, node, &t->variants);
        uint64_t needed = 2 * bytes_of(node->input[0]) + 2 * bytes_of(node->input[1]) + bytes_of(node);
        if (known || bytes + needed > most) {
            if (!known && !gm_tuning_find(plan->tuning, t->key))
                GM_TRY(gm_tuning_set(plan->tuning, t->key, t->variants.name[0], 0));
            free(t->key);
            t->key = NULL;
            continue;
        }
        bytes += needed;
        t->flop = plan->family[node->id]->flop(node);
        add_candidates(plan, graph, before, node, t);
        ++*count;
    }
    return gm_graph_status(graph);
}

static gm_status measure(gm_plan *plan) {
    gm_graph *graph = NULL;
    gm_state *state = NULL;
    gm_plan *candidates = NULL;
    trial *trials = NULL;
    bool *half = NULL;
    size_t count = 0;
    double start = gm_seconds();
    gm_status status = GM_OK;
    GM_TRY_DONE(gm_alloc(&trials, plan->asked_count, sizeof *trials, "tuning"));
    GM_TRY_DONE(gm_graph_create(&graph));
    gm_phase *before = gm_phase_create(graph, "before");
    GM_TRY_DONE(list_trials(plan, graph, before, trials, &count));
    GM_TRY_DONE(gm_alloc(&half, graph->node_count, sizeof *half, "tuning"));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 2; k++)
            half[trials[i].inside[k]->id] = trials[i].half[k];
    GM_TRY_DONE(gm_state_create(&state, plan->device, 1));
    const gm_plan_request request = {
        .matrix = plan->emitter.matrix, .half = half, .exact = plan->emitter.exact, .trial = true};
    GM_TRY_DONE(gm_plan_lower(&candidates, graph, state, &request));
    GM_TRY_DONE(gm_plan_bind(candidates));
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 2; k++)
            GM_TRY_DONE(fill(candidates, trials[i].input[k]));
    GM_TRY_DONE(gm_plan_run(candidates, before));
    for (size_t i = 0; i < count && gm_seconds() - start < 0.75 * plan->tuning->seconds; i++)
        GM_TRY_DONE(check_variants(candidates, &trials[i]));
    gm_ahead_wait(); // what compiles beside would be timed, too
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        double seconds = 0;
        // The first whatever its compiling took: a start with a slow compiler learns something, too.
        if (trials[i].checked && (i == 0 || gm_seconds() - start < plan->tuning->seconds))
            GM_TRY_DONE(time_variants(candidates, &trials[i], &best, &seconds));
        else if (gm_tuning_find(plan->tuning, trials[i].key))
            continue; // what an earlier start has found is better than the default
        GM_TRY_DONE(gm_tuning_set(plan->tuning, trials[i].key, trials[i].variants.name[best], 1e3 * seconds));
    }
done:
    plan->tuning->seconds -= gm_seconds() - start;
    gm_plan_destroy(&candidates);
    gm_state_destroy(&state);
    gm_graph_destroy(&graph);
    free(half);
    for (size_t i = 0; trials && i < plan->asked_count; i++)
        free(trials[i].key);
    free(trials);
    return status;
}

void gm_tune_measure(gm_plan *plan) {
    if (measure(plan) != GM_OK)
        gm_warn("kernels run in their default variants, timing others failed: %s", gm_error_message());
}
