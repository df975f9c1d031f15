// Images (C, H, W) of any number of channels, as bytes or floats; pictures of them are grids.
#include "sample/sample.h"

#include "base/base.h"
#include "sample/grid.h"

static bool claims(const gm_shape *item) {
    return item->rank == 3;
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    gm_sample_scale_values(sample, stored, count * gm_sample_values(sample), values);
}

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    return rows * columns;
}

static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    return gm_grid_draw(writing->path, values,
                        &(gm_image_grid_params){.count = count,
                                                .channels = sample->item.dim[0],
                                                .height = sample->item.dim[1],
                                                .width = sample->item.dim[2],
                                                .rows = writing->options.rows,
                                                .columns = writing->options.columns,
                                                .channel = writing->options.channel,
                                                .low = sample->low,
                                                .high = sample->high},
                        depth, made);
}

// (C, H, W) -> (H, W, C); with `channel` of the options, this one alone.
static gm_status raster(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                        gm_raster *made) {
    size_t channels = sample->item.dim[0], area = sample->item.dim[1] * sample->item.dim[2];
    size_t only = writing->options.channel;
    if (only > channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: there is no channel %zu: the images have %zu", writing->path, only,
                       channels);
    if (only > 0)
        channels = 1;
    GM_TRY(gm_raster_create(made, writing->path, sample->item.dim[2], sample->item.dim[1], channels, depth));
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < area; i++)
            gm_raster_set(made, i * channels + c,
                          gm_raster_level((double)values[(only > 0 ? only - 1 : c) * area + i], sample->low,
                                          sample->high, depth));
    return GM_OK;
}

const gm_sample_kind gm_sample_image = {
    .name = "image",
    .noun = "images",
    .claims = claims,
    .ranged = true,
    .decode = gm_sample_scale,
    .decode_values = decode_values,
    .shown = shown,
    .picture = picture,
    .raster = raster,
};
