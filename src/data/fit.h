// Pictures, and making them fit: another size (padded, stretched or cropped) and another number of channels.
#ifndef GM_DATA_FIT_H
#define GM_DATA_FIT_H

#include "base/base.h"
#include "ganymede/data.h"

// One picture, (height, width, channels), channels 1 or 3, without transparency; pixels from malloc.
typedef struct gm_picture {
    uint8_t *pixels;
    size_t width, height, channels;
} gm_picture;

// A picture with `step` bytes from pixel to pixel and `plane` bytes from channel to channel.
typedef struct gm_fit_source {
    const uint8_t *pixels;
    size_t width, height, channels, step, plane;
} gm_fit_source;

// Into (channels, height, width) bytes. channels is 1, 3 or the source's.
gm_status gm_fit_picture(const gm_fit_source *source, gm_fit fit, uint8_t *pixels, size_t channels, size_t height,
                         size_t width);

#endif
