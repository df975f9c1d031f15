// Spectrograms of sounds (C, bands, frames), the lowest band first, as images of a range; files hold the sounds.
#include "sample/sample.h"

#include "base/base.h"
#include "sample/heat.h"
#include "sample/sound_file.h"
#include "sound/spectrogram.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_CELL = 96, GAP = 4, MOST_ROWS = 128 }; // pixels of a cell's sides, at least, and between cells

// They are known by their schema.
static bool claims(const gm_shape *item) {
    (void)item;
    return false;
}

gm_spectrogram gm_sample_spectrogram(const gm_sound_schema *sound) {
    return (gm_spectrogram){.rate = sound->rate,
                            .count = sound->window,
                            .bands = sound->bands,
                            .window = sound->spectrum,
                            .hop = sound->hop,
                            .floor = sound->floor};
}

gm_sample gm_sample_of_spectrogram(const gm_sound_schema *sound, size_t channels, double low, double high) {
    const gm_spectrogram s = gm_sample_spectrogram(sound);
    const gm_shape item = GM_SHAPE(channels, s.bands, gm_spectrogram_frames(&s));
    return (gm_sample){.kind = &gm_sample_spectrograms,
                       .item = item,
                       .stored = item,
                       .black = -1,
                       .white = 1,
                       .low = low,
                       .high = high,
                       .sound = sound};
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    return gm_sample_image.decode(sample, stored);
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    gm_sample_image.decode_values(sample, stored, count, values);
}

// ---- Sounds ----

gm_status gm_sample_hear(const gm_sample *sample, const float *values, size_t count, float *sounds) {
    const gm_spectrogram s = gm_sample_spectrogram(sample->sound);
    const size_t all = count * gm_sample_values(sample);
    float *images;
    GM_TRY(gm_alloc(&images, all, sizeof *images, "spectrograms"));
    for (size_t i = 0; i < all; i++)
        images[i] = (float)(2 * ((double)values[i] - sample->low) / (sample->high - sample->low) - 1);
    gm_status status = gm_spectrogram_invert(&s, images, count * sample->item.dim[0], sounds);
    free(images);
    return status;
}

static gm_status write_sound(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                             size_t count) {
    const gm_sample heard = gm_sample_of_sound(sample->sound, sample->item.dim[0], sample->sound->window);
    float *sounds;
    GM_TRY(gm_sound_file_check(&heard, writing, container));
    GM_TRY(gm_alloc(&sounds, count * gm_sample_values(&heard), sizeof *sounds, writing->path));
    gm_status status = gm_sample_hear(sample, values, count, sounds);
    if (status == GM_OK)
        status = gm_sound_file_write(&heard, writing, container, sounds, count);
    free(sounds);
    return status;
}

// ---- Pictures ----

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    return GM_MIN(rows, (size_t)MOST_ROWS) * columns;
}

// A cell each, of the first channel, whose values are rectangles of pixels.
static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    const size_t bands = sample->item.dim[1], frames = sample->item.dim[2];
    const size_t height = bands * gm_divide_up(LEAST_CELL, GM_MIN(bands, (size_t)LEAST_CELL));
    const size_t width = frames * gm_divide_up(LEAST_CELL, GM_MIN(frames, (size_t)LEAST_CELL));
    size_t rows = writing->options.rows, columns = writing->options.columns;
    if (columns == 0)
        columns = rows > 0 ? gm_divide_up(count, rows) : (size_t)ceil(sqrt((double)count));
    if (rows == 0)
        rows = gm_divide_up(count, columns);
    rows = GM_MIN(rows, (size_t)MOST_ROWS);
    GM_TRY(gm_raster_create(made, writing->path, columns * (width + GAP) - GAP, rows * (height + GAP) - GAP, 3, depth));
    for (size_t i = 0; i < made->width * made->height * 3; i++)
        gm_raster_set(made, i, depth == 16 ? 65535 : 255);
    for (size_t i = 0; i < GM_MIN(count, rows * columns); i++) {
        const gm_pane pane = {made, i % columns * (width + GAP), i / columns * (height + GAP), width, height};
        gm_heat_draw(&pane, values + i * gm_sample_values(sample), bands, frames, sample->low, sample->high);
    }
    return GM_OK;
}

const gm_sample_kind gm_sample_spectrograms = {
    .name = "spectrogram",
    .noun = "spectrograms",
    .claims = claims,
    .ranged = true,
    .decode = decode,
    .decode_values = decode_values,
    .write_sound = write_sound,
    .single = "wav",
    .shown = shown,
    .picture = picture,
};
