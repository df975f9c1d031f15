// Pictures: a grid of images, in false colours where their channels are not grey or red, green and blue; dots of
// points.
#include "base/base.h"
#include "ganymede/sample.h"

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

// ---- Channels and colours ----

// Pixels of a picture: grey of one channel, else red, green and blue.
static size_t colours_of(size_t channels) {
    return channels == 1 ? 1 : 3;
}

// What a channel adds to red, green and blue: of three channels one each, of others a hue of their own, evenly spread.
static void find_hue(size_t channel, size_t channels, double hue[3]) {
    double place = 3. * (double)channel / (double)channels;
    for (size_t i = 0; i < 3; i++) {
        double distance = fabs(place - (double)i);
        hue[i] = channels == 3 ? channel == i : fmax(0, fmin(1, 2 - 2 * fmin(distance, 3 - distance)));
    }
}

// The image's pixel i from its planes of `area` values each.
static void draw_pixel(const float *image, size_t i, size_t area, const gm_image_grid_params *grid, double low,
                       double high, uint8_t *pixel) {
    size_t channels = grid->channels;
    if (channels == 1 || channels == 3) {
        for (size_t c = 0; c < channels; c++)
            pixel[c] = to_byte(image[c * area + i], low, high);
        return;
    }
    double sum[3] = {0, 0, 0};
    for (size_t c = 0; c < channels; c++) {
        double hue[3], value = to_byte(image[c * area + i], low, high);
        find_hue(c, channels, hue);
        for (size_t k = 0; k < 3; k++)
            sum[k] += hue[k] * value;
    }
    for (size_t k = 0; k < 3; k++)
        pixel[k] = (uint8_t)fmin(sum[k], 255);
}

// ---- The grid ----

typedef struct layout {
    size_t rows, columns, width, height; // cells, and pixels of the picture
} layout;

static gm_status lay_out(layout *l, const char *path, const gm_image_grid_params *grid) {
    *l = (layout){.rows = grid->rows, .columns = grid->columns};
    if (grid->channels == 0 || grid->height == 0 || grid->width == 0 || grid->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no picture of %zu images of %zu x %zu x %zu values", path, grid->count,
                       grid->channels, grid->height, grid->width);
    if (l->columns == 0)
        l->columns = l->rows > 0 ? (grid->count + l->rows - 1) / l->rows : (size_t)ceil(sqrt((double)grid->count));
    if (l->rows == 0)
        l->rows = (grid->count + l->columns - 1) / l->columns;
    if (l->rows > 10000 || l->columns > 10000 || grid->height > 10000 || grid->width > 10000)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a grid of %zu x %zu images of %zu x %zu pixels is too large", path,
                       l->rows, l->columns, grid->height, grid->width);
    l->width = l->columns * (grid->width + GAP) - GAP;
    l->height = l->rows * (grid->height + GAP) - GAP;
    return GM_OK;
}

gm_status gm_image_grid(const char *path, const float *images, const gm_image_grid_params *grid) {
    bool automatic = grid->low == 0 && grid->high == 0;
    double low = automatic ? -1 : grid->low, high = automatic ? 1 : grid->high;
    size_t colours = colours_of(grid->channels), area = grid->height * grid->width;
    layout l;
    GM_TRY(lay_out(&l, path, grid));
    GM_TRY(check_range(path, low, high));
    uint8_t *pixels;
    GM_TRY(gm_alloc(&pixels, l.width * l.height, colours, path));
    memset(pixels, WHITE, l.width * l.height * colours);
    for (size_t image = 0; image < GM_MIN(grid->count, l.rows * l.columns); image++) {
        size_t top = image / l.columns * (grid->height + GAP), left = image % l.columns * (grid->width + GAP);
        for (size_t i = 0; i < area; i++) {
            size_t place = (top + i / grid->width) * l.width + left + i % grid->width;
            draw_pixel(images + image * grid->channels * area, i, area, grid, low, high, pixels + place * colours);
        }
    }
    gm_status status = gm_png_write(path, pixels, l.width, l.height, colours);
    free(pixels);
    return status;
}

// ---- Points ----

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
