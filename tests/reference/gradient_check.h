// Gradients against central differences, in the reference interpreter's doubles, once and twice.
#ifndef GM_TESTS_GRADIENT_CHECK_H
#define GM_TESTS_GRADIENT_CHECK_H

#include "ganymede/graph.h"

enum { GM_GRADIENT_VARIABLES = 5, GM_GRADIENT_INDICES = 6 };

// A function of a few variables. Their elements are distinct, evenly spaced in [low, high] and shuffled, so that no two
// are near a tie and, in a range around 0, none is near 0.
typedef struct gm_gradient_case {
    const char *name;
    gm_tensor *(*build)(gm_graph *graph, gm_tensor *const *x);
    size_t count; // variables used
    struct {
        gm_shape shape;
        double low, high; // 0, 0: [-1, 1]
        const char *name; // as a layer declares it; NULL: any
    } variable[GM_GRADIENT_VARIABLES];
    size_t index_count; // > 0: x[count] is an int32 input of these
    double index[GM_GRADIENT_INDICES];
} gm_gradient_case;

// order 1: the gradient of y = sum(build(x) R), R random, in every variable.
// order 2: the gradient of z = sum_i sum(dy/dx_i S_i), S_i random, in every variable and in R.
// False after printing what failed or differed.
bool gm_gradient_check(const gm_gradient_case *c, int order);

#endif
