// Reading items out of a data set: copies of those in memory, or decoded ones.
#include "data/pictures.h"
#include "data/scale.h"
#include "data/view.h"
#include "data/windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A channel of one value alone is black, and so is NaN, what lies around a picture.
void gm_scale_apply(const gm_dataset_info *info, float *items, size_t count) {
    size_t area = info->height * info->width;
    for (size_t i = 0; info->scale_figures && i < count * info->item_values / area; i++) {
        const double *ends = info->scale_figures[i % info->channels];
        double factor = ends[1] > ends[0] ? 1 / (ends[1] - ends[0]) : 0;
        for (size_t k = i * area; k < (i + 1) * area; k++)
            items[k] = (float)fmin(fmax(((double)items[k] - ends[0]) * factor, 0), 1);
    }
}

static gm_status check_indices(const gm_dataset *dataset, const int32_t *indices, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (indices[i] < 0 || (size_t)indices[i] >= dataset->info.count)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: has no item %d: there are %zu", dataset->info.name, (int)indices[i],
                           dataset->info.count);
    return GM_OK;
}

gm_status gm_dataset_gather_on(const gm_dataset *dataset, size_t threads, const int32_t *indices, size_t count,
                               void *items, int32_t *labels) {
    size_t bytes = dataset->info.item_bytes;
    GM_TRY(check_indices(dataset, indices, count));
    if (dataset->pictures) {
        GM_TRY(gm_pictures_gather(dataset->pictures, threads, indices, count, items, labels));
        gm_scale_apply(&dataset->info, items, count);
        return gm_image_view_apply(&dataset->info, dataset->view, items, count);
    }
    for (size_t i = 0; i < count && dataset->windows; i++) {
        int32_t label = gm_windows_read(dataset->windows, (size_t)indices[i], (char *)items + i * bytes);
        if (labels)
            labels[i] = label;
    }
    for (size_t i = 0; i < count && !dataset->windows; i++) {
        memcpy((char *)items + i * bytes, (const char *)dataset->items + (size_t)indices[i] * bytes, bytes);
        if (labels)
            labels[i] = dataset->labels ? dataset->labels[indices[i]] : 0;
    }
    return GM_OK;
}

gm_status gm_dataset_gather(const gm_dataset *dataset, const int32_t *indices, size_t count, void *items,
                            int32_t *labels) {
    return gm_dataset_gather_on(dataset, gm_cpu_count(), indices, count, items, labels);
}

gm_status gm_dataset_read(const gm_dataset *dataset, size_t item, gm_dataset_info *info, void **values) {
    const int32_t index = (int32_t)GM_MIN(item, (size_t)INT32_MAX);
    gm_status status;
    *values = NULL;
    GM_TRY(check_indices(dataset, &index, 1));
    if (dataset->pictures) {
        GM_TRY(gm_pictures_read(dataset->pictures, item, info, values));
        info->scale_figures = dataset->info.scale_figures;
        if (info->kind == GM_DATASET_FLOATS)
            gm_scale_apply(info, *values, 1);
        status = gm_image_view_apply(info, dataset->view, *values, 1);
    } else {
        *info = dataset->info;
        info->count = 1;
        GM_TRY(gm_alloc(values, 1, info->item_bytes, "an item"));
        status = gm_dataset_gather_on(dataset, 1, &index, 1, *values, NULL);
    }
    if (status != GM_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}
