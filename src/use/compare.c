// Images against those that they should be.
#include "use/compare.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gm_mean_figure gm_mean_of(const double *values, size_t count) {
    double sum = 0, squares = 0, n = (double)count;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - sum / n) * (values[i] - sum / n);
    return (gm_mean_figure){sum / n, count > 1 ? sqrt(squares / (n - 1) / n) : NAN};
}

double gm_share_error(double share, size_t count) {
    return sqrt(share * (1 - share) / (double)count);
}

gm_mean_figure gm_share_of(size_t right, size_t count) {
    double share = (double)right / (double)count;
    return (gm_mean_figure){share, gm_share_error(share, count)};
}

gm_status gm_compare_images(const float *images, const float *wanted, size_t count, size_t values, const uint8_t *mask,
                            size_t area, gm_mean_figure *l1, gm_mean_figure *psnr) {
    const double least = 1e-10; // of a mean square: an image that is met exactly has 100 dB
    double *distances = NULL, *ratios = NULL;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&distances, count, sizeof *distances, "figures"));
    GM_TRY_DONE(gm_alloc(&ratios, count, sizeof *ratios, "figures"));
    for (size_t n = 0; n < count; n++) {
        double squares = 0;
        size_t compared = 0;
        for (size_t i = 0; i < values; i++) {
            if (mask && !mask[i % area])
                continue;
            double off = (double)images[n * values + i] - (double)wanted[n * values + i];
            distances[n] += fabs(off);
            squares += off * off;
            compared++;
        }
        distances[n] /= (double)compared;
        ratios[n] = -10 * log10(fmax(squares / (double)compared, least));
    }
    *l1 = gm_mean_of(distances, count);
    *psnr = gm_mean_of(ratios, count);
done:
    free(distances);
    free(ratios);
    return status;
}

gm_status gm_compare_read(const gm_dataset *data, size_t count, float *rows, size_t width, size_t skip,
                          int32_t *labels) {
    const gm_dataset_info *info = gm_dataset_get_info(data);
    const gm_sample format = gm_dataset_format(info, 0, 1);
    float *values;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&values, info->item_values, sizeof *values, "an image"));
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        const int32_t index = (int32_t)i;
        status = gm_dataset_decode(data, &format, &index, 1, values, labels ? labels + i : NULL);
        if (status == GM_OK)
            memcpy(rows + i * width + skip, values, info->item_values * sizeof *values);
    }
    free(values);
    return status;
}
