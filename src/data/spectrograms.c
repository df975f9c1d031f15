// Sounds that networks see as spectrograms.
#include "data/spectrograms.h"

#include "sample/sample.h"
#include "sound/spectrogram.h"

#include <stdlib.h>

#define USUAL_FLOOR 1e-3 // 60 dB below full scale

static void settle(gm_sound_schema *sound) {
    if (sound->spectrum == 0)
        sound->spectrum = gm_spectrogram_window(sound->rate);
    if (sound->hop == 0)
        sound->hop = sound->spectrum / 4;
    if (!(sound->floor > 0))
        sound->floor = USUAL_FLOOR;
}

gm_status gm_spectrograms_make(gm_dataset *dataset) {
    gm_dataset_info *info = &dataset->info;
    float *images;
    size_t values;
    if (!info->sound || info->sound->bands == 0)
        return GM_OK;
    settle(&dataset->sound);
    const gm_spectrogram s = gm_sample_spectrogram(&dataset->sound);
    gm_status status = gm_spectrogram_check(&s);
    if (status != GM_OK)
        return gm_fail_prefix(status, "%s", info->name);
    const size_t sounds = info->count * info->channels;
    if (!gm_multiply_sizes(s.bands, gm_spectrogram_frames(&s), &values))
        return gm_fail_memory(SIZE_MAX, info->name);
    GM_TRY(gm_alloc(&images, sounds * values, sizeof *images, info->name));
    status = gm_spectrogram_of(&s, dataset->items, sounds, images);
    if (status != GM_OK) {
        free(images);
        return status;
    }
    free(dataset->items);
    dataset->items = images;
    info->height = s.bands;
    info->width = gm_spectrogram_frames(&s);
    GM_TRY(gm_dataset_set_items(dataset, info->name, GM_DATASET_FLOATS));
    info->black = -1;
    info->white = 1;
    return GM_OK;
}
