// False colours: the hue of each channel, and a strip below a picture that says which is which.
#ifndef GM_SAMPLE_LEGEND_H
#define GM_SAMPLE_LEGEND_H

#include "sample/raster.h"

// What a channel adds to red, green and blue: of three channels one each, of others a hue of their own, evenly spread.
void gm_legend_hue(size_t channel, size_t channels, double hue[3]);
// The strip's size in pixels below a picture of that width; narrow pictures must become wider.
void gm_legend_size(size_t channels, size_t *width, size_t *height);
// Draws it into a white RGB picture, from row `top` on: a square of each hue with the channel's number, from 1.
void gm_legend_draw(gm_raster *picture, size_t top, size_t channels);

#endif
