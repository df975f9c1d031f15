// Translating images by a trained run: what `ganymede translate` does, for programs.
//
//     gm_translator *translator;
//     GM_TRY(gm_translator_open(&translator, "runs/00003-edges-fashion", NULL));
//     GM_TRY(gm_translator_files(translator, "drawings", "clothes", &(gm_translate_files){.view = "plain"}, &count));
//     gm_translator_close(&translator);
#ifndef GANYMEDE_TRANSLATE_H
#define GANYMEDE_TRANSLATE_H

#include "ganymede/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_translator gm_translator;

// Zeroed fields mean the default.
typedef struct gm_translator_options {
    const char *device; // a selector, as gm_device_open takes
    gm_device *opened;  // an open device to use instead, which must outlive the translator
    bool reverse;       // from the second source to the first: of runs that learned both ways
} gm_translator_options;

// run: a run folder (its newest whole checkpoint) or a checkpoint file. options may be NULL.
// Fails when the run's model does not translate, or not that way.
GM_API gm_status gm_translator_open(gm_translator **translator, const char *run, const gm_translator_options *options);
GM_API void gm_translator_close(gm_translator **translator);

// Strings belong to the translator.
typedef struct gm_translator_info {
    const char *name;      // the recipe's
    uint64_t step;         // of the checkpoint
    const char *from, *to; // what it learned from, for people: "fashion-mnist (edges)"
    const char *view;      // what is made of the images that come in, as in training: "plain", "negative", "edges"
    size_t channels;       // of these images
    double low, high;      // the values of black and white
} gm_translator_info;
GM_API void gm_translator_get_info(const gm_translator *translator, gm_translator_info *info);

// The size of what is made of an image (channels, height, width): results have height and width a whole number of times
// those of the image, or a whole number of times smaller. size: channels, height, width.
// Fails where the network takes no images of that size, not with a margin either.
GM_API gm_status gm_translator_size(gm_translator *translator, size_t height, size_t width, size_t size[3]);
// images float32 (count, channels, height, width) in [low, high] -> results (count, as gm_translator_size says). Where
// the network cannot halve the size, the image is mirrored at its right and lower edge, and the margin is cut off
// again. A result depends on its image and the weights alone.
GM_API gm_status gm_translator_apply(gm_translator *translator, const float *images, size_t count, size_t height,
                                     size_t width, float *results);

typedef struct gm_translate_files {
    const char *view;   // what is made of the images first; NULL: as in training
    size_t count;       // only so many, the first ones; 0: all
    const char *format; // of the files, an ending, as "png"; NULL = PNG, of other than 1 or 3 channels TIFF
} gm_translate_files;

// Translates the images of a source, as gm_dataset_open takes it (of a source with splits the one that was not trained
// on), into the folder, which is made if need be. Each keeps its own size. Files have the names
// of the pictures, or numbers, with another ending; of pictures of 16 bits they have 16 bits. *count: how many.
// options may be NULL. Fails as reading and writing do; files are written whole or not at all.
GM_API gm_status gm_translator_files(gm_translator *translator, const char *source, const char *folder,
                                     const gm_translate_files *options, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
