// Pictures, and making them fit: another size (padded, stretched or cropped) and another number of channels.
#ifndef GM_DATA_FIT_H
#define GM_DATA_FIT_H

#include "base/base.h"
#include "ganymede/data.h"

typedef enum gm_picture_type { GM_PICTURE_U8 = 0, GM_PICTURE_U16, GM_PICTURE_F32 } gm_picture_type;

// One picture: (height, width, channels) values of the type, from malloc. With `alpha` the last channel is opacity, of
// which the colours are not multiples; 0 is clear, the type's largest value (of floats 1) opaque.
typedef struct gm_picture {
    void *pixels;
    size_t width, height, channels;
    gm_picture_type type;
    bool alpha;
    size_t pages; // of a header: how many pictures the file holds, at least 1
    bool paged;   // of a header: its format has pages
    bool moving;  // of a header: they are the frames of an animation
} gm_picture;

size_t gm_picture_value_bytes(gm_picture_type type);
double gm_picture_white(gm_picture_type type); // the largest value, which becomes 1 among floats; of floats 1

// A picture with `step` values from pixel to pixel and `plane` values from channel to channel.
typedef struct gm_fit_source {
    const void *pixels;
    size_t width, height, channels, step, plane;
    gm_picture_type type;
} gm_fit_source;

// (channels, height, width) bytes, which only a source of bytes can become; or floats: those of integers are divided by
// the type's largest value.
typedef struct gm_fit_target {
    size_t channels, height, width;
    bool floats;
    bool marked; // floats: what lies outside of the picture is NaN, else 0
} gm_fit_target;

// Into pixels as the target says. Its channels are the source's, or 1 of 3, or 3 of 1.
gm_status gm_fit_picture(const gm_fit_source *source, gm_fit fit, const gm_fit_target *target, void *pixels);

#endif
