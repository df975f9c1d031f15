// src/sound: spectra against what is known of them, bands against the formulas, and the ways back.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sound/griffin_lim.h"
#include "sound/mel.h"
#include "sound/spectrogram.h"

enum { WINDOW = 256, BINS = WINDOW / 2 + 1, MOST = 4096 };

static double pi(void) {
    return acos(-1);
}

// Between -1 and 1, of a seed.
static void fill_noise(float *x, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(2 * gm_philox_uniform(seed, 0, 0, 0, i) - 1);
}

// A rising voice: harmonics of 100 to 200 Hz at 8 kHz, which swell and fade.
static void fill_voice(float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double t = (double)i / 8000, phase = 2 * pi() * (100 * t + 100 * t * t), sum = 0;
        for (int k = 1; k <= 12; k++)
            sum += sin(k * phase) / k;
        x[i] = (float)(.4 * sum * sin(pi() * (double)i / (double)count));
    }
}

static float *room_for(size_t count) {
    float *room = calloc(count, sizeof *room);
    assert_non_null(room);
    return room;
}

static void sine_of_a_bin_has_its_amplitude_there(void **state) {
    (void)state;
    gm_stft *stft;
    assert_int_equal(gm_stft_create(&stft, WINDOW, 64), GM_OK);
    float *x = room_for(MOST), *spectra = room_for(64 * BINS * 2), *magnitudes = room_for(64 * BINS);
    const size_t bin = 40;
    for (size_t i = 0; i < MOST; i++)
        x[i] = (float)(.5 * sin(2 * pi() * (double)bin * (double)i / WINDOW));
    assert_int_equal(gm_stft_frames(stft, MOST), 64);
    gm_stft_forward(stft, x, MOST, spectra);
    gm_stft_magnitudes(spectra, 64 * BINS, magnitudes);
    for (size_t f = 4; f < 60; f++) {
        const float *row = magnitudes + f * BINS;
        assert_true(fabs((double)row[bin] - .5) < 1e-5);
        assert_true(fabs((double)row[bin - 1] - .25) < 1e-5); // Hann's side lobes: half
        assert_true(fabs((double)row[bin + 1] - .25) < 1e-5);
        assert_true((double)row[bin + 2] < 1e-5 && (double)row[bin - 2] < 1e-5 && (double)row[0] < 1e-5);
    }
    gm_stft_destroy(&stft);
    free(x);
    free(spectra);
    free(magnitudes);
}

// Parseval: of every frame, bins other than the first and last stand for two.
static void energy_is_the_same_in_both(void **state) {
    (void)state;
    gm_stft *stft;
    assert_int_equal(gm_stft_create(&stft, WINDOW, 64), GM_OK);
    float x[1024], *spectra = room_for(16 * BINS * 2);
    fill_noise(x, 1024, 1);
    gm_stft_forward(stft, x, 1024, spectra);
    for (size_t f = 2; f < 14; f++) {
        double here = 0, there = 0, scale = 2. / (WINDOW / 2);
        for (size_t i = 0; i < WINDOW; i++) {
            double window = .5 - .5 * cos(2 * pi() * (double)i / WINDOW);
            here += pow(window * (double)x[f * 64 + i - (WINDOW - 64) / 2], 2);
        }
        for (size_t k = 0; k < BINS; k++) {
            const float *value = spectra + 2 * (f * BINS + k);
            there += (k == 0 || k == BINS - 1 ? 1 : 2) * (pow((double)value[0], 2) + pow((double)value[1], 2));
        }
        there /= WINDOW * scale * scale;
        if (fabs(here - there) > 1e-5 * here)
            fail_msg("frame %zu: %g is not %g", f, there, here);
    }
    gm_stft_destroy(&stft);
    free(spectra);
}

