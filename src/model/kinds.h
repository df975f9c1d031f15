// The table of kinds of model.
#ifndef GM_MODEL_KINDS_H
#define GM_MODEL_KINDS_H

#include "model/kind.h"

// Kind `index`, NULL behind the last one. The first is that of recipes without any mark.
const gm_model_kind *gm_model_kind_at(size_t index);
// The kind of a recipe's model.
const gm_model_kind *gm_model_kind_of(const gm_recipe *recipe);
// A kind of the program's own. Call it before any other use of the library; the row must live as long. Fails when there
// are too many.
gm_status gm_model_kind_add(const gm_model_kind *kind);

// The training step of a recipe's model. Fails with the recipe's line when a layer does not fit, and when the networks
// do not fit the data.
gm_status gm_model_init(gm_model *model, const gm_recipe *recipe, const gm_model_source *source);

// The use of that name that the recipe's model offers; NULL: none.
const gm_use_row *gm_use_find(const gm_recipe *recipe, const char *name);
// The use that makes pictures of a run: generate, else reconstruct, else translate; NULL: its model makes no samples.
const gm_use_row *gm_use_of_pictures(const gm_recipe *recipe);

#endif
