// Settings that models of several kinds have: how weights start, how batches make an update, the average of weights.
#ifndef GM_MODEL_TRAINING_H
#define GM_MODEL_TRAINING_H

#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "recipe/recipe.h"

typedef struct gm_averaging {
    double decay; // of the average of the weights that samples are made with; 0: none
    bool warmup;
} gm_averaging;

// Rows of the fields `initializer` (int, gm_weight_initializer), `accumulate` (size_t) and `average` (gm_averaging) in
// the settings struct `of`.
#define GM_INITIALIZER_ROW(of)                                                                                         \
    GM_ROW_CHOICE(of, "initializer", initializer, gm_weight_initializer_names, GM_WEIGHTS_DEFAULT,                     \
                  "how the weights of layers start that name none themselves")
#define GM_ACCUMULATE_ROW(of)                                                                                          \
    GM_ROW_INTEGER(of, "accumulate", accumulate, 1, 1024, 1,                                                           \
                   "batches whose mean gradient makes one update: a larger batch than the memory holds")
#define GM_AVERAGE_ROWS(of)                                                                                            \
    GM_ROW_NUMBER(of, "average.decay", average.decay, 0, 0.999999999, 0,                                               \
                  "samples are made with a moving average of the weights that keeps this share a step; 0: with the "   \
                  "weights themselves"),                                                                               \
        GM_ROW_BOOLEAN(of, "average.warmup", average.warmup, 1,                                                        \
                       "keep less at the start: at most (1 + step) / (10 + step)")

#endif
