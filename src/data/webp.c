// WebP through libwebp: lossy and lossless -> 8-bit RGB, with opacity where the file has it. Of an animation the
// first frame, or each, on its canvas.
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

// How many frames the whole file has, where they are asked for.
static gm_status count_frames(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                              const WebPBitstreamFeatures *features, size_t *frames) {
    *frames = 1;
    if (wish->pages != GM_PAGES_ITEMS || !features->has_animation)
        return GM_OK;
    const WebPData file = {data, bytes};
    WebPDemuxer *demuxer = WebPDemux(&file);
    *frames = demuxer ? WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT) : 0;
    WebPDemuxDelete(demuxer);
    return *frames > 0 ? GM_OK : fail(name, VP8_STATUS_BITSTREAM_ERROR);
}

static gm_picture describe_picture(const WebPBitstreamFeatures *features, size_t frames) {
    bool alpha = features->has_alpha;
    return (gm_picture){.width = (size_t)features->width,
                        .height = (size_t)features->height,
                        .channels = 3u + alpha,
                        .alpha = alpha,
                        .pages = frames};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    WebPBitstreamFeatures features;
    size_t frames;
    *picture = (gm_picture){0};
    GM_TRY(read_features(name, data, bytes, whole, &features));
    if (features.has_animation && wish->pages == GM_PAGES_ITEMS && !whole)
        return GM_OK;
    GM_TRY(count_frames(name, data, bytes, wish, &features, &frames));
    *picture = describe_picture(&features, frames);
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

// An animation's decoder, of a canvas as the picture has it; NULL: its data are damaged.
static WebPAnimDecoder *open_frames(const uint8_t *data, size_t bytes, const gm_picture *picture) {
    const WebPData file = {data, bytes};
    WebPAnimInfo info;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&file, NULL);
    if (decoder && WebPAnimDecoderGetInfo(decoder, &info) && info.canvas_width == picture->width &&
        info.canvas_height == picture->height)
        return decoder;
    WebPAnimDecoderDelete(decoder);
    return NULL;
}

// The canvas has opacity, whether the file has or not.
static void copy_canvas(const uint8_t *canvas, const gm_picture *picture) {
    uint8_t *out = picture->pixels;
    for (size_t i = 0; i < picture->width * picture->height; i++)
        memcpy(out + i * picture->channels, canvas + 4 * i, picture->channels);
}

static gm_status read_frame(const char *name, const uint8_t *data, size_t bytes, size_t frame, gm_picture *picture) {
    uint8_t *canvas = NULL;
    int time;
    WebPAnimDecoder *decoder = open_frames(data, bytes, picture);
    bool read = decoder != NULL;
    for (size_t i = 0; i <= frame && read; i++)
        read = WebPAnimDecoderGetNext(decoder, &canvas, &time);
    if (read)
        copy_canvas(canvas, picture);
    WebPAnimDecoderDelete(decoder);
    return read ? GM_OK : fail(name, VP8_STATUS_BITSTREAM_ERROR);
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    WebPBitstreamFeatures features;
    size_t frames;
    *picture = (gm_picture){0};
    GM_TRY(read_features(name, data, bytes, true, &features));
    GM_TRY(count_frames(name, data, bytes, wish, &features, &frames));
    *picture = describe_picture(&features, frames);
    gm_status status = gm_alloc(&picture->pixels, picture->width * picture->height, picture->channels, name);
    if (status == GM_OK && features.has_animation)
        status = read_frame(name, data, bytes, wish->pages == GM_PAGES_ITEMS ? wish->page : 0, picture);
    else if (status == GM_OK)
        status = read_still(name, data, bytes, picture);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

static gm_status take_frames(const char *name, WebPAnimDecoder *decoder, const gm_picture *picture,
                             gm_picture_take *take, void *user) {
    uint8_t *canvas;
    int time;
    for (size_t i = 0; WebPAnimDecoderHasMoreFrames(decoder); i++) {
        if (!WebPAnimDecoderGetNext(decoder, &canvas, &time))
            return fail(name, VP8_STATUS_BITSTREAM_ERROR);
        copy_canvas(canvas, picture);
        GM_TRY(take(user, i, *picture));
    }
    return GM_OK;
}

static gm_status parse_frames(const char *name, const uint8_t *data, size_t bytes, gm_picture_take *take, void *user) {
    WebPBitstreamFeatures features;
    gm_status status;
    GM_TRY(read_features(name, data, bytes, true, &features));
    gm_picture picture = describe_picture(&features, 1);
    WebPAnimDecoder *decoder = open_frames(data, bytes, &picture);
    if (!decoder)
        return fail(name, VP8_STATUS_BITSTREAM_ERROR);
    GM_TRY_DONE(gm_alloc(&picture.pixels, picture.width * picture.height, picture.channels, name));
    status = take_frames(name, decoder, &picture, take, user);
done:
    free(picture.pixels);
    WebPAnimDecoderDelete(decoder);
    return status;
}

const gm_picture_format gm_webp_format = {
    .name = "WebP", .tell = tell, .parse_header = parse_header, .parse = parse, .parse_frames = parse_frames};

#else

const gm_picture_format gm_webp_format = {.name = "WebP", .package = "libwebp-dev", .tell = tell};

#endif
