// Completing images in memory with a trained model, whatever size they have: by the use `complete`, or by searching the
// latents of a generator.
#ifndef GM_USE_FILLER_H
#define GM_USE_FILLER_H

#include "use/fills.h"
#include "use/latent_search.h"

// How images are completed by searching latents.
typedef struct gm_search_filler {
    gm_sampler *sampler;
    gm_latent_search *search; // NULL: they are not
} gm_search_filler;

typedef struct gm_filler {
    const gm_trained *trained;
    const char *run;          // for messages
    size_t channels;          // that the model completes
    size_t trained_size[2];   // height and width of what it learned from; 0: not known
    gm_picture_shape planned; // what `use` takes
    gm_use use;               // without a row: nothing is planned yet
    gm_plan *plan;
    bool told; // that images are scaled
    gm_search_filler by_search;
} gm_filler;

// The model must outlive it. Fails when the run's model does not complete images.
gm_status gm_filler_init(gm_filler *filler, const gm_trained *trained, const char *run);
// The same by searching the latents of a model that makes images. restarts, steps: 0: the default.
gm_status gm_filler_init_search(gm_filler *filler, const gm_trained *trained, const char *run, size_t restarts,
                                size_t steps);
void gm_filler_finish(gm_filler *filler);
// images (count, C, H, W) in the recipe's range, masks (count, H, W): not 0 where a pixel is to be filled in ->
// completed (count, C, H, W), which is the image itself where it is known. What stands in hidden pixels is not looked
// at. Where the network is convolutional, images of any size are completed as they are, else scaled to the size that it
// learned, which a warning says once.
gm_status gm_filler_run(gm_filler *filler, const gm_picture_shape *shape, const float *images, const uint8_t *masks,
                        size_t count, float *completed);

// By search alone; completed holds the images. (search_filler.c)
gm_status gm_search_filler_run(gm_filler *filler, const gm_picture_shape *shape, const uint8_t *masks, size_t count,
                               float *completed);
// The weights of a search's pixels: of known ones the share of hidden pixels in a window of 7 x 7 around them, of
// hidden ones 0. mask, weights: (height, width).
void gm_search_weights(const uint8_t *mask, size_t height, size_t width, float *weights);

#endif
