// Sides of a comparison that are sounds: log-mel spectrograms, whatever networks see of them.
#ifndef GM_USE_SIDE_SOUND_H
#define GM_USE_SIDE_SOUND_H

#include "ganymede/sampler.h"
#include "use/side.h"

// How sounds of that rate and window are compared: 40 bands from full scale to 40 dB below, so that neither a quiet
// hiss nor digital silence says much.
gm_sound_schema gm_side_heard(const gm_sound_schema *sound);
// What two sources of data that are sounds are compared by: as the fake one's files are, else as the real one's. Rate
// 0: they are none, or none of one rate and length.
gm_sound_schema gm_side_find_sound(const char *real, const char *fake);
// The side is of sounds of that schema, which is copied.
gm_status gm_side_keep_sound(gm_side *side, const gm_sound_schema *sound);
// A run's sounds or spectrograms in `values` -> as they are compared, from -1 to 1.
gm_status gm_side_hear(gm_side *side, const gm_sampler_info *info);

#endif
