// The reference interpreter: runs a graph's phases on the host in double precision, one plain C function per operation.
// Those functions are the specification that the kernels are held to. It knows no device and shares no code with plans.
//
// Values are row-major doubles whatever the tensor's type; int32 and uint8 tensors hold whole numbers. Constants and
// the numbers in operations are rounded to float, as the device gets them; nothing else is rounded.
#ifndef GM_TESTS_REFERENCE_H
#define GM_TESTS_REFERENCE_H

#include "ganymede/graph.h"

typedef struct gm_reference gm_reference;

// The graph must outlive the reference and may grow. `seed` is the key of every random number, as in gm_state_create.
gm_status gm_reference_create(gm_reference **reference, gm_graph *graph, uint64_t seed);
void gm_reference_destroy(gm_reference **reference);

// Give a variable or an input its value (gm_shape_count doubles). Without it a variable starts as its initialiser
// says (the same numbers as in a gm_state of that seed) and an input as zeros.
gm_status gm_reference_set(gm_reference *reference, gm_tensor *leaf, const double *values);

// Evaluate a phase's fetches and assigned values from the present variables, then apply its assignments. Values of
// earlier phases are computed again, never reused.
gm_status gm_reference_run(gm_reference *reference, gm_phase *phase);
// Evaluate any tensors from the present variables and inputs.
gm_status gm_reference_evaluate(gm_reference *reference, gm_tensor *const *tensors, size_t count);

// The value of a variable or input now, or of a tensor that the last run fetched or assigned, or the last evaluate
// asked for; NULL otherwise. Valid until the next run, evaluate or set.
const double *gm_reference_value(const gm_reference *reference, const gm_tensor *tensor);
// Beside it, of the same shape, the scale of float rounding errors: a device's error is at most k*eps*magnitude for
// a small k. Its own rounding adds the sum of |terms| for a sum, product of matrices, convolution, pool or scatter,
// |value| for what else rounds, nothing for what only moves, picks, compares or counts; and every operation adds what
// its inputs' magnitudes become in it (first order; a comparison that rounding may turn counts as a jump). So for one
// operation on leaves, which are exact when set, it is the plain sum of |terms|. Assigned variables keep theirs.
const double *gm_reference_magnitude(const gm_reference *reference, const gm_tensor *tensor);

#endif
