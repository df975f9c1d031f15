// The pixels of one picture of a TIFF file: strips or tiles of values, indices of colours, or what libtiff converts.
#include "data/tiff_file.h"

#include <stdlib.h>

static char *place_of(const gm_tiff_page *p, const gm_tiff_target *t, size_t y, size_t x, size_t channel) {
    return t->pixels + ((y * p->width + x) * t->channels + t->first + channel) * gm_picture_value_bytes(p->type);
}

typedef struct block {
    size_t left, top, width, height; // of what the picture has of it
    size_t samples, plane, stride;   // values of a pixel, the first one's channel, bytes of a row
} block;

static void convert_block(const gm_tiff_page *p, const block *b, const uint8_t *stored, const gm_tiff_target *t) {
    for (size_t y = 0; y < b->height; y++)
        for (size_t s = 0; s < b->samples; s++) {
            gm_tiff_values values = p->values;
            values.inverted = values.inverted && !(p->alpha && b->plane + s + 1 == p->samples);
            gm_tiff_values_convert(&values, stored + y * b->stride, s, b->samples, b->width,
                                   place_of(p, t, b->top + y, b->left, b->plane + s), t->channels);
        }
}

// Strips or tiles, plane by plane where the channels lie apart.
static gm_status read_blocks(gm_tiff_file *f, const gm_tiff_page *p, const gm_tiff_target *t) {
    TIFF *tiff = f->tiff;
    bool tiled = TIFFIsTiled(tiff);
    uint32_t width = (uint32_t)p->width, height = 0;
    TIFFGetFieldDefaulted(tiff, tiled ? TIFFTAG_TILEWIDTH : TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetFieldDefaulted(tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, &height);
    tmsize_t size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff), got;
    block b = {.samples = p->apart ? 1 : p->samples};
    size_t across = width, down = tiled ? height : GM_MIN((size_t)height, p->height);
    b.stride = gm_divide_up(across * b.samples * p->values.bits, 8);
    if (size <= 0 || across == 0 || down == 0 || b.stride * down > (size_t)size)
        return gm_tiff_damaged(f);
    uint8_t *stored;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&stored, 1, (size_t)size, f->name));
    for (b.plane = 0; b.plane < (p->apart ? p->samples : 1) && status == GM_OK; b.plane++)
        for (b.top = 0; b.top < p->height && status == GM_OK; b.top += down)
            for (b.left = 0; b.left < p->width && status == GM_OK; b.left += across) {
                uint16_t plane = (uint16_t)b.plane;
                b.width = GM_MIN(across, p->width - b.left);
                b.height = GM_MIN(down, p->height - b.top);
                if (tiled)
                    got = TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, (uint32_t)b.left, (uint32_t)b.top, 0, plane),
                                              stored, size);
                else
                    got = TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, (uint32_t)b.top, plane), stored, size);
                if (got < 0 || (size_t)got < b.stride * b.height)
                    status = gm_tiff_damaged(f);
                else
                    convert_block(p, &b, stored, t);
            }
    free(stored);
    return status;
}

// As the file stores them, not upright, which is left to gm_orient_apply.
static gm_status read_converted(gm_tiff_file *f, const gm_tiff_page *p, const gm_tiff_target *t) {
    uint32_t *raster;
    GM_TRY(gm_alloc(&raster, p->width * p->height, sizeof *raster, f->name));
    bool read = TIFFReadRGBAImageOriented(f->tiff, (uint32_t)p->width, (uint32_t)p->height, raster,
                                          GM_MAX((int)p->orientation, ORIENTATION_TOPLEFT), 1);
    for (size_t i = 0; read && i < p->width * p->height; i++) {
        uint8_t *out = (uint8_t *)place_of(p, t, 0, i, 0);
        out[0] = (uint8_t)TIFFGetR(raster[i]);
        out[1] = (uint8_t)TIFFGetG(raster[i]);
        out[2] = (uint8_t)TIFFGetB(raster[i]);
    }
    free(raster);
    return read ? GM_OK : gm_tiff_damaged(f);
}

// Indices of colours, stretched to 8 bits, as the colours. Some writers' tables have 8 bits instead of 16.
static gm_status read_palette(gm_tiff_file *f, const gm_tiff_page *p, const gm_tiff_target *t) {
    uint16_t *table[3];
    size_t count = (size_t)1 << p->values.bits;
    unsigned most = 0;
    if (!TIFFGetField(f->tiff, TIFFTAG_COLORMAP, &table[0], &table[1], &table[2]))
        return gm_tiff_damaged(f);
    for (size_t i = 0; i < 3 * count; i++)
        most = GM_MAX(most, table[i / count][i % count]);
    GM_TRY(read_blocks(f, p, t));
    for (size_t i = 0; i < p->width * p->height; i++) {
        uint8_t *out = (uint8_t *)place_of(p, t, 0, i, 0);
        size_t index = (out[0] * (count - 1) + 127) / 255;
        for (size_t c = 0; c < 3; c++)
            out[c] = (uint8_t)(most > UINT8_MAX ? table[c][index] >> 8 : table[c][index]);
    }
    return GM_OK;
}

gm_status gm_tiff_read_page(gm_tiff_file *f, const gm_tiff_page *p, const gm_tiff_target *t) {
    return (p->converted                            ? read_converted
            : p->photometric == PHOTOMETRIC_PALETTE ? read_palette
                                                    : read_blocks)(f, p, t);
}
