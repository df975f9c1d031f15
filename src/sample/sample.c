// What samples of all kinds share: shapes, and the formats that their files may have.
#include "sample/sample.h"

#include "base/base.h"

#include <stdlib.h>
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

size_t gm_sample_values(const gm_sample *sample) {
    return gm_shape_count(&sample->item);
}

void gm_sample_size(const gm_sample *sample, size_t size[3]) {
    for (size_t i = 0; i < 3; i++)
        size[i] = i < sample->item.rank ? sample->item.dim[i] : 1;
}

static gm_status write_npy(const gm_sample *sample, const char *path, const float *values, size_t count) {
    gm_shape batch = gm_sample_batch(sample, count);
    float *stored;
    if (!sample->kind->encode_values)
        return gm_npy_write(path, values, batch.rank, batch.dim);
    GM_TRY(gm_alloc(&stored, gm_shape_count(&batch), sizeof *stored, path));
    sample->kind->encode_values(sample, values, count, stored);
    gm_status status = gm_npy_write(path, stored, batch.rank, batch.dim);
    free(stored);
    return status;
}

gm_status gm_sample_write(const gm_sample *sample, const char *path, const float *values, size_t count, size_t rows,
                          size_t columns) {
    const char *name = strrchr(path, '/'), *ending = strrchr(name ? name : path, '.');
    if (ending && strcmp(ending, ".npy") == 0)
        return write_npy(sample, path, values, count);
    if (ending && strcmp(ending, ".csv") == 0 && sample->kind->write_csv)
        return sample->kind->write_csv(sample, path, values, count);
    return sample->kind->picture(sample, path, values, count, rows, columns);
}
