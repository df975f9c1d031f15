// A sound from the magnitudes of its spectra alone.
#ifndef GM_SOUND_GRIFFIN_LIM_H
#define GM_SOUND_GRIFFIN_LIM_H

#include "sound/stft.h"

// Zeros are the defaults.
typedef struct gm_griffin_lim_options {
    size_t rounds;   // 0: GM_GRIFFIN_LIM_ROUNDS
    double momentum; // 0: that of Griffin and Lim (1984) without any
    uint64_t seed;   // of the phases to begin with
} gm_griffin_lim_options;
enum { GM_GRIFFIN_LIM_ROUNDS = 48 };
#define GM_GRIFFIN_LIM_MOMENTUM .99

// magnitudes (F, B) -> x (n), with F the frames of n values. From random phases, magnitudes are put in and what no
// sound has is taken out in turns, with momentum (Perraudin, Balazs and Sondergaard 2013). Repeats bit for bit. Fails
// without memory.
gm_status gm_griffin_lim(gm_stft *stft, const float *magnitudes, size_t count, const gm_griffin_lim_options *options,
                         float *x);
// How far the magnitudes are from those of the sound: root of the sum of squared differences, divided by theirs.
gm_status gm_spectral_distance(gm_stft *stft, const float *magnitudes, const float *x, size_t count, double *distance);

#endif
