// How far images are from those that are known: what kinds that make samples from samples minimise and show.
#ifndef GM_MODEL_DISTANCE_H
#define GM_MODEL_DISTANCE_H

#include "model/model.h"

// E|a - b| over everything, black to white being 1 -> scalar.
gm_tensor *gm_distance_l1(const gm_sample *format, gm_tensor *a, gm_tensor *b);
// The mean of the images' own PSNR in dB, black to white being 1 -> scalar.
gm_tensor *gm_distance_psnr(const gm_sample *format, gm_tensor *a, gm_tensor *b);

#endif
