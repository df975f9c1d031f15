// Figures of sounds beside those of sounds that are wrong in a known way.
#ifndef SOUNDS_H
#define SOUNDS_H

#include "ganymede/measure.h"

// As a table, and as `, "sounds": {NAME: {...}, ...}`.
void sounds_print_figures(const gm_sound_figure *figures, size_t count);
void sounds_print_json(const gm_sound_figure *figures, size_t count);

#endif
