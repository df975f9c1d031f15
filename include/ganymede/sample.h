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

// ---- Files, by the ending of their names ----

// A format that samples can be written in.
typedef struct gm_sample_format {
    const char *name, *ending, *other_ending; // "JPEG", ".jpg", ".jpeg"; NULL: there is no other
    const char *holds;                        // for people: "pictures of 8 bits"
    const char *package;                      // Debian's, which Ganymede must be built with; NULL: none is needed
    bool available;                           // it was
} gm_sample_format;

// The format of that number, from 0; NULL behind the last one. Lives as long as the program.
GM_API const gm_sample_format *gm_sample_format_at(size_t index);
// The format that the path's ending names, in any case. Fails where it names none, listing those that there are.
GM_API gm_status gm_sample_format_find(const char *path, const gm_sample_format **format);

// How samples are written. Zero is the default of each; what is not for a format is refused where it is written.
typedef struct gm_write_options {
    size_t rows, columns; // of a picture of images, a grid; 0 = near a square
    size_t channel;       // of images: a picture of this channel alone, in grey, from 1; 0 = all of them
    size_t depth;    // bits of a value: PNG 8 or 16, TIFF 8, 16 or 32 (float, in the recipe's range); 0 = 8, of TIFF 16
    size_t quality;  // of JPEG, 1 to 100; 0 = 95
    size_t frame_ms; // of WebP: an animation that shows each sample for so many milliseconds; 0 = a picture of all
    const char *format;    // of the files of a folder: an ending, as "png"; NULL = PNG where it holds the samples, else
                           // TIFF, else NPY; of rows of tables CSV
    const uint64_t *seeds; // what the samples were made from and their classes, for the file to say; NULL = unknown
    const int32_t *labels; //
    bool flat; // of a folder of samples with classes: none for each class, but labels.csv (file,label) beside the files
} gm_write_options;

// ---- Pictures ----

// Writes 8-bit grey (1), RGB (3) or RGBA (4 channels) pixels, (height, width, channels), as PNG, whole or not at all.
GM_API gm_status gm_png_write(const char *path, const uint8_t *pixels, size_t width, size_t height, size_t channels);

typedef struct gm_image_grid_params {
    size_t count, channels, height, width; // of the images
    size_t rows, columns;                  // cells without an image stay white; 0 = near a square
    size_t channel;                        // this one alone, in grey, from 1; 0 = all
    double low, high;                      // the values of black and white (both 0 = -1 and 1)
} gm_image_grid_params;
// Images float32 (N, C, H, W) -> one picture in the format that the path's ending names (PNG, JPEG, WebP, TIFF), row by
// row, with gaps of 2 white pixels between them. Values outside the range are cut off; NaN is black. Images beyond
// rows * columns are left out. One channel is grey, three are red, green and blue; of any other number each has a
// colour of its own, which a legend below shows, and where several are bright their colours add up.
GM_API gm_status gm_image_grid(const char *path, const float *images, const gm_image_grid_params *params);

// Points (count, 2) as dots on a white size x size picture, by the path's ending, that shows [low, high]^2, y upwards;
// points outside are left out.
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
