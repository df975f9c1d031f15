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

// ---- Values of each type ----

size_t gm_picture_value_bytes(gm_picture_type type) {
    return type == GM_PICTURE_U8 ? 1 : type == GM_PICTURE_U16 ? sizeof(uint16_t) : sizeof(float);
}

double gm_picture_white(gm_picture_type type) {
    return type == GM_PICTURE_U8 ? UINT8_MAX : type == GM_PICTURE_U16 ? UINT16_MAX : 1;
}

// `count` values of a channel, from the picture's value `first` on.
static void load_row(const gm_fit_source *source, size_t first, size_t count, float *row) {
    const uint8_t *bytes = source->pixels;
    const uint16_t *words = source->pixels;
    const float *floats = source->pixels;
    size_t step = source->step;
    if (source->type == GM_PICTURE_U8)
        for (size_t x = 0; x < count; x++)
            row[x] = (float)bytes[first + x * step];
    else if (source->type == GM_PICTURE_U16)
        for (size_t x = 0; x < count; x++)
            row[x] = (float)words[first + x * step];
    else
        for (size_t x = 0; x < count; x++)
            row[x] = floats[first + x * step];
}

// Where a rectangle of one channel goes.
typedef struct place {
    void *pixels;
    size_t first, stride; // values: to its corner, from row to row
    bool floats;
    double white; // floats are multiples of it
} place;

// Bytes are rounded already.
static void store_row(const place *out, size_t y, const float *row, size_t count) {
    size_t first = out->first + y * out->stride;
    if (out->floats)
        for (size_t x = 0; x < count; x++)
            ((float *)out->pixels)[first + x] = (float)((double)row[x] / out->white);
    else
        for (size_t x = 0; x < count; x++)
            ((uint8_t *)out->pixels)[first + x] = (uint8_t)GM_MIN(row[x], 255.f);
}

// ---- One channel ----

// line: room for a row, old or new; rows: for all old ones of the new width.
static void scale_plane(const gm_fit_source *source, size_t channel, const axis *across, const axis *down, float *line,
                        float *rows, const place *out) {
    size_t top = down->first[0], bottom = GM_MIN(down->first[down->count - 1] + down->taps, source->height);
    float half = out->floats ? 0 : .5f; // rounds
    for (size_t y = top; y < bottom; y++) {
        load_row(source, channel * source->plane + y * source->width * source->step, source->width, line);
        for (size_t x = 0; x < across->count; x++) {
            size_t first = across->first[x], taps = GM_MIN(across->taps, source->width - first);
            const float *weights = across->weights + x * across->taps;
            float sum = 0;
            for (size_t tap = 0; tap < taps; tap++)
                sum += weights[tap] * line[first + tap];
            rows[(y - top) * across->count + x] = sum;
        }
    }
    for (size_t y = 0; y < down->count; y++) {
        size_t first = down->first[y], taps = GM_MIN(down->taps, source->height - first);
        const float *weights = down->weights + y * down->taps;
        for (size_t x = 0; x < across->count; x++) {
            float sum = half;
            for (size_t tap = 0; tap < taps; tap++)
                sum += weights[tap] * rows[(first - top + tap) * across->count + x];
            line[x] = sum;
        }
        store_row(out, y, line, across->count);
    }
}

// The rectangle of width x height that begins at (left, top), as it is. line: room for a row of it.
static void copy_plane(const gm_fit_source *source, size_t channel, size_t left, size_t top, size_t width,
                       size_t height, float *line, const place *out) {
    size_t first = channel * source->plane + (top * source->width + left) * source->step;
    for (size_t y = 0; y < height; y++, first += source->width * source->step) {
        if (out->floats) {
            load_row(source, first, width, line);
            store_row(out, y, line, width);
            continue;
        }
        uint8_t *to = (uint8_t *)out->pixels + out->first + y * out->stride;
        const uint8_t *from = (const uint8_t *)source->pixels + first;
        for (size_t x = 0; x < width; x++)
            to[x] = from[x * source->step];
    }
}

// ---- Where a picture goes ----

// One axis of the scaled picture: its whole size, the part of it that is kept, and that part's place in the output.
typedef struct placement {
    size_t scaled, begin, count, offset;
} placement;

static size_t scale_side(size_t side, size_t to, size_t from) {
    size_t scaled = (size_t)((double)side * (double)to / (double)from + .5);
    return GM_MAX(scaled, (size_t)1);
}

