// Sounds as images of bands over time, and back.
#include "sound/spectrogram.h"

#include "sound/griffin_lim.h"
#include "sound/mel.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_BANDS = 1024 };

size_t gm_spectrogram_window(size_t rate) {
    const double wanted = .03 * (double)rate * sqrt(.5);
    size_t window = GM_STFT_LEAST_WINDOW;
    while ((double)window < wanted && window < GM_STFT_MOST_WINDOW)
        window *= 2;
    return window;
}

size_t gm_spectrogram_frames(const gm_spectrogram *s) {
    return gm_divide_up(s->count, s->hop);
}

gm_status gm_spectrogram_check(const gm_spectrogram *s) {
    gm_stft *stft;
    if (s->bands == 0 || s->bands > MOST_BANDS)
        return gm_fail(GM_ERROR_ARGUMENT, "a spectrogram of %zu bands: give 1 to %d", s->bands, MOST_BANDS);
    if (!(s->floor > 0 && s->floor < 1))
        return gm_fail(GM_ERROR_ARGUMENT, "a spectrogram's floor of %g: give more than 0 and less than 1, full scale",
                       s->floor);
    if (s->rate == 0 || s->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "a spectrogram of %zu values at %zu Hz: it has none", s->count, s->rate);
    GM_TRY(gm_stft_create(&stft, s->window, s->hop));
    gm_stft_destroy(&stft);
    return GM_OK;
}

// ---- One sound, on one thread ----

typedef struct task {
    const gm_spectrogram *spectrogram;
    gm_mel mel;
    const float *from;
    float *to;
} task;

typedef struct worker {
    gm_stft *stft;
    float *spectra, *magnitudes; // (F, B, 2), (F, B)
    float *bands;                // (M)
    double *room;
} worker;

static void worker_finish(worker *w) {
    gm_stft_destroy(&w->stft);
    free(w->spectra);
    free(w->magnitudes);
    free(w->bands);
    free(w->room);
}

static gm_status worker_init(worker *w, const task *t) {
    const gm_spectrogram *s = t->spectrogram;
    const size_t frames = gm_spectrogram_frames(s), bins = t->mel.bins;
    *w = (worker){0};
    gm_status status = gm_stft_create(&w->stft, s->window, s->hop);
    if (status == GM_OK)
        status = gm_alloc(&w->spectra, frames * bins, 2 * sizeof *w->spectra, "spectra");
    if (status == GM_OK)
        status = gm_alloc(&w->magnitudes, frames * bins, sizeof *w->magnitudes, "spectra");
    if (status == GM_OK)
        status = gm_alloc(&w->bands, s->bands, sizeof *w->bands, "bands");
    if (status == GM_OK)
        status = gm_alloc(&w->room, 2 * bins + s->bands, sizeof *w->room, "bands");
    if (status != GM_OK)
        worker_finish(w);
    return status;
}

static gm_status draw(void *user, size_t index) {
    const task *t = user;
    const gm_spectrogram *s = t->spectrogram;
    const size_t frames = gm_spectrogram_frames(s), bins = t->mel.bins;
    float *image = t->to + index * s->bands * frames;
    worker w;
    GM_TRY(worker_init(&w, t));
    gm_stft_forward(w.stft, t->from + index * s->count, s->count, w.spectra);
    gm_stft_magnitudes(w.spectra, frames * bins, w.magnitudes);
    for (size_t f = 0; f < frames; f++) {
        gm_mel_apply(&t->mel, w.magnitudes + f * bins, w.bands);
        for (size_t b = 0; b < s->bands; b++)
            image[b * frames + f] = (float)(1 - 2 * log(fmin(fmax((double)w.bands[b], s->floor), 1)) / log(s->floor));
    }
    worker_finish(&w);
    return GM_OK;
}

static gm_status sound(void *user, size_t index) {
    const task *t = user;
    const gm_spectrogram *s = t->spectrogram;
    const size_t frames = gm_spectrogram_frames(s), bins = t->mel.bins;
    const float *image = t->from + index * s->bands * frames;
    worker w;
    GM_TRY(worker_init(&w, t));
    for (size_t f = 0; f < frames; f++) {
        for (size_t b = 0; b < s->bands; b++) {
            double level = (double)image[b * frames + f]; // NaN is silent, too
            w.bands[b] = level > -1 ? (float)exp((1 - fmin(level, 1)) / 2 * log(s->floor)) : 0;
        }
        gm_mel_invert(&t->mel, w.bands, w.magnitudes + f * bins, w.room);
    }
    gm_status status =
        gm_griffin_lim(w.stft, w.magnitudes, s->count, &(gm_griffin_lim_options){.momentum = GM_GRIFFIN_LIM_MOMENTUM},
                       t->to + index * s->count);
    worker_finish(&w);
    return status;
}

static gm_status convert(const gm_spectrogram *s, const float *from, size_t count, float *to,
                         gm_status (*one)(void *user, size_t index)) {
    task t = {.spectrogram = s, .from = from, .to = to};
    GM_TRY(gm_spectrogram_check(s));
    GM_TRY(gm_mel_init(&t.mel, s->bands, s->window / 2 + 1, (double)s->rate));
    gm_status status = gm_parallel(gm_cpu_count(), count, one, &t);
    gm_mel_finish(&t.mel);
    return status;
}

gm_status gm_spectrogram_of(const gm_spectrogram *s, const float *sounds, size_t count, float *images) {
    return convert(s, sounds, count, images, draw);
}

gm_status gm_spectrogram_invert(const gm_spectrogram *s, const float *images, size_t count, float *sounds) {
    return convert(s, images, count, sounds, sound);
}
