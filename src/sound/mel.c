// Bands of hearing.
#include "sound/mel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UPDATES = 60 };

static const double linear = 200. / 3, corner = 1000; // Hz of a mel below the corner, Hz

static double growth(void) {
    return log(6.4) / 27;
}

double gm_mel_of_hertz(double hertz) {
    return hertz < corner ? hertz / linear : corner / linear + log(hertz / corner) / growth();
}

double gm_mel_to_hertz(double mel) {
    return mel < corner / linear ? mel * linear : corner * exp((mel - corner / linear) * growth());
}

void gm_mel_finish(gm_mel *mel) {
    free(mel->first);
    free(mel->count);
    free(mel->weights);
    *mel = (gm_mel){0};
}

static void fill_band(gm_mel *mel, size_t band, double rate) {
    const double width = rate / 2 / (double)(mel->bins - 1),
                 step = gm_mel_of_hertz(rate / 2) / (double)(mel->bands + 1);
    const double middle = gm_mel_to_hertz((double)(band + 1) * step);
    const double below = fmax(middle - gm_mel_to_hertz((double)band * step), width);
    const double above = fmax(gm_mel_to_hertz((double)(band + 2) * step) - middle, width);
    float *weights = mel->weights + band * mel->bins;
    double sum = 0;
    for (size_t k = 0; k < mel->bins; k++) {
        double away = (double)k * width - middle, weight = 1 - (away < 0 ? -away / below : away / above);
        if (weight <= 0)
            continue;
        if (mel->count[band] == 0)
            mel->first[band] = k;
        mel->count[band] = k + 1 - mel->first[band];
        weights[k] = (float)weight;
        sum += weight;
    }
    for (size_t k = 0; k < mel->bins; k++)
        weights[k] = (float)((double)weights[k] / sum);
}

gm_status gm_mel_init(gm_mel *mel, size_t bands, size_t bins, double rate) {
    *mel = (gm_mel){.bands = bands, .bins = bins};
    gm_status status = gm_alloc(&mel->weights, bands * bins, sizeof *mel->weights, "bands");
    if (status == GM_OK)
        status = gm_alloc(&mel->first, bands, sizeof *mel->first, "bands");
    if (status == GM_OK)
        status = gm_alloc(&mel->count, bands, sizeof *mel->count, "bands");
    if (status != GM_OK)
        gm_mel_finish(mel);
    for (size_t band = 0; status == GM_OK && band < bands; band++)
        fill_band(mel, band, rate);
    return status;
}

static double mean_of(const gm_mel *mel, size_t band, const float *bins) {
    const float *weights = mel->weights + band * mel->bins;
    double sum = 0;
    for (size_t k = mel->first[band]; k < mel->first[band] + mel->count[band]; k++)
        sum += (double)weights[k] * (double)bins[k];
    return sum;
}

void gm_mel_apply(const gm_mel *mel, const float *bins, float *values) {
    for (size_t b = 0; b < mel->bands; b++)
        values[b] = (float)mean_of(mel, b, bins);
}

// x: W^T y, of y (bands)
static void spread(const gm_mel *mel, const double *y, double *x) {
    memset(x, 0, mel->bins * sizeof *x);
    for (size_t b = 0; b < mel->bands; b++)
        for (size_t k = mel->first[b]; k < mel->first[b] + mel->count[b]; k++)
            x[k] += (double)mel->weights[b * mel->bins + k] * y[b];
}

// x <- x (W^T y) / (W^T W x), which neither leaves what is not negative nor takes a step's length.
void gm_mel_invert(const gm_mel *mel, const float *values, float *bins, double *room) {
    double *target = room, *model = room + mel->bins, *band = room + 2 * mel->bins;
    for (size_t b = 0; b < mel->bands; b++)
        band[b] = 1;
    spread(mel, band, model);
    for (size_t b = 0; b < mel->bands; b++)
        band[b] = fmax((double)values[b], 0);
    spread(mel, band, target);
    for (size_t k = 0; k < mel->bins; k++)
        bins[k] = model[k] > 0 ? (float)(target[k] / model[k]) : 0;
    for (size_t update = 0; update < UPDATES; update++) {
        for (size_t b = 0; b < mel->bands; b++)
            band[b] = mean_of(mel, b, bins);
        spread(mel, band, model);
        for (size_t k = 0; k < mel->bins; k++)
            bins[k] = model[k] > 0 ? (float)((double)bins[k] * target[k] / model[k]) : 0;
    }
}
