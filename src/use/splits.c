// Both splits of a side's data.
#include "use/splits.h"

#include "data/decode.h"

#include <stdlib.h>

enum { CHUNK = 2048 };

static bool has_images(const gm_side *side) {
    return side->data && side->ranged && (side->kind == GM_SIDE_RUN || side->kind == GM_SIDE_IMAGES);
}

const gm_side *gm_splits_find(const gm_side *sides) {
    for (size_t i = 2; i-- > 0;) // the generated side first
        if (has_images(&sides[i]) && sides[i].kind == GM_SIDE_RUN)
            return &sides[i];
    return has_images(&sides[0]) ? &sides[0] : NULL;
}

static gm_status open_split(gm_dataset **data, const gm_side *side, bool held_out) {
    gm_dataset_options options = side->data_options;
    if (held_out)
        options.split = options.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST;
    if (held_out)
        options.count = 0;
    return gm_dataset_open(data, side->data, &options);
}

bool gm_splits_are_apart(const gm_side *side) {
    gm_dataset *trained = NULL, *other = NULL;
    bool apart = open_split(&other, side, true) == GM_OK && gm_dataset_get_info(other)->count > 1 &&
                 open_split(&trained, side, false) == GM_OK && gm_dataset_check_held_out(other, trained) == GM_OK;
    gm_dataset_close(&trained);
    gm_dataset_close(&other);
    return apart;
}

static gm_status read_rows(const gm_dataset *data, const gm_sample *format, const gm_row_maker *maker, float *rows) {
    size_t item = gm_sample_values(format), count = gm_dataset_get_info(data)->count;
    int32_t indices[CHUNK];
    float *values;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&values, CHUNK * item, sizeof *values, "items"));
    for (size_t first = 0; first < count && status == GM_OK; first += CHUNK) {
        size_t here = GM_MIN(count - first, (size_t)CHUNK);
        for (size_t i = 0; i < here; i++)
            indices[i] = (int32_t)(first + i);
        status = gm_dataset_decode(data, format, indices, here, values, NULL);
        if (status == GM_OK)
            status = maker->make(maker->user, &(gm_samples){values, here, item}, rows + first * maker->columns);
    }
    free(values);
    return status;
}

gm_status gm_splits_read(const gm_side *side, bool held_out, const gm_row_maker *maker, float **rows, size_t *count) {
    gm_dataset *data;
    *rows = NULL;
    GM_TRY(open_split(&data, side, held_out));
    const gm_dataset_info *info = gm_dataset_get_info(data);
    gm_sample format = gm_dataset_format(info, side->low, side->high);
    gm_status status = GM_OK;
    *count = info->count;
    if (info->item_values != gm_side_values(side))
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: its items have %zu values, not %zu: has it changed?", info->name,
                         info->item_values, gm_side_values(side));
    if (status == GM_OK)
        status = gm_alloc(rows, info->count * maker->columns, sizeof **rows, "features");
    if (status == GM_OK)
        status = read_rows(data, &format, maker, *rows);
    gm_dataset_close(&data);
    return status;
}
