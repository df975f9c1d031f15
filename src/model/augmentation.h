// What a recipe says of augmentation (data.augment), and the images that it makes.
#ifndef GM_MODEL_AUGMENTATION_H
#define GM_MODEL_AUGMENTATION_H

#include "ganymede/augment.h"
#include "recipe/recipe.h"
#include "sample/sample.h"

// Numbers are shares of the range from black to white, whatever that is to networks.
typedef struct gm_augmentation {
    gm_augment_params operations;
    double probability; // of each operation for an image
    const char *origin; // where it stands, to begin messages with; NULL: nothing is augmented
} gm_augmentation;

extern const gm_recipe_type gm_augmentation_type; // gm_augmentation, nothing from null
void gm_augmentation_document(gm_text *text);     // the operations, for the reference of keys

// Images of the format as networks see them, (N, C, H, W) -> the same; those of integers stay between black and white.
// name, counter: as gm_augment has them. What is no image is a fault.
gm_tensor *gm_augmentation_apply(const gm_augmentation *augmentation, const gm_sample *format, const char *name,
                                 gm_tensor *counter, gm_tensor *x);

#endif
