// Sounds (C, T), from -1 to 1; pictures of them are waveforms, each above its spectrogram.
#include "sample/sample.h"

#include "sample/heat.h"
#include "sample/sound_file.h"

#include <math.h>
#include <string.h>

// Pixels of a cell: its width, the heights of the wave and of the spectrogram below it; and between cells.
enum { CELL = 128, WAVE = 40, SPECTRUM = 64, GAP = 4, MOST_ROWS = 128 };

// Sounds have no shape of their own: they are known by their schema.
static bool claims(const gm_shape *item) {
    (void)item;
    return false;
}

gm_sample gm_sample_of_sound(const gm_sound_schema *sound, size_t channels, size_t length) {
    return (gm_sample){.kind = &gm_sample_sounds,
                       .item = GM_SHAPE(channels, length),
                       .stored = GM_SHAPE(channels, length),
                       .low = -1,
                       .high = 1,
                       .sound = sound};
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    (void)sample;
    return stored;
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    memcpy(values, stored, count * gm_sample_values(sample) * sizeof *values);
}

// ---- Pictures ----

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    return GM_MIN(rows, (size_t)MOST_ROWS) * columns;
}

typedef struct cell {
    gm_raster *picture;
    size_t left, top;
    double most; // white
} cell;

static void put(const cell *c, size_t x, size_t y, double level) {
    for (size_t k = 0; k < 3; k++)
        gm_raster_set(c->picture, 3 * ((c->top + y) * c->picture->width + c->left + x) + k, level * c->most);
}

// For each column of pixels a line from the least to the largest value that lies there.
static void draw_wave(const cell *c, const float *values, size_t length) {
    for (size_t x = 0; x < CELL; x++) {
        const size_t first = x * length / CELL, last = GM_MAX((x + 1) * length / CELL, first + 1);
        double least = 1, largest = -1;
        for (size_t t = first; t < last && t < length; t++) {
            const double value = isfinite(values[t]) ? fmin(fmax((double)values[t], -1), 1) : 0;
            least = fmin(least, value);
            largest = fmax(largest, value);
        }
        const double up = (1 - largest) / 2 * (WAVE - 1), down = (1 - least) / 2 * (WAVE - 1);
        for (size_t y = 0; y < WAVE; y++) {
            const bool middle = y == WAVE / 2, wave = (double)y >= floor(up) && (double)y <= ceil(down);
            put(c, x, y, wave ? .1 : middle ? .8 : .96);
        }
    }
}

// Of several channels the first, above its spectrogram.
static gm_status draw(const cell *c, const gm_sample *sample, const float *values) {
    const gm_pane below = {c->picture, c->left, c->top + WAVE, CELL, SPECTRUM};
    draw_wave(c, values, sample->item.dim[1]);
    return gm_heat_draw_sound(&below, values, sample->item.dim[1], sample->sound->rate);
}

static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    size_t rows = writing->options.rows, columns = writing->options.columns;
    if (columns == 0)
        columns = rows > 0 ? gm_divide_up(count, rows) : (size_t)ceil(sqrt((double)count));
    if (rows == 0)
        rows = gm_divide_up(count, columns);
    rows = GM_MIN(rows, (size_t)MOST_ROWS);
    count = GM_MIN(count, rows * columns);
    GM_TRY(gm_raster_create(made, writing->path, columns * (CELL + GAP) - GAP, rows * (WAVE + SPECTRUM + GAP) - GAP, 3,
                            depth));
    const double most = depth == 16 ? 65535 : 255;
    gm_status status = GM_OK;
    for (size_t i = 0; i < made->width * made->height * 3; i++)
        gm_raster_set(made, i, most);
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        const cell c = {made, i % columns * (CELL + GAP), i / columns * (WAVE + SPECTRUM + GAP), most};
        status = draw(&c, sample, values + i * gm_sample_values(sample));
    }
    if (status != GM_OK)
        gm_raster_finish(made);
    return status;
}

const gm_sample_kind gm_sample_sounds = {
    .name = "sound",
    .noun = "sounds",
    .claims = claims,
    .decode = decode,
    .decode_values = decode_values,
    .write_sound = gm_sound_file_write,
    .single = "wav",
    .shown = shown,
    .picture = picture,
};
