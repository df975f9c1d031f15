// Bands of hearing: magnitudes of bins as means of bands on Slaney's mel scale, and back.
#ifndef GM_SOUND_MEL_H
#define GM_SOUND_MEL_H

#include "base/base.h"

// Slaney's scale (Auditory Toolbox, 1998): linear up to 1000 Hz = 15, then logarithmic: 27 more for a factor of 6.4.
double gm_mel_of_hertz(double hertz);
double gm_mel_to_hertz(double mel);

// Zeroed: none.
typedef struct gm_mel {
    size_t bands, bins;
    size_t *first, *count; // of a band: its bins
    float *weights;        // (bands, bins): of each band they sum to 1
} gm_mel;

// Triangles from 0 Hz to half the rate, whose middles lie evenly on the scale and whose sides reach the next ones'
// middles; at least a bin's width, so that none is empty however many there are. Then divided by their sum.
gm_status gm_mel_init(gm_mel *mel, size_t bands, size_t bins, double rate);
void gm_mel_finish(gm_mel *mel);

// One frame: bins (bins) -> values (bands).
void gm_mel_apply(const gm_mel *mel, const float *bins, float *values);
// The way back, to bins that are not negative: least squares by multiplicative updates (Lee and Seung 2000) from what
// lies between the bands. room (2 bins + bands): for work.
void gm_mel_invert(const gm_mel *mel, const float *values, float *bins, double *room);

#endif