static void inverse_gives_the_sound_back(void **state) {
    (void)state;
    static const size_t cases[][3] = {{256, 64, 4096}, {256, 128, 1000}, {64, 20, 333}, {512, 1, 700}, {16, 8, 1}};
    for (size_t c = 0; c < GM_COUNT(cases); c++) {
        const size_t count = cases[c][2];
        gm_stft *stft;
        assert_int_equal(gm_stft_create(&stft, cases[c][0], cases[c][1]), GM_OK);
        size_t frames = gm_stft_frames(stft, count);
        float *x = room_for(count), *back = room_for(count), *spectra = room_for(frames * gm_stft_bins(stft) * 2);
        fill_noise(x, count, c);
        gm_stft_forward(stft, x, count, spectra);
        gm_stft_inverse(stft, spectra, count, back);
        for (size_t i = 0; i < count; i++)
            if (!(fabs((double)x[i] - (double)back[i]) < 1e-5))
                fail_msg("window %zu, hop %zu: value %zu of %zu is %g, not %g", cases[c][0], cases[c][1], i, count,
                         (double)back[i], (double)x[i]);
        gm_stft_destroy(&stft);
        free(x);
        free(back);
        free(spectra);
    }
}

static void impossible_windows_are_refused(void **state) {
    (void)state;
    gm_stft *stft;
    static const size_t cases[][2] = {{0, 1}, {15, 4}, {255, 64}, {256, 0}, {256, 129}, {131072, 64}};
    for (size_t c = 0; c < GM_COUNT(cases); c++) {
        assert_int_equal(gm_stft_create(&stft, cases[c][0], cases[c][1]), GM_ERROR_ARGUMENT);
        assert_null(stft);
    }
}

static void mel_scale_is_slaneys(void **state) {
    (void)state;
    assert_true(fabs(gm_mel_of_hertz(500) - 7.5) < 1e-12);
    assert_true(fabs(gm_mel_of_hertz(1000) - 15) < 1e-12);
    assert_true(fabs(gm_mel_of_hertz(6400) - 42) < 1e-9);
    assert_true(fabs(gm_mel_of_hertz(4000) - 35.1638) < 1e-4); // librosa.hz_to_mel(4000)
    for (double hertz = 0; hertz < 20000; hertz += 37)
        assert_true(fabs(gm_mel_to_hertz(gm_mel_of_hertz(hertz)) - hertz) < 1e-8);
}

// 40 bands of 129 bins at 8 kHz: the middles by the formula, each side a line down to the next middle.
static void bands_are_triangles_between_their_neighbours(void **state) {
    (void)state;
    gm_mel mel;
    const size_t bands = 40;
    const double width = 4000. / (BINS - 1), step = gm_mel_of_hertz(4000) / (double)(bands + 1);
    assert_int_equal(gm_mel_init(&mel, bands, BINS, 8000), GM_OK);
    for (size_t b = 0; b < bands; b++) {
        double low = gm_mel_to_hertz((double)b * step), middle = gm_mel_to_hertz((double)(b + 1) * step),
               high = gm_mel_to_hertz((double)(b + 2) * step), sum = 0, want[BINS];
        for (size_t k = 0; k < BINS; k++) {
            double at = (double)k * width;
            want[k] = fmax(0, fmin((at - low) / (middle - low), (high - at) / (high - middle)));
            sum += want[k];
        }
        for (size_t k = 0; k < BINS; k++)
            if (fabs(want[k] / sum - (double)mel.weights[b * BINS + k]) > 1e-6)
                fail_msg("band %zu, bin %zu: %g, not %g", b, k, (double)mel.weights[b * BINS + k], want[k] / sum);
    }
    gm_mel_finish(&mel);
}

static void no_band_is_empty_however_many(void **state) {
    (void)state;
    static const size_t counts[] = {1, 64, 128, 300};
    for (size_t c = 0; c < GM_COUNT(counts); c++) {
        gm_mel mel;
        float flat[BINS], *values = room_for(counts[c]);
        assert_int_equal(gm_mel_init(&mel, counts[c], BINS, 8000), GM_OK);
        for (size_t k = 0; k < BINS; k++)
            flat[k] = .25f;
        gm_mel_apply(&mel, flat, values);
        for (size_t b = 0; b < counts[c]; b++)
            assert_true(fabs((double)values[b] - .25) < 1e-6);
        gm_mel_finish(&mel);
        free(values);
    }
}

