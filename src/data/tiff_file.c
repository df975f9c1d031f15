// A TIFF file in memory, opened by libtiff, and what one of its pictures is.
//
// libtiff's complaints are kept for our messages; what it may allocate is bounded by what the file can hold.
#include "data/tiff_file.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CHANNELS = 4096 };
#define MOST_BYTES ((size_t)1 << 30) // of a picture, and of what libtiff allocates at once

// ---- A file in memory ----

static tmsize_t read_some(thandle_t handle, void *out, tmsize_t count) {
    gm_tiff_file *f = handle;
    size_t wanted = count > 0 ? (size_t)count : 0, there = f->at < f->bytes ? f->bytes - f->at : 0;
    f->beyond = f->beyond || wanted > there;
    wanted = GM_MIN(wanted, there);
    if (wanted > 0)
        memcpy(out, f->data + f->at, wanted);
    f->at += wanted;
    return (tmsize_t)wanted;
}

static tmsize_t write_none(thandle_t handle, void *data, tmsize_t count) {
    (void)handle, (void)data, (void)count;
    return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    gm_tiff_file *f = handle;
    toff_t base = whence == SEEK_CUR ? f->at : whence == SEEK_END ? f->bytes : 0;
    f->at = (size_t)(base + offset);
    return f->at;
}

static int close_none(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle) {
    return ((const gm_tiff_file *)handle)->bytes;
}

static int on_error(TIFF *tiff, void *user, const char *where, const char *format, va_list arguments) {
    (void)tiff, (void)where;
    gm_tiff_file *f = user;
    if (!*f->fault)
        gm_vsnprintf(f->fault, sizeof f->fault, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *where, const char *format, va_list arguments) {
    (void)tiff, (void)user, (void)where, (void)format, (void)arguments;
    return 1;
}

gm_status gm_tiff_damaged(const gm_tiff_file *f) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is %s: %s", f->name, f->beyond ? "truncated or damaged" : "damaged",
                   *f->fault ? f->fault : "libtiff cannot read it");
}

gm_status gm_tiff_open(gm_tiff_file *f, const char *name, const uint8_t *data, size_t bytes) {
    *f = (gm_tiff_file){.name = name, .data = data, .bytes = bytes};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return gm_fail_memory(64, "libtiff");
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, f);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, f);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)MOST_BYTES);
    f->tiff = TIFFClientOpenExt(name, "rm", f, read_some, write_none, seek, close_none, size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return f->tiff ? GM_OK : gm_tiff_damaged(f);
}

void gm_tiff_close(gm_tiff_file *f) {
    if (f->tiff)
        TIFFClose(f->tiff);
}

// ---- One picture's description ----

static unsigned field(TIFF *tiff, uint32_t tag) {
    uint16_t value = 0;
    TIFFGetFieldDefaulted(tiff, tag, &value);
    return value;
}

static void find_alpha(TIFF *tiff, gm_tiff_page *p) {
    uint16_t count = 0, *kinds = NULL;
    if (!TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) || count == 0 || p->samples < 2)
        return;
    p->premultiplied = kinds[count - 1] == EXTRASAMPLE_ASSOCALPHA;
    p->alpha = p->premultiplied || kinds[count - 1] == EXTRASAMPLE_UNASSALPHA;
}

// What a byte of the file can hold at most, by the way it is compressed.
static size_t expansion(unsigned compression) {
    switch (compression) {
    case COMPRESSION_NONE:
        return 1;
    case COMPRESSION_PACKBITS:
        return 128;
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
        return 1032;
    case COMPRESSION_LZW:
        return 4096;
    default:
        return (size_t)1 << 17;
    }
}

