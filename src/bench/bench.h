// What is measured as a graph: begun, filled with nodes by the caller, timed and finished.
#ifndef GM_BENCH_BENCH_H
#define GM_BENCH_BENCH_H

#include "base/base.h"
#include "ganymede/bench.h"
#include "ganymede/plan.h"

typedef struct gm_bench_operation {
    gm_device *device;
    gm_graph *graph;
    gm_state *state;
    gm_plan *plan;
    gm_phase *phase;
} gm_bench_operation;

gm_status gm_bench_begin(gm_bench_operation *o, gm_device *device); // finish it, whatever it returns
void gm_bench_finish(gm_bench_operation *o);
// Plans the graph, fills the inputs with small numbers, and times the phase: the median of a run's seconds.
gm_status gm_bench_time(gm_bench_operation *o, gm_tensor *const *inputs, size_t count, double *seconds);
// The result of arithmetic, beside the ceiling of multiply-adds, which this measures.
gm_status gm_bench_arithmetic(gm_device *device, double seconds, double flop, double bytes, gm_bench_result *result);

#endif
