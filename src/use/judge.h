// A trained classifier that says how likely it takes images for a class of a data set.
#ifndef GM_USE_JUDGE_H
#define GM_USE_JUDGE_H

#include "ganymede/data.h"
#include "ganymede/device.h"

typedef struct gm_judge gm_judge;

// Of a run. Fails where it is no classifier, or knows other classes or images than the data have.
gm_status gm_judge_open(gm_judge **judge, const char *run, gm_device *device, const gm_dataset_info *data);
void gm_judge_close(gm_judge **judge);
// images (count, C, H, W), black at 0 and white at 1 -> the probability of the data's class for each; 0 where it is
// NaN.
gm_status gm_judge_apply(gm_judge *judge, const float *images, size_t count, int32_t label, float *probability);

#endif
