// Making a picture fit: another size (padded, stretched or cropped) and another number of channels.
//
// Scaling is separable. Down: each new pixel is the mean over the area that it covers (no aliasing). Up: bilinear
// between pixel centres. Equal sizes copy exactly.
#include "data/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Along one axis: the old pixels and weights of each new pixel.
typedef struct axis {
    size_t count, taps;
    size_t *first;  // (count) leftmost old pixel
    float *weights; // (count, taps); 0 beyond the end
} axis;

static void axis_finish(axis *a) {
    free(a->first);
    free(a->weights);
}

// New pixels begin ... begin + count - 1 of an axis of `old` pixels scaled to `scaled`.
static gm_status axis_init(axis *a, size_t old, size_t scaled, size_t begin, size_t count) {
    double ratio = (double)old / (double)scaled;
    *a = (axis){.count = count, .taps = scaled < old ? (size_t)ceil(ratio) + 1 : 2};
    gm_status status = gm_alloc(&a->first, count, sizeof *a->first, "scaling");
    if (status == GM_OK)
        status = gm_alloc(&a->weights, count * a->taps, sizeof *a->weights, "scaling");
    for (size_t i = 0; status == GM_OK && i < count; i++) {
        float *weights = a->weights + i * a->taps;
        if (scaled < old) {
            double low = (double)(begin + i) * ratio, high = fmin(low + ratio, (double)old);
            a->first[i] = GM_MIN((size_t)low, old - 1);
            for (size_t tap = 0; tap < a->taps && a->first[i] + tap < old; tap++) {
                double left = (double)(a->first[i] + tap);
                double overlap = fmin(high, left + 1) - fmax(low, left);
                weights[tap] = (float)(fmax(overlap, 0) / (high - low));
            }
        } else {
            double centre = fmax(((double)(begin + i) + .5) * ratio - .5, 0);
            a->first[i] = GM_MIN((size_t)centre, old - 1);
            double share = a->first[i] + 1 < old ? centre - (double)a->first[i] : 0;
            weights[0] = (float)(1 - share);
            weights[1] = (float)share;
        }
    }
    return status;
}

// One channel -> the rectangle `across` x `down` of the output, whose rows are `stride` bytes apart.
static void scale_plane(const gm_fit_source *source, size_t channel, const axis *across, const axis *down, float *rows,
                        uint8_t *out, size_t stride) {
    const uint8_t *plane = source->pixels + channel * source->plane;
    size_t top = down->first[0], bottom = GM_MIN(down->first[down->count - 1] + down->taps, source->height);
    for (size_t y = top; y < bottom; y++) {
        const uint8_t *row = plane + y * source->width * source->step;
        for (size_t x = 0; x < across->count; x++) {
            size_t first = across->first[x], taps = GM_MIN(across->taps, source->width - first);
            const float *weights = across->weights + x * across->taps;
            float sum = 0;
            for (size_t tap = 0; tap < taps; tap++)
                sum += weights[tap] * (float)row[(first + tap) * source->step];
            rows[(y - top) * across->count + x] = sum;
        }
    }
    for (size_t y = 0; y < down->count; y++) {
        size_t first = down->first[y], taps = GM_MIN(down->taps, source->height - first);
        const float *weights = down->weights + y * down->taps;
        for (size_t x = 0; x < across->count; x++) {
            float sum = .5f; // rounds
            for (size_t tap = 0; tap < taps; tap++)
                sum += weights[tap] * rows[(first - top + tap) * across->count + x];
            out[y * stride + x] = (uint8_t)GM_MIN(sum, 255.f);
        }
    }
}

// The rectangle that begins at (left, top), as it is.
static void copy_plane(const gm_fit_source *source, size_t channel, size_t left, size_t top, size_t width,
                       size_t height, uint8_t *out, size_t stride) {
    const uint8_t *from = source->pixels + channel * source->plane + (top * source->width + left) * source->step;
    for (size_t y = 0; y < height; y++, from += source->width * source->step, out += stride)
        if (source->step == 1)
            memcpy(out, from, width);
        else
            for (size_t x = 0; x < width; x++)
                out[x] = from[x * source->step];
}

