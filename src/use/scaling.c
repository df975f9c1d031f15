#include "use/scaling.h"

#include "base/base.h"

#include <math.h>
#include <string.h>

void gm_find_extent(const float *values, size_t count, double *least, double *most) {
    *least = INFINITY;
    *most = -INFINITY;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) {
            *least = fmin(*least, (double)values[i]);
            *most = fmax(*most, (double)values[i]);
        }
}

bool gm_find_usual_range(double least, double most, double *low, double *high) {
    static const double usual[][2] = {{0, 1}, {-1, 1}, {0, 255}};
    for (size_t i = 0; i < GM_COUNT(usual); i++)
        if (least >= usual[i][0] && most <= usual[i][1]) {
            *low = usual[i][0];
            *high = usual[i][1];
            return true;
        }
    return false;
}

static bool has_white(const gm_dataset *data) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    return info->white > info->black;
}

// Of floats that are taken as they are.
static gm_status find_range(const gm_dataset *data, const char *other, double *low, double *high) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    const float *values = gm_dataset_floats(data);
    double least = 0, most = 0;
    if (values)
        gm_find_extent(values, info->count * info->item_values, &least, &most);
    if (values && gm_find_usual_range(least, most, low, high))
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: holds values from %g to %g, of which nothing says what is black and white as in %s: scale them "
                   "to [0, 1], [-1, 1] or [0, 255]",
                   info->name, least, most, other);
}

gm_status gm_scaling_find(gm_value_map *scaling, const char *run, const gm_sampler_info *info, const gm_dataset *data) {
    const gm_dataset_info *of = gm_dataset_get_info(data);
    bool same = strcmp(info->data, of->name) == 0, scaled = has_white(data), learned_scaled = scaled;
    double low = info->low, high = info->high, black = 0, white = 1;
    gm_dataset *learned = NULL;
    gm_status status = GM_OK;
    *scaling = (gm_value_map){0, 1};
    if (!info->ranged)
        return GM_OK;
    if (!same) {
        gm_dataset_options options = info->data_options;
        options.usual_hold = GM_HOLD_NO;
        status = gm_dataset_open(&learned, info->data, &options);
        if (status == GM_OK)
            learned_scaled = has_white(learned);
        else if (!scaled)
            status = gm_fail_prefix(status, "%s: its data say which range its samples have", run);
        else
            status = GM_OK; // as most have it
    }
    if (status == GM_OK && scaled && !learned_scaled)
        status = find_range(learned, of->name, &low, &high);
    if (status == GM_OK && !scaled && learned_scaled)
        status = find_range(data, run, &black, &white);
    if (status == GM_OK && (scaled || learned_scaled)) {
        scaling->factor = (white - black) / (high - low);
        scaling->offset = black - scaling->factor * low;
    }
    gm_dataset_close(&learned);
    return status;
}
