// Sides of a comparison that are texts: rows of codes, whatever networks see of them.
#include "use/side_text.h"

#include "sample/scan.h"

#include <stdlib.h>
#include <string.h>

void gm_side_fit_to_text(gm_side *side, const gm_text_schema *text, const gm_side *run) {
    gm_dataset_options *options = &side->data_options;
    bool learned = run && strcmp(run->data, side->name) == 0;
    options->text = text;
    options->split = learned && run->data_options.split == GM_SPLIT_TEST ? GM_SPLIT_TRAIN : GM_SPLIT_TEST;
    options->whole = !learned && !side->held_out;
}

gm_status gm_side_keep_text(gm_side *side, const gm_text_schema *text, size_t length) {
    gm_text_schema_destroy(&side->text);
    GM_TRY(gm_text_schema_copy(&side->text, text));
    side->text->form = GM_TEXT_NUMBERS;
    side->text->window = length;
    return GM_OK;
}

gm_status gm_side_take_codes(gm_side *side, const gm_sampler_info *info) {
    const size_t length = info->height > 1 ? info->height : info->channels; // one-hot or numbers
    const gm_sample format = gm_sample_of_text(info->text, length);
    int32_t *codes;
    GM_TRY(gm_alloc(&codes, side->count * length, sizeof *codes, side->name));
    gm_sample_text_codes(&format, side->values, side->count, codes);
    for (size_t i = 0; i < side->count * length; i++)
        side->values[i] = (float)codes[i];
    free(codes);
    side->channels = length;
    side->height = side->width = 1;
    side->bounded = side->ranged = false;
    return gm_side_keep_text(side, info->text, length);
}
