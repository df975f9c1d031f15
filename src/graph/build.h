// What the constructors share: checking their inputs, describing them in messages, constants seen through views.
#ifndef GM_GRAPH_BUILD_H
#define GM_GRAPH_BUILD_H

#include "graph/graph.h"

// Whether all of `xs` are sound tensors of one graph. If not, *poison is what the constructor returns: the poison
// tensor of whichever graph is known, NULL when none is.
bool gm_usable(const char *what, gm_tensor *const *xs, size_t count, gm_tensor **poison);
// Whether a shape that a caller gave can be: rank, no empty dimension, a count that fits. Records a fault if not.
bool gm_shape_usable(gm_graph *graph, const char *what, const gm_shape *shape);
// Records that memory is exhausted, if there is no fault yet, and returns the poison tensor.
gm_tensor *gm_fault_memory(gm_graph *graph);
// Whether x, called `name` in messages, is float32 and has the axis; else as gm_usable.
bool gm_axis_usable(const char *what, const char *name, gm_tensor *x, size_t axis, gm_tensor **poison);
// "'name' (64, 3, 32, 32)" for named tensors, else the shape alone; buffers as gm_shape_text's.
const char *gm_describe(const gm_tensor *x);

// The node of this operation and name, or NULL.
gm_tensor *gm_find_named(const gm_graph *graph, const gm_op *op, const char *name);

// Whether every element of x is one constant, finite as a float: a constant under any views is still that constant.
bool gm_known(const gm_tensor *x, double *value);
bool gm_known_equal(const gm_tensor *x, double value);
// A scalar constant of any type.
gm_tensor *gm_constant_of(gm_graph *graph, gm_type type, double value);
// A tensor whose every element is `value`: a constant under a broadcast, the form that gm_known's users return.
gm_tensor *gm_filled(gm_graph *graph, gm_type type, const gm_shape *shape, double value);

// int32 0, 1, ... count - 1 along one axis of so many, the others of size 1; count is 1 to INT32_MAX.
gm_tensor *gm_indices_along(gm_graph *graph, size_t rank, size_t axis, size_t count);

// Whether x is a node of this operation that no caller holds, so that constructors may look through it.
static inline bool gm_hidden_is(const gm_tensor *x, const gm_op *op) {
    return x && x->hidden && x->op == op;
}

// The axes that a flip turns round.
uint32_t gm_flipped_axes(const gm_tensor *y);

// The set of all axes of a tensor of this rank.
static inline uint32_t gm_all_axes(size_t rank) {
    return rank == 0 ? 0u : (uint32_t)((UINT64_C(1) << rank) - 1);
}

#endif
