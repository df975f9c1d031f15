// Random items of a data set as a picture.
#include "data/decode.h"

#include "base/base.h"
#include "data/apart.h"

#include <math.h>
#include <stdlib.h>

// Of values that a data set has without a range, the codes of tables are in [0, 1].
static gm_sample format_of(const gm_dataset_info *info) {
    bool ranged = info->white > info->black;
    return gm_dataset_format(info, ranged ? info->black : 0, ranged ? info->white : 1);
}

// Images that are taken as they are lie anywhere: the least and the largest value are black and white.
static void find_range(gm_sample *format, const float *values, size_t count) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = isfinite(values[i]) ? fmin(low, (double)values[i]) : low;
        high = isfinite(values[i]) ? fmax(high, (double)values[i]) : high;
    }
    format->low = low <= high ? low : 0;
    format->high = low < high ? high : format->low + 1;
}

static gm_status draw(const gm_dataset *dataset, const int32_t *indices, size_t count, const gm_writing *writing) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    gm_sample format = format_of(info);
    size_t item = gm_sample_values(&format);
    float *values;
    GM_TRY(gm_alloc(&values, count, item * sizeof *values, writing->path));
    gm_status status = gm_dataset_decode(dataset, &format, indices, count, values, NULL);
    if (format.kind->ranged && !info->table && !(info->white > info->black))
        find_range(&format, values, count * item);
    if (status == GM_OK)
        status = gm_sample_write(&format, writing, values, count);
    free(values);
    return status;
}

gm_status gm_dataset_draw(const gm_dataset *dataset, uint64_t seed, size_t rows, size_t columns, const char *path) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const gm_writing writing = {.path = path, .options = {.rows = rows, .columns = columns}};
    const gm_sample format = format_of(info);
    size_t count = GM_MIN(GM_MAX(format.kind->shown(&format, rows, columns), (size_t)1), info->count);
    int32_t *indices;
    GM_TRY(gm_apart_check(info->name, path));
    GM_TRY(gm_alloc(&indices, count, sizeof *indices, path));
    gm_status status = gm_loader_indices(seed, 0, count, info->count, indices);
    if (status == GM_OK)
        status = draw(dataset, indices, count, &writing);
    free(indices);
    return status;
}
