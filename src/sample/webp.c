// 8-bit pictures -> WebP through libwebp, lossless: one, or several as an animation.
#include "base/base.h"
#include "sample/notes.h"

#ifdef GM_HAVE_WEBP
#include <stdlib.h>
#include <webp/encode.h>
#include <webp/mux.h>

enum { EFFORT = 6, FRAME_MS = 100 }; // of 0 to 9: more takes far longer for a few per cent

static gm_status fail(const gm_writing *writing, const char *reason) {
    return gm_fail(GM_ERROR_ARGUMENT, "%s: cannot be made: %s", writing->path, reason);
}

static gm_status choose(WebPConfig *config, const gm_writing *writing) {
    if (!WebPConfigInit(config) || !WebPConfigLosslessPreset(config, EFFORT))
        return fail(writing, "libwebp is another version than that of its headers");
    config->exact = 1;
    return GM_OK;
}

// A raster as libwebp takes it; grey becomes three equal channels. WebPPictureFree(picture)
static gm_status take(WebPPicture *picture, const gm_writing *writing, const gm_raster *raster) {
    if (!WebPPictureInit(picture))
        return fail(writing, "libwebp is another version than that of its headers");
    picture->use_argb = 1;
    picture->width = (int)raster->width;
    picture->height = (int)raster->height;
    if (!WebPPictureAlloc(picture))
        return gm_fail_memory(4 * raster->width * raster->height, writing->path);
    const uint8_t *values = raster->values;
    for (size_t i = 0; i < raster->width * raster->height; i++) {
        const uint8_t *pixel = values + i * raster->channels;
        bool grey = raster->channels == 1;
        picture->argb[i / raster->width * (size_t)picture->argb_stride + i % raster->width] =
            0xff000000 | (uint32_t)pixel[0] << 16 | (uint32_t)pixel[grey ? 0 : 1] << 8 | pixel[grey ? 0 : 2];
    }
    return GM_OK;
}

static gm_status encode_one(const gm_writing *writing, const gm_raster *raster, WebPMemoryWriter *memory) {
    WebPConfig config;
    WebPPicture picture;
    GM_TRY(choose(&config, writing));
    gm_status status = take(&picture, writing, raster);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = memory;
    if (status == GM_OK && !WebPEncode(&config, &picture))
        status = picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY
                     ? gm_fail_memory(raster->width * raster->height, writing->path)
                     : fail(writing, "libwebp refused it");
    WebPPictureFree(&picture);
    return status;
}

static gm_status add_frame(WebPAnimEncoder *encoder, const gm_writing *writing, const gm_raster *raster, int time) {
    WebPConfig config;
    WebPPicture picture;
    GM_TRY(choose(&config, writing));
    gm_status status = take(&picture, writing, raster);
    if (status == GM_OK && !WebPAnimEncoderAdd(encoder, &picture, time, &config))
        status = fail(writing, WebPAnimEncoderGetError(encoder));
    WebPPictureFree(&picture);
    return status;
}

// `data` is to be cleared by the caller.
static gm_status encode_frames(const gm_writing *writing, const gm_raster *rasters, size_t count, WebPData *data) {
    size_t each = writing->options.frame_ms > 0 ? writing->options.frame_ms : FRAME_MS;
    if (count > INT32_MAX / each)
        return fail(writing, "it would last too long");
    WebPAnimEncoder *encoder = WebPAnimEncoderNew((int)rasters->width, (int)rasters->height, NULL);
    if (!encoder)
        return gm_fail_memory(rasters->width * rasters->height, writing->path);
    gm_status status = GM_OK;
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = add_frame(encoder, writing, &rasters[i], (int)(i * each));
    if (status == GM_OK &&
        (!WebPAnimEncoderAdd(encoder, NULL, (int)(count * each), NULL) || !WebPAnimEncoderAssemble(encoder, data)))
        status = fail(writing, WebPAnimEncoderGetError(encoder));
    WebPAnimEncoderDelete(encoder);
    return status;
}

// ---- Notes: an XMP packet ----

static void append_xml(gm_text *text, const char *value) {
    for (; *value; value++) {
        if (*value == '&')
            gm_text_append(text, "&amp;");
        else if (*value == '<')
            gm_text_append(text, "&lt;");
        else
            gm_text_printf(text, "%c", *value);
    }
}

static void describe(const char *notes, gm_text *packet) {
    gm_text_append(packet, "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
                           "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" "
                           "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:description><rdf:Alt><rdf:li "
                           "xml:lang=\"x-default\">");
    append_xml(packet, notes);
    gm_text_append(packet, "</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>");
}

static gm_status add_notes(const gm_writing *writing, const char *notes, const WebPData *data, gm_bytes *file) {
    gm_text packet = {0};
    WebPData whole = {0};
    describe(notes, &packet);
    WebPMux *mux = packet.failed ? NULL : WebPMuxCreate(data, 0);
    const WebPData chunk = {(const uint8_t *)packet.data, packet.length};
    gm_status status = GM_OK;
    if (!mux || WebPMuxSetChunk(mux, "XMP ", &chunk, 0) != WEBP_MUX_OK || WebPMuxAssemble(mux, &whole) != WEBP_MUX_OK)
        status = gm_fail_memory(data->size, writing->path);
    else
        status = gm_bytes_append(file, whole.bytes, whole.size, writing->path);
    WebPDataClear(&whole);
    WebPMuxDelete(mux);
    gm_text_finish(&packet);
    return status;
}

gm_status gm_webp_encode(const gm_writing *writing, const gm_raster *pictures, size_t count, gm_bytes *file) {
    if (pictures->width > WEBP_MAX_DIMENSION || pictures->height > WEBP_MAX_DIMENSION)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a WebP cannot be %zu x %zu pixels, at most %d", writing->path,
                       pictures->width, pictures->height, WEBP_MAX_DIMENSION);
    WebPMemoryWriter memory;
    WebPData data = {0};
    gm_text notes = {0};
    WebPMemoryWriterInit(&memory);
    gm_status status;
    if (count == 1) {
        status = encode_one(writing, pictures, &memory);
        data = (WebPData){memory.mem, memory.size};
    } else {
        status = encode_frames(writing, pictures, count, &data);
    }
    if (status == GM_OK)
        status = gm_notes_list(writing, &notes);
    if (status == GM_OK && notes.data)
        status = add_notes(writing, notes.data, &data, file);
    else if (status == GM_OK)
        status = gm_bytes_append(file, data.bytes, data.size, writing->path);
    gm_text_finish(&notes);
    WebPDataClear(&data); // frees the writer's memory, too
    return status;
}
#else
typedef int gm_webp_is_missing; // C has no empty files
#endif