static void bands_of_inverted_bands_are_the_same(void **state) {
    (void)state;
    gm_mel mel;
    const size_t bands = 64;
    float bins[BINS], values[64], again[64];
    double room[2 * BINS + 64];
    assert_int_equal(gm_mel_init(&mel, bands, BINS, 8000), GM_OK);
    fill_noise(bins, BINS, 3);
    for (size_t k = 0; k < BINS; k++)
        bins[k] = bins[k] * bins[k];
    gm_mel_apply(&mel, bins, values);
    gm_mel_invert(&mel, values, bins, room);
    gm_mel_apply(&mel, bins, again);
    double apart = 0, whole = 0;
    for (size_t k = 0; k < BINS; k++)
        assert_true(bins[k] >= 0);
    for (size_t b = 0; b < bands; b++) {
        apart += pow((double)again[b] - (double)values[b], 2);
        whole += pow((double)values[b], 2);
    }
    if (!(sqrt(apart / whole) < .01))
        fail_msg("bands that were inverted are %g away", sqrt(apart / whole));
    gm_mel_finish(&mel);
}

// How far the magnitudes of what comes out are from those that went in.
static double distance_after(const float *voice, size_t rounds, double momentum, uint64_t seed, float *x) {
    gm_stft *stft;
    double distance;
    float *spectra = room_for(64 * BINS * 2), *magnitudes = room_for(64 * BINS);
    assert_int_equal(gm_stft_create(&stft, WINDOW, 64), GM_OK);
    gm_stft_forward(stft, voice, MOST, spectra);
    gm_stft_magnitudes(spectra, 64 * BINS, magnitudes);
    assert_int_equal(gm_griffin_lim(stft, magnitudes, MOST,
                                    &(gm_griffin_lim_options){.rounds = rounds, .momentum = momentum, .seed = seed}, x),
                     GM_OK);
    assert_int_equal(gm_spectral_distance(stft, magnitudes, x, MOST, &distance), GM_OK);
    gm_stft_destroy(&stft);
    free(spectra);
    free(magnitudes);
    return distance;
}

static void griffin_lim_finds_phases(void **state) {
    (void)state;
    float *voice = room_for(MOST), *x = room_for(MOST), *again = room_for(MOST);
    fill_voice(voice, MOST);
    double last = 1e9;
    for (size_t rounds = 1; rounds <= 64; rounds *= 4) { // never up, without momentum (Griffin and Lim, section IV)
        double now = distance_after(voice, rounds, 0, 0, x);
        if (!(now < last))
            fail_msg("%zu rounds: %g, after %g", rounds, now, last);
        last = now;
    }
    double fast = distance_after(voice, 64, GM_GRIFFIN_LIM_MOMENTUM, 0, x);
    if (!(fast < .8 * last && fast < .1))
        fail_msg("64 rounds with momentum: %g, without %g", fast, last);
    distance_after(voice, 64, GM_GRIFFIN_LIM_MOMENTUM, 0, again);
    assert_memory_equal(x, again, MOST * sizeof *x);
    distance_after(voice, 64, GM_GRIFFIN_LIM_MOMENTUM, 1, again);
    assert_memory_not_equal(x, again, MOST * sizeof *x);
    free(voice);
    free(x);
    free(again);
}

static const gm_spectrogram usual = {
    .rate = 8000, .count = MOST, .bands = 64, .window = WINDOW, .hop = 64, .floor = 1e-3};

static void spectrogram_shows_what_there_is(void **state) {
    (void)state;
    float *x = room_for(MOST), *image = room_for(64 * 64);
    assert_int_equal(gm_spectrogram_of(&usual, x, 1, image), GM_OK); // silence
    for (size_t i = 0; i < 64 * 64; i++)
        assert_true(fabs((double)image[i] + 1) < 1e-6);
    for (size_t i = 0; i < MOST; i++)
        x[i] = (float)sin(2 * pi() * 1000 * (double)i / 8000);
    assert_int_equal(gm_spectrogram_of(&usual, x, 1, image), GM_OK);
    size_t loudest = 0;
    for (size_t b = 0; b < 64; b++)
        if (image[b * 64 + 32] > image[loudest * 64 + 32])
            loudest = b;
    double step = gm_mel_of_hertz(4000) / 65, middle = gm_mel_to_hertz((double)(loudest + 1) * step);
    if (fabs(middle - 1000) > 25)
        fail_msg("1000 Hz are loudest in a band around %g Hz", middle);
    assert_true(image[loudest * 64 + 32] > .8f && image[loudest * 64 + 32] <= 1);
    assert_true(image[0 * 64 + 32] < -.99f && image[63 * 64 + 32] < -.99f);
    free(x);
    free(image);
}

