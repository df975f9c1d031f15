// Runs a graph's phases on a device and in the reference interpreter with the same inputs, and compares every fetched
// value and every variable, element by element.
//
// On the device each graph has two plans, one that shares memory and one with a poisoned, guarded buffer per value.
// They must agree bit for bit, and phases that assign nothing run twice in the first.
//
// `unfilled` comparisons run once, in one plan with a bare buffer per value: for tools that watch every access.
#ifndef GM_TESTS_COMPARE_H
#define GM_TESTS_COMPARE_H

#include "device/device.h"
#include "ganymede/plan.h"

typedef struct gm_compare {
    gm_device *device;
    uint64_t seed;
    double ulps; // allowed |error| in units of eps·magnitude; 0: 64
    bool unfilled;
    const char *variant;    // of the kernels of every operation that has it; NULL: the direct ones
    gm_precision precision; // of the plans: their results may then differ by the rounding of what it rounds as well
    bool halved;            // half storage: what is an input times a half is exact
    gm_phase *before;       // each run of another phase: makes what that reads; NULL: none
    size_t runs;            // of all phases in order; 0: 1
    // Element i of an input. NULL: floats normal, int32 of 0 to 3, uint8 of 0 to 255.
    double (*value)(uint64_t seed, const gm_tensor *input, size_t i);
} gm_compare;

typedef struct gm_comparison gm_comparison;

// Plans the graph and fills its inputs. The graph and the device must outlive it.
gm_status gm_comparison_create(gm_comparison **comparison, const gm_compare *compare, gm_graph *graph);
void gm_comparison_destroy(gm_comparison **comparison);
// Runs one phase everywhere; the first differing element is in the error message. ulps as above.
gm_status gm_comparison_run(gm_comparison *comparison, gm_phase *phase, double ulps);
// Was anything written behind a value's end?
gm_status gm_comparison_check_guards(gm_comparison *comparison);
const gm_plan *gm_comparison_plan(const gm_comparison *comparison); // the one that shares memory, if any

// All of that, for every phase.
gm_status gm_compare_run(const gm_compare *compare, gm_graph *graph);

// x to the nearest number that IEEE 754's 16-bit floats hold, ties to even.
double gm_round_to_half(double x);

#endif
