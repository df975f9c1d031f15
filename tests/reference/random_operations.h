// What the generator of random graphs and its operations share.
#ifndef GM_TESTS_RANDOM_OPERATIONS_H
#define GM_TESTS_RANDOM_OPERATIONS_H

#include "random_graph.h"

enum { GM_RANDOM_POOL = 160, GM_RANDOM_ELEMENTS = 2048 };

typedef struct generator {
    gm_graph *graph;
    gm_random_graph *out;
    uint64_t seed, drawn;
    gm_tensor *pool[GM_RANDOM_POOL]; // float32 values to build on
    size_t pool_count;
    gm_tensor *counter; // int32 (2), for random nodes
    char name[64];      // the latest fresh name; graphs copy names
} generator;

size_t gm_draw(generator *g, size_t count); // 0 ... count - 1
gm_tensor *gm_draw_tensor(generator *g);    // one of the pool, recent ones more often
// A new variable or input of that shape, an input of indices, by a fresh name.
gm_tensor *gm_draw_leaf(generator *g, gm_shape shape);
gm_tensor *gm_draw_indices(generator *g, size_t count);
const char *gm_draw_name(generator *g, const char *stem);

// Makes something of x; NULL when x's shape does not suit.
typedef gm_tensor *gm_random_operation(generator *g, gm_tensor *x);
extern gm_random_operation *const gm_random_operations[];
extern const size_t gm_random_operation_count;

#endif
