// A trained model: a checkpoint's recipe, and on a device the weights of whatever uses of it are made.
#ifndef GM_USE_TRAINED_H
#define GM_USE_TRAINED_H

#include "model/kinds.h"
#include "run/checkpoint.h"

typedef struct gm_trained {
    gm_checkpoint *checkpoint;
    gm_recipe *recipe;
    uint64_t step;
    gm_device *opened, *device; // the former only when it was opened here
    gm_state *state;            // plans on it find their variables in the checkpoint
} gm_trained;

// run: a run folder (its newest whole checkpoint) or a checkpoint file. device: an open one, which must outlive the
// model, or NULL: the one that the selector names.
gm_status gm_trained_open(gm_trained *trained, const char *run, gm_device *device, const char *selector);
// What training has told of its data at most, a sentence; NULL: it was not private.
const char *gm_trained_privacy(const gm_trained *trained);
// Whether its training began with steps of pretraining, which its checkpoint 0 is behind.
bool gm_trained_is_pretrained(const gm_trained *trained);
void gm_trained_close(gm_trained *trained);

#endif
