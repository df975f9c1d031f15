// What one item of a data set is, and items as networks see them.
#include "data/decode.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>

double gm_dataset_reach(const char *name) {
    const gm_mixture *mixture = gm_mixture_find(name);
    double reach = 0;
    for (size_t i = 0; mixture && i < mixture->modes; i++)
        reach = fmax(reach, fmax(fabs(mixture->centre[i][0]), fabs(mixture->centre[i][1])));
    return reach;
}

gm_sample gm_dataset_format(const gm_dataset_info *info, double low, double high) {
    bool bytes = info->kind == GM_DATASET_IMAGES, vectors = !bytes && info->height == 1 && info->width == 1;
    if (info->table)
        return gm_sample_of_table(info->table, low, high);
    gm_shape item = vectors ? GM_SHAPE(info->channels) : GM_SHAPE(info->channels, info->height, info->width);
    gm_sample format = gm_sample_of(&item);
    format.bytes = bytes;
    format.low = low;
    format.high = high;
    format.reach = gm_dataset_reach(info->name);
    return format;
}

gm_status gm_dataset_decode(const gm_dataset *dataset, const gm_sample *format, const int32_t *indices, size_t count,
                            float *values, int32_t *labels) {
    void *stored;
    GM_TRY(gm_alloc(&stored, count, gm_dataset_get_info(dataset)->item_bytes, "items of a data set"));
    gm_status status = gm_dataset_gather(dataset, indices, count, stored, labels);
    if (status == GM_OK)
        format->kind->decode_values(format, stored, count, values);
    free(stored);
    return status;
}
