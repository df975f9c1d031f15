// Sounds as samples of one rate and length.
//
//     const gm_sound_schema *sound = gm_dataset_get_info(dataset)->sound;
//     printf("%zu values of %zu Hz\n", sound->window, sound->rate);
#ifndef GANYMEDE_SOUND_H
#define GANYMEDE_SOUND_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// What becomes of sounds that are longer than a window. Shorter ones lie in the middle of silence.
typedef enum gm_sound_longer {
    GM_SOUND_CUT = 0, // the middle is cut out
    GM_SOUND_SLICE, // windows one behind the other, each an item; the rest, if it is half a window or more, another one
} gm_sound_longer;

typedef enum gm_sound_loudness {
    GM_SOUND_KEEP = 0, // as it is, cut off at -1 and 1
    GM_SOUND_PEAK,     // each file's largest value becomes 1 or -1; silence stays silence
} gm_sound_loudness;

enum { GM_SOUND_MOST_WINDOW = 1 << 24, GM_SOUND_MOST_RATE = 768000 };

// What is known of sounds, or how they shall be read. Of options, zeros are the defaults.
typedef struct gm_sound_schema {
    size_t rate;          // values of a channel in a second; others are resampled; 0: the sounds' own
    size_t window;        // values of a channel in an item; 0: the sounds' own length
    int longer, loudness; // gm_sound_longer, gm_sound_loudness
    bool trim;            // silence at both ends is left out first: what is below 1/200 of the sound's largest value
    // Networks see spectrograms of so many bands on Slaney's mel scale, at most 1024; 0: waveforms.
    size_t bands;
    size_t spectrum; // values that each spectrum is of, an even number; 0: the power of two nearest to 30 milliseconds
    size_t hop;      // from one spectrum to the next, at most spectrum / 2; 0: a quarter of it
    double floor;    // what is quieter is as if it were so loud, where a sine of full scale is 1; 0: 0.001
} gm_sound_schema;

#ifdef __cplusplus
}
#endif
#endif
