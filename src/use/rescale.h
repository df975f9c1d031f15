// Images in another size, stretched.
#ifndef GM_USE_RESCALE_H
#define GM_USE_RESCALE_H

#include "use/fills.h"

// (channels, height, width) of `shape` into the height and width of `to`, of as many channels.
gm_status gm_rescale(const float *from, const gm_picture_shape *shape, const gm_picture_shape *to, float *values);

#endif
