// A format of pictures: a row that its reader defines, and the table's list. `name` is for messages.
#ifndef GM_DATA_PICTURE_FORMAT_H
#define GM_DATA_PICTURE_FORMAT_H

#include "data/fit.h"

#define GM_PICTURE_SIDE 16384u            // pixels of width or height, at most
#define GM_PICTURE_AREA ((size_t)1 << 26) // pixels

static inline gm_status gm_picture_refuse_area(const char *name, size_t width, size_t height) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is too large: %zu x %zu pixels, of which no more than %zu are read", name,
                   width, height, GM_PICTURE_AREA);
}

// How a picture shall be read.
typedef struct gm_picture_wish {
    size_t width, height; // a decoder may deliver a reduced picture that is at least so large; 0: its own size
    gm_pages pages;
    size_t page; // which of several items
} gm_picture_wish;

// Takes a frame of several, `page` counting them; the pixels are only lent, but may be changed.
typedef gm_status gm_picture_take(void *user, size_t page, gm_picture picture);

typedef struct gm_picture_format {
    const char *name;
    const char *package; // Debian's, to build Ganymede with where it was built without; NULL: it can be read
    bool paged;          // files may hold several pictures, as the pages of the wish say
    // Whether these first bytes are the format's; parse_header and parse take no others.
    bool (*tell)(const uint8_t *head, size_t bytes);
    // All of a picture but its pixels, from a file's first bytes. Width 0: they are too few, though no fault is seen;
    // not where they are the `whole` file. A picture may turn out to have no alpha, or to be grey, when it is parsed.
    gm_status (*parse_header)(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture);
    gm_status (*parse)(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture);
    // Of formats of animations: all frames in their order, each as large as the first. `parse` and `parse_header` know
    // them as pages, but then each costs as much as all before it. NULL: the format has no animations.
    gm_status (*parse_frames)(const char *name, const uint8_t *data, size_t bytes, gm_picture_take *take, void *user);
} gm_picture_format;

extern const gm_picture_format gm_png_format, gm_jpeg_format, gm_webp_format, gm_tiff_format, gm_pnm_format,
    gm_bmp_format, gm_gif_format;

#endif
