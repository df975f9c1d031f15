// How a camera was held: what EXIF (2.3, section 4.6.4) and TIFF (6.0, tag 274) say of it, and turning pictures back.
#ifndef GM_DATA_ORIENT_H
#define GM_DATA_ORIENT_H

#include "data/fit.h"

// The orientation, 1 to 8, in EXIF data that begin with their TIFF header; 1, upright, where they say nothing sensible.
unsigned gm_orient_parse(const uint8_t *exif, size_t bytes);
// Whether the upright picture's height is the stored one's width.
bool gm_orient_swaps(unsigned orientation);
// Makes a picture upright that was stored so. Fails when out of memory; the picture stays.
gm_status gm_orient_apply(gm_picture *picture, unsigned orientation);

#endif
