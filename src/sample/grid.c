// Pictures: a grid of images, in false colours where their channels are not grey or red, green and blue; dots of
// points.
#include "sample/grid.h"

#include "base/base.h"
#include "sample/legend.h"
#include "sample/writers.h"

#include <math.h>
#include <stdlib.h>

#define GAP 2

static gm_status check_range(const char *path, double low, double high) {
    if (!(low < high) || !isfinite(low) || !isfinite(high))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the range [%g, %g] is none: low must be below high", path, low, high);
    return GM_OK;
}

// ---- Channels and colours ----

static bool has_false_colours(size_t channels) {
    return channels != 1 && channels != 3;
}

// How images become pixels.
typedef struct brush {
    size_t channels, area; // of an image
    double low, high;
    double *hues; // (channels, 3)
} brush;

// The image's pixel i from its planes of `area` values each.
static void draw_pixel(const brush *b, const float *image, size_t i, gm_raster *picture, size_t place) {
    double sum[3] = {0, 0, 0}, most = picture->depth == 16 ? 65535 : 255;
    for (size_t c = 0; c < b->channels; c++) {
        double level = gm_raster_level((double)image[c * b->area + i], b->low, b->high, picture->depth);
        for (size_t k = 0; k < picture->channels; k++)
            sum[k] += b->hues[3 * c + k] * level;
    }
    for (size_t k = 0; k < picture->channels; k++)
        gm_raster_set(picture, place * picture->channels + k, fmin(sum[k], most));
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
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: a grid of %zu x %zu images of %zu x %zu pixels is too large: at most 10000 each", path,
                       l->rows, l->columns, grid->height, grid->width);
    l->width = l->columns * (grid->width + GAP) - GAP;
    l->height = l->rows * (grid->height + GAP) - GAP;
    return GM_OK;
}

static void fill_white(gm_raster *picture) {
    for (size_t i = 0; i < picture->width * picture->height * picture->channels; i++)
        gm_raster_set(picture, i, picture->depth == 16 ? 65535 : 255);
}

gm_status gm_grid_draw(const char *name, const float *images, const gm_image_grid_params *grid, size_t depth,
                       gm_raster *picture) {
    bool automatic = grid->low == 0 && grid->high == 0, single = grid->channel > 0;
    size_t legend = 0;
    layout l;
    brush b = {.channels = single ? 1 : grid->channels,
               .area = grid->height * grid->width,
               .low = automatic ? -1 : grid->low,
               .high = automatic ? 1 : grid->high};
    GM_TRY(lay_out(&l, name, grid));
    GM_TRY(check_range(name, b.low, b.high));
    if (grid->channel > grid->channels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: there is no channel %zu: the images have %zu", name, grid->channel,
                       grid->channels);
    if (has_false_colours(b.channels))
        gm_legend_size(b.channels, &l.width, &legend);
    GM_TRY(gm_raster_create(picture, name, l.width, l.height + legend, b.channels == 1 ? 1 : 3, depth));
    fill_white(picture);
    GM_TRY(gm_alloc(&b.hues, b.channels, 3 * sizeof *b.hues, name));
    for (size_t c = 0; c < b.channels; c++)
        gm_legend_hue(c, b.channels, b.hues + 3 * c);
    for (size_t i = 0; i < GM_MIN(grid->count, l.rows * l.columns); i++) {
        const float *image = images + (i * grid->channels + (single ? grid->channel - 1 : 0)) * b.area;
        size_t top = i / l.columns * (grid->height + GAP), left = i % l.columns * (grid->width + GAP);
        for (size_t k = 0; k < b.area; k++)
            draw_pixel(&b, image, k, picture, (top + k / grid->width) * l.width + left + k % grid->width);
    }
    if (legend > 0)
        gm_legend_draw(picture, l.height, b.channels);
    free(b.hues);
    return GM_OK;
}

// Draws into a file, in the format that its ending names.
static gm_status put(const char *path, const gm_writer *writer, gm_status status, gm_raster *picture) {
    const gm_writing writing = {.path = path};
    if (status == GM_OK)
        status = gm_writer_put(writer, &writing, picture, 1);
    gm_raster_finish(picture);
    return status;
}

gm_status gm_image_grid(const char *path, const float *images, const gm_image_grid_params *grid) {
    const gm_writer *writer;
    gm_raster picture = {0};
    GM_TRY(gm_writer_find(path, &writer));
    return put(path, writer, gm_grid_draw(path, images, grid, 8, &picture), &picture);
}

// ---- Points ----

gm_status gm_scatter_draw(const char *name, const float *points, size_t count, double low, double high, size_t size,
                          gm_raster *picture) {
    GM_TRY(check_range(name, low, high));
    if (size == 0 || size > 10000)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a plot of %zu x %zu pixels: give 1 to 10000", name, size, size);
    GM_TRY(gm_raster_create(picture, name, size, size, 1, 8));
    fill_white(picture);
    for (size_t i = 0; i < count; i++) {
        double x = (points[2 * i] - low) / (high - low), y = (high - points[2 * i + 1]) / (high - low);
        if (!(x >= 0 && x < 1 && y >= 0 && y < 1))
            continue;
        // Points that coincide grow darker, so that dense modes stand out.
        uint8_t *pixel = (uint8_t *)picture->values + (size_t)(y * (double)size) * size + (size_t)(x * (double)size);
        *pixel = (uint8_t)(*pixel * 2 / 5);
    }
    return GM_OK;
}

gm_status gm_image_scatter(const char *path, const float *points, size_t count, double low, double high, size_t size) {
    const gm_writer *writer;
    gm_raster picture = {0};
    GM_TRY(gm_writer_find(path, &writer));
    return put(path, writer, gm_scatter_draw(path, points, count, low, high, size, &picture), &picture);
}
