// Pictures as files have them.
#include "sample/raster.h"

#include "base/base.h"

#include <math.h>
#include <stdlib.h>

gm_status gm_raster_create(gm_raster *raster, const char *name, size_t width, size_t height, size_t channels,
                           size_t depth) {
    size_t count;
    *raster = (gm_raster){.width = width, .height = height, .channels = channels, .depth = depth};
    if (!gm_multiply_sizes(width, height, &count) || !gm_multiply_sizes(count, channels, &count))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: a picture of %zu x %zu x %zu values is too large", name, channels,
                       height, width);
    return gm_alloc(&raster->values, count, depth / 8, name);
}

void gm_raster_finish(gm_raster *raster) {
    free(raster->values);
    *raster = (gm_raster){0};
}

double gm_raster_level(double value, double low, double high, size_t depth) {
    if (depth == 32)
        return value;
    double most = depth == 16 ? 65535 : 255, scaled = (value - low) / (high - low) * most;
    return scaled > 0 ? floor(fmin(scaled, most) + .5) : 0; // NaN is not > 0
}

void gm_raster_set(gm_raster *raster, size_t index, double level) {
    if (raster->depth == 32)
        ((float *)raster->values)[index] = (float)level;
    else if (raster->depth == 16)
        ((uint16_t *)raster->values)[index] = (uint16_t)level;
    else
        ((uint8_t *)raster->values)[index] = (uint8_t)level;
}
