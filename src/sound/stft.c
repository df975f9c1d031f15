// Sounds as spectra of short pieces, and back, by kissfft.
#include "sound/stft.h"

#include <kiss_fftr.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct gm_stft {
    size_t window, hop, bins;
    double scale; // of spectra: 2 / sum of the window
    kiss_fftr_cfg forward, inverse;
    float *hann, *piece; // (W) each
    kiss_fft_cpx *bin;   // (B)
};

void gm_stft_destroy(gm_stft **stft) {
    if (!stft || !*stft)
        return;
    gm_stft *old = *stft;
    kiss_fftr_free(old->forward);
    kiss_fftr_free(old->inverse);
    free(old->hann);
    free(old->piece);
    free(old->bin);
    free(old);
    *stft = NULL;
}

static gm_status fill(gm_stft *s) {
    const double pi = acos(-1);
    double sum = 0;
    GM_TRY(gm_alloc(&s->hann, s->window, sizeof *s->hann, "a window"));
    GM_TRY(gm_alloc(&s->piece, s->window, sizeof *s->piece, "a window"));
    GM_TRY(gm_alloc(&s->bin, s->bins, sizeof *s->bin, "a spectrum"));
    for (size_t i = 0; i < s->window; i++) {
        s->hann[i] = (float)(.5 - .5 * cos(2 * pi * (double)i / (double)s->window));
        sum += (double)s->hann[i];
    }
    s->scale = 2 / sum;
    s->forward = kiss_fftr_alloc((int)s->window, 0, NULL, NULL);
    s->inverse = kiss_fftr_alloc((int)s->window, 1, NULL, NULL);
    return s->forward && s->inverse ? GM_OK : gm_fail_memory(s->window * sizeof *s->bin, "a Fourier transform");
}

gm_status gm_stft_create(gm_stft **stft, size_t window, size_t hop) {
    gm_stft *made;
    *stft = NULL;
    if (window < GM_STFT_LEAST_WINDOW || window > GM_STFT_MOST_WINDOW || window % 2 != 0)
        return gm_fail(GM_ERROR_ARGUMENT, "a spectrum of %zu values: give an even number, %d to %d", window,
                       GM_STFT_LEAST_WINDOW, GM_STFT_MOST_WINDOW);
    if (hop == 0 || hop > window / 2)
        return gm_fail(GM_ERROR_ARGUMENT, "spectra of %zu values, one every %zu: give 1 to %zu, half of a window",
                       window, hop, window / 2);
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a Fourier transform"));
    made->window = window;
    made->hop = hop;
    made->bins = window / 2 + 1;
    gm_status status = fill(made);
    if (status != GM_OK)
        gm_stft_destroy(&made);
    *stft = made;
    return status;
}

size_t gm_stft_bins(const gm_stft *stft) {
    return stft->bins;
}

size_t gm_stft_frames(const gm_stft *stft, size_t count) {
    return gm_divide_up(count, stft->hop);
}

// Which value of the sound the frame's value i is; below 0 or from n on: a zero beside it.
static ptrdiff_t place_of(const gm_stft *s, size_t frame, size_t i) {
    return (ptrdiff_t)(frame * s->hop + i) - (ptrdiff_t)((s->window - s->hop) / 2);
}

void gm_stft_forward(gm_stft *s, const float *x, size_t count, float *spectra) {
    for (size_t f = 0; f < gm_stft_frames(s, count); f++) {
        for (size_t i = 0; i < s->window; i++) {
            ptrdiff_t place = place_of(s, f, i);
            s->piece[i] = place >= 0 && place < (ptrdiff_t)count ? x[place] * s->hann[i] : 0;
        }
        kiss_fftr(s->forward, s->piece, s->bin);
        for (size_t k = 0; k < s->bins; k++) {
            spectra[2 * (f * s->bins + k)] = (float)((double)s->bin[k].r * s->scale);
            spectra[2 * (f * s->bins + k) + 1] = (float)((double)s->bin[k].i * s->scale);
        }
    }
}

// The window is put on once more, and what windows overlap in is divided by the sum of their squares.
void gm_stft_inverse(gm_stft *s, const float *spectra, size_t count, float *x) {
    const double scale = 1 / (s->scale * (double)s->window);
    const size_t frames = gm_stft_frames(s, count);
    memset(x, 0, count * sizeof *x);
    for (size_t f = 0; f < frames; f++) {
        for (size_t k = 0; k < s->bins; k++)
            s->bin[k] = (kiss_fft_cpx){spectra[2 * (f * s->bins + k)], spectra[2 * (f * s->bins + k) + 1]};
        kiss_fftri(s->inverse, s->bin, s->piece);
        for (size_t i = 0; i < s->window; i++) {
            ptrdiff_t place = place_of(s, f, i);
            if (place >= 0 && place < (ptrdiff_t)count)
                x[place] += (float)(scale * (double)(s->piece[i] * s->hann[i]));
        }
    }
    for (size_t place = 0; place < count; place++) {
        double weight = 0; // of the frames that reach this value
        size_t end = GM_MIN((place + (s->window - s->hop) / 2) / s->hop + 1, frames);
        for (size_t f = end; f-- > 0;) {
            size_t i = place + (s->window - s->hop) / 2 - f * s->hop;
            if (i >= s->window)
                break;
            weight += (double)s->hann[i] * (double)s->hann[i];
        }
        x[place] = (float)((double)x[place] / weight);
    }
}

void gm_stft_magnitudes(const float *spectra, size_t count, float *magnitudes) {
    for (size_t i = 0; i < count; i++)
        magnitudes[i] = hypotf(spectra[2 * i], spectra[2 * i + 1]);
}
