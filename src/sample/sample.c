// The shapes that samples of all kinds have, and the values of those between black and white.
#include "sample/sample.h"

#include <string.h>

static gm_shape batch_of(const gm_shape *item, size_t count) {
    gm_shape shape = {.rank = item->rank + 1, .dim = {count}};
    memcpy(shape.dim + 1, item->dim, item->rank * sizeof *shape.dim);
    return shape;
}

gm_shape gm_sample_batch(const gm_sample *sample, size_t count) {
    return batch_of(&sample->item, count);
}

gm_shape gm_sample_stored(const gm_sample *sample, size_t count) {
    return batch_of(&sample->stored, count);
}

// x = low + (stored - black) (high - low) / (white - black)
static double factor(const gm_sample *sample) {
    return (sample->high - sample->low) / (sample->white - sample->black);
}

gm_tensor *gm_sample_scale(const gm_sample *sample, gm_tensor *stored) {
    gm_tensor *x = sample->bytes ? gm_cast(stored, GM_FLOAT32) : stored;
    if (!gm_sample_is_scaled(sample))
        return x;
    return gm_offset(gm_scale(x, factor(sample)), sample->low - factor(sample) * sample->black);
}

void gm_sample_scale_values(const gm_sample *sample, const void *stored, size_t count, float *values) {
    const uint8_t *bytes = stored;
    const float *floats = stored;
    bool scaled = gm_sample_is_scaled(sample);
    for (size_t i = 0; i < count; i++) {
        double value = sample->bytes ? (double)bytes[i] : (double)floats[i];
        values[i] = (float)(scaled ? sample->low + factor(sample) * (value - sample->black) : value);
    }
}

size_t gm_sample_frames(const gm_sample *sample) {
    return sample->kind->frames ? sample->kind->frames(sample) : 0;
}

bool gm_sample_is_scaled(const gm_sample *sample) {
    return sample->white > sample->black;
}

size_t gm_sample_values(const gm_sample *sample) {
    return gm_shape_count(&sample->item);
}

void gm_sample_size(const gm_sample *sample, size_t size[3]) {
    const size_t moving = gm_sample_frames(sample) > 0; // the axis of time follows the channels
    for (size_t i = 0; i < 3; i++) {
        size_t axis = i > 0 ? i + moving : 0;
        size[i] = axis < sample->item.rank ? sample->item.dim[axis] : 1;
    }
}
