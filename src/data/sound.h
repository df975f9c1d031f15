// Files of sound, told by their first bytes: decoded by libsndfile, resampled by libsamplerate. `name` is for messages.
#ifndef GM_DATA_SOUND_H
#define GM_DATA_SOUND_H

#include "base/base.h"

#define GM_SOUND_LIMIT       ((size_t)1 << 31) // bytes of a file
#define GM_SOUND_MOST_VALUES ((size_t)1 << 29) // decoded and resampled, of all channels together

typedef struct gm_sound {
    float *values; // (frames, channels), a frame's channels one behind the other; free()
    size_t frames, channels;
    size_t rate;        // frames in a second
    const char *format; // "WAV"; lives as long as the program
    size_t own_frames;  // what the file has, before it was mixed and resampled
    size_t own_channels, own_rate;
    size_t bits;           // of a value: 8, 16, 24, 32, 64; 0: it is compressed with a loss
    bool floats;           // they are not whole numbers
    double least, largest; // of the file's values, where 1 is the loudest that whole numbers can be
} gm_sound;

typedef struct gm_sound_wish {
    size_t rate;     // 0: the file's own
    size_t channels; // 1: the mean of all; else the file's own
} gm_sound_wish;

// The format's name, "FLAC", or NULL.
const char *gm_sound_tell(const uint8_t *head, size_t bytes);
// A file in memory. Fails for what is none, is empty, cut short or damaged, holds NaN, infinity or values beyond 1e10,
// is too long, or has a rate that cannot become the one wished for; and all where the libraries were missing when
// Ganymede was built.
gm_status gm_sound_parse(const char *name, const void *data, size_t bytes, const gm_sound_wish *wish, gm_sound *sound);
void gm_sound_finish(gm_sound *sound);

#endif