static void sound_of_a_spectrogram_has_that_spectrogram(void **state) {
    (void)state;
    float *x = room_for(2 * MOST), *image = room_for(2 * 64 * 64), *back = room_for(2 * MOST),
          *again = room_for(2 * 64 * 64);
    double apart = 0, loud = 0;
    fill_voice(x, MOST);
    fill_voice(x + MOST, MOST / 2);
    assert_int_equal(gm_spectrogram_of(&usual, x, 2, image), GM_OK);
    assert_int_equal(gm_spectrogram_invert(&usual, image, 2, back), GM_OK);
    assert_int_equal(gm_spectrogram_of(&usual, back, 2, again), GM_OK);
    for (size_t i = 0; i < 2 * 64 * 64; i++) {
        apart += image[i] > 0 ? fabs((double)image[i] - (double)again[i]) : 0;
        loud += image[i] > 0;
    }
    // 1 is 30 dB
    if (!(apart / loud < .07))
        fail_msg("the louder half of the bands is %g dB away", 30 * apart / loud);
    for (size_t i = MOST + MOST * 3 / 4; i < 2 * MOST; i++)
        assert_true(fabs((double)back[i]) < 1e-2); // what was silent is
    image[5] = NAN;
    assert_int_equal(gm_spectrogram_invert(&usual, image, 1, back), GM_OK);
    for (size_t i = 0; i < MOST; i++)
        assert_true(isfinite(back[i]));
    free(x);
    free(image);
    free(back);
    free(again);
}

static void usual_windows_last_30_milliseconds(void **state) {
    (void)state;
    static const size_t cases[][2] = {{8000, 256},   {16000, 512}, {22050, 512},       {44100, 1024},
                                      {48000, 1024}, {1, 16},      {1000000000, 65536}};
    for (size_t c = 0; c < GM_COUNT(cases); c++)
        assert_int_equal(gm_spectrogram_window(cases[c][0]), cases[c][1]);
}

static void impossible_spectrograms_are_refused(void **state) {
    (void)state;
    gm_spectrogram s = usual;
    s.bands = 0;
    assert_int_equal(gm_spectrogram_check(&s), GM_ERROR_ARGUMENT);
    s = usual;
    s.hop = 200;
    assert_int_equal(gm_spectrogram_check(&s), GM_ERROR_ARGUMENT);
    s = usual;
    s.floor = 0;
    assert_int_equal(gm_spectrogram_check(&s), GM_ERROR_ARGUMENT);
    s = usual;
    s.rate = 0;
    assert_int_equal(gm_spectrogram_check(&s), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_spectrogram_check(&usual), GM_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sine_of_a_bin_has_its_amplitude_there),
        cmocka_unit_test(energy_is_the_same_in_both),
        cmocka_unit_test(inverse_gives_the_sound_back),
        cmocka_unit_test(impossible_windows_are_refused),
        cmocka_unit_test(mel_scale_is_slaneys),
        cmocka_unit_test(bands_are_triangles_between_their_neighbours),
        cmocka_unit_test(no_band_is_empty_however_many),
        cmocka_unit_test(bands_of_inverted_bands_are_the_same),
        cmocka_unit_test(griffin_lim_finds_phases),
        cmocka_unit_test(spectrogram_shows_what_there_is),
        cmocka_unit_test(sound_of_a_spectrogram_has_that_spectrogram),
        cmocka_unit_test(usual_windows_last_30_milliseconds),
        cmocka_unit_test(impossible_spectrograms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
