// Images out of any source that is read, as a run's networks see them.
#ifndef GM_TOOLS_IMAGES_H
#define GM_TOOLS_IMAGES_H

#include "ganymede/data.h"

#include <stdbool.h>

// What is read, and how. Zeroed: whatever the source has.
typedef struct image_wish {
    const char *data;           // what `options` are of: other sources are fitted as it is
    gm_dataset_options options; // of the run; single pictures are taken, too
    size_t size[3];             // channels, height and width that images must have; zeros: those of the first source
    double low, high;           // what black and white become
} image_wish;

// Images (count, C, H, W); labels (count) where all sources have some. images_finish
typedef struct images {
    float *values;
    int32_t *labels;
    size_t count, classes, size[3];
} images;
void images_finish(images *all);
// All items of the sources, one behind the other. False: a message says what is wrong.
bool images_read(images *all, const char *const *sources, size_t count, const image_wish *wish);

#endif
