// What becomes of samples: picture and array files.
#ifndef GANYMEDE_SAMPLE_H
#define GANYMEDE_SAMPLE_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- PNG ----

// Writes 8-bit grey (1), RGB (3) or RGBA (4 channels) pixels, (height, width, channels), whole or not at all.
GM_API gm_status gm_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height, size_t channels);

typedef struct gm_image_grid_params {
    size_t count, channels, height, width; // of the images
    size_t rows, columns;                  // cells without an image stay white; 0 = near a square
    double low, high;                      // the values of black and white (both 0 = -1 and 1)
} gm_image_grid_params;
// Images float32 (N, C, H, W) -> one PNG, row by row, with gaps of 2 white pixels between them. Values outside the
// range are cut off; NaN is black. Images beyond rows * columns are left out. One channel is grey, three are red, green
// and blue; of any other number each has a colour of its own, and where several are bright their colours add up.
GM_API gm_status gm_image_grid(const char *path, const float *images, const gm_image_grid_params *params);

// Points (count, 2) as dots on a white size x size PNG that shows [low, high]^2, y upwards; points outside are left
// out.
GM_API gm_status gm_image_scatter(const char *path, const float *points, size_t count, double low, double high,
                                  size_t size);

// ---- NPY (NumPy's array file) ----

#define GM_NPY_MAX_RANK 6

// Writes float32 values, row-major (format 1.0), whole or not at all.
GM_API gm_status gm_npy_write(const char *path, const float *values, size_t rank, const size_t *dim);

#ifdef __cplusplus
}
#endif
#endif
