// Sounds as files: WAV and FLAC.
#ifndef GM_SAMPLE_SOUND_FILE_H
#define GM_SAMPLE_SOUND_FILE_H

#include "sample/sample.h"

#ifdef GM_HAVE_SOUND
#define GM_WRITES_SOUND true
#else
#define GM_WRITES_SOUND false
#endif

typedef enum gm_sound_container { GM_SOUND_WAV = 1, GM_SOUND_FLAC } gm_sound_container;

// Fails for what is no sound, for a depth that is none of the container's (16, 24, or of WAV 32, which are floats; 0 is
// 16), and for a rate or channels that it does not hold.
gm_status gm_sound_file_check(const gm_sample *sample, const gm_writing *writing, int container);
// Sounds (count, channels, length), one behind the other. Values are cut off at -1 and 1; NaN is 0.
gm_status gm_sound_file_encode(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                               size_t count, gm_bytes *bytes); // free(bytes->data)
gm_status gm_sound_file_write(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                              size_t count);

#endif
