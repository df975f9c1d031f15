// Between the two halves of merging: merge.c, which says what is launched together, and launcher.c, which writes the
// kernels that do it.
#ifndef GM_PLAN_MERGE_H
#define GM_PLAN_MERGE_H

#include "plan/plan.h"

enum { MOST_PARTS = 32, MOST_FUNCTIONS = 6, MOST_BUFFERS = 96 };

// Parts that run as one launch, in the order in which they were emitted.
typedef struct gm_merged {
    uint32_t part[MOST_PARTS]; // launches
    size_t count;
    bool repeated; // others run the same functions: its kernel is to be theirs, too
} gm_merged;

// Their distinct functions, in their order.
size_t gm_merged_functions(const gm_emitter *emitter, const gm_merged *parts, uint32_t function[MOST_FUNCTIONS]);
// Whether argument k is another for one of these parts, or for one more (NULL: none), than for the first.
bool gm_merged_varies(const gm_emitter *emitter, const uint32_t *part, size_t count, const gm_launch *more, size_t k);
// The arguments of a kernel that runs these parts and one more, all of one function with local memory.
size_t gm_merged_arguments(const gm_emitter *emitter, const gm_merged *parts, const gm_launch *more);
// The launch that runs them: what the only part is, if it is no function.
gm_status gm_merged_launch(gm_emitter *emitter, const gm_merged *parts, gm_launch *launch);

#endif
