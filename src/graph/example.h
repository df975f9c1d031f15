// Gradients per example, between their parts: which axis of each value holds the examples (example_marks.c), what
// the uses of a value that the examples share give to its gradient (example_products.c, example_uses.c), what is made
// of that (example.c).
#ifndef GM_GRAPH_EXAMPLE_H
#define GM_GRAPH_EXAMPLE_H

#include "graph/gradient.h"

typedef enum gm_example_kind {
    GM_EXAMPLE_NONE = 0, // the losses do not depend on it
    GM_EXAMPLE_SHARED,   // one value for all examples
    GM_EXAMPLE_EACH,     // a part for each
} gm_example_kind;

// Of GM_EXAMPLE_EACH: index i of the axis belongs to example (i / run) % examples.
typedef struct gm_example_mark {
    gm_example_kind kind;
    size_t axis, run;
} gm_example_mark;

typedef struct gm_examples {
    const char *what; // the public function, for messages
    gm_tensor *losses;
    gm_tensor *const *xs;
    size_t x_count;
    size_t examples;
    gm_sweep sweep;        // from the losses down to the params
    gm_example_mark *mark; // by id
    uint32_t *marked_by;   // by id: the node that the mark comes from
    bool *each, *shared;   // by id: which kind it is
} gm_examples;

// Marks every node that the losses depend on. A fault where the examples meet or cannot be told apart.
gm_status gm_examples_mark(gm_examples *e);

// The squared norms (N) of the examples' gradients of a shared node, from those of the nodes that use it, which the
// sweep has found; NULL: zero.
gm_tensor *gm_example_norms(const gm_examples *e, const gm_tensor *shared);

// ---- Tensors with the examples first ----

// The parts of x that belong to each example: (N, before, after), `before` and `after` being the product of the axes
// before and after the marked one, and the marked one's repetitions and runs part of `before`.
gm_tensor *gm_examples_first(gm_tensor *x, gm_example_mark mark, size_t examples);
// (N, ...) -> (N): the sums of each example.
gm_tensor *gm_examples_sum(gm_tensor *x);
// (N, P, K) -> (N, P, P): the products of the rows with each other.
gm_tensor *gm_examples_gram(gm_tensor *x);

// ---- Uses ----

// A node that takes a value, times a factor, as this input.
typedef struct gm_example_use {
    gm_tensor *node;
    size_t input;
    double factor;
} gm_example_use;

static inline gm_tensor *gm_example_gradient(const gm_examples *e, const gm_example_use *use) {
    return e->sweep.gradient[use->node->id];
}

// What the node says of its other input, which as a constant has no mark of its own. Of nodes with two inputs.
gm_example_mark gm_example_mark_of(const gm_examples *e, const gm_example_use *use, size_t input);
// Whether the use of a value by a node that holds a part for each example is a product or a convolution.
bool gm_example_is_product(const gm_example_use *use);
// The gradients (N, ...) that such a use gives to the value.
gm_tensor *gm_example_products(const gm_examples *e, const gm_example_use *use);
// The squared norms (N) of the sums of what `count` such uses of one value give.
gm_tensor *gm_example_product_norms(const gm_examples *e, const gm_example_use *uses, size_t count);

#endif
