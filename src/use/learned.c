// What a run learned from.
#include "use/learned.h"

#include "base/base.h"

#include <stdlib.h>

gm_status gm_learned_open(gm_learned *learned, const gm_trained *trained, const gm_sample *format) {
    const gm_common *common = gm_common_of(trained->recipe);
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(trained->checkpoint);
    gm_dataset_options options = gm_common_data_options(common);
    *learned = (gm_learned){0};
    options.scale_figures = checkpoint->scale_figures;
    options.scale_channels = checkpoint->scale_channels;
    GM_TRY(gm_dataset_open(&learned->data, common->data.source, &options));
    const gm_dataset_info *info = gm_dataset_get_info(learned->data);
    learned->format = gm_dataset_format(info, common->data.range.low, common->data.range.high);
    learned->count = info->count;
    gm_status status = GM_OK;
    if (info->count == 0)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: the data set is empty", info->name);
    else if (gm_sample_values(&learned->format) != gm_sample_values(format))
        status = gm_fail(GM_ERROR_ARGUMENT,
                         "%s: its items have %zu values, the run's samples %zu: has it changed since the run learned "
                         "from it?",
                         info->name, gm_sample_values(&learned->format), gm_sample_values(format));
    if (status != GM_OK)
        gm_learned_close(learned);
    return status;
}

void gm_learned_close(gm_learned *learned) {
    gm_dataset_close(&learned->data);
    *learned = (gm_learned){0};
}

gm_status gm_learned_read(const gm_learned *learned, size_t first, size_t count, float *values) {
    int32_t *indices;
    GM_TRY(gm_alloc(&indices, count, sizeof *indices, "indices"));
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i);
    gm_status status = gm_dataset_decode(learned->data, &learned->format, indices, count, values, NULL);
    free(indices);
    return status;
}
