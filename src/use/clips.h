// Clips compared: what their frames, differences and wholes are like, and what moves in them, beside what is made of
// the real clips by standing still, by another order, and by other trivial means.
#ifndef GM_USE_CLIPS_H
#define GM_USE_CLIPS_H

#include "ganymede/measure.h"
#include "use/side.h"

enum { GM_CLIP_ROWS = 7, GM_CLIP_VIEWS = 3 };

typedef struct gm_clip_comparison {
    gm_clip_figure rows[GM_CLIP_ROWS]; // fake, control, and what is made of real clips
    size_t components[GM_CLIP_VIEWS];  // of frames, of differences, of clips
    size_t counts[2];                  // clips that the first two rows rest on
} gm_clip_comparison;

// The truth of what moves: that of the data that a side is or that its run learned from; NULL: it is not known.
const gm_moving *gm_clips_find_truth(const gm_side *sides);
// truth: NULL: paths are NaN. Fails as principal components do.
gm_status gm_clips_compare(gm_device *device, const gm_side *real, const gm_side *fake, const gm_moving *truth,
                           gm_clip_comparison *comparison);

#endif
