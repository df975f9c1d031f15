// Runs a graph's phases on a device and in the reference interpreter with the same inputs, and compares every fetched
// value and every variable, element by element.
#ifndef GM_TESTS_COMPARE_H
#define GM_TESTS_COMPARE_H

#include "device/device.h"
#include "ganymede/plan.h"

typedef struct gm_compare {
    gm_device *device;
    uint64_t seed;
    bool separate; // a poisoned buffer per value
    bool wild;     // inputs that cancel and that are large
    double ulps;   // allowed |error| in units of eps·magnitude; 0: 64
    size_t runs;   // of all phases in order; 0: 1
} gm_compare;

// Fills inputs (floats: normal; int32: 0..3; uint8: 0..255), runs, and reports the first differing element in the
// error message. Every plan runs twice from the same state and must repeat bit for bit.
gm_status gm_compare_run(const gm_compare *compare, gm_graph *graph);

#endif