gm_status gm_tiff_check_size(const gm_tiff_file *f, const gm_tiff_page *p) {
    if (p->width == 0 || p->height == 0 || p->width > GM_PICTURE_SIDE || p->height > GM_PICTURE_SIDE)
        return gm_fail(GM_ERROR_FORMAT, "%s: its size is refused: %zu x %zu pixels, 1 x 1 to %u x %u are read", f->name,
                       p->width, p->height, GM_PICTURE_SIDE, GM_PICTURE_SIDE);
    if (p->channels > MOST_CHANNELS || p->width * p->height > GM_PICTURE_AREA ||
        p->width * p->height * p->channels * gm_picture_value_bytes(p->type) > MOST_BYTES)
        return gm_fail(
            GM_ERROR_FORMAT,
            "%s: is too large: %zu x %zu pixels of %zu channels: %zu pixels, %d channels and %zu bytes are read",
            f->name, p->width, p->height, p->channels, GM_PICTURE_AREA, MOST_CHANNELS, MOST_BYTES);
    return GM_OK;
}

// Of subsampled colours a fourth may be there.
static gm_status check_stored(const gm_tiff_file *f, const gm_tiff_page *p) {
    uint64_t stored = (uint64_t)p->width * p->height * p->samples * p->values.bits / (p->converted ? 32 : 8);
    uint64_t block = TIFFIsTiled(f->tiff) ? TIFFTileSize64(f->tiff) : TIFFStripSize64(f->tiff);
    if (GM_MAX(stored, block) / expansion(p->compression) > f->bytes || block > MOST_BYTES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes cannot hold %zu x %zu pixels of %zu channels",
                       f->name, f->bytes, p->width, p->height, p->samples);
    return GM_OK;
}

// The page that libtiff stands at.
gm_status gm_tiff_describe(const gm_tiff_file *f, gm_tiff_page *p) {
    TIFF *tiff = f->tiff;
    uint32_t width = 0, height = 0;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    unsigned format = field(tiff, TIFFTAG_SAMPLEFORMAT);
    uint16_t photometric = PHOTOMETRIC_MINISBLACK;
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    *p = (gm_tiff_page){.width = width,
                        .height = height,
                        .samples = field(tiff, TIFFTAG_SAMPLESPERPIXEL),
                        .values = {.sample = format == SAMPLEFORMAT_INT      ? GM_TIFF_SIGNED
                                             : format == SAMPLEFORMAT_IEEEFP ? GM_TIFF_FLOAT
                                                                             : GM_TIFF_UNSIGNED,
                                   .bits = field(tiff, TIFFTAG_BITSPERSAMPLE),
                                   .inverted = photometric == PHOTOMETRIC_MINISWHITE},
                        .photometric = photometric,
                        .compression = field(tiff, TIFFTAG_COMPRESSION),
                        .orientation = field(tiff, TIFFTAG_ORIENTATION),
                        .apart = field(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE};
    bool palette = photometric == PHOTOMETRIC_PALETTE;
    bool known = gm_tiff_values_type(&p->values, &p->type) && format != SAMPLEFORMAT_COMPLEXINT &&
                 format != SAMPLEFORMAT_COMPLEXIEEEFP;
    find_alpha(tiff, p);
    p->channels = palette ? 3 : p->samples;
    p->converted = !palette && photometric != PHOTOMETRIC_RGB && photometric != PHOTOMETRIC_MINISBLACK &&
                   photometric != PHOTOMETRIC_MINISWHITE;
    if (p->converted) {
        p->channels = 3;
        p->type = GM_PICTURE_U8;
        known = true;
    }
    if (!known || p->samples == 0 || (palette && (p->samples != 1 || p->values.bits > 8)))
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is a TIFF file of %u-bit values (%zu a pixel, sample format %u, photometric %u), which are "
                       "not read",
                       f->name, p->values.bits, p->samples, format, p->photometric);
    if (p->converted || palette || (p->type == GM_PICTURE_F32 && p->values.sample != GM_TIFF_FLOAT))
        p->alpha = false; // of whole numbers beyond 16 bits no value is known to be opaque
    GM_TRY(gm_tiff_check_size(f, p));
    return check_stored(f, p);
}
