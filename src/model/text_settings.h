// What recipes say of texts: data.text.
#ifndef GM_MODEL_TEXT_SETTINGS_H
#define GM_MODEL_TEXT_SETTINGS_H

#include "ganymede/text.h"
#include "recipe/recipe.h"

extern const gm_recipe_type gm_text_type; // gm_text_schema; from null as it is without being said

// The reference of its keys.
void gm_text_settings_document(gm_text *text);

#endif
