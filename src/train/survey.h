// The pass over the data before the first step, of models that have one.
#ifndef GM_TRAIN_SURVEY_H
#define GM_TRAIN_SURVEY_H

#include "ganymede/base.h"

struct gm_trainer;

// Runs it, in private once it is paid for. Nothing to do where the model has none, where a checkpoint holds what it
// found, and on a device that is only described. Behind gm_trainer_private_begin.
gm_status gm_trainer_survey(struct gm_trainer *trainer);

#endif
