// Masks that hide a part of each image in training: 1 where a pixel is hidden, 0 where it is known. They are drawn on
// the device, keyed by the step's counter.
#ifndef GM_MODEL_MASKS_H
#define GM_MODEL_MASKS_H

#include "ganymede/graph.h"
#include "recipe/recipe.h"

typedef struct gm_masks {
    double box, centre, strokes, files; // how often each form is drawn, beside the others
    double least, most;                 // height and width of a box, as shares of the image's
    double width;                       // of a stroke, at most, as a share of the image's shorter side
    const char *folder;                 // pictures of masks, white where a pixel is hidden; NULL: none
} gm_masks;

// The rows of a `masks` field in the settings struct `of`.
#define GM_MASKS_ROWS(of)                                                                                              \
    GM_ROW_NUMBER(of, "masks.box", masks.box, 0, 1000000, 1,                                                           \
                  "how often a box at a random place is hidden, beside the other forms; 0: never"),                    \
        GM_ROW_NUMBER(of, "masks.centre", masks.centre, 0, 1000000, 0,                                                 \
                      "how often the middle half of height and width is hidden"),                                      \
        GM_ROW_NUMBER(of, "masks.strokes", masks.strokes, 0, 1000000, 0,                                               \
                      "how often a free-form stroke of a brush is hidden"),                                            \
        GM_ROW_NUMBER(of, "masks.files", masks.files, 0, 1000000, 0, "how often a mask of the folder is taken"),       \
        GM_ROW_NUMBER(of, "masks.least", masks.least, 0, 1, 0.25,                                                      \
                      "least height and width of a box, as shares of the image's"),                                    \
        GM_ROW_NUMBER(of, "masks.most", masks.most, 0, 1, 0.5, "largest height and width of a box"),                   \
        GM_ROW_NUMBER(of, "masks.width", masks.width, 0, 1, 0.15,                                                      \
                      "largest width of a stroke, as a share of the image's shorter side"),                            \
        GM_ROW_TYPED(of, "masks.folder", masks.folder, gm_recipe_optional_type, "null", false,                         \
                     "a folder, archive or list of pictures of masks, white where a pixel is hidden; they are "        \
                     "stretched to the images' size")

// Fails where the settings contradict each other.
gm_status gm_masks_check(const gm_masks *masks, const gm_recipe *recipe);
// A batch of masks, float32 (N, 1, height, width), anew at each step of the counter.
// Fails as opening the folder does.
gm_status gm_masks_draw(const gm_masks *masks, const gm_recipe *recipe, gm_graph *graph, size_t N, size_t height,
                        size_t width, gm_tensor *counter, gm_tensor **drawn);
// The middle half of height and width, float32 (1, 1, height, width).
gm_tensor *gm_masks_centre(gm_graph *graph, size_t height, size_t width);
// 0, 1, 2, ... along an axis of rank 4, the others 1.
gm_tensor *gm_masks_along(gm_graph *graph, size_t count, size_t axis);

#endif
