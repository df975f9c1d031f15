// Figures of clips and of what is made of real ones by trivial means: as a table, and as `, "clips": {NAME: {...},
// ...}`.
#ifndef CLIPS_H
#define CLIPS_H

#include "ganymede/measure.h"

void clips_print_figures(const gm_clip_figure *figures, size_t count);
void clips_print_json(const gm_clip_figure *figures, size_t count);

#endif
