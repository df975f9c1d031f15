// What is hidden in pictures, as gm_hidden says it.
#ifndef GM_USE_HIDDEN_H
#define GM_USE_HIDDEN_H

#include "data/picture.h"
#include "ganymede/complete.h"

// Channels without opacity; value `index`, whatever the type.
size_t gm_picture_colours(const gm_picture *picture);
double gm_picture_value(const gm_picture *picture, size_t index);
// A file's picture at its own size; free(picture->pixels).
gm_status gm_picture_open(const char *path, gm_picture *picture);

typedef struct gm_hiding {
    const gm_hidden *hidden;
    double colour[3]; // of 8 bits; of the picture's own depth where one number is given alone
    size_t numbers;   // 1 or 3; 0: no colour
    gm_picture mask;  // without pixels: none
} gm_hiding;

// hidden: NULL: what is clear. Reads the mask; free(hiding->mask.pixels), also where it fails.
gm_status gm_hiding_init(gm_hiding *hiding, const gm_hidden *hidden);
// mask (height, width): 1 where a pixel is hidden, else 0. Fails where none is; `path` is the picture's.
gm_status gm_hiding_mask(const gm_hiding *hiding, const char *path, const gm_picture *picture, uint8_t *mask);

#endif
