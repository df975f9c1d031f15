// Transparency: blended with a background, or kept as a channel.
#include "data/alpha.h"

#include <stdlib.h>
#include <string.h>

// Pixels move towards the front of the same memory. `type` is the values', `wide` holds the product of two.
#define BLEND(name, type, wide, white, half)                                                                           \
    static void blend_##name(type *pixels, size_t count, size_t colours, const double *background) {                   \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const type *from = pixels + i * (colours + 1);                                                             \
            wide alpha = from[colours];                                                                                \
            for (size_t c = 0; c < colours; c++)                                                                       \
                pixels[i * colours + c] =                                                                              \
                    (type)((from[c] * alpha + (wide)background[c % 3] * (white - alpha) + half) / white);              \
        }                                                                                                              \
    }
BLEND(u8, uint8_t, unsigned, 255u, 127u)
BLEND(u16, uint16_t, uint64_t, 65535u, 32767u)
BLEND(f32, float, double, 1, 0)

void gm_alpha_blend(gm_picture *picture, const uint8_t background[3]) {
    if (!picture->alpha)
        return;
    size_t count = picture->width * picture->height, colours = --picture->channels;
    double grey = (299 * background[0] + 587 * background[1] + 114 * background[2] + 500) / 1000, behind[3];
    for (size_t c = 0; c < 3; c++)
        behind[c] = (colours == 3 ? background[c] : grey) * (gm_picture_white(picture->type) / 255);
    picture->alpha = false;
    if (picture->type == GM_PICTURE_U8)
        blend_u8(picture->pixels, count, colours, behind);
    else if (picture->type == GM_PICTURE_U16)
        blend_u16(picture->pixels, count, colours, behind);
    else
        blend_f32(picture->pixels, count, colours, behind);
}

#define DIVIDE(name, type, wide, white)                                                                                \
    static void divide_##name(type *pixels, size_t count, size_t channels) {                                           \
        for (size_t i = 0; i < count; i++, pixels += channels) {                                                       \
            wide alpha = pixels[channels - 1];                                                                         \
            for (size_t c = 0; c + 1 < channels; c++)                                                                  \
                pixels[c] = (type)(alpha > 0 ? GM_MIN((pixels[c] * (wide)white + alpha / 2) / alpha, white) : 0);      \
        }                                                                                                              \
    }
DIVIDE(u8, uint8_t, unsigned, 255u)
DIVIDE(u16, uint16_t, uint64_t, 65535u)

static void divide_f32(float *pixels, size_t count, size_t channels) {
    for (size_t i = 0; i < count; i++, pixels += channels)
        for (size_t c = 0; c + 1 < channels; c++)
            pixels[c] = pixels[channels - 1] > 0 ? pixels[c] / pixels[channels - 1] : 0;
}

void gm_alpha_divide(gm_picture *picture) {
    size_t count = picture->width * picture->height;
    if (picture->type == GM_PICTURE_U8)
        divide_u8(picture->pixels, count, picture->channels);
    else if (picture->type == GM_PICTURE_U16)
        divide_u16(picture->pixels, count, picture->channels);
    else
        divide_f32(picture->pixels, count, picture->channels);
}

gm_status gm_alpha_fit(const gm_picture *picture, gm_fit fit, const gm_fit_target *target, void *pixels) {
    const gm_fit_target plane = {.channels = 1, .height = target->height, .width = target->width, target->floats};
    gm_fit_source source = {.width = picture->width,
                            .height = picture->height,
                            .channels = 1,
                            .step = picture->channels,
                            .type = picture->type};
    if (picture->alpha) {
        source.pixels = (const char *)picture->pixels + (picture->channels - 1) * gm_picture_value_bytes(picture->type);
        return gm_fit_picture(&source, fit, &plane, pixels);
    }
    uint8_t *opaque;
    GM_TRY(gm_alloc(&opaque, picture->width, picture->height, "a picture's opacity"));
    memset(opaque, UINT8_MAX, picture->width * picture->height);
    source.pixels = opaque;
    source.step = 1;
    source.type = GM_PICTURE_U8;
    gm_status status = gm_fit_picture(&source, fit, &plane, pixels);
    free(opaque);
    return status;
}
