// The losses of GANs as values of a recipe: of every kind of model with a discriminator.
#ifndef GM_MODEL_GAN_LOSS_H
#define GM_MODEL_GAN_LOSS_H

#include "ganymede/loss.h"
#include "recipe/recipe.h"

extern const gm_recipe_type gm_gan_loss_type; // const gm_gan_loss *
// Appends their reference, for one section of all.
void gm_gan_loss_document(gm_text *text);

#endif
