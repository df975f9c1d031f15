// What recipes say of sounds.
#ifndef GM_MODEL_SOUND_SETTINGS_H
#define GM_MODEL_SOUND_SETTINGS_H

#include "ganymede/sound.h"
#include "recipe/recipe.h"

extern const gm_recipe_type gm_sound_type; // gm_sound_schema; from null as it is without being said
// Appends the keys of data.sound.
void gm_sound_settings_document(gm_text *text);

#endif
