// Pictures of 8, 16 or 32 bits (float) and any number of channels -> TIFF through libtiff: deflated, a page each.
#include "base/base.h"
#include "sample/notes.h"

#ifdef GM_HAVE_TIFF
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

// The file while it is made. libtiff goes back in it to write where the next page is.
typedef struct memory {
    const char *path;
    gm_bytes *file;
    size_t place;
    gm_status status;
    char message[256]; // libtiff's words
} memory;

static tmsize_t read_bytes(thandle_t handle, void *data, tmsize_t count) {
    memory *m = handle;
    size_t there = m->place < m->file->length ? m->file->length - m->place : 0;
    size_t got = GM_MIN((size_t)count, there);
    memcpy(data, m->file->data + m->place, got);
    m->place += got;
    return (tmsize_t)got;
}

static tmsize_t write_bytes(thandle_t handle, void *data, tmsize_t count) {
    memory *m = handle;
    static const uint8_t zeros[64];
    while (m->status == GM_OK && m->file->length < m->place)
        m->status = gm_bytes_append(m->file, zeros, GM_MIN(m->place - m->file->length, sizeof zeros), m->path);
    size_t over = GM_MIN((size_t)count, m->file->length - GM_MIN(m->place, m->file->length));
    if (m->status == GM_OK && over > 0)
        memcpy(m->file->data + m->place, data, over);
    if (m->status == GM_OK)
        m->status = gm_bytes_append(m->file, (const char *)data + over, (size_t)count - over, m->path);
    m->place += (size_t)count;
    return m->status == GM_OK ? count : 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int from) {
    memory *m = handle;
    m->place = (size_t)offset + (from == SEEK_CUR ? m->place : from == SEEK_END ? m->file->length : 0);
    return m->place;
}

static toff_t size_of(thandle_t handle) {
    return ((memory *)handle)->file->length;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    memory *m = user;
    (void)tiff;
    (void)module;
    gm_vsnprintf(m->message, sizeof m->message, format, arguments);
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

static TIFF *open_memory(memory *m, bool large) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return NULL;
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, m);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, m);
    TIFF *tiff = TIFFClientOpenExt(m->path, large ? "w8m" : "wm", m, read_bytes, write_bytes, seek, close_nothing,
                                   size_of, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

// Of one channel grey and of three red, green and blue; further ones are values without a meaning that TIFF knows.
static bool describe(TIFF *tiff, const gm_raster *page, const char *notes) {
    uint16_t more[UINT8_MAX] = {EXTRASAMPLE_UNSPECIFIED};
    bool colours = page->channels == 3;
    size_t extra = page->channels - (colours ? 3 : 1);
    bool done = TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, (uint32_t)page->width) &&
                TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, (uint32_t)page->height) &&
                TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, (uint16_t)page->channels) &&
                TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, (uint16_t)page->depth) &&
                TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, page->depth == 32 ? SAMPLEFORMAT_IEEEFP : SAMPLEFORMAT_UINT) &&
                TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, colours ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
                TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
                (extra == 0 || TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, (uint16_t)extra, more)) &&
                TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, (uint32_t)page->height);
    if (done && TIFFIsCODECConfigured(COMPRESSION_ADOBE_DEFLATE))
        done =
            TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
            TIFFSetField(tiff, TIFFTAG_PREDICTOR, page->depth == 32 ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL);
    return done && (!notes || TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, notes));
}

// libtiff changes the rows that it is given.
static bool write_rows(TIFF *tiff, const gm_raster *page, void *row, size_t row_bytes) {
    for (size_t y = 0; y < page->height; y++) {
        memcpy(row, (const char *)page->values + y * row_bytes, row_bytes);
        if (TIFFWriteScanline(tiff, row, (uint32_t)y, 0) < 0)
            return false;
    }
    return TIFFWriteDirectory(tiff) == 1;
}

static gm_status run(memory *m, const gm_raster *pages, size_t count, const char *notes) {
    size_t row_bytes = pages->width * pages->channels * pages->depth / 8;
    void *row;
    // Offsets of 32 bits reach 4 GiB: beyond that it is a BigTIFF.
    bool large = (double)row_bytes * (double)pages->height * (double)count > 2e9;
    GM_TRY(gm_alloc(&row, row_bytes, 1, m->path));
    TIFF *tiff = open_memory(m, large);
    bool done = tiff != NULL;
    for (size_t i = 0; i < count && done; i++)
        done = describe(tiff, &pages[i], i == 0 ? notes : NULL) && write_rows(tiff, &pages[i], row, row_bytes);
    if (tiff)
        TIFFClose(tiff);
    free(row);
    if (m->status == GM_OK && !done)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: cannot be made: %s", m->path,
                       m->message[0] ? m->message : "libtiff refused it");
    return m->status;
}

gm_status gm_tiff_encode(const gm_writing *writing, const gm_raster *pictures, size_t count, gm_bytes *file) {
    memory m = {.path = writing->path, .file = file};
    gm_text notes = {0};
    gm_status status = gm_notes_list(writing, &notes);
    if (status == GM_OK)
        status = run(&m, pictures, count, notes.data);
    gm_text_finish(&notes);
    return status;
}
#else
typedef int gm_tiff_is_missing; // C has no empty files
#endif