// Where the scaled picture lies: its whole size, the part of it that is kept, and that part's place in the output.
typedef struct placement {
    size_t scaled, begin, count, offset;
} placement;

static size_t scale_side(size_t side, size_t to, size_t from) {
    size_t scaled = (size_t)((double)side * (double)to / (double)from + .5);
    return GM_MAX(scaled, (size_t)1);
}

// One side of the picture in the `size` that there is for it. Both sides are scaled as `from` pixels are to `to`.
static placement place(size_t side, size_t size, gm_fit fit, size_t from, size_t to) {
    if (fit == GM_FIT_RESIZE)
        return (placement){.scaled = size, .count = size};
    if (fit == GM_FIT_CROP) {
        size_t scaled = GM_MAX(scale_side(side, to, from), size);
        return (placement){.scaled = scaled, .begin = (scaled - size) / 2, .count = size};
    }
    size_t scaled = from > to ? GM_MIN(scale_side(side, to, from), size) : side;
    return (placement){.scaled = scaled, .count = scaled, .offset = (size - scaled) / 2};
}

static gm_status fit_planes(const gm_fit_source *source, gm_fit fit, uint8_t *pixels, size_t height, size_t width) {
    // The side that needs the smaller scale: padding follows it, cropping the other one.
    bool wide = source->width * height > source->height * width, across_leads = wide == (fit != GM_FIT_CROP);
    size_t from = across_leads ? source->width : source->height, to = across_leads ? width : height;
    placement px = place(source->width, width, fit, from, to), py = place(source->height, height, fit, from, to);
    uint8_t *corner = pixels + py.offset * width + px.offset;
    axis across = {0}, down = {0};
    float *rows = NULL;
    gm_status status = GM_OK;
    memset(pixels, 0, source->channels * height * width);
    if (px.scaled == source->width && py.scaled == source->height) {
        for (size_t channel = 0; channel < source->channels; channel++)
            copy_plane(source, channel, px.begin, py.begin, px.count, py.count, corner + channel * height * width,
                       width);
        return GM_OK;
    }
    GM_TRY_DONE(axis_init(&across, source->width, px.scaled, px.begin, px.count));
    GM_TRY_DONE(axis_init(&down, source->height, py.scaled, py.begin, py.count));
    GM_TRY_DONE(gm_alloc(&rows, source->height * px.count, sizeof *rows, "scaling"));
    for (size_t channel = 0; channel < source->channels; channel++)
        scale_plane(source, channel, &across, &down, rows, corner + channel * height * width, width);
done:
    free(rows);
    axis_finish(&across);
    axis_finish(&down);
    return status;
}

gm_status gm_fit_picture(const gm_fit_source *source, gm_fit fit, uint8_t *pixels, size_t channels, size_t height,
                         size_t width) {
    size_t area = height * width;
    if (channels == source->channels)
        return fit_planes(source, fit, pixels, height, width);
    if (channels == 3 && source->channels == 1) {
        GM_TRY(fit_planes(source, fit, pixels, height, width));
        memcpy(pixels + area, pixels, area);
        memcpy(pixels + 2 * area, pixels, area);
        return GM_OK;
    }
    if (channels != 1 || source->channels != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "images of %zu channels cannot become images of %zu", source->channels,
                       channels);
    uint8_t *colours;
    GM_TRY(gm_alloc(&colours, 3, area, "a picture"));
    gm_status status = fit_planes(source, fit, colours, height, width);
    for (size_t i = 0; status == GM_OK && i < area; i++) // luma of ITU-R BT.601
        pixels[i] =
            (uint8_t)((299u * colours[i] + 587u * colours[area + i] + 114u * colours[2 * area + i] + 500u) / 1000u);
    free(colours);
    return status;
}
