// What one item of a data set is, and items as networks see them.
#include "data/decode.h"

#include "base/base.h"
#include "data/items.h"
#include "data/windows.h"

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
    if (info->text)
        return gm_sample_of_text(info->text, 0);
    if (info->sound && info->sound->bands > 0)
        return gm_sample_of_spectrogram(info->sound, info->channels, low, high);
    if (info->sound)
        return gm_sample_of_sound(info->sound, info->channels, info->height);
    const size_t C = info->channels, T = info->frames, H = info->height, W = info->width;
    gm_shape item = T > 0 ? GM_SHAPE(C, T, H, W) : vectors ? GM_SHAPE(C) : GM_SHAPE(C, H, W);
    gm_sample format = gm_sample_of(&item);
    format.bytes = bytes;
    format.black = info->black;
    format.white = info->white;
    format.low = low;
    format.high = high;
    format.reach = gm_dataset_reach(info->name);
    return format;
}

gm_status gm_check_finite(const gm_dataset_info *data, const float *values, size_t first, size_t count) {
    for (size_t i = 0; i < count * data->item_values; i++)
        if (!isfinite(values[i]))
            return gm_fail(GM_ERROR_FORMAT, "%s: item %zu has %g as its value %zu: fill it in or leave the item out",
                           data->name, first + i / data->item_values, (double)values[i], i % data->item_values);
    return GM_OK;
}

gm_status gm_dataset_check_finite(const gm_dataset *dataset) {
    const gm_dataset_info *data = gm_dataset_get_info(dataset);
    const float *values = gm_dataset_floats(dataset);
    return values ? gm_check_finite(data, values, 0, data->count) : GM_OK;
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

gm_status gm_dataset_hash(const gm_dataset *dataset, uint64_t *hash) {
    enum { PIECE = 256 };
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const int32_t *labels = gm_dataset_labels(dataset);
    void *items;
    gm_status status = GM_OK;
    if (dataset->windows) { // the text, of which windows repeat every symbol
        const gm_windows *w = dataset->windows;
        *hash = gm_hash(*hash, w->symbols, w->symbol_count * w->symbol_bytes);
        *hash = gm_hash(*hash, &w->length, sizeof w->length);
        *hash = labels ? gm_hash(*hash, labels, info->count * sizeof *labels) : *hash;
        return GM_OK;
    }
    GM_TRY(gm_alloc(&items, PIECE, info->item_bytes, "items of a data set"));
    for (size_t first = 0; first < info->count && status == GM_OK; first += PIECE) {
        int32_t indices[PIECE];
        size_t count = GM_MIN(info->count - first, (size_t)PIECE);
        for (size_t i = 0; i < count; i++)
            indices[i] = (int32_t)(first + i);
        status = gm_dataset_gather(dataset, indices, count, items, NULL);
        if (status == GM_OK)
            *hash = gm_hash(*hash, items, count * info->item_bytes);
    }
    free(items);
    if (status == GM_OK && labels)
        *hash = gm_hash(*hash, labels, info->count * sizeof *labels);
    return status;
}
