// Images at another size, as programs for pictures enlarge them.
#ifndef GM_USE_ENLARGE_H
#define GM_USE_ENLARGE_H

#include <stddef.h>

// One channel (height, width) -> (factor * height, factor * width) by cubic convolution (Keys 1981, a = -1/2), the edge
// repeated.
void gm_enlarge_bicubic(const float *image, size_t height, size_t width, size_t factor, float *result);

#endif
