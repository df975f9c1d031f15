// Transparency: blended with a background, or kept as a channel.
#ifndef GM_DATA_ALPHA_H
#define GM_DATA_ALPHA_H

#include "data/fit.h"

// Takes the last channel away, with a colour (red, green, blue; 0 to 255) behind the picture: its grey behind pictures
// that are not of three colours. Nothing where there is no alpha.
void gm_alpha_blend(gm_picture *picture, const uint8_t background[3]);
// Colours that are multiples of their opacity (premultiplied) become those that are not.
void gm_alpha_divide(gm_picture *picture);
// An item's plane of opacity (height, width), bytes or floats: the picture's, or that of an opaque one. It is clear
// where the picture does not reach.
gm_status gm_alpha_fit(const gm_picture *picture, gm_fit fit, const gm_fit_target *target, void *pixels);

#endif
