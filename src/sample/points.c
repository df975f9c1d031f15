// Points (d), as floats; pictures of those in the plane are clouds of dots.
#include "sample/sample.h"

#include "base/base.h"
#include "sample/grid.h"

#include <math.h>
#include <string.h>

enum { CLOUD = 1024, PIXELS = 512 };

static bool claims(const gm_shape *item) {
    return item->rank == 1;
}

static gm_tensor *decode(const gm_sample *sample, gm_tensor *stored) {
    (void)sample;
    return stored;
}

static void decode_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    memcpy(values, stored, count * gm_sample_values(sample) * sizeof *values);
}

// A cloud needs more points than a grid needs cells.
static size_t shown(const gm_sample *sample, size_t rows, size_t columns) {
    (void)rows;
    (void)columns;
    return sample->item.dim[0] == 2 ? CLOUD : 0;
}

// A square around the origin that holds what is expected, or whatever there is.
static gm_status picture(const gm_sample *sample, const gm_writing *writing, size_t depth, const float *values,
                         size_t count, gm_raster *made) {
    double reach = fmax(sample->reach, 1);
    if (sample->item.dim[0] != 2)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: points of %zu values make no picture (those of the plane do): write .npy or .csv",
                       writing->path, sample->item.dim[0]);
    if (depth != 8)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: pictures of points have 8 bits, not %zu", writing->path, depth);
    for (size_t i = 0; !(sample->reach > 0) && i < 2 * count; i++)
        if (isfinite(values[i]))
            reach = fmax(reach, fabs((double)values[i]));
    return gm_scatter_draw(writing->path, values, count, -1.25 * reach, 1.25 * reach, PIXELS, made);
}

// x0,x1,... and nine digits, from which float32 comes back as it was.
static gm_status write_csv(const gm_sample *sample, const char *path, bool tabs, const float *values, size_t count) {
    const char *between = tabs ? "\t" : ",";
    size_t width = sample->item.dim[0];
    gm_text text = {0};
    for (size_t i = 0; i < width; i++)
        gm_text_printf(&text, "%sx%zu", i > 0 ? between : "", i);
    for (size_t i = 0; i < count * width; i++)
        gm_text_printf(&text, "%s%.9g", i % width > 0 ? between : "\n", (double)values[i]);
    gm_text_append(&text, "\n");
    gm_status status =
        text.failed ? gm_fail_memory(text.length, path) : gm_file_write_atomic(path, text.data, text.length);
    gm_text_finish(&text);
    return status;
}

const gm_sample_kind gm_sample_points = {
    .name = "points",
    .noun = "points",
    .claims = claims,
    .decode = decode,
    .decode_values = decode_values,
    .write_csv = write_csv,
    .shown = shown,
    .picture = picture,
};