// One side of the picture in the `size` that there is for it. Both sides are scaled as `from` pixels are to `to`.
static placement place_side(size_t side, size_t size, gm_fit fit, size_t from, size_t to) {
    if (fit == GM_FIT_RESIZE)
        return (placement){.scaled = size, .count = size};
    if (fit == GM_FIT_CROP) {
        size_t scaled = GM_MAX(scale_side(side, to, from), size);
        return (placement){.scaled = scaled, .begin = (scaled - size) / 2, .count = size};
    }
    size_t scaled = from > to ? GM_MIN(scale_side(side, to, from), size) : side;
    return (placement){.scaled = scaled, .count = scaled, .offset = (size - scaled) / 2};
}

static gm_status fit_planes(const gm_fit_source *source, gm_fit fit, const gm_fit_target *target, void *pixels) {
    size_t width = target->width, height = target->height;
    // The side that needs the smaller scale: padding follows it, cropping the other one.
    bool wide = source->width * height > source->height * width, across_leads = wide == (fit != GM_FIT_CROP);
    size_t from = across_leads ? source->width : source->height, to = across_leads ? width : height;
    placement px = place_side(source->width, width, fit, from, to);
    placement py = place_side(source->height, height, fit, from, to);
    bool same = px.scaled == source->width && py.scaled == source->height;
    axis across = {0}, down = {0};
    float *line = NULL, *rows = NULL;
    gm_status status;
    memset(pixels, 0, source->channels * height * width * (target->floats ? sizeof(float) : 1));
    for (size_t i = 0; target->floats && target->marked && i < source->channels * height * width; i++)
        ((float *)pixels)[i] = NAN;
    GM_TRY_DONE(gm_alloc(&line, GM_MAX(source->width, width), sizeof *line, "scaling"));
    if (!same) {
        GM_TRY_DONE(axis_init(&across, source->width, px.scaled, px.begin, px.count));
        GM_TRY_DONE(axis_init(&down, source->height, py.scaled, py.begin, py.count));
        GM_TRY_DONE(gm_alloc(&rows, source->height * px.count, sizeof *rows, "scaling"));
    }
    for (size_t channel = 0; channel < source->channels; channel++) {
        place out = {.pixels = pixels,
                     .first = (channel * height + py.offset) * width + px.offset,
                     .stride = width,
                     .floats = target->floats,
                     .white = gm_picture_white(source->type)};
        if (same)
            copy_plane(source, channel, px.begin, py.begin, px.count, py.count, line, &out);
        else
            scale_plane(source, channel, &across, &down, line, rows, &out);
    }
done:
    free(line);
    free(rows);
    axis_finish(&across);
    axis_finish(&down);
    return status;
}

// ---- Channels ----

// Luma of ITU-R BT.601: of bytes in whole numbers.
static void make_grey(const void *colours, size_t area, bool floats, void *grey) {
    if (floats) {
        const float *in = colours;
        for (size_t i = 0; i < area; i++)
            ((float *)grey)[i] = .299f * in[i] + .587f * in[area + i] + .114f * in[2 * area + i];
    } else {
        const uint8_t *in = colours;
        for (size_t i = 0; i < area; i++)
            ((uint8_t *)grey)[i] =
                (uint8_t)((299u * in[i] + 587u * in[area + i] + 114u * in[2 * area + i] + 500u) / 1000u);
    }
}

gm_status gm_fit_picture(const gm_fit_source *source, gm_fit fit, const gm_fit_target *target, void *pixels) {
    size_t area = target->height * target->width, bytes = area * (target->floats ? sizeof(float) : 1);
    if (source->type != GM_PICTURE_U8 && !target->floats)
        return gm_fail(GM_ERROR_ARGUMENT, "pictures of more than 8 bits become floats, not bytes");
    if (target->channels == source->channels)
        return fit_planes(source, fit, target, pixels);
    if (target->channels == 3 && source->channels == 1) {
        GM_TRY(fit_planes(source, fit, target, pixels));
        memcpy((char *)pixels + bytes, pixels, bytes);
        memcpy((char *)pixels + 2 * bytes, pixels, bytes);
        return GM_OK;
    }
    if (target->channels != 1 || source->channels != 3)
        return gm_fail(GM_ERROR_ARGUMENT, "images of %zu channels cannot become images of %zu", source->channels,
                       target->channels);
    char *colours;
    GM_TRY(gm_alloc(&colours, 3, bytes, "a picture"));
    gm_status status = fit_planes(source, fit, target, colours);
    if (status == GM_OK)
        make_grey(colours, area, target->floats, pixels);
    free(colours);
    return status;
}
