// Sides of a comparison that are sounds: log-mel spectrograms, whatever networks see of them.
#include "use/side_sound.h"

#include "sound/spectrogram.h"

#include <stdlib.h>

enum { BANDS = 40 };
#define FLOOR 1e-2 // a lower one is all that is heard of a pause: noise of .05 or none

gm_sound_schema gm_side_heard(const gm_sound_schema *sound) {
    gm_sound_schema heard = *sound;
    heard.bands = BANDS;
    heard.spectrum = gm_spectrogram_window(sound->rate);
    heard.hop = heard.spectrum / 2;
    heard.floor = FLOOR;
    return heard;
}

gm_sound_schema gm_side_find_sound(const char *real, const char *fake) {
    const char *const sources[] = {fake, real};
    gm_sound_schema found = {0};
    for (size_t i = 0; i < GM_COUNT(sources) && found.rate == 0; i++) {
        gm_dataset *data = NULL;
        if (gm_dataset_is_sound(sources[i]) &&
            gm_dataset_open(&data, sources[i], &(gm_dataset_options){.adapted = true}) == GM_OK)
            found = *gm_dataset_get_info(data)->sound;
        gm_dataset_close(&data);
    }
    return found.rate > 0 ? gm_side_heard(&found) : found;
}

gm_status gm_side_keep_sound(gm_side *side, const gm_sound_schema *sound) {
    side->sound = *sound;
    side->data_options.sound = gm_arena_copy(&side->arena, sound, sizeof *sound);
    return side->data_options.sound ? GM_OK : gm_fail_memory(sizeof *sound, "a side of a comparison");
}

// The run's samples as sounds (count, channels, window), which replace the side's values.
static gm_status unroll(gm_side *side, const gm_sampler_info *info) {
    float *sounds;
    if (info->sound->bands == 0)
        return GM_OK;
    const gm_sample format = gm_sample_of_spectrogram(info->sound, side->channels, info->low, info->high);
    GM_TRY(gm_alloc(&sounds, side->count * side->channels * info->sound->window, sizeof *sounds, side->name));
    gm_status status = gm_sample_hear(&format, side->values, side->count, sounds);
    free(side->values);
    side->values = sounds;
    return status;
}

gm_status gm_side_hear(gm_side *side, const gm_sampler_info *info) {
    const gm_sound_schema heard = gm_side_heard(info->sound);
    const gm_spectrogram s = gm_sample_spectrogram(&heard);
    float *images;
    GM_TRY(gm_side_keep_sound(side, &heard));
    GM_TRY(unroll(side, info));
    side->height = s.bands;
    side->width = gm_spectrogram_frames(&s);
    GM_TRY(gm_alloc(&images, side->count * side->channels * side->height * side->width, sizeof *images, side->name));
    gm_status status = gm_spectrogram_of(&s, side->values, side->count * side->channels, images);
    free(side->values);
    side->values = images;
    side->bounded = side->ranged = true;
    side->low = -1;
    side->high = 1;
    return status;
}
