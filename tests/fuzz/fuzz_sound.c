// Any bytes as a file of sound: at its own rate with all its channels, and mixed and resampled.
#include "data/sound.h"
#include "fuzz.h"

#include <math.h>

// libsndfile 1.2 loses what libvorbis has allocated where the second of its headers is broken.
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:vorbis_\nleak:libvorbis\n";
}

bool fuzz_one(const uint8_t *data, size_t bytes) {
    static const gm_sound_wish wishes[] = {{0}, {.rate = 8000, .channels = 1}};
    bool read = false;
    for (size_t i = 0; i < GM_COUNT(wishes); i++) {
        gm_sound sound;
        if (gm_sound_parse("fuzz", data, bytes, &wishes[i], &sound) != GM_OK)
            continue;
        read = true;
        fuzz_expect(sound.frames > 0 && sound.channels > 0 && sound.rate > 0, "a sound without values");
        fuzz_expect(wishes[i].channels == 0 || sound.channels == 1, "channels are not mixed");
        for (size_t k = 0; k < sound.frames * sound.channels; k++)
            fuzz_expect(isfinite(sound.values[k]), "a value that is no number");
        gm_sound_finish(&sound);
    }
    return read;
}
