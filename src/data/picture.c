// The formats of pictures, a row each, and how pictures become items of a data set.
#include "data/picture.h"

#include "data/alpha.h"
#include "data/magic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const gm_picture_format *const formats[] = {
    &gm_png_format, &gm_jpeg_format, &gm_webp_format, &gm_tiff_format, &gm_pnm_format, &gm_bmp_format, &gm_gif_format,
};

// ---- Reading ----

enum { LEAST_BYTES = 12 }; // which tell every format; a whole picture may have fewer

static const gm_picture_format *find(const uint8_t *head, size_t bytes) {
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        if (formats[i]->tell(head, bytes))
            return formats[i];
    return NULL;
}

// The row that reads it.
static gm_status find_reader(const gm_picture_format **format, const char *name, const uint8_t *head, size_t bytes) {
    const char *known = gm_magic_describe(head, bytes);
    *format = bytes > 0 ? find(head, bytes) : NULL;
    if (*format && (*format)->package)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is a %s file, which this build of Ganymede does not read: install %s and build it again",
                       name, (*format)->name, (*format)->package);
    if (*format)
        return GM_OK;
    if (bytes == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is empty", name);
    if (known)
        return gm_fail(GM_ERROR_FORMAT, "%s: is %s", name, known);
    if (bytes < LEAST_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is no picture, or a truncated one: it has %zu bytes", name, bytes);
    gm_text names = {0};
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        gm_text_printf(&names, "%s%s", i == 0 ? "" : i + 1 < GM_COUNT(formats) ? ", " : " or ", formats[i]->name);
    gm_status status = gm_fail(GM_ERROR_FORMAT, "%s: is no picture: its first bytes are not those of a %s file", name,
                               names.failed ? "known" : names.data);
    gm_text_finish(&names);
    return status;
}

const char *gm_picture_tell(const uint8_t *head, size_t bytes) {
    const gm_picture_format *format = find(head, bytes);
    return format ? format->name : NULL;
}

static const gm_picture_wish own_size = {0};

#define MOST_MOVING ((size_t)1 << 31) // pixels of all frames of an animation

gm_status gm_picture_parse(const char *name, const void *data, size_t bytes, const gm_picture_wish *wish,
                           gm_picture *picture) {
    const gm_picture_format *format;
    *picture = (gm_picture){0};
    GM_TRY(find_reader(&format, name, data, bytes));
    return format->parse(name, data, bytes, wish ? wish : &own_size, picture);
}

gm_status gm_picture_parse_header(const char *name, const void *data, size_t bytes, bool whole,
                                  const gm_picture_wish *wish, gm_picture *picture) {
    const gm_picture_format *format;
    *picture = (gm_picture){0};
    GM_TRY(find_reader(&format, name, data, bytes));
    GM_TRY(format->parse_header(name, data, bytes, whole, wish ? wish : &own_size, picture));
    picture->moving = format->parse_frames && picture->pages > 1;
    picture->paged = format->paged || picture->moving;
    if (picture->moving && picture->pages > MOST_MOVING / (picture->width * picture->height))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is too large: %zu frames of %zu x %zu pixels, of which no more than %zu are "
                       "read in all",
                       name, picture->pages, picture->width, picture->height, MOST_MOVING);
    return GM_OK;
}

// ---- Items of data sets ----

static bool grey_or_rgb(size_t colours) {
    return colours == 1 || colours == 3;
}

// Whether an item of `channels` gets the opacity of a picture of `colours` as its last one.
static bool takes_alpha(size_t colours, bool alpha, size_t channels, const gm_dataset_options *options) {
    if (options->alpha != GM_ALPHA_KEEP || (!alpha && colours == channels))
        return false;
    return channels == colours + 1 || (grey_or_rgb(colours) && (channels == 2 || channels == 4));
}

// ---- Halves ----

static bool across(gm_part part) {
    return part == GM_PART_LEFT || part == GM_PART_RIGHT;
}

static bool down(gm_part part) {
    return part == GM_PART_TOP || part == GM_PART_BOTTOM;
}

gm_status gm_picture_part_header(const char *name, gm_part part, gm_picture *header) {
    if ((across(part) && header->width % 2) || (down(part) && header->height % 2))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is %zu x %zu pixels, which data.part cuts in the middle: two pictures side by side have an "
                       "even %s",
                       name, header->width, header->height, across(part) ? "width" : "height");
    header->width /= across(part) ? 2 : 1;
    header->height /= down(part) ? 2 : 1;
    return GM_OK;
}

// Leaves the part, in place.
static gm_status cut(const char *name, gm_part part, gm_picture *picture) {
    gm_picture whole = *picture;
    GM_TRY(gm_picture_part_header(name, part, picture));
    size_t pixel = whole.channels * gm_picture_value_bytes(whole.type);
    size_t left = part == GM_PART_RIGHT ? picture->width : 0, top = part == GM_PART_BOTTOM ? picture->height : 0;
    for (size_t y = 0; part != GM_PART_WHOLE && y < picture->height; y++)
        memmove((char *)picture->pixels + y * picture->width * pixel,
                (const char *)whole.pixels + ((top + y) * whole.width + left) * pixel, picture->width * pixel);
    return GM_OK;
}

// ---- Reading into items ----

gm_picture_wish gm_picture_wish_of(const gm_dataset_options *options, size_t page, size_t height, size_t width) {
    size_t parts[2] = {across(options->part) ? 2 : 1, down(options->part) ? 2 : 1};
    return (gm_picture_wish){
        .width = width * parts[0], .height = height * parts[1], .pages = options->pages, .page = page};
}

