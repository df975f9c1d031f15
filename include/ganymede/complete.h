// Filling in the hidden pixels of images with what a run has learned.
//
//     gm_completer *completer;
//     GM_TRY(gm_completer_open(&completer, "runs/00000-complete-fashion", NULL));
//     status = gm_completer_run(completer, images, masks, count, height, width, completed);
//     gm_completer_close(&completer);
#ifndef GANYMEDE_COMPLETE_H
#define GANYMEDE_COMPLETE_H

#include "ganymede/device.h"
#include "ganymede/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_completer gm_completer;

// Zeroed fields mean the default.
typedef struct gm_completer_options {
    const char *device; // a selector, as gm_device_open takes
    gm_device *opened;  // an open device to use instead, which must outlive the completer
    bool search;        // by searching the latents of a run that makes images
    size_t restarts;    // of a search: starts per image, of which the best counts; 0: 1
    size_t steps;       // of a search; 0: 250
} gm_completer_options;

// Loads the model of a run (its newest whole checkpoint) or of one checkpoint file of a run. options may be NULL.
// A search takes any run that makes images: what fills in an image is the sample that is nearest to its known pixels,
// of which those near hidden ones count for more, blended into it (Yeh et al. 2017, "Semantic image inpainting with
// deep generative models"). Images of other sizes than the samples' are put in the middle of black, or scaled. Fails
// when the run's model completes no images, and as opening a run or a device does; *completer is NULL then.
GM_API gm_status gm_completer_open(gm_completer **completer, const char *run, const gm_completer_options *options);
GM_API void gm_completer_close(gm_completer **completer);

typedef struct gm_completer_info {
    const char *name;               // the recipe's; belongs to the completer
    uint64_t step;                  // of the checkpoint
    size_t channels, height, width; // of the images that it learned from
    double low, high;               // the values of black and white
} gm_completer_info;
GM_API void gm_completer_get_info(const gm_completer *completer, gm_completer_info *info);

// images (count, channels, height, width) in the info's range, masks (count, height, width), not 0 where a pixel is to
// be filled in -> completed, of the images' shape, which may be the images themselves. Known pixels stay as they are,
// bit for bit; what stands in hidden ones is not looked at. An image's result depends on nothing but the weights, it
// and its mask. Where the network is convolutional, images may have any size, else others than the trained one are
// scaled to that and what is filled in is scaled back; a warning says so once.
GM_API gm_status gm_completer_run(gm_completer *completer, const float *images, const uint8_t *masks, size_t count,
                                  size_t height, size_t width, float *completed);

// What is hidden in files: one of these, else where their pictures are clear (opacity 0).
typedef struct gm_hidden {
    size_t left, top, width, height; // a box, of which a part at least lies in the picture; width 0: none
    const char *mask;   // a picture of the file's size, white (more than half) where a pixel is hidden; NULL
    const char *colour; // where pixels have exactly this colour: "white", "#ff00ff", "255,0,255", or "255"; NULL
} gm_hidden;
// Whether the colour is one; fails with what would be.
GM_API gm_status gm_hidden_check(const gm_hidden *hidden);

// Completes pictures and writes each under its own name into a folder, which is made where it is missing; files of the
// same name are replaced. Known pixels have the values of the file, in its own depth of 8 or 16 bits (floats: 32), and
// its opacity; what is filled in is opaque. hidden: NULL: where they are clear.
//   options: format, one without losses (PNG, of floats and other than 1 to 4 channels TIFF); NULL: the default.
// Fails, having written the files before, at one that cannot be read, or in which nothing is hidden; and before
// anything is written when two would get one name, when one would replace itself, and when `hidden` is no such thing.
GM_API gm_status gm_completer_write_folder(gm_completer *completer, const char *const *files, size_t count,
                                           const char *folder, const gm_hidden *hidden,
                                           const gm_write_options *options);

// Zeroed fields mean the default.
typedef struct gm_text_completion_options {
    const char *device;     // a selector, as gm_device_open takes
    gm_device *opened;      // an open device to use instead
    const char *gap;        // the character that stands for one that is missing; NULL: "_"
    const char *class_name; // of models that are told classes: the text's, by name or number
} gm_text_completion_options;
typedef struct gm_text_completion {
    uint64_t step;        // of the checkpoint
    size_t gaps, symbols; // that were filled in
} gm_text_completion;
// Fills the gaps of a text in UTF-8, runs of the character `gap`, each of which stands for one, with what makes the
// whole likely to a language model: a beam search by what stands before each gap, of up to a window, and behind it, of
// up to 16 characters. All other bytes are written as they are. `out` is replaced where it is there. Fails when the run
// is no language model of characters, the file has no gap or is no UTF-8, `gap` is one of the run's symbols, and where
// a class is wanted or not known.
GM_API gm_status gm_complete_text(const char *run, const char *file, const char *out,
                                  const gm_text_completion_options *options, gm_text_completion *done);

#ifdef __cplusplus
}
#endif
#endif
