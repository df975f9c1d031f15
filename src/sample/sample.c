// The table of kinds of sample, and what all kinds share.
#include "sample/sample.h"

#include "base/base.h"

#include <string.h>

enum { MOST_ADDED = 8 };

static const gm_sample_kind *const built_in[] = {&gm_sample_points, &gm_sample_image};
static const gm_sample_kind *added[MOST_ADDED];
static size_t added_count;

gm_status gm_sample_kind_add(const gm_sample_kind *kind) {
    if (added_count == MOST_ADDED)
        return gm_fail(GM_ERROR_STATE, "at most %d kinds of sample can be added", MOST_ADDED);
    added[added_count++] = kind;
    return GM_OK;
}

static const gm_sample_kind *find_kind(const gm_shape *item) {
    for (size_t i = 0; i < added_count; i++)
        if (added[i]->claims(item))
            return added[i];
    for (size_t i = 0; i + 1 < GM_COUNT(built_in); i++)
        if (built_in[i]->claims(item))
            return built_in[i];
    return built_in[GM_COUNT(built_in) - 1];
}

gm_sample gm_sample_of(const gm_shape *item) {
    return (gm_sample){.kind = find_kind(item), .item = *item, .low = -1, .high = 1};
}

gm_shape gm_sample_batch(const gm_sample *sample, size_t count) {
    gm_shape shape = {.rank = sample->item.rank + 1, .dim = {count}};
    memcpy(shape.dim + 1, sample->item.dim, sample->item.rank * sizeof *shape.dim);
    return shape;
}

size_t gm_sample_values(const gm_sample *sample) {
    return gm_shape_count(&sample->item);
}

void gm_sample_size(const gm_sample *sample, size_t size[3]) {
    for (size_t i = 0; i < 3; i++)
        size[i] = i < sample->item.rank ? sample->item.dim[i] : 1;
}

gm_status gm_sample_write(const gm_sample *sample, const char *path, const float *values, size_t count, size_t rows,
                          size_t columns) {
    const char *name = strrchr(path, '/'), *ending = strrchr(name ? name : path, '.');
    gm_shape batch = gm_sample_batch(sample, count);
    if (ending && strcmp(ending, ".npy") == 0)
        return gm_npy_write(path, values, batch.rank, batch.dim);
    return sample->kind->picture(sample, path, values, count, rows, columns);
}
