// A use of a trained model on images of whatever size they have.
//
// A network that halves the image so and so often takes sizes that are multiples of some power of two: the least of
// these that holds the image is tried for. What is added mirrors the image, and is cut off the result.
#ifndef GM_USE_SIZED_H
#define GM_USE_SIZED_H

#include "use/trained.h"

// Channels, height and width.
typedef struct gm_extent {
    size_t channels, height, width;
} gm_extent;

typedef struct gm_sized {
    const gm_trained *trained;
    const char *run; // for messages
    const gm_use_row *row;
    size_t channels; // of the images that it takes
    gm_extent input, output;
    gm_use use; // without a row: nothing is planned yet
    gm_plan *plan;
} gm_sized;

// A use with the input `data` and the output `samples`. The model must outlive it.
void gm_sized_init(gm_sized *sized, const gm_trained *trained, const char *run, const gm_use_row *row);
void gm_sized_finish(gm_sized *sized);
// Plans for images (channels, height, width) and says what it makes of each: results are so many times as large, or as
// small, as the image. Fails where the network takes no size that holds it.
gm_status gm_sized_plan(gm_sized *sized, size_t height, size_t width, gm_extent *result);
// images (count, channels, height, width) in the recipe's range -> results (count, as gm_sized_plan says).
gm_status gm_sized_run(gm_sized *sized, size_t height, size_t width, const float *images, size_t count, float *results);

#endif
