// Sounds as images of bands over time, as networks see them, and back.
//   n = values of a sound, F = frames, M = bands
#ifndef GM_SOUND_SPECTROGRAM_H
#define GM_SOUND_SPECTROGRAM_H

#include "base/base.h"

// How a sound becomes an image; all are set.
typedef struct gm_spectrogram {
    size_t rate, count;        // Hz, n
    size_t bands, window, hop; // M, values of a spectrum and from one to the next
    double floor;              // what is quieter is as loud; a sine of full scale has 1
} gm_spectrogram;

// The power of two of values that comes nearest to 30 milliseconds at a rate of so many Hz, within what a spectrum can
// have.
size_t gm_spectrogram_window(size_t rate);
size_t gm_spectrogram_frames(const gm_spectrogram *s); // n / hop, rounded up
// Fails where the numbers make no spectrogram; before any work.
gm_status gm_spectrogram_check(const gm_spectrogram *s);
// `sounds` of (n) -> images (M, F): band 0, the lowest, first. ln of a band's mean magnitude, of which the floor is -1
// and 1 is 1; louder is 1, too. On all processors.
gm_status gm_spectrogram_of(const gm_spectrogram *s, const float *sounds, size_t count, float *images);
// The way back: magnitudes as the images have them, what is at the floor silent, phases by Griffin and Lim's method.
// The same image gives the same sound.
gm_status gm_spectrogram_invert(const gm_spectrogram *s, const float *images, size_t count, float *sounds);

#endif
