// Naming the modes of stacked images. The channels of (count, 3, H, W) values are (3 count, 1, H, W) grey images where
// they lie, so none is copied.
#include "use/stacks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = 3 };

// ---- Which sides ----

const gm_side *gm_stacks_find(const gm_side *sides) {
    const gm_side *found = NULL;
    for (size_t i = 0; i < 2; i++) // the data set itself says whether it has labels
        if (sides[i].data && gm_stacked_find(sides[i].data) && (!found || sides[i].kind == GM_SIDE_IMAGES))
            found = &sides[i];
    return found;
}

const gm_side *gm_stacks_find_stranger(const gm_side *sides) {
    const gm_side *stacked = gm_stacks_find(sides);
    for (size_t i = 0; stacked && i < 2; i++)
        if (sides[i].data && strcmp(sides[i].data, stacked->data) != 0)
            return &sides[i];
    return NULL;
}

// ---- Naming ----

gm_status gm_stacks_open(gm_image_classifier **grey, gm_device *device, const gm_side *stacked) {
    gm_dataset_options options = stacked->data_options;
    options.channels = 1;
    options.count = 0; // a run on few stacks has them of all grey images
    return gm_image_classifier_open(grey, device, gm_stacked_find(stacked->data), &options);
}

gm_status gm_stacks_name(gm_image_classifier *grey, const gm_side *side, float *modes) {
    const gm_samples channels = {side->values, STACK * side->count, side->height * side->width};
    float K = (float)gm_image_classifier_classes(grey);
    int32_t *classes;
    GM_TRY(gm_alloc(&classes, channels.count, sizeof *classes, "classes"));
    gm_status status = gm_image_classifier_name(grey, &channels, side->low, side->high, classes);
    for (size_t i = 0; status == GM_OK && i < side->count; i++) {
        modes[i] = 0; // at most 100^3, which a float holds exactly
        for (size_t j = 0; j < STACK; j++)
            modes[i] = K * modes[i] + (classes[STACK * i + j] < 0 ? NAN : (float)classes[STACK * i + j]);
    }
    free(classes);
    return status;
}

gm_status gm_stacks_measure(const gm_samples *modes, size_t classes, gm_mode_measures *measures) {
    int32_t *named;
    size_t count = 0;
    GM_TRY(gm_alloc(&named, modes->count, sizeof *named, "modes"));
    for (size_t i = 0; i < modes->count; i++)
        if (!isnan(modes->values[i]))
            named[count++] = (int32_t)modes->values[i];
    gm_status status = gm_measure_modes(named, count, classes * classes * classes, measures);
    uint32_t flag = count < modes->count ? (uint32_t)GM_MEASURE_NOT_FINITE : 0;
    measures->captured.flags |= flag;
    measures->reverse_kl.flags |= flag;
    free(named);
    return status;
}
