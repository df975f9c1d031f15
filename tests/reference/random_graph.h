// Random small graphs for holding a plan to the interpreter: every operation, ranks 0 to 4, fan-out, shared leaves,
// broadcasts, gradients and assignments, all from a seed. Values stay tame: finite and mostly within a few units.
#ifndef GM_TESTS_RANDOM_GRAPH_H
#define GM_TESTS_RANDOM_GRAPH_H

#include "ganymede/graph.h"

enum { GM_RANDOM_LEAVES = 64, GM_RANDOM_FETCHES = 24, GM_RANDOM_PHASES = 2 };

typedef struct gm_random_graph {
    gm_tensor *inputs[GM_RANDOM_LEAVES]; // float32 or int32; give them gm_random_graph_values
    size_t input_count;
    gm_tensor *variables[GM_RANDOM_LEAVES]; // float32 but the int32 counter; initialised by name and seed
    size_t variable_count;
    gm_phase *phases[GM_RANDOM_PHASES]; // run in this order, as often as liked
    gm_tensor *fetches[GM_RANDOM_PHASES][GM_RANDOM_FETCHES];
    size_t fetch_count[GM_RANDOM_PHASES];
} gm_random_graph;

// Appends the graph of that seed to an empty graph; the same seed gives the same graph. Print the seed on a mismatch.
gm_status gm_random_graph_build(gm_graph *graph, uint64_t seed, gm_random_graph *out);
// Element i of an input: a float32 number in [-2, 2), or for int32 an index of -1 to 7.
double gm_random_graph_value(uint64_t seed, const gm_tensor *input, size_t i);

#endif
