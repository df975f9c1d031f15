// A TIFF file in memory, opened by libtiff, and one of its pictures.
#ifndef GM_DATA_TIFF_FILE_H
#define GM_DATA_TIFF_FILE_H

#include "data/picture_format.h"
#include "data/tiff_values.h"

#include <tiffio.h>

typedef struct gm_tiff_file {
    const char *name;
    const uint8_t *data;
    size_t bytes, at;
    bool beyond; // something behind the last byte was asked for
    TIFF *tiff;
    char fault[160]; // libtiff's first complaint
} gm_tiff_file;

typedef struct gm_tiff_page {
    size_t width, height, samples; // samples: of a stored pixel
    size_t channels;               // of the picture
    gm_tiff_values values;
    gm_picture_type type;
    unsigned photometric, compression, orientation;
    bool apart;                // each channel in strips or tiles of its own
    bool alpha, premultiplied; // the last sample is opacity; the colours are multiples of it
    bool converted;            // libtiff makes 8-bit RGB of it
} gm_tiff_page;

gm_status gm_tiff_open(gm_tiff_file *file, const char *name, const uint8_t *data, size_t bytes);
void gm_tiff_close(gm_tiff_file *file);              // also where it failed to open
gm_status gm_tiff_damaged(const gm_tiff_file *file); // GM_ERROR_FORMAT with libtiff's complaint
// The picture whose directory libtiff stands at. Fails for what is not read, and for more than the file can hold.
gm_status gm_tiff_describe(const gm_tiff_file *file, gm_tiff_page *page);
gm_status gm_tiff_check_size(const gm_tiff_file *file, const gm_tiff_page *page);

// Where a page's values go: channels `first` on of a picture of so many channels.
typedef struct gm_tiff_target {
    char *pixels;
    size_t first, channels;
} gm_tiff_target;

// The pixels of the picture that libtiff stands at, as the file stores them: not upright.
gm_status gm_tiff_read_page(gm_tiff_file *file, const gm_tiff_page *page, const gm_tiff_target *target);

#endif
