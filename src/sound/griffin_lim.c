// A sound from the magnitudes of its spectra alone.
#include "sound/griffin_lim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Each entry gets the magnitude that it shall have, and keeps its phase.
static void put_magnitudes(const float *magnitudes, size_t count, float *spectra) {
    for (size_t i = 0; i < count; i++) {
        double real = (double)spectra[2 * i], imaginary = (double)spectra[2 * i + 1], is = hypot(real, imaginary);
        double factor = is > 0 ? (double)magnitudes[i] / is : 0;
        spectra[2 * i] = is > 0 ? (float)(real * factor) : magnitudes[i];
        spectra[2 * i + 1] = (float)(imaginary * factor);
    }
}

static void begin(const float *magnitudes, size_t count, uint64_t seed, float *spectra) {
    const double turn = 2 * acos(-1);
    const uint32_t stream = gm_stream("griffin_lim");
    for (size_t i = 0; i < count; i++) {
        double phase = turn * gm_philox_uniform(seed, stream, 0, 0, i);
        spectra[2 * i] = (float)((double)magnitudes[i] * cos(phase));
        spectra[2 * i + 1] = (float)((double)magnitudes[i] * sin(phase));
    }
}

gm_status gm_griffin_lim(gm_stft *stft, const float *magnitudes, size_t count, const gm_griffin_lim_options *options,
                         float *x) {
    const size_t rounds = options->rounds > 0 ? options->rounds : GM_GRIFFIN_LIM_ROUNDS;
    const size_t entries = gm_stft_frames(stft, count) * gm_stft_bins(stft);
    float *spectra = NULL, *now = NULL, *before = NULL; // c_n, t_n, t_(n-1) of the paper
    gm_status status;
    GM_TRY_DONE(gm_alloc(&spectra, entries, 2 * sizeof *spectra, "spectra"));
    GM_TRY_DONE(gm_alloc(&now, entries, 2 * sizeof *now, "spectra"));
    GM_TRY_DONE(gm_alloc(&before, entries, 2 * sizeof *before, "spectra"));
    begin(magnitudes, entries, options->seed, spectra);
    for (size_t round = 0; round < rounds; round++) {
        gm_stft_inverse(stft, spectra, count, x);
        gm_stft_forward(stft, x, count, now);
        double momentum = round > 0 ? options->momentum : 0;
        for (size_t i = 0; i < 2 * entries; i++) {
            spectra[i] = now[i] + (float)(momentum * (double)(now[i] - before[i]));
            before[i] = now[i];
        }
        put_magnitudes(magnitudes, entries, spectra);
    }
    gm_stft_inverse(stft, spectra, count, x);
done:
    free(spectra);
    free(now);
    free(before);
    return status;
}

gm_status gm_spectral_distance(gm_stft *stft, const float *magnitudes, const float *x, size_t count, double *distance) {
    const size_t entries = gm_stft_frames(stft, count) * gm_stft_bins(stft);
    double apart = 0, whole = 0;
    float *spectra, *is = NULL;
    gm_status status;
    GM_TRY(gm_alloc(&spectra, entries, 2 * sizeof *spectra, "spectra"));
    GM_TRY_DONE(gm_alloc(&is, entries, sizeof *is, "magnitudes"));
    gm_stft_forward(stft, x, count, spectra);
    gm_stft_magnitudes(spectra, entries, is);
    for (size_t i = 0; i < entries; i++) {
        apart += pow((double)is[i] - (double)magnitudes[i], 2);
        whole += pow((double)magnitudes[i], 2);
    }
    *distance = whole > 0 ? sqrt(apart / whole) : sqrt(apart);
done:
    free(spectra);
    free(is);
    return status;
}
