// WebP through libwebp: lossy and lossless -> 8-bit RGB, with opacity where the file has it. Of an animation the first
// frame on its canvas.
#include "data/picture_format.h"

#include <string.h>

static bool tell(const uint8_t *head, size_t bytes) {
    return bytes >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0;
}

#ifdef GM_HAVE_WEBP

#include <stdlib.h>
#include <webp/decode.h>
#include <webp/demux.h>

static const char *describe(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return "libwebp has no memory for it";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "it has a feature that libwebp does not read";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return "it ends too early";
    default:
        return "its data are damaged";
    }
}

static gm_status fail(const char *name, VP8StatusCode code) {
    return gm_fail(code == VP8_STATUS_OUT_OF_MEMORY ? GM_ERROR_MEMORY : GM_ERROR_FORMAT,
                   "%s: cannot be read as WebP: %s", name, describe(code));
}

static gm_status read_features(const char *name, const uint8_t *data, size_t bytes, bool whole,
                               WebPBitstreamFeatures *features) {
    VP8StatusCode code = WebPGetFeatures(data, bytes, features);
    if (code == VP8_STATUS_NOT_ENOUGH_DATA && !whole) {
        *features = (WebPBitstreamFeatures){0};
        return GM_OK;
    }
    if (code != VP8_STATUS_OK)
        return fail(name, code);
    size_t width = (size_t)features->width, height = (size_t)features->height; // of a canvas up to 2^24
    if (width == 0 || height == 0 || width > GM_PICTURE_SIDE || height > GM_PICTURE_SIDE ||
        width * height > GM_PICTURE_AREA)
        return gm_picture_refuse_area(name, width, height);
    return GM_OK;
}

static gm_picture describe_picture(const WebPBitstreamFeatures *features) {
    bool alpha = features->has_alpha;
    return (gm_picture){.width = (size_t)features->width,
                        .height = (size_t)features->height,
                        .channels = 3u + alpha,
                        .alpha = alpha,
                        .pages = 1};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    (void)wish;
    WebPBitstreamFeatures features;
    *picture = (gm_picture){0};
    GM_TRY(read_features(name, data, bytes, whole, &features));
    *picture = describe_picture(&features);
    return GM_OK;
}

// ---- Pixels ----

static gm_status read_still(const char *name, const uint8_t *data, size_t bytes, gm_picture *picture) {
    WebPDecoderConfig config;
    size_t stride = picture->width * picture->channels;
    if (!WebPInitDecoderConfig(&config))
        return gm_fail(GM_ERROR_STATE, "%s: the libwebp that runs is not the one that this was built with", name);
    config.output.colorspace = picture->alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = (WebPRGBABuffer){picture->pixels, (int)stride, stride * picture->height};
    VP8StatusCode code = WebPDecode(data, bytes, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? GM_OK : fail(name, code);
}

// The canvas has opacity, whether the file has or not.
static gm_status read_first_frame(const char *name, const uint8_t *data, size_t bytes, gm_picture *picture) {
    const WebPData file = {data, bytes};
    WebPAnimInfo info;
    uint8_t *canvas, *out = picture->pixels;
    int time;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&file, NULL);
    bool read = decoder && WebPAnimDecoderGetInfo(decoder, &info) && info.canvas_width == picture->width &&
                info.canvas_height == picture->height && WebPAnimDecoderGetNext(decoder, &canvas, &time);
    for (size_t i = 0; read && i < picture->width * picture->height; i++)
        memcpy(out + i * picture->channels, canvas + 4 * i, picture->channels);
    WebPAnimDecoderDelete(decoder);
    return read ? GM_OK : fail(name, VP8_STATUS_BITSTREAM_ERROR);
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    (void)wish;
    WebPBitstreamFeatures features;
    *picture = (gm_picture){0};
    GM_TRY(read_features(name, data, bytes, true, &features));
    *picture = describe_picture(&features);
    gm_status status = gm_alloc(&picture->pixels, picture->width * picture->height, picture->channels, name);
    if (status == GM_OK)
        status = (features.has_animation ? read_first_frame : read_still)(name, data, bytes, picture);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

const gm_picture_format gm_webp_format = {.name = "WebP", .tell = tell, .parse_header = parse_header, .parse = parse};

#else

const gm_picture_format gm_webp_format = {.name = "WebP", .package = "libwebp-dev", .tell = tell};

#endif
