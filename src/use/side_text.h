// Sides of a comparison that are texts.
#ifndef GM_USE_SIDE_TEXT_H
#define GM_USE_SIDE_TEXT_H

#include "ganymede/sampler.h"
#include "use/side.h"

// The schema of texts of so many symbols, as codes.
gm_status gm_side_keep_text(gm_side *side, const gm_text_schema *text, size_t length);
// What a run has drawn, as codes.
gm_status gm_side_take_codes(gm_side *side, const gm_sampler_info *info);
// How the side's data are read as a text: the real side is what was held out, where it is the run's data or has a
// split; any other is taken whole. run: NULL: there is none.
void gm_side_fit_to_text(gm_side *side, const gm_text_schema *text, const gm_side *run);

#endif
