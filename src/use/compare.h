// Images against those that they should be: what evaluations of kinds that make images from images share.
#ifndef GM_USE_COMPARE_H
#define GM_USE_COMPARE_H

#include "data/decode.h"

// A mean with its standard error.
typedef struct gm_mean_figure {
    double value, error;
} gm_mean_figure;

gm_mean_figure gm_mean_of(const double *values, size_t count);
// The binomial standard error of a share of `count`.
double gm_share_error(double share, size_t count);
// A share of `count` with its binomial standard error.
gm_mean_figure gm_share_of(size_t right, size_t count);
// images, wanted: (count, values), black 0 and white 1 -> mean distance, and the mean of the images' PSNR in dB; over
// the pixels whose mask (area), that of every channel, is not 0. mask: NULL: over all.
gm_status gm_compare_images(const float *images, const float *wanted, size_t count, size_t values, const uint8_t *mask,
                            size_t area, gm_mean_figure *l1, gm_mean_figure *psnr);
// The first `count` items of a data set, black 0 and white 1, each behind `skip` values of a row of `width`, and their
// labels, unless that is NULL.
gm_status gm_compare_read(const gm_dataset *data, size_t count, float *rows, size_t width, size_t skip,
                          int32_t *labels);

#endif
