// Images (C, H, W) of any number of channels, as bytes or floats; pictures of them are grids.
#include "sample/sample.h"

#include "base/base.h"

static bool claims(const gm_shape *item) {
    return item->rank == 3;
}

// x = low + (stored - black) (high - low) / (white - black)
static double factor(const gm_sample *sample) {
    return (sample->high - sample->low) / (sample->white - sample->black);
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    gm_tensor *x = sample->bytes ? gm_cast(stored, GM_FLOAT32) : stored;
    if (!gm_sample_is_scaled(sample))
        return x;
    return gm_offset(gm_scale(x, factor(sample)), sample->low - factor(sample) * sample->black);
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    const uint8_t *bytes = stored;
    const float *floats = stored;
    bool scaled = gm_sample_is_scaled(sample);
    for (size_t i = 0; i < count * gm_sample_values(sample); i++) {
        double value = sample->bytes ? (double)bytes[i] : (double)floats[i];
        values[i] = (float)(scaled ? sample->low + factor(sample) * (value - sample->black) : value);
    }
}

static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)sample;
    return rows * columns;
}

static gm_status picture(const gm_sample *sample, const char *path, const float *values, size_t count, size_t rows,
                         size_t columns) {
    return gm_image_grid(path, values,
                         &(gm_image_grid_params){.count = count,
                                                 .channels = sample->item.dim[0],
                                                 .height = sample->item.dim[1],
                                                 .width = sample->item.dim[2],
                                                 .rows = rows,
                                                 .columns = columns,
                                                 .low = sample->low,
                                                 .high = sample->high});
}

const gm_sample_kind gm_sample_image = {
    .name = "image",
    .noun = "images",
    .claims = claims,
    .ranged = true,
    .decode = decode,
    .decode_values = decode_values,
    .shown = shown,
    .picture = picture,
};
