// Clips (C, T, H, W): images that move, stored frame by frame (T, C, H, W); pictures of them are film strips, or grids
// of clips that move together.
#include "sample/sample.h"

#include "base/base.h"
#include "sample/grid.h"

#include <stdlib.h>
#include <string.h>

static bool claims(const gm_shape *item) {
    return item->rank == 4;
}

static gm_shape stored(const gm_shape *item) {
    return GM_SHAPE(item->dim[1], item->dim[0], item->dim[2], item->dim[3]);
}

static size_t frames(const gm_sample *sample) {
    return sample->item.dim[1];
}

// The channels and frames of a clip, and the pixels of a frame.
typedef struct extent {
    size_t channels, frames, area;
} extent;

static extent extent_of(const gm_sample *sample) {
    const size_t *dim = sample->item.dim;
    return (extent){dim[0], dim[1], dim[2] * dim[3]};
}

// ---- Values ----

static gm_tensor *decode(const gm_sample *sample, gm_tensor *items) {
    return gm_transpose(gm_sample_scale(sample, items), (const size_t[]){0, 2, 1, 3, 4});
}

static void decode_values(const gm_sample *sample, const void *items, size_t count, float *values) {
    const extent e = extent_of(sample);
    const size_t item = gm_sample_values(sample), size = sample->bytes ? 1 : sizeof(float);
    for (size_t i = 0; i < count * e.frames * e.channels; i++) {
        const size_t clip = i / (e.frames * e.channels), frame = i / e.channels % e.frames, channel = i % e.channels;
        gm_sample_scale_values(sample, (const char *)items + i * e.area * size, e.area,
                               values + clip * item + (channel * e.frames + frame) * e.area);
    }
}

static void encode_values(const gm_sample *sample, const float *values, size_t count, float *made) {
    const extent e = extent_of(sample);
    const size_t item = gm_sample_values(sample);
    for (size_t i = 0; i < count * e.frames * e.channels; i++) {
        const size_t clip = i / (e.frames * e.channels), frame = i / e.channels % e.frames, channel = i % e.channels;
        memcpy(made + i * e.area, values + clip * item + (channel * e.frames + frame) * e.area, e.area * sizeof *made);
    }
}

// ---- Pictures ----

// A row of the training's picture is one clip.
static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    (void)columns;
    return rows;
}

static gm_image_grid_params grid_of(const gm_sample *sample, const gm_writing *writing) {
    return (gm_image_grid_params){.channels = sample->item.dim[0],
                                  .height = sample->item.dim[2],
                                  .width = sample->item.dim[3],
                                  .channel = writing->options.channel,
                                  .low = sample->low,
                                  .high = sample->high};
}

// Film strips: a row for each clip, and a column for each frame; where fewer rows are asked for, strips stand side by
// side.
static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    const size_t T = frames(sample), rows = writing->options.rows;
    gm_image_grid_params grid = grid_of(sample, writing);
    float *strips;
    grid.columns = T * (rows > 0 && rows < count ? gm_divide_up(count, rows) : 1);
    grid.count = count * T;
    GM_TRY(gm_alloc(&strips, count * gm_sample_values(sample), sizeof *strips, writing->path));
    encode_values(sample, values, count, strips);
    gm_status status = gm_grid_draw(writing->path, strips, &grid, depth, made);
    free(strips);
    return status;
}

// One frame of all clips, in a grid.
static gm_status moving(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                        size_t count, size_t frame, gm_raster *made) {
    const extent e = extent_of(sample);
    const size_t item = gm_sample_values(sample);
    gm_image_grid_params grid = grid_of(sample, writing);
    float *images;
    grid.count = count;
    grid.rows = writing->options.rows;
    grid.columns = writing->options.columns;
    GM_TRY(gm_alloc(&images, count * e.channels * e.area, sizeof *images, writing->path));
    for (size_t i = 0; i < count * e.channels; i++)
        memcpy(images + i * e.area, values + i / e.channels * item + (i % e.channels * e.frames + frame) * e.area,
               e.area * sizeof *images);
    gm_status status = gm_grid_draw(writing->path, images, &grid, depth, made);
    free(images);
    return status;
}

const gm_sample_kind gm_sample_clip = {
    .name = "clip",
    .noun = "clips",
    .claims = claims,
    .stored = stored,
    .ranged = true,
    .decode = decode,
    .decode_values = decode_values,
    .encode_values = encode_values,
    .single = GM_WRITES_WEBP ? "webp" : "npy",
    .shown = shown,
    .picture = picture,
    .frames = frames,
    .moving = moving,
};
