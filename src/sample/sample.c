// The shapes that samples of all kinds have.
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

bool gm_sample_is_scaled(const gm_sample *sample) {
    return sample->white > sample->black;
}

size_t gm_sample_values(const gm_sample *sample) {
    return gm_shape_count(&sample->item);
}

void gm_sample_size(const gm_sample *sample, size_t size[3]) {
    for (size_t i = 0; i < 3; i++)
        size[i] = i < sample->item.rank ? sample->item.dim[i] : 1;
}
