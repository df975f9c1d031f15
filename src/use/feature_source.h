// A classifier as a part of another graph: what gives features of samples there, and its weights.
#ifndef GM_USE_FEATURE_SOURCE_H
#define GM_USE_FEATURE_SOURCE_H

#include "ganymede/graph.h"
#include "recipe/recipe.h"

// A model with the use `classify`, where its variables' values come from, and what black and white are to it.
typedef struct gm_feature_source {
    const gm_recipe *recipe;
    gm_status (*value)(void *user, const char *name, gm_type type, const gm_shape *shape, const void **values);
    void *user;
    double low, high;
} gm_feature_source;

#endif
