// Gradient rules, apart from the operations that they differentiate: the sum's is made of broadcasts, the broadcast's
// of sums, so that neither constructor knows of the other and gm_grad alone needs the rules.
#ifndef GM_GRAPH_GRADIENT_H
#define GM_GRAPH_GRADIENT_H

#include "graph/graph.h"

// An operation without a row is not differentiable.
typedef struct gm_rule {
    const gm_op *op;
    // Appends the gradient: dx[i] for every input i with wanted[i] (leave NULL: none).
    void (*gradient)(gm_tensor *y, gm_tensor *dy, const bool *wanted, gm_tensor **dx);
} gm_rule;

// The rule of an operation, or NULL.
const gm_rule *gm_rule_find(const gm_op *op);

// What adds up to a gradient, the latest first.
typedef struct gm_term {
    gm_tensor *value;
    size_t earlier; // plus one; 0: none
} gm_term;

// A sweep from a node down to the xs: the gradients of the nodes between, as far as they have been found.
typedef struct gm_sweep {
    gm_graph *graph;
    size_t count;         // nodes 0 .. the last that it starts from
    bool *on_path;        // it depends on an x through differentiable operations
    gm_tensor **gradient; // accumulated so far; NULL: none
    gm_term *terms;
    size_t term_count, term_capacity;
    size_t *latest; // of each gradient's terms, plus one; 0: none
    bool *wanted;   // of one node's inputs
    gm_tensor **dx;
} gm_sweep;

// Of the nodes up to y, with no gradients yet. A failed one must be finished, too.
gm_status gm_sweep_init(gm_sweep *sweep, const gm_tensor *y, gm_tensor *const *xs, size_t count);
void gm_sweep_finish(gm_sweep *sweep);
// The gradient of a node whose users have all been visited; NULL: none.
gm_tensor *gm_sweep_gradient(gm_sweep *sweep, size_t id);
// Adds to the gradients of the node's inputs what dy, the node's own, gives them: of inputs on the path and, unless
// `open` is NULL, open there (by id).
gm_status gm_sweep_visit(gm_sweep *sweep, gm_tensor *node, gm_tensor *dy, const bool *open);
// Whether xs and y, a tensor of the function `what`, are sound float32 tensors of one graph; records a fault if not.
bool gm_sweep_usable(const char *what, gm_tensor *y, gm_tensor *const *xs, size_t count);

// Every file of rules, once: GM_RULE_FILES comes from meson's list.
#define GM_RULE_FILE(name) extern const gm_rule gm_rules_##name[];
GM_RULE_FILES
#undef GM_RULE_FILE

#endif
