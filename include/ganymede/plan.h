// Running graphs: a state holds the variables, a plan turns the phases of a graph into launches on a device.
#ifndef GANYMEDE_PLAN_H
#define GANYMEDE_PLAN_H

#include "ganymede/device.h"
#include "ganymede/graph.h"
#include "ganymede/tuning.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_state gm_state;
typedef struct gm_plan gm_plan;

// ---- State: the variables of any number of plans on one device, by name ----

// `seed` is the key of every random number. The device must outlive the state.
GM_API gm_status gm_state_create(gm_state **state, gm_device *device, uint64_t seed);
GM_API void gm_state_destroy(gm_state **state);
GM_API size_t gm_state_count(const gm_state *state);
// Variable `index` in order of first declaration; the name belongs to the state.
GM_API void gm_state_entry(const gm_state *state, size_t index, const char **name, gm_type *type, gm_shape *shape);
// Copy a variable's row-major value; `bytes` must be its size. Waits for the device. Unknown names fail.
GM_API gm_status gm_state_read(gm_state *state, const char *name, void *values, size_t bytes);
GM_API gm_status gm_state_write(gm_state *state, const char *name, const void *values, size_t bytes);

// ---- Plan ----

typedef struct gm_plan_options {
    bool separate; // a poisoned buffer for each value instead of shared memory (also GANYMEDE_PLAN=separate)
    bool unfilled; // separate, but not poisoned: for tools that report reads of what nothing has written
    // Of products' and convolutions' operands, or of what lies in memory: a permission. Where the device has no matrix
    // units for it, or runs the kernels for CPUs, results are float32's, and a warning says so (gm_log_set).
    gm_precision precision;
    gm_tuning *tuning; // which kernel variants to use, and whether to time them; NULL: the defaults
    size_t picture[2]; // height and width of the one picture that it is for: without memory for it, a message says
                       // which would fit; zeros: what it is for is a batch
} gm_plan_options;

// Plans every phase of the graph for the state's device: fuses, lays out memory, builds programs, binds arguments,
// and declares the graph's variables in the state (initialised unless it holds them already).
// Fails with the graph's first fault, a compiler's message, or what memory the plan needs. options may be NULL.
// The graph must outlive the plan and not grow; the state must outlive it.
GM_API gm_status gm_plan_create(gm_plan **plan, gm_graph *graph, gm_state *state, const gm_plan_options *options);
GM_API void gm_plan_destroy(gm_plan **plan);

// Write an input (row-major, the tensor's size in bytes). The memory may be reused when the call returns.
GM_API gm_status gm_plan_write(gm_plan *plan, gm_tensor *input, const void *values, size_t bytes);
// Enqueue a phase; does not wait for the device (but lets at most two runs per phase be in flight).
// Fails when the phase reuses a value of an earlier phase that is out of date (a variable assigned in between).
GM_API gm_status gm_plan_run(gm_plan *plan, gm_phase *phase);
// Wait for the device and copy a fetched value, row-major.
GM_API gm_status gm_plan_read(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes);
// The same without waiting: `values` must live until gm_plan_finish, and are complete then. What runs in between does
// not touch them, so that the device goes on while the host prepares what comes next.
GM_API gm_status gm_plan_read_later(gm_plan *plan, gm_tensor *fetched, void *values, size_t bytes);
GM_API gm_status gm_plan_finish(gm_plan *plan); // wait for everything enqueued

typedef struct gm_plan_statistics {
    size_t launches;          // per run of every phase once
    size_t kernels;           // distinct (kernel, local size) pairs
    uint64_t device_bytes;    // planned values
    uint64_t unplanned_bytes; // with one buffer per value
    uint64_t state_bytes;     // the state's variables
    uint64_t input_bytes;     // inputs (a data set on the device is one) and arrays of constants
    double flop;              // floating-point operations of GEMMs and convolutions, every phase once
    double build_ms;          // compiling or loading programs
} gm_plan_statistics;
GM_API void gm_plan_get_statistics(const gm_plan *plan, gm_plan_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
