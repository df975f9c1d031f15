// How far images are from those that are known.
#include "model/distance.h"

#include "graph/graph.h"

static double range_of(const gm_sample *format) {
    return format->high - format->low;
}

gm_tensor *gm_distance_l1(const gm_sample *format, gm_tensor *a, gm_tensor *b) {
    return gm_scale(gm_mean_all(gm_abs(gm_subtract(a, b))), 1 / range_of(format));
}

gm_tensor *gm_distance_psnr(const gm_sample *format, gm_tensor *a, gm_tensor *b) {
    const double per_ln = 10 / 2.302585092994046, least = 1e-10; // an image that is met exactly has 100 dB
    gm_tensor *squares = gm_square(gm_scale(gm_subtract(a, b), 1 / range_of(format)));
    size_t values = gm_sample_values(format), count = gm_shape_count(gm_tensor_shape(a)) / values;
    gm_tensor *means = gm_scale(gm_sum(gm_reshape(squares, GM_SHAPE(count, values)), GM_AXIS(1)), 1 / (double)values);
    return gm_scale(gm_mean_all(gm_log(gm_offset(means, least))), -per_ln);
}
