// Training by one objective: networks that follow one loss down together, as autoencoders and classifiers do.
//
// Phases, in the order in which a step runs them:
//   start     once before the first step: the averages begin as the networks
//   substep   with several batches to an update: between them, so that each draws fresh noise
//   gather    adds up the gradients of all batches but the last
//   update    one update of all networks; step + 1, sub-step = 0
//   average   the averages follow
#ifndef GM_MODEL_OBJECTIVE_H
#define GM_MODEL_OBJECTIVE_H

#include "model/model.h"
#include "model/training.h"

// The step's counter, int32 (2): updates made, and batches within the present one. For what draws noise or counts.
gm_tensor *gm_objective_counter(gm_model *model);

typedef struct gm_objective {
    gm_tensor *counter;
    gm_network *const *networks;
    size_t network_count;
    gm_tensor *loss;
    const gm_model_number *numbers; // that a step shows
    size_t number_count;
    const gm_optimizer *optimizer;
    bool reads_nothing; // no batch of the data
    size_t accumulate;  // batches whose mean gradient makes one update
    const gm_averaging *average;
    gm_tensor *followed, *following; // a variable that is no weight, and what each update makes of it; NULL: none
} gm_objective;

// Appends the phases to the model's graph and the actions to its step.
gm_status gm_objective_build(gm_model *model, const gm_model_source *source, const gm_objective *objective);

#endif