static size_t colours_of(const gm_picture *picture) {
    return picture->channels - picture->alpha;
}

gm_status gm_picture_check(const char *name, const gm_picture *header, const gm_picture *first,
                           const gm_dataset_options *options) {
    size_t colours = colours_of(header), before = colours_of(first), channels = options->channels;
    bool floats = header->type == GM_PICTURE_F32;
    if (channels && channels != colours && !(grey_or_rgb(channels) && grey_or_rgb(colours)) &&
        !takes_alpha(colours, header->alpha, channels, options))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels, which cannot become %zu", name, header->channels,
                       channels);
    if (!channels && before != colours && !(grey_or_rgb(before) && grey_or_rgb(colours)))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels of colour, but the first picture has %zu", name,
                       colours, before);
    if (floats != (first->type == GM_PICTURE_F32))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: holds %s, but the first picture holds %s, which have no common scale: convert either", name,
                       floats ? "floats" : "whole numbers", floats ? "whole numbers" : "floats");
    return GM_OK;
}

void gm_picture_join(gm_picture *all, const gm_picture *header) {
    all->channels = GM_MAX(all->channels, colours_of(header));
    all->type = GM_MAX(all->type, header->type);
    all->alpha |= header->alpha;
    all->paged |= header->paged;
}

gm_dataset_kind gm_picture_set_info(const gm_picture *all, const gm_dataset_options *options, gm_dataset_info *info) {
    bool kept = all->alpha && options->alpha == GM_ALPHA_KEEP;
    info->channels = options->channels ? options->channels : all->channels + kept;
    info->alpha = kept && info->channels % 2 == 0;
    info->black = 0;
    info->white = all->type == GM_PICTURE_U8 ? UINT8_MAX : all->type == GM_PICTURE_U16 ? 1 : 0;
    return all->type == GM_PICTURE_U8 ? GM_DATASET_IMAGES : GM_DATASET_FLOATS;
}

static gm_status fit_item(gm_picture *picture, const gm_dataset_options *options, const gm_dataset_info *info,
                          void *item) {
    static const uint8_t white[3] = {UINT8_MAX, UINT8_MAX, UINT8_MAX};
    gm_fit_target target = {.channels = info->channels,
                            .height = info->height,
                            .width = info->width,
                            .floats = info->kind == GM_DATASET_FLOATS,
                            .marked = options->scale != GM_SCALE_TYPE};
    size_t colours = colours_of(picture);
    bool opacity = takes_alpha(colours, picture->alpha, info->channels, options);
    target.channels -= opacity;
    if (!opacity)
        gm_alpha_blend(picture, options->has_background ? options->background : white);
    const gm_fit_source source = {.pixels = picture->pixels,
                                  .width = picture->width,
                                  .height = picture->height,
                                  .channels = colours,
                                  .step = picture->channels,
                                  .plane = 1,
                                  .type = picture->type};
    GM_TRY(gm_fit_picture(&source, options->fit, &target, item));
    if (!opacity)
        return GM_OK;
    size_t value = target.floats ? sizeof(float) : 1;
    return gm_alpha_fit(picture, options->fit, &target,
                        (char *)item + target.channels * target.height * target.width * value);
}

// NaN is for what lies around a picture.
static gm_status check_finite(const gm_picture *picture) {
    const float *values = picture->pixels;
    size_t count = picture->type == GM_PICTURE_F32 ? picture->width * picture->height * picture->channels : 0;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return gm_fail(GM_ERROR_FORMAT, "holds values that are not finite (%g): replace them", (double)values[i]);
    return GM_OK;
}

static gm_status place(const char *name, gm_picture *picture, const gm_dataset_options *options,
                       const gm_dataset_info *info, void *item) {
    GM_TRY(cut(name, options->part, picture)); // which names it
    gm_status status = check_finite(picture);
    if (status == GM_OK)
        status = fit_item(picture, options, info, item);
    return status == GM_OK ? GM_OK : gm_fail_prefix(status, "%s", name);
}

gm_status gm_picture_place(const char *name, const void *data, size_t bytes, size_t page,
                           const gm_dataset_options *options, const gm_dataset_info *info, void *item) {
    gm_picture picture;
    const gm_picture_wish wish = gm_picture_wish_of(options, page, info->height, info->width);
    GM_TRY(gm_picture_parse(name, data, bytes, &wish, &picture));
    gm_status status = place(name, &picture, options, info, item);
    free(picture.pixels);
    return status;
}

typedef struct placing {
    const char *name;
    const gm_dataset_options *options;
    const gm_dataset_info *info;
    char *items;
    size_t count;
} placing;

static gm_status place_frame(void *user, size_t page, gm_picture picture) {
    const placing *p = user;
    return page < p->count ? place(p->name, &picture, p->options, p->info, p->items + page * p->info->item_bytes)
                           : GM_OK;
}

gm_status gm_picture_place_frames(const char *name, const void *data, size_t bytes, size_t count,
                                  const gm_dataset_options *options, const gm_dataset_info *info, void *items) {
    const gm_picture_format *format;
    placing p = {name, options, info, items, count};
    GM_TRY(find_reader(&format, name, data, bytes));
    if (!format->parse_frames)
        return gm_fail(GM_ERROR_STATE, "%s: is no animation", name);
    return format->parse_frames(name, data, bytes, place_frame, &p);
}
