// How the interpreter finds the function of an operation: each family's file ends with a table of them.
#ifndef GM_TESTS_REFERENCE_OPERATIONS_H
#define GM_TESTS_REFERENCE_OPERATIONS_H

#include "graph/graph.h"

// A computed input: its symbol, values and error scale (see gm_reference_magnitude).
typedef struct gm_operand {
    const gm_tensor *tensor;
    const double *value, *magnitude;
} gm_operand;

// Fills value and magnitude, each of y's count.
typedef void gm_reference_function(const gm_tensor *y, const gm_operand *in, double *value, double *magnitude,
                                   uint64_t seed);

typedef struct gm_reference_row {
    const gm_op *op; // NULL ends a table
    gm_reference_function *function;
} gm_reference_row;

extern const gm_reference_row gm_reference_views[], gm_reference_moves[], gm_reference_reductions[],
    gm_reference_gemms[], gm_reference_convolutions[], gm_reference_pools[], gm_reference_gathers[],
    gm_reference_randoms[], gm_reference_neighbors[], gm_reference_softmaxes[], gm_reference_unfolds[];
// Element-wise operations are found by name. NULL when this one is unknown.
gm_reference_function *gm_reference_elementwise(const gm_op *op);

// The row-major position of `index` in `shape`, and back.
size_t gm_reference_ravel(const gm_shape *shape, const size_t *index);
void gm_reference_unravel(const gm_shape *shape, size_t position, size_t *index);

#endif
