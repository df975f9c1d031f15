// Sounds as spectra of short pieces, and back.
//   n = values of a sound, W = values of a piece, H = hop from one to the next, F = frames, B = W / 2 + 1 bins.
#ifndef GM_SOUND_STFT_H
#define GM_SOUND_STFT_H

#include "base/base.h"

enum { GM_STFT_LEAST_WINDOW = 16, GM_STFT_MOST_WINDOW = 65536 };

// One per thread: it holds room to work in.
typedef struct gm_stft gm_stft;

// Hann's window of W values, an even number; 1 <= H <= W / 2.
gm_status gm_stft_create(gm_stft **stft, size_t window, size_t hop);
void gm_stft_destroy(gm_stft **stft);
size_t gm_stft_bins(const gm_stft *stft);
size_t gm_stft_frames(const gm_stft *stft, size_t count); // n / H, rounded up

// x (n) -> spectra (F, B, 2), real and imaginary parts. The middle of frame k is value k H + H / 2, and zeros lie
// around the sound. A sine of amplitude a in the middle of a bin has the magnitude a there, whatever W.
void gm_stft_forward(gm_stft *stft, const float *x, size_t count, float *spectra);
// The sound (n) whose spectra come nearest to these in least squares: that sound itself where they are one's (Griffin
// and Lim 1984, equation 6).
void gm_stft_inverse(gm_stft *stft, const float *spectra, size_t count, float *x);
// |.|: (F, B, 2) -> (F, B)
void gm_stft_magnitudes(const float *spectra, size_t count, float *magnitudes);

#endif
