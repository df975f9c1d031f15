// Pictures as files have them, and what files of pictures are made with: a function for each format.
#ifndef GM_SAMPLE_RASTER_H
#define GM_SAMPLE_RASTER_H

#include "base/base.h"
#include "ganymede/sample.h"
#include "sample/bytes.h"

// (height, width, channels) values in this machine's byte order: uint8, uint16 or float32 by their `depth` in bits.
typedef struct gm_raster {
    void *values; // free()
    size_t width, height, channels, depth;
} gm_raster;
// Fails for sizes that cannot be. `name` for messages.
gm_status gm_raster_create(gm_raster *raster, const char *name, size_t width, size_t height, size_t channels,
                           size_t depth);
void gm_raster_finish(gm_raster *raster);
// What a value from `low` to `high` is in a picture of that depth: 0 to 255 or to 65535, rounded; values outside are
// cut off, NaN is 0. Of depth 32 it stays as it is.
double gm_raster_level(double value, double low, double high, size_t depth);
void gm_raster_set(gm_raster *raster, size_t index, double level);

// What a file is made with, and of what.
typedef struct gm_writing {
    const char *path; // for messages
    gm_write_options options;
    size_t count;                   // of options.seeds and labels
    const char *const *class_names; // of the first class_count labels
    size_t class_count;
    const char *recipe; // its name; NULL: the file says nothing of what it is
    uint64_t step;
    const char *privacy; // what the samples tell of the data at most; NULL: they are not private
} gm_writing;

// Pictures of equal size -> a file: PNG and JPEG take one, WebP shows several one after the other, TIFF has pages.
// Which channels and depths they take stands in writers.c.
typedef gm_status gm_raster_encoder(const gm_writing *writing, const gm_raster *pictures, size_t count, gm_bytes *file);
gm_raster_encoder gm_png_encode;
// NULL where the library was missing when Ganymede was built.
#ifdef GM_HAVE_JPEG
#define GM_WRITES_JPEG true
gm_raster_encoder gm_jpeg_encode;
#else
#define GM_WRITES_JPEG false
#define gm_jpeg_encode NULL
#endif
#ifdef GM_HAVE_WEBP
#define GM_WRITES_WEBP true
gm_raster_encoder gm_webp_encode;
#else
#define GM_WRITES_WEBP false
#define gm_webp_encode NULL
#endif
#ifdef GM_HAVE_TIFF
#define GM_WRITES_TIFF true
gm_raster_encoder gm_tiff_encode;
#else
#define GM_WRITES_TIFF false
#define gm_tiff_encode NULL
#endif

#endif
