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

// Every file of rules, once: GM_RULE_FILES comes from meson's list.
#define GM_RULE_FILE(name) extern const gm_rule gm_rules_##name[];
GM_RULE_FILES
#undef GM_RULE_FILE

#endif
