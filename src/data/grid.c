// Pictures of results: a grid of images, a scatter plot of points.
#include "ganymede/data.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GAP   2
#define WHITE 255

static uint8_t to_byte(float value, double low, double high) {
    double scaled = ((double)value - low) / (high - low) * 255;
    return (uint8_t)(scaled > 0 ? fmin(scaled, 255) + .5 : 0); // NaN is not > 0
}

static gm_status check_range(const char *path, double low, double high) {
    if (!(low < high) || !isfinite(low) || !isfinite(high))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the range [%g, %g] is none: low must be below high", path, low, high);
    return GM_OK;
}

gm_status gm_image_grid(const char *path, const float *images, const gm_image_grid_params *params) {
    size_t channels = params->channels, height = params->height, width = params->width;
    bool automatic = params->low == 0 && params->high == 0;
    double low = automatic ? -1 : params->low, high = automatic ? 1 : params->high;
    if ((channels != 1 && channels != 3) || height == 0 || width == 0 || params->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no picture of %zu images of %zu x %zu x %zu values", path, params->count,
                       channels, height, width);
    GM_TRY(check_range(path, low, high));
    size_t columns = params->columns, rows = params->rows;
    if (columns == 0)
        columns = rows > 0 ? (params->count + rows - 1) / rows : (size_t)ceil(sqrt((double)params->count));
    if (rows == 0)
        rows = (params->count + columns - 1) / columns;
    if (rows > 10000 || columns > 10000 || height > 10000 || width > 10000)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a grid of %zu x %zu images of %zu x %zu pixels is too large", path, rows,
                       columns, height, width);
    size_t full_width = columns * (width + GAP) - GAP, full_height = rows * (height + GAP) - GAP;
    size_t area = full_width * full_height;
    uint8_t *pixels;
    GM_TRY(gm_alloc(&pixels, area, channels, path));
    memset(pixels, WHITE, area * channels);
    for (size_t image = 0; image < GM_MIN(params->count, rows * columns); image++) {
        size_t top = image / columns * (height + GAP), left = image % columns * (width + GAP);
        const float *values = images + image * channels * height * width;
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++)
                for (size_t c = 0; c < channels; c++)
                    pixels[((top + y) * full_width + left + x) * channels + c] =
                        to_byte(values[(c * height + y) * width + x], low, high);
    }
    gm_status status = gm_png_write(path, pixels, full_width, full_height, channels);
    free(pixels);
    return status;
}

gm_status gm_image_scatter(const char *path, const float *points, size_t count, double low, double high, size_t size) {
    GM_TRY(check_range(path, low, high));
    if (size == 0 || size > 10000)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a plot of %zu x %zu pixels: give 1 to 10000", path, size, size);
    uint8_t *pixels;
    GM_TRY(gm_alloc(&pixels, size, size, path));
    memset(pixels, WHITE, size * size);
    for (size_t i = 0; i < count; i++) {
        double x = (points[2 * i] - low) / (high - low), y = (high - points[2 * i + 1]) / (high - low);
        if (!(x >= 0 && x < 1 && y >= 0 && y < 1))
            continue;
        // Points that coincide grow darker, so that dense modes stand out.
        uint8_t *pixel = &pixels[(size_t)(y * (double)size) * size + (size_t)(x * (double)size)];
        *pixel = (uint8_t)(*pixel * 2 / 5);
    }
    gm_status status = gm_png_write(path, pixels, size, size, 1);
    free(pixels);
    return status;
}
