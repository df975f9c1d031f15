// Spectrograms drawn.
#include "sample/heat.h"

#include "base/base.h"
#include "sound/spectrogram.h"

#include <math.h>
#include <stdlib.h>

// Matplotlib's magma at every ninth: equal steps look equal, and grey prints keep their order.
static const unsigned char stops[][3] = {{0x00, 0x00, 0x04}, {0x18, 0x0f, 0x3d}, {0x44, 0x0f, 0x76}, {0x72, 0x1f, 0x81},
                                         {0x9e, 0x2f, 0x7f}, {0xcd, 0x40, 0x71}, {0xf1, 0x60, 0x5d}, {0xfd, 0x96, 0x68},
                                         {0xfe, 0xca, 0x8d}, {0xfc, 0xfd, 0xbf}};

void gm_heat_colour(double level, double colour[3]) {
    const size_t last = GM_COUNT(stops) - 1;
    const double at = level > 0 ? fmin(level, 1) * (double)last : 0; // NaN is not > 0
    const size_t below = GM_MIN((size_t)at, last - 1);
    for (size_t k = 0; k < 3; k++)
        colour[k] = (stops[below][k] + (at - (double)below) * (stops[below + 1][k] - stops[below][k])) / 255;
}

// Of `whole` things those that part `index` of `parts` shows: at least one.
static void share(size_t index, size_t parts, size_t whole, size_t range[2]) {
    range[0] = index * whole / parts;
    range[1] = GM_MAX((index + 1) * whole / parts, range[0] + 1);
}

void gm_heat_draw(const gm_pane *pane, const float *image, size_t bands, size_t frames, double low, double high) {
    const double most = pane->picture->depth == 16 ? 65535 : 255;
    for (size_t y = 0; y < pane->height; y++)
        for (size_t x = 0; x < pane->width; x++) {
            size_t band[2], frame[2], pixel = (pane->top + y) * pane->picture->width + pane->left + x;
            double largest = low, colour[3];
            share(pane->height - 1 - y, pane->height, bands, band);
            share(x, pane->width, frames, frame);
            for (size_t b = band[0]; b < band[1]; b++)
                for (size_t f = frame[0]; f < frame[1]; f++)
                    largest = fmax(largest, (double)image[b * frames + f]); // NaN counts for nothing
            gm_heat_colour((largest - low) / (high - low), colour);
            for (size_t k = 0; k < 3; k++)
                gm_raster_set(pane->picture, 3 * pixel + k, floor(colour[k] * most + .5));
        }
}

gm_status gm_heat_draw_sound(const gm_pane *pane, const float *sound, size_t count, size_t rate) {
    const size_t window = gm_spectrogram_window(rate);
    const gm_spectrogram s = {.rate = rate,
                              .count = count,
                              .bands = pane->height,
                              .window = window,
                              .hop = GM_MIN(GM_MAX(count / pane->width, (size_t)1), window / 2),
                              .floor = pow(10, -70. / 20)};
    const size_t frames = gm_spectrogram_frames(&s);
    float *image;
    GM_TRY(gm_alloc(&image, s.bands * frames, sizeof *image, "a spectrogram"));
    gm_status status = gm_spectrogram_of(&s, sound, 1, image);
    if (status == GM_OK)
        gm_heat_draw(pane, image, s.bands, frames, -1, 1);
    free(image);
    return status;
}
