// Spectrograms drawn: time to the right, the lowest band at the bottom, from black (the floor) over red to yellow.
#ifndef GM_SAMPLE_HEAT_H
#define GM_SAMPLE_HEAT_H

#include "sample/raster.h"

// A rectangle of a picture of three channels.
typedef struct gm_pane {
    gm_raster *picture;
    size_t left, top, width, height; // pixels
} gm_pane;

// The colour of 0 to 1, red, green and blue from 0 to 1; NaN is 0.
void gm_heat_colour(double level, double colour[3]);
// image (bands, frames), the lowest band first, of which `low` is the coldest and `high` the hottest. Where pixels are
// fewer than values, each shows the largest of its values.
void gm_heat_draw(const gm_pane *pane, const float *image, size_t bands, size_t frames, double low, double high);
// The spectrogram of a sound of `count` values: as many mel bands as the pane has rows of pixels, full scale to 70 dB
// below. Fails without memory.
gm_status gm_heat_draw_sound(const gm_pane *pane, const float *sound, size_t count, size_t rate);

#endif
