// How a camera was held: what EXIF and TIFF say of it, and turning pictures back.
#include "data/orient.h"

#include <stdlib.h>
#include <string.h>

enum { UPRIGHT = 1, ORIENTATION_TAG = 0x112, SHORT_TYPE = 3, ENTRY_BYTES = 12 };

// ---- EXIF: the first directory of a TIFF file ----

static unsigned read_short(const uint8_t *b, bool big) {
    return big ? (unsigned)b[0] << 8 | b[1] : (unsigned)b[1] << 8 | b[0];
}

static size_t read_long(const uint8_t *b, bool big) {
    size_t high = read_short(b + (big ? 0 : 2), big), low = read_short(b + (big ? 2 : 0), big);
    return high << 16 | low;
}

unsigned gm_orient_parse(const uint8_t *exif, size_t bytes) {
    if (bytes < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0))
        return UPRIGHT;
    bool big = exif[0] == 'M';
    size_t at = read_long(exif + 4, big);
    if (at > bytes - 2)
        return UPRIGHT;
    size_t count = read_short(exif + at, big);
    for (at += 2; count > 0 && bytes - at >= ENTRY_BYTES; count--, at += ENTRY_BYTES) {
        unsigned value = read_short(exif + at + 8, big);
        if (read_short(exif + at, big) == ORIENTATION_TAG && read_short(exif + at + 2, big) == SHORT_TYPE)
            return value >= 1 && value <= 8 ? value : UPRIGHT;
    }
    return UPRIGHT;
}

// ---- Turning ----

bool gm_orient_swaps(unsigned orientation) {
    return orientation >= 5;
}

gm_status gm_orient_apply(gm_picture *picture, unsigned orientation) {
    // Where the upright picture's rows and columns begin in the stored one: 2 is mirrored, 3 turned by half, 4 upside
    // down; 5 to 8 are the same four with rows and columns exchanged.
    bool swap = gm_orient_swaps(orientation);
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    size_t width = picture->width, height = picture->height;
    size_t pixel = picture->channels * gm_picture_value_bytes(picture->type);
    if (orientation <= UPRIGHT)
        return GM_OK;
    char *turned;
    GM_TRY(gm_alloc(&turned, width * height, pixel, "a picture"));
    const char *stored = picture->pixels;
    char *out = turned;
    for (size_t i = 0; i < (swap ? width : height); i++)
        for (size_t j = 0; j < (swap ? height : width); j++, out += pixel) {
            size_t x = swap ? i : j, y = swap ? j : i;
            x = from_right ? width - 1 - x : x;
            y = from_bottom ? height - 1 - y : y;
            memcpy(out, stored + (y * width + x) * pixel, pixel);
        }
    free(picture->pixels);
    picture->pixels = turned;
    picture->width = swap ? height : width;
    picture->height = swap ? width : height;
    return GM_OK;
}
